package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// append puts entries after those of an export and signs the log again, as the holder of its key can.
func (d *desk) append(folder string, entries ...[]byte) {
	d.Helper()
	alter(d.T, folder, func(lines []string) []string {
		for _, entry := range entries {
			lines = append(lines, string(entry))
		}
		return lines
	})
	d.resign(folder)
}

func (d *desk) kinds(folder string, more ...string) string {
	d.Helper()
	args := append([]string{"--root", d.path("root.pub"), "--key", d.path("key.pub")}, more...)
	_, kinds, _ := d.verify(append(args, folder)...)
	return kinds
}

// last returns where the next entry of an export stands, and after which leaf.
func last(t *testing.T, folder string) (uint64, hash) {
	t.Helper()
	lines := bytes.Split(bytes.TrimSuffix(must(os.ReadFile(filepath.Join(folder, entriesFile))), []byte("\n")), []byte("\n"))
	return uint64(len(lines)), leafHash(lines[len(lines)-1])
}

func newKey(t *testing.T, name string) (note.Signer, string) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	return must(note.NewSigner(private)), public
}

func TestWhoMayNotStateItIsNamedAndRefused(t *testing.T) {
	d := newDesk(t)
	forge, forgeKey := newKey(t, "forge")
	platform, platformKey := newKey(t, "platform")
	d.enrol(2, map[string][]string{platformKey: {"plan"}, forgeKey: {"approval"}})
	d.collector = platform
	d.record(1, "plan", "{}")
	given := d.turn()
	forged := d.signed(given.Index, hash(must(hexBytes(given.Previous))), "approval", "{}")
	if code, text := d.call("POST", "/entries?turn="+given.Turn, forged); code != 400 || !bytes.Contains(text, []byte("role: entry 0")) {
		t.Fatalf("%d %s", code, text)
	}
	folder := d.export()
	d.append(folder, forged)
	if kinds := d.kinds(folder); kinds != "role@1" {
		t.Errorf("by the wrong one: %s", kinds)
	}
	honest := d.export()
	d.collector = forge
	index, previous := last(t, honest)
	d.append(honest, d.signed(index, previous, "approval", "{}"))
	if kinds := d.kinds(honest); kinds != "" {
		t.Errorf("the honest twin: %s", kinds)
	}
}

func TestAListThatTheRootDidNotSignIsNoList(t *testing.T) {
	d, other := newDesk(t), newDesk(t)
	d.record(2, "plan", "{}")
	first := must(os.ReadFile(d.path("collectors")))
	_, strange := newKey(t, "stranger")
	d.enrol(2, map[string][]string{strange: {"approval"}, d.public: everything})
	second := must(os.ReadFile(d.path("collectors")))
	own := write(t, filepath.Join(t.TempDir(), "own"), string(second))
	old := write(t, filepath.Join(t.TempDir(), "old"), string(first))
	folder := d.export()
	for name, c := range map[string]struct {
		list []byte
		args []string
		want string
	}{
		"the newest":                 {second, nil, ""},
		"a newer one":                {second, []string{"--collectors", old}, ""},
		"an older one":               {first, []string{"--collectors", own}, "roles-rolled-back"},
		"signed by another root":     {must(os.ReadFile(other.path("collectors"))), nil, "roles"},
		"no list":                    {[]byte("x\n"), nil, "damaged-file"},
		"a line more":                {append(bytes.Clone(second), "x\n"...), nil, "damaged-file"},
		"a key in clear, as of once": {[]byte(strange + "\n"), nil, "damaged-file"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, filepath.Join(folder, collectorsFile), string(c.list))
			if kinds := d.kinds(folder, c.args...); kinds != c.want {
				t.Errorf("%q, expected %q", kinds, c.want)
			}
		})
	}
	write(t, filepath.Join(folder, collectorsFile), string(second))
	if code, kinds, _ := d.verify("--key", d.path("key.pub"), folder); code != exitUnknown || kinds != "unknown" {
		t.Errorf("nobody vouches: %d %s", code, kinds)
	}
}

func TestAKeyCountsUpToWhereItWasWithdrawn(t *testing.T) {
	d := newDesk(t)
	d.record(3, "plan", "{}")
	said := map[string]any{}
	if err := json.Unmarshal(must(os.ReadFile(d.path("roles.json"))), &said); err != nil {
		t.Fatal(err)
	}
	said["functionaries"].([]any)[0].(map[string]any)["until"] = 2
	said["version"] = 2
	in := write(t, d.path("roles.json"), string(must(json.Marshal(said))))
	var out bytes.Buffer
	if code := run([]string{"sign-roles", "--key", d.path("root"), in}, &out, io.Discard); code != 0 {
		t.Fatal(code)
	}
	write(t, d.path("collectors"), out.String())
	if kinds := d.kinds(d.export()); kinds != "role@2" {
		t.Error(kinds)
	}
}

func TestNobodyApprovesTheirOwnWork(t *testing.T) {
	for name, c := range map[string]struct {
		author, approver, want string
	}{
		"two people":         {"ada", "bela", ""},
		"one person":         {"ada", "ada", "self-approval@1"},
		"capitals":           {"ada", "ADA", "look-alike@1"},
		"a nought":           {"bob", "b0b", "look-alike@1"},
		"one for l":          {"lena", "1ena", "look-alike@1"},
		"r and n for m":      {"mara", "rnara", "look-alike@1"},
		"a space at the end": {"ada", "ada ", "name@1 look-alike@1"},
		"Cyrillic":           {"ada", "\u0430d\u0430", "name@1 look-alike@1"},
		"full width":         {"ada", "\uff41da", "name@1 look-alike@1"},
		"nothing between":    {"ada", "a\u200bda", "name@1"},
	} {
		t.Run(name, func(t *testing.T) {
			found := judgePersons([]*event{
				{Index: 0, Action: "plan", Actor: c.author, Decision: "accepted", Subjects: []string{"x"}},
				{Index: 1, Action: "approval", Actor: c.approver, Decision: "accepted", Subjects: []string{"x"}},
				{Index: 2, Action: "apply", Actor: "pipeline", Decision: "accepted", Subjects: []string{"x"}},
			})
			if kinds := kindsOf(found); kinds != c.want {
				t.Errorf("%q, expected %q", kinds, c.want)
			}
		})
	}
	said := func(action, actor, decision, digest string) *event {
		return &event{Action: action, Actor: actor, Decision: decision, Subjects: []string{digest}}
	}
	plan, own, done := said("plan", "ada", "accepted", "x"), said("approval", "ada", "accepted", "x"), said("apply", "cd", "accepted", "x")
	for name, c := range map[string]struct {
		events []*event
		want   string
	}{
		"the approval first":         {[]*event{own, plan, done}, "self-approval@0"},
		"and promoted":               {[]*event{plan, own, said("promotion", "cd", "accepted", "x")}, "self-approval@0"},
		"her own release":            {[]*event{said("sign", "ada", "accepted", "x"), own, done}, "self-approval@0"},
		"a refusal of her own":       {[]*event{plan, said("approval", "ada", "refused", "x"), done}, ""},
		"not put into effect":        {[]*event{plan, own, said("apply", "cd", "refused", "x")}, ""},
		"another approved as well":   {[]*event{plan, own, said("approval", "bela", "accepted", "x"), done}, ""},
		"of something else":          {[]*event{plan, said("approval", "ada", "accepted", "y"), said("apply", "cd", "accepted", "y")}, ""},
		"another who refused":        {[]*event{plan, own, said("approval", "bela", "refused", "x"), done}, "self-approval@0"},
		"a look-alike does not help": {[]*event{plan, own, said("approval", "Ada", "accepted", "x"), done}, "look-alike@0 self-approval@0"},
	} {
		if kinds := kindsOf(judgePersons(c.events)); kinds != c.want {
			t.Errorf("%s: %q, expected %q", name, kinds, c.want)
		}
	}
}

func TestRetentionIsJudgedByTheEntryAndAHoldBeatsIt(t *testing.T) {
	late := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	for name, c := range map[string]struct {
		action, at, until string // of entry 0
		then              [][2]string
		want              string
	}{
		"its time is over":     {"plan", "2020-01-01T00:00:00Z", "2021-02-05T00:00:00Z", [][2]string{{retention, `{"expired":[[0,1]]}`}}, ""},
		"it is to be kept":     {"plan", "2020-01-01T00:00:00Z", "2033-01-01T00:00:00Z", [][2]string{{retention, `{"expired":[[0,1]]}`}}, "retention@0"},
		"its collector stints": {"plan", late, late, [][2]string{{retention, `{"expired":[[0,1]]}`}}, "retention@0"},
		"under a hold": {"plan", "2020-01-01T00:00:00Z", "2021-02-05T00:00:00Z",
			[][2]string{{legalHold, `{"hold":[[0,1]]}`}, {retention, `{"expired":[[0,1]]}`}}, "legal-hold@0"},
		"after the hold": {"plan", "2020-01-01T00:00:00Z", "2021-02-05T00:00:00Z",
			[][2]string{{legalHold, `{"hold":[[0,1]]}`}, {legalHold, `{"release":[[0,1]]}`}, {retention, `{"expired":[[0,1]]}`}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.at, d.until = c.at, c.until
			d.record(1, c.action, "{}")
			d.at = ""
			for _, one := range c.then {
				d.record(1, one[0], one[1])
			}
			folder := d.export()
			if kinds := d.kinds(folder); kinds != c.want {
				t.Errorf("%q, expected %q", kinds, c.want)
			}
			// Whoever takes the content off all the same is told the same, and that it is gone.
			alter(t, folder, func(lines []string) []string {
				if !strings.HasPrefix(lines[0], `{"withheld"`) {
					lines[0] = string(must(withhold([]byte(lines[0]), leafHash([]byte(lines[0])))))
				}
				return lines
			})
			want := c.want
			if want != "" {
				want += " deleted@0"
			}
			if kinds := d.kinds(folder); kinds != want {
				t.Errorf("withheld: %q, expected %q", kinds, want)
			}
			// Another date in the line that is left is not what the collector signed.
			alter(t, folder, func(lines []string) []string {
				lines[0] = strings.Replace(lines[0], c.until, "2020-02-02T00:00:00Z", 1)
				return lines
			})
			if kinds := d.kinds(folder); !strings.Contains(kinds, "deleted@0") {
				t.Errorf("another date: %q", kinds)
			}
		})
	}
}

func TestARetentionEventOfTomorrowLetsNothingGo(t *testing.T) {
	d := newDesk(t)
	d.at, d.until = "2020-01-01T00:00:00Z", "2033-01-01T00:00:00Z"
	d.record(1, "plan", "{}")
	d.at, d.until = "2040-01-01T00:00:00Z", "2140-01-01T00:00:00Z"
	d.record(1, retention, `{"expired":[[0,1]]}`)
	if kinds := d.kinds(d.export()); kinds != "future@1" {
		t.Error(kinds)
	}
}

func TestARetentionEventByWhoMayNot(t *testing.T) {
	d := newDesk(t)
	d.record(1, "plan", "{}")
	index, previous := last(t, d.export())
	forged := d.signed(index, previous, retention, `{"expired":[[0,1]]}`)
	d.enrol(2, map[string][]string{d.public: {"plan"}})
	folder := d.export()
	d.append(folder, forged)
	alter(t, folder, func(lines []string) []string {
		lines[0] = string(must(withhold([]byte(lines[0]), leafHash([]byte(lines[0])))))
		return lines
	})
	if kinds := d.kinds(folder); kinds != "role@1 deleted@0" {
		t.Error(kinds)
	}
}

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// stand is a witness with a server and a key of its own.
type stand struct {
	*testing.T
	*witness
	url, public string
}

func newStand(t *testing.T, name string, logs ...string) *stand {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if code := run([]string{"keygen", "--witness", "--name", name, "--out", key}, io.Discard, io.Discard); code != 0 {
		t.Fatalf("keygen: %d", code)
	}
	for i, file := range logs {
		write(t, filepath.Join(dir, fmt.Sprintf("log-%d.pub", i)), string(must(os.ReadFile(file))))
	}
	if err := os.Mkdir(filepath.Join(dir, "seen"), 0o700); err != nil {
		t.Fatal(err)
	}
	w := &witness{dir: filepath.Join(dir, "seen"), logs: dir, signer: must(readCosigner(key)), token: []byte(token)}
	web := httptest.NewServer(w.routes())
	t.Cleanup(web.Close)
	return &stand{t, w, web.URL, strings.TrimSpace(string(must(os.ReadFile(key + ".pub"))))}
}

// witnessed is a log that two witnesses watch.
func newWitnessedDesk(t *testing.T) (*desk, []*stand) {
	t.Helper()
	d := newDesk(t)
	stands := []*stand{newStand(t, "witness-a", d.path("key.pub")), newStand(t, "witness-b", d.path("key.pub"))}
	var lines string
	for _, one := range stands {
		d.witnesses = append(d.witnesses, one.public)
		lines += one.signer.Name() + " " + strings.Replace(one.url, "http://", "http://log:"+token+"@", 1) + "\n"
	}
	d.witnessFile = write(t, d.path("witnesses"), lines)
	d.enrol(2, map[string][]string{d.public: everything})
	d.end()
	d.serve()
	return d, stands
}

func (s *stand) ask(body string, change func(*http.Request)) (int, string, string) {
	s.Helper()
	request := must(http.NewRequest("POST", s.url+"/add-checkpoint", strings.NewReader(body)))
	request.SetBasicAuth("log", token)
	if change != nil {
		change(request)
	}
	response := must(http.DefaultClient.Do(request))
	defer response.Body.Close()
	return response.StatusCode, string(must(io.ReadAll(response.Body))), response.Header.Get("Content-Type")
}

// history is a log in the hand of a test: any checkpoint of it, and proofs.
type history struct {
	signer note.Signer
	leaves []hash
}

func (h *history) checkpoint(size int) string {
	return string(must(note.Sign(&note.Note{Text: checkpointText(h.signer.Name(), h.leaves[:size])}, h.signer)))
}

// proof is RFC 6962, section 2.1.2, straight from its definition.
func (h *history) proof(from, to int) (lines string) {
	var subproof func(m int, leaves []hash, whole bool) []hash
	subproof = func(m int, leaves []hash, whole bool) []hash {
		n := len(leaves)
		if m == n {
			if whole {
				return nil
			}
			return []hash{rootOf(leaves)}
		}
		k := 1
		for k*2 < n {
			k *= 2
		}
		if m <= k {
			return append(subproof(m, leaves[:k], whole), rootOf(leaves[k:]))
		}
		return append(subproof(m-k, leaves[k:], false), rootOf(leaves[:k]))
	}
	if from == 0 || from >= to {
		return ""
	}
	for _, node := range subproof(from, h.leaves[:to], true) {
		lines += base64.StdEncoding.EncodeToString(node[:]) + "\n"
	}
	return lines
}

func newHistory(t *testing.T, signer note.Signer, words ...string) *history {
	t.Helper()
	made := &history{signer: signer}
	for _, word := range words {
		made.leaves = append(made.leaves, leafHash([]byte(word)))
	}
	return made
}

func TestAWitnessCosignsOnlyWhatGrew(t *testing.T) {
	signer, public := newKey(t, "acme.test/audit")
	stranger, _ := newKey(t, "acme.test/audit")
	other, _ := newKey(t, "other.test/log")
	key := write(t, filepath.Join(t.TempDir(), "log.pub"), public+"\n")
	h := newHistory(t, signer, "a", "b", "c", "d", "e", "f", "g")
	forkedLog := newHistory(t, signer, "a", "b", "X", "d", "e", "f", "g")
	s := newStand(t, "witness-a", key)
	ask := func(h *history, from, to int) string {
		return fmt.Sprintf("old %d\n%s\n%s", from, h.proof(from, to), h.checkpoint(to))
	}
	for _, c := range []struct {
		name, body string
		code       int
		want       string
	}{
		{"the first", ask(h, 0, 3), 200, "\u2014 witness-a "},
		{"the same again", ask(h, 3, 3), 200, "\u2014 witness-a "},
		{"it grew", ask(h, 3, 5), 200, "\u2014 witness-a "},
		{"the same size, another history", ask(forkedLog, 5, 5), 409, "forked"},
		{"another history that grew", ask(forkedLog, 5, 7), 422, "forked"},
		{"the proof of another", fmt.Sprintf("old 5\n%s\n%s", forkedLog.proof(5, 7), h.checkpoint(7)), 422, "forked"},
		{"no proof", fmt.Sprintf("old 5\n\n%s", h.checkpoint(7)), 422, "forked"},
		{"rolled back", ask(h, 3, 4), 409, "5\n"},
		{"as if from the start", ask(forkedLog, 0, 7), 409, "5\n"},
		{"old beyond new", ask(h, 0, 4)[:4] + "9\n\n" + h.checkpoint(4), 400, "old size"},
		{"another key of that name", ask(newHistory(t, stranger, "a"), 5, 1), 403, "no known key"},
		{"a log nobody told it of", ask(newHistory(t, other, "a"), 0, 1), 404, "not known"},
		{"a size with a zero in front", "old 05\n\n" + h.checkpoint(7), 400, "old size"},
		{"no checkpoint", "old 5\n", 400, "empty line"},
		{"too many hashes", "old 5\n" + strings.Repeat(base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n", 64) + "\n" + h.checkpoint(7), 400, "63"},
		{"too long", strings.Repeat("x", maxAddCheckpoint+1), 400, "too large"},
	} {
		code, said, kind := s.ask(c.body, nil)
		if code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%s: %d %s", c.name, code, said)
		}
		if c.want == "5\n" && (said != c.want || kind != sizeType) {
			t.Errorf("%s: %q %q", c.name, said, kind)
		}
	}
	// None of the refused moved what it remembers.
	if code, _, _ := s.ask(ask(h, 5, 7), nil); code != 200 {
		t.Errorf("the next: %d", code)
	}
	for name, change := range map[string]func(*http.Request){
		"401": func(r *http.Request) { r.Header.Del("Authorization") },
		"421": func(r *http.Request) { r.Host = "rebound.test" },
	} {
		if code, _, _ := s.ask(ask(h, 7, 7), change); fmt.Sprint(code) != name {
			t.Errorf("%s: %d", name, code)
		}
	}
	// A damaged memory is no reason to begin anew.
	write(t, s.file("acme.test/audit"), "x")
	if code, _, _ := s.ask(ask(forkedLog, 0, 7), nil); code != 500 {
		t.Errorf("a damaged memory: %d", code)
	}
}

func TestAQuorumOfWitnessesIsAskedFor(t *testing.T) {
	d, _ := newWitnessedDesk(t)
	d.record(5, "plan", "{}")
	folder := d.export()
	args := []string{"--root", d.path("root.pub"), "--key", d.path("key.pub")}
	code, kinds, said := d.verify(append(args, folder)...)
	if code != 0 || !slices.Contains(said.Checked, "witnesses") {
		t.Fatalf("%d %s %v", code, kinds, said.Checked)
	}
	whole := string(must(os.ReadFile(filepath.Join(folder, checkpointFile))))
	lines := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
	log_, first, second := strings.Join(lines[:5], ""), lines[5], lines[6]+"\n"
	strange := newStand(t, "witness-a")
	text, _, _ := strings.Cut(whole, "\n\n")
	cosigned := string(must(note.Sign(&note.Note{Text: text + "\n"}, strange.signer)))
	_, byStranger, _ := strings.Cut(cosigned, "\n\n")
	early := d.export
	d.record(2, "plan", "{}")
	_, later, _ := strings.Cut(string(must(os.ReadFile(filepath.Join(early(), checkpointFile)))), "\n\n")
	for name, c := range map[string]struct{ checkpoint, want string }{
		"none":                    {log_, "unwitnessed"},
		"one":                     {log_ + first, "unwitnessed"},
		"one twice":               {log_ + first + first, "edited-checkpoint"},
		"in the other order":      {log_ + second + first, ""},
		"one by a stranger":       {log_ + first + byStranger, "edited-checkpoint"},
		"those of a later one":    {log_ + strings.Join(strings.SplitAfter(later, "\n")[1:], ""), "edited-checkpoint"},
		"another time":            {log_ + first + strings.Replace(second, second[14:18], "AAAA", 1), "edited-checkpoint"},
		"the log's own key alone": {log_ + lines[4], "edited-checkpoint"},
		"a witness first":         {strings.Join(lines[:4], "") + first + lines[4] + second, "wrong-key"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, filepath.Join(folder, checkpointFile), c.checkpoint)
			if kinds := d.kinds(folder); kinds != c.want {
				t.Errorf("%q, expected %q", kinds, c.want)
			}
		})
	}
	write(t, filepath.Join(folder, checkpointFile), log_)
	if kinds := d.kinds(folder, "--quorum", "0"); kinds != "" {
		t.Errorf("none asked for: %s", kinds)
	}
	write(t, filepath.Join(folder, checkpointFile), whole)
	if kinds := d.kinds(folder, "--quorum", "3"); kinds != "unwitnessed" {
		t.Errorf("more than there are: %s", kinds)
	}
}

func TestAProofIsAskedForTheWitnessesAsWell(t *testing.T) {
	d, _ := newWitnessedDesk(t)
	d.record(3, "plan", "{}")
	_, entry := d.call("GET", "/entries?start=1&end=2", nil)
	_, early := d.call("GET", "/checkpoint", nil)
	d.record(2, "plan", "{}")
	_, inclusion := d.call("GET", "/proof/inclusion?of=1", nil)
	_, consistency := d.call("GET", "/proof/consistency?of=3", nil)
	file := func(text []byte) string { return write(t, filepath.Join(t.TempDir(), "file"), string(text)) }
	list := []string{"--collectors", d.path("collectors"), "--root", d.path("root.pub")}
	ask := func(kind, other string, with, proof []byte, more ...string) string {
		args := append([]string{kind, "--key", d.path("key.pub"), other, file(with)}, more...)
		_, kinds, _ := d.verify(append(args, file(proof))...)
		return kinds
	}
	// Without its last cosignature, as a keeper who forked the log has it.
	fewer := func(text []byte, end string) []byte {
		at := bytes.LastIndex(text, []byte("\u2014 witness-"))
		after := bytes.Index(text[at:], []byte(end)) + at + len(end)
		return append(bytes.Clone(text[:at]), text[after:]...)
	}
	for kind, c := range map[string]struct {
		other       string
		with, proof []byte
		end         string
	}{
		"inclusion":   {"--entry", entry, inclusion, "\n"},
		"consistency": {"--old", early, consistency, `\n`},
	} {
		if kinds := ask(kind, c.other, c.with, c.proof, list...); kinds != "" {
			t.Errorf("%s: %s", kind, kinds)
		}
		if kinds := ask(kind, c.other, c.with, fewer(c.proof, c.end), list...); kinds != "unwitnessed" {
			t.Errorf("%s with one witness: %q", kind, kinds)
		}
		if kinds := ask(kind, c.other, c.with, fewer(c.proof, c.end)); kinds != "" {
			t.Errorf("%s by one who asks for none: %q", kind, kinds)
		}
	}
}

func TestAHistoryThatAllKeysOfThePlatformSignedFindsNoWitness(t *testing.T) {
	d, stands := newWitnessedDesk(t)
	d.record(4, "plan", "{}")
	folder := d.export()
	alter(t, folder, func(lines []string) []string {
		lines[3] = string(d.signed(3, leafHash([]byte(lines[2])), "apply", "{}"))
		return lines
	})
	d.resign(folder)
	if kinds := d.kinds(folder); kinds != "unwitnessed" {
		t.Error(kinds)
	}
	raw := string(must(os.ReadFile(filepath.Join(folder, checkpointFile))))
	for _, one := range stands {
		if code, said, _ := one.ask("old 4\n\n"+raw, nil); code != 409 || !strings.Contains(said, "forked") {
			t.Errorf("%d %s", code, said)
		}
	}
	// What a witness remembers names the fork to whoever asks it.
	kept := write(t, filepath.Join(t.TempDir(), "kept"), string(must(os.ReadFile(stands[0].file("acme.test/audit")))))
	if kinds := d.kinds(folder, "--quorum", "0", "--witnessed", kept); kinds != "forked" {
		t.Error(kinds)
	}
}

func TestALogThatWasRolledBackDoesNotStart(t *testing.T) {
	d, _ := newWitnessedDesk(t)
	d.record(2, "plan", "{}")
	d.end()
	before := filepath.Join(t.TempDir(), "before")
	if err := os.CopyFS(before, os.DirFS(d.path("log"))); err != nil {
		t.Fatal(err)
	}
	d.serve()
	d.record(3, "plan", "{}")
	d.end()
	if err := os.RemoveAll(d.path("log")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(d.path("log"), os.DirFS(before)); err != nil {
		t.Fatal(err)
	}
	var errors bytes.Buffer
	write(t, d.path("token"), token)
	cert, certKey := selfSigned(t)
	code := run([]string{"serve", "--tls-cert", cert, "--tls-key", certKey, "--dir", d.path("log"), "--key", d.path("key"), "--collectors", d.path("collectors"), "--root",
		d.path("root.pub"), "--witnesses", d.witnessFile, "--token", d.path("token"), "--listen", "127.0.0.1:0"}, io.Discard, &errors)
	if code != exitInvalid || !strings.Contains(errors.String(), "rolled-back") || strings.Contains(errors.String(), token) {
		t.Fatalf("%d %s", code, errors.String())
	}
}

func TestAWitnessNeedsItsURL(t *testing.T) {
	d, _ := newWitnessedDesk(t)
	for _, text := range []string{"", "witness-a http://127.0.0.1:1\n", "witness-a ht%tp://x\nwitness-b http://y\n"} {
		_, err := witnessGroup(d.path("collectors"), d.path("root.pub"), write(t, d.path("some"), text))
		if err == nil || strings.Contains(err.Error(), "ht%tp") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// BenchmarkCosigning is what one witness adds to a checkpoint: proof, signature, and the memory on disk.
func BenchmarkCosigning(b *testing.B) {
	t := &testing.T{}
	dir := b.TempDir()
	private, public, err := note.GenerateKey(rand.Reader, "acme.test/audit")
	if err != nil {
		b.Fatal(err)
	}
	for _, args := range [][]string{{"keygen", "--witness", "--name", "witness-a", "--out", filepath.Join(dir, "key")}} {
		if code := run(args, io.Discard, io.Discard); code != 0 {
			b.Fatal(code)
		}
	}
	write(t, filepath.Join(dir, "log.pub"), public+"\n")
	h := &history{signer: must(note.NewSigner(private))}
	for i := range 4096 {
		h.leaves = append(h.leaves, leafHash(fmt.Append(nil, i)))
	}
	w := &witness{dir: dir, logs: dir, signer: must(readCosigner(filepath.Join(dir, "key")))}
	body := fmt.Appendf(nil, "old 0\n\n%s", h.checkpoint(2048))
	again := fmt.Appendf(nil, "old 2048\n%s\n%s", h.proof(2048, 4096), h.checkpoint(4096))
	for b.Loop() {
		_ = os.Remove(w.file("acme.test/audit"))
		for _, one := range [][]byte{body, again} {
			if _, err := w.addCheckpoint(one); err != nil {
				b.Fatal(err)
			}
		}
	}
}

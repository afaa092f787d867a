package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"golang.org/x/mod/sumdb/note"
)

const token = "test-token-of-the-log"

// desk is a log with a server, a key of its own and one collector.
type desk struct {
	*testing.T
	dir         string
	collector   note.Signer
	witnesses   []string // their public keys
	public      string   // key of the first collector
	witnessFile string   // where the witnesses are
	end         func()   // of the server that runs
	at, until   string   // of the next events; years ago, when empty
	url         string
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	if code := run([]string{"keygen", "--name", "acme.test/audit", "--out", filepath.Join(dir, "key")}, io.Discard, io.Discard); code != 0 {
		t.Fatalf("keygen: %d", code)
	}
	if code := run([]string{"keygen", "--name", "acme.test/root", "--out", filepath.Join(dir, "root")}, io.Discard, io.Discard); code != 0 {
		t.Fatalf("keygen: %d", code)
	}
	private, public, err := note.GenerateKey(rand.Reader, "platform")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, dir: dir, collector: signer, public: public}
	d.enrol(1, map[string][]string{public: everything})
	d.serve()
	return d
}

// everything is what the one collector of most tests may state.
var everything = []string{"plan", "apply", "approval", "sign", retention, legalHold}

// enrol makes the list of functionaries, signed by the root: key -> what it may state.
func (d *desk) enrol(version int, may map[string][]string) {
	d.Helper()
	list := []any{}
	for key, actions := range may {
		list = append(list, map[string]any{"key": key, "may": actions, "from": 0})
	}
	text := must(json.Marshal(map[string]any{
		"_type": "https://acme.test/functionaries/v1", "origin": "acme.test/audit", "version": version,
		"functionaries": list, "minimumDays": map[string]int{"plan": 400}, "witnesses": map[string]any{"quorum": len(d.witnesses), "keys": append([]string{}, d.witnesses...)},
	}))
	var out bytes.Buffer
	in := write(d.T, d.path("roles.json"), string(text))
	if code := run([]string{"sign-roles", "--key", d.path("root"), in}, &out, io.Discard); code != 0 {
		d.Fatalf("sign-roles: %d", code)
	}
	write(d.T, d.path("collectors"), out.String())
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *desk) serve() {
	d.Helper()
	signer, err := readSigner(d.path("key"))
	if err != nil {
		d.Fatal(err)
	}
	verifier, err := readVerifier(d.path("key.pub"))
	if err != nil {
		d.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	opened, err := openStore(ctx, d.path("log"), signer, verifier, must(witnessGroup(d.path("collectors"), d.path("root.pub"), d.witnessFile)))
	if err != nil {
		d.Fatal(err)
	}
	opened.failed = func(err error) { d.Errorf("storage: %v", err) }
	s := &server{store: opened, turns: newTurns(30 * time.Second), collectors: d.path("collectors"), root: d.path("root.pub"), token: []byte(token)}
	web := httptest.NewServer(s.routes())
	d.url = web.URL
	d.end = sync.OnceFunc(func() { web.Close(); _ = opened.shutdown(ctx); cancel(); opened.unlock() })
	d.Cleanup(d.end)
}

func (d *desk) call(method, path string, body []byte) (int, []byte) {
	d.Helper()
	request, err := http.NewRequest(method, d.url+path, bytes.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		d.Fatal(err)
	}
	return response.StatusCode, text
}

// statement is an event of years ago, whose retention is over.
func (d *desk) statement(index uint64, previous hash, action, details string) []byte {
	at, until := "2020-01-01T00:00:00.000Z", "2021-02-05T00:00:00.000Z"
	if action == retention || action == legalHold {
		at, until = "2022-01-01T00:00:00.000Z", "2122-01-01T00:00:00.000Z"
	}
	if d.at != "" {
		at, until = d.at, d.until
	}
	text := must(json.Marshal(term{index, previous.String(), action, at, until}))
	sig := base64.StdEncoding.EncodeToString(must(d.collector.Sign(dsse.PAE(termType, text))))
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"x","digest":{"sha256":"%064d"}}],`+
		`"predicateType":"https://acme.test/audit-event/v1","predicate":{"action":%q,"actor":"ada","decision":"accepted",`+
		`"reason":"","details":%s,"at":%q,"retention":{"days":400,"until":%q,"sig":%q},"index":%d,`+
		`"previous":{"sha256":"%s"}}}`, index, action, details, at, until, sig, index, previous)
}

// signed is one event in its envelope.
func (d *desk) signed(index uint64, previous hash, action, details string) []byte {
	d.Helper()
	payload := d.statement(index, previous, action, details)
	sig, err := d.collector.Sign(dsse.PAE(payloadType, payload))
	if err != nil {
		d.Fatal(err)
	}
	line, err := json.Marshal(dsse.Envelope{
		PayloadType: payloadType,
		Payload:     base64.StdEncoding.EncodeToString(payload),
		Signatures: []dsse.Signature{{
			KeyID: fmt.Sprintf("%s+%08x", d.collector.Name(), d.collector.KeyHash()),
			Sig:   base64.StdEncoding.EncodeToString(sig),
		}},
	})
	if err != nil {
		d.Fatal(err)
	}
	return line
}

type turn struct {
	Turn     string
	Index    uint64
	Previous string
}

func (d *desk) turn() turn {
	d.Helper()
	var got turn
	if code, text := d.call("POST", "/turn", nil); code != 200 || json.Unmarshal(text, &got) != nil {
		d.Fatalf("turn: %d %s", code, text)
	}
	return got
}

// record appends n events and returns the checkpoint that covers them.
func (d *desk) record(n int, action, details string) []byte {
	d.Helper()
	given := d.turn()
	previous := hash(must(hexBytes(given.Previous)))
	var body []byte
	for i := range n {
		line := d.signed(given.Index+uint64(i), previous, action, details)
		body = append(append(body, line...), '\n')
		previous = leafHash(line)
	}
	code, checkpoint := d.call("POST", "/entries?turn="+given.Turn, body)
	if code != 200 {
		d.Fatalf("entries: %d %s", code, checkpoint)
	}
	return checkpoint
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func hexBytes(text string) (raw []byte, err error) {
	_, err = fmt.Sscanf(text, "%x", &raw)
	return raw, err
}

func (d *desk) export() string {
	d.Helper()
	out := filepath.Join(d.TempDir(), "export")
	var errors bytes.Buffer
	if run([]string{"export", "--dir", d.path("log"), "--collectors", d.path("collectors"), out}, io.Discard, &errors) != 0 {
		d.Fatal(errors.String())
	}
	return out
}

// verify runs the verifier and returns its exit code and its findings as kind or kind@index.
func (d *desk) verify(args ...string) (int, string, verdict) {
	d.Helper()
	var out, errors bytes.Buffer
	code := run(append([]string{"verify"}, args...), &out, &errors)
	var said verdict
	if err := json.Unmarshal(out.Bytes(), &said); err != nil {
		d.Fatalf("%v: %s %s", err, out.String(), errors.String())
	}
	return code, kindsOf(said.Findings), said
}

// kindsOf returns the kinds of findings, each with the entry it is about.
func kindsOf(found []finding) string {
	var kinds []string
	for _, one := range found {
		kind := one.Kind
		if one.Index != nil {
			kind += fmt.Sprintf("@%d", *one.Index)
		}
		kinds = append(kinds, kind)
	}
	return strings.Join(kinds, " ")
}

func TestAcknowledgedEntriesAreInASignedCheckpoint(t *testing.T) {
	d := newDesk(t)
	d.record(3, "plan", "{}")
	checkpoint := d.record(300, "plan", "{}")
	if !strings.HasPrefix(string(checkpoint), "acme.test/audit\n303\n") {
		t.Fatalf("checkpoint: %s", checkpoint)
	}
	code, text := d.call("GET", "/entries?start=254&end=259", nil)
	if lines := bytes.Count(text, []byte("\n")); code != 200 || lines != 5 {
		t.Fatalf("%d: %d lines", code, lines)
	}
	if code, kinds, said := d.verify("--root", d.path("root.pub"), "--key", d.path("key.pub"), d.export()); code != 0 || said.Size != 303 {
		t.Fatalf("%d %s %+v", code, kinds, said)
	}
}

func TestTheChainGoesOnAfterARestart(t *testing.T) {
	d := newDesk(t)
	d.record(2, "plan", "{}")
	folder := d.dir
	t.Run("again", func(t *testing.T) {
		again := &desk{T: t, dir: filepath.Join(t.TempDir(), "copy"), collector: d.collector}
		if err := os.CopyFS(again.dir, os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
		again.serve()
		if next := again.turn(); next.Index != 2 || next.Previous == noPrevious.String() {
			t.Fatalf("%+v", next)
		}
	})
}

func TestWhatTheServerRefuses(t *testing.T) {
	d := newDesk(t)
	d.record(1, "plan", "{}")
	given := d.turn()
	previous := hash(must(hexBytes(given.Previous)))
	good := d.signed(given.Index, previous, "plan", "{}")
	stranger := &desk{T: t, collector: must(note.NewSigner(first(note.GenerateKey(rand.Reader, "platform"))))}
	for name, c := range map[string]struct {
		body []byte
		turn string
		code int
	}{
		"no turn":         {good, "", 409},
		"another turn":    {good, "x", 409},
		"a stranger":      {stranger.signed(given.Index, previous, "plan", "{}"), given.Turn, 400},
		"no envelope":     {[]byte("hello"), given.Turn, 400},
		"spaces":          {bytes.Replace(good, []byte(":"), []byte(": "), 1), given.Turn, 400},
		"more fields":     {bytes.Replace(good, []byte("{"), []byte(`{"a":1,`), 1), given.Turn, 400},
		"one signature":   {bytes.Replace(good, []byte(`"signatures":[`), []byte(`"signatures":[{"keyid":"","sig":""},`), 1), given.Turn, 400},
		"nothing":         {nil, given.Turn, 400},
		"too long":        {append(bytes.Repeat([]byte("a"), maxEntry+1), good...), given.Turn, 400},
		"one line is bad": {append(append(bytes.Clone(good), '\n'), "x"...), given.Turn, 400},
	} {
		if code, text := d.call("POST", "/entries?turn="+c.turn, c.body); code != c.code {
			t.Errorf("%s: %d %s", name, code, text)
		}
	}
	// None of them used the turn up; an event that does not follow does.
	if code, _ := d.call("POST", "/entries?turn="+given.Turn, d.signed(given.Index, noPrevious, "plan", "{}")); code != 409 {
		t.Errorf("broken chain: %d", code)
	}
	if next := d.turn(); next.Index != given.Index {
		t.Errorf("something was added: %+v", next)
	}
	response, err := http.Get(d.url + "/checkpoint")
	if err != nil || response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %v %v", response, err)
	}
}

func first(a, _ string, err error) string { return must(a, err) }

func TestWhoLostTheAnswerMayAskAgain(t *testing.T) {
	d := newDesk(t)
	d.record(2, "plan", "{}")
	given := d.turn()
	previous := hash(must(hexBytes(given.Previous)))
	one := d.signed(given.Index, previous, "plan", "{}")
	two := d.signed(given.Index+1, leafHash(one), "plan", "{}")
	body := append(append(bytes.Clone(one), '\n'), two...)
	for range 3 {
		if code, text := d.call("POST", "/entries?turn="+given.Turn, body); code != 200 || !bytes.Contains(text, []byte("\n4\n")) {
			t.Fatalf("%d %s", code, text)
		}
	}
	other := d.signed(given.Index, previous, "apply", "{}")
	beyond := d.signed(1<<52, previous, "apply", "{}")
	for _, body := range [][]byte{other, beyond, append(append(body, '\n'), other...)} {
		if code, text := d.call("POST", "/entries?turn="+given.Turn, body); code != 409 {
			t.Fatalf("%d %s", code, text)
		}
	}
	if next := d.turn(); next.Index != 4 {
		t.Fatalf("%+v", next)
	}
}

func TestATurnEndsByItself(t *testing.T) {
	turns := newTurns(2 * time.Second)
	lost := must(turns.take(context.Background()))
	next := must(turns.take(context.Background()))
	if turns.claim(lost) || !turns.claim(next) || turns.claim(next) {
		t.Fatal("a turn is good once, for its holder, until its lease ends")
	}
	turns.release()
	ctx, cancel := context.WithCancel(context.Background())
	must(turns.take(ctx))
	cancel()
	slow := newTurns(time.Hour)
	must(slow.take(context.Background()))
	if _, err := slow.take(ctx); err == nil {
		t.Fatal("who has gone waits no longer")
	}
}

func TestProofs(t *testing.T) {
	d := newDesk(t)
	old := write(t, d.path("old"), string(d.record(3, "plan", "{}")))
	d.record(5, "apply", "{}")
	var out bytes.Buffer
	if run([]string{"prove", "inclusion", "--dir", d.path("log"), "4"}, &out, io.Discard) != 0 {
		t.Fatal("prove inclusion")
	}
	proof := write(t, d.path("proof"), out.String())
	_, entry := d.call("GET", "/entries?start=4&end=5", nil)
	right, wrong := write(t, d.path("right"), string(entry)), write(t, d.path("wrong"), string(entry[1:]))
	if code, kinds, _ := d.verify("inclusion", "--key", d.path("key.pub"), "--entry", right, proof); code != 0 {
		t.Error(kinds)
	}
	if code, kinds, _ := d.verify("inclusion", "--key", d.path("key.pub"), "--entry", wrong, proof); code != 1 || kinds != "not-included@4" {
		t.Error(code, kinds)
	}
	if code, _, _ := d.verify("inclusion", "--key", d.path("nokey"), "--entry", right, proof); code != 3 {
		t.Error(code)
	}
	out.Reset()
	if run([]string{"prove", "consistency", "--dir", d.path("log"), "3"}, &out, io.Discard) != 0 {
		t.Fatal("prove consistency")
	}
	proof = write(t, d.path("consistency"), out.String())
	if code, kinds, _ := d.verify("consistency", "--key", d.path("key.pub"), "--old", old, proof); code != 0 {
		t.Error(kinds)
	}
	var given consistency
	if err := json.Unmarshal(out.Bytes(), &given); err != nil {
		t.Fatal(err)
	}
	given.Hashes[0][0] ^= 1
	proof = write(t, d.path("bad"), string(must(json.Marshal(given))))
	if code, kinds, _ := d.verify("consistency", "--key", d.path("key.pub"), "--old", old, proof); code != 1 || kinds != "forked" {
		t.Error(code, kinds)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"nothing"}, {"verify"}, {"verify", "--key", "k"}, {"prove", "else"}, {"prove", "inclusion", "--dir", "d", "x"},
		{"keygen", "--out", "x"}, {"export", "a"}, {"verify", "--nothing"},
		{"serve", "--dir", "d", "--key", "k", "--collectors", "c", "--root", "r", "--token", "t", "--listen", "0.0.0.0:1",
			"--tls-cert", "x", "--tls-key", "x"},
		{"serve", "--dir", "d", "--key", "k", "--collectors", "c", "--root", "r", "--token", "t", "--listen", "127.0.0.1:1"},
	} {
		if code := run(args, io.Discard, io.Discard); code != exitUsage {
			t.Errorf("%v: %d", args, code)
		}
	}
}

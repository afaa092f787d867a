package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// alter writes the lines of the entries anew.
func alter(t *testing.T, folder string, change func([]string) []string) {
	t.Helper()
	path := filepath.Join(folder, entriesFile)
	lines := strings.Split(strings.TrimSuffix(string(must(os.ReadFile(path))), "\n"), "\n")
	write(t, path, strings.Join(change(lines), "\n")+"\n")
}

// resign makes the entries of a folder what its checkpoint says, as the holder of the log's key can.
func (d *desk) resign(folder string) {
	d.Helper()
	text := must(os.ReadFile(filepath.Join(folder, entriesFile)))
	var leaves []hash
	var tile []byte
	for line := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		leaf := leafHash(line)
		leaves, tile = append(leaves, leaf), append(tile, leaf[:]...)
	}
	signer := must(readSigner(d.path("key")))
	write(d.T, filepath.Join(folder, checkpointFile), string(must(note.Sign(&note.Note{Text: checkpointText(signer.Name(), leaves)}, signer))))
	if err := os.RemoveAll(filepath.Join(folder, "tile")); err != nil {
		d.Fatal(err)
	}
	path := filepath.Join(folder, tileName(len(leaves)))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.Fatal(err)
	}
	write(d.T, path, string(tile))
}

func TestTamperingIsNamed(t *testing.T) {
	d := newDesk(t)
	d.record(6, "plan", "{}")
	other := newDesk(t)
	other.collector = d.collector
	for name, c := range map[string]struct {
		change  func(lines []string) []string
		want    string
		insider string // when the log's key signs it all again
	}{
		"flip":     {func(l []string) []string { l[2] = strings.Replace(l[2], "eyJ", "eyK", 1); return l }, "flipped@2", "flipped@2"},
		"delete":   {func(l []string) []string { return slices.Delete(l, 1, 3) }, "deleted@1 deleted@2", "deleted@1 deleted@2"},
		"reorder":  {func(l []string) []string { l[1], l[4] = l[4], l[1]; return l }, "reordered@1 reordered@4", "reordered@1 reordered@4"},
		"insert":   {func(l []string) []string { return slices.Insert(l, 3, "x") }, "inserted@3", "inserted@3"},
		"truncate": {func(l []string) []string { return l[:4] }, "truncated@4", ""},
		"replay":   {func(l []string) []string { return append(l, l[2]) }, "replayed@2", "replayed@2"},
		"fork": {func(l []string) []string {
			l[5] = string(d.signed(5, leafHash([]byte(l[4])), "apply", "{}"))
			return l
		}, "forked@5", ""},
		"fork in the middle": {func(l []string) []string {
			l[3] = string(d.signed(3, leafHash([]byte(l[2])), "apply", "{}"))
			return l
		}, "forked@3", "forked@4"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := d.export()
			alter(t, folder, c.change)
			if code, kinds, _ := d.verify("--root", d.path("root.pub"), "--key", d.path("key.pub"), folder); code != exitInvalid || kinds != c.want {
				t.Errorf("%d %s, expected %s", code, kinds, c.want)
			}
			kept := write(t, filepath.Join(t.TempDir(), "kept"), string(must(os.ReadFile(filepath.Join(folder, checkpointFile)))))
			d.resign(folder)
			_, kinds, said := d.verify("--root", d.path("root.pub"), "--key", d.path("key.pub"), folder)
			if kinds != c.insider {
				t.Errorf("by an insider: %s, expected %s", kinds, c.insider)
			}
			// Who kept an earlier checkpoint finds what the chain cannot show.
			code, kinds, _ := d.verify("--root", d.path("root.pub"), "--key", d.path("key.pub"), "--witnessed", kept, folder)
			if code != exitInvalid || kinds == "" {
				t.Errorf("witnessed: %d %s %+v", code, kinds, said)
			}
		})
	}
}

func TestFilesThatWereTouchedAreNamed(t *testing.T) {
	d := newDesk(t)
	d.record(4, "plan", "{}")
	other := newDesk(t)
	other.record(4, "plan", "{}")
	tile := tileName(4)
	file := func(folder, name string) string { return filepath.Join(folder, filepath.FromSlash(name)) }
	flip := func(name string, at int) func(string) {
		return func(folder string) {
			text := must(os.ReadFile(file(folder, name)))
			text[(at+len(text))%len(text)] ^= 1
			write(t, file(folder, name), string(text))
		}
	}
	for name, c := range map[string]struct {
		change func(folder string)
		code   int
		want   string
	}{
		"edited checkpoint": {flip(checkpointFile, 16), 1, "edited-checkpoint"},
		"swapped checkpoint": {func(folder string) {
			write(t, file(folder, checkpointFile), string(must(os.ReadFile(file(other.export(), checkpointFile)))))
		}, 1, "wrong-key"},
		"no checkpoint": {func(folder string) { _ = os.Remove(file(folder, checkpointFile)) }, 3, "unknown"},
		"no entries":    {func(folder string) { _ = os.Remove(file(folder, entriesFile)) }, 1, "missing-file truncated@0"},
		"tile":          {flip(tile, 33), 1, "damaged-file"},
		"no tile":       {func(folder string) { _ = os.Remove(file(folder, tile)) }, 1, "missing-file"},
		"collectors":    {flip(collectorsFile, 20), 1, "damaged-file"},
		"more":          {func(folder string) { write(t, file(folder, "more"), "") }, 1, "unknown-file"},
		"too long": {func(folder string) {
			if err := os.Truncate(file(folder, collectorsFile), 1<<40); err != nil {
				t.Fatal(err)
			}
		}, 1, "too-large"},
		"no end": {flip(entriesFile, -1), 1, "damaged-file flipped@3"},
		"both":   {func(folder string) { flip(tile, 33)(folder); flip(entriesFile, 100)(folder) }, 1, "flipped@0"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := d.export()
			c.change(folder)
			if code, kinds, _ := d.verify("--root", d.path("root.pub"), "--key", d.path("key.pub"), folder); code != c.code || kinds != c.want {
				t.Errorf("%d %s, expected %d %s", code, kinds, c.code, c.want)
			}
		})
	}
	folder := d.export()
	if code, kinds, _ := d.verify("--root", d.path("root.pub"), "--key", other.path("key.pub"), folder); code != 1 || kinds != "wrong-key" {
		t.Errorf("another key: %d %s", code, kinds)
	}
	code, kinds, _ := d.verify("--key", d.path("key.pub"), "--collectors", other.path("collectors"), folder)
	if code != 1 || !strings.HasPrefix(kinds, "wrong-key") {
		t.Errorf("other collectors: %d %s", code, kinds)
	}
	for _, args := range [][]string{{"--key", d.path("none"), folder}, {"--root", d.path("root.pub"), "--key", d.path("key.pub"), d.path("none")}} {
		if code, kinds, _ := d.verify(args...); code != 3 || kinds != "unknown" {
			t.Errorf("%v: %d %s", args, code, kinds)
		}
	}
}

func TestOnlyWhatARetentionEventNamesMayBeGone(t *testing.T) {
	d := newDesk(t)
	d.record(4, "plan", "{}")
	d.record(1, "retention", `{"expired":[[1,3],[4,9]]}`)
	folder := d.export()
	code, kinds, said := d.verify("--root", d.path("root.pub"), "--key", d.path("key.pub"), folder)
	if code != 0 || said.Withheld != 2 {
		t.Fatalf("%d %s %+v", code, kinds, said)
	}
	alter(t, folder, func(lines []string) []string {
		lines[0] = string(must(withhold([]byte(lines[0]), leafHash([]byte(lines[0])))))
		return lines
	})
	if code, kinds, _ := d.verify("--root", d.path("root.pub"), "--key", d.path("key.pub"), folder); code != 1 || kinds != "deleted@0" {
		t.Fatalf("%d %s", code, kinds)
	}
	alter(t, folder, func(lines []string) []string {
		lines[1] = strings.Replace(lines[1], `"index":1`, `"index":2`, 1)
		return lines
	})
	if _, kinds, _ := d.verify("--root", d.path("root.pub"), "--key", d.path("key.pub"), folder); !strings.Contains(kinds, "flipped@1") {
		t.Fatal(kinds)
	}
}

func TestPruningTakesTheContentOffTheDisk(t *testing.T) {
	d := newDesk(t)
	d.record(1, "plan", `{"note":"the first words"}`)
	d.record(1, "plan", `{"note":"kept"}`)
	d.record(bundle, "plan", `{"note":"the last bundle"}`)
	d.record(1, "retention", fmt.Sprintf(`{"expired":[[0,1],[%d,%d]]}`, bundle+1, bundle+2))
	_, entry := d.call("GET", "/entries?start=0&end=1", nil)
	held := func() (count int) {
		_ = filepath.WalkDir(d.path("log"), func(path string, file fs.DirEntry, _ error) error {
			if !file.IsDir() && bytes.Contains(must(os.ReadFile(path)), bytes.TrimSpace(entry)) {
				count++
			}
			return nil
		})
		return count
	}
	if held() == 0 {
		t.Fatal("the content is not where the test looks for it")
	}
	command := []string{"prune", "--dir", d.path("log"), "--collectors", d.path("collectors")}
	for _, want := range []string{"1", "0"} {
		var out, errors bytes.Buffer
		if code := run(command, &out, &errors); code != 0 || strings.TrimSpace(out.String()) != want {
			t.Fatalf("%d %s %s", code, out.String(), errors.String())
		}
	}
	if count := held(); count > 0 {
		t.Errorf("%d files still have it", count)
	}
	// The log goes on, and everything is proved as before.
	d.record(2, "plan", "{}")
	if code, kinds, said := d.verify("--root", d.path("root.pub"), "--key", d.path("key.pub"), d.export()); code != 0 || said.Withheld != 2 {
		t.Fatalf("%d %s %+v", code, kinds, said)
	}
}

func TestATamperedEntryIsNotPruned(t *testing.T) {
	d := newDesk(t)
	d.record(bundle, "plan", "{}")
	d.record(1, "retention", `{"expired":[[0,3]]}`)
	path := filepath.Join(d.path("log"), "tile", "entries", "000")
	text := must(os.ReadFile(path))
	text[40] ^= 1
	write(t, path, string(text))
	var errors bytes.Buffer
	code := run([]string{"prune", "--dir", d.path("log"), "--collectors", d.path("collectors")}, io.Discard, &errors)
	if code != exitInvalid || !strings.Contains(errors.String(), "until when entry 0 is kept") {
		t.Fatalf("%d %s", code, errors.String())
	}
}

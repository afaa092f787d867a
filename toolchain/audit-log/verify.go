package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"
)

// verdict is what the verifier prints.
type verdict struct {
	Status   string    `json:"status"` // valid, invalid, unknown
	Origin   string    `json:"origin"`
	Size     uint64    `json:"size"`
	Root     string    `json:"root"`
	Withheld int       `json:"withheld"` // entries past their retention, proved by their hash alone
	Checked  []string  `json:"checked"`
	Findings []finding `json:"findings"`
}

func (v *verdict) add(found ...finding) { v.Findings = append(v.Findings, found...) }

// print writes the verdict and returns the exit code that stands for it.
func (v *verdict) print(out io.Writer) (int, error) {
	code := exitValid
	v.Status = "valid"
	for _, found := range v.Findings {
		if found.Kind != unjudged {
			code, v.Status = exitInvalid, "invalid"
			break
		}
		code, v.Status = exitUnknown, "unknown"
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return code, encoder.Encode(v)
}

func newVerdict() *verdict { return &verdict{Checked: []string{}, Findings: []finding{}} }

func verifyCommand(args []string, stdout io.Writer) (int, error) {
	if len(args) > 0 && (args[0] == "inclusion" || args[0] == "consistency") {
		return verifyProofCommand(args[0], args[1:], stdout)
	}
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	key := flags.String("key", "", "the log's public key")
	collectors := flags.String("collectors", "", "public keys of the collectors, as the verifier knows them")
	witnessed := flags.String("witnessed", "", "an earlier checkpoint of the log that the verifier kept")
	operands, err := parse(flags, args, 1, "key")
	if err != nil {
		return exitUsage, err
	}
	v := newVerdict()
	verifyFolder(v, operands[0], *key, *collectors, *witnessed)
	return v.print(stdout)
}

// exported is an export as it was read.
type exported struct {
	checkpoint *log.Checkpoint // nil when it cannot be trusted
	lines      [][]byte
	leaves     []hash // of the lines
	tiles      []hash // leaf hashes as the tiles say; nil when a tile is missing or damaged
	known      *dsse.EnvelopeVerifier
	events     []*event // of the lines; nil where a line is no event that a known collector signed
	withheld   map[int]hash
}

func verifyFolder(v *verdict, dir, keyFile, collectorsFile, witnessedFile string) {
	key, err := readVerifier(keyFile)
	if err != nil {
		v.add(aboutFile(unjudged, keyFile, "The log's public key cannot be read: %v", err))
		return
	}
	files, err := readFolder(dir)
	if err != nil {
		v.add(aboutFile(unjudged, dir, "The folder cannot be read: %v", err))
		return
	}
	raw, there := files[checkpointFile]
	if !there {
		v.add(aboutFile(unjudged, checkpointFile, "There is no checkpoint, so nothing to judge the entries by."))
		return
	}
	e := &exported{withheld: map[int]hash{}}
	e.checkpoint = openCheckpoint(v, raw, key, checkpointFile)
	if e.checkpoint != nil {
		v.Origin, v.Size = e.checkpoint.Origin, e.checkpoint.Size
		v.Root = hash(e.checkpoint.Hash).String()
		v.Checked = append(v.Checked, "checkpoint")
	}
	e.readCollectors(v, files, collectorsFile)
	e.readLines(v, files)
	if e.checkpoint != nil {
		e.readTiles(v, files)
	}
	e.judge(v)
	if witnessedFile != "" {
		e.judgeWitnessed(v, witnessedFile, key)
	}
	for name := range files {
		if e.checkpoint != nil || !strings.HasPrefix(name, "tile/") {
			v.add(aboutFile(unknownFile, name, "An export has no such file."))
		}
	}
}

// readFolder returns the files of an export by name; links and the like are refused.
func readFolder(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is no ordinary file", path)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		files[filepath.ToSlash(name)] = content
		return err
	})
	return files, err
}

// openCheckpoint returns a checkpoint if the key signed it and not a byte of it is free.
func openCheckpoint(v *verdict, raw []byte, key note.Verifier, file string) *log.Checkpoint {
	signed, err := note.Open(raw, note.VerifierList(key))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		signers := make([]string, 0, len(unverified.Note.UnverifiedSigs))
		for _, sig := range unverified.Note.UnverifiedSigs {
			signers = append(signers, fmt.Sprintf("%s+%08x", sig.Name, sig.Hash))
		}
		v.add(aboutFile(wrongKey, file, "It is signed by %s, not by %s+%08x.",
			strings.Join(signers, ", "), key.Name(), key.KeyHash()))
		return nil
	case err != nil:
		v.add(aboutFile(editedCheckpoint, file, "The signature of %s does not fit its text: %v", key.Name(), err))
		return nil
	}
	var checkpoint log.Checkpoint
	rest, err := checkpoint.Unmarshal([]byte(signed.Text))
	if err != nil || len(rest) > 0 || checkpoint.Origin != key.Name() || len(checkpoint.Hash) != len(hash{}) {
		v.add(aboutFile(editedCheckpoint, file, "It is no checkpoint of %s.", key.Name()))
		return nil
	}
	// Base64 and further signatures leave bytes that no signature covers.
	only := fmt.Sprintf("%s\n\u2014 %s %s\n", signed.Text, signed.Sigs[0].Name, signed.Sigs[0].Base64)
	if len(signed.Sigs) != 1 || only != string(raw) || !strictBase64(signed.Sigs[0].Base64) {
		v.add(aboutFile(editedCheckpoint, file, "There is more in it than the signed text and its signature."))
		return nil
	}
	return &checkpoint
}

// take returns a file of the export and ticks it off.
func take(v *verdict, files map[string][]byte, name string) ([]byte, bool) {
	content, there := files[name]
	delete(files, name)
	if !there {
		v.add(aboutFile(missingFile, name, "The file is missing."))
	}
	return content, there
}

// readCollectors learns who may sign events: from the verifier's own file, else from the export.
func (e *exported) readCollectors(v *verdict, files map[string][]byte, own string) {
	delete(files, checkpointFile)
	inside, there := take(v, files, collectorsFile)
	known, err := parseCollectors(inside)
	if there && err != nil {
		v.add(aboutFile(damagedFile, collectorsFile, "The collectors' keys cannot be read: %v", err))
	}
	if own == "" {
		e.known = known
		return
	}
	trusted, err := os.ReadFile(own)
	if err == nil {
		e.known, err = parseCollectors(trusted)
	}
	switch {
	case err != nil:
		v.add(aboutFile(unjudged, own, "The collectors' keys cannot be read: %v", err))
	case !bytes.Equal(trusted, inside) && there && known != nil:
		v.add(aboutFile(wrongKey, collectorsFile, "These are not the collectors that the verifier knows."))
	}
	if e.known != nil {
		v.Checked = append(v.Checked, "collectors")
	}
}

func (e *exported) readLines(v *verdict, files map[string][]byte) {
	text, there := take(v, files, entriesFile)
	if !there {
		return
	}
	if len(text) > 0 {
		if text[len(text)-1] != '\n' {
			v.add(aboutFile(damagedFile, entriesFile, "The last line does not end."))
		}
		e.lines = bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	}
	for i, line := range e.lines {
		leaf, held := leafOf(uint64(i), line)
		if held {
			e.withheld[i] = leaf
		}
		e.leaves = append(e.leaves, leaf)
	}
	v.Withheld = len(e.withheld)
	e.events = openAll(e.lines, e.known)
}

// openAll opens every line, on all processors: to verify signatures is most of the work.
func openAll(lines [][]byte, known *dsse.EnvelopeVerifier) []*event {
	events := make([]*event, len(lines))
	if known == nil {
		return events
	}
	var work sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for first := range workers {
		work.Go(func() {
			for i := first; i < len(lines); i += workers {
				if found, err := openEntry(lines[i], known); err == nil {
					events[i] = found
				}
			}
		})
	}
	work.Wait()
	return events
}

// readTiles reads the leaf hashes of the tree.
func (e *exported) readTiles(v *verdict, files map[string][]byte) {
	var leaves []hash
	whole := true
	for i := uint64(0); i*bundle < e.checkpoint.Size; i++ {
		partial := layout.PartialTileSize(0, i, e.checkpoint.Size)
		name := layout.TilePath(0, i, partial)
		size := int(partial)
		if partial == 0 {
			size = bundle
		}
		tile, there := take(v, files, name)
		if !there || len(tile) != size*len(hash{}) {
			if there {
				v.add(aboutFile(damagedFile, name, "It has %d bytes, expected %d.", len(tile), size*len(hash{})))
			}
			whole = false
			continue
		}
		for len(tile) > 0 {
			leaves, tile = append(leaves, hash(tile[:len(hash{})])), tile[len(hash{}):]
		}
	}
	if whole {
		e.tiles = leaves
	}
}

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
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
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
	root := flags.String("root", "", "public key of those who say who may state what")
	quorum := flags.Int("quorum", -1, "how many witnesses must have cosigned; by default as many as the functionaries' list says")
	var witnessed []string
	flags.Func("witnessed", "an earlier checkpoint of the log that the verifier kept; may be given again", func(file string) error {
		witnessed = append(witnessed, file)
		return nil
	})
	operands, err := parse(flags, args, 1, "key")
	if err != nil {
		return exitUsage, err
	}
	v := newVerdict()
	verifyFolder(v, operands[0], vouchers{*key, *collectors, *root, witnessed, *quorum})
	return v.print(stdout)
}

// exported is an export as it was read.
type exported struct {
	checkpoint *log.Checkpoint // nil when it cannot be trusted
	lines      [][]byte
	leaves     []hash // of the lines
	tiles      []hash // leaf hashes as the tiles say; nil when a tile is missing or damaged
	roles      *roles
	cosigners  int       // witnesses that cosigned the checkpoint
	cosigned   time.Time // when the last of them did
	events     []*event  // of the lines; nil where a line is no event that a known collector signed
	withheld   map[int]*withheld
}

// vouchers are what a verifier holds, had another way than the export.
type vouchers struct {
	key, collectors, root string // files
	witnessed             []string
	quorum                int // negative: as many as the list says
}

func verifyFolder(v *verdict, dir string, by vouchers) {
	key, err := readVerifier(by.key)
	if err != nil {
		v.add(aboutFile(unjudged, by.key, "The log's public key cannot be read: %v", err))
		return
	}
	files, err := readFolder(dir)
	if errors.Is(err, errTooLarge) {
		v.add(aboutFile(tooLarge, dir, "%v", err))
		return
	}
	if err != nil {
		v.add(aboutFile(unjudged, dir, "The folder cannot be read: %v", err))
		return
	}
	raw, there := files[checkpointFile]
	if !there {
		v.add(aboutFile(unjudged, checkpointFile, "There is no checkpoint, so nothing to judge the entries by."))
		return
	}
	e := &exported{withheld: map[int]*withheld{}}
	e.readCollectors(v, files, by)
	e.open(v, raw, key)
	if e.checkpoint != nil {
		v.Origin, v.Size = e.checkpoint.Origin, e.checkpoint.Size
		v.Root = hash(e.checkpoint.Hash).String()
		v.Checked = append(v.Checked, "checkpoint")
	}
	e.readLines(v, files)
	if e.checkpoint != nil {
		e.readTiles(v, files)
	}
	e.judge(v)
	e.judgeQuorum(v, by.quorum)
	for _, file := range by.witnessed {
		e.judgeWitnessed(v, file, key)
	}
	for name := range files {
		if e.checkpoint != nil || !strings.HasPrefix(name, "tile/") {
			v.add(aboutFile(unknownFile, name, "An export has no such file."))
		}
	}
}

// maxFiles is the most files that an export may have: one tile holds the hashes of 256 entries.
const maxFiles = 1 << 20

// maxSize is how long a file of an export may be, in bytes. It is asked before the file is read.
func maxSize(name string) int64 {
	switch {
	case name == entriesFile:
		return 4 << 30
	case strings.HasPrefix(name, "tile/"):
		return bundle * int64(len(hash{}))
	}
	return 1 << 20
}

// errTooLarge is a file that is longer than any that the log writes.
var errTooLarge = errors.New("longer than such a file can be")

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
		name = filepath.ToSlash(name)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxSize(name) || len(files) >= maxFiles {
			return fmt.Errorf("%s: %w", name, errTooLarge)
		}
		content, err := readLimited(path, maxSize(name))
		files[name] = content
		return err
	})
	return files, err
}

// readLimited reads a file that may grow meanwhile, up to a limit.
func readLimited(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = errTooLarge
	}
	return content, err
}

// witnesses returns the keys of those that the list of functionaries names; nil when there is no list.
func (e *exported) witnesses() []note.Verifier {
	if e.roles == nil {
		return nil
	}
	return e.roles.witnesses
}

// open reads the checkpoint and counts who cosigned it.
func (e *exported) open(v *verdict, raw []byte, key note.Verifier) {
	var cosignatures []note.Signature
	e.checkpoint, cosignatures = openCheckpoint(v, raw, key, e.witnesses(), checkpointFile)
	for _, one := range cosignatures {
		if at, err := fnote.CoSigV1Timestamp(one); err == nil && at.After(e.cosigned) {
			e.cosigned = at
		}
	}
	e.cosigners = len(cosignatures)
}

// openCheckpoint returns a checkpoint if the key signed it and not a byte of it is free, and the cosignatures of the
// witnesses. Who knows no witness leaves cosignatures aside, as c2sp.org/tlog-cosignature says.
func openCheckpoint(v *verdict, raw []byte, key note.Verifier, witnesses []note.Verifier, file string) (*log.Checkpoint, []note.Signature) {
	signed, err := note.Open(raw, note.VerifierList(append([]note.Verifier{key}, witnesses...)...))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		v.add(aboutFile(wrongKey, file, "It is signed by %s, not by %s+%08x.",
			signers(unverified.Note.UnverifiedSigs), key.Name(), key.KeyHash()))
		return nil, nil
	case errors.As(err, &invalid):
		v.add(aboutFile(editedCheckpoint, file, "The signature of %s does not fit its text: %v", invalid.Name, err))
		return nil, nil
	case err != nil:
		v.add(aboutFile(editedCheckpoint, file, "The signature of %s does not fit its text: %v", key.Name(), err))
		return nil, nil
	}
	if first := signed.Sigs[0]; first.Name != key.Name() || first.Hash != key.KeyHash() {
		v.add(aboutFile(wrongKey, file, "It is signed by %s first, not by %s+%08x.", first.Name, key.Name(), key.KeyHash()))
		return nil, nil
	}
	var checkpoint log.Checkpoint
	rest, err := checkpoint.Unmarshal([]byte(signed.Text))
	// Written the one way: a size with a nought before it, or a hash with spare bits, is another text of the same tree.
	if err != nil || len(rest) > 0 || checkpoint.Origin != key.Name() || len(checkpoint.Hash) != len(hash{}) ||
		string(checkpoint.Marshal()) != signed.Text {
		v.add(aboutFile(editedCheckpoint, file, "It is no checkpoint of %s.", key.Name()))
		return nil, nil
	}
	// Base64 and further signatures leave bytes that no signature covers.
	lines := signed.Sigs
	if witnesses == nil {
		lines = append(slices.Clone(lines), signed.UnverifiedSigs...)
	}
	only := signed.Text + "\n"
	for _, one := range lines {
		only += fmt.Sprintf("\u2014 %s %s\n", one.Name, one.Base64)
	}
	strict := !slices.ContainsFunc(lines, func(one note.Signature) bool { return !strictBase64(one.Base64) })
	if only != string(raw) || !strict {
		v.add(aboutFile(editedCheckpoint, file, "There is more in it than the signed text and the signatures of known keys."))
		return nil, nil
	}
	return &checkpoint, signed.Sigs[1:]
}

func signers(sigs []note.Signature) string {
	names := make([]string, 0, len(sigs))
	for _, sig := range sigs {
		names = append(names, fmt.Sprintf("%s+%08x", sig.Name, sig.Hash))
	}
	return strings.Join(names, ", ")
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

// readCollectors learns who may state what: by the root's signature, or from the verifier's own file. What the export
// says of itself is believed only where one of them vouches for it.
func (e *exported) readCollectors(v *verdict, files map[string][]byte, by vouchers) {
	delete(files, checkpointFile)
	inside, there := take(v, files, collectorsFile)
	var root note.Verifier
	if by.root != "" {
		var err error
		if root, err = readVerifier(by.root); err != nil {
			v.add(aboutFile(unjudged, by.root, "The root's public key cannot be read: %v", err))
			return
		}
	}
	given, err := parseRoles(inside, root)
	switch {
	case !there:
	case errors.Is(err, errNotRoot):
		v.add(aboutFile(badRoles, collectorsFile, "The list of functionaries is not the root's: %v", err))
	case err != nil:
		v.add(aboutFile(damagedFile, collectorsFile, "The list of functionaries cannot be read: %v", err))
	}
	switch {
	case by.collectors != "":
		e.compareRoles(v, by, root, inside, given, there)
	case root == nil:
		e.roles = given
		v.add(aboutFile(unjudged, collectorsFile,
			"Nobody vouches for the list of functionaries: the root's key (--root) or your own list (--collectors) is needed."))
		return
	default:
		e.roles = given
	}
	if e.roles != nil {
		v.Checked = append(v.Checked, "collectors")
	}
}

// compareRoles holds the list in the export to the one that the verifier has. A newer one needs the root's signature.
func (e *exported) compareRoles(v *verdict, by vouchers, root note.Verifier, inside []byte, given *roles, there bool) {
	own, err := readLimited(by.collectors, maxRoles)
	if err == nil {
		e.roles, err = parseRoles(own, root)
	}
	switch {
	case err != nil:
		v.add(aboutFile(unjudged, by.collectors, "Your list of functionaries cannot be read: %v", err))
	case !there || given == nil || bytes.Equal(own, inside):
	case given.version < e.roles.version:
		v.add(aboutFile(oldRoles, collectorsFile, "The list of functionaries is version %d, you know version %d.",
			given.version, e.roles.version))
	case root != nil && given.version > e.roles.version:
		e.roles = given
	default:
		v.add(aboutFile(wrongKey, collectorsFile, "These are not the functionaries that the verifier knows."))
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
			e.withheld[i], _, _ = parseWithheld(line)
		}
		e.leaves = append(e.leaves, leaf)
	}
	v.Withheld = len(e.withheld)
	e.events = openAll(e.lines, e.roles)
}

// openAll opens every line, on all processors: to verify signatures is most of the work.
func openAll(lines [][]byte, known *roles) []*event {
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

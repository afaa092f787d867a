package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
)

func pruneCommand(args []string, stdout io.Writer) (int, error) {
	flags := flag.NewFlagSet("prune", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the log")
	collectors := flags.String("collectors", "", "file of the collectors' public keys")
	if _, err := parse(flags, args, 0, "dir", "collectors"); err != nil {
		return exitUsage, err
	}
	keys, err := os.ReadFile(*collectors)
	if err != nil {
		return exitInvalid, err
	}
	known, err := parseRoles(keys, nil)
	if err != nil {
		return exitInvalid, err
	}
	pruned, err := prune(context.Background(), *dir, known)
	if err != nil {
		return exitInvalid, err
	}
	fmt.Fprintln(stdout, pruned)
	return exitValid, nil
}

// prune takes the content of expired entries off the disk and returns of how many. A server may run meanwhile: only
// full bundles are touched, and those it never writes again. What stands in the last bundle goes once that is full.
func prune(ctx context.Context, dir string, known *roles) (int, error) {
	from := client.FileFetcher{Root: dir}
	checkpoint, _, err := latest(ctx, from)
	if err != nil {
		return 0, err
	}
	entries, err := readEntries(ctx, from, 0, checkpoint.Size, checkpoint.Size)
	if err != nil {
		return 0, err
	}
	pruned := 0
	gone, refused := expired(entries, known)
	for i := uint64(0); (i+1)*bundle <= checkpoint.Size; i++ {
		first := i * bundle
		leaves, err := client.FetchLeafHashes(ctx, from.ReadTile, first, bundle, checkpoint.Size)
		if err != nil {
			return pruned, err
		}
		changed := 0
		var text []byte
		for j, entry := range entries[first : first+bundle] {
			at := first + uint64(j)
			if leaf, held := leafOf(at, entry); gone[at] && !held {
				// A changed entry must not become one that was let go.
				if leaf != hash(leaves[j]) {
					return pruned, fmt.Errorf("entry %d is not the one that the tree holds", at)
				}
				if entry, err = withhold(entry, leaf); err != nil {
					return pruned, err
				}
				changed++
			}
			text = binary.BigEndian.AppendUint16(text, uint16(len(entry)))
			text = append(text, entry...)
		}
		if changed > 0 {
			if err := replace(filepath.Join(dir, layout.EntriesPath(i, 0)), text); err != nil {
				return pruned, err
			}
			pruned += changed
		}
		// Copies from the time when the bundle was not full yet.
		if err := os.RemoveAll(filepath.Join(dir, layout.EntriesPath(i, 0)+".p")); err != nil {
			return pruned, err
		}
	}
	if len(refused) > 0 {
		return pruned, fmt.Errorf("%s: %s", refused[0].Kind, refused[0].Message)
	}
	return pruned, nil
}

// expired says of which entries the content may be gone: those that a retention event names, and whose time is over.
func expired(entries [][]byte, known *roles) ([]bool, []finding) {
	events := make([]*event, len(entries))
	for i, entry := range entries {
		if !decides(entry) {
			continue
		}
		if found, err := openEntry(entry, known); err == nil && found.Index == uint64(i) {
			events[i] = found
		}
	}
	return known.letGo(events, func(i int) (term, error) { return termOf(entries, i, known) }, time.Now())
}

// termOf returns the term of an entry of the log, whether its content is still there or not.
func termOf(entries [][]byte, i int, known *roles) (term, error) {
	if said, _, err := parseWithheld(entries[i]); err == nil {
		previous := noPrevious
		if i > 0 {
			previous, _ = leafOf(uint64(i-1), entries[i-1])
		}
		return said.signedTerm(known, previous)
	}
	found, err := openEntry(entries[i], known)
	if err != nil {
		return term{}, err
	}
	return found.term(), nil
}

// decides says whether an entry may be an event about the content of others. To read is much cheaper than to verify.
func decides(entry []byte) bool {
	envelope, err := openEnvelope(entry, payloadType, maxEntry)
	if err != nil {
		return false
	}
	payload, err := envelope.DecodeB64Payload()
	return err == nil && (bytes.Contains(payload, []byte(`"`+retention+`"`)) && bytes.Contains(payload, []byte(`"expired"`)) ||
		bytes.Contains(payload, []byte(`"`+legalHold+`"`)))
}

// leafOf returns the leaf hash of an entry of the log, and whether its content is gone.
func leafOf(index uint64, entry []byte) (hash, bool) {
	if said, leaf, err := parseWithheld(entry); err == nil && said.Withheld.Index == index {
		return leaf, true
	}
	return leafHash(entry), false
}

// replace writes a file anew; after a crash the old one or the new one is there.
func replace(path string, content []byte) error {
	aside := path + ".pruned"
	file, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(aside)
	if _, err := file.Write(content); err != nil {
		file.Close()
		return err
	}
	if err := file.Sync(); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(aside, path)
}

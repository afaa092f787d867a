package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
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
	known, err := parseCollectors(keys)
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
func prune(ctx context.Context, dir string, known *dsse.EnvelopeVerifier) (int, error) {
	from := client.FileFetcher{Root: dir}
	checkpoint, _, err := latest(ctx, from)
	if err != nil {
		return 0, err
	}
	entries, err := readEntries(ctx, from, 0, checkpoint.Size, checkpoint.Size)
	if err != nil {
		return 0, err
	}
	gone, pruned := expired(entries, known), 0
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
				entry = withheldLine(at, leaf)
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
	return pruned, nil
}

// expired says of which entries the content may be gone.
func expired(entries [][]byte, known *dsse.EnvelopeVerifier) []bool {
	gone := make([]bool, len(entries))
	for _, entry := range entries {
		if !mayExpire(entry) {
			continue
		}
		if found, err := openEntry(entry, known); err == nil {
			found.expire(gone)
		}
	}
	return gone
}

// mayExpire says whether an entry claims to be a retention event. To read is much cheaper than to verify.
func mayExpire(entry []byte) bool {
	var envelope dsse.Envelope
	if json.Unmarshal(entry, &envelope) != nil {
		return false
	}
	payload, err := envelope.DecodeB64Payload()
	var claimed event
	return err == nil && json.Unmarshal(payload, &claimed) == nil && claimed.Predicate.Action == retention
}

// leafOf returns the leaf hash of an entry of the log, and whether its content is gone.
func leafOf(index uint64, entry []byte) (hash, bool) {
	if at, leaf, err := parseWithheld(entry); err == nil && at == index {
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

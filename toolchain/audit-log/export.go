package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
)

// Files of an export; beside them lie the leaf hashes as tiles of level 0 (c2sp.org/tlog-tiles).
const (
	checkpointFile = "checkpoint"
	entriesFile    = "entries.jsonl"
	collectorsFile = "collectors"
)

func exportCommand(args []string, _ io.Writer) (int, error) {
	flags := flag.NewFlagSet("export", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the log")
	collectors := flags.String("collectors", "", "file of the collectors' public keys")
	operands, err := parse(flags, args, 1, "dir", "collectors")
	if err != nil {
		return exitUsage, err
	}
	keys, err := os.ReadFile(*collectors)
	if err != nil {
		return exitInvalid, err
	}
	if err := export(context.Background(), client.FileFetcher{Root: *dir}, keys, operands[0]); err != nil {
		return exitInvalid, err
	}
	return exitValid, nil
}

// export writes all that a stranger needs, as of one checkpoint; the log may grow meanwhile. It verifies nothing:
// a damaged log must be exportable as well.
func export(ctx context.Context, from client.FileFetcher, collectors []byte, out string) error {
	checkpoint, raw, err := latest(ctx, from)
	if err != nil {
		return err
	}
	entries, err := readEntries(ctx, from, 0, checkpoint.Size, checkpoint.Size)
	if err != nil {
		return err
	}
	known, err := parseRoles(collectors, nil)
	if err != nil {
		return err
	}
	gone, _ := expired(entries, known)
	var lines bytes.Buffer
	for i, entry := range entries {
		if leaf, held := leafOf(uint64(i), entry); gone[i] && !held {
			if entry, err = withhold(entry, leaf); err != nil {
				return err
			}
		}
		lines.Write(append(bytes.Clone(entry), '\n'))
	}
	files := map[string][]byte{checkpointFile: raw, entriesFile: lines.Bytes(), collectorsFile: collectors}
	for i := uint64(0); i*bundle < checkpoint.Size; i++ {
		partial := layout.PartialTileSize(0, i, checkpoint.Size)
		tile, err := from.ReadTile(ctx, 0, i, partial)
		if err != nil {
			return err
		}
		if size := int(partial) * rfc6962.DefaultHasher.Size(); partial > 0 && len(tile) > size {
			tile = tile[:size] // the log has grown
		}
		files[layout.TilePath(0, i, partial)] = tile
	}
	for name, content := range files {
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// parseWithheld returns what a line says that stands for an entry past its retention.
func parseWithheld(line []byte) (*withheld, hash, error) {
	var said withheld
	if err := json.Unmarshal(line, &said); err != nil {
		return nil, hash{}, err
	}
	raw, err := hex.DecodeString(said.Withheld.LeafHash)
	again, _ := json.Marshal(said)
	if err != nil || len(raw) != len(hash{}) || !bytes.Equal(again, line) {
		return nil, hash{}, errors.New("not as withheld entries are written")
	}
	return &said, hash(raw), nil
}

// rootOf returns the root of the tree with these leaves.
func rootOf(leaves []hash) hash {
	if len(leaves) == 0 {
		return noPrevious
	}
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, leaf := range leaves {
		_ = tree.Append(leaf[:], nil) // fails only for ranges of different factories
	}
	root, _ := tree.GetRootHash(nil)
	return hash(root)
}

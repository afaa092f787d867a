package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strconv"

	"github.com/transparency-dev/formats/log"
	fproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/tessera/client"
)

// consistency says that a log of From entries is a prefix of the log of To entries that Checkpoint is about.
type consistency struct {
	From       uint64   `json:"from"`
	To         uint64   `json:"to"`
	Hashes     [][]byte `json:"hashes"`
	Checkpoint string   `json:"checkpoint"`
}

func proveCommand(args []string, stdout io.Writer) (int, error) {
	if len(args) == 0 || args[0] != "inclusion" && args[0] != "consistency" {
		return exitUsage, fmt.Errorf("%w: prove inclusion or prove consistency", errUsage)
	}
	flags := flag.NewFlagSet("prove", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the log")
	operands, err := parse(flags, args[1:], 1, "dir")
	if err != nil {
		return exitUsage, err
	}
	number, err := strconv.ParseUint(operands[0], 10, 63)
	if err != nil {
		return exitUsage, fmt.Errorf("%w: %q is no number", errUsage, operands[0])
	}
	prove := proveInclusion
	if args[0] == "consistency" {
		prove = proveConsistency
	}
	text, err := prove(context.Background(), client.FileFetcher{Root: *dir}, number)
	if err != nil {
		return exitInvalid, err
	}
	_, err = stdout.Write(text)
	return exitValid, err
}

// latest returns the log's checkpoint, unverified: who reads the proof verifies it.
func latest(ctx context.Context, from client.FileFetcher) (*log.Checkpoint, []byte, error) {
	raw, err := from.ReadCheckpoint(ctx)
	if err != nil {
		return nil, nil, err
	}
	var checkpoint log.Checkpoint
	if _, err := checkpoint.Unmarshal(raw); err != nil {
		return nil, nil, err
	}
	return &checkpoint, raw, nil
}

// proveInclusion returns the proof of one entry as of c2sp.org/tlog-proof; it carries the checkpoint it leads to.
func proveInclusion(ctx context.Context, from client.FileFetcher, index uint64) ([]byte, error) {
	checkpoint, raw, err := latest(ctx, from)
	if err != nil {
		return nil, err
	}
	if index >= checkpoint.Size {
		return nil, fmt.Errorf("there is no entry %d: the log has %d", index, checkpoint.Size)
	}
	builder, err := client.NewProofBuilder(ctx, checkpoint.Size, from.ReadTile)
	if err != nil {
		return nil, err
	}
	nodes, err := builder.InclusionProof(ctx, index)
	if err != nil {
		return nil, err
	}
	made := fproof.TLogProof{Index: index, Checkpoint: raw}
	for _, node := range nodes {
		made.Hashes = append(made.Hashes, hash(node))
	}
	return made.Marshal(), nil
}

// proveConsistency returns the proof that the log of size entries is a prefix of today's, as JSON.
func proveConsistency(ctx context.Context, from client.FileFetcher, size uint64) ([]byte, error) {
	return proveGrowth(ctx, from, size, ^uint64(0))
}

// proveGrowth does so for a log of at most to entries, whose checkpoint the reader has.
func proveGrowth(ctx context.Context, from client.FileFetcher, size, to uint64) ([]byte, error) {
	checkpoint, raw, err := latest(ctx, from)
	if err != nil {
		return nil, err
	}
	if to == ^uint64(0) {
		to = checkpoint.Size
	}
	if size > to || to > checkpoint.Size {
		return nil, fmt.Errorf("the log has %d entries, fewer than %d", checkpoint.Size, max(size, to))
	}
	made := consistency{From: size, To: to, Hashes: [][]byte{}, Checkpoint: string(raw)}
	if size > 0 && size < to {
		builder, err := client.NewProofBuilder(ctx, checkpoint.Size, from.ReadTile)
		if err != nil {
			return nil, err
		}
		if made.Hashes, err = builder.ConsistencyProof(ctx, size, to); err != nil {
			return nil, err
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(made)
	return text.Bytes(), err
}

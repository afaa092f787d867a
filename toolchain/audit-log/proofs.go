package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"

	fproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Kinds of findings about a single proof.
const (
	notIncluded   = "not-included"
	notConsistent = forked
)

// verifyProofCommand verifies one inclusion or consistency proof.
func verifyProofCommand(kind string, args []string, stdout io.Writer) (int, error) {
	flags := flag.NewFlagSet("verify "+kind, flag.ContinueOnError)
	key := flags.String("key", "", "the log's public key")
	other, said, check := "entry", "the entry, as it is in the log", verifyInclusion
	if kind == "consistency" {
		other, said, check = "old", "the earlier checkpoint", verifyConsistency
	}
	file := flags.String(other, "", said)
	collectors := flags.String("collectors", "", "your list of functionaries: asks for the cosignatures of the witnesses that it names")
	root := flags.String("root", "", "public key of those who sign that list")
	quorum := flags.Int("quorum", -1, "how many witnesses must have cosigned; by default as many as the list says")
	operands, err := parse(flags, args, 1, "key", other)
	if err != nil {
		return exitUsage, err
	}
	v := newVerdict()
	texts := make([][]byte, 0, 2)
	for _, path := range []string{operands[0], *file} {
		text, err := os.ReadFile(path)
		if err != nil {
			v.add(aboutFile(unjudged, path, "It cannot be read: %v", err))
			return v.print(stdout)
		}
		texts = append(texts, text)
	}
	e := &exported{}
	if *collectors != "" {
		if e.roles, err = readRoles(*collectors, *root); err != nil {
			v.add(aboutFile(unjudged, *collectors, "Your list of functionaries cannot be read: %v", err))
			return v.print(stdout)
		}
	}
	check(v, e, texts[0], texts[1], *key)
	e.judgeQuorum(v, *quorum)
	return v.print(stdout)
}

func verifyInclusion(v *verdict, e *exported, text, entry []byte, keyFile string) {
	key, err := readVerifier(keyFile)
	if err != nil {
		v.add(aboutFile(unjudged, keyFile, "The log's public key cannot be read: %v", err))
		return
	}
	var given fproof.TLogProof
	if err := given.Unmarshal(text); err != nil || !bytes.Equal(given.Marshal(), text) {
		v.add(aboutFile(damagedFile, "proof", "It is not as inclusion proofs are written (c2sp.org/tlog-proof)."))
		return
	}
	e.open(v, given.Checkpoint, key)
	checkpoint := e.checkpoint
	if checkpoint == nil {
		return
	}
	v.Origin, v.Size, v.Root = checkpoint.Origin, checkpoint.Size, hash(checkpoint.Hash).String()
	v.Checked = append(v.Checked, "checkpoint", "inclusion")
	path := make([][]byte, 0, len(given.Hashes))
	for i := range given.Hashes {
		path = append(path, given.Hashes[i][:])
	}
	leaf := leafHash(bytes.TrimSuffix(entry, []byte("\n")))
	err = proof.VerifyInclusion(rfc6962.DefaultHasher, given.Index, checkpoint.Size, leaf[:], path, checkpoint.Hash)
	if err != nil {
		v.add(about(notIncluded, int(given.Index), "This is not entry %d of the log: %v", given.Index, err))
	}
}

func verifyConsistency(v *verdict, e *exported, text, earlier []byte, keyFile string) {
	key, err := readVerifier(keyFile)
	if err != nil {
		v.add(aboutFile(unjudged, keyFile, "The log's public key cannot be read: %v", err))
		return
	}
	var given consistency
	if err := json.Unmarshal(text, &given); err != nil {
		v.add(aboutFile(damagedFile, "proof", "It is no consistency proof: %v", err))
		return
	}
	aside := newVerdict()
	old, _ := openCheckpoint(aside, earlier, key, e.witnesses(), "old")
	if old == nil {
		v.add(aboutFile(unjudged, "old", "The earlier checkpoint is not signed by the log: %s", aside.Findings[0].Message))
	}
	e.open(v, []byte(given.Checkpoint), key)
	today := e.checkpoint
	if old == nil || today == nil {
		return
	}
	v.Origin, v.Size, v.Root = today.Origin, today.Size, hash(today.Hash).String()
	v.Checked = append(v.Checked, "checkpoint", "consistency")
	if old.Size > today.Size {
		v.add(about(truncated, int(today.Size), "The log had %d entries before, now it has %d.", old.Size, today.Size))
		return
	}
	if given.From != old.Size || given.To != today.Size {
		v.add(aboutFile(damagedFile, "proof", "It is about %d and %d entries, the checkpoints about %d and %d.",
			given.From, given.To, old.Size, today.Size))
		return
	}
	if old.Size == 0 {
		return // every log goes on from the empty one
	}
	err = proof.VerifyConsistency(rfc6962.DefaultHasher, old.Size, today.Size, given.Hashes, old.Hash, today.Hash)
	if err != nil {
		v.add(aboutFile(notConsistent, checkpointFile,
			"The first %d entries are not those of the earlier checkpoint: %v", old.Size, err))
	}
}

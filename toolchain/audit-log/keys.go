package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func keygenCommand(args []string, _ io.Writer) (int, error) {
	flags := flag.NewFlagSet("keygen", flag.ContinueOnError)
	name := flags.String("name", "", "origin of the log")
	out := flags.String("out", "", "file of the private key")
	cosigner := flags.Bool("witness", false, "the key is a witness's: its signatures bear a time (c2sp.org/tlog-cosignature)")
	if _, err := parse(flags, args, 0, "name", "out"); err != nil {
		return exitUsage, err
	}
	private, public, err := note.GenerateKey(rand.Reader, *name)
	if err != nil {
		return exitInvalid, err
	}
	// The private key last: a kill in between leaves no key without its public half.
	if *cosigner {
		if public, err = fnote.VKeyToCosignatureV1(public); err != nil {
			return exitInvalid, err
		}
	}
	if err := os.WriteFile(*out+".pub", []byte(public+"\n"), 0o600); err != nil {
		return exitInvalid, err
	}
	file, err := os.OpenFile(*out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return exitInvalid, err
	}
	_, err = file.WriteString(private + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return exitInvalid, err
	}
	return exitValid, nil
}

func readSigner(path string) (note.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s is no private note key", path) // never the key itself
	}
	return signer, nil
}

func readVerifier(path string) (note.Verifier, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s is no public note key: %w", path, err)
	}
	return verifier, nil
}

// collector lets package dsse use a note key; its key id is the key's name and hash.
type collector struct{ note.Verifier }

func (c collector) KeyID() (string, error)   { return fmt.Sprintf("%s+%08x", c.Name(), c.KeyHash()), nil }
func (c collector) Public() crypto.PublicKey { return nil }
func (c collector) Verify(_ context.Context, data, sig []byte) error {
	if !c.Verifier.Verify(data, sig) {
		return errors.New("invalid signature")
	}
	return nil
}

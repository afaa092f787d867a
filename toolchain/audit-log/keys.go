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

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"golang.org/x/mod/sumdb/note"
)

func keygenCommand(args []string, _ io.Writer) (int, error) {
	flags := flag.NewFlagSet("keygen", flag.ContinueOnError)
	name := flags.String("name", "", "origin of the log")
	out := flags.String("out", "", "file of the private key")
	if _, err := parse(flags, args, 0, "name", "out"); err != nil {
		return exitUsage, err
	}
	private, public, err := note.GenerateKey(rand.Reader, *name)
	if err != nil {
		return exitInvalid, err
	}
	// The private key last: a kill in between leaves no key without its public half.
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

// parseCollectors reads public note keys, one a line, nothing else.
func parseCollectors(text []byte) (*dsse.EnvelopeVerifier, error) {
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	verifiers := make([]dsse.Verifier, 0, len(lines))
	for number, line := range lines {
		verifier, err := note.NewVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("line %d is no public note key: %w", number+1, err)
		}
		// The hash may be written in capitals; one spelling only, so that no byte is free.
		if id, _ := (collector{verifier}).KeyID(); !strings.HasPrefix(line, id+"+") {
			return nil, fmt.Errorf("line %d is not as note keys are written", number+1)
		}
		verifiers = append(verifiers, collector{verifier})
	}
	return dsse.NewEnvelopeVerifier(verifiers...)
}

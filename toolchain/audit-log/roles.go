package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// rolesType is what a signed list of functionaries is called in its DSSE envelope.
const rolesType = "application/vnd.acme.functionaries+json"

// maxRoles is the longest list of functionaries, in bytes.
const maxRoles = 1 << 20

// rolesShape is what a list of functionaries looks like: who may state what, as in-toto's layouts say it.
var rolesShape = shape{
	"_type":   []string{"https://acme.test/functionaries/v1"},
	"origin":  isText,
	"version": isCount,
	"functionaries": []shape{{
		"key":    isText,  // a note key: NAME+HASH+BASE64
		"may":    isList,  // the actions of events that it may sign
		"from":   isCount, // the first index at which it may
		"until?": isCount, // the first at which it may no longer: what a stolen key signs later counts for nothing
	}},
	"minimumDays": isObject, // action -> days that its events are kept at least
	"witnesses":   shape{"quorum": isCount, "keys": isList},
}

// functionary may sign events of some kinds, in a part of the log.
type functionary struct {
	may         []string
	from, until uint64
}

// roles say who may state what. Only the root's signature makes a list one; who speaks in the log has no part in it.
type roles struct {
	origin      string
	version     uint64
	functionary map[string]functionary // by key id
	signatures  *dsse.EnvelopeVerifier
	minimumDays map[string]int64
	witnesses   []note.Verifier
	witnessKeys []string
	quorum      int
}

// errNotRoot is a list that the root did not sign.
var errNotRoot = errors.New("the root key did not sign it")

// envelope returns the payload and the one signature of a DSSE envelope that is written the one way.
func openEnvelope(line []byte, kind string, limit int) (*dsse.Envelope, error) {
	if len(line) > limit {
		return nil, bad("size", "%d bytes, %d are allowed", len(line), limit)
	}
	var envelope dsse.Envelope
	if err := json.Unmarshal(line, &envelope); err != nil {
		return nil, fmt.Errorf("no DSSE envelope: %w", err)
	}
	if again, err := json.Marshal(envelope); err != nil || !bytes.Equal(again, line) {
		return nil, errors.New("the envelope is not compact JSON in the order payloadType, payload, signatures")
	}
	if len(envelope.Signatures) != 1 {
		return nil, fmt.Errorf("%d signatures, expected one", len(envelope.Signatures))
	}
	for _, text := range []string{envelope.Payload, envelope.Signatures[0].Sig} {
		if _, err := base64.StdEncoding.Strict().DecodeString(text); err != nil {
			return nil, fmt.Errorf("not base64 as it is written: %w", err)
		}
	}
	if envelope.PayloadType != kind {
		return nil, fmt.Errorf("the payload is %q, not %s", envelope.PayloadType, kind)
	}
	return &envelope, nil
}

// payloadSignedBy returns the payload of an envelope and the id of the key that signed it, which the envelope names.
func payloadSignedBy(envelope *dsse.Envelope, known *dsse.EnvelopeVerifier) ([]byte, string, error) {
	accepted, payload, err := known.VerifyAndDecode(context.Background(), envelope)
	if err != nil {
		return nil, "", err
	}
	if id := accepted[0].KeyID; id == envelope.Signatures[0].KeyID {
		return payload, id, nil
	}
	return nil, "", errors.New("it does not name the key that signed it")
}

// parseRoles reads a signed list; root may be nil, when the verifier holds the list itself.
func parseRoles(text []byte, root note.Verifier) (*roles, error) {
	if len(text) == 0 || text[len(text)-1] != '\n' {
		return nil, errors.New("the line does not end")
	}
	envelope, err := openEnvelope(text[:len(text)-1], rolesType, maxRoles)
	if err != nil {
		return nil, err
	}
	payload, err := envelope.DecodeB64Payload()
	if err != nil {
		return nil, err
	}
	if root != nil {
		signed, err := dsse.NewEnvelopeVerifier(collector{root})
		if err != nil {
			return nil, err
		}
		if payload, _, err = payloadSignedBy(envelope, signed); err != nil {
			return nil, fmt.Errorf("%w: %v", errNotRoot, err)
		}
	}
	said, err := readStrict(payload, maxRoles, rolesShape)
	if err != nil {
		return nil, err
	}
	return newRoles(said)
}

func newRoles(said map[string]any) (*roles, error) {
	found := &roles{
		origin:      said["origin"].(string),
		version:     uint64(said["version"].(int64)),
		functionary: map[string]functionary{},
		minimumDays: map[string]int64{},
	}
	var keys []dsse.Verifier
	for _, raw := range said["functionaries"].([]any) {
		one := raw.(map[string]any)
		key, err := noteKey(one["key"].(string), note.NewVerifier)
		if err != nil {
			return nil, err
		}
		may, err := texts(one["may"])
		if err != nil {
			return nil, err
		}
		until := ^uint64(0)
		if end, there := one["until"].(int64); there {
			until = uint64(end)
		}
		id, _ := (collector{key}).KeyID()
		if _, twice := found.functionary[id]; twice {
			return nil, fmt.Errorf("%s is there twice", id)
		}
		found.functionary[id] = functionary{may, uint64(one["from"].(int64)), until}
		keys = append(keys, collector{key})
	}
	for action, raw := range said["minimumDays"].(map[string]any) {
		days, ok := raw.(int64)
		if !ok || days < 0 {
			return nil, bad("type", "minimumDays.%s is not a count", action)
		}
		found.minimumDays[action] = days
	}
	witnesses := said["witnesses"].(map[string]any)
	lines, err := texts(witnesses["keys"])
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		key, err := noteKey(line, fnote.NewVerifierForCosignatureV1)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(found.witnesses, func(other note.Verifier) bool { return other.Name() == key.Name() }) {
			return nil, fmt.Errorf("the witness %s is there twice: a quorum counts witnesses, not keys", key.Name())
		}
		found.witnesses, found.witnessKeys = append(found.witnesses, key), append(found.witnessKeys, line)
	}
	if found.quorum = int(witnesses["quorum"].(int64)); found.quorum > len(found.witnesses) {
		return nil, fmt.Errorf("a quorum of %d of %d witnesses", found.quorum, len(found.witnesses))
	}
	found.signatures, err = dsse.NewEnvelopeVerifier(keys...)
	return found, err
}

func texts(raw any) ([]string, error) {
	var found []string
	for _, one := range raw.([]any) {
		text, ok := one.(string)
		if !ok {
			return nil, bad("type", "%v is not a text", one)
		}
		found = append(found, text)
	}
	return found, nil
}

// noteKey reads a public key that is written the one way: its hash may be written in capitals, or wrong.
func noteKey(line string, read func(string) (note.Verifier, error)) (note.Verifier, error) {
	key, err := read(line)
	if err != nil {
		return nil, fmt.Errorf("%q is no public key: %w", line, err)
	}
	if !strings.HasPrefix(line, fmt.Sprintf("%s+%08x+", key.Name(), key.KeyHash())) {
		return nil, fmt.Errorf("%q is not as keys are written", line)
	}
	return key, nil
}

// permits says why the signer of an event may not state it there; nil when it may.
func (r *roles) permits(e *event) error {
	one := r.functionary[e.Signer]
	switch {
	case e.Index < one.from || e.Index >= one.until:
		return fmt.Errorf("the key %s counts for entries %d to %d only", e.Signer, one.from, one.until)
	case !slices.Contains(one.may, e.Action):
		return fmt.Errorf("%s may not state %s, only %s", e.Signer, e.Action, strings.Join(one.may, ", "))
	}
	return nil
}

// readRoles reads a file of them; rootFile may be empty.
func readRoles(path, rootFile string) (*roles, error) {
	text, err := readLimited(path, maxRoles)
	if err != nil {
		return nil, err
	}
	var root note.Verifier
	if rootFile != "" {
		if root, err = readVerifier(rootFile); err != nil {
			return nil, err
		}
	}
	return parseRoles(text, root)
}

// signRolesCommand signs a list of functionaries with the root key, which is kept apart from the log.
func signRolesCommand(args []string, stdout io.Writer) (int, error) {
	flags := flag.NewFlagSet("sign-roles", flag.ContinueOnError)
	key := flags.String("key", "", "file of the root's private key")
	operands, err := parse(flags, args, 1, "key")
	if err != nil {
		return exitUsage, err
	}
	payload, err := os.ReadFile(operands[0])
	if err != nil {
		return exitInvalid, err
	}
	signer, err := readSigner(*key)
	if err != nil {
		return exitInvalid, err
	}
	line, err := signEnvelope(rolesType, payload, signer)
	if err != nil {
		return exitInvalid, err
	}
	line = append(line, '\n')
	if _, err := parseRoles(line, nil); err != nil {
		return exitInvalid, err
	}
	_, err = stdout.Write(line)
	return exitValid, err
}

func signEnvelope(kind string, payload []byte, signer note.Signer) ([]byte, error) {
	sig, err := signer.Sign(dsse.PAE(kind, payload))
	if err != nil {
		return nil, err
	}
	return json.Marshal(dsse.Envelope{
		PayloadType: kind,
		Payload:     base64.StdEncoding.EncodeToString(payload),
		Signatures: []dsse.Signature{{
			KeyID: fmt.Sprintf("%s+%08x", signer.Name(), signer.KeyHash()),
			Sig:   base64.StdEncoding.EncodeToString(sig),
		}},
	})
}

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/transparency-dev/merkle/rfc6962"
)

// payloadType is what an in-toto statement is called in a DSSE envelope.
const payloadType = "application/vnd.in-toto+json"

// retention is the action of events that let the content of others go.
const retention = "retention"

// maxEntry is the longest entry in bytes (an entry bundle gives its length 16 bits).
const maxEntry = 1<<16 - 1

// event is what the log reads of a statement; the rest is the collectors' business.
type event struct {
	Predicate struct {
		Index    uint64 `json:"index"`
		Action   string `json:"action"`
		Previous struct {
			SHA256 string `json:"sha256"`
		} `json:"previous"`
		Details struct {
			// Expired are ranges [start, end) of entries whose content may be gone.
			Expired [][2]uint64 `json:"expired"`
		} `json:"details"`
	} `json:"predicate"`
}

// hash is an RFC 6962 leaf hash or root.
type hash [sha256.Size]byte

func (h hash) String() string { return hex.EncodeToString(h[:]) }

func leafHash(entry []byte) hash { return hash(rfc6962.DefaultHasher.HashLeaf(entry)) }

// noPrevious is what the first event names as the one before it: the root of the empty log.
var noPrevious = hash(rfc6962.DefaultHasher.EmptyRoot())

// openEntry checks that a known collector signed the entry and that it is written the one way, and returns its event.
func openEntry(entry []byte, known *dsse.EnvelopeVerifier) (*event, error) {
	var envelope dsse.Envelope
	decoder := json.NewDecoder(bytes.NewReader(entry))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&envelope); err != nil {
		return nil, fmt.Errorf("no DSSE envelope: %w", err)
	}
	if again, err := json.Marshal(envelope); err != nil || !bytes.Equal(again, entry) {
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
	if envelope.PayloadType != payloadType {
		return nil, fmt.Errorf("the payload is %q, not an in-toto statement", envelope.PayloadType)
	}
	_, payload, err := known.VerifyAndDecode(context.Background(), &envelope)
	if err != nil {
		return nil, fmt.Errorf("no known collector signed it: %w", err)
	}
	var found event
	if err := json.Unmarshal(payload, &found); err != nil {
		return nil, fmt.Errorf("the statement is no audit event: %w", err)
	}
	return &found, nil
}

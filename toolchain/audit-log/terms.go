package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

const (
	// legalHold is the action of events that keep others, whatever their retention, and that let them go again.
	legalHold = "legal-hold"
	// termType is what a collector signs, beside the event, for the day when only the event's hash is left.
	termType = "application/vnd.acme.retention-term+json"
	// skew is by how much clocks may differ.
	skew = 5 * time.Minute
)

// term says until when the content of an entry is kept. It stays when the content goes, signed by the entry's collector,
// so that nobody can let go of what is still to be kept.
type term struct {
	Index    uint64 `json:"index"`
	Previous string `json:"previous"`
	Action   string `json:"action"`
	At       string `json:"at"`
	Until    string `json:"until"`
}

// signed says whether the key of a functionary that may state the action signed the term.
func (t term) signed(by *roles, keyID, sig string) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	envelope := &dsse.Envelope{
		PayloadType: termType,
		Payload:     base64.StdEncoding.EncodeToString(text),
		Signatures:  []dsse.Signature{{KeyID: keyID, Sig: sig}},
	}
	if _, _, err := payloadSignedBy(envelope, by.signatures); err != nil {
		return err
	}
	return by.permits(&event{Index: t.Index, Action: t.Action, Signer: keyID})
}

// ends returns when the retention of the entry is over: what its collector said, but no less than the policy asks for.
func (t term) ends(by *roles) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, t.At)
	if err != nil {
		return at, err
	}
	until, err := time.Parse(time.RFC3339, t.Until)
	if least := at.AddDate(0, 0, int(by.minimumDays[t.Action])); err == nil && until.Before(least) {
		until = least
	}
	return until, err
}

// letGo says of which entries the content may be gone, and which retention events ask for too much.
//
// termOf returns the term of an entry; latest is the time after which nothing can have happened yet.
func (r *roles) letGo(events []*event, termOf func(int) (term, error), latest time.Time) ([]bool, []finding) {
	gone, held := make([]bool, len(events)), make([]bool, len(events))
	var found []finding
	for i, one := range events {
		if one == nil || r.permits(one) != nil {
			continue
		}
		switch one.Action {
		case legalHold:
			one.mark("hold", held, true)
			one.mark("release", held, false)
		case retention:
			if one.At.After(latest.Add(skew)) {
				found = append(found, about(future, i, "Entry %d says that it is %s, which is not yet.", i, one.At.Format(time.RFC3339)))
				continue
			}
			for _, span := range one.spans("expired", len(events)) {
				for at := span[0]; at < span[1]; at++ {
					if why := r.mayGo(at, one, held, termOf); why == nil {
						gone[at] = true
					} else {
						found = append(found, *why)
					}
				}
			}
		}
	}
	return gone, found
}

func (r *roles) mayGo(at int, asked *event, held []bool, termOf func(int) (term, error)) *finding {
	var why finding
	if held[at] {
		why = about(underHold, at, "Entry %d is under a legal hold, and entry %d lets it go.", at, asked.Index)
		return &why
	}
	said, err := termOf(at)
	if err != nil {
		why = about(notOver, at, "Nothing says until when entry %d is kept, and entry %d lets it go: %v", at, asked.Index, err)
		return &why
	}
	until, err := said.ends(r)
	if err != nil || until.After(asked.At) {
		why = about(notOver, at, "Entry %d is kept until %s, and entry %d lets it go before.", at, until.Format(time.RFC3339), asked.Index)
		return &why
	}
	return nil
}

// mark sets what a member of the details names.
func (e *event) mark(member string, where []bool, to bool) {
	for _, span := range e.spans(member, len(where)) {
		for i := span[0]; i < span[1]; i++ {
			where[i] = to
		}
	}
}

// termOf returns the term in an entry that has its content still.
func (e *event) term() term {
	return term{e.Index, e.Previous, e.Action, e.saidAt, e.saidUntil}
}

// withheld stands in the place of an entry whose retention has passed. Its hash still proves that it was there, and its
// term that it was time.
type withheld struct {
	Withheld struct {
		term
		LeafHash string `json:"leafHash"`
		KeyID    string `json:"keyid"`
		Sig      string `json:"sig"`
	} `json:"withheld"`
}

// withhold returns the line that stands for an entry from now on.
func withhold(entry []byte, leaf hash) ([]byte, error) {
	envelope, err := openEnvelope(entry, payloadType, maxEntry)
	if err != nil {
		return nil, err
	}
	payload, err := envelope.DecodeB64Payload()
	if err != nil {
		return nil, err
	}
	found, err := readEvent(payload)
	if err != nil {
		return nil, err
	}
	var line withheld
	line.Withheld.term = found.term()
	line.Withheld.LeafHash, line.Withheld.KeyID, line.Withheld.Sig = leaf.String(), envelope.Signatures[0].KeyID, found.termSig
	return json.Marshal(line)
}

// signedTerm returns the term that a withheld line shows, when its collector signed it as the one after previous.
func (w *withheld) signedTerm(by *roles, previous hash) (term, error) {
	one := w.Withheld
	if one.Previous != previous.String() {
		return one.term, fmt.Errorf("its term was signed for another place")
	}
	if raw, err := base64.StdEncoding.Strict().DecodeString(one.Sig); err != nil || len(raw) != ed25519.SignatureSize {
		return one.term, fmt.Errorf("its term has no signature")
	}
	return one.term, one.term.signed(by, one.KeyID, one.Sig)
}

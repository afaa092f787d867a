package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
)

// payloadType is what an in-toto statement is called in a DSSE envelope.
const payloadType = "application/vnd.in-toto+json"

// retention is the action of events that let the content of others go.
const retention = "retention"

// maxEntry is the longest entry in bytes (an entry bundle gives its length 16 bits).
const maxEntry = 1<<16 - 1

// eventShape is what a statement looks like. Nothing more may be in it: a member that only some readers know would say
// something to these alone.
var eventShape = shape{
	"_type":         []string{"https://in-toto.io/Statement/v1"},
	"subject":       []shape{{"name": isText, "digest": shape{"sha256?": isSHA256, "gitCommit?": isCommit}}},
	"predicateType": []string{"https://acme.test/audit-event/v1"},
	"predicate": shape{
		"action": actions, "actor": isText, "decision": decisions, "reason": isText, "details": isObject, "at": isTime,
		"retention": shape{"days": isCount, "until": isTime, "sig?": isText},
		"source?":   shape{"log": isText, "id": isText},
		"index":     isCount,
		"previous":  shape{"sha256": isSHA256},
	},
}

// What an event may say, and how it writes digests and times: one spelling, or equal things would not be found equal.
var (
	actions = []string{"plan", "apply", "policy-decision", "approval", "promotion", "drift", "secret-access", "break-glass",
		"sign", "verify", retention, legalHold}
	decisions = []string{"accepted", "refused", "failed", "in-sync", "drifted", "unknown"}
	isSHA256  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	isCommit  = regexp.MustCompile(`^[0-9a-f]{40}$`)
	isTime    = regexp.MustCompile(`^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z$`)
)

// event is what the log reads of a statement; the rest is the collectors' business.
type event struct {
	Index                   uint64
	Action, Actor, Decision string
	Previous                string // leaf hash of the event before it, hex
	At, Until               time.Time
	Subjects                []string // digests, hex
	Details                 map[string]any
	Signer                  string // id of the key that signed it

	saidAt, saidUntil, termSig string
}

// readEvent returns the event in a statement.
func readEvent(payload []byte) (*event, error) {
	said, err := readStrict(payload, maxPayload, eventShape)
	if err != nil {
		return nil, err
	}
	predicate := said["predicate"].(map[string]any)
	text := func(object any, name string) string { return object.(map[string]any)[name].(string) }
	found := &event{
		Index:    uint64(predicate["index"].(int64)),
		Action:   text(predicate, "action"),
		Actor:    text(predicate, "actor"),
		Decision: text(predicate, "decision"),
		Previous: text(predicate["previous"], "sha256"),
		Details:  predicate["details"].(map[string]any),
	}
	for _, one := range said["subject"].([]any) {
		for _, digest := range one.(map[string]any)["digest"].(map[string]any) {
			found.Subjects = append(found.Subjects, digest.(string))
		}
	}
	if len(said["subject"].([]any)) != 1 || len(found.Subjects) != 1 {
		return nil, bad("type", "an event is about one subject with one digest")
	}
	found.saidAt, found.saidUntil = text(predicate, "at"), text(predicate["retention"], "until")
	found.termSig, _ = predicate["retention"].(map[string]any)["sig"].(string)
	if found.At, err = time.Parse(time.RFC3339, found.saidAt); err == nil {
		found.Until, err = time.Parse(time.RFC3339, found.saidUntil)
	}
	if err != nil {
		return nil, bad("type", "%v", err)
	}
	return found, nil
}

// spans returns the ranges [start, end) of entries that a member of the details names, as far as the log goes.
func (e *event) spans(name string, entries int) [][2]int {
	list, _ := e.Details[name].([]any)
	var found [][2]int
	for _, one := range list {
		pair, _ := one.([]any)
		if len(pair) != 2 {
			continue
		}
		start, isStart := pair[0].(int64)
		end, isEnd := pair[1].(int64)
		// Only entries before the event itself.
		if end = min(end, int64(e.Index), int64(entries)); isStart && isEnd && 0 <= start && start < end {
			found = append(found, [2]int{int(start), int(end)})
		}
	}
	return found
}

// hash is an RFC 6962 leaf hash or root.
type hash [sha256.Size]byte

func (h hash) String() string { return hex.EncodeToString(h[:]) }

func leafHash(entry []byte) hash { return hash(rfc6962.DefaultHasher.HashLeaf(entry)) }

// noPrevious is what the first event names as the one before it: the root of the empty log.
var noPrevious = hash(rfc6962.DefaultHasher.EmptyRoot())

// openEntry checks that a known collector signed the entry and that it is written the one way, and returns its event.
func openEntry(entry []byte, known *roles) (*event, error) {
	envelope, err := openEnvelope(entry, payloadType, maxEntry)
	if err != nil {
		return nil, err
	}
	payload, signer, err := payloadSignedBy(envelope, known.signatures)
	if err != nil {
		return nil, fmt.Errorf("no known collector signed it: %w", err)
	}
	found, err := readEvent(payload)
	if err != nil {
		return nil, fmt.Errorf("the statement is no audit event: %w", err)
	}
	found.Signer = signer
	return found, nil
}

package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// strictCase is one of the corpus that tests/core/test_strict_json.py reads as well.
type strictCase struct {
	Name, Rule, Text string
	Hex              string `json:"bytes_hex"`
	Repeat           [4]any // what is before, what is repeated, how often, what is after
}

func (c strictCase) bytes(t *testing.T) []byte {
	t.Helper()
	switch {
	case c.Hex != "":
		return must(hex.DecodeString(c.Hex))
	case c.Repeat[0] != nil:
		return []byte(c.Repeat[0].(string) + strings.Repeat(c.Repeat[1].(string), int(c.Repeat[2].(float64))) + c.Repeat[3].(string))
	}
	return []byte(c.Text)
}

func TestTheCorpusIsReadAsInPython(t *testing.T) {
	var corpus []strictCase
	if err := json.Unmarshal(must(os.ReadFile("testdata/strict-json.json")), &corpus); err != nil || len(corpus) < 50 {
		t.Fatalf("%d cases: %v", len(corpus), err)
	}
	for _, one := range corpus {
		t.Run(one.Name, func(t *testing.T) {
			_, err := readEvent(one.bytes(t))
			rule := ""
			var said *badJSON
			if errors.As(err, &said) {
				rule = said.rule
			} else if err != nil {
				t.Fatalf("an error without a rule: %v", err)
			}
			if rule != one.Rule {
				t.Errorf("%q, expected %q: %v", rule, one.Rule, err)
			}
		})
	}
}

func FuzzWhatIsReadHasOneMeaning(f *testing.F) {
	f.Add([]byte(`{"a":1}`))
	f.Add([]byte(`{"a":1,"A":2}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		first, err := readStrict(raw, maxPayload, shape{"a?": isCount, "b?": isObject})
		if err != nil {
			return
		}
		// Written again and read by a reader that guesses, it is the same.
		var again struct {
			A int64
			B map[string]any
		}
		if err := json.Unmarshal(raw, &again); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if a, there := first["a"]; there && a != again.A {
			t.Fatalf("%q: %v, %v", raw, a, again.A)
		}
	})
}

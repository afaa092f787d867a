package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/cases"
)

// Limits of what is signed. They are looked at before anything is read for its meaning.
const (
	maxPayload = maxEntry
	maxDepth   = 16
	// maxExact is the largest whole number that every reader of JSON reads as the same one (RFC 7493, section 2.2).
	maxExact = 1<<53 - 1
)

// badJSON is a text that two readers could read as two things. Its rule has the same name in our Python reader
// (helpers/core/strict_json.py); testdata/strict-json.json is the corpus that both read.
type badJSON struct{ rule, said string }

func (b *badJSON) Error() string { return b.rule + ": " + b.said }

func bad(rule, format string, args ...any) error { return &badJSON{rule, fmt.Sprintf(format, args...)} }

// shape says which members an object has, and of what kind. A name that ends with "?" may be left out.
type shape map[string]any

// Kinds of members besides shape; a list of one shape is written []shape{...}, one of some texts []string{...}, and a text
// of a form is a regular expression.
const (
	isText   = "text"
	isCount  = "count" // a whole number, not negative
	isObject = "object"
	isList   = "list"
)

// readStrict returns the one meaning of a JSON text (RFC 7493), or the rule that it breaks.
func readStrict(raw []byte, limit int, want shape) (map[string]any, error) {
	if len(raw) > limit {
		return nil, bad("size", "%d bytes, %d are allowed", len(raw), limit)
	}
	if !utf8.Valid(raw) {
		return nil, bad("encoding", "not UTF-8")
	}
	decoder := jsontext.NewDecoder(bytes.NewReader(raw))
	value, err := readValue(decoder)
	if err == nil {
		if _, more := decoder.ReadToken(); more != io.EOF {
			err = bad("syntax", "there is more after the value")
		}
	}
	var known *badJSON
	switch {
	case errors.As(err, &known):
		return nil, err
	case errors.Is(err, jsontext.ErrDuplicateName):
		return nil, bad("duplicate-key", "a name is there twice")
	case err != nil && brokenSurrogate(raw):
		return nil, bad("encoding", "half of a surrogate pair")
	case err != nil:
		return nil, bad("syntax", "%v", err)
	}
	if err := want.fits("", value); err != nil {
		return nil, err
	}
	return value.(map[string]any), nil
}

// brokenSurrogate says whether nothing but an escape that stands for no character is wrong.
func brokenSurrogate(raw []byte) bool {
	decoder := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowInvalidUTF8(true))
	_, err := decoder.ReadValue()
	return err == nil
}

func readValue(from *jsontext.Decoder) (any, error) {
	if from.StackDepth() >= maxDepth && (from.PeekKind() == '{' || from.PeekKind() == '[') {
		return nil, bad("depth", "more than %d levels", maxDepth)
	}
	token, err := from.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		return readObject(from)
	case '[':
		list := []any{}
		for from.PeekKind() != ']' {
			item, err := readValue(from)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err := from.ReadToken()
		return list, err
	case '0':
		return number(token.String())
	case '"':
		return token.String(), nil
	case 't', 'f':
		return token.Bool(), nil
	}
	return nil, nil // null
}

func readObject(from *jsontext.Decoder) (any, error) {
	object, folded := map[string]any{}, map[string]bool{}
	for from.PeekKind() != '}' {
		token, err := from.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		if once := fold(name); folded[once] {
			return nil, bad("case", "%q is there in another spelling", name)
		} else {
			folded[once] = true
		}
		if object[name], err = readValue(from); err != nil {
			return nil, err
		}
	}
	_, err := from.ReadToken()
	return object, err
}

// fold returns a name without regard to case, as readers that guess would read it.
func fold(name string) string {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			return cases.Fold().String(name)
		}
	}
	return strings.ToLower(name)
}

func number(text string) (any, error) {
	if !strings.ContainsAny(text, ".eE") {
		whole, err := strconv.ParseInt(text, 10, 64)
		if err != nil || whole > maxExact || whole < -maxExact || text == "-0" {
			return nil, bad("number", "%s is not exact for every reader", text)
		}
		return whole, nil
	}
	real, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(real, 0) {
		return nil, bad("number", "%s is not exact for every reader", text)
	}
	return real, nil
}

// fits says which rule of the shape a value breaks.
func (s shape) fits(where string, value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return bad("type", "%s is not an object", named(where))
	}
	spelled := map[string]string{}
	for name := range s {
		plain := strings.TrimSuffix(name, "?")
		spelled[fold(plain)] = plain
		if _, there := object[plain]; !there && plain == name {
			if !hasFolded(object, plain) {
				return bad("missing-key", "%s has no %s", named(where), plain)
			}
		}
	}
	for name := range object {
		right, known := spelled[fold(name)]
		if !known {
			return bad("unknown-key", "%s has %q, which means nothing here", named(where), name)
		}
		if right != name {
			return bad("case", "%s has %q, not %q", named(where), name, right)
		}
	}
	for name, kind := range s {
		plain := strings.TrimSuffix(name, "?")
		if given, there := object[plain]; there {
			if err := fitsKind(strings.TrimPrefix(where+"."+plain, "."), given, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

func hasFolded(object map[string]any, name string) bool {
	for other := range object {
		if fold(other) == fold(name) {
			return true
		}
	}
	return false
}

func fitsKind(where string, given, kind any) error {
	switch kind := kind.(type) {
	case shape:
		return kind.fits(where, given)
	case []shape:
		list, ok := given.([]any)
		if !ok {
			return bad("type", "%s is not a list", where)
		}
		for _, item := range list {
			if err := kind[0].fits(where, item); err != nil {
				return err
			}
		}
		return nil
	}
	ok := false
	switch kind := kind.(type) {
	case *regexp.Regexp:
		text, is := given.(string)
		if !is || !kind.MatchString(text) {
			return bad("type", "%s is not as it must be written", where)
		}
		return nil
	case []string:
		text, is := given.(string)
		if !is || !slices.Contains(kind, text) {
			return bad("type", "%s is none of %s", where, strings.Join(kind, ", "))
		}
		return nil
	}
	switch kind {
	case isText:
		_, ok = given.(string)
	case isCount:
		whole, is := given.(int64)
		ok = is && whole >= 0
	case isObject:
		_, ok = given.(map[string]any)
	case isList:
		_, ok = given.([]any)
	}
	if !ok {
		return bad("type", "%s is not a %s", where, kind)
	}
	return nil
}

func named(where string) string {
	if where == "" {
		return "the statement"
	}
	return where
}

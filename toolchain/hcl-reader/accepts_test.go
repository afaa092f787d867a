package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func accepted(t *testing.T, old, new []string) acceptsAnswer {
	t.Helper()
	var got acceptsAnswer
	if err := json.Unmarshal([]byte(ask(t, map[string]any{"op": "accepts", "old": old, "new": new})), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func matches(pattern string) string {
	text, _ := json.Marshal(pattern)
	return "can(regex(" + string(text) + ", candidate))"
}

// Each new condition accepts all that the old one did.
func TestWhatIsLoosenedRefusesNothing(t *testing.T) {
	for _, one := range [][2]string{
		{matches("^[a-z0-9-]+$"), matches("^[a-z0-9_-]+$")},
		{matches("^[a-z]+$"), matches("^[a-z]*$")},
		{matches("^[a-z]{3,8}$"), matches("^[a-z]{2,10}$")},
		{matches("^a|b$"), matches("a|b")},
		{matches("^(a|b)$"), `contains(["b", "a", "c"], candidate)`},
		{`contains(["l4", "h100"], candidate)`, matches("^[a-z0-9]+$")},
		{`candidate == "x" || candidate == "y"`, `contains(["x", "y", "z"], candidate)`},
		{matches("^[a-z]+$") + " && length(candidate) <= 8", matches("^[a-z0-9]+$") + " && length(candidate) <= 12"},
		{matches("^[a-z]+$") + " && length(candidate) <= 8", `length(candidate) < 9`},
		{matches("(?i)^acme-"), `length(regexall("(?i)acme", candidate)) > 0`},
		{`startswith(candidate, "acme-")`, matches("^acme")},
		{`startswith(candidate, "a") && endswith(candidate, "z")`, matches(`\Aa(.|\n)*z\z|^x`)},
		{matches(`^\w+$`), matches(`^[0-9A-Za-z_]+$`)},
		{matches(`^a\b`), matches(`^a`)},
		{matches("^x$"), `candidate != null`},
		{`!strcontains(candidate, "-")`, `candidate != "a-b"`},
		{`candidate == "" ? false : ` + matches("^a"), matches("^a")},
		{`alltrue([` + matches("^a") + `, ` + matches("b$") + `])`, `anytrue([` + matches("^a") + `, false])`},
	} {
		if got := accepted(t, one[:1], one[1:]); !got.Decided || got.Refused != nil {
			t.Errorf("%s -> %s: %+v", one[0], one[1], text(got.Refused))
		}
	}
}

func TestWhatIsTightenedHasAnExample(t *testing.T) {
	for _, one := range [][3]string{
		{matches("^[a-z0-9-]+$"), matches("^[a-z]+$"), "0"},
		{matches("^[a-z]+$"), matches("^[a-z]{1,5}$"), "aaaaaa"},
		{matches("a|b"), matches("^a|b$"), "0a"},
		{matches("^a$"), matches("^b$"), "a"},
		{`contains(["l4", "h100"], candidate)`, `contains(["l4"], candidate)`, "h100"},
		{matches("^a$"), matches(`(?m)^a$`), ""},
		{matches("(?m)^a$"), matches("^a$"), "a\n"},
		{matches("(?i)^acme$"), matches("^(acme|ACME)$"), "acmE"},
		{matches("^a"), matches(`^a\b`), "aa"},
		{"length(candidate) <= 8", "length(candidate) <= 7", "aaaaaaaa"},
		{matches("^[a-z0-9-]+$"), matches("^[a-z0-9-]{1,900}$"), strings.Repeat("a", 901)},
		{`candidate != "x"`, `candidate != "y"`, "y"},
	} {
		got := accepted(t, one[:1], one[1:2])
		if one[2] == "" {
			if !got.Decided || got.Refused != nil {
				t.Errorf("%s -> %s: %+v", one[0], one[1], text(got.Refused))
			}
		} else if !got.Decided || got.Refused == nil || len(*got.Refused) != len(one[2]) {
			t.Errorf("%s -> %s: %+v, expected one such as %q", one[0], one[1], text(got.Refused), one[2])
		}
	}
}

func TestWhatIsGainedHasAnExample(t *testing.T) {
	same := accepted(t, []string{matches("^[a-b]+$")}, []string{matches("^(a|b)(a|b)*$")})
	if !same.Decided || same.Refused != nil || same.Gained != nil {
		t.Errorf("%+v", same)
	}
	more := accepted(t, []string{matches("^[a-z]+$")}, []string{matches("^[a-z_]+$")})
	if more.Gained == nil || *more.Gained != "_" {
		t.Errorf("%+v", more)
	}
}

func TestWhatIsNotUnderstoodIsNotDecided(t *testing.T) {
	for _, one := range [][]string{
		{"candidate == lower(candidate)"}, {"can(cidrhost(candidate, 0))"}, {matches("(")}, {"length(candidate) < 1000000"},
		{`regex("a", candidate) == "a"`}, {"candidate > 3"}, {`contains([1], candidate)`}, {"("}, {`length(regexall("a", candidate)) == 2`},
		{`contains(var.names, candidate)`}, {matches("^a"), "other"},
	} {
		if got := accepted(t, one, []string{"true"}); got.Decided {
			t.Errorf("%s was decided", one)
		}
	}
}

func text(found *string) string {
	if found == nil {
		return "none"
	}
	return *found
}

func TestAConstantHasItsValue(t *testing.T) {
	for text, want := range map[string]string{
		"3": `"value":3`, `toset(["b", "a", "b"])`: `"value":["a","b"]`, `{ a = 1 }`: `"value":{"a":1}`, "var.n": "", "upper(\"x\")": "",
	} {
		got := ask(t, map[string]any{"op": "expression", "text": text})
		if want != "" && !strings.Contains(got, want) || want == "" && strings.Contains(got, `"value"`) {
			t.Errorf("%s: %s", text, got)
		}
	}
}

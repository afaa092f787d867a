package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ask sends one request through the whole program and returns the answer as compact JSON.
func ask(t *testing.T, asked map[string]any) string {
	t.Helper()
	text, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	var out, problems bytes.Buffer
	if code := run(nil, bytes.NewReader(text), &out, &problems); code != 0 || problems.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	return strings.TrimSpace(out.String())
}

func TestTypes(t *testing.T) {
	for text, want := range map[string]string{
		"":                             `{"kind":"any"}`,
		"any":                          `{"kind":"any"}`,
		"string":                       `{"kind":"string"}`,
		`"string"`:                     `{"kind":"string"}`,
		`"map"`:                        `{"kind":"map","element":{"kind":"any"}}`,
		"list":                         `{"kind":"list","element":{"kind":"any"}}`,
		"set(number)":                  `{"kind":"set","element":{"kind":"number"}}`,
		"map(list(bool)) // why":       `{"kind":"map","element":{"kind":"list","element":{"kind":"bool"}}}`,
		"tuple([string, any])":         `{"kind":"tuple","items":[{"kind":"string"},{"kind":"any"}]}`,
		"tuple([])":                    `{"kind":"tuple"}`,
		"object({})":                   `{"kind":"object"}`,
		"object({ b = any\n a=bool })": `{"kind":"object","attributes":[{"name":"b","type":{"kind":"any"}},{"name":"a","type":{"kind":"bool"}}]}`,
		"object({ n = optional(number) })": `{"kind":"object","attributes":[` +
			`{"name":"n","type":{"kind":"number"},"optional":true}]}`,
		`object({ n = optional(number, "2") })`: `{"kind":"object","attributes":[` +
			`{"name":"n","type":{"kind":"number"},"optional":true,"default":2,"default_text":"\"2\""}]}`,
		"object({ n = optional(string, null) })": `{"kind":"object","attributes":[` +
			`{"name":"n","type":{"kind":"string"},"optional":true,"default":null,"default_text":"null"}]}`,
		`list(object({ a = optional(map(string), { x = "x)" }) }))`: `{"kind":"list","element":{"kind":"object","attributes":[` +
			`{"name":"a","type":{"kind":"map","element":{"kind":"string"}},"optional":true,"default":{"x":"x)"},"default_text":"{ x = \"x)\" }"}]}}`,
		"tuple([object({ a = optional(bool, true) })])": `{"kind":"tuple","items":[{"kind":"object","attributes":[` +
			`{"name":"a","type":{"kind":"bool"},"optional":true,"default":true,"default_text":"true"}]}]}`,
	} {
		if got := ask(t, map[string]any{"op": "type", "text": text}); got != `{"type":`+want+`,"diagnostics":[]}` {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestWhatIsNoTypeIsToldWithItsPlace(t *testing.T) {
	for text, said := range map[string]string{
		"nonsense(":                             "",
		"strnig":                                "Invalid type specification",
		"list()":                                "Invalid type specification",
		"list(string, number)":                  "Invalid type specification",
		"optional(string)":                      "optional",
		"object({ a = optional(number, [1]) })": "Invalid default value",
		"object({ a = optional(string, upper(1)) })": "unction",
		"string number":            "Extra characters",
		`object({ "a" = string })`: "attribute names",
		`"number"`:                 "Invalid type specification",
	} {
		var got typeAnswer
		answer := ask(t, map[string]any{"op": "type", "text": text})
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		if got.Type != nil || len(got.Diagnostics) == 0 || !strings.Contains(answer, said) || got.Diagnostics[0].Line != 1 {
			t.Errorf("%s: %s", text, answer)
		}
	}
}

func TestTextOfAnyShapeEndsInAnAnswer(t *testing.T) {
	for _, part := range []string{"(", "[", "{", "!", "-", "a ? ", "\"${", "list(", "object({a=", "[for x in ", "a.", "a[", "<<A\n${"} {
		answer := ask(t, map[string]any{"op": "type", "text": strings.Repeat(part, maxText/len(part))})
		if !strings.HasPrefix(answer, `{"type":null,"diagnostics":[{`) {
			t.Errorf("%s: %.200s", part, answer)
		}
	}
	answer := ask(t, map[string]any{"op": "type", "text": "object({ a = optional(number, 1e999999999) })"})
	if !strings.Contains(answer, `"optional":true,"default_text":"1e999999999"}`) {
		t.Error(answer)
	}
}

func FuzzTypeNeverPanics(f *testing.F) {
	for _, seed := range []string{"any", "object({ a = optional(list(any), []) })", "tuple([string])", "\"${1}\"", "object({(null)=any})", "<<A\nx\nA\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if found := readType(text); found.Type == nil && len(found.Diagnostics) == 0 {
			t.Errorf("%q is neither a type nor wrong", text)
		}
	})
}

func TestVersions(t *testing.T) {
	got := ask(t, map[string]any{"op": "versions", "constraints": []string{"~> 1.2, != 1.4.0", "< v1.9"},
		"versions": []string{"1.2.0", "1.4.0", "1.9.0", "1.5.0-beta1"}})
	want := `{"constraints":[{"text":"~> 1.2","operator":"~>","version":"1.2"},{"text":"!= 1.4.0","operator":"!=","version":"1.4.0"},` +
		`{"text":"< v1.9","operator":"<","version":"v1.9"}],"allowed":{"1.2.0":true,"1.4.0":false,"1.5.0-beta1":false,"1.9.0":false},"errors":[]}`
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestWhatCannotBeParsedIsNamedAndNothingIsAllowed(t *testing.T) {
	got := ask(t, map[string]any{"op": "versions", "constraints": []string{">= 1.0", "=> 2", ""}, "versions": []string{"1.0.0", "one"}})
	for _, part := range []string{`"allowed":{}`, `{"text":"=> 2","message":`, `{"text":"","message":`, `{"text":"one","message":`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
	got = ask(t, map[string]any{"op": "refused", "old": []string{"newest"}, "new": []string{">= 1"}})
	if !strings.HasPrefix(got, `{"version":"","errors":[{"text":"newest",`) {
		t.Error(got)
	}
}

func TestRefused(t *testing.T) {
	for _, one := range []struct{ old, new, version string }{
		{">= 1.0", ">= 1.0", ""}, {">= 1.0", "~> 1.0", "2.0.0"}, {"~> 1.2", "~> 1.2.0", "1.3.0"}, {"~> 1.2.0", "~> 1.2", ""},
		{"", ">= 1.5", "0.0.0"}, {"1.2.3", ">= 1.2.3", ""}, {">= 1.0, != 1.5.0", ">= 1.0", ""}, {">= 1.0", ">= 1.0, != 1.5.0", "1.5.0"},
		{"< 2", "< 3", ""}, {"< 3", "< 2", "2.0.0"}, {"~> 1", "< 1.0.5", "1.0.5"},
		{">= 1.0.0-rc1", ">= 1.0", "1.0.0-rc1"}, {"1.0.0-beta", "1.0.0", "1.0.0-beta"}, {"~> 1.0.0-beta", "~> 1.0.0", "1.0.0-beta"},
		{"~> 1.0.0", "~> 1.0.0-beta", "1.0.0"}, {"< 3", "< 2.9999999", "2.9999999.0"},
	} {
		old := []string{}
		if one.old != "" {
			old = append(old, one.old)
		}
		got := ask(t, map[string]any{"op": "refused", "old": old, "new": []string{one.new}})
		if got != `{"version":"`+one.version+`","errors":[]}` {
			t.Errorf("%s -> %s: %s", one.old, one.new, got)
		}
	}
}

// What Terraform 1.11.4 installs from a mirror with 1.0.0-beta1, 1.0.0-beta2, 1.0.0, 1.5.0, 2.0.0 and 2.1.0-rc1 was tried:
// `~> 1` takes 1.5.0, `>= 1.0.0-beta1, < 1.0.0` and `>= 2.1.0-rc1` take none, `1.0.0-beta1, >= 0` takes 1.0.0-beta1.
func TestRefusedOfAProvider(t *testing.T) {
	for _, one := range []struct{ old, new, version string }{
		{"~> 1", "~> 1.0", ""}, {"~> 1.0", "~> 1", ""}, {">= 1", "~> 1", "2.0.0"}, {"~> 1.2", "~> 1.2.0", "1.3.0"},
		{">= 1.0.0-rc1", ">= 1.0.0", ""}, {">= 1.0.0", ">= 1.0.0-rc1", ""}, {"~> 1.0.0-beta1", "~> 1.0.0", ""},
		{"1.0.0-beta1", "1.0.0-beta1, >= 0", ""}, {"1.0.0-beta1", "1.0.0-beta2", "1.0.0-beta1"},
		{"1.0.0-beta1", "1.0.0", "1.0.0-beta1"}, {">= 1.0, != 1.5.0", ">= 1.0", ""}, {">= 1.0", ">= 1.0, != 1.5.0", "1.5.0"},
		{"< 3", "< 2", "2.0.0"}, {">= 0", ">= 1.5", "0.0.1"},
	} {
		got := ask(t, map[string]any{"op": "refused", "of": "provider", "old": []string{one.old}, "new": []string{one.new}})
		if got != `{"version":"`+one.version+`","errors":[]}` {
			t.Errorf("%s -> %s: %s", one.old, one.new, got)
		}
	}
	got := ask(t, map[string]any{"op": "refused", "of": "provider", "old": []string{"newest"}, "new": []string{}})
	if !strings.HasPrefix(got, `{"version":"","errors":[{"text":"newest",`) {
		t.Error(got)
	}
}

func TestADefaultThatCannotBeHeldIsAnAnswer(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte("variable \"x\" {\n  default = 1e400\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := ask(t, map[string]any{"op": "inspect", "dir": dir})
	if !strings.HasPrefix(got, `{"error":"terraform-config-inspect ended: `) || len(got) > 300 {
		t.Error(got)
	}
}

func TestInspectMergesOverridesAndSeesWhatIsInside(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"main.tf": mainTF, "main_override.tf": `variable "name" { default = "x" }`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := ask(t, map[string]any{"op": "inspect", "dir": dir})
	for _, part := range []string{`"default":"x"`, `"managed_resources":{"x.y":{`, `"required_core":[">= 1.9"]`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
	if got := ask(t, map[string]any{"op": "inspect", "dir": "/nowhere"}); !strings.Contains(got, `"severity":"error"`) {
		t.Error(got)
	}
}

const mainTF = `terraform {
  required_version = ">= 1.9"
  required_providers {
    platform = {
      source                = "acme.test/platform/platform"
      version               = "~> 1.0"
      configuration_aliases = [platform.other]
    }
    old = "~> 2.0"
  }
}

variable "pool" {
  description = "GPUs."
  type = object({
    count = optional(number, 2) # nodes
  })
  default = { count = 1 }

  validation {
    condition     = var.pool.count > 0
    error_message = "At least one."
  }
}

variable "name" {
  type     = string
  nullable = false
}

output "bucket" {
  value     = "${var.name}-x"
  sensitive = true
}

provider "platform" {
  alias = "west"
}

resource "x" "y" {}
`

func inModule(t *testing.T, files map[string]string) moduleAnswer {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got moduleAnswer
	if err := json.Unmarshal([]byte(ask(t, map[string]any{"op": "module", "dir": dir})), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestModule(t *testing.T) {
	got := inModule(t, map[string]string{"main.tf": mainTF, ".hidden.tf": "}"})
	if len(got.Diagnostics) != 0 || len(got.Variables) != 2 || len(got.Outputs) != 1 || len(got.ProviderConfigs) != 1 {
		t.Fatalf("%+v", got)
	}
	pool, name := got.Variables[0], got.Variables[1]
	if pool.Type != "object({\n    count = optional(number, 2) # nodes\n  })" || string(pool.Default) != `{"count":1}` || pool.Required ||
		pool.DefaultText != "{ count = 1 }" || pool.File != "main.tf" || pool.Line != 13 || pool.Description != "GPUs." ||
		pool.Validations[0] != (validation{"var.pool.count > 0", `"At least one."`}) {
		t.Errorf("%+v", pool)
	}
	if !name.Required || name.Nullable != "false" || name.Default != nil {
		t.Errorf("%+v", name)
	}
	if out := got.Outputs[0]; out.Value != `"${var.name}-x"` || !out.Sensitive || out.Line != 31 {
		t.Errorf("%+v", out)
	}
	if one := got.ProviderConfigs[0]; one.Name != "platform" || one.Alias != "west" {
		t.Errorf("%+v", one)
	}
	platform, old := got.RequiredProviders[0], got.RequiredProviders[1]
	if platform.Source != "acme.test/platform/platform" || platform.Version != "~> 1.0" || old.Version != "~> 2.0" ||
		!strings.Contains(platform.Expression, "configuration_aliases") || got.RequiredVersion[0] != ">= 1.9" {
		t.Errorf("%+v", got.RequiredProviders)
	}
}

func TestEachDeclarationIsListedOverridesLast(t *testing.T) {
	got := inModule(t, map[string]string{
		"a_override.tf": `variable "x" { default = 2 }`, "b.tf": "variable \"x\" {}\nvariable \"x\" {}",
		"c.tf.json": `{"variable": {"y": {"type": "list(string)"}}}`,
	})
	var found []string
	for _, one := range got.Variables {
		found = append(found, one.Name+" "+one.File)
	}
	if strings.Join(found, ", ") != "x b.tf, x b.tf, y c.tf.json, x a_override.tf" || !got.Variables[3].Override || got.Variables[2].Type != "list(string)" {
		t.Errorf("%+v", got.Variables)
	}
}

func TestFaultsOfAModuleHaveTheirPlace(t *testing.T) {
	for text, said := range map[string]string{
		`variable "x" {`: "Unclosed",
		"variable \"x\" {\n  default = upper(\"x\")\n}": "Function calls not allowed",
		"output \"x\" {\n  sensitive = 1\n}":            "Unsuitable value type",
		"variable \"x\" {\n  description = var.y\n}":    "Variables not allowed",
		"variable \"x\" {\n  description = \"\xff\"\n}": "UTF-8",
		"variable {}": "Missing name",
	} {
		got := inModule(t, map[string]string{"main.tf": text, "ok.tf": `variable "ok" {}`})
		if len(got.Diagnostics) == 0 || got.Diagnostics[0].File != "main.tf" || got.Diagnostics[0].Line == 0 ||
			!strings.Contains(got.Diagnostics[0].Summary+got.Diagnostics[0].Detail, said) {
			t.Errorf("%s: %+v", text, got.Diagnostics)
		}
	}
}

func TestRequestsThatCannotBeUnderstood(t *testing.T) {
	for _, asked := range []map[string]any{{"op": "guess"}, {"op": "module", "dir": "/nowhere"}, {"op": "type", "text": strings.Repeat("(", maxText+1)}} {
		if got := ask(t, asked); !strings.HasPrefix(got, `{"error":"`) {
			t.Error(got)
		}
	}
	var out, problems bytes.Buffer
	for _, text := range []string{"{", `{"op":"type","txt":""}`, "type"} {
		if code := run(nil, strings.NewReader(text), &out, &problems); code != 2 || problems.Len() == 0 {
			t.Errorf("%s: exit code %d", text, code)
		}
	}
	if code := run([]string{"--help"}, strings.NewReader(""), &out, &problems); code != 2 {
		t.Errorf("exit code %d", code)
	}
}

func TestManyRequestsAreAnsweredInOrder(t *testing.T) {
	var out, problems bytes.Buffer
	run(nil, strings.NewReader(`{"op":"type","text":"bool"}{"op":"refused"}`+"\n"+`{"op":"type","text":"any"}`), &out, &problems)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "bool") || !strings.Contains(lines[2], "any") {
		t.Error(out.String())
	}
}

func TestSyntaxSaysWhereEverythingStands(t *testing.T) {
	dir := t.TempDir()
	text := "# ü\nresource \"a\" \"b\" {\n  n = 3\n  tags = merge(var.tags, { team = \"x-${var.t}\", on = true })\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var got syntaxAnswer
	if err := json.Unmarshal([]byte(ask(t, map[string]any{"op": "syntax", "dir": dir})), &got); err != nil {
		t.Fatal(err)
	}
	resource := got.Files[0].Blocks[0]
	if cut := text[resource.Start:resource.End]; !strings.HasPrefix(cut, "resource") || !strings.HasSuffix(cut, "}\n}") {
		t.Errorf("block %q", cut)
	}
	if inner := resource.Blocks[0]; inner.Type != "lifecycle" || text[inner.Start:inner.End] != "lifecycle {\n    prevent_destroy = true\n  }" {
		t.Errorf("inner %+v", inner)
	}
	var kinds []string
	for _, one := range resource.Arguments[1].Parts {
		kinds = append(kinds, one.Kind+" "+one.Text)
		if one.Kind != "entry" && text[one.Start:one.End] != one.Text {
			t.Errorf("%+v is %q", one, text[one.Start:one.End])
		}
	}
	want := "reference var.tags, entry team, template \"x-${var.t}\", reference var.t, entry on, bool true"
	if strings.Join(kinds, ", ") != want || resource.Arguments[0].Parts[0].Kind != "number" {
		t.Errorf("parts %v", kinds)
	}
}

func TestExpressions(t *testing.T) {
	for text, parts := range map[string][]string{
		"var.a.n >= 1 && 16 >= var.a.n # why": {`"subject":"var.a.n"`, `"function":"candidate >= 1 && 16 >= candidate # why"`,
			`"constants":[1,16]`, `"exact":true`, `"normal":"var . a . n >= 1 && 16 >= var . a . n"`},
		`contains(["x"], var.a) || length(var.a) == 2`: {`"exact":true,"by_length":true`, `"shape":{"kind":"bool"}`},
		`can(regex("^a$", var.a))`:                     {`"exact":false`, `"function":"can(regex(\"^a$\", candidate))"`},
		`var.a < var.b`:                                {`"references":["var.a","var.b"],"shape":{"kind":"bool"},"diagnostics":[]}`},
		"{\n  a = 1\n  b = \"x\"\n}":                   {`{"kind":"object","attributes":{"a":{"kind":"number"},"b":{"kind":"string"}}}`, `"normal":"{ a = 1 , b = \" x \" }"`},
		`x.y["k"].id`:                                  {`"ref":"x.y[\"k\"].id"`},
		"[-1, -2,]":                                    {`"normal":"[ - 1 , - 2 ]"`, `"kind":"list"`},
		"a ? [1] : tolist(x)":                          {`"kind":"list"`},
		"f(":                                           {`"kind":"unknown"`, `"severity":"error"`},
	} {
		got := ask(t, map[string]any{"op": "expression", "text": text})
		for _, part := range parts {
			if !strings.Contains(got, part) {
				t.Errorf("%s: no %s in %s", text, part, got)
			}
		}
	}
}

func TestWhatIsInside(t *testing.T) {
	got := inModule(t, map[string]string{"main.tf": `resource "x" "y" { for_each = {} }
module "m" {
  source = "./m"
  count  = 1
}
moved {
  from = x.old
  to   = x.y["k"]
}
removed {
  from = x.gone
  lifecycle { destroy = false }
}
`})
	if len(got.Diagnostics) != 0 || got.Resources[0].Repetition != "for_each" || got.ModuleCalls[0].Repetition != "count" ||
		got.Moved[0].From != "x.old" || got.Moved[0].To != `x.y["k"]` || got.Removed[0].From != "x.gone" || got.Removed[0].Destroy {
		t.Errorf("%+v", got)
	}
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
)

// place is where a declaration starts.
type place struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Override bool   `json:"override,omitempty"`
}

// variable is an input as declared; expressions are as written. Default is absent when it is no constant.
type variable struct {
	Name        string          `json:"name"`
	Type        string          `json:"type,omitempty"`
	Description string          `json:"description,omitempty"`
	Required    bool            `json:"required"`
	DefaultText string          `json:"default_text,omitempty"`
	Default     json.RawMessage `json:"default,omitempty"`
	Sensitive   bool            `json:"sensitive,omitempty"`
	Ephemeral   bool            `json:"ephemeral,omitempty"`
	Nullable    string          `json:"nullable,omitempty"`
	Validations []validation    `json:"validations,omitempty"`
	place
}

type validation struct {
	Condition    string `json:"condition"`
	ErrorMessage string `json:"error_message"`
}

type output struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Sensitive   bool   `json:"sensitive,omitempty"`
	Ephemeral   bool   `json:"ephemeral,omitempty"`
	place
}

// provider is an entry of required_providers.
type provider struct {
	Name       string `json:"name"`
	Source     string `json:"source,omitempty"`
	Version    string `json:"version,omitempty"`
	Expression string `json:"expression"`
	// Aliases are the configurations that a caller must pass (configuration_aliases).
	Aliases []string `json:"aliases,omitempty"`
	place
}

// resource is a managed resource; repetition is count, for_each or nothing.
type resource struct {
	Address    string `json:"address"`
	Repetition string `json:"repetition,omitempty"`
	place
}

// moduleCall is a module that the module uses.
type moduleCall struct {
	Name       string `json:"name"`
	Repetition string `json:"repetition,omitempty"`
	place
}

// moved is a refactoring that Terraform follows; for a removed block To is empty.
type moved struct {
	From string `json:"from"`
	To   string `json:"to,omitempty"`
	// Destroy is false for a removed block that only forgets.
	Destroy bool `json:"destroy,omitempty"`
	place
}

// providerConfig is a provider block.
type providerConfig struct {
	Name  string `json:"name"`
	Alias string `json:"alias,omitempty"`
	place
}

type moduleAnswer struct {
	RequiredVersion   []string         `json:"required_version"`
	Variables         []variable       `json:"variables"`
	Outputs           []output         `json:"outputs"`
	RequiredProviders []provider       `json:"required_providers"`
	ProviderConfigs   []providerConfig `json:"provider_configs"`
	Resources         []resource       `json:"resources"`
	ModuleCalls       []moduleCall     `json:"module_calls"`
	Moved             []moved          `json:"moved"`
	Removed           []moved          `json:"removed"`
	Diagnostics       []diagnostic     `json:"diagnostics"`
}

var (
	fileSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "variable", LabelNames: []string{"name"}}, {Type: "output", LabelNames: []string{"name"}},
		{Type: "provider", LabelNames: []string{"name"}}, {Type: "terraform"},
		{Type: "resource", LabelNames: []string{"type", "name"}}, {Type: "module", LabelNames: []string{"name"}},
		{Type: "moved"}, {Type: "removed"},
	}}
	variableSchema = &hcl.BodySchema{
		Attributes: optional("type", "default", "description", "sensitive", "ephemeral", "nullable"),
		Blocks:     []hcl.BlockHeaderSchema{{Type: "validation"}},
	}
	validationSchema = &hcl.BodySchema{Attributes: optional("condition", "error_message")}
	outputSchema     = &hcl.BodySchema{Attributes: optional("value", "description", "sensitive", "ephemeral")}
	repetitionSchema = &hcl.BodySchema{Attributes: optional("count", "for_each")}
	movedSchema      = &hcl.BodySchema{Attributes: optional("from", "to")}
	removedSchema    = &hcl.BodySchema{Attributes: optional("from"), Blocks: []hcl.BlockHeaderSchema{{Type: "lifecycle"}}}
	lifecycleSchema  = &hcl.BodySchema{Attributes: optional("destroy")}
	providerSchema   = &hcl.BodySchema{Attributes: optional("alias")}
	terraformSchema  = &hcl.BodySchema{
		Attributes: optional("required_version"), Blocks: []hcl.BlockHeaderSchema{{Type: "required_providers"}},
	}
)

func optional(names ...string) []hcl.AttributeSchema {
	var all []hcl.AttributeSchema
	for _, name := range names {
		all = append(all, hcl.AttributeSchema{Name: name})
	}
	return all
}

// reader collects the declarations of one module.
type reader struct {
	answer moduleAnswer
	diags  hcl.Diagnostics
	file   *hcl.File
}

// readModule lists what the files of one directory declare, each declaration by itself: an override is not merged.
func readModule(dir string) any {
	paths, err := moduleFiles(dir)
	if err != nil {
		return failure{err.Error()}
	}
	found, parser := reader{}, hclparse.NewParser()
	found.answer = moduleAnswer{
		RequiredVersion: []string{}, Variables: []variable{}, Outputs: []output{},
		RequiredProviders: []provider{}, ProviderConfigs: []providerConfig{}, Resources: []resource{},
		ModuleCalls: []moduleCall{}, Moved: []moved{}, Removed: []moved{},
	}
	for _, path := range paths {
		parse := parser.ParseHCLFile
		if strings.HasSuffix(path, ".json") {
			parse = parser.ParseJSONFile
		}
		file, diags := parse(path)
		if found.diags = append(found.diags, diags...); file != nil {
			found.file = file
			found.declarations(file.Body)
		}
	}
	found.answer.Diagnostics = told(found.diags)
	return found.answer
}

// moduleFiles returns the .tf and .tf.json files of a directory, sorted; overrides come last, as in Terraform.
func moduleFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		name := entry.Name()
		ignored := strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || entry.IsDir()
		if !ignored && (strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json")) {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int {
		if isOverride(a) != isOverride(b) {
			if isOverride(a) {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	return paths, nil
}

func isOverride(path string) bool {
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".json"), ".tf")
	return name == "override" || strings.HasSuffix(name, "_override")
}

func (r *reader) declarations(body hcl.Body) {
	content, _, diags := body.PartialContent(fileSchema)
	r.diags = append(r.diags, diags...)
	for _, block := range content.Blocks {
		switch block.Type {
		case "variable":
			r.variable(block)
		case "output":
			r.output(block)
		case "provider":
			attributes := r.attributes(block.Body, providerSchema)
			config := providerConfig{block.Labels[0], r.text(attributes["alias"]), placeOf(block.DefRange)}
			r.answer.ProviderConfigs = append(r.answer.ProviderConfigs, config)
		case "terraform":
			r.terraform(block)
		default:
			r.inside(block)
		}
	}
}

// attributes returns the known attributes of a block; other content is left to Terraform.
func (r *reader) attributes(body hcl.Body, schema *hcl.BodySchema) hcl.Attributes {
	content, _, diags := body.PartialContent(schema)
	r.diags = append(r.diags, diags...)
	return content.Attributes
}

func (r *reader) variable(block *hcl.Block) {
	content, _, diags := block.Body.PartialContent(variableSchema)
	r.diags = append(r.diags, diags...)
	attributes := content.Attributes
	made := variable{
		Name: block.Labels[0], Type: r.typeText(attributes["type"]), Description: r.text(attributes["description"]),
		Required: attributes["default"] == nil, DefaultText: r.written(attributes["default"]),
		Sensitive: r.flag(attributes["sensitive"]), Ephemeral: r.flag(attributes["ephemeral"]),
		Nullable: r.written(attributes["nullable"]), place: placeOf(block.DefRange),
	}
	if given := attributes["default"]; given != nil {
		value, diags := given.Expr.Value(nil)
		if r.diags = append(r.diags, diags...); !diags.HasErrors() {
			made.Default = constant(value)
		}
	}
	for _, inner := range content.Blocks {
		rule := r.attributes(inner.Body, validationSchema)
		made.Validations = append(made.Validations, validation{r.written(rule["condition"]), r.written(rule["error_message"])})
	}
	r.answer.Variables = append(r.answer.Variables, made)
}

func (r *reader) output(block *hcl.Block) {
	attributes := r.attributes(block.Body, outputSchema)
	r.answer.Outputs = append(r.answer.Outputs, output{
		block.Labels[0], r.written(attributes["value"]), r.text(attributes["description"]),
		r.flag(attributes["sensitive"]), r.flag(attributes["ephemeral"]), placeOf(block.DefRange),
	})
}

func (r *reader) terraform(block *hcl.Block) {
	content, _, diags := block.Body.PartialContent(terraformSchema)
	r.diags = append(r.diags, diags...)
	if wanted := r.text(content.Attributes["required_version"]); wanted != "" {
		r.answer.RequiredVersion = append(r.answer.RequiredVersion, wanted)
	}
	for _, inner := range content.Blocks {
		attributes, diags := inner.Body.JustAttributes()
		r.diags = append(r.diags, diags...)
		for _, entry := range sorted(attributes) {
			r.answer.RequiredProviders = append(r.answer.RequiredProviders, r.requirement(entry))
		}
	}
}

func sorted(attributes hcl.Attributes) []*hcl.Attribute {
	var all []*hcl.Attribute
	for _, one := range attributes {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *hcl.Attribute) int { return a.Range.Start.Byte - b.Range.Start.Byte })
	return all
}

// requirement reads `name = { source = ..., version = ... }`, or the older `name = "constraint"`. The object is read
// pair by pair, since configuration_aliases refers to what has no value here.
func (r *reader) requirement(entry *hcl.Attribute) provider {
	made := provider{Name: entry.Name, Expression: r.written(entry), place: placeOf(entry.Range)}
	pairs, diags := hcl.ExprMap(entry.Expr)
	if diags.HasErrors() {
		made.Version = r.text(entry)
		return made
	}
	for _, pair := range pairs {
		key, diags := pair.Key.Value(nil)
		if diags.HasErrors() || key.Type() != cty.String {
			continue
		}
		value := func() string { return r.text(&hcl.Attribute{Name: key.AsString(), Expr: pair.Value}) }
		switch key.AsString() {
		case "source":
			made.Source = value()
		case "version":
			made.Version = value()
		case "configuration_aliases":
			items, _ := hcl.ExprList(pair.Value)
			for _, item := range items {
				made.Aliases = append(made.Aliases, address(item))
			}
		}
	}
	return made
}

// written returns the text of an expression, byte for byte.
func (r *reader) written(attribute *hcl.Attribute) string {
	if attribute == nil {
		return ""
	}
	return string(attribute.Expr.Range().SliceBytes(r.file.Bytes))
}

// typeText returns a type constraint as written; JSON has it in quotes, and Terraform reads what is in them.
func (r *reader) typeText(attribute *hcl.Attribute) string {
	text := r.written(attribute)
	var inside string
	if attribute != nil && strings.HasSuffix(attribute.Range.Filename, ".json") && json.Unmarshal([]byte(text), &inside) == nil {
		return inside
	}
	return text
}

// text returns a constant string; what is none is a diagnostic.
func (r *reader) text(attribute *hcl.Attribute) string {
	if attribute == nil {
		return ""
	}
	value, diags := attribute.Expr.Value(nil)
	if r.diags = append(r.diags, diags...); diags.HasErrors() || value.IsNull() || value.Type() != cty.String || !value.IsKnown() {
		if !diags.HasErrors() && !value.IsNull() {
			r.wrong(attribute, "a string")
		}
		return ""
	}
	return value.AsString()
}

// flag returns a constant bool; what is none is a diagnostic.
func (r *reader) flag(attribute *hcl.Attribute) bool {
	if attribute == nil {
		return false
	}
	value, diags := attribute.Expr.Value(nil)
	if r.diags = append(r.diags, diags...); diags.HasErrors() || value.IsNull() || value.Type() != cty.Bool {
		if !diags.HasErrors() {
			r.wrong(attribute, "true or false")
		}
		return false
	}
	return value.True()
}

func (r *reader) wrong(attribute *hcl.Attribute, expected string) {
	subject := attribute.Expr.Range()
	r.diags = append(r.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Unsuitable value type",
		Detail: "The value of " + attribute.Name + " must be " + expected + ".", Subject: &subject,
	})
}

func placeOf(at hcl.Range) place {
	return place{filepath.Base(at.Filename), at.Start.Line, isOverride(at.Filename)}
}

package main

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// typeNode is a type constraint: its kind, and what it is made of.
type typeNode struct {
	Kind       string      `json:"kind"`
	Element    *typeNode   `json:"element,omitempty"`
	Attributes []attribute `json:"attributes,omitempty"`
	Items      []typeNode  `json:"items,omitempty"`
}

// attribute is one attribute of an object, in the order in which they are written. Default is absent when none is
// written, and null when null is.
type attribute struct {
	Name        string          `json:"name"`
	Type        typeNode        `json:"type"`
	Optional    bool            `json:"optional,omitempty"`
	Default     json.RawMessage `json:"default,omitempty"`
	DefaultText string          `json:"default_text,omitempty"`
}

type typeAnswer struct {
	Type        *typeNode    `json:"type"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

// readType parses a type constraint as Terraform does; no text means any.
func readType(text string) typeAnswer {
	if strings.TrimSpace(text) == "" {
		return typeAnswer{&typeNode{Kind: "any"}, []diagnostic{}}
	}
	source := []byte(text)
	expr, diags := hclsyntax.ParseExpression(source, "", hcl.InitialPos)
	if diags.HasErrors() {
		return typeAnswer{nil, told(diags)}
	}
	if legacy := legacyType(expr); legacy != nil {
		return typeAnswer{legacy, told(diags)}
	}
	found, defaults, more := typeexpr.TypeConstraintWithDefaults(expr)
	if diags = append(diags, more...); diags.HasErrors() {
		return typeAnswer{nil, told(diags)}
	}
	node := treeOf(expr, found, defaults, source)
	return typeAnswer{&node, told(diags)}
}

// legacyType returns what Terraform 0.11 wrote: a bare `list` or `map`, or a quoted word.
func legacyType(expr hcl.Expression) *typeNode {
	word := hcl.ExprAsKeyword(expr)
	if word == "" {
		// ExprAsKeyword takes no quoted text; a constant string is one.
		if value, diags := expr.Value(nil); !diags.HasErrors() && value.Type() == cty.String && value.IsKnown() && !value.IsNull() {
			if word = value.AsString(); word == "string" {
				return &typeNode{Kind: word}
			}
		}
	}
	if word == "list" || word == "map" || word == "set" {
		return &typeNode{Kind: word, Element: &typeNode{Kind: "any"}}
	}
	return nil
}

// treeOf describes a type that typeexpr has read from expr, so the shape of expr is known to be right.
func treeOf(expr hcl.Expression, found cty.Type, defaults *typeexpr.Defaults, source []byte) typeNode {
	child := func(name string) *typeexpr.Defaults {
		if defaults == nil {
			return nil
		}
		return defaults.Children[name]
	}
	var argument hcl.Expression
	if call, diags := hcl.ExprCall(expr); !diags.HasErrors() {
		argument = call.Arguments[0]
	}
	switch {
	case found == cty.DynamicPseudoType:
		return typeNode{Kind: "any"}
	case found.IsPrimitiveType():
		return typeNode{Kind: found.FriendlyName()}
	case found.IsCollectionType():
		kind := map[bool]string{found.IsListType(): "list", found.IsSetType(): "set", found.IsMapType(): "map"}[true]
		element := treeOf(argument, found.ElementType(), child(""), source)
		return typeNode{Kind: kind, Element: &element}
	case found.IsTupleType():
		node := typeNode{Kind: "tuple"}
		items, _ := hcl.ExprList(argument)
		for index, item := range items {
			node.Items = append(node.Items, treeOf(item, found.TupleElementType(index), child(strconv.Itoa(index)), source))
		}
		return node
	}
	node := typeNode{Kind: "object"}
	pairs, _ := hcl.ExprMap(argument)
	for _, pair := range pairs {
		node.Attributes = append(node.Attributes, attributeOf(pair, found, defaults, child, source))
	}
	return node
}

func attributeOf(pair hcl.KeyValuePair, of cty.Type, defaults *typeexpr.Defaults, child func(string) *typeexpr.Defaults, source []byte) attribute {
	name := hcl.ExprAsKeyword(pair.Key)
	made, expr := attribute{Name: name, Optional: of.AttributeOptional(name)}, pair.Value
	if made.Optional {
		call, _ := hcl.ExprCall(expr)
		expr = call.Arguments[0]
		if len(call.Arguments) > 1 {
			made.DefaultText = strings.Join(strings.Fields(string(call.Arguments[1].Range().SliceBytes(source))), " ")
			var value cty.Value
			if defaults != nil {
				value = defaults.DefaultValues[name]
			}
			made.Default = constant(value)
		}
	}
	made.Type = treeOf(expr, of.AttributeType(name), child(name), source)
	return made
}

// constant returns a value as JSON: null when none is set, nothing when it has no JSON form (it is unknown, or a number
// of millions of digits).
func constant(value cty.Value) json.RawMessage {
	if value == cty.NilVal {
		return json.RawMessage("null")
	}
	text, err := json.Marshal(ctyjson.SimpleJSONValue{Value: value})
	if err != nil {
		return nil
	}
	return text
}

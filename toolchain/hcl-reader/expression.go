package main

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// subjectName stands for the one value that a condition is about, in its rewritten form.
const subjectName = "candidate"

// conversions are the functions that an expression may call and still be taken for a constant.
var conversions = &hcl.EvalContext{Functions: map[string]function.Function{
	"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
	"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), "tostring": stdlib.MakeToFunc(cty.String),
	"tonumber": stdlib.MakeToFunc(cty.Number), "tobool": stdlib.MakeToFunc(cty.Bool),
}}

// expressionAnswer is what can be said of an expression without evaluating it.
//
// Normal is its tokens without comments and layout: two expressions of the same Normal are the same. Condition is set
// when the expression is about one input only.
type expressionAnswer struct {
	Normal     string     `json:"normal"`
	References []string   `json:"references"`
	Shape      shape      `json:"shape"`
	Condition  *condition `json:"condition,omitempty"`
	// Value is what it comes to, when it refers to nothing and calls only conversions.
	Value       json.RawMessage `json:"value,omitempty"`
	Diagnostics []diagnostic    `json:"diagnostics"`
}

// shape is the type of a value as far as the expression shows it; kind is unknown where it does not. Ref is set for a
// plain reference.
type shape struct {
	Kind       string           `json:"kind"`
	Ref        string           `json:"ref,omitempty"`
	Element    *shape           `json:"element,omitempty"`
	Attributes map[string]shape `json:"attributes,omitempty"`
}

// condition is an expression about one value. Function is the expression with that value replaced by `candidate`.
// Exact says that its answer depends only on how the value, its length or its whole part compares with Constants: then
// one sample between and on each of them is a proof.
type condition struct {
	Subject   string            `json:"subject"`
	Function  string            `json:"function"`
	Constants []json.RawMessage `json:"constants"`
	Exact     bool              `json:"exact"`
	ByLength  bool              `json:"by_length,omitempty"`
}

func readExpression(text string) expressionAnswer {
	source := []byte(text)
	answer := expressionAnswer{Normal: normal(source), References: []string{}, Shape: shape{Kind: "unknown"}}
	expr, diags := hclsyntax.ParseExpression(source, "", hcl.InitialPos)
	answer.Diagnostics = told(diags)
	if diags.HasErrors() {
		return answer
	}
	answer.Shape = shapeOf(expr)
	if value, diags := expr.Value(conversions); len(expr.Variables()) == 0 && !diags.HasErrors() && value.IsWhollyKnown() {
		answer.Value = constant(value)
	}
	for _, used := range expr.Variables() {
		if path, _ := pathOf(used); !slices.Contains(answer.References, path) {
			answer.References = append(answer.References, path)
		}
	}
	sort.Strings(answer.References)
	if len(answer.References) == 1 && strings.HasPrefix(answer.References[0], "var.") {
		found := conditionOf(expr, answer.References[0], source)
		answer.Condition = &found
	}
	return answer
}

// pathOf returns a reference up to its first index, and where it ends.
func pathOf(used hcl.Traversal) (string, hcl.Pos) {
	parts, end := []string{}, used.SourceRange().Start
	for _, step := range used {
		switch one := step.(type) {
		case hcl.TraverseRoot:
			parts, end = append(parts, one.Name), one.SrcRange.End
		case hcl.TraverseAttr:
			parts, end = append(parts, one.Name), one.SrcRange.End
		default:
			return strings.Join(parts, "."), end
		}
	}
	return strings.Join(parts, "."), end
}

func conditionOf(expr hclsyntax.Expression, subject string, source []byte) condition {
	found := condition{Subject: subject, Constants: []json.RawMessage{}}
	used := expr.Variables()
	sort.Slice(used, func(a, b int) bool {
		return used[a].SourceRange().Start.Byte > used[b].SourceRange().Start.Byte
	})
	text := string(source)
	for _, one := range used {
		_, end := pathOf(one)
		text = text[:one.SourceRange().Start.Byte] + subjectName + text[end.Byte:]
	}
	found.Function = text
	found.Exact = found.judge(expr)
	// Constants are of use as samples also where the answer is not exact.
	_ = hclsyntax.VisitAll(expr, func(node hclsyntax.Node) hcl.Diagnostics {
		if inner, ok := node.(hclsyntax.Expression); ok && len(inner.Variables()) == 0 {
			if value, diags := inner.Value(nil); !diags.HasErrors() {
				found.constant(value)
			}
		}
		return nil
	})
	return found
}

func (c *condition) constant(value cty.Value) {
	kind := value.Type()
	if !value.IsKnown() || value.IsNull() || (kind != cty.String && kind != cty.Number && kind != cty.Bool) {
		return
	}
	if text := constant(value); text != nil && !slices.ContainsFunc(c.Constants, func(one json.RawMessage) bool { return string(one) == string(text) }) {
		c.Constants = append(c.Constants, text)
	}
}

// judge says whether the truth of expr is decided by comparisons with constants.
func (c *condition) judge(expr hclsyntax.Expression) bool {
	switch one := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return c.judge(one.Expression)
	case *hclsyntax.UnaryOpExpr:
		return one.Op == hclsyntax.OpLogicalNot && c.judge(one.Val)
	case *hclsyntax.BinaryOpExpr:
		switch one.Op {
		case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
			// Both are asked, so that each may say that it is about a length.
			left, right := c.judge(one.LHS), c.judge(one.RHS)
			return left && right
		case hclsyntax.OpEqual, hclsyntax.OpNotEqual, hclsyntax.OpGreaterThan, hclsyntax.OpGreaterThanOrEqual,
			hclsyntax.OpLessThan, hclsyntax.OpLessThanOrEqual:
			return c.term(one.LHS) && (isConstant(one.RHS) || c.term(one.RHS)) || isConstant(one.LHS) && c.term(one.RHS)
		}
	case *hclsyntax.FunctionCallExpr:
		if one.Name == "contains" && len(one.Args) == 2 {
			return isConstant(one.Args[0]) && isSubject(one.Args[1])
		}
	}
	return false
}

// term says whether expr is the value, its length or its whole part.
func (c *condition) term(expr hclsyntax.Expression) bool {
	call, ok := expr.(*hclsyntax.FunctionCallExpr)
	if !ok {
		return isSubject(expr)
	}
	if len(call.Args) != 1 || !isSubject(call.Args[0]) {
		return false
	}
	c.ByLength = c.ByLength || call.Name == "length"
	return call.Name == "length" || call.Name == "floor" || call.Name == "ceil"
}

func isSubject(expr hclsyntax.Expression) bool {
	used, ok := expr.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return false
	}
	for _, step := range used.Traversal {
		if _, index := step.(hcl.TraverseIndex); index {
			return false
		}
	}
	return true
}

func isConstant(expr hclsyntax.Expression) bool {
	if len(expr.Variables()) > 0 {
		return false
	}
	_, diags := expr.Value(nil)
	return !diags.HasErrors()
}

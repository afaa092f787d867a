package main

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// acceptsAnswer compares which strings two sets of conditions accept. Decided is false when a condition asks more than
// the search understands, or when the search had too far to go; then nothing else is said. Refused is accepted by old and
// not by new, Gained by new and not by old; both are absent where there is none. Lengths are taken as they are written:
// Terraform counts what a reader takes for one character, so an example where both ask for a length may be none.
type acceptsAnswer struct {
	Decided bool    `json:"decided"`
	Refused *string `json:"refused,omitempty"`
	Gained  *string `json:"gained,omitempty"`
}

// compareAccepted searches for a string that old accepts and new does not. Each text is a condition about `candidate`.
func compareAccepted(old, new []string) acceptsAnswer {
	read := &formulas{}
	before, known := read.all(old)
	after, more := read.all(new)
	if !known || !more {
		return acceptsAnswer{}
	}
	answer := acceptsAnswer{Decided: true}
	for _, length := range read.lengths() {
		found := newSearch(read.patterns, length, before, after)
		if !found.run() {
			return acceptsAnswer{}
		}
		if answer.Gained == nil {
			answer.Gained = found.gained
		}
		if found.refused != nil {
			answer.Refused = found.refused
			return answer
		}
	}
	return answer
}

// formula is what a condition says of a string: matched has an answer for each pattern, length is the string's.
type formula func(matched []bool, length int) bool

// formulas reads conditions, and collects the patterns and the lengths that they ask for.
type formulas struct {
	patterns []string
	bounds   []int
}

func (f *formulas) all(texts []string) (formula, bool) {
	parts := make([]formula, 0, len(texts))
	for _, text := range texts {
		expr, diags := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
		if diags.HasErrors() {
			return nil, false
		}
		part := f.read(expr)
		if part == nil {
			return nil, false
		}
		parts = append(parts, part)
	}
	return every(parts), true
}

// lengths returns one length for each answer that the conditions can tell apart; -1 where none asks for it.
func (f *formulas) lengths() []int {
	if len(f.bounds) == 0 {
		return []int{-1}
	}
	found := []int{0, 1}
	for _, bound := range f.bounds {
		for _, near := range []int{bound - 1, bound, bound + 1} {
			if near >= 0 {
				found = append(found, near)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func every(parts []formula) formula {
	return func(matched []bool, length int) bool {
		return !slices.ContainsFunc(parts, func(one formula) bool { return !one(matched, length) })
	}
}

func some(parts []formula) formula {
	return func(matched []bool, length int) bool {
		return slices.ContainsFunc(parts, func(one formula) bool { return one(matched, length) })
	}
}

func not(one formula) formula {
	return func(matched []bool, length int) bool { return !one(matched, length) }
}

func always(answer bool) formula {
	return func([]bool, int) bool { return answer }
}

// read returns what an expression says of a string; nil when it is not understood.
func (f *formulas) read(expr hclsyntax.Expression) formula {
	switch one := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return f.read(one.Expression)
	case *hclsyntax.LiteralValueExpr:
		if one.Val.Type() == cty.Bool {
			return always(one.Val.True())
		}
	case *hclsyntax.UnaryOpExpr:
		if one.Op == hclsyntax.OpLogicalNot {
			if inner := f.read(one.Val); inner != nil {
				return not(inner)
			}
		}
	case *hclsyntax.ConditionalExpr:
		asked, yes, no := f.read(one.Condition), f.read(one.TrueResult), f.read(one.FalseResult)
		if asked != nil && yes != nil && no != nil {
			return some([]formula{every([]formula{asked, yes}), every([]formula{not(asked), no})})
		}
	case *hclsyntax.BinaryOpExpr:
		return f.operation(one)
	case *hclsyntax.FunctionCallExpr:
		return f.call(one)
	}
	return nil
}

func (f *formulas) operation(one *hclsyntax.BinaryOpExpr) formula {
	switch one.Op {
	case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		left, right := f.read(one.LHS), f.read(one.RHS)
		if left == nil || right == nil {
			return nil
		}
		if one.Op == hclsyntax.OpLogicalAnd {
			return every([]formula{left, right})
		}
		return some([]formula{left, right})
	}
	compared, turned := comparisons[one.Op], comparisons[mirrored[one.Op]]
	if compared == nil {
		return nil
	}
	if found := f.comparison(one.LHS, compared, one.RHS); found != nil {
		return found
	}
	return f.comparison(one.RHS, turned, one.LHS)
}

var comparisons = map[*hclsyntax.Operation]func(order int) bool{
	hclsyntax.OpEqual: func(order int) bool { return order == 0 }, hclsyntax.OpNotEqual: func(order int) bool { return order != 0 },
	hclsyntax.OpLessThan: func(order int) bool { return order < 0 }, hclsyntax.OpLessThanOrEqual: func(order int) bool { return order <= 0 },
	hclsyntax.OpGreaterThan: func(order int) bool { return order > 0 }, hclsyntax.OpGreaterThanOrEqual: func(order int) bool { return order >= 0 },
}

var mirrored = map[*hclsyntax.Operation]*hclsyntax.Operation{
	hclsyntax.OpEqual: hclsyntax.OpEqual, hclsyntax.OpNotEqual: hclsyntax.OpNotEqual,
	hclsyntax.OpLessThan: hclsyntax.OpGreaterThan, hclsyntax.OpLessThanOrEqual: hclsyntax.OpGreaterThanOrEqual,
	hclsyntax.OpGreaterThan: hclsyntax.OpLessThan, hclsyntax.OpGreaterThanOrEqual: hclsyntax.OpLessThanOrEqual,
}

// comparison reads `candidate == "x"`, `length(candidate) <= 8` and `length(regexall("x", candidate)) > 0`.
func (f *formulas) comparison(asked hclsyntax.Expression, holds func(int) bool, with hclsyntax.Expression) formula {
	value, ok := constantOf(with)
	if !ok {
		return nil
	}
	if isCandidate(asked) {
		same := always(false)
		if !value.IsNull() {
			if value.Type() != cty.String {
				return nil
			}
			same = f.pattern(`\A` + regexp.QuoteMeta(value.AsString()) + `\z`)
		}
		switch {
		case holds(0) && !holds(1) && !holds(-1):
			return same
		case !holds(0) && holds(1) && holds(-1):
			return not(same)
		}
		return nil
	}
	call, ok := asked.(*hclsyntax.FunctionCallExpr)
	if !ok || call.Name != "length" || len(call.Args) != 1 || value.IsNull() || value.Type() != cty.Number {
		return nil
	}
	bound, exact := value.AsBigFloat().Int64()
	if exact != 0 || bound < -1 || bound > maxLength {
		return nil
	}
	if inner, ok := call.Args[0].(*hclsyntax.FunctionCallExpr); ok {
		return f.found(inner, holds, int(bound))
	}
	if !isCandidate(call.Args[0]) {
		return nil
	}
	f.bounds = append(f.bounds, int(bound))
	return func(_ []bool, length int) bool { return holds(length - int(bound)) }
}

// found reads how often a pattern must be found, as far as it is a question of once or never.
func (f *formulas) found(call *hclsyntax.FunctionCallExpr, holds func(int) bool, bound int) formula {
	pattern, ok := f.searched(call, "regexall")
	if !ok {
		return nil
	}
	never, once, more := holds(0-bound), holds(1-bound), holds(maxLength+1-bound)
	if once != more || bound > 1 {
		return nil
	}
	if never == once {
		return always(once)
	}
	if matches := f.pattern(pattern); matches != nil {
		if once {
			return matches
		}
		return not(matches)
	}
	return nil
}

// searched returns the pattern of regex("x", candidate) and regexall("x", candidate).
func (f *formulas) searched(call *hclsyntax.FunctionCallExpr, name string) (string, bool) {
	if call.Name != name || len(call.Args) != 2 || !isCandidate(call.Args[1]) {
		return "", false
	}
	return textOf(call.Args[0])
}

func (f *formulas) call(call *hclsyntax.FunctionCallExpr) formula {
	switch {
	case call.Name == "can" && len(call.Args) == 1:
		if inner, ok := call.Args[0].(*hclsyntax.FunctionCallExpr); ok {
			if pattern, ok := f.searched(inner, "regex"); ok {
				return f.pattern(pattern)
			}
		}
	case (call.Name == "alltrue" || call.Name == "anytrue") && len(call.Args) == 1:
		return f.many(call)
	case call.Name == "contains" && len(call.Args) == 2 && isCandidate(call.Args[1]):
		items, diags := hcl.ExprList(call.Args[0])
		if diags.HasErrors() {
			return nil
		}
		var parts []formula
		for _, item := range items {
			value, diags := item.Value(nil)
			if diags.HasErrors() || value.IsNull() || value.Type() != cty.String {
				return nil
			}
			parts = append(parts, f.pattern(`\A`+regexp.QuoteMeta(value.AsString())+`\z`))
		}
		return some(parts)
	case len(call.Args) == 2 && isCandidate(call.Args[0]):
		text, ok := textOf(call.Args[1])
		affix, known := map[string][2]string{"startswith": {`\A`, ""}, "endswith": {"", `\z`}, "strcontains": {"", ""}}[call.Name]
		if ok && known {
			return f.pattern(affix[0] + regexp.QuoteMeta(text) + affix[1])
		}
	}
	return nil
}

func (f *formulas) many(call *hclsyntax.FunctionCallExpr) formula {
	list, ok := call.Args[0].(*hclsyntax.TupleConsExpr)
	if !ok {
		return nil
	}
	var parts []formula
	for _, item := range list.Exprs {
		part := f.read(item)
		if part == nil {
			return nil
		}
		parts = append(parts, part)
	}
	if call.Name == "alltrue" {
		return every(parts)
	}
	return some(parts)
}

// pattern returns whether a pattern is found in the string; nil when it is none.
func (f *formulas) pattern(text string) formula {
	if _, err := regexp.Compile(text); err != nil {
		return nil
	}
	at := slices.Index(f.patterns, text)
	if at < 0 {
		at, f.patterns = len(f.patterns), append(f.patterns, text)
	}
	return func(matched []bool, _ int) bool { return matched[at] }
}

func isCandidate(expr hclsyntax.Expression) bool {
	if inner, ok := expr.(*hclsyntax.ParenthesesExpr); ok {
		return isCandidate(inner.Expression)
	}
	used, ok := expr.(*hclsyntax.ScopeTraversalExpr)
	return ok && len(used.Traversal) == 1 && used.Traversal.RootName() == subjectName
}

func constantOf(expr hclsyntax.Expression) (cty.Value, bool) {
	value, diags := expr.Value(nil)
	return value, !diags.HasErrors() && value.IsKnown()
}

func textOf(expr hclsyntax.Expression) (string, bool) {
	value, ok := constantOf(expr)
	if !ok || value.IsNull() || value.Type() != cty.String {
		return "", false
	}
	return value.AsString(), true
}

// keyOf writes numbers as a key of a map.
func keyOf(key []byte, numbers ...int) []byte {
	for _, number := range numbers {
		key = append(strconv.AppendInt(key, int64(number), 36), ' ')
	}
	return key
}

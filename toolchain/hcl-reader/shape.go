package main

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// results has the kind that a function of Terraform's returns whatever it is given.
var results = map[string]string{}

func init() {
	for kind, names := range map[string][]string{
		"string": {"tostring", "format", "join", "lower", "upper", "title", "jsonencode", "yamlencode", "base64encode", "sha256",
			"md5", "trimspace", "trimprefix", "trimsuffix", "replace", "substr", "cidrsubnet", "cidrhost", "basename", "dirname", "formatdate"},
		"number": {"tonumber", "length", "ceil", "floor", "abs", "max", "min", "parseint", "sum", "signum", "pow"},
		"bool":   {"tobool", "can", "contains", "alltrue", "anytrue", "startswith", "endswith"},
		"list":   {"tolist", "concat", "sort", "keys", "values", "split", "flatten", "distinct", "range", "compact", "reverse", "slice"},
		"set":    {"toset", "setunion", "setintersection", "setsubtract"},
		"map":    {"tomap"},
	} {
		for _, name := range names {
			results[name] = kind
		}
	}
}

var unknown = shape{Kind: "unknown"}

// shapeOf returns the type of a value as far as its expression shows it.
func shapeOf(expr hclsyntax.Expression) shape {
	switch one := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return shapeOf(one.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return shapeOf(one.Wrapped)
	case *hclsyntax.TemplateExpr:
		return shape{Kind: "string"}
	case *hclsyntax.LiteralValueExpr:
		if one.Val.IsNull() || !one.Val.Type().IsPrimitiveType() {
			return unknown
		}
		return shape{Kind: one.Val.Type().FriendlyName()}
	case *hclsyntax.ScopeTraversalExpr:
		return shape{Kind: "unknown", Ref: spelt(one.Traversal)}
	case *hclsyntax.TupleConsExpr:
		return shape{Kind: "list", Element: common(one.Exprs)}
	case *hclsyntax.ObjectConsExpr:
		return objectShape(one)
	case *hclsyntax.ForExpr:
		element := shapeOf(one.ValExpr)
		return shape{Kind: map[bool]string{true: "map", false: "list"}[one.KeyExpr != nil], Element: &element}
	case *hclsyntax.SplatExpr:
		return shape{Kind: "list"}
	case *hclsyntax.ConditionalExpr:
		if found := common([]hclsyntax.Expression{one.TrueResult, one.FalseResult}); found != nil {
			return *found
		}
	case *hclsyntax.FunctionCallExpr:
		if (one.Name == "sensitive" || one.Name == "nonsensitive") && len(one.Args) == 1 {
			return shapeOf(one.Args[0])
		}
		if kind := results[one.Name]; kind != "" {
			return shape{Kind: kind}
		}
	case *hclsyntax.BinaryOpExpr:
		return shape{Kind: one.Op.Type.FriendlyName()}
	case *hclsyntax.UnaryOpExpr:
		return shape{Kind: one.Op.Type.FriendlyName()}
	}
	return unknown
}

// common returns the shape that all expressions have by their kind; nothing when they differ or are not known.
func common(all []hclsyntax.Expression) *shape {
	var found *shape
	for _, expr := range all {
		next := shapeOf(expr)
		if next.Kind == "unknown" || (found != nil && found.Kind != next.Kind) {
			return nil
		}
		found = &next
	}
	return found
}

func objectShape(expr *hclsyntax.ObjectConsExpr) shape {
	made := shape{Kind: "object", Attributes: map[string]shape{}}
	for _, item := range expr.Items {
		key, diags := item.KeyExpr.Value(nil)
		if diags.HasErrors() || key.IsNull() || key.Type() != cty.String {
			return unknown
		}
		made.Attributes[key.AsString()] = shapeOf(item.ValueExpr)
	}
	return made
}

// spelt returns a reference as Terraform writes addresses.
func spelt(used hcl.Traversal) string {
	text := ""
	for _, step := range used {
		switch one := step.(type) {
		case hcl.TraverseRoot:
			text = one.Name
		case hcl.TraverseAttr:
			text += "." + one.Name
		case hcl.TraverseIndex:
			if one.Key.Type() == cty.String {
				text += `["` + one.Key.AsString() + `"]`
			} else if one.Key.Type() == cty.Number {
				text += "[" + one.Key.AsBigFloat().Text('f', 0) + "]"
			}
		case hcl.TraverseSplat:
			text += "[*]"
		}
	}
	return text
}

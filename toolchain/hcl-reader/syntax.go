package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// span is a part of a file, in bytes: the first and the one behind the last.
type span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// part is something inside an expression: a literal, a reference, an entry of an object.
type part struct {
	Kind string `json:"kind"` // number, bool, string, template, reference, entry
	Text string `json:"text"` // as written; of an entry its key
	span
}

// argument is `name = expression`.
type argument struct {
	Name  string `json:"name"`
	Value span   `json:"value"`
	Parts []part `json:"parts,omitempty"`
	span
}

type block struct {
	Type      string     `json:"type"`
	Labels    []string   `json:"labels,omitempty"`
	Arguments []argument `json:"arguments,omitempty"`
	Blocks    []block    `json:"blocks,omitempty"`
	span
}

type syntaxFile struct {
	File   string  `json:"file"`
	Blocks []block `json:"blocks"`
}

type syntaxAnswer struct {
	Files       []syntaxFile `json:"files"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

// readSyntax tells where each block, argument and literal of the .tf files of a directory stands, for a program that edits them.
func readSyntax(dir string) any {
	paths, err := moduleFiles(dir)
	if err != nil {
		return failure{err.Error()}
	}
	found, all := syntaxAnswer{Files: []syntaxFile{}}, hcl.Diagnostics{}
	for _, path := range paths {
		if !strings.HasSuffix(path, ".tf") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return failure{err.Error()}
		}
		file, diags := hclsyntax.ParseConfig(source, path, hcl.InitialPos)
		all = append(all, diags...)
		if body, ok := file.Body.(*hclsyntax.Body); ok {
			found.Files = append(found.Files, syntaxFile{filepath.Base(path), blocksOf(body, source)})
		}
	}
	found.Diagnostics = told(all)
	return found
}

func blocksOf(body *hclsyntax.Body, source []byte) []block {
	made := make([]block, 0, len(body.Blocks))
	for _, one := range body.Blocks {
		made = append(made, block{
			Type: one.Type, Labels: one.Labels, Arguments: argumentsOf(one.Body, source), Blocks: blocksOf(one.Body, source),
			span: span{one.TypeRange.Start.Byte, one.CloseBraceRange.End.Byte},
		})
	}
	return made
}

func argumentsOf(body *hclsyntax.Body, source []byte) []argument {
	made := make([]argument, 0, len(body.Attributes))
	for _, one := range body.Attributes {
		made = append(made, argument{one.Name, spanOf(one.Expr.Range()), partsOf(one.Expr, source), spanOf(one.SrcRange)})
	}
	slices.SortFunc(made, func(a, b argument) int { return a.Start - b.Start })
	return made
}

func partsOf(expression hclsyntax.Expression, source []byte) []part {
	var made []part
	add := func(kind string, at hcl.Range) {
		made = append(made, part{kind, string(at.SliceBytes(source)), spanOf(at)})
	}
	hclsyntax.VisitAll(expression, func(node hclsyntax.Node) hcl.Diagnostics {
		switch one := node.(type) {
		case *hclsyntax.LiteralValueExpr:
			switch one.Val.Type() {
			case cty.Number:
				add("number", one.SrcRange)
			case cty.Bool:
				add("bool", one.SrcRange)
			}
		case *hclsyntax.TemplateExpr:
			if one.IsStringLiteral() {
				add("string", one.SrcRange)
			} else {
				add("template", one.SrcRange)
			}
		case *hclsyntax.ScopeTraversalExpr:
			add("reference", one.SrcRange)
		case *hclsyntax.ObjectConsExpr:
			for _, item := range one.Items {
				at := hcl.RangeBetween(item.KeyExpr.Range(), item.ValueExpr.Range())
				made = append(made, part{"entry", string(item.KeyExpr.Range().SliceBytes(source)), spanOf(at)})
			}
		}
		return nil
	})
	slices.SortStableFunc(made, func(a, b part) int { return a.Start - b.Start })
	return made
}

func spanOf(at hcl.Range) span {
	return span{at.Start.Byte, at.End.Byte}
}

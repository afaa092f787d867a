package main

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// normal returns the tokens of an expression without comments and layout. Between the items of an object a new line is a
// comma; in other brackets it means nothing; a comma before a closing bracket means nothing.
func normal(source []byte) string {
	tokens, _ := hclsyntax.LexExpression(source, "", hcl.InitialPos)
	var written []string
	var open []hclsyntax.TokenType
	comma := func() {
		if len(written) > 0 && written[len(written)-1] != "," && written[len(written)-1] != "{" {
			written = append(written, ",")
		}
	}
	for _, token := range tokens {
		newline := token.Type == hclsyntax.TokenNewline || (token.Type == hclsyntax.TokenComment && strings.HasSuffix(string(token.Bytes), "\n"))
		switch {
		case newline:
			if len(open) > 0 && open[len(open)-1] == hclsyntax.TokenOBrace {
				comma()
			}
			continue
		case token.Type == hclsyntax.TokenComment || token.Type == hclsyntax.TokenEOF:
			continue
		case token.Type == hclsyntax.TokenComma:
			comma()
			continue
		}
		switch token.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenTemplateInterp:
			open = append(open, token.Type)
		case hclsyntax.TokenCBrace, hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenTemplateSeqEnd:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
			if len(written) > 0 && written[len(written)-1] == "," {
				written = written[:len(written)-1]
			}
		}
		written = append(written, string(token.Bytes))
	}
	return strings.TrimSuffix(strings.Join(written, " "), " ,")
}

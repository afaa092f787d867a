package main

import (
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
)

// diagnostic is one fault, in the parser's words.
type diagnostic struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
}

// told converts the parser's diagnostics; the list is never null.
func told(found hcl.Diagnostics) []diagnostic {
	all := make([]diagnostic, 0, len(found))
	for _, one := range found {
		next := diagnostic{Severity: "error", Summary: one.Summary, Detail: one.Detail}
		if one.Severity == hcl.DiagWarning {
			next.Severity = "warning"
		}
		if at := one.Subject; at != nil {
			next.File, next.Line, next.Column = filepath.Base(at.Filename), at.Start.Line, at.Start.Column
			if at.Filename == "" {
				next.File = ""
			}
		}
		all = append(all, next)
	}
	return all
}

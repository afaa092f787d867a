// Command hcl-reader answers questions about Terraform's language with HashiCorp's own parsers.
//
// It reads JSON requests from stdin and writes one JSON answer a line to stdout, in order. Exit codes: 0 every request
// was answered (an answer may say that the text is wrong), 2 wrong usage or input that is not JSON.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// version is set at build time: -ldflags "-X main.version=1.2.3".
var version = "0.1.0-dev"

const usage = `hcl-reader < REQUESTS      answer each JSON request with a line of JSON (see README.md)
hcl-reader version
`

// maxText bounds a text: the parser recurses over it, several kilobytes of stack a bracket, and Go ends a program whose
// stack reaches half a gigabyte.
const maxText = 32 << 10

// request is one question; Op says which of the other fields count.
type request struct {
	Op          string   `json:"op"`
	Text        string   `json:"text"`
	Constraints []string `json:"constraints"`
	Versions    []string `json:"versions"`
	Old         []string `json:"old"`
	New         []string `json:"new"`
	Of          string   `json:"of"`
	Dir         string   `json:"dir"`
}

// failure answers a request that cannot be understood.
type failure struct {
	Error string `json:"error"`
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "version" {
		fmt.Fprintln(stdout, version)
		return 0
	}
	if len(args) != 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	requests, answers := json.NewDecoder(stdin), json.NewEncoder(stdout)
	requests.DisallowUnknownFields()
	answers.SetEscapeHTML(false)
	for {
		var asked request
		if err := requests.Decode(&asked); errors.Is(err, io.EOF) {
			return 0
		} else if err != nil {
			fmt.Fprintf(stderr, "hcl-reader: a request is not valid JSON: %v\n", err)
			return 2
		}
		if err := answers.Encode(answer(asked)); err != nil {
			fmt.Fprintf(stderr, "hcl-reader: %v\n", err)
			return 2
		}
	}
}

func answer(asked request) any {
	switch asked.Op {
	case "type":
		if len(asked.Text) > maxText {
			return failure{fmt.Sprintf("text is longer than %d bytes", maxText)}
		}
		return readType(asked.Text)
	case "versions":
		return checkVersions(asked.Constraints, asked.Versions)
	case "refused":
		if asked.Of == "provider" {
			return findRefusedProvider(asked.Old, asked.New)
		}
		return findRefused(asked.Old, asked.New)
	case "accepts":
		for _, text := range append(slices.Clone(asked.Old), asked.New...) {
			if len(text) > maxText {
				return failure{fmt.Sprintf("text is longer than %d bytes", maxText)}
			}
		}
		return compareAccepted(asked.Old, asked.New)
	case "module":
		return readModule(asked.Dir)
	case "inspect":
		return inspect(asked.Dir)
	case "syntax":
		return readSyntax(asked.Dir)
	case "expression":
		if len(asked.Text) > maxText {
			return failure{fmt.Sprintf("text is longer than %d bytes", maxText)}
		}
		return readExpression(asked.Text)
	}
	return failure{fmt.Sprintf("op %q is none of type, versions, refused, accepts, module, inspect, syntax, expression", asked.Op)}
}

package main

import (
	"fmt"

	"github.com/hashicorp/terraform-config-inspect/tfconfig"
)

// maxFault bounds what is repeated of a fault, which may hold a number of many digits.
const maxFault = 120

// inspect answers with the JSON of `terraform-config-inspect --json DIR`: the module as a caller sees it, overrides
// merged, with the resources and modules inside. What is wrong with it is in its diagnostics.
//
// The library panics on a default that it cannot hold, for example 1e400; that is an answer, too.
func inspect(dir string) (answer any) {
	defer func() {
		if fault := recover(); fault != nil {
			answer = failure{fmt.Sprintf("terraform-config-inspect ended: %.*s", maxFault, fmt.Sprint(fault))}
		}
	}()
	module, _ := tfconfig.LoadModule(dir)
	return module
}

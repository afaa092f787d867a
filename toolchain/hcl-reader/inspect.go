package main

import "github.com/hashicorp/terraform-config-inspect/tfconfig"

// inspect answers with the JSON of `terraform-config-inspect --json DIR`: the module as a caller sees it, overrides
// merged, with the resources and modules inside. What is wrong with it is in its diagnostics.
func inspect(dir string) any {
	module, _ := tfconfig.LoadModule(dir)
	return module
}

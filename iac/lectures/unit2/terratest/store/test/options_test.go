package test

import (
	"strings"
	"testing"

	"github.com/gruntwork-io/terratest/modules/random"
	"github.com/gruntwork-io/terratest/modules/terraform"
	teststructure "github.com/gruntwork-io/terratest/modules/test-structure"
)

// options gives a test its own copy of the module and a team that no other test has.
func options(t *testing.T) *terraform.Options {
	return &terraform.Options{
		TerraformDir: teststructure.CopyTerraformFolderToTemp(t, "..", "."),
		Vars:         map[string]any{"team": "tt-" + strings.ToLower(random.UniqueId())},
		NoColor:      true,
		Lock:         true,
	}
}

package test

import (
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	teststructure "github.com/gruntwork-io/terratest/modules/test-structure"
	"github.com/stretchr/testify/assert"
)

func TestStages(t *testing.T) {
	dir := teststructure.CopyTerraformFolderToTemp(t, "..", ".")
	defer teststructure.RunTestStage(t, "teardown", func() {
		terraform.Destroy(t, teststructure.LoadTerraformOptions(t, dir))
	})
	teststructure.RunTestStage(t, "deploy", func() {
		options := &terraform.Options{TerraformDir: dir, NoColor: true, Vars: map[string]any{"team": "stages"}}
		teststructure.SaveTerraformOptions(t, dir, options)
		terraform.InitAndApply(t, options)
	})
	teststructure.RunTestStage(t, "validate", func() {
		options := teststructure.LoadTerraformOptions(t, dir)
		assert.Equal(t, "acme-u2-stages-models", terraform.Output(t, options, "bucket"))
	})
}

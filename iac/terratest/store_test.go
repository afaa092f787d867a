package suite

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"acme.test/terratest/harness"
	"github.com/gruntwork-io/terratest/modules/terraform"
	teststructure "github.com/gruntwork-io/terratest/modules/test-structure"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStore is in stages: with SKIP_teardown=true the bucket stays while the next run repeats only validate.
func TestStore(t *testing.T) {
	t.Parallel()
	dir := harness.Copy(t, harness.Material(t, "ARTIFACT_STORE"), ".")

	defer teststructure.RunTestStage(t, "teardown", func() {
		terraform.Destroy(t, teststructure.LoadTerraformOptions(t, dir))
	})
	teststructure.RunTestStage(t, "deploy", func() {
		options := harness.Options(t, dir, map[string]any{"team": harness.Unique("store")}, nil)
		teststructure.SaveTerraformOptions(t, dir, options)
		terraform.InitAndApply(t, options)
	})
	teststructure.RunTestStage(t, "validate", func() {
		options := teststructure.LoadTerraformOptions(t, dir)
		assert.Equal(t, "acme-u1-"+options.Vars["team"].(string)+"-artifacts", terraform.Output(t, options, "bucket"))
		harness.Idempotent(t, options)
	})
}

// TestUpgrade applies the newest published version as a caller has it, and plans the working copy over its state.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	address, version := os.Getenv("PUBLISHED_STORE"), os.Getenv("PUBLISHED_VERSION")
	require.NotEmpty(t, address, "PUBLISHED_STORE is not set: it is the module's address in the registry")
	require.NotEmpty(t, version, "PUBLISHED_VERSION is not set")
	working := harness.Copy(t, harness.Material(t, "ARTIFACT_STORE"), ".")
	caller, team := harness.Room(t), harness.Unique("store")
	options := harness.Options(t, caller, nil, nil)

	call(t, caller, map[string]any{"source": address, "version": version, "team": team})
	defer terraform.Destroy(t, options)
	terraform.InitAndApply(t, options)

	call(t, caller, map[string]any{"source": working, "team": team})
	terraform.Init(t, options)
	harness.NothingLost(t, harness.Plan(t, options))
}

// call writes a root module that calls the module under test.
func call(t *testing.T, dir string, arguments map[string]any) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"module": map[string]any{"store": arguments}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf.json"), text, 0o600))
}

package test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"acme.test/terratest/harness"
	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/require"
)

// TestUpgrade applies the published version as a caller does, then plans the working copy over that state.
func TestUpgrade(t *testing.T) {
	caller, team := harness.Room(t), harness.Unique("up")
	call := func(arguments map[string]any) {
		arguments["team"] = team
		text, err := json.Marshal(map[string]any{"module": map[string]any{"models": arguments}})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(caller, "main.tf.json"), text, 0o600))
	}
	options := harness.Options(t, caller, nil, nil)
	working, err := filepath.Abs("..")
	require.NoError(t, err)

	call(map[string]any{"source": os.Getenv("PUBLISHED"), "version": "1.0.0"})
	defer terraform.Destroy(t, options)
	terraform.InitAndApply(t, options)

	call(map[string]any{"source": working})
	terraform.Init(t, options)
	harness.NothingLost(t, harness.Plan(t, options))
}

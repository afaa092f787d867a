// Package upgrade asks what forty teams will see on the day they take the new version: it needs two versions and one state.
package upgrade

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"acme.test/terratest/harness"
	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/require"
)

// TestUpgrade applies the consumer with the published version, then plans the version under test over its state.
func TestUpgrade(t *testing.T) {
	consumer, err := filepath.Abs("../consumer")
	require.NoError(t, err)
	options := harness.Options(t, consumer, nil, nil)

	call(t, consumer, "published")
	defer func() {
		if t.Failed() {
			// The version under test may not even parse; what was made is destroyed by the version that made it.
			call(t, consumer, "published")
			terraform.Init(t, options)
		}
		terraform.Destroy(t, options)
	}()
	terraform.InitAndApply(t, options)
	network := terraform.Output(t, options, "peer_with")
	require.True(t, strings.HasPrefix(network, "vpc-"), "the cloud made a network: %q", network)

	call(t, consumer, "workspace")
	terraform.Init(t, options)
	harness.NothingLost(t, harness.Plan(t, options))
}

// call makes the consumer call one of the two versions of the module.
func call(t *testing.T, consumer, version string) {
	t.Helper()
	file := filepath.Join(consumer, "main.tf")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	called := strings.NewReplacer(`"../workspace"`, `"../`+version+`"`, `"../published"`, `"../`+version+`"`)
	require.NoError(t, os.WriteFile(file, []byte(called.Replace(string(text))), 0o600))
}

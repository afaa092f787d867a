// Package suite tests the course's modules against the cloud: what only an apply can tell.
package suite

import (
	"testing"

	"acme.test/terratest/harness"
	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWorkspace applies two workspaces at a time that differ in environment, range, kind of GPU and team. Together they
// stay below the quota of their owner, which the platform counts over all pools.
func TestWorkspace(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, environment, cidr, kind string
		nodes                         int
		gpus                          float64
	}{
		{"one-small-node", "dev", "10.60.0.0/20", "l4", 1, 1},
		{"one-large-node", "prod", "10.61.0.0/20", "h100", 1, 8},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			team := harness.Unique("vision")
			options := harness.Options(t, harness.Copy(t, harness.Material(t, "GPU_WORKSPACE"), "."), map[string]any{
				"team":         team,
				"environment":  one.environment,
				"owner":        "vision@acme.test",
				"cost_centre":  "cc-4021",
				"network_cidr": one.cidr,
				"gpu_kind":     one.kind,
				"gpu_nodes":    one.nodes,
			}, map[string]string{"registry_token": "not-a-real-token"})
			// Before the apply: an apply that fails half way has made something, too.
			defer terraform.Destroy(t, options)
			terraform.InitAndApply(t, options)

			outputs := terraform.OutputAll(t, options)
			name := team + "-" + one.environment
			assert.Equal(t, name, outputs["workspace_id"])
			assert.Equal(t, "acme-"+name+"-artifacts", outputs["bucket"])
			assert.Equal(t, one.gpus, outputs["gpus"])
			assert.Greater(t, outputs["hourly_cost_usd"], 0.0)
			assert.Contains(t, outputs["token_secret_arn"], name+"/registry-token")
			harness.Idempotent(t, options)
		})
	}
}

// TestWorkspaceRefusesAPoolOverTheQuota shows a refusal: the error is the module's own, and nothing was made.
func TestWorkspaceRefusesAPoolOverTheQuota(t *testing.T) {
	t.Parallel()
	options := harness.Options(t, harness.Copy(t, harness.Material(t, "GPU_WORKSPACE"), "."), map[string]any{
		"team":         harness.Unique("vision"),
		"environment":  "dev",
		"owner":        "vision@acme.test",
		"cost_centre":  "cc-4021",
		"network_cidr": "10.62.0.0/20",
		"gpu_kind":     "h100",
		"gpu_nodes":    3,
	}, map[string]string{"registry_token": "not-a-real-token"})
	defer terraform.Destroy(t, options)
	_, err := terraform.InitAndPlanE(t, options)
	require.ErrorContains(t, err, "gpu_nodes")
}

package test

import (
	"testing"
	"time"

	"acme.test/terratest/harness"
	"github.com/gruntwork-io/terratest/modules/terraform"
	teststructure "github.com/gruntwork-io/terratest/modules/test-structure"
)

func race(t *testing.T, retryable map[string]string) *terraform.Options {
	return &terraform.Options{
		TerraformDir:             teststructure.CopyTerraformFolderToTemp(t, "..", "."),
		NoColor:                  true,
		RetryableTerraformErrors: retryable,
		MaxRetries:               3,
		TimeBetweenRetries:       100 * time.Millisecond,
	}
}

func TestRetryEverything(t *testing.T) {
	t.Parallel()
	options := race(t, map[string]string{".*": "Try again."})
	defer terraform.Destroy(t, options)
	terraform.InitAndApply(t, options)
}

func TestRetryTheNetwork(t *testing.T) {
	t.Parallel()
	options := race(t, harness.Transient)
	defer terraform.Destroy(t, options)
	terraform.InitAndApply(t, options)
}

package test

import (
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
)

// TestSubtests applies once for two subtests that run in parallel.
func TestSubtests(t *testing.T) {
	options := options(t)
	defer terraform.Destroy(t, options)
	terraform.InitAndApply(t, options)

	for _, name := range []string{"bucket", "expire_days"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.NotEmpty(t, terraform.OutputAll(t, options)[name])
		})
	}
}

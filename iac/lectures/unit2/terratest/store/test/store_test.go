package test

import (
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
)

func TestStore(t *testing.T) {
	t.Parallel()
	options := options(t)
	defer terraform.Destroy(t, options)
	terraform.InitAndApply(t, options)

	bucket := terraform.Output(t, options, "bucket")
	assert.Contains(t, bucket, options.Vars["team"])
	assert.Equal(t, "90", terraform.Output(t, options, "expire_days"))
}

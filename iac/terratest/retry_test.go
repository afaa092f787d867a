package suite

import (
	"errors"
	"testing"
	"time"

	"acme.test/terratest/harness"
	"github.com/gruntwork-io/terratest/modules/retry"
	"github.com/stretchr/testify/assert"
)

// TestRetries shows which errors are tried again: those of the network, and nothing that a module does wrong.
func TestRetries(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, says string
		tries      int
	}{
		{"the network", "read tcp: connection reset by peer", 3},
		{"the limit of the API", "ThrottlingException: Rate exceeded", 3},
		{"the quota", "The quota of the team is 16 GPUs, the pool needs 24", 1},
		{"a wrong argument", "Unsupported argument", 1},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			_, err := retry.DoWithRetryableErrorsE(t, "apply", harness.Transient, 2, time.Millisecond, func() (string, error) {
				tries++
				return "", errors.New(one.says)
			})
			assert.Error(t, err)
			assert.Equal(t, one.tries, tries)
		})
	}
}

// Package harness is what the course's Terratest suites share: options from the environment, names that do not collide,
// and the questions that a module's test asks again and again.
package harness

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/random"
	"github.com/gruntwork-io/terratest/modules/terraform"
	teststructure "github.com/gruntwork-io/terratest/modules/test-structure"
	"github.com/stretchr/testify/require"
)

// Transient are the errors that a retry may cure: the network and the API's own limit, never what a module does wrong.
var Transient = map[string]string{
	".*connection reset by peer.*":                    "The network broke a connection.",
	".*connection refused.*":                          "The cloud is restarting.",
	".*ThrottlingException.*":                         "The cloud asks for fewer calls.",
	".*TooManyRequestsException.*":                    "The cloud asks for fewer calls.",
	".*Failed to query available provider packages.*": "The provider mirror did not answer.",
}

// Material returns a directory of the course's Terraform code: the environment variable name says where it is.
func Material(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv(name)
	require.NotEmpty(t, dir, "%s is not set: it names the directory of the module under test", name)
	return dir
}

// Copy gives a test its own copy of a root module, so that parallel tests share neither a state nor .terraform.
func Copy(t testing.TB, root, dir string) string {
	t.Helper()
	return teststructure.CopyTerraformFolderToTemp(t, root, dir)
}

// Room makes an empty directory for a root module. Unlike t.TempDir it stays when the test ends: a state that could not
// be destroyed must not be deleted.
func Room(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "caller-")
	require.NoError(t, err)
	return dir
}

// Unique returns a name of at most 20 characters that no other test uses: prefix, a hyphen, six letters and digits.
func Unique(prefix string) string {
	return strings.ToLower(fmt.Sprintf("%s-%s", prefix, random.UniqueId()))
}

// Options returns options for a root module. Binary, provider mirror, registry, endpoint and credentials come from the
// environment; secrets belong into secret, which is not on a command line and in no log.
func Options(t testing.TB, dir string, vars map[string]any, secret map[string]string) *terraform.Options {
	t.Helper()
	env := map[string]string{}
	for name, value := range secret {
		env["TF_VAR_"+name] = value
	}
	return &terraform.Options{
		TerraformDir:             dir,
		Vars:                     vars,
		EnvVars:                  env,
		NoColor:                  true,
		Lock:                     true,
		RetryableTerraformErrors: Transient,
		MaxRetries:               2,
		TimeBetweenRetries:       time.Second,
	}
}

// Change is what a plan would do to one object.
type Change struct {
	Address string
	Actions []string
}

// Plan returns what a plan would change. An error of Terraform is never "no changes": it fails the test.
func Plan(t testing.TB, options *terraform.Options) []Change {
	t.Helper()
	with := *options
	with.PlanFilePath = filepath.Join(t.TempDir(), "plan")
	_, err := terraform.PlanE(t, &with)
	require.NoError(t, err, "could not tell what would change")
	var plan struct {
		Changes []struct {
			Address string `json:"address"`
			Change  struct {
				Actions []string `json:"actions"`
			} `json:"change"`
		} `json:"resource_changes"`
	}
	require.NoError(t, json.Unmarshal([]byte(terraform.Show(t, &with)), &plan))
	var found []Change
	for _, one := range plan.Changes {
		if actions := strings.Join(one.Change.Actions, ","); actions != "no-op" && actions != "read" {
			found = append(found, Change{one.Address, one.Change.Actions})
		}
	}
	return found
}

// Idempotent fails the test when a second plan of what was just applied still wants to change something.
func Idempotent(t testing.TB, options *terraform.Options) {
	t.Helper()
	require.Empty(t, Plan(t, options), "the second plan is not empty")
}

// NothingLost fails the test when a plan destroys or replaces an object.
func NothingLost(t testing.TB, changes []Change) {
	t.Helper()
	for _, one := range changes {
		require.NotContains(t, one.Actions, "delete", "%s would be destroyed", one.Address)
	}
}

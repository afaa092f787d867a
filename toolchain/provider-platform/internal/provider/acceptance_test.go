package provider

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// Acceptance tests run Terraform against the platform API at PLATFORM_ENDPOINT (a moto server), with TF_ACC=1.

func TestMain(m *testing.M) {
	if os.Getenv("TF_ACC") != "" {
		if os.Getenv("PLATFORM_ENDPOINT") == "" {
			fmt.Fprintln(os.Stderr, "FAIL: TF_ACC=1 needs PLATFORM_ENDPOINT, the URL of a moto server.\n"+
				"Next: moto_server -H 127.0.0.1 -p 5000 &  then  PLATFORM_ENDPOINT=http://127.0.0.1:5000 TF_ACC=1 go test ./...")
			os.Exit(1)
		}
		if os.Getenv("AWS_ACCESS_KEY_ID") == "" {
			// A moto server of one's own takes any.
			os.Setenv("AWS_ACCESS_KEY_ID", "acceptance")
			os.Setenv("AWS_SECRET_ACCESS_KEY", "acceptance")
		}
		for name, value := range map[string]string{"AWS_REGION": "eu-central-1", "CHECKPOINT_DISABLE": "1", "TF_ACC_PROVIDER_HOST": "acme.test", "TF_ACC_PROVIDER_NAMESPACE": "platform"} {
			os.Setenv(name, value)
		}
		if file := os.Getenv("TF_CLI_CONFIG_FILE"); file != "" {
			if _, err := os.Stat(file); err != nil {
				os.Unsetenv("TF_CLI_CONFIG_FILE")
			}
		}
	}
	os.Exit(m.Run())
}

var factories = map[string]func() (tfprotov6.ProviderServer, error){
	"platform": providerserver.NewProtocol6WithError(New("test")()),
}

const required = `
terraform {
  required_providers {
    platform = { source = "acme.test/platform/platform" }
  }
}
provider "platform" {
  default_tags = { course = "mod-208" }
}
`

// unique makes a name that no other test and no earlier run has used.
func unique(prefix string) string {
	return fmt.Sprintf("%s-%d", prefix, time.Now().UnixNano()%1e12)
}

// outside signs in as someone who changes the cloud behind Terraform's back.
func outside(t *testing.T, account string) *cloud.Client {
	t.Helper()
	client, err := cloud.Connect(context.Background(), cloud.Settings{Region: "eu-central-1", Endpoint: os.Getenv("PLATFORM_ENDPOINT"),
		AccountID: account, RoleName: cloud.DefaultRoleName})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func accept(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: steps})
}

// step applies a configuration and checks attributes, given as address, attribute, value.
func step(config string, triples ...string) resource.TestStep {
	var checks []resource.TestCheckFunc
	for i := 0; i+2 < len(triples); i += 3 {
		checks = append(checks, resource.TestCheckResourceAttr(triples[i], triples[i+1], triples[i+2]))
	}
	return resource.TestStep{Config: required + config, Check: resource.ComposeAggregateTestCheckFunc(checks...)}
}

// drift changes the cloud first, then expects the plan to do action, and applies it.
func drift(t *testing.T, config, address string, action plancheck.ResourceActionType, change func(context.Context, *cloud.Client) error) resource.TestStep {
	t.Helper()
	return resource.TestStep{
		Config: required + config,
		PreConfig: func() {
			if err := change(context.Background(), outside(t, "")); err != nil {
				t.Fatalf("changing the cloud: %v", err)
			}
		},
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}},
	}
}

func imported(address string, ignore ...string) resource.TestStep {
	return resource.TestStep{ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: ignore}
}

// attribute reads an attribute out of the state that a step left.
func attribute(address, name string, into *string) resource.TestCheckFunc {
	return func(state *terraform.State) error {
		found, ok := state.RootModule().Resources[address]
		if !ok {
			return fmt.Errorf("%s is not in the state", address)
		}
		*into = found.Primary.Attributes[name]
		return nil
	}
}

func text(value string) *string { return aws.String(value) }

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

func TestAccSecret(t *testing.T) {
	const at = "platform_secret.s"
	name := unique("search/db")
	config := func(value string, version int, rest string) string {
		return fmt.Sprintf("resource \"platform_secret\" \"s\" {\n name = %q\n owner = \"search\"\n value_wo = %q\n value_wo_version = %d\n%s\n}\n",
			name, value, version, rest)
	}
	holds := func(want string) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			found, err := outside(t, "").Secrets.GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: &name})
			if err != nil {
				return err
			}
			if aws.ToString(found.SecretString) != want {
				return fmt.Errorf("the secret holds %q, want %q", aws.ToString(found.SecretString), want)
			}
			kept, err := json.Marshal(state)
			if err == nil && strings.Contains(string(kept), want) {
				err = fmt.Errorf("the state holds the value")
			}
			return err
		}
	}
	check := func(config, want string) resource.TestStep {
		return resource.TestStep{Config: required + config, Check: holds(want)}
	}
	described := config("value-three", 2, "description = \"password\"\nrotation_days = 30\ntags = { stage = \"dev\" }")
	overwritten := drift(t, described, at, plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
		_, err := c.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: text("someone-elses")})
		return err
	})
	overwritten.Check = holds("value-three")
	accept(t,
		check(config("value-one", 1, ""), "value-one"),
		check(config("value-two", 1, ""), "value-one"), // the version says whether to send
		check(described, "value-three"),
		imported(at, "value_wo", "recovery_window_days"),
		overwritten,
		drift(t, described, at, plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.Secrets.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: &name, Description: text("other")})
			return err
		}),
		drift(t, described, at, plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.Secrets.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: &name, TagKeys: []string{"stage", cloud.TagRotation}})
			return err
		}),
		drift(t, described, at, plancheck.ResourceActionCreate, func(ctx context.Context, c *cloud.Client) error { // restored
			_, err := c.Secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &name, RecoveryWindowInDays: aws.Int64(7)})
			return err
		}),
		check(described, "value-three"),
	)
}

func TestAccSecretIsReadForOneRunOnly(t *testing.T) {
	name, copied := unique("from"), unique("to")
	accept(t, resource.TestStep{Config: required + fmt.Sprintf(`
resource "platform_secret" "from" {
  name     = %q
  owner    = "search"
  value_wo = "carried-over"
}
ephemeral "platform_secret_value" "from" {
  secret_id = platform_secret.from.arn
}
resource "platform_secret" "to" {
  name     = %q
  owner    = "search"
  value_wo = ephemeral.platform_secret_value.from.value
}`, name, copied), Check: func(state *terraform.State) error {
		found, err := outside(t, "").Secrets.GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: &copied})
		if err == nil && aws.ToString(found.SecretString) != "carried-over" {
			err = fmt.Errorf("the copy holds %q", aws.ToString(found.SecretString))
		}
		return err
	}})
}

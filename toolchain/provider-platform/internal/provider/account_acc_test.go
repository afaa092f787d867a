package provider

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

func TestAccAccount(t *testing.T) {
	const at = "platform_team_account.a"
	name := unique("team")
	config := func(email, rest string) string {
		return fmt.Sprintf("resource \"platform_team_account\" \"a\" {\n name = %q\n email = \"%s@acme.test\"\n owner = \"search\"\n%s\n}\n", name, email, rest)
	}
	full := config(name, "cost_centre = \"cc-2\"\ntags = { stage = \"dev\" }")
	var id string
	accept(t,
		step(config(name, "cost_centre = \"cc-1\""), at, "tags_all.course", "mod-208"),
		resource.TestStep{Config: required + full, Check: resource.ComposeTestCheckFunc(attribute(at, "account_id", &id),
			resource.TestMatchResourceAttr(at, "provisioner_role_arn", regexp.MustCompile(`^arn:aws:iam::\d{12}:role/platform-provisioner$`)))},
		imported(at, "close_on_destroy"),
		drift(t, full, at, plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.Organizations.UntagResource(ctx, &organizations.UntagResourceInput{ResourceId: &id, TagKeys: []string{"course", cloud.TagOwner}})
			return err
		}),
		drift(t, full, at, plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.IAMIn(id).DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: text(cloud.DefaultRoleName)})
			return err
		}),
		resource.TestStep{Config: required + full + fmt.Sprintf("resource \"platform_team_account\" \"twin\" {\n name = \"twin\"\n email = \"%s@acme.test\"\n"+
			" owner = \"search\"\n cost_centre = \"cc-1\"\n}\n", name), ExpectError: regexp.MustCompile(`e-mail address is taken`)},
		drift(t, config(name+"x", "cost_centre = \"cc-2\""), at, plancheck.ResourceActionReplace, func(context.Context, *cloud.Client) error { return nil }),
		resource.TestStep{Config: required + config(name+"x", "cost_centre = \"cc-2\""), Check: attribute(at, "account_id", &id)},
		drift(t, config(name+"x", "cost_centre = \"cc-2\""), at, plancheck.ResourceActionCreate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.Organizations.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &id})
			return err
		}),
	)
}

// Terraform runs one process a provider block; the test harness runs one a provider address, hence two addresses.
func TestAccAccountsAreIsolated(t *testing.T) {
	one, two, secret := unique("acme-one"), unique("acme-two"), unique("shared")
	inside := func(local, account, bucket string) string {
		return fmt.Sprintf(`
provider %[1]q {
  account_id = %[2]q
}
data "platform_account" %[1]q { provider = %[1]s }
resource "platform_artifact_bucket" %[1]q {
  provider = %[1]s
  name     = %[3]q
  owner    = "search"
}
resource "platform_secret" %[1]q {
  provider             = %[1]s
  name                 = %[4]q
  owner                = "search"
  value_wo             = "x"
  recovery_window_days = 0
}
`, local, account, bucket, secret)
	}
	const both = `
terraform {
  required_providers {
    one = { source = "acme.test/platform/one" }
    two = { source = "acme.test/platform/two" }
  }
}
`
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"one": providerserver.NewProtocol6WithError(New("test")()), "two": providerserver.NewProtocol6WithError(New("test")())},
		Steps: []resource.TestStep{{
			Config: both + inside("one", "111111111111", one) + inside("two", "222222222222", two),
			Check: resource.ComposeTestCheckFunc(
				resource.TestCheckResourceAttr("data.platform_account.one", "account_id", "111111111111"),
				resource.TestCheckResourceAttr("data.platform_account.two", "account_id", "222222222222"),
				resource.TestMatchResourceAttr("platform_secret.two", "arn", regexp.MustCompile(`:222222222222:secret:`)),
				sees(t, "111111111111", one, two), sees(t, "222222222222", two, one)),
		}},
	})
}

// sees checks that an account lists its own bucket and not the other's.
func sees(t *testing.T, account, own, others string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		listed, err := outside(t, account).S3.ListBuckets(context.Background(), &s3.ListBucketsInput{})
		if err != nil {
			return err
		}
		names := map[string]bool{}
		for _, bucket := range listed.Buckets {
			names[*bucket.Name] = true
		}
		if !names[own] || names[others] {
			return fmt.Errorf("account %s lists %v", account, names)
		}
		return nil
	}
}

func TestAccUnreachable(t *testing.T) {
	config := func(endpoint string) string {
		return fmt.Sprintf("terraform {\n required_providers {\n  platform = { source = \"acme.test/platform/platform\" }\n }\n}\n"+
			"provider \"platform\" {\n endpoint = %q\n}\ndata \"platform_account\" \"me\" {}\n", endpoint)
	}
	accept(t,
		resource.TestStep{Config: config("http://127.0.0.1:9"), ExpectError: regexp.MustCompile(`(?s)Cannot reach the platform API at http://127.0.0.1:9.*connection refused.*Next:`)},
		resource.TestStep{Config: config("127.0.0.1:9"), ExpectError: regexp.MustCompile(`is not an http:// or https:// URL`)},
	)
}

func TestAccCatalogueAndFunction(t *testing.T) {
	accept(t, resource.TestStep{Config: required + `output "name" { value = provider::platform::bucket_name("search", "") }`,
		ExpectError: regexp.MustCompile(`part 2 of the\s+bucket name is empty`)},
		step(`
data "platform_gpu_catalogue" "all" {}
output "name" { value = provider::platform::bucket_name("search", "models", "dev") }
`, "data.platform_gpu_catalogue.all", "kinds.a100.gpus_per_node", "8", "data.platform_gpu_catalogue.all", "kinds.t4.instance_type", "g4dn.xlarge"))
}

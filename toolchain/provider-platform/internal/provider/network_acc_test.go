package provider

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

func TestAccNetwork(t *testing.T) {
	const at, seen = "platform_network.n", "data.platform_network.n"
	name := unique("net")
	config := func(cidr, rest string) string {
		return fmt.Sprintf("resource \"platform_network\" \"n\" {\n name = %q\n owner = \"search\"\n cidr = %q\n%s\n}\n"+
			"data \"platform_network\" \"n\" {\n name = platform_network.n.name\n depends_on = [platform_network.n]\n}\n", name, cidr, rest)
	}
	listed := config("10.40.0.0/16", "subnet_cidrs = [\"10.40.9.0/24\", \"10.40.1.0/24\"]\ntags = { stage = \"dev\" }")
	var id, subnet string
	accept(t,
		step(config("10.40.0.0/16", ""), at, "subnet_cidrs.0", "10.40.0.0/18", at, "subnet_cidrs.1", "10.40.64.0/18", at, "subnet_ids.#", "2",
			seen, "cidr", "10.40.0.0/16", seen, "subnet_ids.#", "2", seen, "tags.course", "mod-208"),
		imported(at),
		resource.TestStep{Config: required + listed, Check: resource.ComposeTestCheckFunc(attribute(at, "id", &id),
			attribute(at, "subnet_ids.0", &subnet), resource.TestCheckResourceAttr(at, "subnet_cidrs.0", "10.40.9.0/24"))},
		drift(t, listed, at, plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
			return retag(ctx, c, id, cloud.Tags{"course": "mod-208"}, cloud.Tags{"Name": "someone-elses"})
		}),
		drift(t, listed, at, plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.EC2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &subnet})
			return err
		}),
		drift(t, config("10.41.0.0/16", ""), at, plancheck.ResourceActionReplace, func(context.Context, *cloud.Client) error { return nil }),
		resource.TestStep{Config: required + config("10.41.0.0/16", ""), Check: attribute(at, "id", &id)},
		drift(t, config("10.41.0.0/16", ""), at, plancheck.ResourceActionCreate, func(ctx context.Context, c *cloud.Client) error {
			subnets, err := listSubnets(ctx, c, id)
			for _, subnet := range subnets {
				if _, err := c.EC2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: text(subnet)}); err != nil {
					return err
				}
			}
			if err == nil {
				_, err = c.EC2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &id})
			}
			return err
		}),
	)
}

func TestAccNetworkRefusals(t *testing.T) {
	refused := func(body, message string) resource.TestStep {
		return resource.TestStep{Config: required + "resource \"platform_network\" \"n\" {\n name = \"refused\"\n owner = \"search\"\n" + body + "\n}\n",
			PlanOnly: true, ExpectError: regexp.MustCompile(message)}
	}
	accept(t,
		refused(`cidr = "8.8.0.0/16"`, `is not private`),
		refused(`cidr = "10.0.0.0/8"`, `between /16`),
		refused("cidr = \"10.0.0.0/16\"\nsubnet_cidrs = [\"10.1.0.0/24\"]", `lies outside`),
		resource.TestStep{Config: required + `data "platform_network" "n" { name = "nowhere" }`, ExpectError: regexp.MustCompile(`Found 0 networks`)},
	)
}

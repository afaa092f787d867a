package provider

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

func poolConfig(label, name, owner, kind string, size, quota int, rest string) string {
	return fmt.Sprintf("resource \"platform_gpu_pool\" %q {\n name = %q\n owner = %q\n kind = %q\n size = %d\n quota = %d\n"+
		" cost_centre = \"cc-4021\"\n%s\n}\n", label, name, owner, kind, size, quota, rest)
}

func TestAccPool(t *testing.T) {
	const at = "platform_gpu_pool.p"
	name, owner := unique("pool"), unique("team")
	net := fmt.Sprintf("resource \"platform_network\" \"n\" {\n name = %q\n owner = \"search\"\n cidr = \"10.30.0.0/16\"\n}\n", unique("net"))
	placed := "network_id = platform_network.n.id\ntags = { stage = \"dev\" }\n"
	full := net + poolConfig("p", name, owner, "a100", 2, 32, placed+"max_size = 3\nspot = true")
	scaled := func(action plancheck.ResourceActionType, do func(context.Context, *cloud.Client) error) resource.TestStep {
		return drift(t, full, at, action, do)
	}
	accept(t,
		step(net+poolConfig("p", name, owner, "a100", 1, 32, placed), at, "gpus", "8", at, "instance_type", "p4d.24xlarge", at,
			"hourly_cost_usd", "22", at, "max_size", "1", at, "min_size", "0", at, "subnet_ids.#", "2", at, "tags_all.course", "mod-208"),
		step(full, at, "gpus", "16", at, "hourly_cost_usd", "17.6", at, "max_size", "3", at, "spot", "true"),
		imported(at),
		scaled(plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.AutoScaling.SetDesiredCapacity(ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: &name, DesiredCapacity: aws.Int32(1)})
			return err
		}),
		scaled(plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.AutoScaling.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &name, MaxSize: aws.Int32(9)})
			return err
		}),
		scaled(plancheck.ResourceActionUpdate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.AutoScaling.CreateOrUpdateTags(ctx, &autoscaling.CreateOrUpdateTagsInput{
				Tags: poolTags(name, cloud.Tags{cloud.TagCostCentre: "cc-9", "stage": "prod"})})
			return err
		}),
		scaled(plancheck.ResourceActionReplace, func(ctx context.Context, c *cloud.Client) error { // other nodes behind the same name
			_, err := c.EC2.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{LaunchTemplateName: &name,
				LaunchTemplateData: &ec2types.RequestLaunchTemplateData{InstanceType: ec2types.InstanceTypeG5Xlarge}})
			return err
		}),
		scaled(plancheck.ResourceActionCreate, func(ctx context.Context, c *cloud.Client) error {
			_, err := c.AutoScaling.DeleteAutoScalingGroup(ctx, &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: &name, ForceDelete: aws.Bool(true)})
			if err == nil {
				_, err = c.EC2.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: &name})
			}
			return err
		}),
		resource.TestStep{Config: required + net + poolConfig("p", name, owner, "l4", 2, 32, placed), // another kind is another pool
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(at, plancheck.ResourceActionReplace)}}},
	)
}

func TestAccPoolQuota(t *testing.T) {
	one, other, owner := unique("one"), unique("other"), unique("team")
	first := poolConfig("one", one, owner, "a100", 1, 12, "")
	refused := func(config, message string) resource.TestStep {
		return resource.TestStep{Config: required + config, PlanOnly: true, ExpectError: regexp.MustCompile(message)}
	}
	accept(t,
		refused(poolConfig("one", one, owner, "a100", 3, 16, ""), `3 a100 nodes × 8 GPUs each = 24 GPUs`),
		refused(poolConfig("one", one, owner, "a100", 1, 16, "max_size = 4"), `4 a100 nodes × 8 GPUs each = 32 GPUs`),
		refused(poolConfig("one", one, owner, "l4", 2, 16, "max_size = 1"), `max_size is below size`),
		refused(poolConfig("one", one, owner, "l4", 2, 16, "min_size = 3"), `min_size is above size`),
		refused(poolConfig("one", one, owner, "b200", 1, 16, ""), `kind value must be one of`),
		step(first),
		resource.TestStep{Config: required + first + poolConfig("other", other, owner, "l4", 5, 12, ""), ExpectError: regexp.MustCompile(`already\s+holds\s+8`)},
		step(first+poolConfig("other", other, owner, "l4", 4, 12, "")),
		// within one apply, where neither exists at plan time, one of two must lose
		resource.TestStep{Config: required + poolConfig("a", unique("a"), owner+"x", "l4", 5, 8, "") + poolConfig("b", unique("b"), owner+"x", "l4", 5, 8, ""),
			ExpectError: regexp.MustCompile(`GPU quota exceeded`)},
	)
}

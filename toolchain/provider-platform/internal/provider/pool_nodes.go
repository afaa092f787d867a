package provider

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/catalogue"
	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// nodes describes one node of a pool to EC2.
func nodes(plan *poolModel) *ec2types.RequestLaunchTemplateData {
	data := &ec2types.RequestLaunchTemplateData{
		InstanceType: ec2types.InstanceType(plan.InstanceType.ValueString()),
		ImageId:      plan.ImageID.ValueStringPointer(),
		MetadataOptions: &ec2types.LaunchTemplateInstanceMetadataOptionsRequest{
			HttpTokens: ec2types.LaunchTemplateHttpTokensStateRequired},
	}
	if plan.Spot.ValueBool() {
		data.InstanceMarketOptions = &ec2types.LaunchTemplateInstanceMarketOptionsRequest{MarketType: ec2types.MarketTypeSpot}
	}
	return data
}

func (r *gpuPool) createTemplate(ctx context.Context, plan *poolModel) (string, error) {
	made, err := r.cloud.EC2.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: plan.Name.ValueStringPointer(), LaunchTemplateData: nodes(plan),
		TagSpecifications: specify(ec2types.ResourceTypeLaunchTemplate, cloud.Tags{}.With(cloud.Tags{cloud.TagOwner: plan.Owner.ValueString()})),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(made.LaunchTemplate.LaunchTemplateId), nil
}

func (r *gpuPool) newVersion(ctx context.Context, plan *poolModel) error {
	_, err := r.cloud.EC2.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId: plan.TemplateID.ValueStringPointer(), LaunchTemplateData: nodes(plan)})
	return err
}

// place works out network and subnets from what the plan leaves open.
func (r *gpuPool) place(ctx context.Context, plan *poolModel) error {
	if plan.NetworkID.IsUnknown() && !plan.SubnetIDs.IsUnknown() {
		network, err := r.networkOf(ctx, known(plan.SubnetIDs))
		plan.NetworkID = textOrNull(network)
		return err
	}
	if plan.NetworkID.IsUnknown() {
		found, err := r.cloud.EC2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{
			Filters: []ec2types.Filter{{Name: aws.String("is-default"), Values: []string{"true"}}}})
		if err != nil {
			return err
		}
		if len(found.Vpcs) == 0 {
			return fmt.Errorf("account %s has no default network in %s: set network_id", r.cloud.Account, r.cloud.Region)
		}
		plan.NetworkID = types.StringValue(aws.ToString(found.Vpcs[0].VpcId))
	}
	if !plan.SubnetIDs.IsUnknown() {
		return nil
	}
	subnets, err := listSubnets(ctx, r.cloud, plan.NetworkID.ValueString())
	if err != nil {
		return err
	}
	if len(subnets) == 0 {
		return fmt.Errorf("network %s does not exist here or has no subnets", plan.NetworkID.ValueString())
	}
	var ids []string
	for _, id := range subnets {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	plan.SubnetIDs = setOf(ids)
	return nil
}

// networkOf is the network that subnets are in.
func (r *gpuPool) networkOf(ctx context.Context, subnets []string) (string, error) {
	if len(subnets) == 0 {
		return "", nil
	}
	found, err := r.cloud.EC2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: subnets})
	if cloud.Is(err, "InvalidSubnetID.NotFound") || (err == nil && len(found.Subnets) == 0) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return aws.ToString(found.Subnets[0].VpcId), nil
}

func (r *gpuPool) group(ctx context.Context, name string) (*astypes.AutoScalingGroup, error) {
	found, err := r.cloud.AutoScaling.DescribeAutoScalingGroups(ctx,
		&autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil || len(found.AutoScalingGroups) == 0 {
		return nil, err
	}
	return &found.AutoScalingGroups[0], nil
}

func templateOf(group *astypes.AutoScalingGroup) string {
	if group.LaunchTemplate == nil {
		return ""
	}
	return aws.ToString(group.LaunchTemplate.LaunchTemplateId)
}

// template reads the newest version of a launch template; nil when it is gone.
func (r *gpuPool) template(ctx context.Context, id string) (*ec2types.ResponseLaunchTemplateData, error) {
	if id == "" {
		return nil, nil
	}
	found, err := r.cloud.EC2.DescribeLaunchTemplateVersions(ctx,
		&ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: aws.String(id), Versions: []string{"$Latest"}})
	if cloud.Is(err, "InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException") {
		return nil, nil
	}
	if err != nil || len(found.LaunchTemplateVersions) == 0 {
		return nil, err
	}
	return found.LaunchTemplateVersions[0].LaunchTemplateData, nil
}

// observeNodes reads what the nodes are. Without a template the kind is "none", which plans a replacement.
func (r *gpuPool) observeNodes(ctx context.Context, state *poolModel, group *astypes.AutoScalingGroup) error {
	state.TemplateID = textOrNull(templateOf(group))
	data, err := r.template(ctx, templateOf(group))
	if err != nil {
		return err
	}
	if data == nil {
		state.Kind, state.InstanceType = types.StringValue("none"), types.StringNull()
		return nil
	}
	state.InstanceType = types.StringValue(string(data.InstanceType))
	state.Kind = types.StringValue(catalogue.NameFor(string(data.InstanceType)))
	state.ImageID = textOrNull(aws.ToString(data.ImageId))
	market := data.InstanceMarketOptions
	state.Spot = types.BoolValue(market != nil && market.MarketType == ec2types.MarketTypeSpot)
	return nil
}

func (r *gpuPool) observePlace(ctx context.Context, state *poolModel, group *astypes.AutoScalingGroup) error {
	var subnets []string
	if zones := aws.ToString(group.VPCZoneIdentifier); zones != "" {
		subnets = strings.Split(zones, ",")
	}
	state.SubnetIDs = setOf(subnets)
	network, err := r.networkOf(ctx, subnets)
	if network != "" {
		state.NetworkID = types.StringValue(network)
	}
	return err
}

func groupTags(group *astypes.AutoScalingGroup) cloud.Tags {
	tags := cloud.Tags{}
	for _, tag := range group.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}

// poolTags are tags of a group that its nodes carry too.
func poolTags(group string, tags cloud.Tags) []astypes.Tag {
	list := make([]astypes.Tag, 0, len(tags))
	for key, value := range tags {
		list = append(list, astypes.Tag{ResourceId: aws.String(group), ResourceType: aws.String("auto-scaling-group"),
			Key: aws.String(key), Value: aws.String(value), PropagateAtLaunch: aws.Bool(true)})
	}
	return list
}

func (r *gpuPool) retagGroup(ctx context.Context, name string, wanted cloud.Tags) error {
	group, err := r.group(ctx, name)
	if err != nil || group == nil {
		return err
	}
	set, remove := groupTags(group).Delta(wanted)
	if len(remove) > 0 {
		doomed := cloud.Tags{}
		for _, key := range remove {
			doomed[key] = ""
		}
		if _, err := r.cloud.AutoScaling.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: poolTags(name, doomed)}); err != nil {
			return err
		}
	}
	if len(set) == 0 {
		return nil
	}
	_, err = r.cloud.AutoScaling.CreateOrUpdateTags(ctx, &autoscaling.CreateOrUpdateTagsInput{Tags: poolTags(name, set)})
	return err
}

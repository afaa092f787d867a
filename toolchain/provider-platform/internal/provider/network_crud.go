package provider

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

func (r *network) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan networkModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	action := "Creating network " + plan.Name.ValueString()
	tags := r.wanted(ctx, plan.Tags, r.facts(&plan), &resp.Diagnostics)
	made, err := r.cloud.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: plan.CIDR.ValueStringPointer(),
		TagSpecifications: specify(ec2types.ResourceTypeVpc, tags)})
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	plan.ID = textOrNull(aws.ToString(made.Vpc.VpcId))
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), plan.ID)...) // so that a failure below leaves no orphan
	if r.fail(&resp.Diagnostics, action, r.waitFor(ctx, plan.ID.ValueString())) {
		return
	}
	if r.settleSubnets(ctx, &plan, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}
	r.remember(ctx, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *network) waitFor(ctx context.Context, id string) error {
	return poll(ctx, 2*time.Minute, time.Second, func() (bool, error) {
		found, err := describeVPC(ctx, r.cloud, id)
		return found != nil && found.State == ec2types.VpcStateAvailable, err
	})
}

func (r *network) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan networkModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	action := "Updating network " + plan.ID.ValueString()
	found, err := describeVPC(ctx, r.cloud, plan.ID.ValueString())
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	if found == nil {
		resp.Diagnostics.AddError("The network is gone", action+": it was deleted after the plan was made.\n\nNext: run terraform plan again.")
		return
	}
	wanted := r.wanted(ctx, plan.Tags, r.facts(&plan), &resp.Diagnostics)
	if r.fail(&resp.Diagnostics, action, retag(ctx, r.cloud, plan.ID.ValueString(), vpcTags(found), wanted)) {
		return
	}
	if r.settleSubnets(ctx, &plan, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}
	r.remember(ctx, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *network) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state networkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	found, err := describeVPC(ctx, r.cloud, state.ID.ValueString())
	if r.fail(&resp.Diagnostics, "Reading network "+state.ID.ValueString(), err) {
		return
	}
	if found == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	subnets, err := listSubnets(ctx, r.cloud, state.ID.ValueString())
	if r.fail(&resp.Diagnostics, "Reading the subnets of network "+state.ID.ValueString(), err) {
		return
	}
	tags := vpcTags(found)
	state.ARN = textOrNull(r.arn(state.ID.ValueString()))
	state.Name, state.CIDR = textOrNull(tags["Name"]), textOrNull(aws.ToString(found.CidrBlock))
	state.Owner, state.CostCentre = textOrNull(tags[cloud.TagOwner]), textOrNull(tags[cloud.TagCostCentre])
	ranges, ids := inOrder(subnets, known(state.SubnetCIDRs))
	state.SubnetCIDRs, state.SubnetIDs = listOf(ranges), listOf(ids)
	state.Tags, state.TagsAll = r.readTags(ctx, tags, state.Tags, &resp.Diagnostics, "Name")
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// inOrder lists subnets in the order they were last known in; others follow by range.
func inOrder(subnets map[string]string, last []string) (ranges, ids []string) {
	taken := map[string]bool{}
	for _, cidr := range last {
		if _, there := subnets[cidr]; there && !taken[cidr] {
			ranges, taken[cidr] = append(ranges, cidr), true
		}
	}
	var others []string
	for cidr := range subnets {
		if !taken[cidr] {
			others = append(others, cidr)
		}
	}
	sort.Slice(others, func(i, j int) bool { return before(others[i], others[j]) })
	ranges = append(ranges, others...)
	for _, cidr := range ranges {
		ids = append(ids, subnets[cidr])
	}
	return ranges, ids
}

// settleSubnets deletes the subnets that are not planned and creates those that are missing.
func (r *network) settleSubnets(ctx context.Context, plan *networkModel, diags *diag.Diagnostics) {
	id := plan.ID.ValueString()
	action := "Arranging the subnets of network " + id
	subnets, err := listSubnets(ctx, r.cloud, id)
	if r.fail(diags, action, err) {
		return
	}
	wanted := known(plan.SubnetCIDRs)
	for cidr, subnet := range subnets {
		if !isIn(cidr, wanted) {
			if _, err := r.cloud.EC2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: aws.String(subnet)}); r.fail(diags, action, err) {
				return
			}
		}
	}
	zones, err := r.zones(ctx)
	if r.fail(diags, action, err) {
		return
	}
	ids := make([]string, len(wanted))
	for i, cidr := range wanted {
		if ids[i] = subnets[cidr]; ids[i] != "" {
			continue
		}
		name := fmt.Sprintf("%s-%d", plan.Name.ValueString(), i+1)
		if ids[i], err = r.createSubnet(ctx, id, cidr, name, zones[i%len(zones)]); r.fail(diags, action, err) {
			return
		}
	}
	plan.SubnetIDs = listOf(ids)
}

func (r *network) createSubnet(ctx context.Context, network, cidr, name, zone string) (string, error) {
	tags := cloud.Tags{"Name": name}.With(cloud.Tags{cloud.TagNetwork: network})
	made, err := r.cloud.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: aws.String(network), CidrBlock: aws.String(cidr),
		AvailabilityZone: aws.String(zone), TagSpecifications: specify(ec2types.ResourceTypeSubnet, tags)})
	if err != nil {
		return "", err
	}
	return aws.ToString(made.Subnet.SubnetId), nil
}

func (r *network) zones(ctx context.Context) ([]string, error) {
	found, err := r.cloud.EC2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{})
	if err != nil {
		return nil, err
	}
	var zones []string
	for _, zone := range found.AvailabilityZones {
		zones = append(zones, aws.ToString(zone.ZoneName))
	}
	if len(zones) == 0 {
		return nil, fmt.Errorf("region %s has no availability zone", r.cloud.Region)
	}
	sort.Strings(zones)
	return zones, nil
}

func (r *network) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state networkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	action := "Deleting network " + state.ID.ValueString()
	subnets, err := listSubnets(ctx, r.cloud, state.ID.ValueString())
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	for _, subnet := range subnets {
		_, err := r.cloud.EC2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: aws.String(subnet)})
		if !cloud.Is(err, "InvalidSubnetID.NotFound") && r.fail(&resp.Diagnostics, action, err) {
			return
		}
	}
	_, err = r.cloud.EC2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: state.ID.ValueStringPointer()})
	if !cloud.Is(err, "InvalidVpcID.NotFound") {
		r.fail(&resp.Diagnostics, action, err)
	}
}

// ImportState takes a VPC id.
func (r *network) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !strings.HasPrefix(req.ID, "vpc-") {
		resp.Diagnostics.AddError("Not a network id", fmt.Sprintf("A network is imported by its VPC id, as in vpc-0abc; got %q.", req.ID))
		return
	}
	r.base.ImportState(ctx, req, resp)
}

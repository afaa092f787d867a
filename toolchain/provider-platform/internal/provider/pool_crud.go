package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/catalogue"
	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

func (r *gpuPool) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan poolModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	r.cloud.QuotaLock.Lock() // two pools of one plan must not both take the last GPUs
	defer r.cloud.QuotaLock.Unlock()
	if r.refuseTeam(ctx, &plan, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}
	action := "Creating GPU pool " + plan.Name.ValueString()
	if r.fail(&resp.Diagnostics, action, r.place(ctx, &plan)) {
		return
	}
	template, err := r.createTemplate(ctx, &plan)
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	plan.ID, plan.TemplateID = plan.Name, types.StringValue(template)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), plan.ID)...) // so that a failure below leaves no orphan
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("launch_template_id"), plan.TemplateID)...)
	tags := r.wanted(ctx, plan.Tags, r.facts(&plan), &resp.Diagnostics)
	_, err = r.cloud.AutoScaling.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: plan.Name.ValueStringPointer(),
		LaunchTemplate:       latest(template),
		MinSize:              count(plan.MinSize), MaxSize: count(plan.MaxSize), DesiredCapacity: count(plan.Size),
		VPCZoneIdentifier: aws.String(strings.Join(known(plan.SubnetIDs), ",")),
		Tags:              poolTags(plan.Name.ValueString(), tags),
	})
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	group, err := r.group(ctx, plan.Name.ValueString())
	if r.fail(&resp.Diagnostics, action, err) || group == nil {
		return
	}
	plan.ARN = types.StringValue(aws.ToString(group.AutoScalingGroupARN))
	plan.TagsAll = mapOf(tags.User("Name"))
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func latest(template string) *astypes.LaunchTemplateSpecification {
	return &astypes.LaunchTemplateSpecification{LaunchTemplateId: aws.String(template), Version: aws.String("$Latest")}
}

func count(value types.Int64) *int32 { return aws.Int32(int32(value.ValueInt64())) }

func (r *gpuPool) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state poolModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	action := "Reading GPU pool " + state.ID.ValueString()
	group, err := r.group(ctx, state.ID.ValueString())
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	if group == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	if r.fail(&resp.Diagnostics, action, r.observeNodes(ctx, &state, group)) ||
		r.fail(&resp.Diagnostics, action, r.observePlace(ctx, &state, group)) {
		return
	}
	state.Name, state.ARN = state.ID, textOrNull(aws.ToString(group.AutoScalingGroupARN))
	state.Size, state.MinSize, state.MaxSize = number(group.DesiredCapacity), number(group.MinSize), number(group.MaxSize)
	tags := groupTags(group)
	state.Owner, state.CostCentre = textOrNull(tags[cloud.TagOwner]), textOrNull(tags[cloud.TagCostCentre])
	state.Quota = numberOrNull(tags[cloud.TagQuota])
	state.Tags, state.TagsAll = r.readTags(ctx, tags, state.Tags, &resp.Diagnostics, "Name")
	kind, sold := catalogue.Lookup(state.Kind.ValueString())
	state.GPUs, state.HourlyCost = types.Int64Null(), types.Float64Null()
	if sold {
		size := state.Size.ValueInt64()
		state.GPUs = types.Int64Value(kind.GPUs(size))
		state.HourlyCost = types.Float64Value(kind.HourlyCostUSD(size, state.Spot.ValueBool()))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func number(value *int32) types.Int64 { return types.Int64Value(int64(aws.ToInt32(value))) }

func (r *gpuPool) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state poolModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	r.cloud.QuotaLock.Lock()
	defer r.cloud.QuotaLock.Unlock()
	if plan.takesMore(&state) {
		if r.refuseTeam(ctx, &plan, &resp.Diagnostics); resp.Diagnostics.HasError() {
			return
		}
	}
	action := "Updating GPU pool " + plan.ID.ValueString()
	if r.fail(&resp.Diagnostics, action, r.place(ctx, &plan)) {
		return
	}
	if !plan.Spot.Equal(state.Spot) || !plan.ImageID.Equal(state.ImageID) {
		if r.fail(&resp.Diagnostics, action, r.newVersion(ctx, &plan)) {
			return
		}
	}
	_, err := r.cloud.AutoScaling.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: plan.ID.ValueStringPointer(),
		LaunchTemplate:       latest(plan.TemplateID.ValueString()),
		MinSize:              count(plan.MinSize), MaxSize: count(plan.MaxSize), DesiredCapacity: count(plan.Size),
		VPCZoneIdentifier: aws.String(strings.Join(known(plan.SubnetIDs), ",")),
	})
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	tags := r.wanted(ctx, plan.Tags, r.facts(&plan), &resp.Diagnostics)
	if r.fail(&resp.Diagnostics, action, r.retagGroup(ctx, plan.ID.ValueString(), tags)) {
		return
	}
	plan.TagsAll = mapOf(tags.User("Name"))
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *gpuPool) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state poolModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	name := state.ID.ValueString()
	action := "Deleting GPU pool " + name
	group, err := r.group(ctx, name)
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	if group != nil {
		_, err := r.cloud.AutoScaling.DeleteAutoScalingGroup(ctx,
			&autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: &name, ForceDelete: aws.Bool(true)})
		if r.fail(&resp.Diagnostics, action, err) {
			return
		}
		err = poll(ctx, 15*time.Minute, 2*time.Second, func() (bool, error) {
			group, err := r.group(ctx, name)
			return group == nil, err
		})
		if r.fail(&resp.Diagnostics, action, err) {
			return
		}
	}
	_, err = r.cloud.EC2.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: state.TemplateID.ValueStringPointer()})
	if !cloud.Is(err, "InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateName.NotFoundException") {
		r.fail(&resp.Diagnostics, action, err)
	}
}

// held sums the GPUs that an owner's other pools ask for, and names those pools.
func (r *gpuPool) held(ctx context.Context, owner, except string) (names string, gpus int64, err error) {
	var listed []string
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(r.cloud.AutoScaling, &autoscaling.DescribeAutoScalingGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", 0, err
		}
		for i := range page.AutoScalingGroups {
			group := &page.AutoScalingGroups[i]
			name := aws.ToString(group.AutoScalingGroupName)
			tags := groupTags(group)
			if tags[cloud.TagOwner] != owner || tags[cloud.TagManagedBy] != cloud.Manager || name == except {
				continue
			}
			data, err := r.template(ctx, templateOf(group))
			if err != nil || data == nil {
				return "", 0, err
			}
			if kind, sold := catalogue.Lookup(catalogue.NameFor(string(data.InstanceType))); sold {
				here := kind.GPUs(int64(aws.ToInt32(group.DesiredCapacity)))
				gpus += here
				listed = append(listed, fmt.Sprintf("%s: %d", name, here))
			}
		}
	}
	return strings.Join(listed, ", "), gpus, nil
}

package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

func (r *secret) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state secretModel
	var value types.String
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("value_wo"), &value)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	send := &value
	if plan.ValueVersion.Equal(state.ValueVersion) {
		send = nil
	}
	tags := r.wanted(ctx, plan.Tags, r.facts(&plan), &resp.Diagnostics)
	if r.fail(&resp.Diagnostics, "Updating secret "+plan.Name.ValueString(), r.rewrite(ctx, &plan, send, tags)) {
		return
	}
	if plan.RotateBy.IsUnknown() {
		changed, err := r.changed(ctx, plan.ID.ValueString())
		if r.fail(&resp.Diagnostics, "Reading secret "+plan.Name.ValueString(), err) {
			return
		}
		plan.RotateBy = rotateBy(changed, plan.RotationDays)
	}
	plan.TagsAll = mapOf(tags.User())
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// changed is when the current value was written.
func (r *secret) changed(ctx context.Context, id string) (time.Time, error) {
	versions, err := r.cloud.Secrets.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: &id})
	if err != nil {
		return time.Time{}, err
	}
	for _, version := range versions.Versions {
		if isIn("AWSCURRENT", version.VersionStages) {
			return aws.ToTime(version.CreatedDate), nil
		}
	}
	return time.Now(), nil
}

func (r *secret) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state secretModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	found, err := r.cloud.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: state.ID.ValueStringPointer()})
	if cloud.Is(err, "ResourceNotFoundException") || (err == nil && found.DeletedDate != nil) {
		resp.State.RemoveResource(ctx)
		return
	}
	if r.fail(&resp.Diagnostics, "Reading secret "+state.ID.ValueString(), err) {
		return
	}
	tags := foundTags(found)
	r.observeValue(&state, found, tags, &resp.Diagnostics)
	state.ARN, state.ID = textOrNull(aws.ToString(found.ARN)), textOrNull(aws.ToString(found.ARN))
	state.Name, state.Description = textOrNull(aws.ToString(found.Name)), textOrNull(aws.ToString(found.Description))
	state.Owner, state.RotationDays = textOrNull(tags[cloud.TagOwner]), numberOrNull(tags[cloud.TagRotation])
	if state.RecoveryWindow.IsNull() { // after an import: it is no property of the secret
		state.RecoveryWindow = types.Int64Value(7)
	}
	changed, err := r.changed(ctx, state.ID.ValueString())
	if r.fail(&resp.Diagnostics, "Reading secret "+state.ID.ValueString(), err) {
		return
	}
	state.RotateBy = rotateBy(changed, state.RotationDays)
	if due := state.RotateBy.ValueString(); due != "" && due < time.Now().UTC().Format(time.DateOnly) {
		resp.Diagnostics.AddWarning("Secret is overdue", fmt.Sprintf("The value of %s was to be renewed by %s. Next: give it a new value "+
			"and raise value_wo_version.", state.Name.ValueString(), due))
	}
	state.Tags, state.TagsAll = r.readTags(ctx, tags, state.Tags, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// observeValue tells by its version id whether someone else wrote the value; then the version of ours is unknown.
func (r *secret) observeValue(state *secretModel, found *secretsmanager.DescribeSecretOutput, tags cloud.Tags, diags *diag.Diagnostics) {
	current := ""
	for id, stages := range found.VersionIdsToStages {
		if isIn("AWSCURRENT", stages) {
			current = id
		}
	}
	last := state.VersionID.ValueString()
	state.VersionID = textOrNull(current)
	if last == "" { // after an import
		state.ValueVersion = numberOrNull(tags[cloud.TagValue])
		return
	}
	if current != last {
		state.ValueVersion = types.Int64Null()
		diags.AddWarning("Secret value changed outside Terraform", fmt.Sprintf("The current value of %s was written by someone else "+
			"(version %s, ours was %s). Applying this configuration writes the configured value again.", aws.ToString(found.Name), current, last))
	}
}

func (r *secret) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state secretModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	input := &secretsmanager.DeleteSecretInput{SecretId: state.ID.ValueStringPointer()}
	if window := state.RecoveryWindow.ValueInt64(); window > 0 {
		input.RecoveryWindowInDays = aws.Int64(window)
	} else {
		input.ForceDeleteWithoutRecovery = aws.Bool(true)
	}
	_, err := r.cloud.Secrets.DeleteSecret(ctx, input)
	if !cloud.Is(err, "ResourceNotFoundException") {
		r.fail(&resp.Diagnostics, "Deleting secret "+state.Name.ValueString(), err)
	}
}

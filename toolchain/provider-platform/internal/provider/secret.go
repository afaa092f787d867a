package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

type secret struct{ base }

type secretModel struct {
	ID             types.String `tfsdk:"id"`
	ARN            types.String `tfsdk:"arn"`
	VersionID      types.String `tfsdk:"version_id"`
	RotateBy       types.String `tfsdk:"rotate_by"`
	Name           types.String `tfsdk:"name"`
	Description    types.String `tfsdk:"description"`
	ValueWO        types.String `tfsdk:"value_wo"`
	ValueVersion   types.Int64  `tfsdk:"value_wo_version"`
	RotationDays   types.Int64  `tfsdk:"rotation_days"`
	RecoveryWindow types.Int64  `tfsdk:"recovery_window_days"`
	Owner          types.String `tfsdk:"owner"`
	Tags           types.Map    `tfsdk:"tags"`
	TagsAll        types.Map    `tfsdk:"tags_all"`
}

func newSecret() resource.Resource { return &secret{} }

func (r *secret) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "platform_secret"
}

func (r *secret) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "A secret whose value Terraform sends but never keeps: neither plan nor state holds it (Secrets Manager).",
		Attributes: map[string]schema.Attribute{
			"id":         idAttribute("ARN of the secret; an import takes its name too."),
			"arn":        computedText("ARN of the secret."),
			"version_id": schema.StringAttribute{Computed: true, Description: "Id of the current version of the value."},
			"rotate_by":  schema.StringAttribute{Computed: true, Description: "Day by which the value is to be renewed (YYYY-MM-DD); null without rotation_days."},
			"name": fixedName("Name of the secret, as in \"search/db-password\".",
				pattern(`^[A-Za-z0-9/_+=.@-]{1,512}$`, "must be 1 to 512 letters, digits and /_+=.@-")),
			"description": schema.StringAttribute{Optional: true, Description: "What the secret is for.",
				Validators: []validator.String{stringvalidator.LengthBetween(1, 2048)}},
			"value_wo": schema.StringAttribute{Required: true, WriteOnly: true, Sensitive: true,
				Description: "The value. Write-only (Terraform 1.11 and later): it is sent when the secret is created and whenever value_wo_version changes.",
				Validators:  []validator.String{stringvalidator.LengthBetween(1, 65536)}},
			"value_wo_version": schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(1),
				Description: "Version of the value, counted by you: raise it to send value_wo again. Default 1. Someone who changes the value elsewhere makes it unknown, and the plan sends yours again.",
				Validators:  []validator.Int64{int64validator.AtLeast(1)}},
			"rotation_days": schema.Int64Attribute{Optional: true, Validators: []validator.Int64{int64validator.Between(1, 1000)},
				Description: "Oldest the value may become, in days. Plans warn when it is overdue; renew it by raising value_wo_version."},
			"recovery_window_days": schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(7),
				Description: "Days in which a destroyed secret can be restored: 7 to 30, or 0 to delete at once. Default 7. Creating the secret again within them restores it.",
				Validators:  []validator.Int64{int64validator.Any(int64validator.OneOf(0), int64validator.Between(7, 30))}},
			"owner":    ownerAttribute(),
			"tags":     tagsAttribute(),
			"tags_all": tagsAllAttribute(),
		},
	}
}

// ModifyPlan marks what a new value changes.
func (r *secret) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.planTags(ctx, &resp.Plan, &resp.Diagnostics)
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() || resp.Diagnostics.HasError() {
		return
	}
	var plan, state secretModel
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	sameValue := plan.ValueVersion.Equal(state.ValueVersion)
	plan.VersionID, plan.RotateBy = types.StringUnknown(), types.StringUnknown()
	if sameValue {
		plan.VersionID = state.VersionID
	}
	if sameValue && plan.RotationDays.Equal(state.RotationDays) {
		plan.RotateBy = state.RotateBy
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

func (r *secret) facts(plan *secretModel) cloud.Tags {
	return cloud.Tags{cloud.TagOwner: plan.Owner.ValueString(), cloud.TagRotation: numberText(plan.RotationDays),
		cloud.TagValue: numberText(plan.ValueVersion)}
}

func (r *secret) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan secretModel
	var value types.String
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("value_wo"), &value)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	name := plan.Name.ValueString()
	tags := r.wanted(ctx, plan.Tags, r.facts(&plan), &resp.Diagnostics)
	made, err := r.cloud.Secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name,
		Description: plan.Description.ValueStringPointer(), SecretString: value.ValueStringPointer(), Tags: secretTags(tags)})
	if err == nil {
		plan.ARN, plan.VersionID = textOrNull(aws.ToString(made.ARN)), textOrNull(aws.ToString(made.VersionId))
	} else if found := r.destroyed(ctx, name); found != nil {
		resp.Diagnostics.AddWarning("Secret restored", fmt.Sprintf("Secret %s was destroyed on %s and still in its recovery window. "+
			"It was restored and given the new value; its former versions are back too.", name, found.DeletedDate.Format(time.DateOnly)))
		plan.ARN = textOrNull(aws.ToString(found.ARN))
		_, err = r.cloud.Secrets.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: found.ARN})
	}
	if r.fail(&resp.Diagnostics, "Creating secret "+name, err) {
		return
	}
	plan.ID = plan.ARN
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), plan.ID)...)
	if made == nil && r.fail(&resp.Diagnostics, "Restoring secret "+name, r.rewrite(ctx, &plan, &value, tags)) {
		return
	}
	plan.TagsAll, plan.RotateBy = mapOf(tags.User()), rotateBy(time.Now(), plan.RotationDays)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// destroyed finds a secret of that name in its recovery window.
func (r *secret) destroyed(ctx context.Context, name string) *secretsmanager.DescribeSecretOutput {
	found, err := r.cloud.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	if err != nil || found.DeletedDate == nil {
		return nil
	}
	return found
}

// rewrite brings description, tags and, when value is not nil, the value of an existing secret to the plan.
func (r *secret) rewrite(ctx context.Context, plan *secretModel, value *types.String, tags cloud.Tags) error {
	id := plan.ID.ValueStringPointer()
	_, err := r.cloud.Secrets.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: id,
		Description: aws.String(plan.Description.ValueString())})
	if err != nil {
		return err
	}
	if value != nil {
		put, err := r.cloud.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: value.ValueStringPointer()})
		if err != nil {
			return err
		}
		plan.VersionID = textOrNull(aws.ToString(put.VersionId))
	}
	found, err := r.cloud.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id})
	if err != nil {
		return err
	}
	set, remove := foundTags(found).Delta(tags)
	if len(remove) > 0 {
		if _, err := r.cloud.Secrets.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: id, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		_, err = r.cloud.Secrets.TagResource(ctx, &secretsmanager.TagResourceInput{SecretId: id, Tags: secretTags(set)})
	}
	return err
}

func rotateBy(changed time.Time, days types.Int64) types.String {
	if days.IsNull() {
		return types.StringNull()
	}
	return types.StringValue(changed.UTC().AddDate(0, 0, int(days.ValueInt64())).Format(time.DateOnly))
}

func secretTags(tags cloud.Tags) []smtypes.Tag {
	list := make([]smtypes.Tag, 0, len(tags))
	for key, value := range tags {
		list = append(list, smtypes.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	return list
}

func foundTags(found *secretsmanager.DescribeSecretOutput) cloud.Tags {
	tags := cloud.Tags{}
	for _, tag := range found.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}

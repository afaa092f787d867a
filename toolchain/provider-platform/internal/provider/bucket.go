package provider

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

type artifactBucket struct{ base }

type bucketModel struct {
	ID            types.String `tfsdk:"id"`
	ARN           types.String `tfsdk:"arn"`
	Region        types.String `tfsdk:"region"`
	Name          types.String `tfsdk:"name"`
	Owner         types.String `tfsdk:"owner"`
	CostCentre    types.String `tfsdk:"cost_centre"`
	Encryption    types.String `tfsdk:"encryption"`
	KMSKeyID      types.String `tfsdk:"kms_key_id"`
	PublicBlocked types.Bool   `tfsdk:"public_access_blocked"`
	Versioning    types.Bool   `tfsdk:"versioning"`
	ExpireDays    types.Int64  `tfsdk:"expire_days"`
	ForceDestroy  types.Bool   `tfsdk:"force_destroy"`
	Tags          types.Map    `tfsdk:"tags"`
	TagsAll       types.Map    `tfsdk:"tags_all"`
}

func newArtifactBucket() resource.Resource { return &artifactBucket{} }

func (r *artifactBucket) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "platform_artifact_bucket"
}

func (r *artifactBucket) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "A bucket for models, data sets and build artifacts: encrypted, private and versioned unless told otherwise (S3).",
		Attributes: map[string]schema.Attribute{
			"id":          idAttribute("The bucket's name."),
			"arn":         computedText("ARN of the bucket."),
			"region":      computedText("Region the bucket is in."),
			"name":        fixedName("Name of the bucket, unique across all accounts.", bucketRule()),
			"owner":       ownerAttribute(),
			"cost_centre": costCentreAttribute(false),
			"encryption": schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString("AES256"),
				Description: "Encryption at rest: \"AES256\" (the default) or \"aws:kms\".",
				Validators:  []validator.String{stringvalidator.OneOf("AES256", "aws:kms")}},
			"kms_key_id": schema.StringAttribute{Optional: true,
				Description: "Key id or ARN for encryption = \"aws:kms\". Default: the account's own S3 key."},
			"public_access_blocked": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				Description: "Refuse public access by ACL and by policy. Default true."},
			"versioning": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				Description: "Keep former versions of objects. Default true."},
			"expire_days": schema.Int64Attribute{Optional: true, Description: "Delete objects after so many days. Default: keep them.",
				Validators: []validator.Int64{int64validator.Between(1, 3650)}},
			"force_destroy": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				Description: "Delete the objects too when the bucket is destroyed. Default false."},
			"tags":     tagsAttribute(),
			"tags_all": tagsAllAttribute(),
		},
	}
}

func (r *artifactBucket) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config bucketModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !config.KMSKeyID.IsNull() && !config.Encryption.IsUnknown() && config.Encryption.ValueString() != "aws:kms" {
		resp.Diagnostics.AddAttributeError(path.Root("kms_key_id"), "kms_key_id without KMS encryption",
			"A key has no effect with encryption = \"AES256\". Set encryption = \"aws:kms\", or remove kms_key_id.")
	}
}

func (r *artifactBucket) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan bucketModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	input := &s3.CreateBucketInput{Bucket: plan.Name.ValueStringPointer()}
	if r.cloud.Region != "us-east-1" { // S3 refuses the name of this one region
		input.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{
			LocationConstraint: s3types.BucketLocationConstraint(r.cloud.Region)}
	}
	if _, err := r.cloud.S3.CreateBucket(ctx, input); r.fail(&resp.Diagnostics, "Creating bucket "+plan.Name.ValueString(), err) {
		return
	}
	plan.ID = plan.Name
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), plan.ID)...) // so that a failure below leaves no orphan
	r.settle(ctx, &plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), plan.Name)...)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *artifactBucket) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan bucketModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	r.settle(ctx, &plan, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	}
}

// settle brings every setting of an existing bucket to the plan and fills in the computed attributes.
func (r *artifactBucket) settle(ctx context.Context, plan *bucketModel, diags *diag.Diagnostics) {
	name := plan.Name.ValueString()
	facts := cloud.Tags{cloud.TagOwner: plan.Owner.ValueString(), cloud.TagCostCentre: plan.CostCentre.ValueString()}
	tags := r.wanted(ctx, plan.Tags, facts, diags)
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"encryption", func() error { return r.putEncryption(ctx, plan) }},
		{"public access block", func() error { return r.putPublicBlock(ctx, plan) }},
		{"versioning", func() error { return r.putVersioning(ctx, plan) }},
		{"lifecycle", func() error { return r.putLifecycle(ctx, plan) }},
		{"tags", func() error { return r.putTags(ctx, name, tags) }},
	} {
		if r.fail(diags, "Setting the "+step.what+" of bucket "+name, step.do()) {
			return
		}
	}
	plan.ARN = types.StringValue("arn:aws:s3:::" + name)
	if plan.Region.IsUnknown() || plan.Region.IsNull() {
		plan.Region = types.StringValue(r.cloud.Region)
	}
	plan.TagsAll = mapOf(tags.User())
}

func (r *artifactBucket) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state bucketModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	head, err := r.cloud.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: state.ID.ValueStringPointer()})
	var missing *s3types.NotFound
	if errors.As(err, &missing) || cloud.Is(err, "NoSuchBucket", "NotFound") {
		resp.State.RemoveResource(ctx)
		return
	}
	if r.fail(&resp.Diagnostics, "Reading bucket "+state.ID.ValueString(), err) {
		return
	}
	state.Region = types.StringValue(either(aws.ToString(head.BucketRegion), r.cloud.Region))
	r.observe(ctx, &state, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	}
}

// observe reads every setting of an existing bucket.
func (r *artifactBucket) observe(ctx context.Context, state *bucketModel, diags *diag.Diagnostics) {
	name := state.ID.ValueString()
	state.Name, state.ARN = state.ID, types.StringValue("arn:aws:s3:::"+name)
	if state.ForceDestroy.IsNull() { // after an import: it is no property of the bucket
		state.ForceDestroy = types.BoolValue(false)
	}
	var tags cloud.Tags
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"encryption", func() error { return r.getEncryption(ctx, state) }},
		{"public access block", func() error { return r.getPublicBlock(ctx, state) }},
		{"versioning", func() error { return r.getVersioning(ctx, state) }},
		{"lifecycle", func() error { return r.getLifecycle(ctx, state) }},
		{"tags", func() (err error) { tags, err = r.getTags(ctx, name); return err }},
	} {
		if r.fail(diags, "Reading the "+step.what+" of bucket "+name, step.do()) {
			return
		}
	}
	state.Owner, state.CostCentre = textOrNull(tags[cloud.TagOwner]), textOrNull(tags[cloud.TagCostCentre])
	state.Tags, state.TagsAll = r.readTags(ctx, tags, state.Tags, diags)
}

func (r *artifactBucket) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state bucketModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	name := state.ID.ValueString()
	if state.ForceDestroy.ValueBool() {
		if r.fail(&resp.Diagnostics, "Emptying bucket "+name, r.empty(ctx, name)) {
			return
		}
	}
	_, err := r.cloud.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
	if !cloud.Is(err, "NoSuchBucket") {
		r.fail(&resp.Diagnostics, "Deleting bucket "+name, err)
	}
}

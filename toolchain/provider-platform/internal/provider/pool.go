package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/catalogue"
	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// defaultImage is AWS's own GPU image, looked up by EC2 when a node starts.
const defaultImage = "resolve:ssm:/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"

type gpuPool struct{ base }

type poolModel struct {
	ID           types.String  `tfsdk:"id"`
	ARN          types.String  `tfsdk:"arn"`
	TemplateID   types.String  `tfsdk:"launch_template_id"`
	Name         types.String  `tfsdk:"name"`
	Kind         types.String  `tfsdk:"kind"`
	Size         types.Int64   `tfsdk:"size"`
	MinSize      types.Int64   `tfsdk:"min_size"`
	MaxSize      types.Int64   `tfsdk:"max_size"`
	Quota        types.Int64   `tfsdk:"quota"`
	Spot         types.Bool    `tfsdk:"spot"`
	ImageID      types.String  `tfsdk:"image_id"`
	NetworkID    types.String  `tfsdk:"network_id"`
	SubnetIDs    types.Set     `tfsdk:"subnet_ids"`
	Owner        types.String  `tfsdk:"owner"`
	CostCentre   types.String  `tfsdk:"cost_centre"`
	InstanceType types.String  `tfsdk:"instance_type"`
	GPUs         types.Int64   `tfsdk:"gpus"`
	HourlyCost   types.Float64 `tfsdk:"hourly_cost_usd"`
	Tags         types.Map     `tfsdk:"tags"`
	TagsAll      types.Map     `tfsdk:"tags_all"`
}

func newGPUPool() resource.Resource { return &gpuPool{} }

func (r *gpuPool) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "platform_gpu_pool"
}

func (r *gpuPool) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := poolSizes()
	for name, attribute := range poolPlacement() {
		attributes[name] = attribute
	}
	for name, attribute := range map[string]schema.Attribute{
		"id":                 idAttribute("The pool's name."),
		"arn":                computedText("ARN of the Auto Scaling group."),
		"launch_template_id": computedText("Id of the launch template."),
		"name":               fixedName("Name of the pool, unique in the account and region.", nameRule()),
		"owner":              ownerAttribute(),
		"cost_centre":        costCentreAttribute(true),
		"instance_type":      schema.StringAttribute{Computed: true, Description: "EC2 instance type behind the kind."},
		"gpus":               schema.Int64Attribute{Computed: true, Description: "GPUs in the pool: size × GPUs per node."},
		"hourly_cost_usd": schema.Float64Attribute{Computed: true,
			Description: "Estimated price of the pool at its size for an hour, in US dollars. From a static table of course figures, not a quote."},
		"tags":     tagsAttribute(),
		"tags_all": tagsAllAttribute(),
	} {
		attributes[name] = attribute
	}
	resp.Schema = schema.Schema{Attributes: attributes,
		Description: "A pool of GPU nodes of one kind for one team, within the team's quota (launch template and Auto Scaling group)."}
}

func poolSizes() map[string]schema.Attribute {
	atLeast := func(least int64) []validator.Int64 { return []validator.Int64{int64validator.Between(least, 1000)} }
	return map[string]schema.Attribute{
		"kind": schema.StringAttribute{Required: true, PlanModifiers: replace(),
			Description: "Kind of GPU: t4, l4, a100 or h100 (see platform_gpu_catalogue). Changing it replaces the pool.",
			Validators:  []validator.String{stringvalidator.OneOf(catalogue.Names()...)}},
		"size": schema.Int64Attribute{Required: true, Description: "Number of nodes that run.", Validators: atLeast(0)},
		"min_size": schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(0),
			Description: "Fewest nodes an autoscaler may leave. Default 0.", Validators: atLeast(0)},
		"max_size": schema.Int64Attribute{Optional: true, Computed: true,
			Description: "Most nodes an autoscaler may start. Default: size.", Validators: atLeast(0)},
		"quota": schema.Int64Attribute{Required: true, Validators: []validator.Int64{int64validator.Between(0, 8000)},
			Description: "Most GPUs the owner may hold in this account and region, over all pools. " +
				"A plan in which this pool alone goes over it is refused; together with the owner's other pools the plan warns and apply is refused."},
	}
}

func poolPlacement() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"spot": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			Description: "Use spot nodes, which are cheaper and may be taken away. Default false."},
		"image_id": schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString(defaultImage),
			Description: "Machine image of the nodes. Default: AWS's base GPU image for Ubuntu, looked up when a node starts."},
		"network_id": schema.StringAttribute{Optional: true, Computed: true,
			Description: "Network to place the nodes in. Default: the account's default network. Changing it replaces the pool.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIfConfigured(),
				stringplanmodifier.UseStateForUnknown()}},
		"subnet_ids": schema.SetAttribute{Optional: true, Computed: true, ElementType: types.StringType,
			Description:   "Subnets to place the nodes in. Default: all subnets of network_id.",
			Validators:    []validator.Set{setvalidator.SizeAtLeast(1)},
			PlanModifiers: []planmodifier.Set{setplanmodifier.UseStateForUnknown()}},
	}
}

// ValidateConfig refuses sizes that contradict each other and a pool that cannot fit its quota. Terraform calls it
// while validating with what is known, and while planning with everything.
func (r *gpuPool) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config poolModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.Size.IsUnknown() {
		return
	}
	size := config.Size.ValueInt64()
	if !config.MinSize.IsUnknown() && config.MinSize.ValueInt64() > size {
		resp.Diagnostics.AddAttributeError(path.Root("min_size"), "min_size is above size",
			fmt.Sprintf("The pool has size = %d and may not go below min_size = %d. Lower min_size or raise size.", size, config.MinSize.ValueInt64()))
	}
	if config.MaxSize.IsUnknown() {
		return
	}
	most := size
	if !config.MaxSize.IsNull() {
		most = config.MaxSize.ValueInt64()
	}
	if most < size {
		resp.Diagnostics.AddAttributeError(path.Root("max_size"), "max_size is below size",
			fmt.Sprintf("The pool has size = %d and may not go above max_size = %d. Raise max_size or lower size.", size, most))
		return
	}
	kind, sold := catalogue.Lookup(config.Kind.ValueString())
	if !sold || config.Quota.IsUnknown() || config.Quota.IsNull() {
		return
	}
	at := path.Root("size")
	if most > size && kind.CheckQuota(size, config.Quota.ValueInt64()) == nil {
		at = path.Root("max_size")
	}
	if err := kind.CheckQuota(most, config.Quota.ValueInt64()); err != nil {
		resp.Diagnostics.AddAttributeError(at, "GPU quota exceeded", fmt.Sprintf("%s could hold %s.", nameOr(config.Name, "The pool"), err))
	}
}

func nameOr(name types.String, otherwise string) string {
	if name.IsNull() || name.IsUnknown() {
		return otherwise
	}
	return fmt.Sprintf("Pool %q", name.ValueString())
}

// ModifyPlan works out everything that follows from kind and size, so that a reviewer sees GPUs and cost in the plan,
// and counts the owner's other pools against the quota.
func (r *gpuPool) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.planTags(ctx, &resp.Plan, &resp.Diagnostics)
	if req.Plan.Raw.IsNull() || resp.Diagnostics.HasError() {
		return
	}
	var plan, config, state poolModel
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if config.MaxSize.IsNull() {
		plan.MaxSize = plan.Size
	}
	if config.SubnetIDs.IsNull() && !plan.NetworkID.Equal(state.NetworkID) {
		plan.SubnetIDs = types.SetUnknown(types.StringType)
	}
	plan.derive()
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	if r.cloud != nil && r.cloud.Ready() == nil && plan.takesMore(&state) {
		// a warning, for an error would refuse `terraform destroy` too: Terraform plans before it destroys
		if message := r.checkTeam(ctx, &plan, &resp.Diagnostics); message != "" {
			resp.Diagnostics.AddAttributeWarning(path.Root("size"), "Apply will be refused: GPU quota exceeded", message)
		}
	}
}

// derive sets the computed attributes that follow from kind, size and spot.
func (m *poolModel) derive() {
	m.InstanceType, m.GPUs, m.HourlyCost = types.StringUnknown(), types.Int64Unknown(), types.Float64Unknown()
	kind, sold := catalogue.Lookup(m.Kind.ValueString())
	if !sold {
		return
	}
	m.InstanceType = types.StringValue(kind.InstanceType)
	if m.Size.IsUnknown() {
		return
	}
	m.GPUs = types.Int64Value(kind.GPUs(m.Size.ValueInt64()))
	if !m.Spot.IsUnknown() {
		m.HourlyCost = types.Float64Value(kind.HourlyCostUSD(m.Size.ValueInt64(), m.Spot.ValueBool()))
	}
}

// takesMore tells whether a plan must be counted against the quota again. Shrinking never is.
func (m *poolModel) takesMore(state *poolModel) bool {
	return !m.Owner.Equal(state.Owner) || !m.Quota.Equal(state.Quota) || !m.Kind.Equal(state.Kind) ||
		m.Size.IsUnknown() || m.Size.ValueInt64() > state.Size.ValueInt64()
}

// checkTeam counts the owner's other pools too: message says why this pool does not fit beside them, "" when it does.
func (r *gpuPool) checkTeam(ctx context.Context, plan *poolModel, diags *diag.Diagnostics) (message string) {
	kind, sold := catalogue.Lookup(plan.Kind.ValueString())
	if !sold || plan.Size.IsUnknown() || plan.Quota.IsUnknown() || plan.Owner.IsUnknown() || plan.Name.IsUnknown() {
		return ""
	}
	others, held, err := r.held(ctx, plan.Owner.ValueString(), plan.Name.ValueString())
	if r.fail(diags, "Counting the GPUs of "+plan.Owner.ValueString(), err) {
		return ""
	}
	asked, quota := kind.GPUs(plan.Size.ValueInt64()), plan.Quota.ValueInt64()
	if asked+held <= quota || asked == 0 {
		return ""
	}
	return fmt.Sprintf("Pool %q asks for %d GPUs. %s already holds %d in account %s, region %s (%s), which together is over the quota of %d.\n\n"+
		"Next: shrink or destroy one of these pools, ask for at most %d GPUs here, or ask the platform team for a higher quota.",
		plan.Name.ValueString(), asked, plan.Owner.ValueString(), held, r.cloud.Account, r.cloud.Region, others, quota, max(0, quota-held))
}

// refuseTeam refuses during apply what the plan warned of.
func (r *gpuPool) refuseTeam(ctx context.Context, plan *poolModel, diags *diag.Diagnostics) {
	if message := r.checkTeam(ctx, plan, diags); message != "" {
		diags.AddAttributeError(path.Root("size"), "GPU quota exceeded", message)
	}
}

func (r *gpuPool) facts(plan *poolModel) cloud.Tags {
	return cloud.Tags{"Name": plan.Name.ValueString(), cloud.TagOwner: plan.Owner.ValueString(),
		cloud.TagCostCentre: plan.CostCentre.ValueString(), cloud.TagQuota: numberText(plan.Quota)}
}

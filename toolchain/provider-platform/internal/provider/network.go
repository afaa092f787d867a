package provider

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

type network struct{ base }

type networkModel struct {
	ID          types.String `tfsdk:"id"`
	ARN         types.String `tfsdk:"arn"`
	Name        types.String `tfsdk:"name"`
	CIDR        types.String `tfsdk:"cidr"`
	SubnetCIDRs types.List   `tfsdk:"subnet_cidrs"`
	SubnetIDs   types.List   `tfsdk:"subnet_ids"`
	Owner       types.String `tfsdk:"owner"`
	CostCentre  types.String `tfsdk:"cost_centre"`
	Tags        types.Map    `tfsdk:"tags"`
	TagsAll     types.Map    `tfsdk:"tags_all"`
}

func newNetwork() resource.Resource { return &network{} }

func (r *network) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "platform_network"
}

func (r *network) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "A private network with subnets spread over the region's availability zones (VPC).",
		Attributes: map[string]schema.Attribute{
			"id":  idAttribute("The VPC id."),
			"arn": computedText("ARN of the VPC."),
			"name": schema.StringAttribute{Required: true, Validators: []validator.String{nameRule()},
				Description: "Name of the network, in its Name tag."},
			"cidr": schema.StringAttribute{Required: true, PlanModifiers: replace(), Validators: []validator.String{networkCIDR()},
				Description: "Private IPv4 range (RFC 1918) between /16 and /24. Changing it replaces the network."},
			"subnet_cidrs": schema.ListAttribute{Optional: true, Computed: true, ElementType: types.StringType,
				Description: "Ranges of the subnets, inside cidr. Default: the first two quarters of cidr.",
				Validators:  []validator.List{listvalidator.SizeBetween(1, 16), listvalidator.UniqueValues()}},
			"subnet_ids": schema.ListAttribute{Computed: true, ElementType: types.StringType,
				Description: "Ids of the subnets, in the order of subnet_cidrs."},
			"owner":       ownerAttribute(),
			"cost_centre": costCentreAttribute(false),
			"tags":        tagsAttribute(),
			"tags_all":    tagsAllAttribute(),
		},
	}
}

func (r *network) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config networkModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if _, named := tagsOf(ctx, config.Tags, &resp.Diagnostics)["Name"]; named {
		resp.Diagnostics.AddAttributeError(path.Root("tags"), "Name is no free tag of a network",
			"The Name tag holds the attribute name. Remove Name from tags.")
	}
	if config.CIDR.IsUnknown() || networkCIDRError(config.CIDR.ValueString()) != nil {
		return
	}
	if err := subnetsError(config.CIDR.ValueString(), known(config.SubnetCIDRs)); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("subnet_cidrs"), "Invalid subnet_cidrs", err.Error())
	}
}

// known lists the items of a list or set that are known already.
func known(list interface{ Elements() []attr.Value }) []string {
	var items []string
	for _, element := range list.Elements() {
		if text, ok := element.(types.String); ok && !text.IsUnknown() && !text.IsNull() {
			items = append(items, text.ValueString())
		}
	}
	return items
}

// subnetsError says which subnet is no range, lies outside the network or overlaps another.
func subnetsError(cidr string, subnets []string) error {
	whole := netip.MustParsePrefix(cidr)
	var seen []netip.Prefix
	for _, text := range subnets {
		subnet, err := netip.ParsePrefix(text)
		if err != nil || subnet.Masked() != subnet {
			return fmt.Errorf("%q is not a range in CIDR notation without host bits", text)
		}
		if !whole.Contains(subnet.Addr()) || subnet.Bits() < whole.Bits() {
			return fmt.Errorf("%q lies outside the network's range %s", text, cidr)
		}
		if subnet.Bits() > 28 {
			return fmt.Errorf("%q is a /%d; the smallest subnet is a /28 (16 addresses)", text, subnet.Bits())
		}
		for _, other := range seen {
			if other.Overlaps(subnet) {
				return fmt.Errorf("%s and %s overlap", other, subnet)
			}
		}
		seen = append(seen, subnet)
	}
	return nil
}

// quarters are the first two quarters of a range.
func quarters(cidr string) []string {
	whole := netip.MustParsePrefix(cidr)
	bits := whole.Bits() + 2
	address := whole.Addr().As4()
	value := uint32(address[0])<<24 | uint32(address[1])<<16 | uint32(address[2])<<8 | uint32(address[3])
	value += 1 << (32 - bits)
	second := netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)})
	return []string{netip.PrefixFrom(whole.Addr(), bits).String(), netip.PrefixFrom(second, bits).String()}
}

// ModifyPlan makes the subnets known before apply and marks their ids unknown only when the subnets change.
func (r *network) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.planTags(ctx, &resp.Plan, &resp.Diagnostics)
	if req.Plan.Raw.IsNull() || resp.Diagnostics.HasError() {
		return
	}
	var plan, config, state networkModel
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if config.SubnetCIDRs.IsNull() && !plan.CIDR.IsUnknown() {
		plan.SubnetCIDRs = listOf(quarters(plan.CIDR.ValueString()))
	}
	plan.SubnetIDs = plannedIDs(&plan, &state)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// plannedIDs are the ids of the planned subnets when all of them exist already, else unknown.
func plannedIDs(plan, state *networkModel) types.List {
	if !plan.ID.Equal(state.ID) || !plan.CIDR.Equal(state.CIDR) || plan.SubnetCIDRs.IsUnknown() {
		return types.ListUnknown(types.StringType)
	}
	exists := map[string]string{}
	ranges, ids := known(state.SubnetCIDRs), known(state.SubnetIDs)
	for i := range min(len(ranges), len(ids)) {
		exists[ranges[i]] = ids[i]
	}
	planned := []string{}
	for _, cidr := range known(plan.SubnetCIDRs) {
		planned = append(planned, exists[cidr])
	}
	if len(planned) != len(plan.SubnetCIDRs.Elements()) || isIn("", planned) {
		return types.ListUnknown(types.StringType)
	}
	return listOf(planned)
}

func (r *network) facts(plan *networkModel) cloud.Tags {
	return cloud.Tags{"Name": plan.Name.ValueString(), cloud.TagOwner: plan.Owner.ValueString(),
		cloud.TagCostCentre: plan.CostCentre.ValueString()}
}

// remember fills in what apply made known.
func (r *network) remember(ctx context.Context, plan *networkModel, diags *diag.Diagnostics) {
	plan.ARN = types.StringValue(r.arn(plan.ID.ValueString()))
	plan.TagsAll = mapOf(r.cloud.Merge(tagsOf(ctx, plan.Tags, diags)))
}

func (r *network) arn(id string) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:vpc/%s", r.cloud.Region, r.cloud.Account, id)
}

package provider

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

type teamAccount struct{ base }

type accountModel struct {
	ID             types.String `tfsdk:"id"`
	ARN            types.String `tfsdk:"arn"`
	AccountID      types.String `tfsdk:"account_id"`
	RoleARN        types.String `tfsdk:"provisioner_role_arn"`
	Name           types.String `tfsdk:"name"`
	Email          types.String `tfsdk:"email"`
	Owner          types.String `tfsdk:"owner"`
	CostCentre     types.String `tfsdk:"cost_centre"`
	CloseOnDestroy types.Bool   `tfsdk:"close_on_destroy"`
	Tags           types.Map    `tfsdk:"tags"`
	TagsAll        types.Map    `tfsdk:"tags_all"`
}

func newTeamAccount() resource.Resource { return &teamAccount{} }

func (r *teamAccount) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "platform_team_account"
}

func (r *teamAccount) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "A product team's own account, with the role through which the platform team works in it (Organizations).",
		Attributes: map[string]schema.Attribute{
			"id":         idAttribute("The account id."),
			"arn":        computedText("ARN of the account."),
			"account_id": computedText("Account id of 12 digits, for a provider's account_id."),
			"provisioner_role_arn": computedText("Role to assume in the account (the provider's assume_role_name). " +
				"Made again when someone deletes it."),
			"name":        fixedName("Name of the account.", nameRule()),
			"email":       fixedName("Address of the account's root user, used by no other account.", emailRule()),
			"owner":       ownerAttribute(),
			"cost_centre": costCentreAttribute(true),
			"close_on_destroy": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				Description: "Close the account when it is destroyed here; false leaves it open and only forgets it. Default true."},
			"tags":     tagsAttribute(),
			"tags_all": tagsAllAttribute(),
		},
	}
}

// ModifyPlan plans a new role when the role is gone.
func (r *teamAccount) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.planTags(ctx, &resp.Plan, &resp.Diagnostics)
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() || resp.Diagnostics.HasError() {
		return
	}
	var role types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("provisioner_role_arn"), &role)...)
	if role.IsNull() {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("provisioner_role_arn"), types.StringUnknown())...)
	}
}

func (r *teamAccount) facts(plan *accountModel) cloud.Tags {
	return cloud.Tags{cloud.TagOwner: plan.Owner.ValueString(), cloud.TagCostCentre: plan.CostCentre.ValueString()}
}

func (r *teamAccount) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan accountModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	action := "Creating account " + plan.Name.ValueString()
	if r.fail(&resp.Diagnostics, action, r.ensureOrganization(ctx)) {
		return
	}
	taken, err := r.holder(ctx, plan.Email.ValueString())
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	if taken != "" {
		resp.Diagnostics.AddAttributeError(path.Root("email"), "The e-mail address is taken", fmt.Sprintf("%s: account %s has the address %s "+
			"already.\n\nNext: use another address, or import that account (terraform import ADDRESS %s).", action, taken, plan.Email.ValueString(), taken))
		return
	}
	id, err := r.createAccount(ctx, &plan)
	if r.fail(&resp.Diagnostics, action, err) {
		return
	}
	plan.ID, plan.AccountID = types.StringValue(id), types.StringValue(id)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), plan.ID)...) // so that a failure below leaves no orphan
	found, err := r.describe(ctx, id)
	if r.fail(&resp.Diagnostics, action, err) || found == nil {
		return
	}
	plan.ARN = textOrNull(aws.ToString(found.Arn))
	tags := r.wanted(ctx, plan.Tags, r.facts(&plan), &resp.Diagnostics)
	if r.fail(&resp.Diagnostics, action, r.retag(ctx, id, tags)) {
		return
	}
	if r.fail(&resp.Diagnostics, action+", its provisioner role", r.ensureRole(ctx, &plan)) {
		return
	}
	plan.TagsAll = mapOf(tags.User())
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *teamAccount) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state accountModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	id := state.ID.ValueString()
	found, err := r.describe(ctx, id)
	if r.fail(&resp.Diagnostics, "Reading account "+id, err) {
		return
	}
	if found == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	tags, err := r.tags(ctx, id)
	if r.fail(&resp.Diagnostics, "Reading the tags of account "+id, err) {
		return
	}
	state.RoleARN, err = r.role(ctx, id)
	if r.fail(&resp.Diagnostics, "Reading the provisioner role of account "+id, err) {
		return
	}
	state.AccountID, state.ARN = types.StringValue(id), textOrNull(aws.ToString(found.Arn))
	state.Name, state.Email = textOrNull(aws.ToString(found.Name)), textOrNull(aws.ToString(found.Email))
	state.Owner, state.CostCentre = textOrNull(tags[cloud.TagOwner]), textOrNull(tags[cloud.TagCostCentre])
	if state.CloseOnDestroy.IsNull() { // after an import: it is no property of the account
		state.CloseOnDestroy = types.BoolValue(true)
	}
	state.Tags, state.TagsAll = r.readTags(ctx, tags, state.Tags, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *teamAccount) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan accountModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	action := "Updating account " + plan.ID.ValueString()
	tags := r.wanted(ctx, plan.Tags, r.facts(&plan), &resp.Diagnostics)
	if r.fail(&resp.Diagnostics, action, r.retag(ctx, plan.ID.ValueString(), tags)) {
		return
	}
	if r.fail(&resp.Diagnostics, action+", its provisioner role", r.ensureRole(ctx, &plan)) {
		return
	}
	plan.TagsAll = mapOf(tags.User())
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *teamAccount) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state accountModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !ready(r.cloud, &resp.Diagnostics) {
		return
	}
	id := state.ID.ValueString()
	if !state.CloseOnDestroy.IsNull() && !state.CloseOnDestroy.ValueBool() {
		resp.Diagnostics.AddWarning("Account left open", fmt.Sprintf("Account %s is no longer managed here and stays open, as close_on_destroy = false says.", id))
		return
	}
	_, err := r.cloud.Organizations.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &id})
	if !cloud.Is(err, "AccountNotFoundException", "AccountAlreadyClosedException") {
		r.fail(&resp.Diagnostics, "Closing account "+id, err)
	}
}

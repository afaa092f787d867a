package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// base is what every resource has: a signed-in client, import by id and the plan of tags_all.
type base struct{ cloud *cloud.Client }

func (b *base) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	b.cloud = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func clientFrom(data any, diags *diag.Diagnostics) *cloud.Client {
	if data == nil { // Terraform asks for the schema only
		return nil
	}
	client, ok := data.(*cloud.Client)
	if !ok {
		diags.AddError("Provider bug", fmt.Sprintf("Expected a client, got %T. Please report this to the platform team.", data))
	}
	return client
}

// ready refuses an operation while the provider is not signed in, and says why.
func ready(client *cloud.Client, diags *diag.Diagnostics) bool {
	if client == nil {
		diags.AddError("The platform provider is not configured", "Next: add a provider \"platform\" block, or run terraform init again.")
		return false
	}
	if err := client.Ready(); err != nil {
		diags.AddError("The platform provider cannot sign in yet", fmt.Sprintf("%s.\n\nNext: apply that resource first "+
			"(terraform apply -target=ADDRESS), or keep it in a workspace of its own and pass the value in.", err))
		return false
	}
	return true
}

// report adds what the platform API answered as a diagnostic that tells the next step.
func report(diags *diag.Diagnostics, settings cloud.Settings, action string, err error) {
	fault := settings.Explain(action, err)
	diags.AddError(fault.Summary, fault.Detail)
}

func (b *base) fail(diags *diag.Diagnostics, action string, err error) bool {
	if err == nil {
		return false
	}
	report(diags, b.cloud.Settings, action, err)
	return true
}

// ImportState imports by id; Read fills in the rest.
func (b *base) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughID(ctx, path.Root("id"), req, resp)
}

// planTags sets what tags_all will be, so that default tags and tags changed elsewhere show up in the plan.
func (b *base) planTags(ctx context.Context, plan *tfsdk.Plan, diags *diag.Diagnostics) {
	if plan.Raw.IsNull() || b.cloud == nil {
		return
	}
	var tags types.Map
	diags.Append(plan.GetAttribute(ctx, path.Root("tags"), &tags)...)
	if diags.HasError() {
		return
	}
	all := types.MapUnknown(types.StringType)
	if b.cloud.Ready() == nil && wholly(tags) {
		all = mapOf(b.cloud.Merge(tagsOf(ctx, tags, diags)))
	}
	diags.Append(plan.SetAttribute(ctx, path.Root("tags_all"), all)...)
}

func (b *base) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	b.planTags(ctx, &resp.Plan, &resp.Diagnostics)
}

// wholly tells whether a map and all its values are known.
func wholly(tags types.Map) bool {
	for _, value := range tags.Elements() {
		if value.IsUnknown() {
			return false
		}
	}
	return !tags.IsUnknown()
}

func tagsOf(ctx context.Context, value types.Map, diags *diag.Diagnostics) cloud.Tags {
	tags := cloud.Tags{}
	if !value.IsNull() && wholly(value) {
		diags.Append(value.ElementsAs(ctx, &tags, false)...)
	}
	return tags
}

func mapOf(tags cloud.Tags) types.Map {
	return types.MapValueMust(types.StringType, stringValues(tags))
}

// readTags splits the tags found on a resource into the attributes tags and tags_all. hidden are tags that are
// shown as attributes of their own.
func (b *base) readTags(ctx context.Context, found cloud.Tags, last types.Map, diags *diag.Diagnostics, hidden ...string) (own, all types.Map) {
	user := found.User(hidden...)
	mine := b.cloud.Own(user, tagsOf(ctx, last, diags))
	if len(mine) == 0 && last.IsNull() {
		return types.MapNull(types.StringType), mapOf(user)
	}
	return mapOf(mine), mapOf(user)
}

// wanted is every tag a resource should carry: default tags, its own, and the platform's facts about it.
func (b *base) wanted(ctx context.Context, own types.Map, facts cloud.Tags, diags *diag.Diagnostics) cloud.Tags {
	return b.cloud.Merge(tagsOf(ctx, own, diags)).With(facts)
}

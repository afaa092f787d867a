// Package provider is the platform team's API as a Terraform provider.
package provider

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// Address is where Terraform looks for this provider.
const Address = "acme.test/platform/platform"

type platformProvider struct{ version string }

type providerModel struct {
	Region         types.String `tfsdk:"region"`
	Endpoint       types.String `tfsdk:"endpoint"`
	AccountID      types.String `tfsdk:"account_id"`
	AssumeRoleName types.String `tfsdk:"assume_role_name"`
	DefaultTags    types.Map    `tfsdk:"default_tags"`
}

// New makes the provider of a given version.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &platformProvider{version} }
}

func (p *platformProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "platform", p.version
}

func (p *platformProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "The acme platform API: team accounts, networks, GPU pools, artifact buckets and secrets. " +
			"Credentials come from the ordinary AWS chain (AWS_ACCESS_KEY_ID, AWS_PROFILE, an instance role).",
		Attributes: map[string]schema.Attribute{
			"region": schema.StringAttribute{Optional: true,
				Description: "Region to act in. Default: AWS_REGION or the AWS profile, else " + cloud.DefaultRegion + "."},
			"endpoint": schema.StringAttribute{Optional: true,
				Description: "URL of the platform API, for a local cloud. Default: PLATFORM_ENDPOINT, else the AWS endpoints of the region.",
				Validators:  []validator.String{httpURL()}},
			"account_id": schema.StringAttribute{Optional: true,
				Description: "Account to act in, by assuming its provisioner role. Default: the account of the credentials.",
				Validators:  []validator.String{accountID()}},
			"assume_role_name": schema.StringAttribute{Optional: true,
				Description: "Name of the role to assume in account_id. Default: " + cloud.DefaultRoleName + ".",
				Validators:  []validator.String{stringvalidator.LengthBetween(1, 64)}},
			"default_tags": schema.MapAttribute{Optional: true, ElementType: types.StringType,
				Description: "Tags for everything this provider makes. A resource's own tags win.",
				Validators:  []validator.Map{mapvalidator.KeysAre(tagKey()), mapvalidator.ValueStringsAre(tagValue())}},
		},
	}
}

func (p *platformProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client := connect(ctx, config, &resp.Diagnostics)
	resp.DataSourceData, resp.ResourceData, resp.EphemeralResourceData = client, client, client
}

func connect(ctx context.Context, config providerModel, diags *diag.Diagnostics) *cloud.Client {
	settings := cloud.Settings{
		Region:      config.Region.ValueString(),
		Endpoint:    either(config.Endpoint.ValueString(), os.Getenv("PLATFORM_ENDPOINT")),
		AccountID:   config.AccountID.ValueString(),
		RoleName:    either(config.AssumeRoleName.ValueString(), cloud.DefaultRoleName),
		DefaultTags: tagsOf(ctx, config.DefaultTags, diags),
	}
	for name, value := range map[string]interface{ IsUnknown() bool }{"region": config.Region, "endpoint": config.Endpoint,
		"account_id": config.AccountID, "assume_role_name": config.AssumeRoleName, "default_tags": config.DefaultTags} {
		if value.IsUnknown() {
			return cloud.Pending(settings, "the provider's "+name+" is known only after another resource was applied")
		}
	}
	client, err := cloud.Connect(ctx, settings)
	if err != nil {
		report(diags, settings, "Signing in", err)
	}
	return client
}

func either(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

func (p *platformProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newTeamAccount, newArtifactBucket, newGPUPool, newSecret, newNetwork}
}

func (p *platformProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newAccountData, newCatalogueData, newNetworkData}
}

func (p *platformProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newSecretValue}
}

func (p *platformProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newBucketName}
}

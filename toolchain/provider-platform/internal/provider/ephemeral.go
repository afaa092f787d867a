package provider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// secretValue reads a secret's value for the length of one run; neither plan nor state keeps it.
type secretValue struct{ cloud *cloud.Client }

type secretValueModel struct {
	SecretID  types.String `tfsdk:"secret_id"`
	Value     types.String `tfsdk:"value"`
	VersionID types.String `tfsdk:"version_id"`
}

func newSecretValue() ephemeral.EphemeralResource { return &secretValue{} }

func (e *secretValue) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = "platform_secret_value"
}

func (e *secretValue) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.cloud = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func (e *secretValue) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{Description: "The current value of a secret, for this run only: neither plan nor state keeps it.",
		Attributes: map[string]schema.Attribute{
			"secret_id":  schema.StringAttribute{Required: true, Description: "Name or ARN of the secret."},
			"value":      schema.StringAttribute{Computed: true, Sensitive: true, Description: "The value."},
			"version_id": schema.StringAttribute{Computed: true, Description: "Id of the version of the value."},
		}}
}

func (e *secretValue) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var data secretValueModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() || !ready(e.cloud, &resp.Diagnostics) {
		return
	}
	found, err := e.cloud.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: data.SecretID.ValueStringPointer()})
	if err != nil {
		report(&resp.Diagnostics, e.cloud.Settings, "Reading the value of secret "+data.SecretID.ValueString(), err)
		return
	}
	data.Value, data.VersionID = types.StringValue(aws.ToString(found.SecretString)), textOrNull(aws.ToString(found.VersionId))
	resp.Diagnostics.Append(resp.Result.Set(ctx, &data)...)
}

package provider

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"acme.test/platform/terraform-provider-platform/internal/catalogue"
	"acme.test/platform/terraform-provider-platform/internal/cloud"
)

// lookup is what every data source has.
type lookup struct{ cloud *cloud.Client }

func (l *lookup) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	l.cloud = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func found(about string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, Description: about}
}

type accountData struct{ lookup }

func newAccountData() datasource.DataSource { return &accountData{} }

func (d *accountData) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "platform_account"
}

func (d *accountData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{Description: "Who we are: the account, identity and region the provider acts in.",
		Attributes: map[string]schema.Attribute{
			"account_id": found("Account id of 12 digits."),
			"arn":        found("ARN of the identity."),
			"region":     found("Region."),
		}}
}

func (d *accountData) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !ready(d.cloud, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, struct {
		AccountID string `tfsdk:"account_id"`
		ARN       string `tfsdk:"arn"`
		Region    string `tfsdk:"region"`
	}{d.cloud.Account, d.cloud.ARN, d.cloud.Region})...)
}

type catalogueData struct{ lookup }

func newCatalogueData() datasource.DataSource { return &catalogueData{} }

func (d *catalogueData) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "platform_gpu_catalogue"
}

func (d *catalogueData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Description: "The kinds of GPU node on offer. Prices are static course figures, not a quote.",
		Attributes: map[string]schema.Attribute{
			"kinds": schema.MapNestedAttribute{Computed: true, Description: "The offers, by kind.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"instance_type":        found("EC2 instance type."),
					"use":                  found("What the kind is meant for."),
					"gpus_per_node":        schema.Int64Attribute{Computed: true, Description: "GPUs in one node."},
					"gpu_memory_gb":        schema.Int64Attribute{Computed: true, Description: "Memory of one GPU, in GB."},
					"hourly_cost_usd":      schema.Float64Attribute{Computed: true, Description: "One node for an hour, in US dollars (course figure)."},
					"spot_hourly_cost_usd": schema.Float64Attribute{Computed: true, Description: "One spot node for an hour, in US dollars (course figure)."},
				}}},
		}}
}

type offer struct {
	InstanceType string  `tfsdk:"instance_type"`
	Use          string  `tfsdk:"use"`
	GPUsPerNode  int64   `tfsdk:"gpus_per_node"`
	MemoryGB     int64   `tfsdk:"gpu_memory_gb"`
	HourlyUSD    float64 `tfsdk:"hourly_cost_usd"`
	SpotUSD      float64 `tfsdk:"spot_hourly_cost_usd"`
}

func (d *catalogueData) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	offers := map[string]offer{}
	for _, name := range catalogue.Names() {
		kind, _ := catalogue.Lookup(name)
		offers[name] = offer{kind.InstanceType, kind.Use, kind.GPUsPerNode, kind.MemoryGB, kind.HourlyUSD, kind.NodeUSD(true)}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, struct {
		Kinds map[string]offer `tfsdk:"kinds"`
	}{offers})...)
}

type networkData struct{ lookup }

func newNetworkData() datasource.DataSource { return &networkData{} }

func (d *networkData) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "platform_network"
}

func (d *networkData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	list := func(about string) schema.ListAttribute {
		return schema.ListAttribute{Computed: true, ElementType: types.StringType, Description: about}
	}
	resp.Schema = schema.Schema{Description: "A platform network, looked up by name in the provider's account and region.",
		Attributes: map[string]schema.Attribute{
			"name":         schema.StringAttribute{Required: true, Description: "Name of the network.", Validators: []validator.String{nameRule()}},
			"id":           found("The VPC id."),
			"arn":          found("ARN of the VPC."),
			"cidr":         found("IPv4 range."),
			"owner":        found("Team that owns it."),
			"cost_centre":  found("Cost centre that pays."),
			"subnet_cidrs": list("Ranges of the subnets, by address."),
			"subnet_ids":   list("Ids of the subnets, in the order of subnet_cidrs."),
			"tags":         schema.MapAttribute{Computed: true, ElementType: types.StringType, Description: "Tags."},
		}}
}

type networkFound struct {
	Name        types.String `tfsdk:"name"`
	ID          types.String `tfsdk:"id"`
	ARN         types.String `tfsdk:"arn"`
	CIDR        types.String `tfsdk:"cidr"`
	Owner       types.String `tfsdk:"owner"`
	CostCentre  types.String `tfsdk:"cost_centre"`
	SubnetCIDRs types.List   `tfsdk:"subnet_cidrs"`
	SubnetIDs   types.List   `tfsdk:"subnet_ids"`
	Tags        types.Map    `tfsdk:"tags"`
}

func (d *networkData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var data networkFound
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() || !ready(d.cloud, &resp.Diagnostics) {
		return
	}
	action := "Looking up network " + data.Name.ValueString()
	vpcs, err := d.cloud.EC2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: []ec2types.Filter{
		{Name: aws.String("tag:Name"), Values: []string{data.Name.ValueString()}},
		{Name: aws.String("tag:" + cloud.TagManagedBy), Values: []string{cloud.Manager}}}})
	if err != nil {
		report(&resp.Diagnostics, d.cloud.Settings, action, err)
		return
	}
	if len(vpcs.Vpcs) != 1 {
		resp.Diagnostics.AddError(fmt.Sprintf("Found %d networks named %q", len(vpcs.Vpcs), data.Name.ValueString()),
			fmt.Sprintf("%s in account %s, region %s: exactly one must match.\n\nNext: check the name, the region and account_id of the provider block.",
				action, d.cloud.Account, d.cloud.Region))
		return
	}
	vpc := &vpcs.Vpcs[0]
	subnets, err := listSubnets(ctx, d.cloud, aws.ToString(vpc.VpcId))
	if err != nil {
		report(&resp.Diagnostics, d.cloud.Settings, action, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, describeNetwork(d.cloud, vpc, subnets))...)
}

func describeNetwork(client *cloud.Client, vpc *ec2types.Vpc, subnets map[string]string) networkFound {
	tags, id := vpcTags(vpc), aws.ToString(vpc.VpcId)
	ranges, ids := inOrder(subnets, nil)
	return networkFound{Name: types.StringValue(tags["Name"]), ID: types.StringValue(id),
		ARN:  types.StringValue((&network{base{client}}).arn(id)),
		CIDR: types.StringValue(aws.ToString(vpc.CidrBlock)), Owner: textOrNull(tags[cloud.TagOwner]),
		CostCentre: textOrNull(tags[cloud.TagCostCentre]), SubnetCIDRs: listOf(ranges), SubnetIDs: listOf(ids),
		Tags: mapOf(tags.User("Name"))}
}

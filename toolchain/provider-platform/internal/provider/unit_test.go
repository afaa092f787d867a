package provider

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

func refusal(rule validator.String, text string) string {
	resp := validator.StringResponse{}
	rule.ValidateString(context.Background(), validator.StringRequest{Path: path.Root("x"), ConfigValue: types.StringValue(text)}, &resp)
	if !resp.Diagnostics.HasError() {
		return ""
	}
	return resp.Diagnostics[0].Detail()
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		name string
		rule validator.String
		text string
		want string // part of the message, "" when accepted
	}{
		{"cidr", networkCIDR(), "10.20.0.0/16", ""},
		{"cidr", networkCIDR(), "192.168.4.0/24", ""},
		{"cidr", networkCIDR(), "10.0.0.0/8", "is a /8"},
		{"cidr", networkCIDR(), "10.0.0.0/25", "is a /25"},
		{"cidr", networkCIDR(), "10.20.1.0/16", `contains it is "10.20.0.0/16"`},
		{"cidr", networkCIDR(), "8.8.0.0/16", "is not private"},
		{"cidr", networkCIDR(), "172.32.0.0/16", "is not private"},
		{"cidr", networkCIDR(), "fd00::/16", "not an IPv4 range"},
		{"cidr", networkCIDR(), "lots", "not an IPv4 range"},
		{"bucket", bucketRule(), "acme-search-models", ""},
		{"bucket", bucketRule(), "ab", "has 2 characters"},
		{"bucket", bucketRule(), "Acme", "lower-case"},
		{"bucket", bucketRule(), "10.0.0.1", "IP address"},
		{"account", accountID(), "012345678901", ""},
		{"account", accountID(), "12345678901", "12 digits"},
		{"email", emailRule(), "a@acme.test", ""},
		{"email", emailRule(), "acme.test", "e-mail"},
		{"owner", ownerRule(), "search@acme.test", ""},
		{"owner", ownerRule(), "Search Team", "lower case"},
		{"cost", costCentreRule(), "cc-4021", ""},
		{"cost", costCentreRule(), "", "as in"},
		{"name", nameRule(), "search-train", ""},
		{"name", nameRule(), "9lives-", "start with a letter"},
		{"tag", tagKey(), "stage", ""},
		{"tag", tagKey(), "platform:owner", "reserved"},
		{"tag", tagKey(), "aws:x", "reserved"},
		{"url", httpURL(), "http://127.0.0.1:5000", ""},
		{"url", httpURL(), "127.0.0.1:5000", "http"},
	} {
		got := refusal(c.rule, c.text)
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s %q: %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestSubnets(t *testing.T) {
	if got := quarters("10.20.0.0/16"); !reflect.DeepEqual(got, []string{"10.20.0.0/18", "10.20.64.0/18"}) {
		t.Error(got)
	}
	for text, want := range map[string]string{
		"10.20.1.0/24": "", "10.20.1.0/29": "smallest", "10.21.1.0/24": "outside", "10.20.0.0/15": "outside", "10.20.0.1/24": "host bits", "x": "not a range",
	} {
		err := subnetsError("10.20.0.0/16", []string{text})
		if (want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if err := subnetsError("10.20.0.0/16", []string{"10.20.0.0/24", "10.20.0.128/25"}); err == nil {
		t.Error("overlapping subnets were accepted")
	}
	ranges, ids := inOrder(map[string]string{"10.0.9.0/24": "c", "10.0.10.0/24": "a", "10.0.1.0/24": "b"}, []string{"10.0.10.0/24", "10.0.5.0/24"})
	if !reflect.DeepEqual(ranges, []string{"10.0.10.0/24", "10.0.1.0/24", "10.0.9.0/24"}) || !reflect.DeepEqual(ids, []string{"a", "b", "c"}) {
		t.Error(ranges, ids)
	}
}

func TestPoolDerivesWhatAReviewerReads(t *testing.T) {
	pool := poolModel{Kind: types.StringValue("h100"), Size: types.Int64Value(2), Spot: types.BoolValue(false)}
	pool.derive()
	if pool.GPUs.ValueInt64() != 16 || pool.InstanceType.ValueString() != "p5.48xlarge" || pool.HourlyCost.ValueFloat64() != 110 {
		t.Errorf("%+v", pool)
	}
	pool.Size = types.Int64Unknown()
	if pool.derive(); !pool.GPUs.IsUnknown() || pool.InstanceType.IsUnknown() {
		t.Errorf("%+v", pool)
	}
}

func TestBucketName(t *testing.T) {
	if got, err := conventionalName("Search", "models", "eu_west"); err != nil || got != "acme-search-models-eu-west" {
		t.Error(got, err)
	}
	for _, parts := range [][]string{{"search", ""}, {"search", strings.Repeat("x", 60)}, {"söarch", "models"}} {
		if _, err := conventionalName(parts...); err == nil {
			t.Errorf("%v was accepted", parts)
		}
	}
}

// Every attribute is documented, and the framework finds no fault with any schema.
func TestSchemas(t *testing.T) {
	server, err := providerserver.NewProtocol6WithError(New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	got, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range got.Diagnostics {
		t.Errorf("%s: %s", found.Summary, found.Detail)
	}
	check := func(name string, schema *tfprotov6.Schema) {
		for _, attribute := range schema.Block.Attributes {
			if attribute.Description == "" {
				t.Errorf("%s.%s has no description", name, attribute.Name)
			}
		}
	}
	check("provider", got.Provider)
	for _, group := range []map[string]*tfprotov6.Schema{got.ResourceSchemas, got.DataSourceSchemas, got.EphemeralResourceSchemas} {
		for name, schema := range group {
			check(name, schema)
		}
	}
	if len(got.ResourceSchemas) != 5 || len(got.DataSourceSchemas) != 3 {
		t.Errorf("%d resources, %d data sources", len(got.ResourceSchemas), len(got.DataSourceSchemas))
	}
}

var (
	_ resource.ResourceWithImportState         = &artifactBucket{}
	_ resource.ResourceWithImportState         = &gpuPool{}
	_ resource.ResourceWithImportState         = &secret{}
	_ resource.ResourceWithImportState         = &network{}
	_ resource.ResourceWithImportState         = &teamAccount{}
	_ resource.ResourceWithModifyPlan          = &gpuPool{}
	_ resource.ResourceWithValidateConfig      = &gpuPool{}
	_ datasource.DataSourceWithConfigure       = &networkData{}
	_ ephemeral.EphemeralResourceWithConfigure = &secretValue{}
)

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type bucketName struct{}

func newBucketName() function.Function { return bucketName{} }

func (bucketName) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "bucket_name"
}

func (bucketName) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:     "The bucket name of a team's purpose by acme's convention",
		Description: "Joins acme, team, purpose and any further parts by hyphens, in lower case: bucket_name(\"search\", \"models\") is \"acme-search-models\".",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "team", Description: "Team name."},
			function.StringParameter{Name: "purpose", Description: "What the bucket is for, as in \"models\"."},
		},
		VariadicParameter: function.StringParameter{Name: "parts", Description: "Further parts, such as a stage."},
		Return:            function.StringReturn{},
	}
}

func (bucketName) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var team, purpose string
	var parts []types.String
	if resp.Error = req.Arguments.Get(ctx, &team, &purpose, &parts); resp.Error != nil {
		return
	}
	all := []string{team, purpose}
	for _, part := range parts {
		all = append(all, part.ValueString())
	}
	name, err := conventionalName(all...)
	if err != nil {
		resp.Error = function.NewFuncError(err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, name)
}

func conventionalName(parts ...string) (string, error) {
	for i, part := range parts {
		if strings.TrimSpace(part) == "" {
			return "", fmt.Errorf("part %d of the bucket name is empty", i+1)
		}
	}
	name := strings.ToLower(strings.Join(append([]string{"acme"}, parts...), "-"))
	name = strings.NewReplacer("_", "-", " ", "-").Replace(name)
	return name, bucketNameError(name)
}

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Attributes that several resources share.

func idAttribute(about string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, Description: about + " Import by this id.", PlanModifiers: keep()}
}

func computedText(about string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, Description: about, PlanModifiers: keep()}
}

func keep() []planmodifier.String {
	return []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
}

func replace() []planmodifier.String {
	return []planmodifier.String{stringplanmodifier.RequiresReplace()}
}

func fixedName(about string, rule validator.String) schema.StringAttribute {
	return schema.StringAttribute{Required: true, Description: about + " Changing it replaces the resource.",
		Validators: []validator.String{rule}, PlanModifiers: replace()}
}

func ownerAttribute() schema.StringAttribute {
	return schema.StringAttribute{Required: true, Validators: []validator.String{ownerRule()},
		Description: "Team that owns it: a team name or e-mail address in lower case."}
}

func costCentreAttribute(required bool) schema.StringAttribute {
	return schema.StringAttribute{Required: required, Optional: !required, Validators: []validator.String{costCentreRule()},
		Description: "Cost centre that pays, as in \"cc-4021\"."}
}

func tagsAttribute() schema.MapAttribute {
	return schema.MapAttribute{Optional: true, ElementType: types.StringType,
		Description: "Tags of this resource, over the provider's default_tags.",
		Validators:  []validator.Map{mapvalidator.KeysAre(tagKey()), mapvalidator.ValueStringsAre(tagValue())}}
}

func tagsAllAttribute() schema.MapAttribute {
	return schema.MapAttribute{Computed: true, ElementType: types.StringType,
		Description: "All tags: the provider's default_tags and this resource's own."}
}

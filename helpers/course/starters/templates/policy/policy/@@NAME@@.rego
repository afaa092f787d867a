# METADATA
# title: @@TITLE@@
# description: Who owns a resource is written on it, so that somebody can be asked before it is changed.
# scope: package
package @@PACKAGE@@

# What is created or changed; what is destroyed or only read needs no owner.
touched contains resource if {
	some resource in input.resource_changes
	some action in resource.change.actions
	action in {"create", "update"}
}

# METADATA
# title: A resource names its owner
# custom:
#   severity: high
deny contains finding if {
	some resource in touched
	object.get(resource.change.after, "owner", "") == ""

	# A value that is known only after the apply is not missing.
	not resource.change.after_unknown.owner
	finding := {
		"msg": sprintf("%s has no owner. Set its argument owner to the team.", [resource.address]),
		"rule": "owner",
	}
}

# METADATA
# scope: package
# title: What every plan of a platform resource must keep
package main

# METADATA
# title: ACME-IN-001
# description: What is not a plan is refused, for the other rules would find nothing in it.
deny contains "ACME-IN-001: this is not a plan of Terraform" if not is_plan

is_plan if {
	is_string(input.format_version)
	every change in object.get(input, "resource_changes", []) {
		is_string(change.type)
		is_array(change.change.actions)
	}
	is_array(object.get(input, "resource_changes", []))
}

# Platform resources as they will be after the apply.
planned contains change if {
	some change in input.resource_changes
	startswith(change.type, "platform_")
	change.change.after != null
}

# METADATA
# title: ACME-BKT-001
# description: A bucket is encrypted with KMS. A value that the plan does not know yet is refused.
deny contains msg if {
	some change in planned
	change.type == "platform_artifact_bucket"
	object.get(change.change.after, "encryption", "not known") != "aws:kms"
	msg := sprintf("ACME-BKT-001 %s: buckets are encrypted with aws:kms", [change.address])
}

# METADATA
# title: ACME-BKT-002
# description: A bucket blocks public access. A value that the plan does not know yet is refused.
deny contains msg if {
	some change in planned
	change.type == "platform_artifact_bucket"
	object.get(change.change.after, "public_access_blocked", false) != true
	msg := sprintf("ACME-BKT-002 %s: buckets are private", [change.address])
}

# METADATA
# title: ACME-TAG-001
# description: Every platform resource says whose it is.
deny contains msg if {
	some change in planned
	some name in ["team", "environment"]
	not tagged(change, name)
	msg := sprintf("ACME-TAG-001 %s: the tag %s is missing", [change.address, name])
}

tagged(change, name) if object.get(change.change.after, ["tags", name], "") != ""

# METADATA
# title: ACME-DEL-001
# description: What holds data is never deleted or replaced.
deny contains msg if {
	some change in input.resource_changes
	change.type in {"platform_artifact_bucket", "platform_network"}
	"delete" in change.change.actions
	msg := sprintf("ACME-DEL-001 %s: it holds what cannot be made again", [change.address])
}

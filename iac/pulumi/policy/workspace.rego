package main

# Rules on the document of `pulumi preview --json`. A step of the engine has an `op`, and `newState.inputs` are what the
# program declares: the counterpart of `change.actions` and `change.after` in a plan of Terraform.

# The last part of a type: `pulumi-python:dynamic/platform:GpuPool` is a GpuPool.
kind(step) := name if {
	parts := split(split(step.urn, "::")[2], ":")
	name := parts[count(parts) - 1]
}

name(step) := split(step.urn, "::")[3]

# Objects of the platform as they will be.
planned contains step if {
	some step in input.steps
	kind(step) in {"Network", "ArtifactBucket", "GpuPool", "Token"}
	not step.op in {"delete", "delete-replaced", "discard"}
	step.newState.inputs
}

tags(step) := object.get(step.newState.inputs, "tags", {})

deny contains msg if {
	some step in planned
	kind(step) == "ArtifactBucket"
	object.get(step.newState.inputs, "encryption", "") != "aws:kms"
	msg := sprintf("ACME-BKT-001 %s: buckets are encrypted with aws:kms", [name(step)])
}

deny contains msg if {
	some step in planned
	kind(step) == "ArtifactBucket"
	object.get(step.newState.inputs, "public_access_blocked", false) != true
	msg := sprintf("ACME-BKT-002 %s: buckets are private", [name(step)])
}

deny contains msg if {
	some step in input.steps
	kind(step) in {"ArtifactBucket", "Network", "Token"}
	step.op in {"delete", "replace", "delete-replaced"}
	msg := sprintf("ACME-DEL-001 %s: it holds what cannot be made again", [name(step)])
}

deny contains msg if {
	some step in planned
	not step.op in {"same", "read"}
	some tag in ["team", "environment"]
	not tags(step)[tag]
	msg := sprintf("ACME-TAG-001 %s: the tag %s is missing", [name(step), tag])
}

# A preview without a step is no evidence of anything: the program declared nothing, or it is not a preview.
deny contains "ACME-GATE-001: the document has no steps" if count(object.get(input, "steps", [])) == 0

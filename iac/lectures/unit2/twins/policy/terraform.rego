package main

# The rule of the twin, on the document of `terraform show -json`.
deny contains msg if {
	some change in input.resource_changes
	change.type in {"platform_artifact_bucket", "platform_network", "platform_secret"}
	"delete" in change.change.actions
	msg := sprintf("ACME-DEL-001 %s: it holds what cannot be made again", [change.address])
}

# METADATA
# title: Placement
# description: An overlay stays in its environment. Asked only when the gate says which environment it judges.
# scope: package
# custom:
#   severity: high
package gitops.placement

import data.lib.workload

# METADATA
# title: An overlay renders into the namespaces of its environment only
deny contains workload.finding("namespace", text, "Set namespace: in the overlay.") if {
	environment := data.gate.environment
	not endswith(workload.namespace, sprintf("-%s", [environment]))
	text := sprintf("is for namespace %q, not one of %s", [workload.namespace, environment])
}

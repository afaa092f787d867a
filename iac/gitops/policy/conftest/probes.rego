# METADATA
# title: Probes
# description: Kubernetes sends requests to what says it is ready, and restarts what hangs.
# scope: package
# custom:
#   severity: low
package gitops.probes

import data.lib.workload

# METADATA
# title: A server says whether it is ready and alive
warn contains workload.finding("probe", text, sprintf("Add %s.", [probe])) if {
	input.kind in {"Deployment", "StatefulSet", "DaemonSet", "Rollout"}
	some container in input.spec.template.spec.containers
	some probe in ["readinessProbe", "livenessProbe"]
	not container[probe]
	text := sprintf("container %s has no %s", [workload.title(container), probe])
}

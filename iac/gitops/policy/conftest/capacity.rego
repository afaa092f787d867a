# METADATA
# title: Capacity
# description: GPUs are scarce, and production survives the loss of one pod.
# scope: package
# custom:
#   severity: medium
package gitops.capacity

import data.lib.workload

# METADATA
# title: A workload asks for no more GPUs than its environment allows
deny contains workload.finding("gpu-limit", text, "Ask for less, or ask the platform team for a higher limit.") if {
	gpus > workload.limits.gpus
	text := sprintf("asks for %v GPUs in %s, which allows %v", [gpus, workload.environment, workload.limits.gpus])
}

# METADATA
# title: An environment has its least number of replicas
deny contains workload.finding("replicas", text, "Raise replicas: in the overlay.") if {
	input.kind in workload.replicated
	workload.runs_pods
	workload.replicas < workload.limits.replicas
	text := sprintf("has %v replicas; %s needs %v", [workload.replicas, workload.environment, workload.limits.replicas])
}

# Of one pod: the larger of request and limit of each container, of every kind of GPU (also slices of one).
per_pod := sum([count_of(container) | some container in workload.containers])

gpus := per_pod * pods

default pods := 1

pods := workload.replicas if input.kind in workload.replicated

pods := object.get(input, ["spec", "parallelism"], 1) if input.kind == "Job"

count_of(container) := max([asked(container, "requests"), asked(container, "limits")])

asked(container, field) := sum([to_number(amount) |
	some resource, amount in object.get(container, ["resources", field], {})
	startswith(resource, "nvidia.com/")
])

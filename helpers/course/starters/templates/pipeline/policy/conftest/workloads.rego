# METADATA
# title: Workloads
# description: What runs is known by its digest, has an owner, and takes no more than its environment gives.
# scope: package
package workloads

# METADATA
# title: An image is pinned by its digest
deny contains finding("image-pinned", text) if {
	some container in containers
	not contains(container.image, "@sha256:")
	text := sprintf("the image %s of container %s has no digest", [container.image, container.name])
}

# METADATA
# title: A workload names its owner
deny contains finding("owner", "the label owner is missing") if {
	is_workload
	object.get(input, ["metadata", "labels", "owner"], "") == ""
}

# METADATA
# title: It takes no more replicas than its environment gives
deny contains finding("replicas", text) if {
	is_workload
	most := data.environments[data.gate.environment].max_replicas
	input.spec.replicas > most
	text := sprintf("%d replicas are asked for, %s allows %d", [input.spec.replicas, data.gate.environment, most])
}

is_workload if input.kind in {"Deployment", "StatefulSet"}

containers contains container if some container in input.spec.template.spec.containers

containers contains container if some container in input.spec.template.spec.initContainers

finding(rule, text) := {
	"msg": sprintf("%s/%s: %s", [input.kind, input.metadata.name, text]),
	"rule": rule,
	"object": sprintf("%s/%s", [input.kind, input.metadata.name]),
}

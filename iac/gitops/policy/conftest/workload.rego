# METADATA
# title: What the rules share
# description: Pod templates and containers of any kind of object, and the environment it belongs to.
# scope: package
package lib.workload

# Kinds that run pods and keep a number of them.
replicated := {"Deployment", "StatefulSet", "ReplicaSet", "Rollout"}

# Every pod specification anywhere in the object, so that a kind unknown to us is no way around.
pod_specs contains spec if {
	walk(input, [_, spec])
	is_object(spec)
	is_array(spec.containers)
}

containers contains container if {
	some spec in pod_specs
	some field in ["containers", "initContainers", "ephemeralContainers"]
	some container in object.get(spec, field, [])
}

runs_pods if count(pod_specs) > 0

name := sprintf("%s/%s", [object.get(input, "kind", "?"), object.get(input, ["metadata", "name"], "without a name")])

namespace := object.get(input, ["metadata", "namespace"], "")

# The gate says which environment it judges. By hand, the end of the namespace's name does.
default environment := "unknown"

environment := data.gate.environment if {
	data.gate.environment
} else := last if {
	parts := split(namespace, "-")
	last := parts[count(parts) - 1]
	data.environments[last]
}

# Without data nothing is allowed: forgetting --data must not open the gate.
default limits := {"gpus": 0, "replicas": 2}

limits := data.environments[environment]

replicas := object.get(input, ["spec", "replicas"], 1)

# What is without a name is still told of, else the rule would say nothing.
title(thing) := object.get(thing, "name", "without a name")

# What a rule says: the message, its stable name, and what to do.
finding(rule, text, fix) := {"msg": sprintf("%s: %s", [name, text]), "rule": rule, "object": name, "fix": fix}

# METADATA
# title: Labels
# description: Somebody answers for every workload, and somebody pays for it.
# scope: package
# custom:
#   severity: medium
package gitops.labels

import data.lib.workload

required := ["owner", "cost-centre"]

# METADATA
# title: A workload names its owner and its cost centre
deny contains workload.finding(sprintf("label-%s", [label]), text, "Add it under labels: in kustomization.yaml.") if {
	workload.runs_pods
	some label in required
	object.get(input, ["metadata", "labels", label], "") == ""
	text := sprintf("the label %s is missing", [label])
}

# METADATA
# title: Its pods do so too
# description: Cost reports count pods, and they do not inherit the labels of their Deployment.
deny contains workload.finding(sprintf("pod-label-%s", [label]), text, "labels: - includeTemplates: true") if {
	template := input.spec.template
	is_array(template.spec.containers)
	some label in required
	object.get(template, ["metadata", "labels", label], "") == ""
	text := sprintf("its pods have no label %s", [label])
}

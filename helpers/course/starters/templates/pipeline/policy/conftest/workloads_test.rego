package workloads_test

import data.workloads

good := {
	"kind": "Deployment",
	"metadata": {"name": "x", "labels": {"owner": "platform"}},
	"spec": {"replicas": 2, "template": {"spec": {"containers": [{
		"name": "server",
		"image": "images.acme.test/x@sha256:00",
	}]}}},
}

limits := {"dev": {"max_replicas": 2}}

rules(document) := {finding.rule | some finding in findings} if {
	findings := workloads.deny with input as document
		with data.environments as limits
		with data.gate as {"environment": "dev"}
}

spoiled(path, value) := json.patch(good, [{"op": "add", "path": path, "value": value}])

test_a_good_workload_passes if rules(good) == set()

test_a_tag_is_denied if {
	rules(spoiled("/spec/template/spec/containers/0/image", "images.acme.test/x:1.0")) == {"image-pinned"}
}

test_an_init_container_is_judged_too if {
	first := [{"name": "first", "image": "busybox"}]
	rules(spoiled("/spec/template/spec/initContainers", first)) == {"image-pinned"}
}

test_no_owner_is_denied if rules(spoiled("/metadata/labels", {})) == {"owner"}

test_too_many_replicas_are_denied if rules(spoiled("/spec/replicas", 3)) == {"replicas"}

test_a_config_map_passes if rules({"kind": "ConfigMap", "metadata": {"name": "x"}}) == set()

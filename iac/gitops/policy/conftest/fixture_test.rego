# METADATA
# title: What the tests start from
# description: A Deployment that no rule objects to, and ways to spoil one thing of it.
# scope: package
package lib.fixture

digest := "images.acme.test/vision/inference@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

environments := {"dev": {"gpus": 1, "replicas": 1}, "prod": {"gpus": 8, "replicas": 2}}

labels := {"owner": "vision", "cost-centre": "cc-1042"}

container := {
	"name": "server",
	"image": digest,
	"resources": {"requests": {"nvidia.com/gpu": 1}, "limits": {"nvidia.com/gpu": "1"}},
	"securityContext": {"allowPrivilegeEscalation": false},
	"readinessProbe": {},
	"livenessProbe": {},
}

pod_spec := {"securityContext": {"runAsNonRoot": true}, "containers": [container]}

good := deployment(pod_spec)

deployment(spec) := {
	"kind": "Deployment",
	"metadata": {"name": "inference", "namespace": "inference-prod", "labels": labels},
	"spec": {"replicas": 3, "template": {"metadata": {"labels": labels}, "spec": spec}},
}

# The good Deployment with one field set to something else; paths are JSON patches.
spoiled(path, value) := json.patch(good, [{"op": "add", "path": path, "value": value}])

without(path) := json.patch(good, [{"op": "remove", "path": path}])

with_container(path, value) := spoiled(concat("", ["/spec/template/spec/containers/0/", path]), value)

rules(findings) := {finding.rule | some finding in findings}

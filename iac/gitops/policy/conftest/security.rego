# METADATA
# title: Security
# description: A container gets nothing of its host.
# scope: package
# custom:
#   severity: high
package gitops.security

import data.lib.workload

# METADATA
# title: No container is privileged
deny contains workload.finding("privileged", text, "Remove privileged: true.") if {
	some container in workload.containers
	object.get(container, ["securityContext", "privileged"], false) == true
	text := sprintf("container %s is privileged", [workload.title(container)])
}

# METADATA
# title: No container can gain rights
deny contains workload.finding("privilege-escalation", text, "allowPrivilegeEscalation: false") if {
	some container in workload.containers
	object.get(container, ["securityContext", "allowPrivilegeEscalation"], true) != false
	text := sprintf("container %s may gain more rights than it starts with", [workload.title(container)])
}

# METADATA
# title: No container runs as root
deny contains workload.finding("root", text, "runAsNonRoot: true, and no runAsUser: 0") if {
	some spec in workload.pod_specs
	some field in ["containers", "initContainers", "ephemeralContainers"]
	some container in object.get(spec, field, [])
	may_be_root(spec, container)
	text := sprintf("container %s may run as root", [workload.title(container)])
}

# METADATA
# title: No pod mounts a folder of its node
deny contains workload.finding("host-path", text, "Use emptyDir, a volume claim or a ConfigMap.") if {
	some spec in workload.pod_specs
	some volume in object.get(spec, "volumes", [])
	volume.hostPath
	text := sprintf("volume %s is a folder of the node", [workload.title(volume)])
}

# METADATA
# title: No pod shares its node's network, processes or memory
deny contains workload.finding("host-namespace", text, sprintf("Remove %s.", [field])) if {
	some spec in workload.pod_specs
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	spec[field] == true
	text := sprintf("%s is on", [field])
}

may_be_root(spec, container) if setting(spec, container, "runAsNonRoot", false) != true

may_be_root(spec, container) if setting(spec, container, "runAsUser", 1) == 0

# What a container says wins over what its pod says.
setting(spec, container, name, otherwise) := object.get(
	object.get(container, "securityContext", {}), name,
	object.get(object.get(spec, "securityContext", {}), name, otherwise),
)

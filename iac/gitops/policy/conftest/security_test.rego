package gitops.security_test

import data.gitops.security
import data.lib.fixture

test_locked_down_passes if count(security.deny) == 0 with input as fixture.good

test_privileged_is_denied if {
	fixture.rules(security.deny) == {"privileged"} with input as fixture.with_container("securityContext/privileged", true)
}

test_escalation_is_denied if {
	path := "securityContext/allowPrivilegeEscalation"
	fixture.rules(security.deny) == {"privilege-escalation"} with input as fixture.with_container(path, true)
}

test_silence_about_escalation_is_denied if {
	path := "/spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation"
	fixture.rules(security.deny) == {"privilege-escalation"} with input as fixture.without(path)
}

test_root_user_is_denied if {
	fixture.rules(security.deny) == {"root"} with input as fixture.with_container("securityContext/runAsUser", 0)
}

test_silence_about_root_is_denied if {
	fixture.rules(security.deny) == {"root"} with input as fixture.without("/spec/template/spec/securityContext")
}

test_a_container_overrides_its_pod if {
	path := "securityContext/runAsNonRoot"
	fixture.rules(security.deny) == {"root"} with input as fixture.with_container(path, false)
}

test_host_path_is_denied if {
	volumes := fixture.spoiled("/spec/template/spec/volumes", [{"name": "host", "hostPath": {"path": "/"}}])
	fixture.rules(security.deny) == {"host-path"} with input as volumes
}

test_empty_dir_passes if {
	count(security.deny) == 0 with input as fixture.spoiled("/spec/template/spec/volumes", [{"name": "x", "emptyDir": {}}])
}

test_host_network_is_denied if {
	fixture.rules(security.deny) == {"host-namespace"} with input as fixture.spoiled("/spec/template/spec/hostNetwork", true)
}

package gitops.probes_test

import data.gitops.probes
import data.lib.fixture

test_both_probes_pass if count(probes.warn) == 0 with input as fixture.good

test_a_missing_probe_is_warned_of if {
	path := "/spec/template/spec/containers/0/livenessProbe"
	fixture.rules(probes.warn) == {"probe"} with input as fixture.without(path)
}

test_a_job_needs_none if {
	job := {"kind": "Job", "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}}
	count(probes.warn) == 0 with input as job
}

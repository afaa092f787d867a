package gitops.capacity_test

import data.gitops.capacity
import data.lib.fixture

test_within_the_limit_passes if {
	count(capacity.deny) == 0 with input as fixture.good with data.environments as fixture.environments
}

test_too_many_gpus_for_one_pod_are_denied if {
	greedy := fixture.with_container("resources/requests/nvidia.com~1gpu", 9)
	fixture.rules(capacity.deny) == {"gpu-limit"} with input as greedy with data.environments as fixture.environments
}

test_a_limit_counts_without_a_request if {
	greedy := fixture.with_container("resources", {"limits": {"nvidia.com/gpu": "3"}})
	fixture.rules(capacity.deny) == {"gpu-limit"} with input as greedy with data.environments as fixture.environments
}

test_replicas_count if {
	fixture.rules(capacity.deny) == {"gpu-limit"} with input as fixture.spoiled("/spec/replicas", 9)
		with data.environments as fixture.environments
}

test_slices_of_a_gpu_count if {
	sliced := fixture.with_container("resources/limits/nvidia.com~1mig-1g.5gb", 7)
	fixture.rules(capacity.deny) == {"gpu-limit"} with input as sliced with data.environments as fixture.environments
}

test_jobs_count_their_parallelism if {
	job := {"kind": "Job", "metadata": {"name": "x", "namespace": "train-prod"}, "spec": {"parallelism": 9, "template": {"spec": fixture.pod_spec}}}
	fixture.rules(capacity.deny) == {"gpu-limit"} with input as job with data.environments as fixture.environments
}

test_one_replica_is_denied_in_prod if {
	fixture.rules(capacity.deny) == {"replicas"} with input as fixture.spoiled("/spec/replicas", 1)
		with data.environments as fixture.environments
}

test_no_number_is_one_replica if {
	fixture.rules(capacity.deny) == {"replicas"} with input as fixture.without("/spec/replicas")
		with data.environments as fixture.environments
}

test_one_replica_passes_in_dev if {
	small := json.patch(fixture.good, [
		{"op": "replace", "path": "/spec/replicas", "value": 1},
		{"op": "replace", "path": "/metadata/namespace", "value": "inference-dev"},
	])
	count(capacity.deny) == 0 with input as small with data.environments as fixture.environments
}

# The namespace does not get to choose the limits when the gate knows better.
test_the_gate_names_the_environment if {
	fixture.rules(capacity.deny) == {"gpu-limit"} with input as fixture.good
		with data.environments as fixture.environments
		with data.gate.environment as "dev"
}

test_an_unknown_environment_allows_nothing if {
	stranger := fixture.spoiled("/metadata/namespace", "elsewhere")
	fixture.rules(capacity.deny) == {"gpu-limit"} with input as stranger with data.environments as fixture.environments
}

test_without_data_nothing_is_allowed if {
	fixture.rules(capacity.deny) == {"gpu-limit"} with input as fixture.good with data.environments as {}
}

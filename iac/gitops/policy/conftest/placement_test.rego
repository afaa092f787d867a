package gitops.placement_test

import data.gitops.placement
import data.lib.fixture

test_its_own_namespace_passes if {
	count(placement.deny) == 0 with input as fixture.good with data.gate.environment as "prod"
}

test_another_namespace_is_denied if {
	fixture.rules(placement.deny) == {"namespace"} with input as fixture.good with data.gate.environment as "dev"
}

test_what_is_for_the_whole_cluster_is_denied if {
	role := {"kind": "ClusterRole", "metadata": {"name": "all"}}
	fixture.rules(placement.deny) == {"namespace"} with input as role with data.gate.environment as "prod"
}

test_without_an_environment_nothing_is_asked if {
	count(placement.deny) == 0 with input as {"kind": "ClusterRole", "metadata": {"name": "all"}} with data.gate as {}
}

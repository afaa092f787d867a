package gitops.labels_test

import data.gitops.labels
import data.lib.fixture

test_labels_pass if count(labels.deny) == 0 with input as fixture.good

test_missing_owner_is_denied if {
	fixture.rules(labels.deny) == {"label-owner"} with input as fixture.without("/metadata/labels/owner")
}

test_empty_owner_is_denied if {
	fixture.rules(labels.deny) == {"label-owner"} with input as fixture.spoiled("/metadata/labels/owner", "")
}

test_missing_cost_centre_is_denied if {
	fixture.rules(labels.deny) == {"label-cost-centre"} with input as fixture.without("/metadata/labels/cost-centre")
}

test_pods_without_owner_are_denied if {
	path := "/spec/template/metadata/labels/owner"
	fixture.rules(labels.deny) == {"pod-label-owner"} with input as fixture.without(path)
}

test_no_labels_at_all_are_denied if {
	count(labels.deny) == 4 with input as {"kind": "Deployment", "spec": {"template": {"spec": fixture.pod_spec}}}
}

test_config_map_passes if count(labels.deny) == 0 with input as {"kind": "ConfigMap", "metadata": {"name": "x"}}

package @@PACKAGE@@_test

import data.@@PACKAGE@@ as policy

plan(actions, after, unknown) := {"resource_changes": [{
	"address": "platform_artifact_bucket.this",
	"change": {"actions": actions, "after": after, "after_unknown": unknown},
}]}

test_an_owner_passes if count(policy.deny) == 0 with input as plan(["create"], {"owner": "vision"}, {})

test_no_owner_is_denied if {
	some finding in policy.deny with input as plan(["create"], {}, {})
	finding.rule == "owner"
	contains(finding.msg, "platform_artifact_bucket.this")
}

test_an_empty_owner_is_denied if count(policy.deny) == 1 with input as plan(["update"], {"owner": ""}, {})

test_a_replacement_without_owner_is_denied if {
	count(policy.deny) == 1 with input as plan(["delete", "create"], {}, {})
}

test_an_owner_known_after_the_apply_passes if {
	count(policy.deny) == 0 with input as plan(["create"], {}, {"owner": true})
}

test_what_is_destroyed_needs_none if count(policy.deny) == 0 with input as plan(["delete"], null, {})

test_a_no_op_needs_none if count(policy.deny) == 0 with input as plan(["no-op"], {}, {})

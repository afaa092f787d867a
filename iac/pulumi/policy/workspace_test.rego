package main_test

import data.main

urn(kind, name) := sprintf("urn:pulumi:dev::vision::acme:platform:GpuWorkspace$pulumi-python:dynamic/platform:%s::%s", [kind, name])

# A preview with one step.
preview(op, kind, inputs) := {"steps": [{"op": op, "urn": urn(kind, "x"), "newState": {"inputs": inputs}}]}

tagged := {"team": "vision", "environment": "dev"}

bucket := {"encryption": "aws:kms", "public_access_blocked": true, "tags": tagged}

says(messages, id) if {
	some message in messages
	startswith(message, id)
}

test_a_good_bucket_passes if count(main.deny) == 0 with input as preview("create", "ArtifactBucket", bucket)

test_a_pool_may_be_replaced if count(main.deny) == 0 with input as preview("replace", "GpuPool", {"tags": tagged})

test_an_unencrypted_bucket_is_refused if {
	found := main.deny with input as preview("create", "ArtifactBucket", object.union(bucket, {"encryption": "AES256"}))
	says(found, "ACME-BKT-001 x")
}

test_a_bucket_without_a_word_on_encryption_is_refused if {
	found := main.deny with input as preview("create", "ArtifactBucket", object.remove(bucket, ["encryption"]))
	says(found, "ACME-BKT-001 x")
}

test_a_public_bucket_is_refused if {
	found := main.deny with input as preview(
		"update", "ArtifactBucket",
		object.union(bucket, {"public_access_blocked": false}),
	)
	says(found, "ACME-BKT-002 x")
}

test_a_replaced_network_is_refused if {
	found := main.deny with input as preview("replace", "Network", {"tags": tagged})
	says(found, "ACME-DEL-001 x")
}

test_a_deleted_bucket_is_refused if {
	found := main.deny with input as {"steps": [{"op": "delete", "urn": urn("ArtifactBucket", "x"), "oldState": {}}]}
	says(found, "ACME-DEL-001 x")
}

test_a_missing_tag_is_refused if {
	found := main.deny with input as preview("create", "GpuPool", {"tags": {"team": "vision"}})
	says(found, "ACME-TAG-001 x: the tag environment")
}

test_what_stays_the_same_is_not_judged_by_its_tags if {
	count(main.deny) == 0 with input as preview("same", "GpuPool", {"tags": {}})
}

test_a_document_without_steps_is_refused if {
	found := main.deny with input as {"resource_changes": []}
	says(found, "ACME-GATE-001")
}

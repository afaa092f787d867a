package gitops.images_test

import data.gitops.images
import data.lib.fixture

test_digest_passes if count(images.deny) == 0 with input as fixture.good

test_tag_is_denied if fixture.rules(images.deny) == {"image-digest"} with input as fixture.with_container("image", "acme/x:1.0.0")

test_no_tag_is_denied if fixture.rules(images.deny) == {"image-digest"} with input as fixture.with_container("image", "acme/x")

test_short_digest_is_denied if {
	"image-digest" in fixture.rules(images.deny) with input as fixture.with_container("image", "acme/x@sha256:12")
}

test_latest_is_denied if {
	fixture.rules(images.deny) == {"image-digest", "image-latest"} with input as fixture.with_container("image", "x:latest")
}

test_latest_beside_a_digest_is_denied if {
	pinned := replace(fixture.digest, "@", ":latest@")
	fixture.rules(images.deny) == {"image-latest"} with input as fixture.with_container("image", pinned)
}

test_port_is_no_tag if {
	pinned := replace(fixture.digest, "acme.test/", "acme.test:5000/")
	count(images.deny) == 0 with input as fixture.with_container("image", pinned)
}

test_init_container_is_denied if {
	init := fixture.spoiled("/spec/template/spec/initContainers", [{"name": "fetch", "image": "fetch:1"}])
	fixture.rules(images.deny) == {"image-digest"} with input as init
}

test_cron_job_is_denied if {
	job := {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "x:1"}]}}}}}}
	fixture.rules(images.deny) == {"image-digest"} with input as job
}

test_unknown_kind_is_denied if {
	rollout := json.patch(fixture.with_container("image", "x:1"), [{"op": "replace", "path": "/kind", "value": "Rollout"}])
	fixture.rules(images.deny) == {"image-digest"} with input as rollout
}

test_service_passes if count(images.deny) == 0 with input as {"kind": "Service", "metadata": {"name": "x"}}

test_no_image_and_no_name_are_denied if {
	fixture.rules(images.deny) == {"image-digest"} with input as {"spec": {"containers": [{}]}}
}

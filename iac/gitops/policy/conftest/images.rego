# METADATA
# title: Images
# description: What runs is what was reviewed and signed, so an image is named by its digest.
# scope: package
# custom:
#   severity: high
package gitops.images

import data.lib.workload

# METADATA
# title: An image is pinned by digest
# description: A tag can be moved to other content after the review.
deny contains workload.finding("image-digest", text, "kustomize edit set image NAME=REPOSITORY@sha256:...") if {
	some container in workload.containers
	image := object.get(container, "image", "")
	not regex.match(`@sha256:[0-9a-f]{64}$`, image)
	text := sprintf("container %s runs %s, which has no digest", [workload.title(container), image])
}

# METADATA
# title: No image is called latest
# description: The name says nothing about the version, beside a digest as well.
deny contains workload.finding("image-latest", text, "Name the version, or the digest alone.") if {
	some container in workload.containers
	reference := split(container.image, "@")[0]
	regex.match(`:latest$`, reference)
	text := sprintf("container %s runs the tag latest", [workload.title(container)])
}

# METADATA
# title: Provenance
# description: What is delivered was built by whom we trust, from what we can name.
# scope: package
# custom:
#   severity: critical
package provenance

import data.lib.components

# METADATA
# title: The statement is SLSA provenance
# description: An in-toto Statement v1 (or v0.1, as cosign writes it) with a predicate of type https://slsa.dev/provenance/v1.
deny contains components.finding("provenance-type", "this is no SLSA provenance v1 in an in-toto Statement v1", "provenance.build(...)") if {
	not _typed
}

# METADATA
# title: The statement is about this artifact
# description: By digest; the name proves nothing.
deny contains components.finding("provenance-subject", text, "Build it again, and take the statement of that build.") if {
	not _about
	text := sprintf("the statement is not about %v", [object.get(input, ["artifact", "digest"], "any digest")])
}

# METADATA
# title: The builder is trusted
# description: See data/builders.yaml.
deny contains components.finding("provenance-builder", text, "Let the pipeline build it.") if {
	not data.trusted_builders[_builder]
	text := sprintf("%v is no builder that we trust", [_builder])
}

# METADATA
# title: The builder may do this kind of build
# description: A builder of plans builds no images.
deny contains components.finding("provenance-build-type", text, "Add it to data/builders.yaml, with a review.") if {
	some id in [_builder]
	allowed := data.trusted_builders[id]
	kind := object.get(_definition, "buildType", "")
	not kind in allowed
	text := sprintf("%s may not do builds of type %v", [id, kind])
}

# METADATA
# title: Every material has a digest
# description: A material without one may have been anything.
deny contains components.finding("provenance-material", text, "Pin the material.") if {
	some material in object.get(_definition, "resolvedDependencies", [])
	not _pinned(material)
	text := sprintf("the material %v has no digest", [object.get(material, "uri", object.get(material, "name", "without name"))])
}

# METADATA
# title: The materials are named
# description: A build from nothing cannot be looked into.
deny contains components.finding("provenance-materials", "no material is named", "Name what the build was made from.") if {
	count(object.get(_definition, "resolvedDependencies", [])) == 0
}

_typed if {
	input.statement._type in {"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"}
	input.statement.predicateType == "https://slsa.dev/provenance/v1"
}

_about if {
	count(input.statement.subject) == 1
	regex.match(`^sha256:[0-9a-f]{64}$`, input.artifact.digest)
	sprintf("sha256:%s", [input.statement.subject[0].digest.sha256]) == input.artifact.digest
}

_builder := object.get(input, ["statement", "predicate", "runDetails", "builder", "id"], "nobody")

_definition := object.get(input, ["statement", "predicate", "buildDefinition"], {})

_pinned(material) if {
	some algorithm, length in {"sha256": 64, "gitCommit": 40, "sha512": 128}
	regex.match(sprintf(`^[0-9a-f]{%d}$`, [length]), material.digest[algorithm])
}

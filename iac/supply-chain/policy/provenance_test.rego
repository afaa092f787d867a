package provenance_test

import data.lib.parts
import data.provenance

test_proven_passes if count(provenance.deny) == 0 with input as parts.proven

test_nothing_is_denied if {
	parts.rules(provenance.deny) == {"provenance-type", "provenance-subject", "provenance-builder", "provenance-materials"} with input as {}
}

test_other_type_is_denied if {
	every path in ["/statement/_type", "/statement/predicateType"] {
		parts.rules(provenance.deny) == {"provenance-type"} with input as parts.unproven(path, "https://slsa.dev/provenance/v0.2")
	}
}

test_other_artifact_is_denied if {
	other := sprintf("sha256:%s", [replace(parts.hex, "0", "1")])
	every digest in [other, "", "sha256:", parts.hex] {
		parts.rules(provenance.deny) == {"provenance-subject"} with input as parts.unproven("/artifact/digest", digest)
	}
}

test_two_subjects_are_denied if {
	both := array.concat(parts.statement.subject, parts.statement.subject)
	parts.rules(provenance.deny) == {"provenance-subject"} with input as parts.unproven("/statement/subject", both)
}

test_stranger_is_denied if {
	stranger := parts.unproven("/statement/predicate/runDetails/builder/id", "https://laptop.test")
	parts.rules(provenance.deny) == {"provenance-builder"} with input as stranger
}

test_builder_of_plans_builds_no_images if {
	other := parts.unproven("/statement/predicate/runDetails/builder/id", "https://acme.test/platform/terraform-plan")
	parts.rules(provenance.deny) == {"provenance-build-type"} with input as other
}

test_material_without_digest_is_denied if {
	every material in [{"uri": "x"}, {"name": "x", "digest": {}}, {"digest": {"sha256": "12"}}, {"digest": {"md5": parts.hex}}] {
		materials := [material]
		path := "/statement/predicate/buildDefinition/resolvedDependencies"
		parts.rules(provenance.deny) == {"provenance-material"} with input as parts.unproven(path, materials)
	}
}

test_no_material_is_denied if {
	path := "/statement/predicate/buildDefinition/resolvedDependencies"
	parts.rules(provenance.deny) == {"provenance-materials"} with input as parts.unproven(path, [])
}

test_no_data_is_denied if {
	parts.rules(provenance.deny) == {"provenance-builder"} with input as parts.proven with data.trusted_builders as {}
}

package sbom.completeness_test

import data.lib.parts
import data.sbom.completeness

without(path) := parts.spoiled([{"op": "remove", "path": path}])

test_complete_passes if count(completeness.deny) == 0 with input as parts.good

test_hash_of_an_archive_passes if {
	hash := {"alg": "SHA-256", "content": parts.hex}
	changed := parts.spoiled([{"op": "remove", "path": "/properties"}, {"op": "add", "path": "/hashes", "value": [hash]}])
	count(completeness.deny) == 0 with input as changed
}

test_files_are_no_components if {
	document := parts.of([parts.component, {"type": "file", "name": "/go.mod"}])
	count(completeness.deny) == 0 with input as document
}

test_other_format_is_denied if {
	parts.rules(completeness.deny) == {"sbom-format"} with input as {"spdxVersion": "SPDX-2.3", "packages": []}
}

test_nothing_is_denied if parts.rules(completeness.deny) == {"sbom-format"} with input as {}

test_empty_is_denied if parts.rules(completeness.deny) == {"sbom-empty"} with input as parts.of([])

test_no_subject_is_denied if {
	bare := json.patch(parts.good, [{"op": "remove", "path": "/metadata/component/hashes"}])
	parts.rules(completeness.deny) == {"sbom-subject"} with input as bare
}

test_subject_of_an_image_passes if {
	image := json.patch(parts.good, [{"op": "replace", "path": "/metadata/component", "value": {"version": sprintf("sha256:%s", [parts.hex])}}])
	count(completeness.deny) == 0 with input as image
}

test_weak_digest_is_denied if {
	weak := json.patch(parts.good, [{"op": "replace", "path": "/metadata/component/hashes/0/alg", "value": "MD5"}])
	parts.rules(completeness.deny) == {"sbom-subject"} with input as weak
}

test_each_gap_is_denied if {
	every path in ["/version", "/purl", "/properties"] {
		parts.rules(completeness.deny) == {"sbom-component"} with input as without(path)
	}
}

test_unknown_is_no_version if {
	changed := parts.spoiled([{"op": "replace", "path": "/version", "value": "UNKNOWN"}])
	parts.rules(completeness.deny) == {"sbom-component"} with input as changed
}

test_installed_python_needs_no_hash if {
	document := parts.of([{"type": "library", "name": "click", "version": "8.1", "purl": "pkg:pypi/click@8.1"}])
	count(completeness.deny) == 0 with input as document
}

test_provider_of_terraform_needs_its_hash if {
	provider := {"type": "library", "name": "p", "version": "1.0.0", "purl": "pkg:generic/p@1.0.0?ecosystem=terraform-provider"}
	parts.rules(completeness.deny) == {"sbom-component"} with input as parts.of([provider])
	locked := object.union(provider, {"properties": [{"name": "terraform:h1", "value": "h1:AAAA"}]})
	count(completeness.deny) == 0 with input as parts.of([locked])
}

test_module_of_terraform_needs_its_version if {
	module := {"type": "library", "name": "m", "version": "", "purl": "pkg:generic/m?ecosystem=terraform-module"}
	parts.rules(completeness.deny) == {"sbom-component"} with input as parts.of([module])
}

test_the_program_itself_may_lack_a_version if {
	main := {
		"type": "library", "name": "acme.test/x", "version": "UNKNOWN", "purl": "pkg:golang/acme.test/x",
		"properties": [{"name": "syft:metadata:mainModule", "value": "acme.test/x"}],
	}
	count(completeness.deny) == 0 with input as parts.of([main])
}

test_no_data_is_denied if {
	parts.rules(completeness.deny) == {"sbom-data"} with input as parts.good with data.completeness as null
}

test_library_of_go_needs_no_hash_but_a_version if {
	library := {"type": "library", "name": "stdlib", "version": "go1.26.8", "purl": "pkg:golang/stdlib@1.26.8"}
	count(completeness.deny) == 0 with input as parts.of([library])
	parts.rules(completeness.deny) == {"sbom-component"} with input as parts.of([object.remove(library, ["version"])])
}

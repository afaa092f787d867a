package sbom.known_bad_test

import data.lib.parts
import data.sbom.known_bad

queue := "pkg:golang/acme.test/platform/queue-client"

at(version) := parts.named(sprintf("%s@%s", [queue, version]), version)

test_others_pass if count(known_bad.deny) == 0 with input as parts.good

test_other_format_is_denied if parts.rules(known_bad.deny) == {"known-bad-format"} with input as {"packages": []}

test_range_is_denied if {
	every version in ["v1.2.0", "1.3.9", "v1.4.0"] {
		parts.rules(known_bad.deny) == {"known-bad"} with input as at(version)
	}
}

test_before_and_after_pass if {
	every version in ["v1.1.9", "v1.4.1", "1.10.0"] {
		count(known_bad.deny) == 0 with input as at(version)
	}
}

test_version_that_cannot_be_compared_is_denied if {
	every version in ["main", "", "1.3"] {
		parts.rules(known_bad.deny) == {"known-bad-version"} with input as at(version)
	}
}

test_every_version_is_denied if {
	found := known_bad.deny with input as parts.named("pkg:pypi/acme-telemetry@0.0.1", "0.0.1")
	{finding.fix | some finding in found} == {"Remove it."}
}

test_qualifiers_are_no_way_around if {
	hidden := parts.named(sprintf("%s@v1.3.0?x=y", [queue]), "v1.3.0")
	parts.rules(known_bad.deny) == {"known-bad"} with input as hidden
}

test_no_list_is_denied if {
	parts.rules(known_bad.deny) == {"known-bad-list"} with input as parts.good with data.known_bad as null
}

told(changes) := parts.of([object.union(object.remove(parts.component, ["purl"]), object.union({"version": "1.3.0"}, changes))])

test_a_bad_component_is_found_however_it_is_told if {
	every changes in [
		{"name": "acme.test/platform/queue-client"},
		{"name": "Acme.Test/Platform/Queue_Client"},
		{"name": "acme.test/platform/queue-client", "type": "file"},
		{"purl": sprintf("%s@v1.3.0", [queue]), "type": "file"},
		{"purl": "pkg:golang/acme.test%2Fplatform%2Fqueue-client@v1.3.0"},
		{"components": [{"name": "q", "version": "1.3.0", "purl": queue}]},
	] {
		parts.rules(known_bad.deny) == {"known-bad"} with input as told(changes)
	}
}

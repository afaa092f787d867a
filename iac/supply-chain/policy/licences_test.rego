package sbom.licences_test

import data.lib.parts
import data.sbom.licences

expression(text) := parts.with_licence({"expression": text})

test_allowed_passes if {
	count(licences.deny) == 0 with input as parts.good
	count(licences.warn) == 0 with input as parts.good
}

test_other_format_is_denied if parts.rules(licences.deny) == {"licence-format"} with input as {"packages": []}

test_alias_passes if {
	count(licences.deny) == 0 with input as parts.with_licence({"license": {"name": "Apache License 2.0"}})
}

test_not_cleared_is_denied if {
	every choice in [{"license": {"id": "AGPL-3.0-only"}}, {"license": {"name": "Dual License"}}] {
		parts.rules(licences.deny) == {"licence-allowed"} with input as parts.with_licence(choice)
	}
}

test_choice_passes if count(licences.deny) == 0 with input as expression("GPL-2.0-only OR MIT")

test_choice_of_two_bad_is_denied if {
	parts.rules(licences.deny) == {"licence-allowed"} with input as expression("GPL-2.0-only OR AGPL-3.0-only")
}

test_all_must_be_cleared if {
	count(licences.deny) == 0 with input as expression("Apache-2.0 AND MIT")
	parts.rules(licences.deny) == {"licence-allowed"} with input as expression("Apache-2.0 AND BUSL-1.1")
}

test_what_is_not_understood_is_denied if {
	every text in ["(MIT OR GPL-2.0-only) AND BUSL-1.1", "MIT AND BUSL-1.1 OR ISC", "MIT OR (ISC AND BUSL-1.1)"] {
		parts.rules(licences.deny) == {"licence-allowed"} with input as expression(text)
	}
}

test_unknown_is_warned_of if {
	bare := parts.spoiled([{"op": "remove", "path": "/licenses"}])
	parts.rules(licences.warn) == {"licence-known"} with input as bare
	count(licences.deny) == 0 with input as bare
}

test_exception_passes if {
	count(licences.deny) == 0 with input as parts.with_licence({"license": {"id": "BUSL-1.1"}})
		with data.licences.exceptions as {"pkg:golang/acme.test/x": "cleared in ticket 77"}
}

test_exception_for_another_is_none if {
	parts.rules(licences.deny) == {"licence-allowed"} with input as parts.with_licence({"license": {"id": "BUSL-1.1"}})
		with data.licences.exceptions as {"pkg:golang/acme.test/y": "cleared"}
}

test_no_data_is_denied if {
	parts.rules(licences.deny) == {"licence-allowed"} with input as parts.good with data.licences as null
}

test_to_write_unknown_is_to_say_nothing if {
	every choice in [{"license": {}}, {"license": {"name": "UNKNOWN"}}, {"expression": "NOASSERTION"}] {
		parts.rules(licences.warn) == {"licence-known"} with input as parts.with_licence(choice)
		count(licences.deny) == 0 with input as parts.with_licence(choice)
	}
}

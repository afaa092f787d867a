# METADATA
# title: Known-bad components
# description: What was found to be harmful is not run again.
# scope: package
# custom:
#   severity: critical
package sbom.known_bad

import data.lib.components

# METADATA
# title: The document is a bill of materials in CycloneDX
# description: What these rules cannot read, they cannot pass.
deny contains components.finding("known-bad-format", "this is no bill of materials in CycloneDX JSON", "syft.module(...)") if {
	not components.readable
}

# METADATA
# title: There is a list
# description: To forget the data must not open the gate.
deny contains components.finding("known-bad-list", "the list of known-bad components is missing", "--data data") if {
	not is_array(data.known_bad)
}

# METADATA
# title: No component is on the list of known-bad ones
# description: The list says from which version to which, and why.
deny contains components.finding("known-bad", text, _fix(entry)) if {
	some component in components.all
	some entry in data.known_bad
	components.same(component, entry)
	_comparable(component)
	_hit(entry, trim_prefix(component.version, "v"))
	text := sprintf("%s must not be run: %s", [components.title(component), entry.why])
}

# METADATA
# title: A component on the list has a version that can be compared
# description: Whether a version is bad must be known; not to know is not to pass.
deny contains components.finding("known-bad-version", text, "Name a version of the form 1.2.3.") if {
	some component in components.all
	some entry in data.known_bad
	components.same(component, entry)
	not _comparable(component)
	text := sprintf("whether %s may be run cannot be told from its version: %s", [components.title(component), entry.why])
}

_comparable(component) if semver.is_valid(trim_prefix(component.version, "v"))

_hit(entry, version) if {
	_from(entry, version)
	_before(entry, version)
}

_from(entry, _) if not entry.introduced

_from(entry, version) if semver.compare(version, entry.introduced) >= 0

_before(entry, _) if not entry.fixed

_before(entry, version) if semver.compare(version, entry.fixed) < 0

_fix(entry) := sprintf("Use %s or later.", [entry.fixed])

_fix(entry) := "Remove it." if not entry.fixed

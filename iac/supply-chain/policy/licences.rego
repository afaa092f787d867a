# METADATA
# title: Licences
# description: Software is run under licences that were cleared.
# scope: package
# custom:
#   severity: medium
package sbom.licences

import data.lib.components

# METADATA
# title: The document is a bill of materials in CycloneDX
# description: What these rules cannot read, they cannot pass.
deny contains components.finding("licence-format", "this is no bill of materials in CycloneDX JSON", "syft.module(...)") if {
	not components.readable
}

# METADATA
# title: A licence is on the list
# description: Of a choice (OR) one must be; of several that all hold (AND) every one.
deny contains components.finding("licence-allowed", text, "Replace the component, or ask the legal team.") if {
	some component in components.all
	not _excepted(component)
	some choice in object.get(component, "licenses", [])
	not _said(choice) in _unknown
	some term in _terms(choice)
	not _allowed(term)
	text := sprintf("%s is under %s, which is not cleared", [components.title(component), term])
}

# METADATA
# title: A licence is known
# description: Compiled programs do not say under which licences their parts are.
warn contains components.finding("licence-known", text, "Look it up in the component's repository.") if {
	some component in components.all
	not _known(component)
	text := sprintf("the licence of %s is not known", [components.title(component)])
}

# What tools write when an author says nothing.
_unknown := {"", "UNKNOWN", "NOASSERTION", "NONE"}

_known(component) if {
	some choice in object.get(component, "licenses", [])
	not _said(choice) in _unknown
}

# Terms that must all hold; an expression with parentheses is one term and stays whole.
_terms(choice) := {trim_space(term) | some term in split(_said(choice), " AND ")} if {
	not contains(_said(choice), "(")
	not _mixed(choice)
}

_terms(choice) := {_said(choice)} if contains(_said(choice), "(")

_terms(choice) := {_said(choice)} if {
	_mixed(choice)
	not contains(_said(choice), "(")
}

# OR binds less than AND: without parentheses the whole is taken as one.
_mixed(choice) if {
	contains(_said(choice), " AND ")
	contains(_said(choice), " OR ")
}

_said(choice) := choice.expression

_said(choice) := object.get(choice.license, "id", object.get(choice.license, "name", "")) if not choice.expression

_allowed(term) if _cleared(term)

_allowed(term) if {
	not contains(term, "(")
	not contains(term, " AND ")
	some one in split(term, " OR ")
	_cleared(trim_space(one))
}

_cleared(name) if object.get(data.licences.aliases, name, name) in data.licences.allowed

_excepted(component) if {
	base := components.base(component)
	base != ""
	data.licences.exceptions[base]
}

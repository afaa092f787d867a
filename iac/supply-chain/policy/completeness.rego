# METADATA
# title: Completeness
# description: Only what is named exactly can be looked up, compared and found again.
# scope: package
# custom:
#   severity: high
package sbom.completeness

import data.lib.components

# METADATA
# title: The document is a bill of materials in CycloneDX
# description: What these rules cannot read, they cannot pass.
deny contains components.finding("sbom-format", "this is no bill of materials in CycloneDX JSON", "syft.module(...)") if {
	not components.readable
}

# METADATA
# title: It is known what to ask for
# description: To forget the data must not open the gate.
deny contains components.finding("sbom-data", "what a component must have is not given", "--data data") if {
	not is_object(data.completeness)
}

# METADATA
# title: A bill of materials lists something
# description: An empty list says that nothing was recognised, not that nothing is there.
deny contains components.finding("sbom-empty", "no component is listed", "Look at the thing itself, not at its folder.") if {
	components.readable
	count(components.all) == 0
}

# METADATA
# title: A bill of materials is about one digest
# description: Else it may be shown for anything.
deny contains components.finding("sbom-subject", "it is about no digest", "List a program, an image or a module package.") if {
	components.readable
	not _bound
}

# METADATA
# title: A component has a version, a package URL and a hash
# description: Which of them is asked for depends on the ecosystem, see data/completeness.yaml.
deny contains components.finding("sbom-component", text, "Lock the dependency, so that it is exact.") if {
	some component in components.all
	some part in _asked(component)
	not _has(component, part)
	text := sprintf("%s has no %s", [components.title(component), part])
}

_bound if {
	some hash in input.metadata.component.hashes
	hash.alg == "SHA-256"
	regex.match(`^[0-9a-f]{64}$`, hash.content)
}

_bound if regex.match(`^sha256:[0-9a-f]{64}$`, input.metadata.component.version)

_asked(component) := {part |
	some part in object.get(
		data.completeness.ecosystems, components.ecosystem(component),
		data.completeness["default"],
	)
	not _excused(component, part)
}

_excused(component, part) if {
	some property in object.get(component, "properties", [])
	property.name == "syft:metadata:mainModule"
	property.value == component.name
	part in data.completeness.subject_may_lack
}

_excused(component, part) if part in data.completeness.excused[components.base(component)]

_has(component, "version") if components.version(component) != ""

_has(component, "purl") if startswith(object.get(component, "purl", ""), "pkg:")

_has(component, "hash") if components.hashed(component)

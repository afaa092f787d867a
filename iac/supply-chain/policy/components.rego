# METADATA
# title: Components
# description: What the rules on bills of materials share.
# scope: package
package lib.components

readable if {
	input.bomFormat == "CycloneDX"
	is_array(input.components)
}

# Files are the evidence of components, not components.
all := [component |
	readable
	some component in input.components
	component.type != "file"
]

title(component) := sprintf("%s %s", [component.name, version(component)]) if version(component) != ""

title(component) := sprintf("%v", [object.get(component, "name", "(without name)")]) if version(component) == ""

version(component) := "" if object.get(component, "version", "") in {"", "UNKNOWN"}

version(component) := component.version if not component.version in {"", "UNKNOWN"}

# The package URL without version and qualifiers.
base(component) := split(split(object.get(component, "purl", ""), "?")[0], "@")[0]

qualified(component) := regex.find_n(`ecosystem=[a-z-]+`, object.get(component, "purl", ""), 1)

ecosystem(component) := trim_prefix(qualified(component)[0], "ecosystem=") if count(qualified(component)) == 1

ecosystem(component) := split(trim_prefix(base(component), "pkg:"), "/")[0] if count(qualified(component)) == 0

hashed(component) if count(object.get(component, "hashes", [])) > 0

# The directory hashes of Go and Terraform, for which CycloneDX has no name.
hashed(component) if {
	some property in object.get(component, "properties", [])
	property.name in {"syft:metadata:h1Digest", "terraform:h1"}
	startswith(property.value, "h1:")
}

# What a rule says: the message, its stable name, and what to do.
finding(rule, text, fix) := {"msg": text, "rule": rule, "fix": fix}

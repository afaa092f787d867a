# METADATA
# title: Components
# description: What the rules on bills of materials share.
# scope: package
package lib.components

readable if {
	input.bomFormat == "CycloneDX"
	is_array(input.components)
}

# Components hold components. Files are the evidence of components, not components; one that has a package URL, or the
# name of a known-bad component, counts as one whatever it calls itself.
all := [component |
	readable
	walk(input.components, [path, component])
	is_object(component)
	_listed(path)
	_counts(component)
]

# Where `walk` finds a component: in the list itself, or in the list of another component.
_listed(path) if {
	count(path) == 1
	is_number(path[0])
}

_listed(path) if {
	is_number(path[count(path) - 1])
	path[count(path) - 2] == "components"
}

_counts(component) if object.get(component, "type", "") != "file"

_counts(component) if object.get(component, "purl", "") != ""

_counts(component) if {
	some entry in data.known_bad
	called(component) == named(entry.purl)
}

# Names as PyPI compares them: small letters, and one hyphen for each run of hyphens, dots and underscores.
plain(text) := regex.replace(lower(urlquery.decode(text)), `[-_.]+`, "-")

called(component) := plain(object.get(component, "name", ""))

# The name in a package URL: all after the type, with its namespace.
named(purl) := plain(regex.replace(split(purl, "@")[0], `^pkg:[^/]+/`, ""))

# Is it the component that an entry of a list names, by its package URL or by its name?
same(component, entry) if plain(base(component)) == plain(entry.purl)

same(component, entry) if called(component) == named(entry.purl)

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

package lib.parts

hex := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

component := {
	"type": "library", "name": "acme.test/x", "version": "v1.3.0", "purl": "pkg:golang/acme.test/x@v1.3.0",
	"licenses": [{"license": {"id": "MIT"}}],
	"properties": [{"name": "syft:metadata:h1Digest", "value": "h1:AAAA"}],
}

good := of([component])

of(found) := {
	"bomFormat": "CycloneDX",
	"metadata": {"component": {"name": "x", "hashes": [{"alg": "SHA-256", "content": hex}]}},
	"components": found,
}

spoiled(patches) := of([json.patch(component, patches)])

with_licence(choice) := spoiled([{"op": "replace", "path": "/licenses", "value": [choice]}])

named(purl, version) := spoiled([
	{"op": "replace", "path": "/purl", "value": purl},
	{"op": "replace", "path": "/version", "value": version},
])

rules(found) := {finding.rule | some finding in found}

statement := {
	"_type": "https://in-toto.io/Statement/v1",
	"subject": [{"name": "x", "digest": {"sha256": hex}}],
	"predicateType": "https://slsa.dev/provenance/v1",
	"predicate": {
		"buildDefinition": {
			"buildType": "https://acme.test/build/image/v1",
			"resolvedDependencies": [{"uri": "git+https://git.acme.test/x", "digest": {"gitCommit": substring(hex, 0, 40)}}],
		},
		"runDetails": {"builder": {"id": "https://acme.test/platform/pipeline"}},
	},
}

proven := {"statement": statement, "artifact": {"name": "x", "digest": sprintf("sha256:%s", [hex])}}

unproven(path, value) := json.patch(proven, [{"op": "replace", "path": path, "value": value}])

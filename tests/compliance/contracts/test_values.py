"""Is there a value that two schemas of one field both take?"""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from helpers.compliance.contracts import values

TEAM = {"type": "string", "pattern": "^[a-z][a-z0-9-]{1,20}$"}
KIND = {"type": "string", "enum": ["l4", "a100"]}
NODES = {"type": "integer", "minimum": 1, "maximum": 64}
OWNER = {"type": "string", "maxLength": 200}


@pytest.mark.parametrize(
    ("accepts", "field"),
    [
        ({"type": "integer"}, NODES),
        ({"type": "number", "maximum": 3.5}, NODES),
        ({"type": "integer", "minimum": 64}, NODES),
        ({"type": "integer", "maximum": -2.5}, {"type": "integer"}),
        ({"type": "string", "enum": ["a100", "t4"]}, KIND),
        ({"type": "string", "pattern": "^a"}, KIND),
        ({"type": "string", "minLength": 200}, OWNER),
        ({"type": "string", "pattern": "@acme[.]test$"}, OWNER),
        ({"type": "string"}, TEAM),
        ({"type": "string", "minLength": 3}, TEAM),
        ({"type": "string", "pattern": "[a-z]"}, TEAM),
        ({"type": "string", "pattern": "^(vision|speech)$"}, TEAM),
        ({"type": "boolean"}, {"type": "boolean"}),
        ({"type": "object"}, {"type": "object"}),
    ],
)
def test_a_value_that_both_take(accepts: dict[str, Any], field: dict[str, Any]) -> None:
    found = values.common(accepts, field)
    assert found is not None
    for schema in (accepts, field):
        jsonschema.validate(found["value"], schema)


@pytest.mark.parametrize(
    ("accepts", "field"),
    [
        ({"type": "integer", "minimum": 65}, NODES),
        ({"type": "integer", "minimum": 1.2, "maximum": 1.8}, NODES),
        ({"type": "number", "maximum": 0.5}, NODES),
        ({"type": "integer", "minimum": 4, "maximum": 3}, NODES),
        ({"type": "string", "enum": ["v100"]}, KIND),
        ({"type": "string", "enum": ["l4"], "pattern": "^a"}, KIND),
        ({"type": "string", "minLength": 9}, KIND),
        ({"type": "string", "enum": ["Vision!"]}, TEAM),
        ({"type": "string", "enum": [4]}, OWNER),
        ({"type": "string", "minLength": 201}, OWNER),
        ({"type": "string", "minLength": 5, "maxLength": 4}, OWNER),
    ],
)
def test_nothing_that_both_take(accepts: dict[str, Any], field: dict[str, Any]) -> None:
    assert values.common(accepts, field) is None


@pytest.mark.parametrize("rules", [{"pattern": "^[A-Z]+$"}, {"pattern": "a^"}, {"pattern": "^(a+)+!$"}])
def test_a_pattern_that_nobody_can_tell(rules: dict[str, Any]) -> None:
    with pytest.raises(values.NotFound):
        values.common({"type": "string", **rules}, TEAM)

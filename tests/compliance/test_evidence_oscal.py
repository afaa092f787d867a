"""The list of controls as an OSCAL catalog: its structure, and that nothing of the list is lost.

The schema below is written from the reference of OSCAL 1.1.2 for the parts of the catalog model that are used, and
allows no others. What it does not judge: the constraints of the Metaschema beyond structure (their validator is not
here), and whether another tool's reading of a property is ours.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from helpers.cli import course
from helpers.compliance.evidence import Control, Requirement, load, oscal_catalog

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
TOKEN = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9._-]*$"}
TEXT = {"type": "string", "pattern": r"^\S(.*\S)?$"}
PROP = {"name": TOKEN, "ns": {"type": "string", "format": "uri"}, "value": TEXT}
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"}
DATE = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}


def closed(members: dict[str, Any], *optional: str) -> dict[str, Any]:
    """Return the schema of an object with these members and no others."""
    needed = [name for name in members if name not in optional]
    return {"type": "object", "properties": members, "required": needed, "additionalProperties": False}


def many(of: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list; OSCAL has no empty ones."""
    return {"type": "array", "items": of, "minItems": 1}


PART = closed({"id": TOKEN, "name": TOKEN, "prose": TEXT, "props": many(closed(PROP))}, "props")
CONTROL = closed({"id": TOKEN, "title": TEXT, "parts": many(PART)})
METADATA = closed({"title": TEXT, "last-modified": DATE, "version": TEXT, "oscal-version": TEXT})
GROUP = closed({"id": TOKEN, "title": TEXT, "controls": many(CONTROL)})
SCHEMA = closed({"catalog": closed({"uuid": UUID, "metadata": METADATA, "groups": many(GROUP)})})


def back(catalog: dict[str, Any]) -> list[Control]:
    """Return the controls that a catalog holds."""
    found = []
    for one in (control for group in catalog["catalog"]["groups"] for control in group["controls"]):
        asked = []
        for part in one["parts"][1:]:
            said: dict[str, Any] = {"name": part["prose"]}
            for prop in part["props"]:
                name, value = prop["name"].replace("-", "_"), prop["value"]
                if name == "decisions":
                    said[name] = (*said.get(name, ()), value)
                else:
                    said[name] = True if value == "true" else value
            asked.append(Requirement(**said))
        found.append(Control(one["id"], one["title"], tuple(asked)))
    return found


def test_the_courses_list_is_a_catalog_and_nothing_is_lost() -> None:
    controls = load()
    made = oscal_catalog(controls, title="Controls", at=AT)
    jsonschema.Draft202012Validator(SCHEMA).validate(made)
    ids = [one["id"] for group in made["catalog"]["groups"] for one in group["controls"]]
    parts = [part["id"] for g in made["catalog"]["groups"] for one in g["controls"] for part in one["parts"]]
    assert len({*ids, *parts}) == len(ids) + len(parts), "identifiers are unique in a document"
    assert back(made) == list(controls)


def test_the_identifier_is_of_what_the_controls_say() -> None:
    controls = load()
    first, later = (oscal_catalog(controls, title="Controls", at=AT + timedelta(days=days)) for days in (0, 30))
    assert first["catalog"]["uuid"] == later["catalog"]["uuid"] and uuid.UUID(first["catalog"]["uuid"]).version == 5
    easier = oscal_catalog(controls[:-1], title="Controls", at=AT)
    assert easier["catalog"]["uuid"] != first["catalog"]["uuid"]


@pytest.mark.parametrize("place", [("catalog", "uuid"), ("catalog", "metadata"), ("catalog", "groups")])
def test_the_schema_of_this_test_judges(place: tuple[str, str]) -> None:
    made = oscal_catalog(load(), title="Controls", at=AT)
    made[place[0]][place[1]] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(made)


def test_the_command_prints_it(tmp_path: Path) -> None:
    said = CliRunner().invoke(course, ["evidence", "oscal", "--title", "November"])
    assert said.exit_code == 0, said.output
    made = json.loads(said.output)
    jsonschema.Draft202012Validator(SCHEMA).validate(made)
    assert made["catalog"]["metadata"]["title"] == "November"

"""The list of controls as an OSCAL catalog, the form in which tools of auditors exchange controls.

Source: OSCAL 1.1.2, catalog model, JSON format (https://pages.nist.gov/OSCAL-Reference/models/v1.1.2/catalog/). The
structure is tested; the further constraints of its Metaschema are not, as their validator is not here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from typing import Any

from helpers.compliance.evidence.period import time_text
from helpers.compliance.evidence.types import Control, Requirement

VERSION = "1.1.2"
#: Of the properties that OSCAL does not know: what a requirement of ours asks for.
NAMESPACE = "https://acme.test/ns/controls"


def catalog(controls: Sequence[Control], *, title: str, at: datetime) -> dict[str, Any]:
    """Return controls as an OSCAL catalog, JSON-ready.

    The same controls have the same identifier (UUID version 5 of what they say), whatever the time.

    Args:
        title: of the catalog. at: when the list was last changed.
    """
    groups = [
        {"id": family, "title": f"Criteria {family}", "controls": [_control(one) for one in members]}
        for family, members in groupby(sorted(controls, key=_family), key=_family)
    ]
    said = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}#{json.dumps(groups, sort_keys=True)}"))
    metadata = {"title": title, "last-modified": time_text(at), "version": said[:8], "oscal-version": VERSION}
    return {"catalog": {"uuid": said, "metadata": metadata, "groups": groups}}


def _family(control: Control) -> str:
    return control.id.partition(".")[0]


def _control(control: Control) -> dict[str, Any]:
    base = control.id.lower()
    statement = {"id": f"{base}_smt", "name": "statement", "prose": control.title}
    asked = [_objective(f"{base}_obj.{number}", one) for number, one in enumerate(control.requirements, 1)]
    return {"id": control.id, "title": control.title, "parts": [statement, *asked]}


def _objective(id: str, asked: Requirement) -> dict[str, Any]:
    """Return a requirement: its name as prose, and what it asks for, a property for each value that is set."""
    props = []
    for field in fields(asked):
        value = getattr(asked, field.name)
        if field.name == "name" or not value:
            continue
        values = value if isinstance(value, tuple) else ("true" if value is True else value,)
        props += [{"name": field.name.replace("_", "-"), "ns": NAMESPACE, "value": str(one)} for one in values]
    return {"id": id, "name": "assessment-objective", "prose": asked.name, "props": props}

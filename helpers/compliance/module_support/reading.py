"""Reads the block ``support`` of a ``module.yaml``: first its form, by the schema, then what it says."""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from helpers.clients.registry.errors import PackageProblem
from helpers.compliance.module_support import promises
from helpers.compliance.module_support.policy import SupportPolicy
from helpers.compliance.module_support.types import SupportModel
from helpers.core import yaml_reader

_SCHEMA = Path(__file__).with_name("schema.json")
#: What to type, by the name of the field.
TYPE = {
    "form": "Write `form: 2`.",
    "team": "Write who owns it, such as `team: platform team`.",
    "contact": "Write an address, a URL or a #channel.",
    "hours": "Write `hours: Mon-Fri 09:00-17:00 CET`, or `hours: 24x7`.",
    "stage": "Write `stage:` with experimental, supported, deprecated or retired.",
    "on_call": "Write `on_call: {rota: ..., contact: ...}`.",
    "rota": "Write the name or the URL of the rota.",
    "escalation": "Write a list of levels, each with after, to and contact.",
    "after": "Write `after: 0m` for the first level, `after: 30m` for a later one.",
    "to": "Write who is called, such as `to: platform leads`.",
    "levels": "Write a list, each with severity, response and repair.",
    "severity": "Write a number from 1 (worst) to 5.",
    "response": "Write a duration, such as `response: 30m`.",
    "repair": "Write a duration, such as `repair: 4h`.",
    "cover": "Write `cover: always`, or `cover: hours` for the support hours only.",
    "window": "Write a duration, such as `window: 90d`.",
    "deprecation": "Write since, removal (dates) and replacement.",
    "since": "Write a date, such as `since: 2027-01-15`.",
    "removal": "Write a date, such as `removal: 2027-04-15`.",
    "replacement": "Write the module or version to move to.",
    "guide": "Write a URL, or the path of a .md file of the module.",
}


def read(text: str | bytes, policy: SupportPolicy, *, version: str, today: dt.date) -> tuple[Any, list[PackageProblem]]:
    """Return the support model in the text of a ``module.yaml`` and everything that is wrong with it.

    Args:
        text: of the file; valid YAML.
        policy: of the namespace.
        version: that is to be published.
        today: the day that dates are compared with.

    Returns:
        The `SupportModel`, None where the data do not keep the form; and the problems.
    """
    try:
        data = yaml_reader.load(text)
    except yaml_reader.InvalidYaml as error:
        where = f"module.yaml:{error.line}" if error.line else "module.yaml"
        fix = "Correct it; a date is written as 2027-04-15 and must be in the calendar."
        return None, [PackageProblem("manifest", where, f"It is not valid YAML: {error.problem}.", fix)]
    support = data.get("support") if isinstance(data, dict) else None
    lines = Lines(text)
    if not isinstance(support, dict) or "form" not in support:
        # Form 1: team, contact and hours, which the manifest's own rules judge.
        return _form_one(support, policy, lines)
    support = _dates_as_text(support)
    problems = [_schema_problem(error, lines) for error in _errors(support)]
    if problems:
        return None, problems
    try:
        model = SupportModel.from_data(support)
    except ValueError as error:
        # A date of the right form that is in no calendar, a duration without a number.
        what = f"{str(error)[0].upper()}{str(error)[1:]}."
        return None, [PackageProblem("support-form", lines.where(("deprecation",)), what, "Correct the value.")]
    found = promises.check(model, policy, version=version, today=today)
    return model, [PackageProblem(p.rule, lines.where(p.path), p.what, p.fix) for p in found]


def check(
    text: str | bytes, policy: SupportPolicy | None = None, *, version: str = "1.0.0", today: dt.date
) -> list[PackageProblem]:
    """Return everything that is wrong with the support block in the text of a ``module.yaml``; see `read`."""
    return read(text, policy or SupportPolicy(), version=version, today=today)[1]


def _form_one(support: Any, policy: SupportPolicy, lines: Lines) -> tuple[SupportModel | None, list[PackageProblem]]:
    keys = ("team", "contact", "hours")
    kept = {key: str(support[key]) for key in keys if support.get(key)} if isinstance(support, dict) else {}
    if policy.form >= 2:
        what = "The support block has form 1 (team, contact, hours); this namespace demands form 2."
        fix = "Write `form: 2` with stage, levels, escalation and window; `course new module` shows one."
        return None, [PackageProblem("support-form", lines.where(()), what, fix)]
    return (SupportModel.from_data({"form": 1, **kept}), []) if len(kept) == len(keys) else (None, [])


def _dates_as_text(value: Any) -> Any:
    """Return data with YAML's dates as text, which is what JSON has."""
    if isinstance(value, dict):
        return {str(key): _dates_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


@cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))


def _errors(support: dict[str, Any]) -> list[Any]:
    return sorted(_validator().iter_errors(support), key=lambda error: ([str(p) for p in error.path], error.message))


def _schema_problem(error: Any, lines: Lines) -> PackageProblem:
    path = tuple(error.path)
    if error.validator == "required":
        name = next(n for n in error.validator_value if n not in error.instance and f"'{n}'" in error.message)
        return PackageProblem("support-form", lines.where(path), f"`{name}` is missing.", TYPE.get(name, ""))
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        strange = sorted(str(name) for name in error.instance if name not in known)
        near = difflib.get_close_matches(strange[0], known, 1)
        fix = f"Did you mean `{near[0]}`?" if near else f"Known are {', '.join(known)}."
        words = ", ".join(f"`{name[:40]}`" for name in strange)
        return PackageProblem("support-form", lines.where((*path, strange[0])), f"{words} is not a field here.", fix)
    name = next((str(part) for part in reversed(path) if isinstance(part, str)), "support")
    what = f"{str(error.instance)[:60]!r} is not a valid `{name}`."
    return PackageProblem("support-form", lines.where(path), what, TYPE.get(name, error.message[:200]))


class Lines:
    """Where each field of the support block stands in the file."""

    def __init__(self, text: str | bytes) -> None:
        roots = yaml_reader.nodes(text)
        self._root = next(iter(_children(roots[0], "support")), None) if roots and roots[0] is not None else None

    def where(self, path: Sequence[str | int]) -> str:
        """Return ``module.yaml:LINE: support.PATH``; of a field that is not there, the line of what it belongs to."""
        line = 0
        for pair in self._walk(path):
            line = pair.start_mark.line + 1
        name = ".".join(["support", *map(str, path)])
        return f"module.yaml:{line}: {name}" if line else f"module.yaml: {name}"

    def _walk(self, path: Sequence[str | int]) -> Iterator[Any]:
        node = self._root
        if node is None:
            return
        yield node[0]
        value = node[1]
        for part in path:
            found = next(iter(_children(value, part)), None)
            if found is None:
                return
            yield found[0]
            value = found[1]


def _children(node: Any, part: str | int) -> Iterator[tuple[Any, Any]]:
    """Yield the node that names a child, and the child's own."""
    values = getattr(node, "value", None)
    if not isinstance(values, list):
        return
    if isinstance(part, int):
        if part < len(values) and not isinstance(values[part], tuple):
            yield values[part], values[part]
        return
    for pair in values:
        if isinstance(pair, tuple) and pair[0].value == part:
            yield pair

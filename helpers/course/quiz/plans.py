"""Plans that questions show: made by the real Terraform from a scene, kept as its JSON, read by the plan reader.

A scene is a directory with ``before/`` (applied first, if it is there), ``after/`` (planned) and ``scene.yaml``, which
says which values are drawn for the two and how many variants there are. ``python -m helpers.course.quiz --plans
SCENE`` runs Terraform and writes ``plans.json``; a test runs it once more and compares. Scenes use Terraform's own
``terraform_data``, so no provider and no cloud is needed; actions, reasons and replacements are in the plan of every
type in the same form.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.files import write_atomic
from helpers.core.paths import IAC
from helpers.course.quiz.draws import draw
from helpers.course.quiz.expressions import evaluate
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.types import Plan

FILE = "plans.json"
_KEPT = ("address", "module_address", "mode", "type", "name", "index", "action_reason", "previous_address")
_KEPT_CHANGE = ("actions", "before", "after", "after_unknown", "replace_paths", "importing")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def directory(scene: str) -> Path:
    """Return where a scene lies: ``unit1/pools`` is ``iac/lectures/unit1/plans/pools``."""
    unit, _, name = scene.partition("/")
    return IAC / "lectures" / unit / "plans" / name


@cache
def plans(scene: str) -> dict[str, Plan]:
    """Return variant -> plan of a scene.

    Raises:
        BadInput: the scene has no plans.
    """
    path = directory(scene) / FILE
    if not path.is_file():
        raise BadInput(
            f"There are no plans of {scene!r}", next=f"python -m helpers.course.quiz --plans {scene}   # for authors"
        )
    documents = json.loads(path.read_text(encoding="utf-8"))
    return {variant: Plan.from_json(document) for variant, document in documents.items()}


def variants(scene: str) -> dict[str, dict[str, Any]]:
    """Return variant -> the values of its variables, from ``scene.yaml``."""
    asked = yaml_reader.load((directory(scene) / "scene.yaml").read_text(encoding="utf-8"))
    names = [f"{number:02}" for number in range(1, int(asked["variants"]) + 1)]
    where = asked.get("where", "True")
    return {name: draw(asked["draw"], (scene, name), lambda drawn: bool(evaluate(where, drawn))) for name in names}


def make(scene: str, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run Terraform for each variant (or for those of *only*); return variant -> what is kept of its plan.

    Raises:
        TerraformError, ProcessError: a configuration is at fault.
    """
    with _room(scene) as (before, after):
        wanted = {name: values for name, values in variants(scene).items() if not only or name in only}
        return {name: kept(_plan(before, after, values)) for name, values in wanted.items()}


def write(scene: str) -> Path:
    """Make all plans of a scene and write them beside it, one a line."""
    lines = [f"{json.dumps(name)}: {json.dumps(plan, sort_keys=True)}" for name, plan in make(scene).items()]
    path = directory(scene) / FILE
    write_atomic(path, "{\n" + ",\n".join(lines) + "\n}\n")
    return path


@contextmanager
def _room(scene: str) -> Iterator[tuple[Path | None, Path]]:
    """Yield initialised copies of ``before`` and ``after``."""
    with tempfile.TemporaryDirectory() as made:
        rooms = {}
        for part in ("before", "after"):
            if (source := directory(scene) / part).is_dir():
                rooms[part] = Path(shutil.copytree(source, Path(made) / part))
                Terraform(rooms[part]).init()
        yield rooms.get("before"), rooms["after"]


def _plan(before: Path | None, after: Path, values: dict[str, Any]) -> Plan:
    state = after / "terraform.tfstate"
    state.unlink(missing_ok=True)
    if before:
        (before / state.name).unlink(missing_ok=True)
        Terraform(before, variables=values).apply(auto_approve=True)
        shutil.move(before / state.name, state)
    return Terraform(after, variables=values).plan()


def kept(plan: Plan) -> dict[str, Any]:
    """Return of a plan's JSON what a question needs, without what differs at every run: versions, times, random ids."""
    changes = []
    for item in plan.raw.get("resource_changes", ()):
        names = ("actions",) if item["change"]["actions"] == ["no-op"] else _KEPT_CHANGE
        change = {name: item["change"][name] for name in names if item["change"].get(name) is not None}
        changes.append({name: item[name] for name in _KEPT if item.get(name) is not None} | {"change": change})
    text = json.dumps({"resource_changes": changes, "format_version": plan.format_version}, sort_keys=True)
    found = dict.fromkeys(match[0] for match in _UUID.finditer(text))
    for number, name in enumerate(found, 1):
        text = text.replace(name, f"00000000-0000-4000-8000-{number:012}")
    return dict(json.loads(text))

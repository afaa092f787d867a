"""Hidden tests of the project, notebook 04: other jobs for the operator, and a pack that was touched."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from helpers.compliance import contracts
from helpers.course.checks import require
from helpers.course.checks.project_handover import PACK, Refused, consumed
from helpers.course.checks.support import project as kit
from helpers.course.checks.support.project import KEYS, RECORD
from helpers.course.scenarios import training
from helpers.course.workspace import Workspace


def pack(lab: Workspace) -> None:
    """A copy of the pack with another package in it is not taken."""
    with tempfile.TemporaryDirectory(prefix="mod208-check-") as name:
        copy = Path(name) / "pack"
        shutil.copytree(lab.path(PACK), copy)
        next((copy / "artifacts").iterdir()).write_bytes(b"something else")
        found = contracts.validate(copy, keys=lab.path(KEYS), contract="mod-209")
    require(found.status == "invalid", "a pack with another artifact in it is taken")


def handover(lab: Workspace) -> None:
    """Each environment runs what the record says, and no line of the brief can be crossed on the way to it."""
    asked, record = training.brief(), kit.data(lab, RECORD)
    for name in training.ENVIRONMENTS:
        image = consumed(lab, training.job(asked, f"hidden-{name}", environment=name))
        require(image == record["current"][name]["digest"], f"a job in {name} does not run: {image}")
    over = (
        {"gpu": {"nodes": asked.nodes + 1}},
        {"gpu": {"nodes": asked.dev_nodes + 1}, "environment": "dev"},
        {"gpu": {"kind": asked.scarce}, "environment": "staging"},
        {"labels": {"data-class": "restricted"}},
        {"environment": "moon"},
    )
    for spec in over:
        found = consumed(lab, training.job(asked, "hidden-over", **spec))
        require(isinstance(found, Refused), f"a job with {spec} runs")

"""What travels with a submission beside its files: what the judge cannot make again from them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from pathlib import Path

from helpers.core.files import write_atomic
from helpers.core.paths import state_dir
from helpers.course import outline
from helpers.course.labs import Lab
from helpers.course.workspace.journal import Journal

#: In a submission: what the course adds. It holds claims, no secrets.
ADDED = ".course"
#: What the learner's module registry published, below the state; and below `ADDED`.
REGISTRY, CARRIED = "services/registry/data", "registry"


def carried(assignment: str) -> tuple[str, ...]:
    """Return what `carry` adds to a submission of an assignment, in words for its learner."""
    published = (state_dir() / REGISTRY / "modules").is_dir()
    of_lab = any(lab.assignment == assignment for lab in outline.labs().values())
    return (*(["the packages of your module registry"] * published), *(["which solutions you were shown"] * of_lab))


def carry(directory: Path) -> None:
    """Put into a submission's directory what grading cannot make again from its files, alike each time.

    A package that was published from a terminal is in the registry only; the judge offers it to its own.
    """
    added = directory / ADDED
    shutil.rmtree(added, ignore_errors=True)
    added.mkdir()
    found = state_dir() / REGISTRY
    if (found / "modules").is_dir():
        shutil.copytree(found / "modules", added / CARRIED / "modules", symlinks=True)
        with contextlib.suppress(OSError, ValueError, KeyError):
            # Of who may do what there only the public keys. The judge's registry asks for some secret: whoever hands
            # in knows this one, and nobody else meets that registry.
            keys = json.loads((found / "access.json").read_text(encoding="utf-8"))["keys"]
            own = hashlib.sha256(json.dumps(keys, sort_keys=True).encode()).hexdigest()
            write_atomic(
                added / CARRIED / "access.json", json.dumps({"tokens": {}, "keys": keys, "ticket_secret": own})
            )
    for lab in outline.labs().values():
        if lab.assignment == directory.name:
            shown = sorted(Journal(lab.id, Lab(lab.id).work).read()["shown"])
            write_atomic(added / "shown.json", json.dumps(shown))

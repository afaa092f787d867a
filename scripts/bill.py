"""``python -m scripts.bill > bill.json``: all that the course is pinned to, as CycloneDX, to look it up offline.

Python packages are those of the lock file and of tools that come as wheels, Go modules those that the ``go.mod`` files
of ``toolchain/`` list (all that a build may need, since Go 1.17): more than a tool calls, which govulncheck would say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from scripts.imports import ROOT

_PYTHON = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", re.MULTILINE)
_GO = re.compile(r"([\w-]+\.[\w.~/-]+) (v\d\S*)")
#: What a ``go.mod`` says is not used. What is replaced stays: a false alarm is answered, what was missed is not.
_NOT_USED = re.compile(r"^(exclude|retract) \(.*?^\)|^(exclude|retract) [^\n]*|//[^\n]*", re.MULTILINE | re.DOTALL)


def parts() -> list[str]:
    """Return the package URLs of everything that is pinned, sorted."""
    return sorted({*_python(), *_go()})


def _python() -> Iterator[str]:
    for file in [*ROOT.glob("requirements*.lock"), *sorted((ROOT / "toolchain").glob("*/requirements.txt"))]:
        yield from (f"pkg:pypi/{name}@{version}" for name, version in _PYTHON.findall(file.read_text()))


def _go() -> Iterator[str]:
    for file in sorted((ROOT / "toolchain").rglob("go.mod")):
        used = _NOT_USED.sub("", file.read_text())
        yield from (f"pkg:golang/{name}@{version}" for name, version in _GO.findall(used))


def document() -> dict[str, Any]:
    """Return the bill of materials."""
    rows = []
    for purl in parts():
        name, _, version = purl.partition("/")[2].rpartition("@")
        rows.append({"type": "library", "name": name, "version": version, "purl": purl})
    about = {"component": {"type": "application", "name": "mod-208"}}
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": about, "components": rows}


if __name__ == "__main__":
    print(json.dumps(document(), indent=1))

"""Build the side panel: ``helpers/course/panel/extension/`` into ``labextension/`` beside it, which is committed.

``python -m scripts.build_panel`` needs Node.js and npm, which nobody else needs; ``--check`` compares the record of
what was built with the sources and needs neither.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jupyterlab

from scripts.imports import ROOT

PANEL = ROOT / "helpers" / "course" / "panel"
SOURCES, BUILT = PANEL / "extension", PANEL / "labextension"
COMMAND = "python -m scripts.build_panel"
#: Which packages JupyterLab brings itself, so that they are not built in.
CORE = Path(jupyterlab.__file__).parent / "staging" / "package.json"


def digest(directory: Path) -> str:
    """Return the SHA-256 of the names and contents of all files below *directory*."""
    found = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.relative_to(directory).as_posix()} {content}\n".encode())
    return f"sha256:{found.hexdigest()}"


def faults(sources: Path = SOURCES, built: Path = BUILT) -> list[str]:
    """Return why what is built is not of its sources, or was changed since; nothing when it belongs to them."""
    record = json.loads((built / "package.json").read_text(encoding="utf-8")).get("mod208", {})
    wrong = []
    if record.get("sources") != digest(sources):
        wrong.append("the sources have changed since it was built")
    if record.get("static") != digest(built / "static"):
        wrong.append("a file in static/ is not the one that was built")
    return wrong


def build(work: Path) -> None:
    """Build in *work*, and put the result in place with a record of what it was built from."""
    shutil.copytree(SOURCES, work, dirs_exist_ok=True)
    for old in ("lib", "labextension"):
        shutil.rmtree(work / old, ignore_errors=True)
    builder = "node_modules/@jupyter/builder/lib/build-labextension.js"
    for argv in (
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        ["node", "node_modules/typescript/bin/tsc"],
        ["node", builder, "--core-package-file", str(CORE), "."],
    ):
        subprocess.run(argv, cwd=work, check=True)
    made = work / "labextension"
    package = made / "package.json"
    data = json.loads(package.read_text(encoding="utf-8"))
    data["mod208"] = {"sources": digest(SOURCES), "static": digest(made / "static")}
    package.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(BUILT, ignore_errors=True)
    shutil.copytree(made, BUILT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, or with ``--check`` only compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="Compare; change nothing.")
    options = parser.parse_args(arguments)
    if not options.check:
        build(ROOT / "build" / "panel")
    for fault in (found := faults()):
        print(f"{BUILT.relative_to(ROOT)}: {fault}. Next: {COMMAND}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())

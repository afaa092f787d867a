"""The Python that a project's programs run in: this one, or that of a virtual environment named in ``Pulumi.yaml``.

Of ``runtime.options`` two are met: ``virtualenv``, the path of an environment that exists, and ``toolchain: pip``,
which asks for nothing here. Source: "Python runtime options" in Pulumi's reference of the project file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from helpers.core import process
from helpers.servers.pulumi_language.apart import HOUSE

_HOST = "import runpy, sys; sys.path.insert(0, {house!r}); runpy.run_module({module!r}, None, '__main__', True)"
#: Ends with 1 where the SDK cannot be imported, without the second that an import takes.
_LOOK = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pulumi') is None)"


def refusal(options: Mapping[str, str], root: str) -> str:
    """Return why the runtime's options cannot be met, with what to do; empty when they can.

    Args:
        options: name and value, as the engine hands them over. root: directory of the project.
    """
    strange = sorted(
        name
        for name, value in options.items()
        if name != "virtualenv" and not (name == "toolchain" and value in ("", "pip"))
    )
    if strange:
        return (
            f"this language host does not meet the runtime's option {', '.join(strange)}; remove it from Pulumi.yaml, "
            "or put a Pulumi with its own language host on PATH"
        )
    named = options.get("virtualenv", "")
    if named and not _python(named, root).exists():
        return (
            f"there is no virtual environment {named} in the project; make it: python3 -m venv {named} && "
            f"{named}/bin/pip install -r requirements.txt"
        )
    if named and process.run([_python(named, root), "-c", _LOOK]).returncode != 0:
        return f"the virtual environment {named} has no Pulumi SDK: {named}/bin/pip install -r requirements.txt"
    return ""


def enter(virtualenv: str, root: str, module: str) -> None:
    """Go on as that environment's Python, with the same module and arguments; return when there is none to enter.

    Args:
        virtualenv: its path, relative to the project; empty for none. root: directory of the project.
        module: what runs now.
    """
    python = _python(virtualenv, root)
    if not virtualenv or not python.exists():
        return
    host = _HOST.format(house=HOUSE, module=module)
    process.become([str(python), "-u", "-P", "-c", host, *sys.argv[1:]])


def _python(virtualenv: str, root: str) -> Path:
    return Path(root or ".", virtualenv, "bin", "python")

"""``python -m benchmarks NAME [--json] [--plot=FOLDER]``: run one benchmark, or ``all``."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import benchmarks


def names() -> list[str]:
    """Return the benchmarks there are: every module of this package with ``measure`` and ``show``."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


def main(arguments: list[str]) -> int:
    """Run what is named on the command line; return the exit status.

    Exit status 0: measured, and no goal is missed for sure. 1: a benchmark names one in its ``over_goal``. 2: not asked
    rightly.

    With ``--json`` standard output is one document: the figures of the benchmark, or of ``all`` a list of them. With
    ``--plot=FOLDER`` benchmarks that can draw their figures (those with ``plot``) write ``FOLDER/NAME.svg``.
    """
    wanted = [argument for argument in arguments if not argument.startswith("-")]
    options = {argument for argument in arguments if argument.startswith("-")}
    folders = {Path(o.removeprefix("--plot=")) for o in options if o.startswith("--plot=") and o != "--plot="}
    others = {option for option in options if not option.startswith("--plot=") or option == "--plot="} - {"--json"}
    if len(wanted) != 1 or wanted[0] not in ("all", *names()) or others or len(folders) > 1:
        print(f"usage: python -m benchmarks {{all,{','.join(names())}}} [--json] [--plot=FOLDER]", file=sys.stderr)
        return 2
    found = []
    for name in names() if wanted == ["all"] else wanted:
        module = importlib.import_module(f"benchmarks.{name}")
        found.append(module.measure())
        for folder in folders if hasattr(module, "plot") else ():
            folder.mkdir(parents=True, exist_ok=True)
            module.plot(found[-1], folder / f"{name}.svg")
        if "--json" not in options:
            print(*([f"-- {name}"] if wanted == ["all"] else []), *module.show(found[-1]), sep="\n")
    if "--json" in options:
        print(json.dumps(found if wanted == ["all"] else found[0], indent=2))
    return int(any(map(missed, found)))


def missed(found: Mapping[str, Any]) -> list[str]:
    """Return what a benchmark's figures say is over its goal; a verdict that could not be told is not among them."""
    return [str(what) for key, row in found.items() if key.startswith("over_goal") for what in row]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

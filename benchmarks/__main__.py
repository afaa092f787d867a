"""``python -m benchmarks NAME [--json]``: run one benchmark, or ``all``."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys

import benchmarks


def names() -> list[str]:
    """Return the benchmarks there are: every module of this package with ``measure`` and ``show``."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


def main(arguments: list[str]) -> int:
    """Run what is named on the command line; return the exit status.

    With ``--json`` standard output is one document: the figures of the benchmark, or of ``all`` a list of them.
    """
    wanted = [argument for argument in arguments if not argument.startswith("-")]
    options = {argument for argument in arguments if argument.startswith("-")}
    if len(wanted) != 1 or wanted[0] not in ("all", *names()) or options - {"--json"}:
        print(f"usage: python -m benchmarks {{all,{','.join(names())}}} [--json]", file=sys.stderr)
        return 2
    found = []
    for name in names() if wanted == ["all"] else wanted:
        module = importlib.import_module(f"benchmarks.{name}")
        found.append(module.measure())
        if "--json" not in options:
            print(*([f"-- {name}"] if wanted == ["all"] else []), *module.show(found[-1]), sep="\n")
    if "--json" in options:
        print(json.dumps(found if wanted == ["all"] else found[0], indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

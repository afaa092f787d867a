"""``python -m benchmarks NAME [--json]``: run one benchmark; without a name, list them."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def names() -> list[str]:
    """Return the benchmarks there are: every module of this package with a ``main``."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


def main() -> int:
    """Run the benchmark named on the command line; return the exit status."""
    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if len(wanted) != 1 or wanted[0] not in names():
        print(f"usage: python -m benchmarks {{{','.join(names())}}} [--json]", file=sys.stderr)
        return 2
    importlib.import_module(f"benchmarks.{wanted[0]}").main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Names of a package that are imported at their first use, listed once in the stub (``__init__.pyi``) beside it.

Editors and type checkers read the same stub. The idea is that of scientific-python's ``lazy_loader``, which takes
relative imports of one package only.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def attach(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package whose names are those of its stub.

    Args:
        package: its ``__name__``.
        file: its ``__file__``; the stub lies beside it and holds ``from MODULE import NAME as NAME`` only.
    """
    names = _listed(Path(file).with_suffix(".pyi"))

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, attribute = names[name]
        owner = importlib.import_module(module)
        try:
            # Not `getattr` on the package itself: that would ask this function again.
            found = vars(owner)[attribute] if module == package else getattr(owner, attribute)
        except (AttributeError, KeyError):
            # The name is a module that nobody has imported yet.
            found = importlib.import_module(f"{module}.{attribute}")
        setattr(sys.modules[package], name, found)
        return found

    def listing() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names})

    return get, listing, sorted(names)


def _listed(stub: Path) -> dict[str, tuple[str, str]]:
    """Return public name -> (module that has it, its name there)."""
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

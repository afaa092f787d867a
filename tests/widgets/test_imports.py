"""What is imported when: a static display needs no ipywidgets, which takes half a second."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from helpers.core.paths import ROOT

WIDGETS = ROOT / "helpers" / "widgets"


def names(static: bool) -> list[str]:
    """The names of the facade that come from modules of static displays, or from the others."""
    stub = ast.parse((WIDGETS / "__init__.pyi").read_text(encoding="utf-8"))
    found = []
    for node in stub.body:
        assert isinstance(node, ast.ImportFrom)
        still = node.module is not None and node.module.startswith(("helpers.widgets.renderers.", "helpers.core."))
        if still == static:
            found += [alias.name for alias in node.names]
    return found


def imported(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has imported after *code*."""
    code += "\nimport sys; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "from helpers import widgets",
        f"from helpers.widgets import {', '.join(names(static=True))}",
        "from helpers.core.display import renderer_of\nfrom helpers.widgets import registry\nimport importlib\n"
        "for entry in registry.RENDERERS.values():\n    importlib.import_module(entry.partition(':')[0])",
        "from helpers import Quiz, Lab, teaching",
    ],
    ids=["facade", "static names", "registry", "course"],
)
def test_static_displays_do_not_import_ipywidgets(code: str) -> None:
    found = imported(code)
    assert "helpers.widgets" in found or "helpers.course" in found
    assert "ipywidgets" not in found


def test_every_name_ending_in_html_is_static() -> None:
    assert not [name for name in names(static=False) if name.endswith(("_html", "_svg"))]


def test_renderers_import_no_interactive_module() -> None:
    for file in sorted((WIDGETS / "renderers").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers.widgets"):
                assert (node.module or "").startswith("helpers.widgets.renderers"), f"{file.name}: {node.module}"

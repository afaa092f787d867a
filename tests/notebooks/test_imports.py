"""Notebooks import from the facade only: `helpers` and `helpers.widgets`, and only names that those have."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from types import ModuleType

import pytest

import helpers
from helpers.core.paths import ROOT
from helpers.widgets import __all__ as widget_names

FACADES = {"helpers": set(helpers.__all__), "helpers.widgets": set(widget_names)}
FOLDERS = ("notebooks", "source", "release")
#: Hidden test cells of `source/` call these; nbgrader takes the cells out of what learners get.
HIDDEN = "grading.hidden"


def python_of(cell: str) -> str:
    """Return the Python in a code cell; a ``%%workfile`` cell has some when it writes a Python file."""
    first, _, body = cell.partition("\n")
    if first.startswith("%%"):
        return body if first.startswith("%%workfile") and first.rstrip().endswith(".py") else ""
    return "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in cell.split("\n"))


def texts() -> Iterator[tuple[str, str]]:
    """Yield where it is and the Python text of every code cell and of every Python file under ``iac/``."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.ipynb")):
            if {".ipynb_checkpoints", ".state", "work"}.intersection(path.relative_to(ROOT).parts):
                continue
            for index, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
                if cell["cell_type"] == "code":
                    yield f"{path.relative_to(ROOT)} cell {index}", python_of("".join(cell["source"]))
    for path in sorted((ROOT / "iac").rglob("*.py")):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def problems(where: str, text: str) -> list[str]:
    """Return what is wrong with the imports of helpers and grading in a text, and with uses of the facade."""
    found = []
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [f"{where}: import {a.name}" for a in node.names if a.name.startswith(("helpers.", "grading"))]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("helpers", "grading"):
            module = node.module or ""
            names = [alias.name for alias in node.names]
            if module.startswith(HIDDEN) and where.startswith("source/"):
                continue
            if module not in FACADES:
                found.append(f"{where}: from {module} import {', '.join(names)}")
            else:
                found += [f"{where}: {module} has no {name}" for name in names if name not in FACADES[module]]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in FACADES:
            module = ast.unparse(node.value)
            if node.attr not in FACADES[module]:
                found.append(f"{where}: {module} has no {node.attr}")
    return found


def missing(where: str, texts: list[str]) -> list[str]:
    """Return names that a notebook takes from a module of the facade and that are not there: ``scenarios.scale.x``."""
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    imported = {
        alias.asname or alias.name: alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "helpers"
        for alias in node.names
    }
    # A name that the notebook also assigns may be something else.
    assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assigned |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    found = set()
    for node in nodes:
        path = ast.unparse(node).split(".") if isinstance(node, ast.Attribute) else []
        if not path or path[0] not in imported or path[0] in assigned or not all(map(str.isidentifier, path)):
            continue
        owner = getattr(helpers, imported[path[0]], None)
        for name in path[1:]:
            if not isinstance(owner, ModuleType):
                break
            if not hasattr(owner, name):
                found.add(f"{where}: {'.'.join(path)} does not exist")
            owner = getattr(owner, name, None)
    return sorted(found)


def test_what_is_taken_from_modules_of_the_facade_exists() -> None:
    books: dict[str, list[str]] = {}
    for where, text in texts():
        books.setdefault(where.split(" cell ")[0], []).append(text)
    assert [problem for where, cells in books.items() for problem in missing(where, cells)] == []


def test_a_missing_name_of_a_module_is_found() -> None:
    cells = ["from helpers import argocd, scenarios, vault", "argocd.Nobody, scenarios.scale.nobody()", "vault = 1"]
    said = ["x: argocd.Nobody does not exist", "x: scenarios.scale.nobody does not exist"]
    assert missing("x", [*cells, "vault.nobody", "argocd.ArgoError, scenarios.scale.set_up"]) == said


def test_notebooks_import_from_the_facade_only() -> None:
    read = list(texts())
    assert len({where.split(" cell ")[0] for where, _ in read}) > 30, "the notebooks were not found"
    assert sum("helpers" in text for _, text in read) > 60, "the cells were not read"
    assert [problem for where, text in read for problem in problems(where, text)] == []


@pytest.mark.parametrize("facade", FACADES)
def test_every_name_of_the_facade_loads(facade: str) -> None:
    module = __import__(facade, fromlist=["*"])
    assert [name for name in FACADES[facade] if getattr(module, name, None) is None] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from helpers.course.labs import Lab", "from helpers.course.labs import Lab"),
        ("import helpers.clients.vault", "import helpers.clients.vault"),
        ("from helpers import Nobody", "helpers has no Nobody"),
        ("import helpers\nhelpers.Nobody", "helpers has no Nobody"),
        ("if True:\n    from helpers.widgets import Nobody", "helpers.widgets has no Nobody"),
        ("from grading.hidden.lab1_module import x", "from grading.hidden.lab1_module import x"),
    ],
)
def test_a_bad_import_is_found(text: str, said: str) -> None:
    assert problems("release/x.ipynb cell 1", text) == [f"release/x.ipynb cell 1: {said}"]


def test_what_a_cell_writes_is_read() -> None:
    assert python_of("%%workfile lab1 drift/detect.py\nimport helpers") == "import helpers"
    assert python_of("%%workfile lab1 main.tf\nresource x {}") == ""
    assert python_of("%load_ext x\nimport helpers") == "pass\nimport helpers"
    assert problems("source/x cell 1", "from grading.hidden.lab1_module import x\nfrom helpers import Lab") == []

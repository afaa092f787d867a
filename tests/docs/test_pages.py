"""What README, CONTRIBUTING and docs/ name is there: files, commands, links. A newcomer finds the file in one guess."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.cli import COMMANDS
from helpers.core.paths import ROOT
from helpers.widgets.registry import RENDERERS

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TOPS = {path.name for path in ROOT.iterdir()} | {"release"}
#: Words in a path that stand for a name of the reader's choice.
PLACEHOLDER = re.compile(r"(?<![a-z])(?:NAME|LAB_TOPIC|LAB|NN|STEP)(?![a-z])|(?<=unit)N")
#: Made by a command, so not in a fresh checkout.
MADE = {".venv", "build", "workspace", "gradebook.db", "submitted", "autograded", "feedback"}


def page(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def code(text: str) -> Iterator[str]:
    """Yield code spans and the lines of code blocks."""
    blocks = re.findall(r"^```(?:sh|)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    yield from (line.partition("  #")[0] for block in blocks for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def paths(text: str) -> set[str]:
    words = {word.strip(",;:()") for span in code(text) for word in span.split()}
    return {word for word in words if word.split("/")[0] in TOPS - MADE and ("/" in word or "." in word)}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
class TestPage:
    def test_its_files_are_there(self, path: Path) -> None:
        missing = [name for name in paths(page(path)) if not list(ROOT.glob(PLACEHOLDER.sub("*", name.rstrip("/"))))]
        assert not missing

    def test_its_links_lead_somewhere(self, path: Path) -> None:
        targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page(path))
        assert not [to for to in targets if "://" not in to and not (path.parent / to).exists()]

    def test_its_commands_exist(self, path: Path) -> None:
        lines = list(code(page(path)))
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        targets = [name for line in lines for name in re.findall(r"^make ([a-z-]+)", line)]
        assert not [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)]
        commands = [name for line in lines for name in re.findall(r"^(?:\.venv/bin/)?course ([a-z]+)", line)]
        assert not [name for name in commands if name not in COMMANDS]
        modules = [name for line in lines for name in re.findall(r"python -m ([a-z_.]+)", line)]
        # uv has a lock file of its own; where pip made the environment it is not in it.
        assert not [name for name in modules if name != "uv" and not importlib.util.find_spec(name)]


def test_paths_and_commands_are_read() -> None:
    text = page(ROOT / "CONTRIBUTING.md")
    assert len(paths(text)) > 50
    assert sum(line.startswith("make ") for line in code(text)) > 5
    assert PLACEHOLDER.sub("*", "notebooks/unitN/NN-NAME.ipynb") == "notebooks/unit*/*-*.ipynb"


#: What a newcomer looks for -> the words that the row begins with, and what the file it names holds.
SOUGHT = {
    "option of a Terraform subcommand": ("helpers/wrappers/terraform/", "def plan("),
    "hint": ("helpers/course/checks/", "hints=("),
    "service": ("helpers/runtime/services/catalog.py", "DECLARATIONS"),
    "colour of the plan graph": ("helpers/core/html/style.py", "COLOURS"),
    "error message": ("helpers/runtime/services/ports.py", "is taken by another program"),
}


@pytest.mark.parametrize("sought", SOUGHT)
def test_a_newcomer_finds_the_file_in_one_guess(sought: str) -> None:
    where, holds = SOUGHT[sought]
    row = next(line for line in page(ROOT / "CONTRIBUTING.md").splitlines() if line.startswith(f"| {sought} |"))
    assert where in row
    files = [ROOT / where] if where.endswith(".py") else sorted((ROOT / where).glob("*.py"))
    assert any(holds in file.read_text(encoding="utf-8") for file in files)
    assert where in page(ROOT / "docs" / "architecture.md")


def test_the_plan_is_drawn_by_what_the_pages_name() -> None:
    assert RENDERERS["helpers.wrappers.terraform.types.Plan"].startswith("helpers.widgets.renderers.")
    assert "from helpers.core.html.style import ACTIONS" in page(ROOT / "helpers/widgets/renderers/draw.py")


def test_the_page_on_dependencies_has_each_of_them() -> None:
    listed = page(ROOT / "README.md")
    project = tomllib.loads(page(ROOT / "pyproject.toml"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert len(declared) > 30
    names = [re.split(r"[>=\[ ]", one)[0] for one in declared if not one.startswith("types-")]
    assert not [name for name in names if not re.search(rf"^\|.*\b{name}\b.*\|", listed, re.MULTILINE)]

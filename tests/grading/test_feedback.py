"""What a learner reads: steps by name, the verdict, the files as they were handed in; nothing of a hidden test."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grading.feedback import MASK, FeedbackExporter
from grading.files_shown import read
from grading.hidden import lab1_module
from helpers.core.paths import ROOT
from tests.klass import book, code

ASKED = "hidden.interface(lab, team='a-team-nobody-has-seen')"
TEST = f'lab.grade("interface")\n### BEGIN HIDDEN TESTS\nfrom grading import hidden\n{ASKED}\n### END HIDDEN TESTS'
WORKFILE = "%%workfile lab1 main.tf\n# YOUR CODE HERE"


def page(directory: Path, *outputs: Any, told: str = "", **files: str) -> str:
    """Return the feedback on a notebook with these outputs of a learner's cell."""
    mine = code("print(1)", "mine")
    mine.outputs = list(outputs)
    test = code(TEST, "interface-test", points=8, grade=True, locked=True, score=0.0)
    test.metadata["mod208"] = {"step": "interface"}
    if told:
        frames = [f"----> 3 {ASKED}", told]
        test.outputs = [nbformat.v4.new_output("error", ename="Failed", evalue=told, traceback=frames)]
    nbformat.write(book(mine, code(WORKFILE, "file", solution=True), test), directory / "book.ipynb")
    (directory / "work").mkdir()
    for name, text in files.items():
        (directory / "work" / f"{name}.tf").write_text(text)
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config())
    config.HTMLExporter.template_name = "feedback"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    css = Path(handlers.template_path).parent / "static/node_modules/bootstrap/dist/css"
    config.HTMLExporter.extra_template_paths = [str(css)]
    resources = {"nbgrader": {"notebook": "book", "score": 0.0, "max_score": 8.0, "late_penalty": 0.0}}
    exporter: Any = FeedbackExporter(config=config)
    return str(exporter.from_filename(str(directory / "book.ipynb"), resources=resources)[0])


def test_the_verdict_is_there_and_the_question_is_not(tmp_path: Path) -> None:
    found = page(tmp_path, told="variables.tf accepts a team that does not exist")
    assert "variables.tf accepts a team that does not exist" in found
    assert "a-team-nobody-has-seen" not in found
    assert MASK in found


def test_steps_have_their_names_in_the_contents(tmp_path: Path) -> None:
    found = page(tmp_path)
    assert ">Design the interface of the module</a>" in found
    assert "Test cell" not in found


@pytest.mark.parametrize("kind", ["stream", "repr", "html", "error"])
def test_a_printed_module_of_the_judge_is_taken_out(tmp_path: Path, kind: str) -> None:
    source = inspect.getsource(lab1_module)
    line = next(one.strip() for one in source.splitlines() if "HiddenTestFailed(" in one and len(one.strip()) > 40)
    make = nbformat.v4.new_output
    output = {
        "stream": make("stream", text=source),
        "repr": make("execute_result", {"text/plain": repr(source)}),
        "html": make("display_data", {"text/html": f"<pre>{source.replace('<', '&lt;')}</pre>"}),
        "error": make("error", ename="E", evalue="e", traceback=source.splitlines()),
    }[kind]
    found = page(tmp_path, make("stream", text="and this is mine\n"), output)
    assert "and this is mine" in found
    assert line.replace('"', "&quot;") not in found
    assert line not in found
    assert MASK in found


def test_a_file_that_was_edited_elsewhere_is_shown(tmp_path: Path) -> None:
    found = page(tmp_path, main="# from an editor\n")
    assert "work/main.tf was edited elsewhere and handed in as:" in found
    assert "# from an editor" in found


def test_a_file_that_is_the_cell_s_is_not_shown_twice(tmp_path: Path) -> None:
    assert "was edited elsewhere" not in page(tmp_path, main="# YOUR CODE HERE\n")


def test_no_file_outside_of_the_work_is_shown(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "work" / "link").symlink_to(tmp_path / "secret")
    assert [read(tmp_path / "work", name) for name in ("../secret", "link", "/etc/hostname", "none")] == [None] * 4


def test_nothing_is_fetched_from_elsewhere(tmp_path: Path) -> None:
    found = page(tmp_path)
    assert "<script" not in found
    assert "cdnjs" not in found

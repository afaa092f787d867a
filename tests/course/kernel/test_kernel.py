"""A kernel that knows the course: after a restart, out of order, and with a slip in a cell's first line."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SETUP = 'from helpers import Lab\n\nlab = Lab("lab1")\nTEAM = "vision"'
MAKES_SIZE = "size = 3 * 7\nprint(size)"
BUCKET = 'resource "aws_s3_bucket" "this" {\n  bucket = "acme"\n}'


class Kernel:
    """A kernel of a notebook, as JupyterLab starts it."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, source: str) -> str:
        """Run a cell; return all that it shows, without colours."""
        asked = self._client.execute(source)
        shown: list[str] = []
        while True:
            message = self._client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != asked:
                continue
            content: dict[str, Any] = message["content"]
            if message["msg_type"] == "stream":
                shown.append(content["text"])
            elif message["msg_type"] == "execute_result":
                shown.append(content["data"]["text/plain"])
            elif message["msg_type"] == "error":
                shown.append("\n".join(content["traceback"]))
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                return "".join(shown)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learner") / "lab1-module"
    folder.mkdir()
    cells = [
        new_markdown_cell("# Lab"),
        new_code_cell(SETUP),
        new_markdown_cell("## How large it is"),
        new_code_cell(MAKES_SIZE),
        new_code_cell(f"%%workfile lab1 modules/x/bucket.tf\n{BUCKET}"),
    ]
    nbformat.write(new_notebook(cells=cells), folder / "02-build.ipynb")
    return folder


@pytest.fixture(scope="module")
def manager(place: Path) -> Iterator[KernelManager]:
    import os

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(
        cwd=str(place),
        env={
            **os.environ,
            "JPY_SESSION_NAME": str(place / "02-build.ipynb"),
            "MOD208_WORKSPACE": str(place.parent),
            "MOD208_STATE": str(place.parent / "state"),
        },
    )
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(manager: KernelManager) -> Iterator[Kernel]:
    """The kernel with nothing run in it yet."""
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    kernel = Kernel(client)
    kernel.run("%reset -f")
    with pytest.raises(queue.Empty):
        client.get_iopub_msg(timeout=0.05)
    yield kernel
    client.stop_channels()


def test_the_first_cell_is_run_for_a_cell_that_needs_it(kernel: Kernel) -> None:
    said = kernel.run("print(lab.id, TEAM)")
    assert said.splitlines() == [
        "This kernel is new: the notebook's first cell is run before this one, for TEAM, lab.",
        "lab1 vision",
    ]
    assert kernel.run("print(lab.id)") == "lab1\n", "once"


def test_the_first_cell_itself_and_cells_that_need_nothing_run_as_they_are(kernel: Kernel) -> None:
    assert kernel.run("1 + 1") == "2"
    assert kernel.run(SETUP) == ""
    assert kernel.run("TEAM") == "'vision'"


def test_a_cell_that_needs_an_earlier_one_says_which(kernel: Kernel) -> None:
    said = kernel.run("print(size + 1)")
    assert "'size' is not there yet" in said
    assert "How large it is" in said and "size = 3 * 7" in said
    assert "Traceback" not in said
    kernel.run(MAKES_SIZE)
    assert kernel.run("print(size + 1)") == "22\n"


def test_a_name_that_no_cell_makes_has_the_usual_traceback(kernel: Kernel) -> None:
    said = kernel.run("print(sizze)")
    assert "NameError" in said and "'sizze' is not defined" in said and "---->" in said


def test_a_name_missing_inside_a_function_is_a_fault_of_the_function(kernel: Kernel) -> None:
    kernel.run("import json")
    said = kernel.run("def size_of():\n    return json.loads(nothing)\n\nsize_of()")
    assert "NameError" in said and "nothing" in said


def test_workfile_is_there_before_any_cell_was_run(kernel: Kernel, place: Path) -> None:
    said = kernel.run("%%workfile lab1 notes.txt\nhello")
    assert "written work/notes.txt (1 line)" in said
    assert (place / "work" / "notes.txt").read_text() == "hello\n"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (f"%workfile lab1 a.tf\n{BUCKET}", ["begin with %%workfile", "Next: %%workfile lab1 a.tf"]),
        (f"%%%workfile lab1 a.tf\n{BUCKET}", ["begin with %%workfile", "Next: %%workfile lab1 a.tf"]),
        (f"# my bucket\n%%workfile lab1 a.tf\n{BUCKET}", ["has to be the cell's first line", "a comment"]),
        (BUCKET, ["holds HCL", "%%workfile lab1 modules/x/bucket.tf   # as the first line"]),
        ("package main\n\nimport rego.v1\n\ndeny contains m if { m := 1 }", ["holds Rego", "first line is missing"]),
        ("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x", ["holds YAML", "first line is missing"]),
    ],
)
def test_a_slip_in_the_first_line_gets_a_sentence(kernel: Kernel, source: str, words: list[str]) -> None:
    said = kernel.run(source)
    assert all(word in said for word in words), said
    assert "SyntaxError" not in said and "Traceback" not in said and "UsageError" not in said


@pytest.mark.parametrize("source", ["x = = 1", "for x in range(3) print(x)", "print('a'", "a: int 3"])
def test_wrong_python_is_told_by_python(kernel: Kernel, source: str) -> None:
    assert "SyntaxError" in kernel.run(source) or "_IncompleteInputError" in kernel.run(source)


def test_the_environment_loads_the_extension() -> None:
    import sys

    config = Path(sys.prefix) / "etc/ipython/ipython_kernel_config.json"
    assert json.loads(config.read_text())["IPKernelApp"]["extensions"] == ["helpers.course.kernel"]


def test_without_a_notebook_nothing_is_run_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from helpers.course.kernel._notebook import code_cells

    for name in ("", "console-1", str(tmp_path / "not-saved.ipynb")):
        monkeypatch.setenv("JPY_SESSION_NAME", name)
        assert code_cells() == []


def shown(kernel: Kernel, source: str, *, person: bool) -> dict[str, str]:
    """Run a cell; return what its result is shown as, by MIME type."""
    asked = kernel._client.execute(source, allow_stdin=person)
    data: dict[str, str] = {}
    while True:
        message = kernel._client.get_iopub_msg(timeout=120)
        if message["parent_header"].get("msg_id") == asked and message["msg_type"] == "execute_result":
            data = message["content"]["data"]
        if message["parent_header"].get("msg_id") == asked and message["content"].get("execution_state") == "idle":
            return data


@pytest.mark.parametrize("person", [False, True])
def test_a_dictionary_with_a_display_of_its_own_keeps_it(kernel: Kernel, person: bool) -> None:
    source = "class Own(dict):\n    def _repr_html_(self):\n        return '<b>own</b>'\nOwn(a=1)"
    assert shown(kernel, source, person=person)["text/html"] == "<b>own</b>"


def test_a_person_sees_no_tuple_and_a_headless_run_the_value_itself(kernel: Kernel) -> None:
    source = "state, count = 'Synced', 3\nstate, count"
    assert "text/html" not in shown(kernel, source, person=False)
    seen = shown(kernel, source, person=True)
    assert "<code>state</code>" in seen["text/html"] and "Synced" in seen["text/html"]
    assert "'Synced'" not in seen["text/html"] and seen["text/plain"] == "('Synced', 3)"
    assert "text/html" not in shown(kernel, "count", person=True)

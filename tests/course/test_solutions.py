"""The solutions repository: complete, green by its own CI in a fresh clone, known here by digest, and nowhere else."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from helpers.cli.solutions import solutions as command
from helpers.core import yaml_reader
from helpers.core.paths import ROOT
from helpers.course import copies, outline, solutions
from helpers.course.labs import Lab
from helpers.course.solutions import exporting, recording
from tests.grading.test_release import SOURCES, split

AGAIN = "the solutions have changed: course solutions record"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("room")
    target = room / "solutions"
    # As pip leaves them, which compiles what it installs.
    templates = shutil.copytree(exporting._TEMPLATES, room / "templates")
    (templates / "__pycache__").mkdir(exist_ok=True)
    (templates / "__pycache__" / "check.cpython-311.pyc").write_bytes(b"\xff")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "_TEMPLATES", templates)
        solutions.export(target)
    assert not list(target.rglob("*.pyc"))
    return target


@pytest.fixture(scope="module")
def clone(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone: what Git would not keep is not in it."""
    room = tmp_path_factory.mktemp("clone")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "commit.gpgsign=false"]
    made = Path(shutil.copytree(exported, room / "made"))
    for argv in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Export"]):
        subprocess.run([*git, "-C", str(made), *argv], check=True, capture_output=True)
    subprocess.run([*git, "clone", "-q", str(made), str(room / "clone")], check=True, capture_output=True)
    return room / "clone"


class TestExported:
    def test_every_notebook_and_every_kind_of_sample_is_there(self, exported: Path) -> None:
        ids = {one.id for one in solutions.solutions(exported)}
        books = {f"{lab.assignment}/{Path(n).stem}" for lab in outline.labs().values() for n in lab.notebooks}
        assert books <= ids
        for path in (
            "work/lab1-module/modules/gpu-workspace/main.tf",
            "work/lab1-module/modules/gpu-workspace/test/workspace_test.go",
            "work/lab1-module/policy/workspace.rego",
            "work/lab2-gitops/platform/gates.yaml",
            "work/lab2-gitops/platform/.github/workflows/gates.yaml",
            "work/lab3-compliance/gate/evidence.rego",
            "samples/gitops/clusters/root/application.yaml",
            "samples/terratest/workspace_test.go",
            ".github/workflows/ci.yaml",
        ):
            assert (exported / path).is_file(), path

    def test_a_notebook_has_each_solution_and_no_hidden_test(self, exported: Path) -> None:
        for path in SOURCES:
            nb = nbformat.read(exported / "source" / path.parent.name / path.name, 4)
            whole = "\n".join(line.strip() for cell in nb.cells for line in cell.source.split("\n"))
            for cell in nbformat.read(path, 4).cells:
                hidden = cell.source.partition("### BEGIN HIDDEN TESTS\n")[2].partition("\n### END HIDDEN")[0]
                assert not hidden or hidden not in whole
                solved = cell.source.partition("### BEGIN SOLUTION\n")[2].partition("### END SOLUTION")[0].strip()
                assert "\n".join(line.strip() for line in solved.split("\n")) in whole, (path.name, solved[:80])

    def test_what_a_step_needs_to_be_solved_is_found_in_it(
        self, exported: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("MOD208_SOLUTIONS", str(exported))
        monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path))
        Lab("lab1").solve("build")
        written = tmp_path / "lab1-module" / "work" / "modules" / "gpu-workspace" / "main.tf"
        sample = exported / "work" / "lab1-module" / "modules" / "gpu-workspace" / "main.tf"
        assert written.read_text().strip() == sample.read_text().strip()

    def test_two_exports_are_the_same(self, exported: Path, tmp_path: Path) -> None:
        assert solutions.export(tmp_path / "again") == solutions.solutions(exported)

    def test_nothing_is_written_over(self, exported: Path, tmp_path: Path) -> None:
        (tmp_path / "mine.txt").write_text("mine")
        with pytest.raises(solutions.AlreadyThere):
            solutions.export(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]

    def test_a_learners_course_has_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("helpers.course.solutions.exporting.ROOT", tmp_path)
        with pytest.raises(solutions.NoSource):
            solutions.export(tmp_path / "new")


class TestOwnCi:
    def test_it_passes_in_a_fresh_clone_as_the_metadata_say(self, clone: Path) -> None:
        said = solutions.run_ci(clone)
        assert [one for one in said if one["status"] != "passed"] == []
        assert {one["check"] for one in said} >= {"listed", "filled", "module", "policies", "kustomize", "go", "format"}
        status = recording.statuses(solutions.solutions(clone), said)
        assert {one.path: one.status for one in solutions.read()} == status, AGAIN

    @pytest.mark.parametrize(
        ("path", "spoil", "check"),
        [
            ("work/lab1-module/policy/workspace.rego", lambda text: text.replace("deny", "permit"), "policies"),
            (
                "work/lab1-module/modules/gpu-workspace/main.tf",
                lambda text: text + "\nlocals { x = nothing.a }\n",
                "module",
            ),
            ("work/lab3-compliance/pipeline/change.py", lambda text: text + "\ndef", "python"),
            ("samples/gitops/apps/inference/base/kustomization.yaml", lambda text: text + "- none.yaml\n", "kustomize"),
            (
                "source/lab1-module/01-interface.ipynb",
                lambda text: text.replace("%%workfile", "# YOUR CODE HERE"),
                "filled",
            ),
        ],
    )
    def test_a_broken_solution_is_found(
        self, exported: Path, tmp_path: Path, path: str, spoil: Callable[[str], str], check: str
    ) -> None:
        # Only what the check looks at, and the list: the honest twin is the whole, which passes.
        copy = tmp_path / "copy"
        keep = (exported / path).parent
        shutil.copytree(keep, copy / keep.relative_to(exported))
        for name in ("ci.py", "SHA256SUMS"):
            shutil.copy(exported / name, copy)
        before = (copy / path).read_text()
        (copy / path).write_text(spoil(before))
        assert before != (copy / path).read_text()
        failed = {one["check"] for one in solutions.run_ci(copy) if one["status"] == "failed"}
        assert {check, "listed"} <= failed

    def test_nothing_to_check_is_not_green(self, exported: Path, tmp_path: Path) -> None:
        shutil.copy(exported / "ci.py", tmp_path)
        (tmp_path / "SHA256SUMS").write_text("")
        done = subprocess.run([sys.executable, "ci.py"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 1

    def test_what_no_check_looked_at_has_not_passed(self) -> None:
        one = solutions.Solution("a", "work/a", "sha256:0")
        assert recording.statuses([one], []) == {"work/a": "failed"}
        said = [{"path": "work/a/b", "status": "passed"}, {"path": "work/ab", "status": "failed"}]
        assert recording.statuses([one], said) == {"work/a": "passed"}


class TestMetadata:
    def test_they_hold_these_five_and_nothing_else(self) -> None:
        rows = yaml_reader.load(solutions.METADATA.read_text(encoding="utf-8"))
        assert all(list(row) == ["id", "path", "digest", "status", "date"] for row in rows)
        assert all(one.date <= dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1) for one in solutions.read())

    def test_they_are_true(self, exported: Path) -> None:
        kept = [(one.id, one.path, one.digest) for one in solutions.read()]
        assert kept == [(one.id, one.path, one.digest) for one in solutions.solutions(exported)], AGAIN


#: Lines of a solution that, one after the other, are nobody's coincidence.
RUN, LETTERS = 4, 80


def runs() -> dict[str, str]:
    """Return every run of lines of a solution that says enough to be known again -> where it is from."""
    found = {}
    # What an author shows in the open, in any of the notebooks, gives nothing away.
    public: set[str] = set().union(*(split(path)[1] for path in SOURCES))
    for path in SOURCES:
        for block in split(path)[0]:
            lines = [line for line in block if line]
            for at in range(len(lines) - RUN + 1):
                part = lines[at : at + RUN]
                if len("".join(part)) >= LETTERS and not set(part) <= public:
                    found["\n".join(part)] = path.name
    return found


#: What the course shows to everybody and a solution says too: end of a file's name -> how many runs at most.
SHOWN = {
    # `course new pipeline` makes a workflow that begins with the same checkout.
    "starters/templates/pipeline/dot-github/workflows/gates.yaml": 2,
    # The imports of a test in Go.
    "unit2/02-terratest.ipynb": 2,
}


def leaked(texts: Iterator[tuple[str, str]]) -> list[str]:
    """Return what of the solutions is in some texts, without what is `SHOWN`."""
    secret = runs()
    found: list[str] = []
    for name, text in texts:
        here = _leaked(name, text, secret)
        shown = next((most for end, most in SHOWN.items() if name.endswith(end)), 0)
        found += here if len(here) > shown else []
    return found


def _leaked(name: str, text: str, secret: dict[str, str]) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    parts = ((lines[at], "\n".join(lines[at : at + RUN])) for at in range(len(lines) - RUN + 1))
    return [f"{name}: {secret[part]}: {first}" for first, part in parts if part in secret]


def texts(directory: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(one for one in directory.rglob("*") if one.is_file()):
        raw = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".ipynb":
            raw = "\n".join("".join(cell["source"]) for cell in json.loads(raw)["cells"])
        yield path.relative_to(directory).as_posix(), raw


class TestNoLeak:
    def test_there_is_something_to_look_for_and_it_is_found(self, exported: Path, tmp_path: Path) -> None:
        assert len(runs()) > 300
        found = leaked(texts(exported))
        assert {one.split(":")[0].split("/")[0] for one in found} == {"source", "work", "samples"}

    def test_release_has_none(self) -> None:
        assert leaked(texts(ROOT / "release")) == []

    def test_the_metadata_have_none(self) -> None:
        assert leaked(iter([("solutions.yaml", solutions.METADATA.read_text(encoding="utf-8"))])) == []

    def test_learners_copies_have_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path))
        copies.refresh()
        assert len(list(tmp_path.rglob("*.ipynb"))) > 30
        assert leaked(texts(tmp_path)) == []

    def test_the_wheel_has_none(self, tmp_path: Path) -> None:
        course = tmp_path / "course"
        for name in ("helpers", "grading", "benchmarks"):
            shutil.copytree(ROOT / name, course / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, course)
        argv = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
        subprocess.run([*argv, "-w", str(tmp_path), str(course)], check=True, capture_output=True)
        (wheel,) = tmp_path.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            read = ((name, archive.read(name).decode(errors="replace")) for name in names)
            assert "helpers/course/solutions/templates/ci.py" in names
            assert leaked(read) == []
            assert not [
                name for name in names if name.endswith(".ipynb") or name.startswith(("source/", "grading/hidden"))
            ]


def test_the_command(tmp_path: Path) -> None:
    ran = CliRunner().invoke(command, ["export", str(tmp_path / "new"), "--json"])
    assert ran.exit_code == 0 and len(json.loads(ran.output)["solutions"]) == len(solutions.read())
    (tmp_path / "new" / "work" / "lab1-module" / "gate.toml").write_text("")
    shutil.rmtree(tmp_path / "new" / "samples")
    ran = CliRunner().invoke(command, ["check", str(tmp_path / "new")])
    assert ran.exit_code == 1 and "failed  listed" in ran.output and "gate.toml" in ran.output

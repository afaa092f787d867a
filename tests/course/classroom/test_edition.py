"""The learners' edition is searched for solutions and hidden tests by what they say, not by their names."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.core.paths import ROOT
from helpers.course.classroom import edition, founding
from tests.grading.test_release import SOURCES, split

#: Characters and lines from which a text is a solution and not a figure of speech.
LONG, LINES = 80, 3
#: The lectures of unit 3 work on the GitOps repository that Lab 2 ends in. The list may only get shorter.
SHARED = {
    "iac/gitops/apps/inference/overlays/prod/resources.yaml",
    "iac/gitops/clusters/apps/inference.yaml",
    "iac/gitops/clusters/apps/platform.yaml",
    "iac/gitops/clusters/root/application.yaml",
    "iac/gitops/projects/vision.yaml",
    "iac/gitops/tenants/base/quota.yaml",
}


def joined(lines: list[str]) -> str:
    return "\n".join(line.strip() for line in lines if line.strip())


def secrets() -> dict[str, str]:
    """Return where -> text, of each solution, each hidden test, and each function of the judge's."""
    found = {f"{path.name} {at}": joined(block) for path in SOURCES for at, block in enumerate(split(path)[0])}
    for path in (ROOT / "grading" / "hidden").glob("*"):
        blocks = path.read_text(encoding="utf-8").split("\n\n") if path.is_file() else []
        # Imports and licences are alike everywhere.
        found |= {f"{path.name} {at}": joined(b.splitlines()) for at, b in enumerate(blocks) if "import" not in b}
    return {where: text for where, text in found.items() if len(text) >= LONG and text.count("\n") >= LINES - 1}


def texts(top: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if not path.is_file() or name.startswith((".git/", "dist/")):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".ipynb":
            text = "\n".join("".join(one["source"]) for one in json.loads(text)["cells"])
        yield name, joined(text.splitlines())


def search(found: Iterator[tuple[str, str]], wanted: dict[str, str]) -> dict[str, list[str]]:
    hits = {name: [where for where, secret in wanted.items() if secret in text] for name, text in found}
    return {name: where for name, where in hits.items() if where}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("edition")
    (here / "s.csv").write_text("id\neva\n")
    room = founding.found(here / "spring", "2027", here / "s.csv", exchange=here / "exchange")
    edition.make(here / "learners", room, as_git=True, wheel=True)
    return here / "learners"


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    wanted = secrets()
    assert len(wanted) > 150
    assert {where.split()[0] for where in wanted} >= {"lab1_policy.py", "02-build.ipynb", "04-gate.ipynb"}
    text = next(secret for where, secret in wanted.items() if where.startswith("02-build"))
    (tmp_path / "notes.txt").write_text("x\n" + text.replace("\n", "\n\n   ") + "\ny")
    assert search(texts(tmp_path), wanted)


def test_no_solution_and_no_hidden_test_is_in_it(made: Path) -> None:
    assert set(search(texts(made), secrets())) == SHARED


def test_nor_in_its_wheel(made: Path, tmp_path: Path) -> None:
    (wheel,) = (made / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    assert (tmp_path / "helpers" / "cli" / "__init__.py").is_file()
    assert not (tmp_path / "grading").exists()
    assert search(texts(tmp_path), secrets()) == {}


def test_nor_in_its_history(made: Path) -> None:
    def git(*argv: str) -> str:
        return subprocess.run(["git", *argv], cwd=made, capture_output=True, text=True, check=True).stdout

    assert git("rev-list", "--count", "HEAD").strip() == "1"
    assert git("status", "--porcelain") == ""
    tops = {line.partition("/")[0] for line in git("ls-files").splitlines()}
    assert not tops & {"source", "grading", "tests", "benchmarks", "dist"}
    assert {"helpers", "release", "notebooks", "README.md", "nbgrader_config.py"} <= tops


def test_it_knows_where_to_hand_in_and_how_to_begin(made: Path) -> None:
    config = (made / "nbgrader_config.py").read_text()
    assert "mod208-2027" in config
    assert str(made.parent / "exchange") in config
    readme = (made / "README.md").read_text()
    assert "course submit lab1" in readme
    assert "course class" not in readme
    done = subprocess.run(["bash", "-n", "scripts/setup.sh"], cwd=made, capture_output=True, text=True, check=False)
    assert done.returncode == 0


def test_nothing_is_written_over(made: Path) -> None:
    with pytest.raises(BadInput, match="is there already"):
        edition.make(made)
    with pytest.raises(BadInput, match="lies in the course"):
        edition.make(ROOT / "learners")

"""``course map``: each row of the contract, the notebooks and tests that carry it, and whether they pass."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click

from helpers.cli import emit
from helpers.core import paths, yaml_reader
from helpers.core.errors import CourseError

#: Where `make test` leaves the result of its last run.
RESULTS = Path("build/junit.xml")
#: Where the tests execute notebooks: the lectures by papermill, the labs and the assessment by nbgrader.
EXECUTED = ("tests.notebooks.", "tests.e2e.", "tests.grading.test_assessment")
#: The rows that MISSION names; a row cannot be dropped by forgetting it.
ROWS = (
    *("O1", "O2", "O3", "U1", "U2", "U3", "U4", "U5", "L1", "L2", "L3", "P", "A"),
    *("iac-enterprise", "gitops-automation", "Q1", "Q2", "Q3", "Q4", "Q5"),
    *("terraform", "pulumi", "terratest", "inspec", "conftest", "opa", "kyverno", "argo-cd", "flux", "vault"),
    *("secrets-manager", "cosign", "sbom"),
)
#: What carries a row passes, does not, or was not seen in the last run.
PASS, FAIL, UNKNOWN, OPEN = "pass", "fail", "unknown", "open"


class BadMap(CourseError):
    """``course.yaml`` names something that is not there, or leaves a row out."""

    code = "bad-map"


class NotProven(CourseError):
    """A row that claims to be carried is not shown to pass."""

    code = "not-proven"


@dataclass(frozen=True)
class Carrier:
    """A notebook or test, and what the last run said of it."""

    path: str
    status: str


@dataclass(frozen=True)
class Row:
    """One row of the contract.

    Attributes:
        status: ``open`` when no notebook or no test carries it; else ``fail`` if one carrier failed, ``unknown`` if
            one was not in the last run, ``pass`` if all passed.
        missing: what an open row lacks.
    """

    id: str
    text: str
    status: str
    notebooks: tuple[Carrier, ...]
    tests: tuple[Carrier, ...]
    missing: tuple[str, ...]


class Results:
    """The verdicts of the last test run.

    Args:
        path: JUnit file of pytest; when it is not there every verdict is ``unknown``.

    Raises:
        BadMap: the file is there and is not a JUnit report.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.time = path, ""
        self._cases: list[tuple[str, str, str]] = []
        if not path.is_file():
            return
        try:
            root = ElementTree.parse(path).getroot()  # noqa: S314 - written by our own test run
        except ElementTree.ParseError as error:
            raise BadMap(f"{path} cannot be read", why=str(error), next="make test") from None
        self.time = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).isoformat(timespec="seconds")
        for case in root.iter("testcase"):
            self._cases.append((case.get("classname", ""), case.get("name", ""), _verdict(case)))

    def test(self, path: str) -> str:
        """Return the verdict on a test file, directory (``tests/x/``) or one test (``tests/x.py::test_y``)."""
        file, _, name = path.partition("::")
        module = file.rstrip("/").removesuffix(".py").replace("/", ".")
        name = name.rpartition("::")[2]
        return _sum(
            verdict
            for owner, case, verdict in self._cases
            if (owner == module or owner.startswith(module + ".")) and (not name or _function(case) == name)
        )

    def notebook(self, path: str) -> str:
        """Return the verdict on a notebook: that of the tests with its path as parameter, where notebooks are run."""
        return _sum(v for owner, case, v in self._cases if owner.startswith(EXECUTED) and f"[{path}]" in case)


def _verdict(case: ElementTree.Element) -> str:
    parts = {child.tag for child in case}
    if parts & {"failure", "error"}:
        return FAIL
    return UNKNOWN if "skipped" in parts else PASS


def _function(case: str) -> str:
    # A parameter follows in brackets, a group of pytest-xdist after an at sign.
    return re.split(r"[\[@]", case)[0]


def _sum(verdicts: Iterable[str]) -> str:
    """Return the worst verdict; none at all is ``unknown``, never ``pass``."""
    seen = set(verdicts)
    return FAIL if FAIL in seen else PASS if seen == {PASS} else UNKNOWN


def rows(root: Path, results: Results) -> list[Row]:
    """Return every row of the contract, in its order.

    Raises:
        BadMap: a row is left out, is unknown or named twice, or names a notebook or test that is not there.
    """
    declared = yaml_reader.load((root / "course.yaml").read_text(encoding="utf-8")).get("rows") or []
    _same_rows([row.get("id") for row in declared])
    lost: list[str] = []
    found = [_row(root, row, results, lost) for row in declared]
    if lost:
        raise BadMap("course.yaml names what is not there", why="\n".join(lost), next="Correct rows: in course.yaml.")
    return sorted(found, key=lambda row: ROWS.index(row.id))


def _same_rows(ids: list[Any]) -> None:
    wrong = [f"{name} is left out" for name in ROWS if name not in ids]
    wrong += [f"{name} is not a row of the contract" for name in dict.fromkeys(ids) if name not in ROWS]
    wrong += [f"{name} is there twice" for name in dict.fromkeys(ids) if ids.count(name) > 1]
    if wrong:
        raise BadMap(
            "course.yaml does not hold the contract", why="\n".join(wrong), next="Correct rows: in course.yaml."
        )


def _row(root: Path, row: dict[str, Any], results: Results, lost: list[str]) -> Row:
    notebooks = [book for path in _paths_of(row, "notebooks") for book in _books(root, path)]
    tests = _paths_of(row, "tests")
    lost += [f"{row['id']}: notebook {path}" for path in notebooks if not _notebook_there(root, path)]
    lost += [f"{row['id']}: test {path}" for path in tests if not _test_there(root, path)]
    books = tuple(Carrier(path, results.notebook(path)) for path in notebooks)
    proofs = tuple(Carrier(path, results.test(path)) for path in tests)
    missing = tuple(name for name, some in (("notebooks", books), ("tests", proofs)) if not some)
    status = OPEN if missing else _sum(carrier.status for carrier in (*books, *proofs))
    return Row(row["id"], row.get("text", ""), status, books, proofs, missing)


def _paths_of(row: dict[str, Any], key: str) -> list[str]:
    value = row.get(key) or []
    if not isinstance(value, list) or not all(isinstance(path, str) for path in value):
        raise BadMap(f"rows: {row['id']}: {key} is not a list of paths", next="Correct rows: in course.yaml.")
    return value


def _books(root: Path, path: str) -> list[str]:
    """Return the notebooks of a directory; a path that is not a directory, or an empty one, stays as it is."""
    found = sorted((root / path).glob("*.ipynb")) if path.endswith("/") else []
    return [book.relative_to(root).as_posix() for book in found] or [path]


def _notebook_there(root: Path, path: str) -> bool:
    return path.endswith(".ipynb") and (root / path).is_file()


def _test_there(root: Path, path: str) -> bool:
    file, _, name = path.partition("::")
    if not (root / file).exists():
        return False
    function = name.rpartition("::")[2]
    return not function or f"def {function}(" in (root / file).read_text(encoding="utf-8")


def _text(found: list[Row], results: Results) -> str:
    lines = []
    for row in found:
        lines.append(f"{row.status:8}{row.id:19}{row.text}")
        lines += [f"        {carrier.status:8} {carrier.path}" for carrier in (*row.notebooks, *row.tests)]
        if row.missing and len(row.missing) < 2:
            lines.append(f"        no {row.missing[0]} yet")
    counts = ", ".join(f"{sum(row.status == s for row in found)} {s}" for s in (PASS, FAIL, UNKNOWN, OPEN))
    lines.append(f"{len(found)} rows: {counts}.")
    lines.append(f"Results of {results.time}." if results.time else "No test run yet: make test")
    return "\n".join(lines)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", is_flag=True, help="Exit 1 unless every row that is carried passes (for CI).")
@click.option("--results", type=click.Path(path_type=Path), help=f"JUnit file to read (default: {RESULTS}).")
def map(as_json: bool, check: bool, results: Path | None) -> None:
    """Show each row of the contract: its notebooks, its tests, and whether they pass.

    A row without a notebook or without a test is open; what the last test run did not hold is unknown.
    """
    seen = Results(results or paths.ROOT / RESULTS)
    found = rows(paths.ROOT, seen)
    data = {"rows": [asdict(row) for row in found], "results": {"file": str(RESULTS), "time": seen.time or None}}
    emit(data, as_json, _text(found, seen))
    unproven = [row for row in found if row.status in (FAIL, UNKNOWN)]
    if check and unproven:
        why = "\n".join(
            f"{row.id}: {carrier.path}: {carrier.status}"
            for row in unproven
            for carrier in (*row.notebooks, *row.tests)
            if carrier.status != PASS
        )
        # Said on stderr: stdout holds the map already.
        click.echo(NotProven(f"{len(unproven)} row(s) are not shown to pass", why=why, next="make test"), err=True)
        raise click.exceptions.Exit(1)

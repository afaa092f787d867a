"""Makes mutants of a policy and asks whether its own tests notice.

The places come from OPA's parser (``opa parse``), so a mutant is one edit of a piece that OPA itself named. A mutant
that does not compile says nothing about tests and is counted apart, as stillborn.
"""

from __future__ import annotations

import base64
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.core.display import Displayed
from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath
from helpers.wrappers.opa import Opa
from helpers.wrappers.policy import RegoError

__all__ = ["RegoMutant", "RegoMutationReport", "RegoMutationRun", "mutate_policy", "rego_mutants"]

#: Operator of Rego -> what it becomes.
_OPPOSITE = {" == ": " != ", " != ": " == ", " > ": " >= ", " >= ": " > ", " < ": " <= ", " <= ": " < "}


@dataclass(frozen=True)
class RegoMutant:
    """One small fault in a policy.

    Attributes:
        id: ``OPERATOR:LINE``, with ``#2`` and so on where a line has several.
        operator: ``drop-rule``, ``drop-condition``, ``negate``, ``compare`` or ``string``.
        line: 1-based line of the place.
        fault: in words.
        text: the whole file with the fault.
    """

    id: str
    operator: str
    line: int
    fault: str
    text: str

    def __repr__(self) -> str:
        return f"RegoMutant({self.id}: {self.fault})"


@dataclass(frozen=True)
class RegoMutationRun:
    """What became of one mutant: its tests failed, its tests passed, or it did not compile."""

    mutant: RegoMutant
    outcome: Literal["killed", "survived", "stillborn"]


@dataclass(frozen=True)
class RegoMutationReport(Displayed):
    """All mutants of one policy file against its tests."""

    runs: tuple[RegoMutationRun, ...]

    def _at(self, outcome: str) -> tuple[RegoMutant, ...]:
        return tuple(run.mutant for run in self.runs if run.outcome == outcome)

    @property
    def killed(self) -> tuple[RegoMutant, ...]:
        """The mutants on which a test failed."""
        return self._at("killed")

    @property
    def survivors(self) -> tuple[RegoMutant, ...]:
        """The mutants on which every test passed."""
        return self._at("survived")

    @property
    def stillborn(self) -> tuple[RegoMutant, ...]:
        """The mutants that OPA does not compile; they say nothing about the tests."""
        return self._at("stillborn")

    def __repr__(self) -> str:
        alive = len(self.killed) + len(self.survivors)
        return f"RegoMutationReport({len(self.killed)} of {alive} mutants killed, {len(self.stillborn)} stillborn)"


@dataclass(frozen=True)
class _Piece:
    """A node of the tree: its text and where it begins, in bytes."""

    node: Mapping[str, Any]
    text: str
    start: int
    line: int

    @property
    def end(self) -> int:
        return self.start + len(self.text.encode())


@dataclass(frozen=True)
class _Edit:
    operator: str
    line: int
    start: int
    end: int
    text: str
    fault: str


def rego_mutants(directory: StrPath, file: str) -> tuple[RegoMutant, ...]:
    """Return the mutants of one policy file, in written order within each operator.

    Args:
        directory: where the policy is. file: the policy file below it; tests in it are left alone.

    Raises:
        RegoError: the file does not parse. BadInput: there is no rule in it.
    """
    source = (Path(directory) / file).read_bytes()
    tree = Opa(directory).parse(file)
    rules = [_piece(rule, source) for rule in tree.get("rules") or () if not _is_test(rule)]
    edits = sorted((edit for rule in rules for edit in _edits(rule, source)), key=lambda e: (e.operator, e.start))
    if not edits:
        raise BadInput(f"There is nothing to mutate in {file}", why="It has no rule.", next="Name a policy file.")
    seen: Counter[str] = Counter()
    return tuple(_mutant(edit, source, seen) for edit in edits)


def mutate_policy(directory: StrPath, file: str) -> RegoMutationReport:
    """Run ``opa test`` on *directory* once for each mutant of *file*; it is not changed.

    Raises:
        BadInput: the tests do not pass without a fault, so that a failure would mean nothing. See also `rego_mutants`.
        NothingChecked: there is no test.
    """
    found = rego_mutants(directory, file)
    with tempfile.TemporaryDirectory(prefix="mutants-") as aside:
        copy = Path(shutil.copytree(directory, Path(aside) / "policy"))
        opa = Opa(copy)
        if not opa.test(".").passed:
            raise BadInput(
                "The tests fail on the policy as it is", why="Every mutant would look killed.", next="opa test -v ."
            )
        runs = []
        for mutant in found:
            (copy / file).write_text(mutant.text, encoding="utf-8")
            runs.append(RegoMutationRun(mutant, _outcome(opa)))
    return RegoMutationReport(tuple(runs))


def _outcome(opa: Opa) -> Literal["killed", "survived", "stillborn"]:
    try:
        return "survived" if opa.test(".").passed else "killed"
    except RegoError:
        return "stillborn"


def _is_test(rule: Mapping[str, Any]) -> bool:
    return str((rule.get("head") or {}).get("name", "")).startswith(("test_", "todo_test_"))


def _piece(node: Mapping[str, Any], source: bytes) -> _Piece:
    at = node["location"]
    text = base64.b64decode(at.get("text", "")).decode("utf-8")
    lines = source.split(b"\n")
    before = lines[at["row"] - 1].decode("utf-8")[: at["col"] - 1].encode()
    start = sum(len(line) + 1 for line in lines[: at["row"] - 1]) + len(before)
    if not source.startswith(text.encode(), start):
        # The column counts bytes where a line holds other than ASCII characters.
        start = source.find(text.encode(), start)
    return _Piece(node, text, start, at["row"])


def _edits(rule: _Piece, source: bytes) -> Iterator[_Edit]:
    name = str(rule.node["head"].get("name", "rule"))
    if rule.text.startswith(name):
        gone = f"removed_{rule.text}"
        if rule.node["head"].get("key") and not rule.node["head"].get("value"):
            # The set stays defined: a test must not fail only because the name is gone.
            gone += f'\n\n{name} contains "nothing" if false'
        yield _Edit("drop-rule", rule.line, rule.start, rule.end, gone, f"{name} of line {rule.line} never fires")
    for node in rule.node.get("body") or ():
        condition = _piece(node, source)
        if isinstance(node["terms"], list) and condition.text not in ("", "default"):
            yield from _condition(condition, source)


def _condition(condition: _Piece, source: bytes) -> Iterator[_Edit]:
    text, line, where = condition.text, condition.line, (condition.start, condition.end)
    if " := " in text:
        # What is assigned is a message or a shorthand; without it the rule does not compile.
        return
    yield _Edit("drop-condition", line, *where, "true", f"{_short(text)} is not asked")
    turned = text.removeprefix("not ") if condition.node.get("negated") else f"not {text}"
    yield _Edit("negate", line, *where, turned, f"{_short(text)} is turned round")
    for old, new in _OPPOSITE.items():
        if text.count(old) == 1:
            yield _Edit("compare", line, *where, text.replace(old, new), f"{old.strip()} became {new.strip()}")
    for term in _terms(condition.node["terms"]):
        part = _piece(term, source)
        if term["type"] == "string" and part.text.startswith('"') and condition.start <= part.start < condition.end:
            yield _Edit(
                "string", part.line, part.start, part.end, part.text[:-1] + '-x"', f"{part.text} is another text"
            )


def _terms(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, list):
        for one in node:
            yield from _terms(one)
    elif isinstance(node, Mapping):
        if "type" in node and "location" in node:
            yield node
        for one in node.values():
            if isinstance(one, list | Mapping):
                yield from _terms(one)


def _short(text: str) -> str:
    flat = re.sub(r"\s+", " ", text)
    return flat if len(flat) <= 60 else flat[:57] + "..."


def _mutant(edit: _Edit, source: bytes, seen: Counter[str]) -> RegoMutant:
    name = f"{edit.operator}:{edit.line}"
    seen[name] += 1
    text = (source[: edit.start] + edit.text.encode() + source[edit.end :]).decode("utf-8")
    return RegoMutant(name if seen[name] == 1 else f"{name}#{seen[name]}", edit.operator, edit.line, edit.fault, text)

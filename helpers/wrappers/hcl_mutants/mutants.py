"""Lists the mutants of a module and writes one into a copy.

A mutant is one edit of a range of bytes, so comments and layout stay. Which mutants there are, their ids and their
order follow from the text of the module alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.core.errors import BadInput
from helpers.core.files import write_atomic
from helpers.wrappers.base import StrPath
from helpers.wrappers.hcl_mutants.operators import OPERATORS, Edit, Module
from helpers.wrappers.hcl_mutants.syntax import SourceFile, read_syntax


@dataclass(frozen=True)
class HclMutant:
    """One small fault in one file of a module.

    Attributes:
        id: ``OPERATOR:PLACE``, with ``#2`` and so on where an operator finds several places of one name.
        operator: kind of the fault, a key of `OPERATORS`.
        file: file below the module.
        line: 1-based line of the place, in the module as it was.
        fault: what is wrong now, in words.
        text: the whole file with the fault.
    """

    id: str
    operator: str
    file: str
    line: int
    fault: str
    text: str

    def write(self, module: StrPath) -> None:
        """Plant the fault in *module*, a copy of the module that the mutant was made from.

        Raises:
            BadInput: there is no such file.
        """
        path = Path(module) / self.file
        if not path.is_file():
            raise BadInput(f"There is no {self.file}", why="A mutant replaces a file.", next="Copy the module first.")
        write_atomic(path, self.text)

    def __repr__(self) -> str:
        return f"HclMutant({self.id}, {self.file}:{self.line}: {self.fault})"


def hcl_mutants(
    module: StrPath,
    *,
    operators: Sequence[str] = tuple(OPERATORS),
    ids: Sequence[str] | None = None,
    examples: Mapping[str, str] | None = None,
) -> tuple[HclMutant, ...]:
    """Return the mutants of a module: by operator, then by file and place.

    Args:
        module: directory with ``.tf`` files; it is not changed. JSON files and test files are left alone.
        operators: kinds of fault, in this order.
        ids: only these mutants, in this order.
        examples: reference (``local.name``) -> its value in one example, for ``hard-code``.

    Raises:
        BadInput: an operator or an id is unknown, or there is no module. InvalidModule: a file does not parse.
    """
    if unknown := [name for name in operators if name not in OPERATORS]:
        raise BadInput(f"There is no operator {unknown[0]!r}", why="There are: " + ", ".join(OPERATORS) + ".")
    files = read_syntax(module)
    known = Module(_variables(files), dict(examples or {}))
    found = [(name, file, edit) for name in operators for file in files for edit in OPERATORS[name](file, known)]
    seen: Counter[str] = Counter()
    made = [_mutant(name, file, edit, seen) for name, file, edit in found]
    if ids is None:
        return tuple(made)
    by_id = {mutant.id: mutant for mutant in made}
    if missing := [id for id in ids if id not in by_id]:
        raise BadInput(f"There is no mutant {missing[0]!r}", why="There are: " + ", ".join(by_id) + ".")
    return tuple(by_id[id] for id in ids)


def _mutant(operator: str, file: SourceFile, edit: Edit, seen: Counter[str]) -> HclMutant:
    name = f"{operator}:{edit.at}"
    seen[name] += 1
    text = file.source[: edit.start] + edit.text.encode() + file.source[edit.end :]
    line = file.source.count(b"\n", 0, edit.start) + 1
    id = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return HclMutant(id, operator, file.name, line, edit.says, text.decode("utf-8"))


def _variables(files: Sequence[SourceFile]) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in files:
        for block in file.blocks:
            if block.type == "variable" and block.labels:
                declared = block.argument("type")
                found[block.labels[0]] = file.text(*declared.value) if declared else "any"
    return found

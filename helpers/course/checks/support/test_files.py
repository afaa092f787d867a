"""What a test file of Terraform declares, as HashiCorp's parser says: comments and texts are none of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from helpers.core.verdicts.checks import Unmet, require
from helpers.course.workspace import Workspace
from helpers.wrappers.hcl_mutants.syntax import Block, SourceFile, read_syntax
from helpers.wrappers.module_interface import InvalidModule

#: Blocks by which a test file answers in place of a provider, a resource or a module.
_MADE_UP = ("mock_", "override_")


def parsed(lab: Workspace, file: str) -> SourceFile:
    """Return a test file of the workspace, in parts.

    Raises:
        Unmet: it does not exist, or does not parse.
    """
    text = lab.read(file)
    require(text, f"{file} does not exist")
    with tempfile.TemporaryDirectory(prefix="mod208-check-") as name:
        # The parser of modules reads any file of HCL, by this ending.
        (Path(name) / "tests.tf").write_text(text, encoding="utf-8")
        try:
            return read_syntax(name)[0]
        except InvalidModule as error:
            raise Unmet(error.why.replace("tests.tf", file)) from error


def runs(test: SourceFile) -> list[Block]:
    """Return the runs of a test file."""
    return [block for block in test.blocks if block.type == "run"]


def has_runs(lab: Workspace, file: str) -> SourceFile:
    """Return a test file that has a run.

    Raises:
        Unmet: it does not exist, does not parse, or holds no run block.
    """
    test = parsed(lab, file)
    require(runs(test), f"{file} has no run block")
    return test


def asks_the_cloud(test: SourceFile, file: str) -> None:
    """Raise `Unmet` when a test file answers for the cloud itself, or has no run that applies."""
    made_up = next((block.type for block, _ in test.walk() if block.type.startswith(_MADE_UP)), "")
    a = "an" if made_up[:1] in "aeiou" else "a"
    require(not made_up, f"{file}: {a} {made_up} answers in place of the cloud")
    require(any(_applies(test, one) for one in runs(test)), f"{file}: a run only plans, and none applies")


def _applies(test: SourceFile, one: Block) -> bool:
    command = one.argument("command")
    return command is None or test.text(*command.value).strip() == "apply"


def with_runs(lab: Workspace, directory: str) -> Iterator[str]:
    """Yield the names of the test files in a directory that have a run; one that does not parse is for Terraform."""
    for path in sorted(lab.path(directory).glob("*.tftest.hcl")):
        try:
            if runs(parsed(lab, f"{directory}/{path.name}")):
                yield path.name
        except Unmet:
            yield path.name

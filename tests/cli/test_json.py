"""README names each command without ``--json``, and no other."""

from __future__ import annotations

from collections.abc import Iterator

import click

from helpers.cli import course
from helpers.core.paths import ROOT

#: They print JSON and nothing else.
PRINT_JSON = {"controls buckets", "evidence oscal"}


def without(command: click.Command, *path: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from without(inner, *path, name)
    elif not any("--json" in parameter.opts for parameter in command.params):
        yield " ".join(path)


def test_readme_names_the_commands_without_json() -> None:
    parts = (ROOT / "README.md").read_text("utf-8").split("\n\n")
    (said,) = [part for part in parts if "Every command has `--json`" in part]
    sentence = " ".join(said.split()).partition("Every command has ")[2]
    found = set(without(course))
    assert found > PRINT_JSON
    assert set(sentence.split("`")[1::2]) - {"--json"} == found

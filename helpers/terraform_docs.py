"""terraform-docs: a module's documentation from its code (https://terraform-docs.io)."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Any

from helpers import _process
from helpers._wrapper import StrPath, ToolFailed, Wrapper
from helpers.errors import BadInput

BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"


@dataclass(frozen=True)
class DocsCheck:
    """Whether the generated part of a file is what the code says.

    Attributes:
        file: the file, relative to the module.
        diff: unified diff from the file to what it should be; empty when up to date.
    """

    file: str
    diff: str

    @property
    def up_to_date(self) -> bool:
        """Whether nothing differs."""
        return not self.diff

    def __repr__(self) -> str:
        return f"DocsCheck({self.file}: {'up to date' if self.up_to_date else 'stale'})"


class TerraformDocs(Wrapper):
    """terraform-docs in the folder of one module."""

    tool = "terraform-docs"

    def markdown(self) -> str:
        """Return the reference as Markdown tables."""
        return self._said("markdown", "table", "--hide=providers,modules", "--sort-by=required").strip()

    def json(self) -> dict[str, Any]:
        """Return inputs, outputs, providers and requirements as terraform-docs gives them."""
        data: dict[str, Any] = json.loads(self._said("json"))
        return data

    def inject(self, file: StrPath = "README.md") -> DocsCheck:
        """Write the reference between the markers of *file*; return what changed.

        Raises:
            BadInput: the file is missing or has no markers.
        """
        path = self.workdir / file
        before, wanted = self._wanted(file)
        if before != wanted:
            path.write_text(wanted, encoding="utf-8")
        return DocsCheck(str(file), _diff(before, wanted, str(file)))

    def check(self, file: StrPath = "README.md") -> DocsCheck:
        """Compare the reference in *file* with the code, and write nothing."""
        return DocsCheck(str(file), _diff(*self._wanted(file), str(file)))

    def _wanted(self, file: StrPath) -> tuple[str, str]:
        path = self.workdir / file
        if not path.is_file():
            raise BadInput(f"There is no {file}", why="The reference goes into it.", next=f"Write {file} first.")
        text = path.read_text(encoding="utf-8", errors="replace")
        head, begin, rest = text.partition(BEGIN)
        _, end, tail = rest.partition(END)
        if not begin or not end:
            raise BadInput(f"{file} has no place for the reference", why=f"It needs the lines {BEGIN} and {END}.",
                           next="Add both lines.")  # fmt: skip
        return text, f"{head}{BEGIN}\n{self.markdown()}\n{END}{tail}"

    def _said(self, *args: str) -> str:
        done: _process.Completed = self._run([*args, "."])
        if done.returncode != 0:
            what = "terraform-docs cannot read the module"
            raise ToolFailed(what, why=done.stderr.strip(), next="terraform validate", completed=done)
        return done.stdout


def _diff(before: str, after: str, name: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (from the code)", lineterm="")
    return "\n".join(lines)

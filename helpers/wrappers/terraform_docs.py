"""terraform-docs from Python: a module's documentation from its code, and whether a README is up to date."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.core.display import Displayed
from helpers.core.errors import BadInput, CourseError
from helpers.core.files import write_atomic
from helpers.wrappers.base import StrPath, Wrapper, empty_config

__all__ = ["BEGIN", "END", "CannotDocument", "DocsCheck", "TerraformDocs"]

BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"
Section = Literal[
    "data-sources", "footer", "header", "inputs", "modules", "outputs", "providers", "requirements", "resources"
]


class CannotDocument(CourseError):
    """terraform-docs cannot read the module."""

    code = "cannot-document"


@dataclass(frozen=True)
class DocsCheck(Displayed):
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

    def __bool__(self) -> bool:
        return self.up_to_date

    def __repr__(self) -> str:
        return f"DocsCheck({self.file}: {'up to date' if self.up_to_date else 'stale'})"


class TerraformDocs(Wrapper):
    """terraform-docs in the directory of one module.

    Options come from the keywords only: a ``.terraform-docs.yml`` in the directory is not read unless *config_file*
    names it, as its ``content`` could replace the whole reference.

    Args:
        workdir: directory of the module.
        config_file: a terraform-docs configuration to use.
    """

    tool = "terraform-docs"

    def __init__(
        self,
        workdir: StrPath = ".",
        *,
        config_file: StrPath | None = None,
        env: Mapping[str, str] | None = None,
        executable: StrPath | None = None,
        timeout: float | None = 60,
    ) -> None:
        super().__init__(workdir, env=env, executable=executable, timeout=timeout)
        self._config_file = config_file

    def markdown(
        self,
        *,
        format: Literal["table", "document"] = "table",
        hide: Sequence[Section] = ("providers", "modules"),
        sort_by: Literal["name", "required", "type"] = "required",
    ) -> str:
        """Return the reference as Markdown. The default of a sensitive variable is shown: give it none.

        Raises:
            CannotDocument: the module does not parse.
        """
        return self._said("markdown", format, f"--hide={','.join(hide)}", f"--sort-by={sort_by}").strip()

    def json(self) -> dict[str, Any]:
        """Return inputs, outputs, providers and requirements as terraform-docs gives them.

        Raises:
            CannotDocument: the module does not parse.
        """
        data: dict[str, Any] = json.loads(self._said("json"))
        return data

    def inject(self, file: StrPath = "README.md") -> DocsCheck:
        """Write the reference between the markers of *file*; return what changed.

        Raises:
            BadInput: the file is missing, is not UTF-8 text, or has no markers. CannotDocument: see `markdown`.
        """
        path = self.workdir / file
        before, wanted = self._wanted(file)
        if before != wanted:
            write_atomic(path, wanted)
        return DocsCheck(os.fspath(file), _diff(before, wanted, os.fspath(file)))

    def check(self, file: StrPath = "README.md", *, format: Literal["table", "document"] = "table") -> DocsCheck:
        """Compare the reference in *file* with the code, and write nothing. Errors: see `inject`."""
        return DocsCheck(os.fspath(file), _diff(*self._wanted(file, format), os.fspath(file)))

    def _wanted(self, file: StrPath, format: Literal["table", "document"] = "table") -> tuple[str, str]:
        path = self.workdir / file
        try:
            text = path.read_bytes().decode("utf-8")
        except OSError:
            raise BadInput(f"There is no {file}", why="The reference goes into it.", next=f"Write {file}.") from None
        except UnicodeDecodeError as error:
            raise BadInput(f"{file} is not UTF-8 text", why=str(error), next="Save it as UTF-8.") from None
        head, begin, rest = text.partition(BEGIN)
        _, end, tail = rest.partition(END)
        if not begin or not end:
            raise BadInput(
                f"{file} has no place for the reference",
                why=f"It needs the lines {BEGIN} and, below, {END}.",
                next="Add both lines.",
            )
        newline = "\r\n" if "\r\n" in text else "\n"
        body = f"{begin}\n{self.markdown(format=format)}\n{end}".replace("\n", newline)
        return text, f"{head}{body}{tail}"

    def _said(self, *args: str) -> str:
        config = self.workdir / self._config_file if self._config_file else empty_config("empty.yml")
        done = self._run([*args, f"--config={config}", "."])
        if done.returncode != 0:
            raise CannotDocument(
                f"terraform-docs cannot read the module {Path(self.workdir).name}",
                why=done.stderr.strip(),
                next="terraform validate",
            )
        return done.stdout


def _diff(before: str, after: str, name: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (from the code)", lineterm="")
    return "\n".join(lines)

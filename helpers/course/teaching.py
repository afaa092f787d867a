"""What lecture notebooks need besides the tools: fresh material, edits shown as diffs, errors shown as results."""

from __future__ import annotations

import difflib
import html
import itertools
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from helpers.clients.aws import cloud
from helpers.clients.registry import RegistryNotFound
from helpers.core.errors import BadInput, CourseError
from helpers.core.html.elements import Html, code, dim, head, mark, page, tag
from helpers.core.paths import IAC, workspace_dir
from helpers.widgets import blast_radius_svg, table_html
from helpers.wrappers.terraform import Terraform

if TYPE_CHECKING:
    from helpers.clients.registry import Registry
    from helpers.wrappers.terraform.types import Plan, ResourceChange

#: Account of the lectures, apart from those of the teams and the labs; name one ``sandbox`` in MOD208_ACCOUNTS to
#: use another.
SANDBOX = "208000000001"


class Shown:
    """Something to look at: HTML for a notebook, text for everything else."""

    def __init__(self, html: str, text: str) -> None:
        self._html, self._text = html, text

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._html


def sandbox() -> dict[str, str]:
    """Return the variables that make Terraform act in the lectures' own account; starts the local cloud when needed."""
    return cloud.environment("sandbox" if "sandbox" in cloud.accounts() else SANDBOX)


def material(name: str, env: Mapping[str, str] | None = None, *, accounts: Mapping[str, str] | None = None) -> Path:
    """Return a fresh copy of a directory below ``iac/lectures``, in the learner's workspace.

    What a former copy has applied is destroyed first, so that running a notebook again meets an empty account.

    Args:
        name: for example ``unit1/patterns``.
        env: variables that were given to Terraform for it, see `sandbox`.
        accounts: for directories in it that act in another account: directory -> account.

    Raises:
        BadInput: there is no such material. TerraformError: the former copy cannot be destroyed.
    """
    origin, copy = IAC / "lectures" / name, workspace_dir() / "lectures" / name
    if not origin.is_dir():
        known = sorted(str(p.relative_to(IAC / "lectures")) for p in (IAC / "lectures").glob("*/*") if p.is_dir())
        raise BadInput(f"There is no lecture material {name!r}", why="There is: " + ", ".join(known) + ".")
    clear(copy, env, accounts=accounts)
    shutil.copytree(origin, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    return copy


def clear(folder: Path, env: Mapping[str, str] | None = None, *, accounts: Mapping[str, str] | None = None) -> None:
    """Destroy what was applied from *folder* and the directories below it, the latest first, and remove the folder.

    Args and errors as `material`.
    """
    states = (path for path in folder.rglob("terraform.tfstate") if ".terraform" not in path.parts)
    for state in sorted(states, key=lambda path: path.stat().st_mtime, reverse=True):
        account = (accounts or {}).get(str(state.parent.relative_to(folder)))
        terraform = Terraform(state.parent, env=cloud.environment(account) if account else env or {})
        if terraform.state_list():
            terraform.destroy(auto_approve=True)
    shutil.rmtree(folder, ignore_errors=True)


def unused_name(registry: Registry, namespace: str, name: str, provider: str) -> str:
    """Return *name*, or *name* with a number: one under which nothing is published yet, for versions never change."""
    for number in itertools.count(1):
        candidate = name if number == 1 else f"{name}-{number}"
        try:
            registry.show(f"{namespace}/{candidate}/{provider}")
        except RegistryNotFound:
            return candidate
    raise AssertionError


class expect_error:
    """Runs a block that must fail and shows the error as a result: no traceback, and the notebook goes on.

    Args:
        kind: the error expected.
        show: False only keeps it as ``error``.
        hide: regular expressions of what differs from run to run; each match is shown as ``…``.

    Raises:
        BadInput: the block did not fail.
    """

    error: CourseError

    def __init__(self, kind: type[CourseError] = CourseError, *, show: bool = True, hide: Sequence[str] = ()) -> None:
        self.kind, self.show, self.hide = kind, show, tuple(hide)

    def __enter__(self) -> expect_error:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            why = "The cell shows a failure; this time nothing failed."
            raise BadInput(f"Expected {self.kind.__name__}", why=why, next="Restart the kernel and run all cells.")
        if not isinstance(error, self.kind):
            return False
        self.error = error
        if self.show:
            from IPython.display import display  # 70 ms, and only a notebook has it

            display(self)  # type: ignore[no-untyped-call]
        return True

    def _text(self) -> str:
        text = self.error.diagnostics()
        for hidden in self.hide:
            text = re.sub(hidden, "…", text)
        return text

    def __repr__(self) -> str:
        return f"{type(self.error).__name__}: {self._text()}"

    def _repr_html_(self) -> str:
        what, _, rest = self._text().partition("\n")
        own = getattr(self.error, "_repr_html_", None)
        if own is not None and not self.hide:
            return page(head(mark("refused"), dim(type(self.error).__name__))) + str(own())
        return page(head(what, mark("refused"), dim(type(self.error).__name__)), tag("pre", rest) if rest else "")


def edit(path: str | os.PathLike[str], changes: Mapping[str, str]) -> Shown:
    """Replace texts, each of which must stand in the file exactly once when its turn comes, and show the difference.

    Raises:
        BadInput: a text does not exist, or more than once; nothing was changed.
    """
    file = Path(path)
    before = after = file.read_text(encoding="utf-8")
    for old, new in changes.items():
        if after.count(old) != 1:
            why = f"{old!r} is there {after.count(old)} times."
            next = "Run the notebook from the top: an earlier cell puts the file back."
            raise BadInput(f"{file.name} cannot be edited", why=why, next=next)
        after = after.replace(old, new)
    return _write(file, before, after)


def write(path: str | os.PathLike[str], body: str) -> Shown:
    """Write a whole file, new or not, and show the difference."""
    file = Path(path)
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    return _write(file, before, body.strip("\n") + "\n")


def _write(file: Path, before: str, after: str) -> Shown:
    file.write_text(after, encoding="utf-8")
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1))[3:]
    return _listing(f"{file.parent.name}/{file.name}", "changed" if before else "new", lines)


def source(path: str | os.PathLike[str], block: str = "") -> Shown:
    """Show a file, or the one top-level block of it that starts with *block*.

    Args:
        path: the file.
        block: start of the block's first line, for example ``check "budget"``.

    Raises:
        BadInput: no line starts with *block*.
    """
    file = Path(path)
    lines = file.read_text(encoding="utf-8").splitlines()
    if block:
        start = next((i for i, line in enumerate(lines) if line.startswith(block)), None)
        if start is None:
            raise BadInput(f"{file.name} has no block {block!r}")
        end = next((i for i in range(start, len(lines)) if lines[i] == "}"), len(lines) - 1)
        lines = lines[start : end + 1]
    return _listing(f"{file.parent.name}/{file.name}", "", [" " + line for line in lines])


def _listing(title: str, state: str, lines: Iterable[str]) -> Shown:
    """Show lines of configuration; those that start with ``+`` or ``-`` are marked."""
    lines = [line for line in lines if not line.startswith("@@")]
    rows = []
    for line in lines:
        wrap = {"+": "ins", "-": "del"}.get(line[:1])
        text = html.escape(line if wrap else line[1:] if not state else line)
        rows.append(f"<{wrap}>{text}</{wrap}>" if wrap else text)
    shown = page(head(title, dim(state)), tag("pre", Html("\n".join(rows))))
    return Shown(shown, "\n".join([title, *lines]))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str = "") -> Shown:
    """Show a table; a column whose name starts with ``#`` holds numbers."""
    rows = [list(row) for row in rows]
    text = "\n".join(" | ".join(str(cell) for cell in row) for row in [[c.lstrip("#") for c in columns], *rows])
    return Shown(table_html(columns, rows, caption=caption), text)


def changes(plan: Plan) -> Shown:
    """Show what a plan does, one line a resource and without values: ids differ from run to run."""
    found = sorted(
        (c.address, str(c.action), _from(c)) for c in plan.resource_changes if c.action != "no-op" or _from(c)
    )
    # Where nothing moves, a third column would be empty.
    width = 3 if any(row[2] for row in found) else 2
    cells = [[code(address), mark(action), code(origin)][:width] for address, action, origin in found]
    text = "\n".join([plan.summary, *(" | ".join(row[:width]) for row in found)])
    return Shown(table_html(["Resource", "Action", "Was, or id"][:width], cells, caption=plan.summary), text)


def _from(change: ResourceChange) -> str:
    return f"import {change.importing}" if change.importing else change.previous_address


def blast_radius(plan: Plan) -> Shown:
    """Show the graph of a plan with everything that its changes reach."""
    touched = [f"{change.action} {change.address}" for change in plan.changes]
    count = f"{len(touched)} of {len(plan.resource_changes)} resources change"
    return Shown(blast_radius_svg(plan), "\n".join([count, *touched]))


def leverage(plan: Plan, module: str) -> tuple[int, int]:
    """Return how many inputs a call of *module* gives, and how many arguments of resources they become."""
    call = plan.raw["configuration"]["root_module"]["module_calls"][module]
    resources = call["module"].get("resources", ())
    return len(call.get("expressions", {})), sum(len(resource.get("expressions", {})) for resource in resources)

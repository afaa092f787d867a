"""The extension: what it adds to a running IPython."""

from __future__ import annotations

import builtins
import os
from types import TracebackType
from typing import Any

from helpers.core.errors import CourseError
from helpers.course.kernel._flood import limit_output
from helpers.course.kernel._notebook import CodeCell, bound, code_cells, used
from helpers.course.kernel._results import show_plain_values
from helpers.course.kernel._slips import check_first_line, missing_header


class NotRunYet(CourseError):
    """A name is used that another cell makes, and that cell has not run in this kernel."""

    code = "not-run-yet"


def load_ipython_extension(ipython: Any) -> None:
    """Let the kernel help: ``%%load_ext helpers.course.kernel``, or the environment's configuration of IPython."""
    ipython.register_magic_function(_workfile, magic_kind="cell", magic_name="workfile")
    ipython.input_transformers_cleanup.append(check_first_line)
    ipython.events.register("pre_run_cell", lambda info: _run_first_cell(ipython, info.raw_cell))
    show_plain_values(ipython)
    ipython.set_custom_exc((NameError, SyntaxError), _explain)
    if os.environ.get("MOD208_GRADING") == "1":
        limit_output(ipython)


def _workfile(line: str, body: str) -> None:
    """Write the cell's text to a file of a lab's workspace."""
    # 0.3 s, and most kernels begin with a cell that imports it anyway.
    from helpers.course.labs import workfile

    workfile(line, body)


def _run_first_cell(ipython: Any, source: str) -> None:
    """Run the notebook's first cell when this one needs its names and the kernel does not have them."""
    wanted = _unknown(ipython, source)
    cells = code_cells() if wanted else []
    if not cells or source.strip() == cells[0].source.strip():
        return
    setup = cells[0].tree()
    if setup is None or not (needed := wanted & bound(setup)):
        return
    print(f"This kernel is new: the notebook's first cell is run before this one, for {', '.join(sorted(needed))}.")
    exec(compile(setup, "first cell", "exec"), ipython.user_ns)  # noqa: S102


def _unknown(ipython: Any, source: str) -> set[str]:
    tree = CodeCell(source, "").tree()
    return set() if tree is None else used(tree) - set(ipython.user_ns) - set(vars(builtins))


def _explain(
    ipython: Any, kind: type[BaseException], error: BaseException, trace: TracebackType | None, tb_offset: Any = None
) -> Any:
    """Show a sentence for a slip, and the usual traceback for anything else."""
    told = _not_run_yet(ipython, error, trace) if isinstance(error, NameError) else _no_python(ipython)
    if told is not None:
        ipython.showtraceback((type(told), told, None))
    elif isinstance(error, SyntaxError):
        ipython.showsyntaxerror()
    else:
        ipython.showtraceback((kind, error, trace), tb_offset=tb_offset)
    return ipython._last_traceback if hasattr(ipython, "_last_traceback") else []


def _no_python(ipython: Any) -> CourseError | None:
    inputs = ipython.user_ns.get("In") or [""]
    return missing_header(str(inputs[-1]))


def _not_run_yet(ipython: Any, error: NameError, trace: TracebackType | None) -> CourseError | None:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_globals is not ipython.user_ns:
        return None
    for cell in code_cells():
        tree = cell.tree()
        if tree is not None and error.name in bound(tree):
            first = next((line for line in cell.source.splitlines() if line.strip()), "")
            return NotRunYet(
                f"{error.name!r} is not there yet: another cell makes it, and it has not run since the kernel started",
                why=f"It is the cell under “{cell.heading}” that begins with:\n{first}",
                next="Run that cell first, or all above this one: Run, Run All Above Selected Cell.",
            )
    return None

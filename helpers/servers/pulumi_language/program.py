"""Runs one Pulumi program in this process, the way ``pulumi-language-python-exec`` of the SDK does."""

from __future__ import annotations

import asyncio
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi import runtime


@dataclass(frozen=True)
class Outcome:
    """How a program ended.

    Attributes:
        error: what the engine is to say; empty when it ended well, or when the fault was shown already.
        shown: the fault was logged to the engine.
    """

    error: str = ""
    shown: bool = False


def execute(request: Any, engine: str, root: str) -> Outcome:
    """Run the program that a ``RunRequest`` names, and return how it ended."""
    _configure(request, engine, root)
    program = request.info.entry_point or request.program
    os.chdir(request.pwd or ".")
    sys.argv = [program, *request.args]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    workers = ThreadPoolExecutor(max_workers=max(1, request.parallel))
    loop.set_default_executor(workers)
    # A program that fails leaves promises behind; asyncio would complain about each of them.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        loop.run_until_complete(runtime.run_in_stack(lambda: _run(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return Outcome(shown=True)
    except SystemExit as error:
        # sys.exit() is a way to end well; sys.exit("why") and any other number are not.
        good = error.code in (None, 0)
        return Outcome() if good else Outcome(error=f"Program exited with non-zero exit code: {error.code}")
    except Exception:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_own_traceback(program)}")
        return Outcome(shown=True)
    finally:
        workers.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return Outcome()


def _configure(request: Any, engine: str, root: str) -> None:
    # The names are the SDK's own way to hand the configuration over; a program asks for it by pulumi.Config.
    runtime.set_all_config(dict(request.config), list(request.configSecretKeys))
    runtime.configure(
        runtime.Settings(
            monitor=request.monitor_address,
            engine=engine,
            project=request.project,
            stack=request.stack,
            parallel=request.parallel,
            dry_run=request.dryRun,
            organization=request.organization,
            root_directory=request.info.root_directory or root,
        )
    )


def _run(program: str) -> None:
    try:
        runpy.run_path(program, run_name="__main__")
    except ImportError as error:
        # A directory without a program is the language's to notice; any other import that fails is the program's own.
        if Path(program).is_dir() and not (Path(program) / "__main__.py").exists():
            raise pulumi.RunError(f"there is no __main__.py in {Path(program).absolute()}") from error
        raise


def _own_traceback(program: str) -> str:
    """Return the traceback from the program's first line on: what runs it is not the author's business."""
    kind, error, trace = sys.exc_info()
    frames = traceback.extract_tb(trace)
    main = _main_file(program)
    at = next((i for i, frame in enumerate(frames) if Path(frame.filename).absolute() == main), None)
    lines = traceback.format_exception(kind, error, trace, limit=None if at is None else at - len(frames))
    return "".join(lines)


def _main_file(program: str) -> Path:
    path = Path(program)
    return (path if path.suffix else path / "__main__.py").absolute()

"""Reads the names in a suite's files, for tests that Go would pass over without a word."""

from __future__ import annotations

import re
from pathlib import Path

from helpers.wrappers.terratest.errors import NothingTested

_FUNCTION = re.compile(r"^func (\w+)\(\s*\w+ \*testing\.T\s*\) *\{", re.MULTILINE)
#: What Go takes for a test: Test, then nothing or anything but a lower-case letter.
_NAME = re.compile(r"Test(?![a-z])\w*$")


def require_tests(suite: Path) -> None:
    """Refuse a suite in which nothing would run, or in which something that is meant as a test never does.

    Raises:
        NothingTested: it names the file or function and what Go expects.
    """
    files = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in sorted(suite.glob("*.go"))}
    everything = "\n".join(files.values())
    for name, text in files.items():
        functions = _FUNCTION.findall(text)
        tests = [function for function in functions if _NAME.match(function)]
        if tests and not name.endswith("_test.go"):
            raise NothingTested(
                f"{name} holds {tests[0]}, and Go never runs it",
                why="Go looks for tests only in files whose names end in _test.go.",
                next=f"Rename it to {Path(name).stem.removesuffix('test').rstrip('_') or 'suite'}_test.go.",
            )
        for function in functions:
            # A helper takes a *testing.T too, but somebody calls it.
            called = len(re.findall(rf"\b{function}\b", everything)) > 1
            if function not in tests and not called and name.endswith("_test.go"):
                raise NothingTested(
                    f"{function} in {name} takes a *testing.T, and Go never runs it",
                    why="The name of a test is Test followed by a capital letter, a digit or _.",
                    next=f"Rename it, for example to Test{_capital(function)}; or call it from a test.",
                )
    if not any(_NAME.match(f) for n, text in files.items() if n.endswith("_test.go") for f in _FUNCTION.findall(text)):
        others = (
            ", ".join(sorted(path.name for path in suite.iterdir() if path.is_file())[:6]) if suite.is_dir() else ""
        )
        raise NothingTested(
            "There is no test to run",
            why=f"No file named *_test.go has a function TestXxx(t *testing.T). There is: {others or 'no file'}.",
            next="Write func TestSomething(t *testing.T) into a file named something_test.go.",
        )


def _capital(function: str) -> str:
    rest = re.sub(r"^(?i:test)_?", "", function)
    return f"{rest[:1].upper()}{rest[1:]}" or "Module"

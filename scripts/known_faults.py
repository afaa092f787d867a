"""``python -m scripts.known_faults [TOOL ...]``: known vulnerabilities of what the course's tools in Go are made of.

Offline: govulncheck (`toolchain/tools.yaml`) reads the copy of Go's database that is pinned and kept beside it. It
takes from each executable which modules are in it. Ours have no symbols, so it does not see functions; their names are
still in the table that Go prints stacks from, and are looked up there: the linker leaves out what nothing can call. A
function that is in an executable need not be called in what the course does with it.
By default all tools that are built already are looked at; none is built for this.

Exit code 0: nothing is known of a function that is in one. 1: something is. 2: not asked rightly, or no verdict.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.errors import CourseError
from helpers.runtime import tools
from helpers.runtime.tools import pins

#: Seconds for one executable; Kubernetes' are the largest.
LIMIT = 600
#: A text in an executable that ends in NUL, as all names in the table of functions do.
_NAME = re.compile(rb"(?<=\0)[\x21-\x7e]{4,300}(?=\0)")
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True)
class Fault:
    """One vulnerability of a module that is in an executable.

    Attributes:
        id: of the advisory. module: ``stdlib`` is Go's own. found, fixed: the version that is there, and a good one.
        inside: whether one of its functions is in the executable; where the advisory names none, it counts as if.
    """

    id: str
    module: str
    found: str
    fixed: str
    inside: bool = True


def inside(executable: Path, database: Path | None = None) -> list[Fault]:
    """Return what is known of the modules in an executable, sorted.

    Args:
        database: directory of OSV files; by default the copy that is pinned.

    Raises:
        CourseError: govulncheck gives no verdict.
    """
    checker = tools.ensure("govulncheck")
    known = (database or checker.share / "osv").absolute()
    if not any(known.glob("*.json")):
        raise CourseError("There are no advisories", why=f"{known} has none.", next="course tools install govulncheck")
    argv: list[str | Path] = [checker.path, "-mode=binary", "-format=json", f"-db={known.as_uri()}", executable]
    done = process.run(argv, timeout=LIMIT, raw_stdout=True)
    if done.returncode != 0:
        raise CourseError(f"govulncheck gives no verdict on {executable.name}", why=done.stderr[-500:], next="")
    return sorted(set(_findings(done.stdout, _functions(executable))), key=lambda one: (one.module, one.id))


def _findings(text: str, program: frozenset[bytes]) -> Iterator[Fault]:
    """Yield what may be called: only those findings name a function."""
    decoder, at, end = json.JSONDecoder(), 0, len(text.rstrip())
    advisories: dict[str, Any] = {}
    while at < end:
        message, at = decoder.raw_decode(text, _BLANK.match(text, at).end())  # type: ignore[union-attr]
        if advisory := message.get("osv"):
            advisories[advisory["id"]] = advisory
        finding = message.get("finding")
        if finding and finding["trace"][0].get("function"):
            first, name = finding["trace"][0], finding["osv"]
            there = _there(advisories[name], first["module"], program)
            yield Fault(name, first["module"], first.get("version", ""), finding.get("fixed_version", ""), there)


def _functions(executable: Path) -> frozenset[bytes]:
    """Return the names in an executable's table of functions, and other texts that look alike."""
    return frozenset(_NAME.findall(executable.read_bytes()))


def _there(advisory: Any, module: str, program: frozenset[bytes]) -> bool:
    """Return whether an executable has one of the functions that an advisory names in a module."""
    places = [one for one in advisory["affected"] if one["package"]["name"] == module]
    imports = [one for place in places for one in place.get("ecosystem_specific", {}).get("imports", ())]
    if not imports:
        return True
    wanted = [form for one in imports for form in _forms(one["path"], one.get("symbols", ()))]
    if any(form in program for form in wanted):
        return True
    packages = tuple(form for form in wanted if form.endswith(b"."))
    return bool(packages) and any(name.startswith(packages) for name in program)


def _forms(path: str, symbols: Sequence[str]) -> Iterator[bytes]:
    """Yield how functions of a package are written in the table; where none is named, the beginning of all of them."""
    before, _, last = path.rpartition("/")
    # As the linker writes them: a dot in the last part of a path is escaped.
    package = f"{before}/{last.replace('.', '%2e')}".lstrip("/")
    if not symbols:
        yield f"{package}.".encode()
    for symbol in symbols:
        kind, _, method = symbol.rpartition(".")
        for name in (f"{kind}.{method}", f"(*{kind}).{method}") if kind else (method,):
            yield f"{package}.{name}".encode()


def built(names: Sequence[str] = ()) -> dict[str, Path]:
    """Return the executables of the tools that are compiled here, by name."""
    compiled = [name for name, spec in pins.specs().items() if spec.source == "go"]
    wanted = names or [name for name in compiled if tools.find(name, origin="cache")]
    return {name: tools.ensure(name, origin="cache").path for name in wanted}


def main(names: Sequence[str]) -> int:
    """Print what is known, tool by tool; return the exit code."""
    try:
        found = {name: inside(path) for name, path in built(names).items()}
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    for name, rows in found.items():
        there = [row for row in rows if row.inside]
        left_out = len(rows) - len(there)
        print(f"{name}: {len(there) or 'nothing'} known of functions in it, {left_out} of functions that are not")
        for row in there:
            print(f"  {row.id}  {row.module} {row.found}: fixed in {row.fixed or 'no version'}")
    return int(any(row.inside for rows in found.values() for row in rows))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

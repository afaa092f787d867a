"""``python -m scripts.known_faults [TOOL ...]``: known vulnerabilities of what the course's tools in Go are made of.

Offline: govulncheck (`toolchain/tools.yaml`) reads the copy of Go's database that is pinned and kept beside it. It
takes from each executable which modules are in it. Ours have no symbols, so whether the functions in question are
called is not known. By default all tools that are built already are looked at; none is built for this.

Exit code 0: nothing is known. 1: something is. 2: not asked rightly, or no verdict.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.core import process
from helpers.core.errors import CourseError
from helpers.runtime import tools
from helpers.runtime.tools import pins

#: Seconds for one executable; Kubernetes' are the largest.
LIMIT = 600
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True)
class Fault:
    """One vulnerability: its id, the module (``stdlib`` is Go's own), the version that has it, the one that has not."""

    id: str
    module: str
    found: str
    fixed: str


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
    return sorted(set(_findings(done.stdout)), key=lambda one: (one.module, one.id))


def _findings(text: str) -> Iterator[Fault]:
    """Yield what may be called: only those findings name a function."""
    decoder, at, end = json.JSONDecoder(), 0, len(text.rstrip())
    while at < end:
        message, at = decoder.raw_decode(text, _BLANK.match(text, at).end())  # type: ignore[union-attr]
        finding = message.get("finding")
        if finding and finding["trace"][0].get("function"):
            first = finding["trace"][0]
            yield Fault(finding["osv"], first["module"], first.get("version", ""), finding.get("fixed_version", ""))


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
        print(f"{name}: {len(rows) or 'nothing'} known")
        for row in rows:
            print(f"  {row.id}  {row.module} {row.found}: fixed in {row.fixed or 'no version'}")
    return int(any(found.values()))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

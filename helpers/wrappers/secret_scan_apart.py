"""`scan_secrets` in a process of its own, which is stopped when it takes too long: what is scanned may be an attack.

``python -P -m helpers.wrappers.secret_scan_apart SECONDS`` is that process: a line of JSON for each text on standard
input, a line for each finding on standard output, and a last line that says how many texts were searched.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterable, Iterator
from dataclasses import astuple

from helpers.core import process
from helpers.core.errors import CourseError
from helpers.core.verdicts.gates import Finding
from helpers.wrappers.secret_scan import scan_secrets

#: Seconds of processor time for one process: to start, and for each million characters. It needs about 0.5 and 0.3.
START, PER_MILLION = 20, 5
#: Seconds it may take by the clock, however busy the machine is.
PATIENCE = 900
#: Characters that one process is given; a longer text has one to itself.
BATCH = 16_000_000
#: Bytes of memory that it may use.
MEMORY = 4_000_000_000


class ScanStopped(CourseError):
    """The search for secrets gave no answer, so nothing is known."""

    code = "scan-stopped"


def scan_apart(
    texts: Iterable[tuple[str, str]], *, ignore: Iterable[str] = (), seconds: int | None = None
) -> tuple[Finding, ...]:
    """Return what looks like a secret, as `scan_secrets` does, or raise: there is no third way.

    Args:
        texts: names and texts; a name may come more than once. They are taken as they are needed.
        ignore: patterns (``fnmatch``) of names that are not searched.
        seconds: of processor time for each process; by default in proportion to what it reads.

    Raises:
        ScanStopped: it took too long, or ended without having searched all.
    """
    skip, found = tuple(ignore), dict[Finding, None]()
    for batch in _batches(texts):
        size = sum(len(text) for _, text in batch)
        limit = seconds if seconds is not None else START + PER_MILLION * (size // 1_000_000)
        found |= dict.fromkeys(_one(batch, skip, limit))
    return tuple(sorted(found, key=lambda f: (f.file, f.line or 0, f.rule)))


def _batches(texts: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    batch: list[tuple[str, str]] = []
    size = 0
    for name, text in texts:
        if batch and size + len(text) > BATCH:
            yield batch
            batch, size = [], 0
        batch.append((name, text))
        size += len(text)
    if batch:
        yield batch


def _one(batch: list[tuple[str, str]], ignore: tuple[str, ...], seconds: int) -> list[Finding]:
    given = "".join(json.dumps([name, text, ignore]) + "\n" for name, text in batch)
    argv = [sys.executable, "-P", "-m", __name__, str(seconds)]
    try:
        done = process.run(argv, input=given, timeout=PATIENCE, env=process.environment())
    except process.ProcessError as error:
        raise _stopped(error.what) from None
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines or lines[-1] != json.dumps(len(batch)):
        raise _stopped(f"It ended with {done.returncode} after at most {seconds} s of processor time")
    return [Finding(*json.loads(line)) for line in lines[:-1]]


def _stopped(why: str) -> ScanStopped:
    return ScanStopped(
        "The search for secrets gave no answer",
        why=f"{why}. What is not searched is not clean.",
        next="Split large files; a file that keeps a scanner busy has no place in a repository.",
    )


def main() -> None:
    """Search what comes on standard input. Who may lie: whoever wrote the texts, in every character."""
    seconds = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    count = 0
    for line in sys.stdin:
        name, text, ignore = json.loads(line)
        for finding in scan_secrets({name: text}, ignore=ignore):
            print(json.dumps(astuple(finding)))
        count += 1
    print(json.dumps(count))


if __name__ == "__main__":
    main()

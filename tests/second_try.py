"""What failed in a whole run, once more and alone: ``python -m tests.second_try`` (scripts/test.sh).

On two cores with five workers a test may fail because of its neighbours. A fault of the course fails alone as well,
and ends the run. What passes alone is listed at the end of the run and in ``build/flaky.txt``: the test or the course
has a race, which wants an issue. More than `LIMIT` failed units are no accident and are not tried again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from tests import worlds

HERE = Path(__file__).parents[1]
LAST_FAILED = HERE / ".pytest_cache/v/cache/lastfailed"
REPORT = HERE / "build/flaky.txt"
#: JUnit reports of the run and of the second try; ``course map`` reads the first.
FIRST, SECOND = HERE / "build/junit.xml", HERE / "build/junit-second.xml"
#: Units of work (a module, or modules that share an environment) that one run may try again.
LIMIT = 3


def scopes(failed: list[str]) -> list[str]:
    """Return what to run: each failed test's unit whole, for its tests may build on each other.

    Raises:
        ValueError: nothing is named, or too many units.
    """
    units = dict.fromkeys(worlds.unit_of(nodeid) for nodeid in failed)
    if not units:
        raise ValueError("the run does not say which test failed")
    if len(units) > LIMIT:
        raise ValueError(f"{len(units)} modules failed; up to {LIMIT} are tried again")
    return [scope for unit in units for scope in worlds.UNITS.get(unit, (unit,))]


def corrected() -> None:
    """Put the verdicts of the second try into the report of the run."""
    report = ElementTree.parse(FIRST)
    tried = {_name(case): case for case in ElementTree.parse(SECOND).iter("testcase")}
    for suite in report.iter("testsuite"):
        for place, case in enumerate(suite):
            if _name(case) in tried:
                suite[place] = tried[_name(case)]
    report.write(FIRST, encoding="utf-8", xml_declaration=True)


def _name(case: ElementTree.Element) -> tuple[str | None, str | None]:
    return case.get("classname"), case.get("name")


def main() -> int:
    """Run the failed units alone; return 0 when they pass."""
    try:
        failed = sorted(json.loads(LAST_FAILED.read_text()))
        chosen = scopes(failed)
    except (OSError, ValueError) as error:
        print(f"No second try: {error}.", file=sys.stderr)
        return 1
    print(f"\nFailed beside others, now alone: {', '.join(failed)}", flush=True)
    command = [sys.executable, "-m", "pytest", "-n", "0", "--junitxml", str(SECOND), *chosen]
    if subprocess.run(command, cwd=HERE, check=False).returncode:
        return 1
    corrected()
    REPORT.write_text("".join(f"{nodeid}\n" for nodeid in failed))
    print("FLAKY: failed beside others, passed alone; a race to mend (build/flaky.txt):", *failed, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Where a run's minutes go: recorded for each module, printed by folder, and used to run the longest modules first.

``tests/durations.json`` has an entry of a past run for each scope: what one worker runs in one piece under ``--dist
loadscope``, which is a module, a class with its own tests, or a test of a module in `APART`. Each run writes its own to
``build/durations.json``; take them over with ``python -m tests.durations`` when modules were added or became much
slower or faster.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).with_suffix(".json")
MADE = Path(__file__).parents[1] / "build" / "durations.json"
#: Minutes that a whole run may take on two cores, tools cached and not.
BUDGET = {"warm": 30.0, "cold": 60.0}
#: Seconds of a scope up to which ``--fast`` takes it, if it starts no service.
FAST = 15.0
#: Modules whose tests are long and have nothing in common: each test is a scope of its own. In one piece the lectures
#: kept one worker busy for 32 minutes.
APART = frozenset({"tests/notebooks/test_lectures.py"})
#: How many modules the table names.
SHOWN = 30
#: Properties of a test's report: that it started a service, and the seconds of processor time it took.
SERVICE, PROCESSOR = "started-a-service", "processor-seconds"


@dataclass(frozen=True)
class Scope:
    """What is known of a scope from a past run: its seconds, whether it starts services, its processor seconds."""

    seconds: float
    services: bool
    processor: float = 0.0


#: Assumed for a scope that no recorded run has: new tests run early, and under ``--fast`` too.
UNKNOWN = Scope(FAST, False)


def scope_of(nodeid: str) -> str:
    """Return the part of a test's address that ``--dist loadscope`` keeps on one worker."""
    if module_of(nodeid) in APART:
        return nodeid
    return nodeid.split("[", 1)[0].rsplit("::", 1)[0]


def module_of(nodeid: str) -> str:
    """Return the file of a test."""
    return nodeid.split("::", 1)[0]


def folder_of(nodeid: str) -> str:
    """Return the first two directories of a test's file, the room that the table sums up."""
    return "/".join(Path(module_of(nodeid)).parts[:-1][:2])


def read(path: Path = RECORDED) -> dict[str, Scope]:
    """Return scope -> what a past run recorded; nothing where none is."""
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: Scope(**row) for name, row in rows.items()}


def write(scopes: dict[str, Scope], path: Path) -> None:
    """Keep scopes as JSON, one in a line, sorted, so that two runs can be compared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{json.dumps(name)}: {json.dumps(asdict(scope))}" for name, scope in sorted(scopes.items())]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def longest_first(
    items: list[pytest.Item],
    known: dict[str, Scope],
    unit_of: Callable[[str], str] = scope_of,
    *,
    workers: int = 0,
) -> None:
    """Sort tests by the recorded seconds of what one worker runs in one piece; the order within it stays.

    Args:
        unit_of: returns the name of that piece, which is a scope or several.
        workers: how many share the tests. Each is given two pieces when it starts, and the second waits for the first:
            so the shortest of all pieces come as the second ones.
    """
    scopes: dict[str, dict[str, float]] = {}
    for item in items:
        scope = scope_of(item.nodeid)
        scopes.setdefault(unit_of(item.nodeid), {})[scope] = known.get(scope, UNKNOWN).seconds
    seconds = {unit: sum(of_scopes.values()) for unit, of_scopes in scopes.items()}
    order = sorted(seconds, key=lambda unit: (-seconds[unit], unit))
    if workers > 0 and 2 * workers < len(order):
        order = [*order[:workers], *order[-workers:], *order[workers:-workers]]
    place = {unit: at for at, unit in enumerate(order)}
    items.sort(key=lambda item: place[unit_of(item.nodeid)])


def is_fast(item: pytest.Item, known: dict[str, Scope]) -> bool:
    """Return whether ``--fast`` takes a test: its scope is short, starts no service and opens no browser."""
    scope = known.get(scope_of(item.nodeid), UNKNOWN)
    slow = any(item.get_closest_marker(name) for name in ("e2e", "browser"))
    return not slow and not scope.services and scope.seconds <= FAST


class Costs:
    """A plugin of each process that runs tests: says of a test's phase what it cost, and if it started a service."""

    def __init__(self) -> None:
        self.count = 0
        self.seen = 0
        self.processor = sum(os.times()[:4])

    def watch(self, spawn: Callable[..., int]) -> Callable[..., int]:
        """Return the function that starts a service's process, counted."""

        def counted(*args: Any, **options: Any) -> int:
            self.count += 1
            return spawn(*args, **options)

        return counted

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[None]:
        """Add the properties to the report; they travel from a worker to the process that directs it."""
        report = yield
        # Ours and that of our children that have ended, services among them.
        now = sum(os.times()[:4])
        report.user_properties.append((PROCESSOR, round(now - self.processor, 2)))
        self.processor = now
        if self.count > self.seen:
            self.seen = self.count
            report.user_properties.append((SERVICE, True))
        return report


class Durations:
    """A plugin of the process that gathers the reports: keeps what each test took, its fixtures included."""

    def __init__(self) -> None:
        self.started = float(os.environ.get("MOD208_TEST_STARTED", time.time()))
        self.seconds: Counter[str] = Counter()
        self.processor: Counter[str] = Counter()
        self.services: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase (setup, call or teardown) to its test."""
        self.seconds[report.nodeid] += report.duration
        found = dict(report.user_properties)
        self.processor[report.nodeid] += found.get(PROCESSOR, 0.0)
        if SERVICE in found:
            self.services.add(scope_of(report.nodeid))

    def scopes(self) -> dict[str, Scope]:
        """Return what this run found out of each scope."""
        seconds: Counter[str] = Counter()
        worked: Counter[str] = Counter()
        for nodeid, taken in self.seconds.items():
            seconds[scope_of(nodeid)] += taken
            worked[scope_of(nodeid)] += self.processor[nodeid]
        return {n: Scope(round(taken, 1), n in self.services, round(worked[n], 1)) for n, taken in seconds.items()}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table and keep the seconds; pytest's own closing line comes after it."""
        if not self.seconds:
            return
        write(self.scopes(), MADE)
        terminalreporter.section("where the minutes went")
        for line in [*table(self.seconds, self.processor), *verdict((time.time() - self.started) / 60)]:
            terminalreporter.write_line(line)


def table(seconds: Counter[str], processor: Counter[str]) -> list[str]:
    """Return the lines of the table: folders first, then the longest modules; both with their processor time."""
    modules = _rows(seconds, processor, module_of)
    head = f"{'minutes':>8} {'of processor':>13} {'tests':>6}  "
    lines = [f"{head}folder", *_rows(seconds, processor, folder_of)]
    lines.append(f"{seconds.total() / 60:8.1f} {processor.total() / 60:13.1f} {len(seconds):6}  all")
    lines += ["", f"{head}module", *modules[:SHOWN]]
    if len(modules) > SHOWN:
        lines.append(f"{'':30} ... and {len(modules) - SHOWN} more; all of them: build/durations.json")
    return lines


def _rows(seconds: Counter[str], processor: Counter[str], part_of: Callable[[str], str]) -> list[str]:
    minutes: Counter[str] = Counter()
    worked: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for nodeid, taken in seconds.items():
        part = part_of(nodeid)
        minutes[part] += taken / 60
        worked[part] += processor[nodeid] / 60
        tests[part] += 1
    return [f"{taken:8.1f} {worked[part]:13.1f} {tests[part]:6}  {part}" for part, taken in minutes.most_common()]


def verdict(minutes: float) -> list[str]:
    """Say how long a whole run took, and loudly when it is over its budget; nothing for a part of the tests."""
    kind = os.environ.get("MOD208_TEST_RUN", "")
    if kind not in BUDGET:
        return []
    lines = [f"The {kind} run took {minutes:.0f} min since its first command; its budget is {BUDGET[kind]:.0f} min."]
    if minutes > BUDGET[kind]:
        lines.append(f"OVER BUDGET by {minutes - BUDGET[kind]:.0f} min: the table above says where to save.")
    return lines


def take_over(made: Path = MADE, recorded: Path = RECORDED) -> None:
    """Keep what a run found out as the record; modules that it did not run stay as they were, if they are there."""
    root = Path(__file__).parents[1]
    known = {**read(recorded), **read(made)}
    write({name: scope for name, scope in known.items() if (root / module_of(name)).is_file()}, recorded)


if __name__ == "__main__":
    take_over()

"""How long ``import helpers`` takes in a fresh interpreter, and the first use of its main names."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

#: Seconds, at most.
GOAL = 0.2
RUNS = 15
STATEMENTS = {
    "helpers": "import helpers",
    "Terraform": "from helpers import Terraform",
    "Conftest": "from helpers import Conftest",
    "services": "from helpers import services",
    "checks": "from helpers import checks",
    "widgets": "from helpers import widgets",
}
#: Never to be imported by a learner's cell: they take seconds.
HEAVY = ("nbformat", "nbgrader", "papermill", "boto3", "moto", "flask", "networkx", "matplotlib")
CODE = """
import json, sys, time
begun = time.perf_counter()
{statement}
took = time.perf_counter() - begun
print(json.dumps([took, [name for name in {heavy!r} if name in sys.modules]]))
"""


def measure(runs: int = RUNS) -> dict[str, Any]:
    """Return the median seconds of each import, each in interpreters of its own, taken in turn."""
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    heavy: dict[str, list[str]] = {}
    # The first round writes byte code and warms the disk; it is not counted.
    for number in range(runs + 1):
        for name, statement in STATEMENTS.items():
            code = CODE.format(statement=statement, heavy=HEAVY)
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            took, heavy[name] = json.loads(done.stdout)
            if number:
                times[name].append(took)
    rows = {
        name: {
            "seconds": round(statistics.median(values), 4),
            "max_seconds": round(max(values), 4),
            "heavy": heavy[name],
        }
        for name, values in times.items()
    }
    over = [name for name, row in rows.items() if row["seconds"] > GOAL or row["heavy"]]
    return {"benchmark": "imports", "goal_seconds": GOAL, "runs": runs, "rows": rows, "over_goal": over}


def show(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as lines of a table."""
    yield f"{'import':12}{'median':>10}{'max':>10}   (goal <= {GOAL} s)"
    for name, row in found["rows"].items():
        yield f"{name:12}{row['seconds']:8.3f} s{row['max_seconds']:8.3f} s   {', '.join(row['heavy'])}"

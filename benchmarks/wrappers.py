"""What a wrapper costs over the bare command: the same executable, arguments and environment, run in turn."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks._pairs import compare
from helpers.wrappers.terraform import Terraform

#: Ours over bare, at most.
GOAL = 1.05
PAIRS = 41

#: A module of some size, with nothing to install.
MODULE = """
variable "pools" {
  type    = number
  default = 20
}

resource "terraform_data" "pool" {
  count = var.pools
  input = { index = count.index, kind = "gpu", tags = { team = "vision", cost_centre = "cc-100" } }
}

output "pools" {
  value = terraform_data.pool[*].id
}
"""


def measure(pairs: int = PAIRS) -> dict[str, Any]:
    """Return for version, validate and plan the times of the bare command and of the wrapper, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.tf").write_text(MODULE)
        tf = Terraform(folder)
        tf.init()
        rows = {name: compare(bare, ours, pairs) for name, (bare, ours) in _pairs(tf).items()}
    return {
        "benchmark": "wrappers",
        "goal_ratio": GOAL,
        "terraform": tf.executable.name,
        "rows": rows,
        "over_goal": [name for name, row in rows.items() if row["ratio"] > GOAL],
    }


def _pairs(tf: Terraform) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    def bare(*commands: list[str]) -> Callable[[], None]:
        environments = [tf._runner.env(command[0]) for command in commands]

        def run() -> None:
            for command, env in zip(commands, environments, strict=True):
                argv = [str(tf.executable), *command]
                # In a session of its own, as ours: Linux shares processor time out by session.
                done = subprocess.run(
                    argv,
                    cwd=tf.workdir,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    start_new_session=True,
                )
                json.loads(done.stdout.splitlines()[0] if "plan" in command else done.stdout)

        return run

    saved = str(tf.workdir / "bare.tfplan")
    # A plan with its content is two commands, whoever runs them.
    plan = ["plan", "-json", "-detailed-exitcode", f"-out={saved}"]
    return {
        "version": (bare(["version", "-json"]), tf.version),
        "validate": (bare(["validate", "-json"]), tf.validate),
        "plan": (bare(plan, ["show", "-json", saved]), lambda: tf.plan(out="ours.tfplan")),
    }


def show(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as lines of a table."""
    yield f"{'command':12}{'bare':>10}{'ours':>10}{'ratio':>8}   quartiles      (goal <= {GOAL})"
    for name, row in found["rows"].items():
        low, high = row["ratio_quartiles"]
        times = f"{row['bare_seconds'] * 1000:7.1f} ms{row['ours_seconds'] * 1000:7.1f} ms"
        yield f"{name:12}{times}{row['ratio']:8.3f}   {low:.3f} to {high:.3f}"

"""Many small stacks, and what a look at all of them costs: measured here, on this machine, now.

They use Terraform's own ``terraform_data``, so no provider and no cloud is in the figures: a provider process and an
API come on top. The states are copies of one that was applied.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.compliance.drift import DriftReport, DriftSettings, load, look
from helpers.core.html.elements import head, page, tag
from helpers.course import teaching
from helpers.wrappers.terraform import Terraform

#: Resources of a stack, and how many stacks are looked at one by one to see what a look is made of.
RESOURCES, SAMPLE = 5, 3
_CODE = f'resource "terraform_data" "store" {{\n  count = {RESOURCES}\n  input = {{ owner = "vision" }}\n}}\n'
INIT, REFRESH, WAITING = "init", "plan -refresh-only", "plan -refresh=false"


@dataclass(frozen=True)
class Measured:
    """What a look at a fleet cost.

    Attributes:
        report: the answers. parallel: stacks at once. seconds: wall time of all of it.
        parts: command -> median seconds, of stacks that were looked at one after the other.
    """

    report: DriftReport
    parallel: int
    seconds: float
    parts: Mapping[str, float]

    @property
    def per_stack(self) -> float:
        """Wall seconds for each stack, several at once."""
        return self.seconds / len(self.report.stacks)

    @property
    def alone(self) -> float:
        """Seconds for one stack, nothing beside it."""
        return sum(self.parts.values())

    @property
    def dominates(self) -> str:
        """The part that takes most of a look: the init, or its two plans together."""
        return "init" if self.parts[INIT] > self.parts[REFRESH] + self.parts[WAITING] else "the two plans"

    def shown(self) -> teaching.Shown:
        """Return the figures as a table, and the parts of a look as bars."""
        stacks = len(self.report.stacks)
        said = f"{stacks} stacks, {self.parallel} at once: {self.seconds:.1f} s, {self.per_stack:.2f} s a stack"
        rows = [(name, seconds, seconds / self.alone) for name, seconds in self.parts.items()]
        bars = [
            tag("tr", tag("th", name), tag("td", f"{seconds:.2f} s"), tag("td", f"{share:.0%}"), tag("td", _bar(share)))
            for name, seconds, share in rows
        ]
        text = "\n".join([said, *(f"{name} | {seconds:.2f} s | {share:.0%}" for name, seconds, share in rows)])
        about = tag("p", f"One look alone: {self.alone:.2f} s, the median of {SAMPLE}.")
        html = page(head("A look at many stacks", said), about, tag("table", tag("tbody", *bars)))
        return teaching.Shown(html, text)


def _bar(share: float) -> str:
    return tag("span", tag("i", style=f"width:{share:.0%}"), class_="m-bar m-info")


def fleet(root: Path, stacks: int = 50) -> DriftSettings:
    """Return a fleet in a directory of its own beside the lecture's stacks, each stack applied and in sync."""
    home = root.with_name(f"{root.name}-fleet")
    shutil.rmtree(home, ignore_errors=True)
    names = [f"stack-{number:02}" for number in range(1, stacks + 1)]
    first = home / names[0]
    first.mkdir(parents=True)
    (first / "main.tf").write_text(_CODE, encoding="utf-8")
    terraform = Terraform(first)
    terraform.init()
    terraform.apply(auto_approve=True)
    for name in names[1:]:
        (home / name).mkdir()
        for file in ("main.tf", "terraform.tfstate"):
            shutil.copy(first / file, home / name)
    listed = "".join(f"  - {{name: {name}, path: {name}, owner: vision}}\n" for name in names)
    (home / "drift.yaml").write_text(f"version: 1\nstacks:\n{listed}", encoding="utf-8")
    return load(home / "drift.yaml")


def measured(settings: DriftSettings) -> Measured:
    """Look at all stacks as the drift job does, then at a few one by one, command by command."""
    began = time.monotonic()
    report = look(settings, advice=False)
    seconds = time.monotonic() - began
    runs = [_parts(Terraform(one.directory)) for one in settings.stacks[:SAMPLE]]
    parts = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return Measured(report, settings.parallel, seconds, parts)


def _parts(terraform: Terraform) -> dict[str, float]:
    steps: dict[str, Callable[[], object]] = {
        INIT: terraform.init,
        REFRESH: terraform.drift,
        WAITING: lambda: terraform.plan(refresh=False),
    }
    found = {}
    for name, step in steps.items():
        began = time.monotonic()
        step()
        found[name] = time.monotonic() - began
    return found

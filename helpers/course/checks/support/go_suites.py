"""Runs a learner's Go tests on the module as it is, and on copies with one planted fault each."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.clients.aws import cloud
from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks.support.gpu_workspace import MODULE
from helpers.course.checks.support.terraform_runs import each, terraform
from helpers.wrappers.terraform.provider import ProviderProcess
from helpers.wrappers.terratest import NothingTested, SuiteNotCompiled, SuiteRun, SuiteStopped, Terratest

SUITE = f"{MODULE}/test"
#: Account that the tests act in.
ACCOUNT = "vision"
#: Seconds that a learner's suite may take, each time.
LIMIT = 120


@dataclass(frozen=True)
class Fault:
    """One fault in the module.

    Attributes:
        name: short. fault: what is wrong, in words. asks: what a test would have to ask to notice it.
        plant: changes the copy of the module.
    """

    name: str
    fault: str
    asks: str
    plant: Callable[[Path], None]


def without_output(name: str) -> Callable[[Path], None]:
    """Return what takes an output out of a module in canonical format."""
    block = re.compile(rf'(?ms)^output "{name}" \{{\n.*?^\}}\n')

    def plant(module: Path) -> None:
        for file in module.glob("*.tf"):
            file.write_text(block.sub("", file.read_text(encoding="utf-8")), encoding="utf-8")

    return plant


def override(blocks: Mapping[str, Any]) -> Callable[[Path], None]:
    """Return what plants an override file, which Terraform merges over the module."""

    def plant(module: Path) -> None:
        (module / "planted_override.tf.json").write_text(json.dumps(blocks))

    return plant


def added(blocks: Mapping[str, Any]) -> Callable[[Path], None]:
    """Return what adds a file of configuration to the module."""

    def plant(module: Path) -> None:
        (module / "planted.tf.json").write_text(json.dumps(blocks))

    return plant


def output(name: str, value: Any) -> Callable[[Path], None]:
    """Return what makes an output give another value."""
    return override({"output": {name: {"value": value}}})


RESTLESS = added({"resource": {"terraform_data": {"restless": {"input": "${timestamp()}"}}}})
FAULTS = (
    Fault("missing output", 'the output "gpus" is gone', "the number of GPUs", without_output("gpus")),
    Fault(
        "wrong network",
        'the output "network" names a network that the workspace did not make',
        "whether the network is the one that the pool runs in",
        output("network", "vpc-of-somebody-else"),
    ),
    Fault("restless", "the module wants a change at every plan", "whether a second plan is empty", RESTLESS),
)


class Suites:
    """Runs the suite of a scratch module with one provider that is shared; use it as a context manager.

    Args:
        module: the scratch copy, initialised or not.
    """

    def __init__(self, module: Path) -> None:
        self._module = module
        # With a go.mod of its own a suite could bring a Terratest of its own.
        for file in module.rglob("go.mod"):
            file.unlink()
        terraform(module).fmt(recursive=True)
        self._provider = ProviderProcess(cloud.environment(ACCOUNT))

    def __enter__(self) -> Suites:
        return self

    def __exit__(self, *exc: object) -> None:
        self._provider.__exit__(None, None, None)

    def as_it_is(self) -> SuiteRun:
        """Run it on the module as it is."""
        return self._run(self._module)

    def with_faults(self, faults: tuple[Fault, ...]) -> list[tuple[Fault, SuiteRun | None]]:
        """Run it once with each fault planted; ``None`` when it did not come to an end."""
        return list(each(self._with, faults))

    def _with(self, fault: Fault) -> tuple[Fault, SuiteRun | None]:
        copy = self._module.parent / f"{self._module.name}-{fault.name.replace(' ', '-')}"
        shutil.copytree(self._module, copy)
        fault.plant(copy)
        try:
            return fault, self._run(copy)
        except SuiteStopped:
            return fault, None

    def _run(self, module: Path) -> SuiteRun:
        env = {"TF_REATTACH_PROVIDERS": self._provider.address}
        return Terratest(module / "test", account=ACCOUNT, root=module, env=env, timeout=LIMIT).run()


def passing(suites: Suites) -> SuiteRun:
    """Run the suite on the module as it is.

    Raises:
        Unmet: it does not compile, runs nothing, fails, or leaves something behind.
    """
    try:
        run = suites.as_it_is()
    except SuiteNotCompiled as error:
        first = f"{SUITE}/{error.problems[0]}" if error.problems else error.why
        raise Unmet(f"the tests do not compile: {first}") from error
    except NothingTested as error:
        raise Unmet(f"{SUITE}: {_lower(error.what)}. {error.why}") from error
    except SuiteStopped as error:
        raise Unmet(f"{SUITE}: the tests did not end within {LIMIT} s") from error
    for test in run.failures:
        place = f"{SUITE}/{test.where}: " if test.where else f"{SUITE}: "
        raise Unmet(f"{place}{test.name}: {test.outcome}: {test.message}"[:600])
    nothing_left(run, "")
    return run


def nothing_left(run: SuiteRun, when: str) -> None:
    """Require that the tests destroyed what they made."""
    if run.left is not None:
        some = ", ".join(run.left.resources[:2])
        raise Unmet(f"{SUITE}: the tests leave {len(run.left.resources)} resources in the cloud{when} ({some} ...)")


def noticed(suites: Suites, faults: tuple[Fault, ...]) -> None:
    """Require that the suite fails for each fault, and cleans up when it does."""
    for fault, run in suites.with_faults(faults):
        alive = run is not None and all(test.outcome in ("pass", "skip") for test in run.tests)
        require(not alive, f"{SUITE} still passes although {fault.fault}: no test asks {fault.asks}")
        if run is not None:
            nothing_left(run, f" when a test fails (planted: {fault.name}): the destroy is not guaranteed")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]

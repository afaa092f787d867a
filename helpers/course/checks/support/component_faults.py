"""Lab 1 in Pulumi: faults planted in a learner's component, and the learner's own tests run on each.

A fault is planted by wrapping constructors of the copy's classes, so it fits however the component is written. Tests
with mocks run in forks of one process, which has loaded Pulumi's SDK and pytest once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.paths import ROOT
from helpers.core.verdicts.checks import require
from helpers.course.checks.support.component import COMPONENT, Bench
from helpers.course.checks.support.component_rules import TYPES
from helpers.course.checks.support.mutants import MUTANTS, Mutant

#: Seconds for all tests of one step; a busy machine is slow.
_LIMIT = 900

_PLANTED = '''"""Plants the fault that planted.json beside this file describes; without one, nothing."""

import inspect
import ipaddress
import json
import pathlib
import re

FAULT = json.loads(pathlib.Path(__file__).with_name("planted.json").read_text())
GOOD = {"team": "vision", "environment": "dev", "cost_centre": "cc-4021"}
GOOD |= {"network_cidr": "10.20.0.0/20", "gpu_nodes": 1}


def is_bad(name, given):
    value = given.get(name)
    if name == "network_cidr":
        try:
            return not 16 <= ipaddress.IPv4Network(value).prefixlen <= 24 or "/" not in value
        except ValueError:
            return True
    if name == "gpu_nodes":
        from acme_platform import KINDS

        kind, quota = KINDS.get(given.get("gpu_kind", "l4")), given.get("gpu_quota", 16)
        value = 1 if value is None else value
        return value != int(value) or value < 0 or bool(kind and value * kind.gpus > quota)
    rules = {"team": "[a-z][a-z0-9-]{2,19}", "environment": "dev|staging|prod", "cost_centre": "cc-[0-9]{4}"}
    return not re.fullmatch(rules[name], str(value))


def tolerate(workspace, arguments, name):
    """Let a bad value of one input pass as if it were a good one."""
    if not issubclass(arguments, dict):
        made = arguments.__init__

        def init(self, *args, **kwargs):
            try:
                bound = inspect.signature(made).bind(self, *args, **kwargs)
            except TypeError:
                return made(self, *args, **kwargs)
            bound.apply_defaults()
            if is_bad(name, bound.arguments | bound.arguments.get("kwargs", {})):
                kwargs = {**dict(list(bound.arguments.items())[1:]), name: GOOD[name]}
                return made(self, **kwargs)
            return made(self, *args, **kwargs)

        arguments.__init__ = init
    built = workspace.__init__

    def better(args):
        if isinstance(args, dict):
            return {**args, name: GOOD[name]} if is_bad(name, args) else args
        if is_bad(name, {key: getattr(args, key, None) for key in (*GOOD, "gpu_kind", "gpu_quota")}):
            object.__setattr__(args, name, GOOD[name])
        return args

    def build(self, *given, **options):
        if len(given) > 1:
            given = (given[0], better(given[1]), *given[2:])
        elif "args" in options:
            options["args"] = better(options["args"])
        return built(self, *given, **options)

    workspace.__init__ = build


def force(kind, attributes):
    """Force attributes on each object of a type."""
    from acme_platform import resources

    made = getattr(resources, kind).__init__

    def init(self, name, props, opts=None):
        made(self, name, {**props, **attributes}, opts)

    getattr(resources, kind).__init__ = init


def answer(workspace, name, value):
    """Give a wrong output."""
    built = workspace.__init__

    def build(self, *args, **options):
        built(self, *args, **options)
        setattr(self, name, value)

    workspace.__init__ = build


def refuse(kind):
    """Let the cloud refuse to make objects of a kind."""
    from acme_platform import providers

    def create(self, props):
        raise RuntimeError("The cloud refuses: this is a test of the check.")

    getattr(providers, kind).create = create


def plant(workspace, arguments):
    if "tolerate" in FAULT:
        tolerate(workspace, arguments, FAULT["tolerate"])
    if "type" in FAULT:
        force(FAULT["type"], FAULT["attributes"])
    if "output" in FAULT:
        answer(workspace, FAULT["output"], FAULT["value"])
'''
_RUNNER = '''"""Runs test files once for each planted fault, each in a fork of this process."""

import json
import os
import pathlib
import sys

import pulumi  # loaded once for all forks
import pytest

asked = json.loads(pathlib.Path(sys.argv[1]).read_text())
answers = {}


class Count:
    passed, first = 0, ""

    def pytest_runtest_logreport(self, report):
        if report.failed and not self.first:
            self.first = report.nodeid + ": " + getattr(report.longrepr, "reprcrash", report.longrepr).message
        self.passed += report.when == "call" and report.passed

    def pytest_collectreport(self, report):
        if report.failed and not self.first:
            self.first = report.longreprtext.strip().splitlines()[-1]


for name, fault in asked["faults"].items():
    pathlib.Path(asked["planted"]).write_text(json.dumps(fault))
    answer = pathlib.Path(sys.argv[1]).with_name("answer.json")
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        count = Count()
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "-c", os.devnull, "--rootdir", "."]
        code = pytest.main([*options, *asked["files"]], plugins=[count])
        answer.write_text(json.dumps({"code": int(code), "passed": count.passed, "first": count.first}))
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
    # A test that ends its process leaves no answer.
    answers[name] = json.loads(answer.read_text()) if answer.exists() else {"code": 3, "passed": 0, "first": "it ended"}
    pathlib.Path(sys.argv[2]).write_text(json.dumps(answers))
    if name == "none" and answers[name]["code"]:
        break
'''


@dataclass(frozen=True)
class Ran:
    """How test files ended: pytest's exit code, how many tests passed, and the first failure in a line."""

    code: int
    passed: int
    first: str

    @property
    def good(self) -> bool:
        """Something ran, and all of it passed."""
        return self.code == 0 and self.passed > 0


def faults(mutants: tuple[Mutant, ...] = MUTANTS) -> dict[str, dict[str, Any]]:
    """Return the lab's mutants as faults of a component; what only Terraform has is left out."""
    return {
        mutant.name: {"type": TYPES[mutant.type], "attributes": dict(mutant.attributes), "what": mutant.fault}
        for mutant in mutants
        if "value_wo_version" not in mutant.attributes
    }


def run(
    copy: Bench, files: list[str], planted: Mapping[str, Mapping[str, Any]], env: Mapping[str, str]
) -> dict[str, Ran]:
    """Run test files on the component as it is ("none"), then with each fault; the first must be good to go on.

    Args:
        copy: see `bench`; its package is changed.
        files: below the component.
        planted: name -> fault.
        env: more variables of the tests.
    """
    aside = copy.room / "planted"
    if not aside.exists():
        aside.mkdir()
        (aside / "acme_planted.py").write_text(_PLANTED)
        copy.plant("import acme_planted as _planted\n_planted.plant(GpuWorkspace, GpuWorkspaceArgs)")
        providers = copy.room / "platform" / "acme_platform" / "providers.py"
        with providers.open("a") as file:
            file.write(
                '\n\nimport acme_planted as _planted\nif "refuse" in _planted.FAULT:\n'
                '    _planted.refuse(_planted.FAULT["refuse"])\n'
            )
    runner, asked, said = aside / "runner.py", aside / "asked.json", aside / "said.json"
    runner.write_text(_RUNNER)
    every = {"none": {}, **planted}
    asked.write_text(json.dumps({"faults": every, "files": files, "planted": str(aside / "planted.json")}))
    path = os.pathsep.join([copy.python_path, str(aside), str(ROOT)])
    plain = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = process.run(
        [sys.executable, runner, asked, said],
        cwd=copy.package,
        env=process.environment({**plain, **env}),
        timeout=_LIMIT,
    )
    if not said.exists():
        return {"none": Ran(3, 0, done.stderr.strip()[-500:] or f"exit code {done.returncode}")}
    found = {name: Ran(**answer) for name, answer in json.loads(Path(said).read_text()).items()}
    whole = not found["none"].good or set(found) == set(every)
    require(whole, f"{COMPONENT}: its tests end the process that runs them: {done.stderr.strip()[-300:]}")
    return found

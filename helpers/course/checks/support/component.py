"""Lab 1 in Pulumi: which tool a learner chose, and a copy of the component in which the real engine runs.

Who may lie: the component runs in the same process as the program that puts the questions, so what it prints or returns
is not believed. What counts is the engine's own record of what was declared (`StackState`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.core.paths import IAC
from helpers.core.verdicts.checks import Hints, Unmet, require
from helpers.core.yaml_reader import InvalidYaml
from helpers.course.checks.support.module_probes import scratch
from helpers.course.workspace import Workspace
from helpers.wrappers.pulumi import Pulumi, PulumiError, StackState, file_backend
from helpers.wrappers.pulumi.errors import BackendUnreachable, PulumiStopped

#: The file in which a learner says with which tool the module is made; without it, with Terraform.
CHOICE = "tool.yaml"
COMPONENT, PACKAGE = "modules/gpu-workspace-pulumi", "acme_workspace"
#: What a check of either tool reads of a learner who chose Pulumi.
READS = (CHOICE, COMPONENT)
#: The platform team's objects, which components are built of.
PLATFORM = IAC / "pulumi" / "gpu-workspace" / "acme_platform"
PASSPHRASE = "of-the-check"  # noqa: S105 (it protects nothing: the stack is gone after the check)
#: Key of a secret in Pulumi's state (``resource.SigKey``).
_SIGNATURE = "4dabf18193072939515e22adb298388d"

#: Providers that make objects up: the engine and the program are real, the cloud is not asked.
_MADE_UP = '''"""Providers of the check: they answer at once and make nothing."""

import hashlib

from pulumi.dynamic import CreateResult, ResourceProvider


class MadeUp(ResourceProvider):
    kind = ""

    def create(self, props):
        name = props["name"]
        arn = f"arn:made-up:{self.kind}:{name}"
        if "value" in props:
            arn += ":" + hashlib.sha256(props["value"].encode()).hexdigest()[:12]
        known = {"network": f"network-of-{name}", "token": arn}
        return CreateResult(known.get(self.kind, name), {**props, "arn": arn})


class NetworkProvider(MadeUp):
    kind = "network"


class BucketProvider(MadeUp):
    kind = "bucket"


class PoolProvider(MadeUp):
    kind = "pool"


class TokenProvider(MadeUp):
    kind = "token"
'''


def in_pulumi(lab: Workspace) -> bool:
    """Return whether the learner does the module in Pulumi.

    Raises:
        Unmet: the file of the choice cannot be understood.
    """
    text = lab.read(CHOICE)
    if not text.strip():
        return False
    with hints(
        f"What does {CHOICE} choose? Without that file the module is one of Terraform.",
        f"{CHOICE} has one line, as docs/lab1-pulumi.md has it.",
        f"module: pulumi, or delete {CHOICE}",
    ):
        try:
            data = yaml_reader.load(text)
        except InvalidYaml as error:
            raise Unmet(f"{CHOICE} is not valid YAML: {' '.join(str(error).split())}") from None
        word = data.get("module") if isinstance(data, dict) else None
        require(word in ("terraform", "pulumi"), f"{CHOICE}: module is {word!r}; it is terraform or pulumi")
        return bool(word == "pulumi")


@contextlib.contextmanager
def hints(nudge: str, pointer: str, nearly: str) -> Iterator[None]:
    """Give a reason the hints for Pulumi, where it brings none: those of the step speak of Terraform."""
    try:
        yield
    except Unmet as unmet:
        own: Hints = (nudge, pointer, nearly)
        raise Unmet(unmet.reason, unmet.hints or own) from unmet


@dataclass(frozen=True)
class Bench:
    """A copy of the learner's files, with the platform's package, in which Pulumi runs.

    Attributes:
        room: its root, laid out as the workspace.
    """

    room: Path

    @property
    def package(self) -> Path:
        """The copy of the component."""
        return self.room / COMPONENT

    @property
    def python_path(self) -> str:
        """What programs are imported from."""
        return os.pathsep.join([str(self.package), str(self.room / "platform")])

    def pulumi(self, project: Path, stack: str = "check", **options: Any) -> Pulumi:
        """Return Pulumi on a new stack of a project; its state is in a directory of its own."""
        env = {"PYTHONPATH": self.python_path, "PYTHONDONTWRITEBYTECODE": "1", **options.pop("env", {})}
        backend = file_backend(self.room / "state")
        pulumi = Pulumi(project, stack=stack, backend=backend, passphrase=PASSPHRASE, env=env, **options)
        with self.judged(project):
            pulumi.stack_init()
        return pulumi

    @contextlib.contextmanager
    def judged(self, project: Path) -> Iterator[None]:
        """Turn what Pulumi says of the learner's files into `Unmet`; faults of the machine stay errors."""
        try:
            yield
        except (PulumiStopped, BackendUnreachable):
            raise
        except PulumiError as error:
            where = project.relative_to(self.room).as_posix()
            said = f"{error.what}: {' '.join(error.why.split())}".replace(f"{self.room}/", "")
            raise Unmet(f"{COMPONENT if where == 'probe' else where}: {said}") from error

    def program(self, name: str, text: str, **files: Any) -> Path:
        """Write a Pulumi project of the check's own; *files* are written as JSON beside it."""
        folder = self.room / name
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        (folder / "__main__.py").write_text(text)
        for stem, content in files.items():
            (folder / f"{stem}.json").write_text(json.dumps(content))
        return folder

    def plant(self, text: str) -> None:
        """Add lines to the end of the copy's package: a fault, or a spy."""
        with (self.package / PACKAGE / "__init__.py").open("a", encoding="utf-8") as file:
            file.write(f"\n\n{text}\n")


@contextlib.contextmanager
def bench(lab: Workspace, *parts: str, made_up: bool) -> Iterator[Bench]:
    """Give a copy of the component and of other *parts* of the workspace.

    Args:
        made_up: the platform's providers make objects up and ask no cloud.

    Raises:
        Unmet: there is no component.
    """
    init = f"{COMPONENT}/{PACKAGE}/__init__.py"
    require(lab.path(init).is_file(), f"{init} does not exist: the component is a Python package")
    with scratch(lab, COMPONENT, *parts) as room:
        shutil.copytree(PLATFORM, room / "platform" / PLATFORM.name, ignore=shutil.ignore_patterns("__pycache__"))
        if made_up:
            (room / "platform" / PLATFORM.name / "providers.py").write_text(_MADE_UP)
        yield Bench(room)


def objects(state: StackState, component: str) -> dict[str, list[Mapping[str, Any]]]:
    """Return the objects that a component holds, directly or in one of its own: short type -> entries of the state."""
    parents = {str(entry["urn"]): str(entry.get("parent", "")) for entry in state.resources}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in _custom(state):
        urn = parents[str(entry["urn"])]
        while urn and urn.rpartition("::")[2] != component:
            urn = parents.get(urn, "")
        if urn:
            found.setdefault(str(entry["type"]).rpartition(":")[2], []).append(entry)
    return found


def count(state: StackState) -> int:
    """Return how many objects the state has in all."""
    return len(_custom(state))


def _custom(state: StackState) -> Sequence[Mapping[str, Any]]:
    return [entry for entry in state.resources if entry.get("custom") and ":providers:" not in str(entry["type"])]


def is_secret(value: object) -> bool:
    """Return whether a value of the state is a secret, so ciphertext."""
    return isinstance(value, Mapping) and _SIGNATURE in value


def arn_of(name: str, token: str) -> str:
    """Return the ARN that the made-up provider gives a secret of that value."""
    return f"arn:made-up:token:{name}/registry-token:{hashlib.sha256(token.encode()).hexdigest()[:12]}"


def outputs(pulumi: Pulumi, state: StackState) -> dict[str, Any]:
    """Return the outputs of the stack that a state holds; the engine is asked again only for secrets."""
    stack = next((entry for entry in state.resources if entry["type"] == "pulumi:pulumi:Stack"), {})
    found = dict(stack.get("outputs") or {})
    if any(is_secret(value) for value in found.values()):
        return {name: output.reveal() for name, output in pulumi.output().items()}
    return found

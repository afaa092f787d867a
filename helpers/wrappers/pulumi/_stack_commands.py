"""Stacks, configuration, state: what changes no object of a provider."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.core import yaml_reader
from helpers.core.sensitive import WITHHELD, Sensitive
from helpers.wrappers.pulumi._run import Runner
from helpers.wrappers.pulumi._values import holds_secret
from helpers.wrappers.pulumi.types import ConfigValue, StackState, StackSummary
from helpers.wrappers.terraform.types import Output, Outputs


class StackCommands:
    """Mixed into `Pulumi`."""

    _runner: Runner
    stack: str

    def new(self, template: str, name: str, *, description: str = "", force: bool = False) -> None:
        """Run ``pulumi new`` with a template in a directory; no stack is made and nothing is installed.

        Args:
            template: directory of the template. name: of the project.
            force: write into a directory that is not empty.
        """
        args = ["new", template, "--generate-only", "--yes", "--name", name, "--description", description or name]
        self._runner.run([*args, *(["--force"] if force else [])])

    def stack_init(self, *, secrets_provider: str = "passphrase", exist_ok: bool = False) -> None:
        """Run ``pulumi stack init``: make the stack of this object. It is not made the current one.

        Args:
            secrets_provider: what encrypts the stack's secrets: ``passphrase``, or a URL such as
                ``awskms://alias/NAME?region=...``.
            exist_ok: do nothing where it exists already.

        Raises:
            StackExists, MissingPassphrase, NoProject, BackendUnreachable.
        """
        if exist_ok and any(known.name == self.stack for known in self.stacks()):
            return
        self._runner.run(["stack", "init", self.stack, "--secrets-provider", secrets_provider, "--no-select"])

    def stack_select(self, name: str) -> None:
        """Run ``pulumi stack select``, and use that stack from now on.

        Raises:
            NoStack: there is none of that name.
        """
        self._runner.run(["stack", "select", name])
        self.stack = name

    def stacks(self) -> tuple[StackSummary, ...]:
        """Run ``pulumi stack ls``: the stacks of this project, sorted by name."""
        found = self._runner.json(["stack", "ls"]) or []
        listed = (StackSummary(s["name"], bool(s.get("current")), s.get("resourceCount")) for s in found)
        return tuple(sorted(listed, key=lambda item: item.name))

    def stack_rm(self, *, force: bool = False, preserve_config: bool = False) -> None:
        """Run ``pulumi stack rm``.

        Args:
            force: also one that still has resources: they live on, and nobody manages them.
            preserve_config: keep ``Pulumi.STACK.yaml``.

        Raises:
            StackNotEmpty, NoStack.
        """
        flags = [f for f, on in (("--force", force), ("--preserve-config", preserve_config)) if on]
        self._runner.run(["stack", "rm", "--stack", self.stack, "--yes", *flags])

    def config_set(self, key: str, value: Any, *, secret: bool = False, path: bool = False) -> None:
        """Run ``pulumi config set``. The value goes through standard input, so no list of processes shows it.

        Args:
            key: ``name``, or ``namespace:name``. value: anything but a string is written as JSON.
            secret: encrypt it in ``Pulumi.STACK.yaml``. path: *key* is a path into a map or list.
        """
        text = value if isinstance(value, str) else json.dumps(value)
        if secret and text:
            self._runner.secrets.append(text)
        flags = ["--secret" if secret else "--plaintext", *(["--path"] if path else [])]
        self._runner.run(["config", "set", key, "--stack", self.stack, *flags], input=text)

    def config_rm(self, key: str) -> None:
        """Run ``pulumi config rm``."""
        self._runner.run(["config", "rm", key, "--stack", self.stack])

    def config(self) -> dict[str, ConfigValue]:
        """Run ``pulumi config``: the stack's configuration; the values of secrets are not asked for.

        A key in the project's own namespace is given without it, as a program asks for it.
        """
        found = self._runner.json(["config", "--stack", self.stack]) or {}
        own = f"{self._project()}:"
        return {(short := key.removeprefix(own)): _config_value(short, item) for key, item in sorted(found.items())}

    def _project(self) -> str:
        text = (self._runner.workdir / "Pulumi.yaml").read_text(encoding="utf-8")
        return str(yaml_reader.load(text).get("name", ""))

    def output(self) -> Outputs:
        """Run ``pulumi stack output``: what the program exported.

        An output that is a secret, or has one anywhere inside, is masked as a whole; `Output.reveal` gives it.
        """
        shown: dict[str, Any] = self._runner.json(["stack", "output", "--stack", self.stack]) or {}
        real = shown
        if holds_secret(shown):
            real = self._runner.json(["stack", "output", "--stack", self.stack, "--show-secrets"], raw=True)
        return Outputs(
            (name, Output(name, Sensitive(real[name]), sensitive=True) if holds_secret(value) else Output(name, value))
            for name, value in sorted(shown.items())
        )

    def export(self) -> StackState:
        """Run ``pulumi stack export``: the state; secrets are ciphertext in it."""
        done = self._runner.run(["stack", "export", "--stack", self.stack])
        return StackState.from_json(json.loads(done.stdout))

    def import_state(self, document: Mapping[str, Any]) -> None:
        """Run ``pulumi stack import``: replace the state by *document*. No object is touched."""
        self._runner.run(["stack", "import", "--stack", self.stack], input=json.dumps(document))

    def cancel(self) -> None:
        """Run ``pulumi cancel``: remove the lock that a run left behind, or end the run that holds it."""
        self._runner.run(["cancel", "--stack", self.stack, "--yes"])

    def unprotect(self, urn: str) -> None:
        """Run ``pulumi state unprotect``: a resource may be deleted again."""
        self._runner.run(["state", "unprotect", urn, "--stack", self.stack, "--yes"])

    def forget(self, urn: str, *, force: bool = False) -> None:
        """Run ``pulumi state delete``: the state forgets a resource; its object stays.

        Args:
            force: also one that is protected.
        """
        flags = ["--force"] if force else []
        self._runner.run(["state", "delete", urn, "--stack", self.stack, "--yes", *flags])

    def rename(self, urn: str, name: str) -> None:
        """Run ``pulumi state rename``: give a resource another logical name in the state."""
        self._runner.run(["state", "rename", urn, name, "--stack", self.stack, "--yes"])


def _config_value(key: str, raw: Mapping[str, Any]) -> ConfigValue:
    secret = bool(raw.get("secret"))
    return ConfigValue(key, None if secret else raw.get("objectValue", raw.get("value")), secret)


def withheld(name: str) -> Output:
    """Return a secret output whose value an update does not give."""
    return Output(name, Sensitive(WITHHELD), sensitive=True)


def outputs_of(values: Mapping[str, Any]) -> Outputs:
    """Return the outputs in an event of the engine, secrets without values."""
    return Outputs(
        (name, withheld(name) if holds_secret(value) else Output(name, value)) for name, value in sorted(values.items())
    )


def repeated(flag: str, values: Sequence[str]) -> list[str]:
    """Return a flag once for each value."""
    return [item for value in values for item in (flag, value)]

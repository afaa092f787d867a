"""Subcommands that prepare a working directory: version, init, get, modules, providers, graph."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from helpers.runtime import tools
from helpers.wrappers.terraform import config
from helpers.wrappers.terraform._run import EventStream, OnEvent, Runner, option_args
from helpers.wrappers.terraform.errors import ProviderNotAvailable
from helpers.wrappers.terraform.types import Graph, InitResult, Module, Plan, Version


class ProjectCommands:
    """Mixed into `Terraform`."""

    _runner: Runner

    def version(self) -> Version:
        """Run ``terraform version``."""
        raw = self._runner.json(["version", "-json"])
        return Version(raw["terraform_version"], raw.get("platform", ""), raw.get("provider_selections") or {})

    def init(
        self,
        *,
        upgrade: bool = False,
        backend: bool | None = None,
        backend_config: Mapping[str, str] | Sequence[str] = (),
        reconfigure: bool = False,
        migrate_state: bool = False,
        lockfile: Literal["readonly"] | None = None,
        get: bool | None = None,
        plugin_dir: str | os.PathLike[str] | None = None,
        on_event: OnEvent | None = None,
    ) -> InitResult:
        """Run ``terraform init``: backend, modules, providers.

        The course's own provider is built first when the configuration needs it and it is not here yet.

        Args:
            upgrade: take the newest versions the constraints allow, over those in the lock file.
            backend: False leaves the backend alone.
            backend_config: settings of the backend, as a mapping, or paths of files with them.
            reconfigure: forget the backend's earlier configuration.
            migrate_state: copy the state to the new backend, without asking.
            lockfile: ``readonly`` refuses to change the dependency lock file.
            get: False does not fetch modules.
            plugin_dir: take providers from this directory only.
            on_event: called with each message.

        Raises:
            ProviderNotAvailable, ModuleNotAvailable, ModuleVersionNotFound, BackendError, InvalidConfiguration.
        """
        pairs = backend_config.items() if isinstance(backend_config, Mapping) else ()
        config = [f"{k}={v}" for k, v in pairs] or list(backend_config)
        args = ["init", *option_args({"backend": backend, "backend_config": config, "lockfile": lockfile})]
        args += option_args({"get": get, "plugin_dir": plugin_dir})
        args += [flag for flag, on in (("-upgrade", upgrade), ("-reconfigure", reconfigure)) if on]
        args += ["-migrate-state", "-force-copy"] if migrate_state else []
        try:
            return self._init(args, on_event)
        except ProviderNotAvailable as error:
            if not self._build_provider(error):
                raise
            return self._init(args, on_event)

    def _init(self, args: list[str], on_event: OnEvent | None) -> InitResult:
        stream = self._runner.stream(EventStream, args)
        done = stream.finish(on_event)
        messages = tuple(event.message.removeprefix("- ") for event in stream.events if event.type != "version")
        return InitResult(messages, stream.diagnostics, tuple(stream.events), done.seconds)

    def _build_provider(self, error: ProviderNotAvailable) -> bool:
        if config.PROVIDER_SOURCE not in error.why or tools.find(config.PROVIDER_TOOL) is not None:
            return False
        tools.ensure(config.PROVIDER_TOOL)
        return True

    def get(self, *, update: bool = False) -> tuple[Module, ...]:
        """Run ``terraform get``: install the modules only; returns what is installed."""
        self._runner.text(["get", "-no-color", *(["-update"] if update else [])])
        return self.modules()

    def modules(self) -> tuple[Module, ...]:
        """Run ``terraform modules``: the installed modules, sorted by key."""
        raw = self._runner.json(["modules", "-json"])
        found = [Module(m["key"], m.get("source", ""), m.get("version", "")) for m in raw.get("modules") or ()]
        return tuple(sorted(found, key=lambda module: module.key))

    def providers(self) -> dict[str, str]:
        """Return the locked providers with their versions (``terraform version -json``)."""
        return self.version().providers

    def providers_schema(self) -> dict[str, Any]:
        """Run ``terraform providers schema``; needs an initialised directory."""
        schema: dict[str, Any] = self._runner.json(["providers", "schema", "-json"])["provider_schemas"]
        return schema

    def console(self, expression: str) -> str:
        """Run ``terraform console`` with one expression; return what it prints.

        Raises:
            TerraformError: the expression or the configuration is wrong.
        """
        return self._runner.text(["console"], input=expression + "\n").stdout.strip()

    def graph(
        self,
        *,
        type: Literal["plan", "plan-refresh-only", "plan-destroy", "apply"] | None = None,
        plan: Plan | None = None,
    ) -> Graph:
        """Run ``terraform graph``: resources and what they depend on; *type* asks for the full operation graph."""
        args = ["graph", *option_args({"type": type, "plan": plan.path if plan else None})]
        return Graph.from_dot(self._runner.text(args).stdout)

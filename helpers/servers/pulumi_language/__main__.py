"""Our language host: the program that Pulumi's engine starts to run a Python program, as ``pulumi-language-python``.

**Ours** is this server and nothing else. The engine (the command ``pulumi``), the SDK that a program imports and the
gRPC contract between the two (``language.proto``, whose stubs come with the SDK) are Pulumi's. Pulumi's own host cannot
be built here: its Go module is not to be had from the module proxy alone. What Pulumi's own host does more:

- makes and fills the virtual environment that ``Pulumi.yaml`` names, and uses uv or poetry for it, and a type checker;
  here an environment that exists is used (`environment`), by default the one of the course, and the rest is refused;
- ``pulumi install`` and ``pulumi new`` install dependencies; a debugger is attached; source-based plugins and policy
  packs are run; packages are generated from schemas. All of these are answered with "not implemented".

Source of the contract: ``proto/pulumi/language.proto`` of Pulumi 3.190; how a program is run and which faults are told:
``pulumi-language-python-exec`` of the same version.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import queue
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from helpers.servers.pulumi_language.apart import leave_house
from helpers.servers.pulumi_language.parent import end_with
from helpers.servers.pulumi_language.program import Outcome, execute

#: Bytes of one message; the limit of Pulumi's own host and SDK.
MAX_MESSAGE = 400 * 1024 * 1024


@dataclass(frozen=True)
class Job:
    """A program to run, and where its outcome goes."""

    request: Any
    outcome: Future[Outcome]


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine. A program runs on the main thread, as it would alone, so `Run` hands it over there.

    Attributes:
        engine: address that the program logs to.
    """

    def __init__(self, engine: str, jobs: queue.SimpleQueue[Job | None], refused: str) -> None:
        self.engine, self._jobs, self._refused = engine, jobs, refused
        self._ran = False

    def Handshake(self, request: Any, context: Any) -> Any:
        """Take the engine's address, where it is told here rather than on the command line."""
        self.engine = request.engine_address or self.engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """Return the version of the SDK that programs get."""
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """Return the provider plugins of the installed Pulumi packages, so that the engine looks for them at once."""
        packages = [plugin_pb2.PackageDependency(kind="resource", **found) for found in provider_plugins()]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        """Return the same in the form of older engines."""
        plugins = [plugin_pb2.PluginDependency(kind="resource", **found) for found in provider_plugins()]
        return language_pb2.GetRequiredPluginsResponse(plugins=plugins)

    def Run(self, request: Any, context: Any) -> Any:
        """Run the program. An error that was shown already is told by ``bail`` alone."""
        if self._refused:
            return language_pb2.RunResponse(error=self._refused)
        if self._ran:
            return language_pb2.RunResponse(error="this language host runs one program only; the engine starts another")
        self._ran = True
        job = Job(request, Future())
        self._jobs.put(job)
        outcome = job.outcome.result()
        return language_pb2.RunResponse(error=outcome.error, bail=outcome.shown)

    def About(self, request: Any, context: Any) -> Any:
        """Return the interpreter, for ``pulumi about``."""
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        """Return the installed Pulumi packages."""
        found = [language_pb2.DependencyInfo(name=d.name, version=d.version) for d in pulumi_packages()]
        return language_pb2.GetProgramDependenciesResponse(dependencies=found)

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        """Return no question: there is one environment."""
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        """End: what the program is doing is the engine's to undo or to record."""
        self._jobs.put(None)
        return empty_pb2.Empty()


def pulumi_packages() -> Iterator[importlib.metadata.Distribution]:
    """Yield the installed distributions whose name starts with ``pulumi``."""
    for found in importlib.metadata.distributions():
        if (found.name or "").lower().replace("_", "-").startswith("pulumi"):
            yield found


def provider_plugins() -> Iterator[dict[str, Any]]:
    """Yield what ``pulumi-plugin.json`` says in the packages that need a provider plugin."""
    for package in pulumi_packages():
        for file in package.files or ():
            if file.name == "pulumi-plugin.json":
                said = json.loads(file.read_text())
                if said.get("resource"):
                    own: dict[str, Any] = {"name": package.name.removeprefix("pulumi-"), "version": package.version}
                    yield {**own, **{key: said[key] for key in ("name", "version", "server") if said.get(key)}}


def arguments(argv: list[str]) -> tuple[str, str, dict[str, str]]:
    """Return the engine's address, the project's root and the runtime's options."""
    parser = argparse.ArgumentParser(description="Pulumi's language host for Python; started by the engine.")
    parser.add_argument("-root", default="")
    parser.add_argument("engine", nargs="?", default="")
    known, rest = parser.parse_known_args(argv)
    given = (item.lstrip("-").partition("=") for item in rest)
    return known.engine, known.root, {name: value for name, _, value in given}


def main(refused: str = "") -> None:
    """Serve until the engine ends us; the port goes to standard output, as the engine expects.

    Args:
        refused: why no program is run; the answer to `Run`.
    """
    engine, root, _ = arguments(sys.argv[1:])
    end_with(os.getppid())
    jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
    limits = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", MAX_MESSAGE)]
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=limits)
    host = LanguageHost(engine, jobs, refused)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    # The engine ends its plugins by an interrupt.
    signal.signal(signal.SIGINT, lambda *_: jobs.put(None))
    while (job := jobs.get()) is not None:
        try:
            job.outcome.set_result(execute(job.request, host.engine, root))
        except BaseException as error:  # whatever it is, the engine must not wait for ever
            job.outcome.set_result(Outcome(error=f"the program ended with {type(error).__name__}: {error}"))
    server.stop(0)


if __name__ == "__main__":
    leave_house()
    main()

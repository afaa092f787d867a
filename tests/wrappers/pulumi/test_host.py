"""Which language host is used, and what ours answers to the engine."""

from __future__ import annotations

import os
import queue
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, provider_pb2_grpc

from helpers.core import process
from helpers.servers.pulumi_language.__main__ import LanguageHost as LanguageService
from helpers.servers.pulumi_language.environment import refusal
from helpers.wrappers.pulumi import LanguageHost, language_host
from helpers.wrappers.pulumi.host import DYNAMIC, LANGUAGE, search_path
from tests.waits import until


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    return path


def test_a_host_of_pulumis_own_is_preferred(tmp_path: Path) -> None:
    """With stand-ins: this proves the choice only. No released host runs here."""
    engine = executable(tmp_path / "engine" / "pulumi")
    assert language_host(engine, "").origin == "course"
    beside = executable(tmp_path / "engine" / LANGUAGE)
    assert language_host(engine, "") == LanguageHost(beside, "pulumi")
    on_path = executable(tmp_path / "path" / LANGUAGE)
    found = language_host(engine, str(on_path.parent))
    assert (found.path, found.origin) == (on_path, "pulumi")


def test_only_what_pulumi_does_not_bring_is_added_to_the_path(tmp_path: Path) -> None:
    engine = executable(tmp_path / "engine" / "pulumi")
    both = search_path(engine, "/nowhere").split(os.pathsep)
    assert both[0] == str(Path(sys.executable).parent) and both[1] == "/nowhere"
    assert [Path(p).name for p in both[2:]] == [LANGUAGE, DYNAMIC]
    assert all((Path(p) / Path(p).name).exists() for p in both[2:])
    executable(tmp_path / "engine" / LANGUAGE)
    assert [Path(p).name for p in search_path(engine, "/nowhere").split(os.pathsep)[2:]] == [DYNAMIC]


@pytest.fixture(scope="module")
def host() -> Iterator[language_pb2_grpc.LanguageRuntimeStub]:
    argv = [sys.executable, "-u", "-P", "-m", "helpers.servers.pulumi_language", "-root=/", "127.0.0.1:9"]
    with process.start(argv) as running:
        port = next(line.text for line in running if line.stream == "stdout")
        stub = language_pb2_grpc.LanguageRuntimeStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        yield stub
        stub.Cancel(empty_pb2.Empty())
        assert running.wait().returncode == 0


def test_our_host_answers_what_the_engine_asks(host: language_pb2_grpc.LanguageRuntimeStub) -> None:
    assert host.GetPluginInfo(empty_pb2.Empty()).version == "3.190.0"
    assert host.About(language_pb2.AboutRequest()).executable == sys.executable
    assert not host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest()).packages
    assert not host.GetRequiredPlugins(language_pb2.GetRequiredPluginsRequest()).plugins
    dependencies = host.GetProgramDependencies(language_pb2.GetProgramDependenciesRequest()).dependencies
    assert ("pulumi", "3.190.0") in [(found.name, found.version) for found in dependencies]
    with pytest.raises(grpc.RpcError) as refused:
        host.Pack(language_pb2.PackRequest())
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"virtualenv": "venv", "toolchain": "pip"}, "make it: python3 -m venv venv"),
        ({"toolchain": "uv"}, "option toolchain"),
        ({"typechecker": "mypy", "toolchain": "pip"}, "option typechecker"),
        ({"toolchain": "pip"}, ""),
        ({}, ""),
    ],
)
def test_options_of_the_runtime_are_met_or_refused_with_what_to_do(
    options: dict[str, str], why: str, tmp_path: Path
) -> None:
    said = refusal(options, str(tmp_path))
    assert why in said and bool(said) is bool(why)


def test_a_refused_option_is_the_answer_to_run() -> None:
    assert LanguageService("", queue.SimpleQueue(), "not met").Run(language_pb2.RunRequest(), None).error == "not met"


#: Starts a provider as the engine does, says its process id and its port, and waits to be killed.
ENGINE = """
import subprocess, sys
provider = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
print(provider.pid, provider.stdout.readline(), flush=True)
provider.wait()
"""


def test_a_dynamic_provider_ends_with_the_engine_that_was_killed(tmp_path: Path) -> None:
    launcher = Path(search_path(tmp_path / "pulumi", "").split(os.pathsep)[-1], DYNAMIC)
    command = shlex.split(launcher.read_text().splitlines()[-1])[2:-1]
    with process.start([sys.executable, "-c", ENGINE, *command], cwd=tmp_path) as engine:
        pid, port = next(line.text for line in engine if line.stream == "stdout").split()
        provider = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        assert provider.GetPluginInfo(empty_pb2.Empty(), timeout=60).version == "0.1.0"
        served = psutil.Process(int(pid))
        parent = served.parent()
        assert parent is not None
        parent.kill()
        until(lambda: not served.is_running() or served.status() == psutil.STATUS_ZOMBIE, "the provider has ended")

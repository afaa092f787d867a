"""A look into Git that Argo CD forgets, or that nobody answers."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import socketserver
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from helpers.clients.argocd import ArgoCD, TimedOut, Unreachable
from helpers.runtime import services
from helpers.runtime.services.record import Record
from tests.clients.argocd.argo_world import World, account_of


@contextlib.contextmanager
def forgetful(port: int, calls: int) -> Iterator[int]:
    """A line to *port* on which the first *calls* connections are taken and never answered; yields its own port."""
    left = [calls]

    class Line(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if left[0] > 0:
                left[0] -= 1
                while self.request.recv(4096):
                    pass
                return
            with socket.create_connection(("127.0.0.1", port)) as there:
                back = threading.Thread(target=pour, args=(there, self.request))
                back.start()
                pour(self.request, there)
                back.join()

    def pour(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                sink.sendall(content)
            sink.shutdown(socket.SHUT_WR)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Line) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_address[1]
        server.shutdown()


@contextlib.contextmanager
def standing_still(name: str) -> Iterator[None]:
    record = Record.read(services.data("gitops").parent / "service.json")
    (pid,) = [started.pid for started in record.processes if started.name == name]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_refresh_that_was_lost_is_asked_for_again(world: World) -> None:
    world.deploy()
    account = account_of(world.argo)
    with forgetful(urlsplit(account.url).port or 0, 1) as port:
        far = ArgoCD(dataclasses.replace(account, url=f"https://127.0.0.1:{port}"), timeout=6)
        sha = world.commit({"README.md": "A new commit.\n"})
        assert far.application(world.name, refresh="normal").revision == sha
    with forgetful(urlsplit(account.url).port or 0, 1) as port:
        far = ArgoCD(dataclasses.replace(account, url=f"https://127.0.0.1:{port}"), timeout=1)
        with pytest.raises(Unreachable, match="does not answer") as silent:
            far.application(world.name)
        assert silent.value.slow


def test_a_controller_that_stands_still_is_named(world: World) -> None:
    world.deploy()
    sha = world.commit({"README.md": "A new commit.\n"})
    with standing_still("application-controller"), pytest.raises(TimedOut, match="did not look into Git again") as late:
        ArgoCD("admin", timeout=3).application(world.name, refresh="normal")
    assert "application controller" in late.value.why
    assert late.value.application and late.value.application.revision != sha
    assert world.argo.wait(world.name, revision=sha).revision == sha

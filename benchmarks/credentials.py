"""What it costs that services ask who one is: pairs with and without, in one run, each from a state alike.

First sync: Argo CD syncs an Application of a repository it has not seen, from our Git server by TLS, and by a relay
without TLS in front of the same server (it takes the place of the one that decrypts, so the hops are as many). The
account is asked for both times; without one the server would serve nobody.
The time from nothing running, which the goal is about, is that and the start of the services: the median of three.
Step check: Lab 1's ``test-cloud``, which applies a module, against the local cloud that speaks TLS and verifies each
signature, and against the same cloud without either. One request: the same two, and the smallest request there is.

Pairs run in turn, and more of them until it is sure (99 %) whether the goal is met. A machine that is too busy to say
gets the verdict "could not tell", never a guess.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import socketserver
import statistics
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks._argocd import CONFIG, LIMIT, SERVER
from benchmarks._pairs import seconds, settle
from helpers.clients.argocd import ArgoCD
from helpers.clients.aws import cloud
from helpers.clients.forge import Forge
from helpers.core import http, process
from helpers.core.polling import wait_until
from helpers.course import outline
from helpers.course.labs import Lab
from helpers.course.labs.proof import isolated_services
from helpers.runtime import services, trust
from helpers.runtime.cloud_access import key_file
from helpers.runtime.services.short_paths import short_path

#: How much slower it may be with all of it.
GOAL = 1.05
STEP = "test-cloud"
#: Pairs at first, and when it gives up.
LEAST, MOST = 20, 160
#: Pairs of single requests for each pair of checks.
REQUESTS = 20
#: How often the services are started.
STARTS = 3
#: The local cloud as it is, but for who asks, and TLS.
_UNGUARDED = """
from helpers.servers.cloud import app

def serve(cloud, port, context):
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import ThreadedWSGIServer

    class Quiet(MotoRequestHandler):
        disable_nagle_algorithm = True

        def log_request(self, *told):
            pass

    ThreadedWSGIServer("127.0.0.1", port, cloud, handler=Quiet).serve_forever()

app.Guard, app.serve = lambda cloud, *_: cloud, serve
app.main()
"""
_numbers = itertools.count(1)


def measure(least: int = LEAST, most: int = MOST) -> dict[str, Any]:
    """Return the comparisons: seconds without (bare) and with (ours), their ratio, and the verdict of each."""
    load = os.getloadavg()[0]
    with isolated_services() as home:
        rows = _checks(home, least, most)
        services.start("gitops")
        start = statistics.median(_start() for _ in range(STARTS))
        rows["from nothing to the first sync"] = _syncs(home, start, least, most)
    judged = {name: row["verdict"] for name, row in rows.items() if name != "one request"}
    return {
        "benchmark": "credentials",
        "goal_ratio": GOAL,
        "cores": psutil.cpu_count(),
        "load_before": round(load, 1),
        "rows": rows,
        "start_seconds": round(start, 2),
        "over_goal": [name for name, verdict in judged.items() if verdict == "over"],
        "could_not_tell": [name for name, verdict in judged.items() if verdict == "could not tell"],
    }


def _start() -> float:
    services.stop("all")
    return seconds(lambda: services.start("gitops"))


def _checks(home: Path, least: int, most: int) -> dict[str, Any]:
    spec = outline.lab("lab1")
    lab = Lab("lab1", work=home / spec.assignment / "work")
    for step in spec.steps:
        lab.solve(step.id)
        if step.id == STEP:
            break
    services.ensure("cloud")
    # Both begin empty.
    cloud.reset()

    def check() -> None:
        # Of the other cloud are the credentials that are remembered.
        cloud.forget()
        found = lab.result(STEP)
        if not found.passed:
            raise RuntimeError(f"{STEP} did not pass: {found.reason}")

    with _unguarded(home) as url:

        def bare() -> Callable[[], None]:
            return lambda: _bare(url, check)

        with _elsewhere(url):
            cloud.forget()
            free = cloud.client("sts", "vision")
        cloud.forget()
        asked = cloud.client("sts", "vision")
        requests = (lambda: free.get_caller_identity, lambda: asked.get_caller_identity)
        one = settle(*requests, GOAL, least=least * REQUESTS, most=least * REQUESTS)
        return {"one request": one, "step check": settle(bare, lambda: check, GOAL, least=least, most=most)}


def _bare(url: str, check: Callable[[], None]) -> None:
    with _elsewhere(url):
        check()


@contextlib.contextmanager
def _elsewhere(url: str) -> Iterator[None]:
    os.environ["MOD208_CLOUD_URL"] = url
    try:
        yield
    finally:
        del os.environ["MOD208_CLOUD_URL"]


@contextlib.contextmanager
def _unguarded(home: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = home / "unguarded"
    data.mkdir()
    identity = trust.authority_directory() / "cloud"
    options = ["--port", str(port), "--data", str(data), "--access", str(key_file())]
    options += ["--cert", f"{identity}.crt", "--key", f"{identity}.key"]
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return http.request("GET", f"{url}/moto-api/data.json").ok
        except http.NoAnswer:
            return False

    running = process.start([sys.executable, "-P", "-c", _UNGUARDED, *options], timeout=None)
    try:
        wait_until("the cloud without a guard answers", answers, 120)
        yield url
    finally:
        running.cancel()


def _syncs(home: Path, start: float, least: int, most: int) -> dict[str, Any]:
    forge, argo, made = Forge(), ArgoCD(), list[str]()
    port = services.ensure("git").address.rpartition(":")[2]
    with _plain(port) as plain:

        def sync(server: str) -> Callable[[], None]:
            # Not measured: the repository, and that the Application before goes.
            while made:
                argo.delete(made.pop())
            url, name = _repository(home, forge, argo, server), f"credentials-{next(_numbers)}"

            def one() -> None:
                made.append(name)
                argo.apply(_application(name, url))
                argo.wait(name, timeout=LIMIT)

            return one

        ways = (lambda: sync(plain), lambda: sync(forge.server))
        try:
            return settle(*ways, GOAL, least=least, most=most, extra=start)
        finally:
            for name in made:
                argo.delete(name)


def _repository(home: Path, forge: Forge, argo: ArgoCD, server: str) -> str:
    """Make a repository that Argo CD has not looked into, and return its URL at a server."""
    name = f"sync-{next(_numbers)}"
    forge.create(name, policy={"gates": False, "approvals": 0})
    git = forge.clone(name, home / name)
    (git.workdir / "app").mkdir()
    (git.workdir / "app" / "config.yaml").write_text(CONFIG)
    git.add(all=True)
    git.commit("Deploy the model's settings")
    git.push("origin", "main")
    login = forge.credentials()
    argo.add_repository(url := f"{server}/{name}.git", login.username, login.password)
    return url


def _application(name: str, url: str) -> dict[str, Any]:
    spec = {
        "project": "default",
        "source": {"repoURL": url, "path": "app", "targetRevision": "main"},
        "destination": {"server": SERVER, "namespace": name},
        "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]},
    }
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name}, "spec": spec}


@contextlib.contextmanager
def _plain(port: str) -> Iterator[str]:
    """Give a server without TLS that passes on to the Git server's inner socket."""
    inner = short_path(services.data("git").parent / "inner.sock", 0)

    class Pass(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            mine, theirs = (f"127.0.0.1:{one}".encode() for one in (self.server.server_address[1], port))
            with socket.socket(socket.AF_UNIX) as into:
                into.connect(str(inner))
                back = threading.Thread(target=_pump, args=[into, self.request], daemon=True)
                back.start()
                # The server answers for one host only.
                _pump(self.request, into, lambda block: block.replace(mine, theirs))
                back.join()

    class Relay(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Relay(("127.0.0.1", 0), Pass) as relay:
        threading.Thread(target=relay.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{relay.server_address[1]}"
        relay.shutdown()


def _pump(source: socket.socket, target: socket.socket, change: Callable[[bytes], bytes] = bytes) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(64 * 1024):
            target.sendall(change(block))
        target.shutdown(socket.SHUT_WR)


def show(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as lines for a person."""
    for name, row in found["rows"].items():
        low, high = row["interval"]
        times = f"without {row['bare_seconds']:7.4f} s   with {row['ours_seconds']:7.4f} s"
        yield f"{name:31}{times}   ratio {row['ratio']:.3f} ({low:.3f} to {high:.3f} at 99 %, {row['pairs']} pairs)"
        if name != "one request":
            yield f"{'':31}goal <= {found['goal_ratio']:.2f}: {row['verdict']}"
    yield f"in the last row both ways begin with the start of the services, {found['start_seconds']:.2f} s"
    yield f"load before {found['load_before']:.1f} on {found['cores']} cores"

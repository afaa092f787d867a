"""What GitOps costs on this machine: a warm start to the first synced application, memory, and 1, 10, 100 applications.

In a world of its own. A warm start is one with the tools built and the cluster's state kept: from nothing running to a
new application synced. Each number of applications is made by one ApplicationSet, each deploys one ConfigMap; the time
runs from handing it in to the last application synced. Requests are those that Kubernetes' API server answered
meanwhile, by its own count; memory is in MiB, when all are synced: resident, and once more with the pages that several
processes share (four of Argo CD are one binary) counted once, which is what the goal is judged by.
"""

from __future__ import annotations

import collections
import itertools
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks._argocd import CONFIG, LIMIT, SERVER
from helpers.clients.argocd import ArgoCD
from helpers.core.polling import wait_until
from helpers.course.labs.proof import isolated_services
from helpers.runtime import services
from helpers.runtime.services.control_plane import kubeconfig
from helpers.runtime.services.control_plane.rest import Rest
from helpers.runtime.services.record import Record
from helpers.wrappers.git import Git, Identity

#: Seconds from nothing running to the first synced application, and MiB in memory of all processes then; at most.
GOAL_SECONDS, GOAL_MIB = 15.0, 1024.0
STARTS, REPEATS = 3, 3
COUNTS = (1, 10, 100)
_numbers = itertools.count(1)


def measure(starts: int = STARTS, repeats: int = REPEATS, counts: Sequence[int] = COUNTS) -> dict[str, Any]:
    """Return the figures: medians of *starts* warm starts, and of *repeats* rounds of each number of applications."""
    load = os.getloadavg()[0]
    with isolated_services() as home:
        url = _repository(home)
        cold = _start(url)
        warm, memory, shared = [], [], []
        for _ in range(starts):
            services.stop("all")
            warm.append(_start(url))
            memory.append(resident())
            shared.append(shared_once())
        rows = [_grown(url, count, repeats) for count in counts]
    seconds = statistics.median(took for took, _ in warm)
    idle = {name: round(statistics.median(row[name] for row in memory), 1) for name in memory[0]}
    once = statistics.median(shared)
    return {
        "benchmark": "gitops",
        "goal_seconds": GOAL_SECONDS,
        "goal_mib": GOAL_MIB,
        "cores": psutil.cpu_count(),
        # What else the machine did: above the number of cores, the times say little.
        "load_before": round(load, 1),
        "first_start_seconds": round(cold[0], 2),
        "warm_start_seconds": round(seconds, 2),
        "warm_start_services_seconds": round(statistics.median(up for _, up in warm), 2),
        "starts": starts,
        "resident_mib": idle,
        "total_mib": round(sum(idle.values()), 1),
        "shared_once_mib": once,
        "applications": rows,
        "over_goal": [name for name, over in (("seconds", seconds > GOAL_SECONDS), ("mib", once > GOAL_MIB)) if over],
    }


def resident() -> dict[str, float]:
    """Return the resident MiB of each process of the services that GitOps needs."""
    return {name: round(process.memory_info().rss / 2**20, 1) for name, process in _processes().items()}


def shared_once() -> float:
    """Return the MiB of all of them, where processes of one binary share their pages counted once."""
    private, shared = 0, collections.Counter[str]()
    for process in _processes().values():
        size = process.memory_full_info()
        private += size.uss
        shared[process.exe()] = max(shared[process.exe()], size.rss - size.uss)
    return round((private + shared.total()) / 2**20, 1)


def _processes() -> dict[str, psutil.Process]:
    records = (Record.read(services.data(name).parent / "service.json") for name in ("kubernetes", "gitops"))
    return {started.name: psutil.Process(started.pid) for record in records for started in record.processes}


def _repository(home: Path) -> str:
    folder = home / "repository"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "config.yaml").write_text(CONFIG)
    git = Git(folder).init()
    git.configure_identity(Identity("Ada", "ada@acme.test"), sign=False)
    git.add(all=True)
    git.commit("Deploy the model's settings")
    return f"file://{folder}"


def _spec(url: str, namespace: str) -> dict[str, Any]:
    return {
        "project": "default",
        "source": {"repoURL": url, "path": "app", "targetRevision": "main"},
        "destination": {"server": SERVER, "namespace": namespace},
        "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]},
    }


def _start(url: str) -> tuple[float, float]:
    """Start everything and sync a new application; return the seconds of all, and of the services alone."""
    name = f"first-{next(_numbers)}"
    begun = time.perf_counter()
    services.start("gitops")
    up = time.perf_counter() - begun
    argo = ArgoCD()
    meta = {"name": name}
    spec = _spec(url, name)
    argo.apply({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "spec": spec})
    argo.wait(name, timeout=LIMIT)
    took = time.perf_counter() - begun
    argo.delete(name)
    return took, up


def _grown(url: str, count: int, repeats: int) -> dict[str, Any]:
    """Return what *count* applications take from nothing to synced."""
    rounds = [_round(url, count) for _ in range(repeats)]
    memory = {name: round(statistics.median(r["memory"][name] for r in rounds), 1) for name in rounds[0]["memory"]}
    requests = statistics.median(r["requests"] for r in rounds)
    return {
        "applications": count,
        "repeats": repeats,
        "seconds": round(statistics.median(r["seconds"] for r in rounds), 2),
        "api_requests": int(requests),
        "api_requests_each": round(requests / count, 1),
        "resident_mib": memory,
        "total_mib": round(sum(memory.values()), 1),
        "shared_once_mib": statistics.median(r["shared"] for r in rounds),
    }


def _round(url: str, count: int) -> dict[str, Any]:
    argo, name = ArgoCD(timeout=120), f"set-{next(_numbers)}"
    names = [f"{name}-{number:03}" for number in range(count)]
    made = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": name},
        "spec": {
            "goTemplate": True,
            "generators": [{"list": {"elements": [{"name": one} for one in names]}}],
            "template": {"metadata": {"name": "{{.name}}"}, "spec": _spec(url, "{{.name}}")},
        },
    }
    before, begun = _requests(), time.perf_counter()
    argo.apply(made)
    argo.wait_all(names, timeout=LIMIT)
    seconds, after = time.perf_counter() - begun, _requests()
    found = {"seconds": seconds, "requests": after - before, "memory": resident(), "shared": shared_once()}
    argo.delete_application_set(name)
    _gone(argo, names)
    return found


def _gone(argo: ArgoCD, names: Sequence[str]) -> None:
    def gone() -> bool:
        return not {application.name for application in argo.applications()} & set(names)

    wait_until(f"{len(names)} applications are deleted", gone, LIMIT, every=0.5)


def _requests() -> int:
    """Return how many requests Kubernetes' API server has answered so far; the opening of a watch counts as one."""
    with Rest(kubeconfig()) as api:
        text = api.ask("/metrics").text
    lines = (line for line in text.splitlines() if line.startswith("apiserver_request_total{"))
    return int(sum(float(line.rpartition(" ")[2]) for line in lines))


def show(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as lines for a person."""
    yield f"first start to a synced application {found['first_start_seconds']:7.2f} s"
    yield f"warm start to a synced application  {found['warm_start_seconds']:7.2f} s   (goal <= {GOAL_SECONDS:g} s)"
    yield f"memory, shared pages counted once   {found['shared_once_mib']:7.1f} MiB (goal <= {GOAL_MIB:g} MiB)"
    yield f"resident, summed over processes     {found['total_mib']:7.1f} MiB"
    for name, size in sorted(found["resident_mib"].items(), key=lambda item: -item[1]):
        yield f"  {name:32}{size:9.1f} MiB"
    yield f"{'applications':>14}{'all synced':>14}{'API requests':>16}{'memory':>14}"
    for row in found["applications"]:
        counts = f"{row['applications']:14}{row['seconds']:12.2f} s{row['api_requests']:16}"
        yield f"{counts}{row['shared_once_mib']:10.1f} MiB"

"""The control plane as it runs: who may talk to it, where it listens, and what a kill -9 leaves."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from helpers.core.errors import BadInput
from helpers.course.scenarios import story
from helpers.runtime import services
from helpers.runtime.services import Supervisor, catalog
from helpers.runtime.services.control_plane import kubeconfig
from helpers.runtime.services.control_plane.objects import NODES
from helpers.runtime.services.control_plane.rest import Rest
from helpers.runtime.services.pki import Authority
from helpers.runtime.services.record import MARKER
from tests.waits import until

PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "inference"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "inference"}},
        "template": {
            "metadata": {"labels": {"app": "inference"}},
            "spec": {
                "containers": [
                    {
                        "name": "server",
                        "image": "registry.acme.test/inference:1",
                        "resources": {"limits": {"nvidia.com/gpu": "2"}},
                    }
                ]
            },
        },
    },
}
PATH = "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture(scope="module")
def folder() -> Path:
    services.start("kubernetes")
    return services.data("kubernetes").parent


@pytest.fixture
def api(folder: Path) -> Iterator[Rest]:
    with Rest(kubeconfig()) as rest:
        yield rest


def pids(folder: Path) -> dict[str, int]:
    record = json.loads((folder / "service.json").read_text())
    return {process["name"]: process["pid"] for process in record["processes"]}


def ready(api: Rest, replicas: int) -> bool:
    found = api.get(f"{PATH}/inference")
    return found is not None and found["status"].get("readyReplicas") == replicas


def test_a_deployment_gets_gpus_and_becomes_ready(api: Rest) -> None:
    nodes = api.get("/api/v1/nodes")
    assert nodes is not None
    assert sorted(node["metadata"]["name"] for node in nodes["items"]) == sorted(NODES)
    api.create(PATH, DEPLOYMENT)
    until(lambda: ready(api, 3))
    pods = api.get("/api/v1/namespaces/default/pods")
    assert pods is not None
    assert {pod["spec"]["nodeName"] for pod in pods["items"]} <= set(NODES)


def test_more_gpus_than_there_are_stay_pending_with_the_reason(api: Rest) -> None:
    greedy = json.loads(json.dumps(DEPLOYMENT))
    greedy["metadata"]["name"] = "greedy"
    greedy["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] = "9"
    api.create(PATH, greedy)

    def refused() -> bool:
        events = api.get("/api/v1/namespaces/default/events")
        return any("Insufficient nvidia.com/gpu" in event["message"] for event in (events or {})["items"])

    until(refused)


def test_the_version_that_crashes_is_the_one_the_course_builds(folder: Path, api: Rest) -> None:
    image = f"{story.IMAGE}@{story.push_image(services.ensure('oci').address, '1.2.0')}"
    crashing = json.loads(json.dumps(DEPLOYMENT))
    crashing["metadata"]["name"] = "crashing"
    crashing["spec"]["template"]["spec"]["containers"][0] |= {"image": image, "resources": {}}
    api.create(PATH, crashing)

    def crashed() -> bool:
        pods = api.get("/api/v1/namespaces/default/pods")
        states = [
            status["state"].get("waiting", {}).get("reason")
            for pod in (pods or {})["items"]
            for status in pod["status"].get("containerStatuses", [])
            if status["image"] == image
        ]
        return states == ["CrashLoopBackOff"] * 3

    until(crashed)
    found = api.get(f"{PATH}/crashing")
    assert found is not None and not found["status"].get("readyReplicas")


def test_it_listens_on_loopback_only(folder: Path) -> None:
    for name, pid in pids(folder).items():
        heard = [c.laddr.ip for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        assert heard and set(heard) == {"127.0.0.1"}, name


def test_its_files_are_the_owners_alone(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and "etcd" not in path.parts:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_stranger_is_refused(folder: Path, tmp_path: Path) -> None:
    url = services.ensure("kubernetes").url
    ca = folder / "pki" / "ca.crt"
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{url}/api/v1/nodes", verify=str(ca), timeout=180).status_code == 401
        foreign = Authority(tmp_path / "pki").issue("admin", "admin", groups=("system:masters",))
        answer = session.get(
            f"{url}/api/v1/nodes", verify=str(ca), cert=(str(foreign.cert), str(foreign.key)), timeout=180
        )
        assert answer.status_code == 401
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"{url}/readyz", verify=str(tmp_path / "pki" / "ca.crt"), timeout=180)


def test_a_tenant_may_do_what_rbac_grants_and_no_more(folder: Path, api: Rest) -> None:
    with Rest(kubeconfig("vision", namespace="vision")) as vision:
        assert vision.ask("/api/v1/namespaces/default/pods").status == 403
        assert "system:masters" not in vision.ask("/apis/authentication.k8s.io/v1").text
    for wrong in ("kwok", "scheduler", "../admin", "", "UPPER"):
        with pytest.raises(BadInput):
            kubeconfig(wrong)


def test_secrets_are_not_readable_on_the_disk(folder: Path, api: Rest) -> None:
    word = "canary-" + os.urandom(8).hex()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "canary"}, "stringData": {"word": word}}
    api.create("/api/v1/namespaces/default/secrets", secret)
    stored = [path for path in (folder / "data" / "etcd").rglob("*") if path.is_file()]
    assert stored
    assert not any(word.encode() in path.read_bytes() for path in stored)
    log = (folder / "audit.log").read_text()
    assert '"name":"canary"' in log
    assert word not in log


@pytest.mark.parametrize("part", PARTS)
def test_killed_and_started_again_it_has_everything(folder: Path, part: str) -> None:
    before = services.ensure("kubernetes")
    os.kill(pids(folder)[part], signal.SIGKILL)
    until(lambda: next(s for s in services.status() if s.name == "kubernetes").status != "running")
    after = services.ensure("kubernetes")
    assert after.url == before.url
    with Rest(kubeconfig()) as again:
        until(lambda: ready(again, 3))
        # New pods run at once too: nothing waits for what the killed part had reserved.
        plain = json.loads(json.dumps({**DEPLOYMENT, "metadata": {"name": part}}))
        plain["spec"]["template"]["spec"]["containers"][0]["resources"] = {}
        again.apply(f"{PATH}/{part}", plain)
        until(
            lambda: (again.get(f"{PATH}/{part}") or {}).get("status", {}).get("readyReplicas") == 3, f"{part} is back"
        )
        # Nobody waits 38 s for the lease of a killed one: none is taken.
        assert again.get("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager") is None


def test_a_second_learner_has_a_plane_of_their_own(folder: Path, tmp_path: Path) -> None:
    other = Supervisor(catalog.SPECS, tmp_path / "services")
    mine = services.ensure("kubernetes")
    theirs = other.start("kubernetes")
    try:
        assert theirs.url != mine.url
        with Rest(tmp_path / "services" / "kubernetes" / "kubeconfig" / "admin.json") as api:
            assert api.get(f"{PATH}/inference") is None
    finally:
        other.stop("kubernetes")
    assert services.ensure("kubernetes").pid == mine.pid


def test_too_little_memory_is_said_before_anything_starts(tmp_path: Path) -> None:
    from dataclasses import replace

    greedy = replace(catalog.SPECS["kubernetes"], memory_mb=10_000_000)
    with pytest.raises(services.NotEnoughMemory) as caught:
        Supervisor({"kubernetes": greedy}, tmp_path / "services").start("kubernetes")
    assert "free" in caught.value.why
    assert "course services stop" in caught.value.next


def test_a_busy_port_is_named(folder: Path, tmp_path: Path) -> None:
    taken = int(services.ensure("kubernetes").url.rsplit(":", 1)[1])
    with pytest.raises(services.PortBusy) as caught:
        Supervisor(catalog.SPECS, tmp_path / "services").start("kubernetes", port=taken)
    assert str(taken) in caught.value.what


def test_stopped_it_leaves_no_process(folder: Path) -> None:
    services.stop("kubernetes")
    mark = str(folder)
    left = []
    for process in psutil.process_iter(["name", "environ"]):
        if (process.info["environ"] or {}).get(MARKER) == mark and process.status() != psutil.STATUS_ZOMBIE:
            left.append(process.info["name"])
    assert left == []

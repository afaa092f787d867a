"""Waiting and watching, also while the API server is killed; on a real control plane."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers.clients.kubernetes import Cluster, Forbidden, Object, TimedOut, Unreachable, WatchEvent, _wait, _watch
from helpers.clients.kubernetes._connection import Connection
from helpers.clients.kubernetes._protocol import Disconnected
from helpers.runtime import services
from tests.clients.kubernetes.manifests import config_map
from tests.waits import LIMIT, until

Make = Callable[..., dict[str, Any]]


class Heard:
    """Collects a watch in the background."""

    def __init__(self, events: Iterator[WatchEvent]) -> None:
        self.events: list[tuple[str, str, str]] = []
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._listen, args=(events,), daemon=True)
        self._thread.start()

    def _listen(self, events: Iterator[WatchEvent]) -> None:
        try:
            for event in events:
                value = (event.object.raw.get("data") or {}).get("a", "")
                self.events.append((event.type, event.object.name, value))
        except Exception as error:
            self.error = error

    def until(self, count: int) -> list[tuple[str, str, str]]:
        until(lambda: len(self.events) >= count or not self._thread.is_alive())
        return self.events

    def end(self) -> None:
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()


def kill_api_server() -> None:
    """Kill the API server as `kill -9` would, then have the service repaired."""
    import psutil

    service = services.ensure("kubernetes")
    port = service.url.rpartition(":")[2]
    (server,) = (
        process
        for process in psutil.process_iter(["cmdline"])
        if f"--secure-port={port}" in (process.info["cmdline"] or ())
    )
    os.kill(server.pid, signal.SIGKILL)
    server.wait(60)


def test_a_watch_tells_what_is_there_then_every_change_and_ends_in_time(cluster: Cluster, room: str) -> None:
    cluster.apply([config_map(room, "old", a="1"), config_map(room, "other", a="1")])
    heard = Heard(cluster.watch("ConfigMap", namespace=room, timeout=10))
    names = {name for _, name, _ in heard.until(3)}
    assert {"old", "other"} <= names
    seen = len(heard.events)
    cluster.apply(config_map(room, "old", a="2"))
    cluster.apply(config_map(room, "new", a="1"))
    cluster.delete("ConfigMap", "old", namespace=room)
    assert heard.until(seen + 3)[seen:] == [("MODIFIED", "old", "2"), ("ADDED", "new", "1"), ("DELETED", "old", "2")]
    heard.end()
    assert heard.error is None


def test_a_watch_of_one_name_or_label_hears_no_other(cluster: Cluster, room: str) -> None:
    labelled = config_map(room, "labelled", a="1")
    labelled["metadata"]["labels"] = {"team": "vision"}
    cluster.apply([labelled, config_map(room, "plain", a="1")])
    by_name = cluster.watch("ConfigMap", "plain", namespace=room, timeout=LIMIT)
    by_label = cluster.watch("ConfigMap", namespace=room, selector={"team": "vision"}, timeout=LIMIT)
    assert repr(next(by_name)) == f"WatchEvent(ADDED ConfigMap {room}/plain)"
    assert next(by_label).object.name == "labelled"
    # Each is changed twice, in turn: a watch that heard the other would tell of it in between.
    for value in ("2", "3"):
        cluster.apply([{**labelled, "data": {"a": value}}, config_map(room, "plain", a=value)])
    for name, watch in (("plain", by_name), ("labelled", by_label)):
        told = [(event.type, event.object.name, event.object.raw["data"]["a"]) for event in itertools.islice(watch, 2)]
        assert told == [("MODIFIED", name, "2"), ("MODIFIED", name, "3")]


def test_a_watch_that_is_left_early_closes_its_connection(cluster: Cluster, room: str) -> None:
    for _ in range(20):
        for event in cluster.watch("Namespace"):
            assert event.type == "ADDED"
            break
    assert cluster.exists("Namespace", room)


def test_values_of_secrets_stay_masked_in_a_watch(cluster: Cluster, room: str) -> None:
    meta = {"name": "s", "namespace": room}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"k": "hunter2-hunter2"}})
    event = next(cluster.watch("Secret", "s", namespace=room, timeout=LIMIT))
    assert "aHVudGVyMi1odW50ZXIy" not in str(event.object.raw)


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Puts faults before the next watches: an error to raise, or lines to give instead of the server's."""
    faults: list[Any] = []
    real = Connection.lines

    def lines(self: Connection, *args: Any, **kwargs: Any) -> Iterator[dict[str, Any]]:
        fault = faults.pop(0) if faults else None
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            yield from fault
            return
        yield from real(self, *args, **kwargs)

    monkeypatch.setattr(Connection, "lines", lines)
    return faults


def test_a_version_that_is_too_old_is_made_up_for_from_the_list(cluster: Cluster, room: str, flaky: list[Any]) -> None:
    cluster.apply([config_map(room, "a", a="1"), config_map(room, "b", a="1"), config_map(room, "c", a="1")])
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}

    def changes() -> Iterator[dict[str, Any]]:
        # What happens while the watch is away is only in the list.
        cluster.apply([config_map(room, "a", a="2"), config_map(room, "d", a="1")])
        cluster.delete("ConfigMap", "b", namespace=room)
        yield {}
        yield gone

    flaky.append(changes())
    events = cluster.watch("ConfigMap", namespace=room, timeout=LIMIT)
    mine = list(itertools.islice(((e.type, e.object.name) for e in events if e.object.name in "abcd"), 6))
    assert mine == [
        ("ADDED", "a"),
        ("ADDED", "b"),
        ("ADDED", "c"),
        ("DELETED", "b"),
        ("MODIFIED", "a"),
        ("ADDED", "d"),
    ]


def test_a_connection_that_breaks_again_and_again_is_taken_up(cluster: Cluster, room: str, flaky: list[Any]) -> None:
    cluster.apply(config_map(room, "a", a="1"))
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": ""}}}
    flaky += [Disconnected("reset"), iter([{}, bookmark]), Disconnected("reset"), iter([])]
    watch = cluster.watch("ConfigMap", "a", namespace=room, timeout=LIMIT)
    heard = [next(watch)]
    cluster.apply(config_map(room, "a", a="2"))
    heard.append(next(watch))
    assert [event.type for event in heard] == ["ADDED", "MODIFIED"]


def test_a_server_that_stays_away_ends_the_watch(
    cluster: Cluster, room: str, flaky: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.apply(config_map(room, "a", a="1"))
    monkeypatch.setattr(_watch, "PATIENCE", 0.5)
    flaky += [Disconnected("reset")] * 50
    with pytest.raises(Unreachable, match="cannot be taken up again"):
        list(cluster.watch("ConfigMap", "a", namespace=room))


def test_a_refused_watch_is_an_error_and_no_silence(cluster: Cluster, flaky: list[Any]) -> None:
    message = 'configmaps is forbidden: User "jo" cannot watch resource "configmaps" in API group ""'
    flaky.append(iter([{"type": "ERROR", "object": {"kind": "Status", "code": 403, "message": message}}]))
    with pytest.raises(Forbidden):
        list(cluster.watch("ConfigMap", timeout=2))


def test_wait_for_ready_gone_a_condition_and_a_function(cluster: Cluster, room: str, deployment: Make) -> None:
    cluster.apply(deployment(replicas=2, gpus=1))
    ready = cluster.wait("Deployment", "web", namespace=room)
    assert ready.status["availableReplicas"] == 2
    cluster.apply(deployment(replicas=2, image="web:2", gpus=1))
    cluster.wait("Deployment", "web", namespace=room)
    pods = cluster.get("Pod", namespace=room)
    images = {p.spec["containers"][0]["image"] for p in pods if not p.metadata.get("deletionTimestamp")}
    assert images == {"web:2"}
    assert cluster.wait("Deployment", "web", namespace=room, condition="Available").condition("Available") == "True"
    assert cluster.wait("Node", "gpu-1").name == "gpu-1"
    assert cluster.wait("Namespace", room).name == room
    assert cluster.wait("Deployment", "web", namespace=room, condition=lambda d: d.spec["replicas"] == 2)
    cluster.delete("Deployment", "web", namespace=room)
    cluster.wait("Deployment", "web", namespace=room, deleted=True)
    assert cluster.wait("Deployment", "web", namespace=room, deleted=True).name == "web"


def test_a_wait_in_vain_says_what_is_missing(cluster: Cluster, room: str, deployment: Make) -> None:
    with pytest.raises(TimedOut, match="is not ready after") as caught:
        cluster.wait("Deployment", "web", namespace=room, timeout=0.2)
    assert caught.value.missing == ("It is not there.",)
    cluster.apply(deployment(gpus=99))
    until(lambda: "FailedScheduling" in {event.reason for event in cluster.events(room, about="web")})
    with pytest.raises(TimedOut) as caught:
        cluster.wait("Deployment", "web", namespace=room, timeout=0.3)
    assert "0 of 1 replicas are available." in caught.value.missing
    assert "Insufficient nvidia.com/gpu" in caught.value.why
    with pytest.raises(TimedOut, match="Condition Funny is not reported"):
        cluster.wait("Deployment", "web", namespace=room, condition="Funny", timeout=0.1)
    with pytest.raises(TimedOut, match="its deletion was not requested"):
        cluster.wait("Deployment", "web", namespace=room, deleted=True, timeout=0.1)


def found(kind: str, status: dict[str, Any], spec: dict[str, Any] | None = None, generation: int = 1) -> Object:
    raw = {"kind": kind, "metadata": {"name": "a", "generation": generation}, "spec": spec or {}, "status": status}
    return Object.from_json(raw)


SEEN = {"observedGeneration": 1}


@pytest.mark.parametrize(
    ("one", "missing"),
    [
        (found("Deployment", {}), "has not seen"),
        (found("Deployment", SEEN, generation=2), "has not seen"),
        (found("Deployment", {**SEEN, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 2}), "1 old replicas"),
        (found("Deployment", {**SEEN, "updatedReplicas": 1}, {"replicas": 3}), "1 of 3 replicas are up to date"),
        (found("Deployment", SEEN, {"replicas": 0}), ""),
        (found("StatefulSet", {**SEEN, "readyReplicas": 1}, {"replicas": 2}), "1 of 2"),
        (found("StatefulSet", {**SEEN, "readyReplicas": 1, "updateRevision": "b", "currentRevision": "a"}), "revision"),
        (found("DaemonSet", {**SEEN, "desiredNumberScheduled": 2, "numberAvailable": 1}), "1 of 2 pods"),
        (found("DaemonSet", SEEN), ""),
        (found("ReplicaSet", SEEN), "0 of 1"),
        (found("Pod", {"phase": "Pending"}), "Ready is not reported"),
        (found("Pod", {"phase": "Succeeded"}), ""),
        (found("Job", {}), "Complete is not reported"),
        (found("Job", {"conditions": [{"type": "Complete", "status": "True"}]}), ""),
        (found("Namespace", {"phase": "Terminating"}), "Terminating"),
        (found("PersistentVolumeClaim", {"phase": "Bound"}), ""),
        (found("Model", {"conditions": [{"type": "Ready", "status": "False"}]}), "Ready is False"),
        (found("Model", {"conditions": [{"type": "Synced", "status": "False"}]}), ""),
        (found("Model", {"observedGeneration": 1}, generation=2), "has not seen"),
        (found("ConfigMap", {}), ""),
    ],
)
def test_what_ready_means_for_a_kind(one: Object, missing: str) -> None:
    lines = _wait.missing_for_ready(one)
    assert missing in " ".join(lines)
    assert bool(lines) == bool(missing)


# Last in this file: controllers take up to half a minute to come back after the API server was killed.
def test_a_killed_api_server_is_waited_for_and_nothing_is_told_twice(cluster: Cluster, room: str) -> None:
    cluster.apply(config_map(room, a="1"))
    heard = Heard(cluster.watch("ConfigMap", "settings", namespace=room, timeout=60))
    assert heard.until(1) == [("ADDED", "settings", "1")]
    waited: list[Any] = []
    done = threading.Thread(
        target=lambda: waited.append(
            cluster.wait(
                "ConfigMap",
                "settings",
                namespace=room,
                timeout=60,
                condition=lambda found: found.raw["data"] == {"a": "2"},
            )
        )
    )
    done.start()
    kill_api_server()
    with pytest.raises(Unreachable):
        cluster.get("ConfigMap", "settings", namespace=room)
    services.ensure("kubernetes")
    cluster.apply(config_map(room, a="2"))
    assert heard.until(2) == [("ADDED", "settings", "1"), ("MODIFIED", "settings", "2")]
    done.join(30)
    assert [found.name for found in waited] == ["settings"]
    assert heard.error is None

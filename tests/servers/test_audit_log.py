"""The audit log as a service: no acknowledged event lost, none invented, nothing readable by others."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from helpers.compliance.audit import (
    AuditDown,
    AuditLogDirectory,
    Event,
    LogRefused,
    NotAcknowledged,
    NotEnrolled,
    Subject,
    Trail,
    enrol,
)
from helpers.compliance.audit.api import Api, NoAnswer
from helpers.runtime import services, tools, trust
from tests.repeats import times
from tests.running import kill

#: Records events, some at a time, and says what it means to record, and what was acknowledged as which entry.
WRITER = """
import sys
from helpers.compliance.audit import Event, Subject, Trail
me, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
trail = Trail(me, patience=60)
for first in range(0, count, size):
    names = [f"{me}-{number}" for number in range(first, first + size)]
    print("wants", *names, flush=True)
    entries = trail.record_all([Event("plan", me, Subject.of(name, b"x"), "accepted") for name in names])
    print("has", *(f"{entry.event.subject.name}={entry.index}" for entry in entries), flush=True)
"""


def event(name: str) -> Event:
    return Event("plan", "ada", Subject.of(name, b"x"), "accepted")


def writer(name: str, count: int, size: int) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", WRITER, name, str(count), str(size)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


@pytest.mark.soak
def test_kills_amid_writes_lose_no_acknowledged_event_and_invent_none(state: Path) -> None:
    services.ensure("audit")
    big = times(1200, 24_000)
    for name in ("w0", "w1", "w2"):
        enrol(name, ["plan"])
    writers = [writer("w0", 12, 1), writer("w1", 12, 1), writer("w2", big, 100)]
    kills = 0
    while any(one.poll() is None for one in writers):
        with contextlib.suppress(subprocess.TimeoutExpired):
            writers[2].wait(0.7)
        if kills < times(4, 60):
            kill(services.ensure("audit").pid)
            kills += 1
            services.ensure("audit")
    said = [line.split() for one in writers for line in one.communicate()[0].splitlines()]
    assert [one.returncode for one in writers] == [0, 0, 0] and kills >= 2
    wanted = [name for words in said if words[0] == "wants" for name in words[1:]]
    pairs = [pair.split("=") for words in said if words[0] == "has" for pair in words[1:]]
    acknowledged = {int(index): name for name, index in pairs}
    trail = Trail()
    there = {entry.index: entry.statement["subject"][0]["name"] for entry in trail.entries()}
    assert acknowledged.items() <= there.items()
    # A writer looks, after a kill, whether its event is there: each was recorded once.
    assert sorted(there.values()) == sorted(wanted) and len(wanted) == 24 + big
    assert trail.verify().status == "valid"


def test_a_writer_that_is_killed_in_its_turn_holds_up_nobody_for_long(state: Path) -> None:
    services.ensure("audit")
    Trail().record_all([event("before")])
    lost = Trail("lost")
    lost._api.json("POST", "/turn")
    after = Trail().record_all([event("after")])[0]
    assert after.index == 1


def test_restart_goes_on_where_it_was(state: Path) -> None:
    service = services.ensure("audit")
    first = Trail().record_all([event(str(n)) for n in range(300)])
    before = Trail().checkpoint()
    services.stop("audit")
    with pytest.raises(AuditDown, match="course services start audit"):
        Trail(patience=0).checkpoint()
    assert services.ensure("audit").url == service.url
    assert Trail().checkpoint().root == before.root
    (more,) = Trail().record_all([event("more")])
    assert more.index == 300 and more.previous == first[-1].leaf_hash
    assert Trail().verify().status == "valid"


def test_a_connection_survives_a_restart_on_another_port(state: Path) -> None:
    services.ensure("audit")
    trail = Trail()
    trail.record_all([event("a")])
    before = services.stop("audit")[0].port
    with socket.create_server(("127.0.0.1", before)):
        assert services.ensure("audit").port != before
    assert trail.record_all([event("b")])[0].index == 1


def test_it_is_private_and_on_loopback(state: Path) -> None:
    service = services.ensure("audit")
    Trail().record_all([event("a")])
    listening = {c.laddr.ip for c in psutil.Process(service.pid).net_connections("tcp") if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    folder = state / "services" / "audit"
    assert not [path for path in folder.rglob("*") if path.stat().st_mode & 0o077]
    room = AuditLogDirectory.of_service()
    for path in (service.log, *(p for p in room.log.rglob("*") if p.is_file())):
        assert room.token().encode() not in path.read_bytes()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        known = ssl.create_default_context(cafile=trust.ca_file())
        urllib.request.urlopen(service.url + "/entries?start=0&end=1", timeout=180, context=known)
    room.token_file.write_text("another")
    with pytest.raises(LogRefused, match="token"):
        Trail().checkpoint()


def test_a_collector_that_nobody_enrolled_is_refused(state: Path) -> None:
    services.ensure("audit")
    with pytest.raises(NotEnrolled, match="stranger is not among the functionaries"):
        Trail("stranger").record_all([event("a")])
    before = Trail().directory.collectors.read_bytes()
    enrol("stranger", ["plan"])
    trail = Trail("stranger")
    assert trail.record_all([event("a")])[0].signer == trail.collector.key_id
    # The list as it was, under the log's feet.
    trail.directory.collectors.write_bytes(before)
    with pytest.raises(LogRefused, match="no known collector"):
        trail.record_all([event("b")])
    # Nor does a list help that the root did not sign.
    trail.directory.collectors.write_bytes(before.replace(b"acme.test/audit-root", b"acme.test/audit-Root"))
    with pytest.raises(LogRefused, match="list of functionaries"):
        Trail().record_all([event("c")])
    assert Trail().checkpoint().size == 1


def test_a_collector_states_what_it_may_and_nothing_else(state: Path) -> None:
    services.ensure("audit")
    with pytest.raises(LogRefused, match=r"role: .*may not state approval"):
        Trail("pipeline").record_all([Event("approval", "bela", Subject.of("a", b"x"), "accepted")])
    assert Trail("forge").record_all([Event("approval", "bela", Subject.of("a", b"x"), "accepted")])[0].index == 0
    assert Trail().verify().status == "valid"


def test_stop_leaves_nothing(state: Path) -> None:
    pid = services.ensure("audit").pid
    assert pid is not None and tools.ensure("audit-log").version
    services.stop("audit")
    assert not psutil.pid_exists(pid)


def test_a_log_that_does_not_come_back_is_said(state: Path) -> None:
    pid = services.ensure("audit").pid
    trail = Trail(patience=0.3)
    (first,) = trail.record_all([event("a")])
    turn = trail._api.json("POST", "/turn")
    kill(pid)
    with pytest.raises(NotAcknowledged, match="It is not known whether") as unsure:
        trail._post(turn["turn"], [first.raw])
    assert "course services start audit" in unsure.value.next
    with pytest.raises(AuditDown, match="down"):
        trail.record_all([event("b")])
    services.ensure("audit")
    # What is there is acknowledged to whoever asks again; of a part that is there, the rest is recorded anew.
    assert trail._post("any", [first.raw]).startswith("acme.test/audit\n1\n")
    assert trail._kept(0, [first.raw, b"x"]) == 1 and trail._kept(1, [b"x"]) == 0


def test_a_lost_answer_makes_no_second_entry(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services.ensure("audit")
    trail, call = Trail(), Api.call
    lost = []

    def deaf(api: Api, method: str, path: str, body: bytes | None = None) -> bytes:
        answer = call(api, method, path, body)
        if path.startswith("/entries?turn") and not lost:
            lost.append(answer)
            raise NoAnswer("the connection broke")
        return answer

    monkeypatch.setattr(Api, "call", deaf)
    entries = trail.record_all([event("a"), event("b")])
    assert lost and [entry.index for entry in entries] == [0, 1] and trail.entries() == entries

"""The supervisor with small real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from helpers.core import process as _process
from helpers.runtime.services import (
    CrashedOnStart,
    MissingProgram,
    NotEnoughDisk,
    NotReady,
    PortBusy,
    Process,
    ServiceContext,
    ServiceSpec,
    Supervisor,
    UnknownService,
    ports,
)
from tests.waits import until

#: A service that keeps a child in its group and answers over HTTP.
SERVER = """
import http.server, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
"""


def server(context: ServiceContext) -> Sequence[Process]:
    return [Process("main", [sys.executable, "-c", SERVER, str(context.ports["http"])], port="http", health="/")]


def python(code: str, port: str = "") -> Callable[[ServiceContext], Sequence[Process]]:
    return lambda context: [Process("main", [sys.executable, "-c", code], port=port)]


def alone(make: Callable[[ServiceContext], Sequence[Process]], **options: object) -> dict[str, ServiceSpec]:
    return {"web": ServiceSpec("web", "a test", make, **options)}  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "services"
    with contextlib.suppress(Exception):
        Supervisor({n: ServiceSpec(n, "", server) for n in ("web", "base", "top")}, tmp_path / "services").stop()


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait(condition: Callable[[], bool]) -> bool:
    return until(condition)


def test_start_status_stop(folder: Path) -> None:
    one = Supervisor(alone(server), folder)
    assert [s.status for s in one.status()] == ["stopped"]
    service = one.start("web")
    assert service.status == "running" and repr(service) == f"Service(web: running at {service.url})"
    assert service.url in service._repr_html_()
    assert one.start("web").pid == service.pid == one.ensure("web").pid
    child = int(one.logs("web").split("child ")[1].split()[0])
    assert [s.status for s in one.stop("web")] == ["stopped"]
    assert gone(service.pid or 0) and gone(child)
    assert one.restart("web").url == service.url


def test_files_are_private(folder: Path) -> None:
    service = Supervisor(alone(server), folder).start("web")
    assert oct((folder / "web").stat().st_mode & 0o777) == oct(0o700)
    assert {p.name: oct(p.stat().st_mode & 0o777) for p in (folder / "web").iterdir() if p.is_file()} == {
        "lock": oct(0o600),
        "log": oct(0o600),
        "service.json": oct(0o600),
    }
    assert service.data.is_dir()


def test_a_killed_service_comes_back_on_its_port_and_leaves_no_child(folder: Path) -> None:
    one = Supervisor(alone(server), folder)
    service = one.start("web")
    child = int(one.logs("web").split("child ")[1].split()[0])
    (service.data / "kept").write_text("x")
    os.kill(service.pid or 0, signal.SIGKILL)
    assert wait(lambda: one.status()[0].status == "failed") and not gone(child)
    again = one.ensure("web")
    assert again.url == service.url and again.pid != service.pid and not again.notice
    assert gone(child) and (again.data / "kept").read_text() == "x"


def test_stop_ends_nothing_else(folder: Path) -> None:
    # A process that has the pid of the record but is not the one that was started.
    with (
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True) as other,
        contextlib.ExitStack() as always,
    ):
        always.callback(other.kill)
        one = Supervisor(alone(server), folder)
        service = one.start("web")
        one.stop("web")
        record = folder / "web" / "service.json"
        text = f'{{"ports": {{"http": {service.port}}}, "ready": true, "started": 1.0, "processes": '
        record.write_text(text + f'[{{"name": "main", "pid": {other.pid}, "created": 1.0}}]}}')
        assert one.status()[0].status == "failed"
        one.stop("web")
        assert other.poll() is None


def test_two_programs_start_it_once(folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from helpers.runtime.services import Supervisor;"
        "from tests.runtime.services.test_supervisor import alone, server;"
        "print(Supervisor(alone(server), Path(sys.argv[1])).start('web').pid)"
    )
    argv = [sys.executable, "-c", code, str(folder)]
    root = Path(__file__).parents[3]
    running = [_process.start(argv, cwd=root, timeout=60) for _ in range(3)]
    pids = {process.wait().stdout.strip() for process in running}
    assert len(pids) == 1 and pids != {""}


def test_two_state_folders_do_not_collide(folder: Path, tmp_path: Path) -> None:
    here, there = Supervisor(alone(server), folder), Supervisor(alone(server), tmp_path / "other")
    first, second = here.start("web"), there.start("web")
    try:
        assert first.port != second.port and first.pid != second.pid
    finally:
        there.stop()
    assert here.status()[0].status == "running"


def test_a_busy_port(folder: Path) -> None:
    one = Supervisor(alone(server), folder)
    port = one.start("web").port
    one.stop("web")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortBusy, match=f"Port {port} is taken"):
            one.start("web", port=port)
        moved = one.start("web")
    assert moved.port != port and f"Port {port} was taken" in moved.notice and moved.notice in repr(moved)


def test_another_program_on_the_port_is_not_taken_for_ours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        silent = ServiceSpec("web", "", lambda s: [Process("main", ["sleep", "60"], port="http")], timeout=1.0)
        one = Supervisor({"web": silent}, folder)
        # The record says that the port is ours; only the process that listens on it tells.
        monkeypatch.setattr(ports, "choose", lambda *_: ({"http": port}, ""))
        with pytest.raises(NotReady):
            one.start("web")


def test_crash_on_start_shows_the_log(folder: Path) -> None:
    one = Supervisor(alone(python("raise SystemExit('no licence found')", "http")), folder)
    with pytest.raises(CrashedOnStart, match="no licence found") as crashed:
        one.start("web")
    assert crashed.value.next.startswith("course services logs web")
    assert one.status()[0].status == "stopped"


def test_not_ready_in_time_is_ended(folder: Path) -> None:
    one = Supervisor(alone(python("import os, time; print('pid', os.getpid()); time.sleep(60)", "http")), folder)
    with pytest.raises(NotReady):
        one.start("web", timeout=1.5)
    assert gone(int(one.logs("web").split()[1]))


def test_missing_program(folder: Path) -> None:
    one = Supervisor(alone(lambda context: [Process("main", ["no-such-program-here"])]), folder)
    with pytest.raises(MissingProgram, match="no-such-program-here"):
        one.start("web")


def test_not_enough_disk(folder: Path) -> None:
    with pytest.raises(NotEnoughDisk, match="MB are free"):
        Supervisor(alone(server, disk_mb=10**9), folder).start("web")


def test_unknown_service(folder: Path) -> None:
    with pytest.raises(UnknownService, match="Known services: web"):
        Supervisor(alone(server), folder).start("wbe")


def test_a_damaged_record_is_no_obstacle(folder: Path) -> None:
    (folder / "web").mkdir(parents=True)
    (folder / "web" / "service.json").write_text("{not json")
    assert Supervisor(alone(server), folder).start("web").status == "running"


def test_dependencies_and_several_processes(folder: Path) -> None:
    seen: dict[str, str] = {}

    def top(context: ServiceContext) -> Sequence[Process]:
        seen.update(context.urls)
        (context.directory / "config.yaml").write_text(f"upstream: {context.urls['base']}\n")
        side = Process("side", [sys.executable, "-c", "import time; time.sleep(600)"])
        return [side, *server(context)]

    specs = {
        "base": ServiceSpec("base", "", server),
        "top": ServiceSpec("top", "", top, depends=("base",)),
    }
    one = Supervisor(specs, folder)
    one.start("top")
    assert seen == {"base": one.status()[0].url}
    assert [s.status for s in one.status()] == ["running", "running"]
    stopped = one.stop("base")
    assert [s.name for s in stopped] == ["top", "base"]
    assert "Stopped with base" in stopped[0].notice and "start top" in stopped[0].notice and not stopped[1].notice
    assert not any(s.notice for s in one.stop("base"))
    one.start("top")
    again = one.restart("base")
    assert "with it" in again.notice and "top" in again.notice
    assert [s.status for s in one.status()] == ["running", "running"]
    assert seen == {"base": again.url}
    one.stop("top")
    assert not one.restart("base").notice
    assert [s.status for s in one.status()] == ["running", "stopped"]
    one.stop("base")
    assert [s.status for s in one.status()] == ["stopped", "stopped"]

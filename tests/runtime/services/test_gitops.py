"""Argo CD as it runs: accounts, TLS between its parts, and what a kill -9 of each part leaves."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from helpers.core import process as _process
from helpers.core.errors import BadInput
from helpers.runtime import services, tools
from helpers.runtime.services.gitops import account
from helpers.runtime.services.record import MARKER
from tests.waits import until

PARTS = ("redis", "repo-server", "application-controller", "applicationset-controller", "server")
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: greeting}\ndata: {word: hello}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # GnuPG's agent and git's password helper listen on sockets, whose paths may have 107 bytes.
    deep = tmp_path_factory.mktemp("state") / "a-name-as-long-as-a-class-gives-its-submissions-or-even-longer"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(deep))
        services.start("gitops")
        yield services.data("gitops").parent
        services.stop()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("repository")
    (path / "app").mkdir()
    (path / "app" / "greeting.yaml").write_text(CONFIG)
    git = tools.ensure("git").path
    for args in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=ada", "-c", "user.email=ada@acme.test", "commit", "-qm", "Say hello"],
    ):
        assert _process.run([git, *args], cwd=path, timeout=180).returncode == 0
    return path


class Session(requests.Session):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.account = account(name)
        self.trust_env = False
        self.verify = str(self.account.ca)
        self.headers["Authorization"] = f"Bearer {self.account.token}"

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.request(method, self.account.url + path, timeout=60, **options)


@pytest.fixture
def admin(folder: Path) -> Iterator[Session]:
    with Session("admin") as session:
        yield session


def application(name: str, repository: Path, project: str = "default") -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {
            "project": project,
            "source": {"repoURL": f"file://{repository}", "path": "app", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "syncPolicy": {"automated": {"selfHeal": True}, "syncOptions": ["CreateNamespace=true"]},
        },
    }


def until_synced(session: Session, name: str) -> None:
    def synced() -> bool:
        status = session.ask("GET", f"/api/v1/applications/{name}").json().get("status", {})
        return status.get("sync", {}).get("status") == "Synced" and status["health"]["status"] == "Healthy"

    until(synced, f"{name} is not synced and healthy")


def pids(folder: Path) -> dict[str, int]:
    record = json.loads((folder / "service.json").read_text())
    return {process["name"]: process["pid"] for process in record["processes"]}


def test_an_application_syncs_from_git(admin: Session, repository: Path) -> None:
    made = admin.ask("POST", "/api/v1/applications?upsert=true", json=application("hello", repository))
    assert made.status_code == 200, made.text
    until_synced(admin, "hello")


def test_it_listens_on_loopback_only(folder: Path) -> None:
    for name, pid in pids(folder).items():
        heard = [c.laddr.ip for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        assert heard and set(heard) == {"127.0.0.1"}, name


def test_nobody_gets_in_without_an_account(admin: Session) -> None:
    with requests.Session() as stranger:
        stranger.trust_env, stranger.verify = False, admin.verify
        url = admin.account.url
        assert stranger.get(f"{url}/api/v1/applications", timeout=180).status_code == 401
        wrong = {"username": "admin", "password": "admin"}
        assert stranger.post(f"{url}/api/v1/session", json=wrong, timeout=180).status_code == 401
    with pytest.raises(BadInput) as caught:
        account("mallory")
    assert "vision" in caught.value.why


def test_a_team_sees_its_own_project_only(admin: Session, repository: Path) -> None:
    with Session("vision") as vision:
        names = [item["metadata"]["name"] for item in vision.ask("GET", "/api/v1/applications").json()["items"] or []]
        assert "hello" not in names
        refused = vision.ask("POST", "/api/v1/applications", json=application("sneaky", repository))
        assert refused.status_code == 403
        assert "permission denied" in refused.text


def test_the_repo_server_and_the_cache_ask_who_calls(folder: Path) -> None:
    record = json.loads((folder / "service.json").read_text())
    import socket
    import ssl

    with socket.create_connection(("127.0.0.1", record["ports"]["redis"]), timeout=180) as plain:
        plain.sendall(b"PING\r\n")
        assert b"NOAUTH" in plain.recv(100)
    context = ssl.create_default_context(cafile=str(account().ca))
    with (
        socket.create_connection(("127.0.0.1", record["ports"]["repo"]), timeout=180) as raw,
        pytest.raises((ssl.SSLError, ConnectionError)),
        context.wrap_socket(raw, server_hostname="127.0.0.1") as without,
    ):
        without.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert without.recv(100) == b"", "it talked to a client without a certificate"
        raise ConnectionError("closed")


def test_a_token_and_a_password_are_shown_nowhere(folder: Path) -> None:
    admin = account()
    assert admin.token not in repr(admin)
    log = (folder / "log").read_text()
    assert admin.token not in log
    assert (folder / "accounts" / "admin").read_text() not in log


@pytest.mark.parametrize("part", PARTS)
def test_killed_and_started_again_it_goes_on(folder: Path, repository: Path, part: str) -> None:
    os.kill(pids(folder)[part], signal.SIGKILL)
    until(lambda: next(s for s in services.status() if s.name == "gitops").status != "running")
    with Session("admin") as again:
        made = again.ask("POST", "/api/v1/applications?upsert=true", json=application("hello", repository))
        assert made.status_code == 200, made.text
        until_synced(again, "hello")


def test_it_comes_back_after_the_control_plane_was_killed(folder: Path) -> None:
    record = json.loads((services.data("kubernetes").parent / "service.json").read_text())
    for process in record["processes"]:
        os.kill(process["pid"], signal.SIGKILL)
    with Session("admin") as again:
        until_synced(again, "hello")


def test_a_long_path_of_the_state_folder_is_no_obstacle(admin: Session, folder: Path) -> None:
    assert len(str(folder)) > 107
    gpg = [tools.ensure("gpg").path, "--batch", "--pinentry-mode=loopback", "--passphrase="]
    with tempfile.TemporaryDirectory() as home:
        env = _process.environment({"GNUPGHOME": home})
        _process.run([*gpg, "--quick-generate-key", "Ada <ada@acme.test>", "ed25519"], env=env, timeout=180)
        key = _process.run([*gpg, "--armor", "--export"], env=env, timeout=180).stdout
        _process.run(["gpgconf", "--kill", "all"], env=env, timeout=180)
    imported = admin.ask("POST", "/api/v1/gpgkeys?upsert=true", json={"keyData": key})
    assert imported.status_code == 200, imported.text
    assert "ada@acme.test" in admin.ask("GET", "/api/v1/gpgkeys").text


def test_stopped_it_leaves_no_process(folder: Path) -> None:
    services.stop("gitops")
    left = []
    for process in psutil.process_iter(["name", "environ"]):
        if (process.info["environ"] or {}).get(MARKER) == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
            left.append(process.info["name"])
    assert left == []

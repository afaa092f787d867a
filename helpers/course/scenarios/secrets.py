"""The scenario of the lecture on secrets: passwords, a cache with logins, and places where a secret leaks to.

Every secret is generated each time and masked in what helpers print. The cache is a real Redis server of its own; the
vault makes and removes its users.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import re
import secrets
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from helpers.clients.aws import cloud
from helpers.clients.kubernetes import Cluster
from helpers.clients.vault import Vault
from helpers.compliance.audit.types import counted
from helpers.core import process
from helpers.core.errors import BadInput, CourseError
from helpers.core.files import write_private
from helpers.core.paths import IAC, workspace_dir
from helpers.core.polling import wait_until
from helpers.core.redact import add_secrets
from helpers.course import teaching
from helpers.runtime import services, tools
from helpers.wrappers.git import Git
from helpers.wrappers.terraform import config

if TYPE_CHECKING:
    from helpers.clients.vault import Secret
    from helpers.compliance.leaks import LeakReport

MATERIAL = "unit4/secrets"
#: The namespace of the lecture's workloads, its paths in the vault, the mount of its dynamic secrets, and the roles.
NAMESPACE = "lecture-secrets"
OWN_PATH, FOREIGN_PATH = "vision/lecture-model", "speech/lecture-voice"
MOUNT = "lecture-cache"
ROLES = ("lecture-inference", "lecture-courier")
#: The name of a commit in a place: it depends on the secret that was committed.
_COMMIT = r"(?<=git )[0-9a-f]{7}\b"
#: What the cache answers when a key does not exist.
NOTHING = "$-1"
_WAIT = 60.0


class CacheRefused(CourseError):
    """The cache refuses the login, or the login lacks a permission; the message is the cache's own."""

    code = "cache-refused"


class Cache:
    """A Redis server on loopback with a password for its administrator.

    Args:
        folder: its files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = _random_password()
        self.pid = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            CacheRefused: it does not.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "redis.conf"
        lines = ["bind 127.0.0.1", f"port {self.port}", f"requirepass {self.password}", 'save ""', f"dir {self.folder}"]
        write_private(config, "\n".join(lines).encode() + b"\n")
        redis = tools.ensure("redis-server").path
        self.pid = process.spawn([redis, config], log_path=self.folder / "redis.log", cwd=self.folder)
        (self.folder / "pid").write_text(str(self.pid))
        atexit.register(stop_cache, self.folder)

        def filled() -> bool:
            with contextlib.suppress(OSError):
                self._fill()
                return True
            return False

        def late() -> CacheRefused:
            return CacheRefused("The cache did not start", next="Restart the kernel and run all cells.")

        wait_until("the cache answers", filled, _WAIT, every=0.02, on_timeout=late)

    def _fill(self) -> None:
        self.execute("default", self.password, ["SET", "model:current", "resnet-50"], ["SET", "billing:vision", "1042"])

    def execute(self, user: str, password: str, *commands: list[str]) -> list[str]:
        """Log in, send commands and return the answers (protocol: redis.io/docs, RESP2, one reply a line).

        Raises:
            CacheRefused: the login or a command was refused. OSError: nothing answers.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=_WAIT) as line, line.makefile("rb") as replies:
            answers = []
            for command in (["AUTH", user, password], *commands):
                line.sendall(f"{' '.join(command)}\r\n".encode())
                answer = replies.readline().decode().strip()
                if answer.startswith("-"):
                    kind, _, why = answer[1:].partition(" ")
                    raise CacheRefused(f"The cache refused {command[0]}", why=f"{kind}: {why}", next="")
                # A text comes with its length before it; there is no such key: the length is -1, and no text follows.
                text = answer.startswith("$") and answer != NOTHING
                answers.append(replies.readline().decode().strip() if text else answer)
            return answers[1:]

    def get(self, login: Secret, key: str) -> str:
        """Return the value of a key, or `NOTHING`; *login* has the ``username`` and ``password`` that the vault made.

        Raises:
            CacheRefused: as `execute`.
        """
        return self.execute(login.reveal("username"), login.reveal("password"), ["GET", key])[0]

    def users(self) -> int:
        """Return how many users it has besides its administrator."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_WAIT) as line, line.makefile("rb") as replies:
            line.sendall(f"AUTH default {self.password}\r\nACL USERS\r\n".encode())
            replies.readline()
            return int(replies.readline()[1:]) - 1


def stop_cache(folder: Path) -> None:
    """Stop the cache whose files are in *folder*, if it runs, also that of a kernel that is gone."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        server = psutil.Process(int((folder / "pid").read_text()))
        if server.name().startswith("redis"):
            server.terminate()
            server.wait(_WAIT)
    (folder / "pid").unlink(missing_ok=True)


class SecretsScenario:
    """What the lecture works with; `set_up` makes it.

    Attributes:
        folder: its files. leaking, ephemeral: two Terraform configurations.
        password: of the model registry. cache: a server whose users the vault makes.
        started_at: when the lecture began (UTC): earlier entries of the audit log have another origin.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.leaking, self.ephemeral = folder, folder / "leaking", folder / "ephemeral"
        self.password, self.cache = _random_password(), Cache(folder / "cache")
        self.started_at = datetime.now(UTC)

    def __repr__(self) -> str:
        return f"SecretsScenario({self.folder.name})"

    @property
    def cluster(self) -> Cluster:
        """The cluster, as its admin."""
        return Cluster(namespace=NAMESPACE)

    def pipeline(self, folder: Path, *args: str) -> str:
        """Run Terraform as a pipeline without masking would, keep what it prints in a log, and return the log's name.

        Raises:
            BadInput: Terraform failed.
        """
        add_secrets(self.password)
        more = {**config.environment_for("platform"), "TF_VAR_password": self.password, "TF_IN_AUTOMATION": "1"}
        argv: list[str | Path] = [tools.ensure("terraform").path, *args]
        done = process.run(argv, cwd=folder, env=process.environment(more), raw_stdout=True)
        if done.returncode:
            raise BadInput(f"terraform {args[0]} failed", why=done.stderr)
        log = folder / f"{args[0]}.log"
        log.write_text(done.stdout)
        return log.name

    def identity(self, account: str = "inference") -> str:
        """Return a short-lived token of a service account for the vault, as its pod finds it in a file."""
        token = str(self.cluster.token_request(NAMESPACE, account, audiences=["vault"]).reveal())
        add_secrets(token)
        return token

    def connect(self, vault: Vault) -> None:
        """Let the vault create users of the cache: they may read ``model:*``, for five minutes, one hour at most."""
        vault.enable("database", MOUNT)
        about = {
            "plugin_name": "valkey-database-plugin",
            "host": "127.0.0.1",
            "port": self.cache.port,
            "username": "default",
            "password": self.cache.password,
            "allowed_roles": "reader",
        }
        vault.write(f"{MOUNT}/config/cache", about)
        rule = {"db_name": "cache", "creation_statements": '["~model:*","+get"]', "default_ttl": "5m", "max_ttl": "1h"}
        vault.write(f"{MOUNT}/roles/reader", rule)

    def workspace(self, login: Secret) -> Path:
        """Return a directory in which somebody worked: a login of the cache leaked into Git, an output and a state."""
        room = self.folder / "workspace"
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir()
        git = Git(room)
        git.init()
        git.config("user.name", "Ada")
        git.config("user.email", "ada@acme.test")
        value, at = login.reveal("password"), datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
        settings = room / "settings.env"
        for text, message in ((f"CACHE_PASSWORD={value}\n", "Try the cache"), ("", "Remove the password")):
            settings.write_text(f"CACHE_USER=inference\n{text}")
            git.add("settings.env")
            git.commit(message, sign=False, date=at)
        (room / "try.ipynb").write_text(json.dumps(_notebook(f"connected with password = '{value}'")))
        (room / "terraform.tfstate").write_text(json.dumps(_state(value)))
        return room

    def clear(self) -> None:
        """Remove what the lecture created: users, policies, secrets, resources, the cache."""
        vault = Vault()
        if MOUNT in vault.mounts():
            vault.revoke_all(MOUNT)
            vault.client.sys.disable_secrets_engine(MOUNT)
        for name in ROLES:
            vault.delete_policy(name)
        for path in (OWN_PATH, FOREIGN_PATH):
            vault.destroy(path)
        manager = cloud.client("secretsmanager", cloud.account_id("vision"), region=cloud.REGION)
        manager.delete_secret(SecretId=OWN_PATH, ForceDeleteWithoutRecovery=True)
        stop_cache(self.cache.folder)
        for folder in (self.leaking, self.ephemeral):
            if folder.is_dir():
                # The lecture leaves one that Terraform refuses; and to destroy, too, the variable wants a value.
                shutil.copy(IAC / "lectures" / MATERIAL / folder.name / "main.tf", folder)
                (folder / "clear.auto.tfvars.json").write_text('{"password": "none-any-more"}')
        teaching.clear(self.folder)


def set_up() -> SecretsScenario:
    """Start the services, and create the lecture's scenario; an earlier one is removed."""
    for name in ("vault", "cloud", "kubernetes"):
        services.ensure(name)
    scenario = SecretsScenario(workspace_dir() / "lectures" / MATERIAL)
    scenario.clear()
    teaching.material(MATERIAL)
    scenario.cache.start()
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}
        for name in ("inference", "notebook")
    ]
    scenario.cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, *accounts])
    vault = Vault()
    vault.trust_cluster(services.data("kubernetes").parent / "pki" / "sa.pub")
    for path in (OWN_PATH, FOREIGN_PATH):
        vault.put(path, {"hub-token": _random_password()})
    return scenario


def leak_locations(report: LeakReport) -> teaching.Shown:
    """Show where a search found leaks, by which rule, and the redacted line."""
    rows = sorted({(re.sub(_COMMIT, "…", leak.where), leak.rule, leak.excerpt) for leak in report.leaks})
    return teaching.table(["Where", "Rule", "Line"], rows, caption=f"{report.status}, {counted(len(rows), 'place')}")


def _random_password() -> str:
    # Letters and digits only: no tool has to quote it.
    value = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789") for _ in range(28))
    add_secrets(value)
    return value


def _notebook(said: str) -> dict[str, object]:
    output = {"output_type": "stream", "name": "stdout", "text": [said]}
    cell = {
        "cell_type": "code",
        "id": "connect",
        "metadata": {},
        "execution_count": 1,
        "outputs": [output],
        "source": ["connect()"],
    }
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _state(value: str) -> dict[str, object]:
    return {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 1,
        "lineage": "lecture",
        "resources": [],
        "outputs": {"login": {"value": value, "type": "string", "sensitive": True}},
    }

"""The declaration of the service ``gitops``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from helpers.core.files import write_private
from helpers.runtime import tools
from helpers.runtime.services.authority import authority_of_services
from helpers.runtime.services.control_plane.access import authority, write_kubeconfig
from helpers.runtime.services.control_plane.heap import large_heap
from helpers.runtime.services.control_plane.rest import Rest
from helpers.runtime.services.gitops.install import JITTER, NAMESPACE, RECONCILE, install
from helpers.runtime.services.pki import LOOPBACK, Authority, Pair
from helpers.runtime.services.record import sweep
from helpers.runtime.services.short_paths import short_path
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec


def processes(context: ServiceContext) -> Sequence[Process]:
    """Prepare the cluster and return Argo CD's processes; the control plane runs by now."""
    plane = context.directory.parent / "kubernetes"
    ca = authority(plane)
    server = ca.issue("argocd-server", "argocd-server", hosts=LOOPBACK)
    repo = ca.issue("argocd-repo-server", "argocd-repo-server", hosts=LOOPBACK)
    config = write_kubeconfig(plane, context.urls["kubernetes"], "argocd", namespace=NAMESPACE)
    argocd = tools.ensure("argocd")
    tools.ensure("gpg")
    # After a kill GnuPG's agent lives on. The repo server empties its directory, and would meet it on its way out.
    sweep(str(context.directory), 2.0)
    with Rest(config) as api:
        install(api, argocd.share, context.directory, server)
    parts = _Parts(context, argocd.path, config, ca, repo, argocd.share / "scripts")
    return [parts.redis(), parts.repo_server(), parts.controller(), parts.applicationsets(), parts.api_server()]


class _Parts:
    """The processes of Argo CD: one binary, told by a variable which of them it is."""

    def __init__(
        self, context: ServiceContext, binary: Path, config: Path, ca: Authority, repo: Pair, scripts: Path
    ) -> None:
        self.context, self.binary, self.config, self.ca, self.repo = context, binary, config, ca, repo
        self.password = _redis_password(context.directory)
        self.env = {**large_heap(), **self._directories()} | {
            "KUBECONFIG": str(config),
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "true",
            "REDIS_PASSWORD": self.password,
            "ARGOCD_ASK_PASS_SOCK": str(short_path(context.directory / "ask-pass.sock", 0)),
            "HOSTNAME": "argocd-0",
            # git asks Argo CD's own binary for passwords.
            "PATH": f"{scripts}:{binary.parent}:{_kustomize()}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        }

    def _directories(self) -> dict[str, str]:
        """Return the directories Argo CD keeps its files in, made private."""
        data = self.context.data
        names = {
            "ARGOCD_GNUPGHOME": "gnupg",
            "ARGOCD_GPG_DATA_PATH": "gpg-keys",
            "ARGOCD_TLS_DATA_PATH": "tls",
            "ARGOCD_SSH_DATA_PATH": "ssh",
            "ARGOCD_PLUGINSOCKFILEPATH": "plugins",
            "ARGOCD_APP_CONF_PATH": "config",
            "TMPDIR": "tmp",
            "HOME": "home",
        }
        for name in names.values():
            (data / name).mkdir(exist_ok=True, mode=0o700)
        # One file a server that Argo CD's git may trust, named by its host: what the ConfigMap argocd-tls-certs-cm
        # becomes in a pod (util/cert/cert.go).
        write_private(data / "tls" / self.context.host, authority_of_services(self.context).read_bytes())
        tls = data / "config" / "reposerver" / "tls"
        tls.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(tls / "tls.crt", self.repo.cert.read_bytes())
        write_private(tls / "tls.key", self.repo.key.read_bytes())
        # Room for the sockets of gpg-agent, S.gpg-agent.browser the longest.
        gnupg = short_path(data / "gnupg", 25)
        # A key that is to be imported is tried in a GnuPG home made here, gpg-ring and a number.
        tmp = short_path(data / "tmp", 45)
        for directory in (gnupg, tmp):
            directory.mkdir(exist_ok=True, mode=0o700)
        short = {"ARGOCD_GNUPGHOME": str(gnupg), "TMPDIR": str(tmp)}
        return {variable: str(data / name) for variable, name in names.items()} | short

    def _process(self, name: str, port: str, *options: str, health: str = "", wait: bool = False) -> Process:
        env = {**self.env, "ARGOCD_BINARY_NAME": f"argocd-{name}"}
        common = ["--redis", self._at("redis"), "--loglevel", "warn"]
        return Process(name, [self.binary, *common, *options], env, port=port, health=health, wait=wait)

    def _at(self, port: str) -> str:
        return f"127.0.0.1:{self.context.ports[port]}"

    def _port(self, name: str) -> str:
        return str(self.context.ports[name])

    def _to_repo(self) -> list[str]:
        """Return the options by which a client and the repo server know each other."""
        client = self.ca.issue("argocd-client", "argocd-client")
        return [
            f"--repo-server-ca-cert-path={self.ca.cert}",
            f"--repo-server-client-cert-path={client.cert}",
            f"--repo-server-client-cert-key-path={client.key}",
        ]

    def redis(self) -> Process:
        """Return the cache; it keeps nothing on disk, Argo CD fills it again."""
        config = self.context.directory / "redis.conf"
        lines = [
            "bind 127.0.0.1",
            f"port {self._port('redis')}",
            f"requirepass {self.password}",
            'save ""',
            "appendonly no",
            "daemonize no",
            f"dir {self.context.data}",
        ]
        write_private(config, "\n".join(lines).encode() + b"\n")
        return Process("redis", [tools.ensure("redis-server").path, config], port="redis")

    def repo_server(self) -> Process:
        """Return the process that reads Git and renders manifests."""
        # The API server, once refused by it, would answer "Unavailable" from memory for a second or more.
        return self._process(
            "repo-server",
            "repo",
            "--address=127.0.0.1",
            "--port",
            self._port("repo"),
            "--metrics-address=127.0.0.1",
            "--metrics-port",
            self._port("repo-metrics"),
            f"--client-ca-path={self.ca.cert}",
            "--parallelismlimit=4",
            wait=True,
        )

    def controller(self) -> Process:
        """Return the process that compares and syncs."""
        return self._process(
            "application-controller",
            "controller",
            "--repo-server",
            self._at("repo"),
            *self._to_repo(),
            "--metrics-port",
            self._port("controller"),
            f"--kubeconfig={self.config}",
            f"--namespace={NAMESPACE}",
            f"--app-resync={RECONCILE}",
            f"--app-resync-jitter={JITTER}",
            "--self-heal-timeout-seconds=1",
            health="/healthz",
        )

    def applicationsets(self) -> Process:
        """Return the process that makes Applications from ApplicationSets."""
        env = {**self.env, "ARGOCD_BINARY_NAME": "argocd-applicationset-controller"}
        argv: list[str | Path] = [
            self.binary,
            "--argocd-repo-server",
            self._at("repo"),
            *self._to_repo(),
            f"--kubeconfig={self.config}",
            f"--namespace={NAMESPACE}",
            f"--metrics-addr={self._at('sets-metrics')}",
            f"--probe-addr={self._at('sets')}",
            f"--webhook-addr={self._at('sets-webhook')}",
            "--loglevel=warn",
        ]
        return Process("applicationset-controller", argv, env, port="sets", health="/healthz", wait=False)

    def api_server(self) -> Process:
        """Return the API server."""
        return self._process(
            "server",
            "api",
            "--repo-server",
            self._at("repo"),
            *self._to_repo(),
            "--address=127.0.0.1",
            "--port",
            self._port("api"),
            "--metrics-address=127.0.0.1",
            "--metrics-port",
            self._port("api-metrics"),
            f"--kubeconfig={self.config}",
            f"--namespace={NAMESPACE}",
        )


def _redis_password(directory: Path) -> str:
    path = directory / "redis-password"
    if not path.exists():
        write_private(path, secrets.token_hex(24).encode())
    return path.read_text()


def _kustomize() -> Path:
    return tools.ensure("kustomize").path.parent


SPEC = ServiceSpec(
    "gitops",
    "Argo CD: keeps the cluster as Git says",
    processes,
    ports=(
        "api",
        "redis",
        "repo",
        "repo-metrics",
        "controller",
        "sets",
        "sets-metrics",
        "sets-webhook",
        "api-metrics",
    ),
    depends=("kubernetes",),
    scheme="https",
    disk_mb=500,
    memory_mb=900,
    timeout=120,
)

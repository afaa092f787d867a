"""The declaration of the service ``kubernetes``."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from pathlib import Path

from helpers.services._record import write_private
from helpers.services.control_plane.access import PARTS, authority, write_kubeconfig
from helpers.services.control_plane.objects import furnish
from helpers.services.control_plane.rest import answers
from helpers.services.pki import LOOPBACK, Pair
from helpers.services.spec import Process, ServiceSpec, Site

#: A laptop has less memory than a cluster: the collector of Go runs more often, and hard below a soft limit.
SMALL = {"GOGC": "50", "GOMEMLIMIT": "300MiB"}
#: The API server holds the schemas of all types: near its limit it would do nothing but collect.
LARGE = {"GOGC": "75", "GOMEMLIMIT": "700MiB"}
#: Cluster addresses of Services; nothing listens there, as no node is real.
SERVICE_RANGE = "10.96.0.0/16"
#: Who changed what and who read a Secret, without contents; other reads are left out, they would fill the disk.
AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [get, list]
  resources:
  - {group: "", resources: [secrets]}
- level: None
  verbs: [get, list, watch]
- level: None
  resources:
  - {group: coordination.k8s.io, resources: [leases]}
  - {group: "", resources: [events]}
  - {group: authorization.k8s.io}
  - {group: authentication.k8s.io, resources: [tokenreviews]}
- level: None
  users: [kwok]
- level: Metadata
"""


def processes(site: Site) -> Sequence[Process]:
    """Return the plane's processes in the order they start."""
    ca = authority(site.folder)
    server = ca.issue("apiserver", "kube-apiserver", hosts=(*LOOPBACK, "kubernetes.default.svc", "10.96.0.1"))
    url = f"https://127.0.0.1:{site.ports['api']}"
    configs = {part: write_kubeconfig(site.folder, url, part) for part in PARTS}
    return [
        _etcd(site),
        _api(site, server, configs["admin"]),
        _controllers(site, configs["controller-manager"], server),
        _scheduler(site, configs["scheduler"], server),
        _kwok(site, configs["kwok"]),
    ]


def _binary(name: str) -> Path:
    from helpers import tools

    return tools.ensure(name).path


def _etcd(site: Site) -> Process:
    ca = authority(site.folder)
    pair = ca.issue("etcd", "etcd", hosts=LOOPBACK)
    client, peer = (f"https://127.0.0.1:{site.ports[name]}" for name in ("etcd", "peer"))
    argv: list[str | Path] = [
        _binary("etcd"), "--name=course", f"--data-dir={site.data / 'etcd'}",
        f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=course={peer}",
        f"--cert-file={pair.cert}", f"--key-file={pair.key}", f"--trusted-ca-file={ca.cert}", "--client-cert-auth",
        f"--peer-cert-file={pair.cert}", f"--peer-key-file={pair.key}", f"--peer-trusted-ca-file={ca.cert}",
        "--peer-client-cert-auth", "--auto-compaction-retention=15m", "--log-level=warn",
    ]  # fmt: skip
    return Process("etcd", argv, SMALL, port="etcd")


def _api(site: Site, server: Pair, admin: Path) -> Process:
    ca = authority(site.folder)
    to_etcd = ca.issue("apiserver-etcd", "kube-apiserver")
    tokens = ca.signing_key("sa")
    policy = site.folder / "audit-policy.yaml"
    write_private(policy, AUDIT_POLICY.encode())
    (site.folder / "audit.log").touch(mode=0o600)
    argv: list[str | Path] = [
        _binary("kube-apiserver"), f"--etcd-servers=https://127.0.0.1:{site.ports['etcd']}",
        f"--etcd-cafile={ca.cert}", f"--etcd-certfile={to_etcd.cert}", f"--etcd-keyfile={to_etcd.key}",
        f"--secure-port={site.ports['api']}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
        f"--tls-cert-file={server.cert}", f"--tls-private-key-file={server.key}", f"--client-ca-file={ca.cert}",
        "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={tokens.cert}",
        f"--service-account-signing-key-file={tokens.key}", "--authorization-mode=RBAC", "--anonymous-auth=false",
        f"--service-cluster-ip-range={SERVICE_RANGE}", "--endpoint-reconciler-type=none", "--profiling=false",
        f"--encryption-provider-config={_encryption(site)}", f"--audit-policy-file={policy}",
        f"--audit-log-path={site.folder / 'audit.log'}", "--audit-log-maxsize=20", "--audit-log-maxbackup=3",
        # Whether a privileged container may run is for the course's policies to say, not for a flag.
        "--allow-privileged=true",
    ]  # fmt: skip
    return Process("kube-apiserver", argv, LARGE, port="api", ready=lambda: answers(admin, "/readyz"))


def _controllers(site: Site, config: Path, server: Pair) -> Process:
    ca = authority(site.folder)
    argv: list[str | Path] = [
        _binary("kube-controller-manager"), *_component(config, server, site.ports["controllers"]),
        f"--service-account-private-key-file={ca.signing_key('sa').key}", "--use-service-account-credentials=true",
        f"--root-ca-file={ca.cert}",
        # Simulated nodes send no heartbeat: kwok would wait for the lease of one that was killed to run out.
        "--node-monitor-grace-period=8760h",
        # A check against stale caches that only fits several API servers: on a busy machine it puts off a ReplicaSet
        # with growing pauses, and a Deployment whose pods run stays unready.
        "--feature-gates=StaleControllerConsistencyReplicaSet=false",
        # Its own limit of 20 requests a second makes a first start, where each controller asks for a token, 5 s longer.
        "--kube-api-qps=200", "--kube-api-burst=400",
    ]  # fmt: skip
    return Process("kube-controller-manager", argv, SMALL, port="controllers", wait=False)


def _scheduler(site: Site, config: Path, server: Pair) -> Process:
    argv: list[str | Path] = [_binary("kube-scheduler"), *_component(config, server, site.ports["scheduler"])]
    return Process("kube-scheduler", argv, SMALL, port="scheduler", wait=False)


def _component(config: Path, server: Pair, port: int) -> list[str]:
    return [
        f"--kubeconfig={config}", f"--authentication-kubeconfig={config}", f"--authorization-kubeconfig={config}",
        "--leader-elect=false", "--bind-address=127.0.0.1", f"--secure-port={port}", "--profiling=false",
        f"--tls-cert-file={server.cert}", f"--tls-private-key-file={server.key}",
    ]  # fmt: skip


def _kwok(site: Site, config: Path) -> Process:
    from helpers import tools

    kwok = tools.ensure("kwok")
    files = [*sorted((kwok.share / "stages").glob("*.yaml")), Path(__file__).with_name("crash.yaml")]
    stages = [f"--config={path}" for path in files]
    argv: list[str | Path] = [
        kwok.path, f"--kubeconfig={config}", "--manage-all-nodes=true", "--node-lease-duration-seconds=0",
        f"--server-address=127.0.0.1:{site.ports['kwok']}", *stages,
    ]  # fmt: skip
    return Process("kwok", argv, SMALL, port="kwok", health="/healthz", wait=False)


def _encryption(site: Site) -> Path:
    """Return the file that has the API server encrypt Secrets before they reach the disk."""
    path = site.folder / "encryption.yaml"
    if not path.exists():
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        text = (
            "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"
            "resources:\n- resources: [secrets]\n"
            f"  providers:\n  - secretbox: {{keys: [{{name: course, secret: {key}}}]}}\n  - identity: {{}}\n"
        )
        write_private(path, text.encode())
    return path


SPEC = ServiceSpec(
    "kubernetes",
    "the Kubernetes API with GPU nodes that are simulated",
    processes,
    ports=("api", "etcd", "peer", "controllers", "scheduler", "kwok"),
    scheme="https",
    finish=furnish,
    disk_mb=500,
    memory_mb=900,
    timeout=90,
)

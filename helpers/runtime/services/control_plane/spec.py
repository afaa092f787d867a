"""The declaration of the service ``kubernetes``."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from pathlib import Path

from helpers.core.files import write_private
from helpers.runtime import tools
from helpers.runtime.services.control_plane.access import PARTS, authority, write_kubeconfig
from helpers.runtime.services.control_plane.heap import large_heap, small_heap
from helpers.runtime.services.control_plane.objects import provision
from helpers.runtime.services.control_plane.rest import answers
from helpers.runtime.services.pki import LOOPBACK, Pair
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec

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


def processes(context: ServiceContext) -> Sequence[Process]:
    """Return the plane's processes in the order they start."""
    ca = authority(context.directory)
    server = ca.issue("apiserver", "kube-apiserver", hosts=(*LOOPBACK, "kubernetes.default.svc", "10.96.0.1"))
    url = f"https://127.0.0.1:{context.ports['api']}"
    configs = {part: write_kubeconfig(context.directory, url, part) for part in PARTS}
    return [
        _etcd(context),
        _api(context, server, configs["admin"]),
        _controllers(context, configs["controller-manager"], server),
        _scheduler(context, configs["scheduler"], server),
        _kwok(context, configs["kwok"]),
    ]


def _binary(name: str) -> Path:
    return tools.ensure(name).path


def _etcd(context: ServiceContext) -> Process:
    ca = authority(context.directory)
    pair = ca.issue("etcd", "etcd", hosts=LOOPBACK)
    client, peer = (f"https://127.0.0.1:{context.ports[name]}" for name in ("etcd", "peer"))
    argv: list[str | Path] = [
        _binary("etcd"),
        "--name=course",
        f"--data-dir={context.data / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=course={peer}",
        f"--cert-file={pair.cert}",
        f"--key-file={pair.key}",
        f"--trusted-ca-file={ca.cert}",
        "--client-cert-auth",
        f"--peer-cert-file={pair.cert}",
        f"--peer-key-file={pair.key}",
        f"--peer-trusted-ca-file={ca.cert}",
        "--peer-client-cert-auth",
        "--auto-compaction-retention=15m",
        "--log-level=warn",
    ]
    return Process("etcd", argv, small_heap(), port="etcd")


def _api(context: ServiceContext, server: Pair, admin: Path) -> Process:
    ca = authority(context.directory)
    to_etcd = ca.issue("apiserver-etcd", "kube-apiserver")
    tokens = ca.signing_key("sa")
    policy = context.directory / "audit-policy.yaml"
    write_private(policy, AUDIT_POLICY.encode())
    (context.directory / "audit.log").touch(mode=0o600)
    argv: list[str | Path] = [
        _binary("kube-apiserver"),
        f"--etcd-servers=https://127.0.0.1:{context.ports['etcd']}",
        f"--etcd-cafile={ca.cert}",
        f"--etcd-certfile={to_etcd.cert}",
        f"--etcd-keyfile={to_etcd.key}",
        f"--secure-port={context.ports['api']}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--tls-cert-file={server.cert}",
        f"--tls-private-key-file={server.key}",
        f"--client-ca-file={ca.cert}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={tokens.cert}",
        f"--service-account-signing-key-file={tokens.key}",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--endpoint-reconciler-type=none",
        "--profiling=false",
        f"--encryption-provider-config={_encryption(context)}",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={context.directory / 'audit.log'}",
        "--audit-log-maxsize=20",
        "--audit-log-maxbackup=3",
        # Whether a privileged container may run is for the course's policies to say, not for a flag.
        "--allow-privileged=true",
    ]
    return Process("kube-apiserver", argv, large_heap(), port="api", ready=lambda: answers(admin, "/readyz"))


def _controllers(context: ServiceContext, config: Path, server: Pair) -> Process:
    ca = authority(context.directory)
    argv: list[str | Path] = [
        _binary("kube-controller-manager"),
        *_component(config, server, context.ports["controllers"]),
        f"--service-account-private-key-file={ca.signing_key('sa').key}",
        "--use-service-account-credentials=true",
        f"--root-ca-file={ca.cert}",
        # Simulated nodes send no heartbeat: kwok would wait for the lease of one that was killed to run out.
        "--node-monitor-grace-period=8760h",
        # A check against stale caches that only fits several API servers: on a busy machine it puts off a ReplicaSet
        # with growing pauses, and a Deployment whose pods run stays unready.
        "--feature-gates=StaleControllerConsistencyReplicaSet=false",
        # Its own limit of 20 requests a second makes a first start, where each controller asks for a token, 5 s longer.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]
    return Process("kube-controller-manager", argv, small_heap(), port="controllers", wait=False)


def _scheduler(context: ServiceContext, config: Path, server: Pair) -> Process:
    argv: list[str | Path] = [_binary("kube-scheduler"), *_component(config, server, context.ports["scheduler"])]
    return Process("kube-scheduler", argv, small_heap(), port="scheduler", wait=False)


def _component(config: Path, server: Pair, port: int) -> list[str]:
    return [
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--profiling=false",
        f"--tls-cert-file={server.cert}",
        f"--tls-private-key-file={server.key}",
    ]


def _kwok(context: ServiceContext, config: Path) -> Process:
    kwok = tools.ensure("kwok")
    files = [*sorted((kwok.share / "stages").glob("*.yaml")), Path(__file__).with_name("crash.yaml")]
    stages = [f"--config={path}" for path in files]
    argv: list[str | Path] = [
        kwok.path,
        f"--kubeconfig={config}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=0",
        f"--server-address=127.0.0.1:{context.ports['kwok']}",
        *stages,
    ]
    return Process("kwok", argv, small_heap(), port="kwok", health="/healthz", wait=False)


def _encryption(context: ServiceContext) -> Path:
    """Return the file that has the API server encrypt Secrets before they reach the disk."""
    path = context.directory / "encryption.yaml"
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
    finish=provision,
    disk_mb=500,
    memory_mb=900,
    timeout=90,
)

"""The service ``audit``: the audit trail's transparency log, kept by our program ``audit-log``.

The log's Ed25519 key, the token of its API, the collectors' keys and the witnesses' lie in files of mode 0600. **A real
deployment keeps the log's key in another account than the platform it watches**, best in a hardware module, the root's
key offline, and has its witnesses run by others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from helpers.compliance.audit.log_directory import ORIGIN, AuditLogDirectory
from helpers.compliance.audit.witnesses import QUORUM, WITNESSES, write_addresses
from helpers.runtime import tools
from helpers.runtime.services.authority import answers_by_tls, server_pair
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec
from helpers.runtime.trust import authority_directory


def _processes(context: ServiceContext) -> Sequence[Process]:
    log_directory = AuditLogDirectory(context.directory)
    witnesses = log_directory.witnesses()
    for one in witnesses:
        one.provision()
    log_directory.provision(tuple(one.public for one in witnesses), QUORUM)
    for one in witnesses:
        one.introduce(ORIGIN, log_directory.public_key)
    where = {context.ports[one.name]: one for one in witnesses}
    pair = server_pair(context)
    # It asks its witnesses by TLS, and checks who answers before their tokens travel.
    trusted = {"SSL_CERT_DIR": str(authority_directory(context.directory.parent) / "trusted")}
    argv: list[str | Path] = [
        tools.ensure("audit-log").path,
        "serve",
        "--dir",
        log_directory.log,
        "--key",
        log_directory.key,
        "--token",
        log_directory.token_file,
        "--collectors",
        log_directory.collectors,
        "--root",
        log_directory.root,
        "--witnesses",
        write_addresses(log_directory.addresses, where),
        "--listen",
        f"{context.host}:{context.ports['http']}",
        "--tls-cert",
        pair.cert,
        "--tls-key",
        pair.key,
    ]
    # It listens only once a checkpoint, which the witnesses cosigned, covers all that was on the disk.
    return [
        *(
            Process(
                one.name,
                one.command(port, pair.cert, pair.key),
                port=one.name,
                ready=answers_by_tls(context, one.name, "/healthz"),
            )
            for port, one in where.items()
        ),
        Process("audit-log", argv, trusted, port="http", ready=answers_by_tls(context, "http", "/healthz")),
    ]


SPEC = ServiceSpec(
    "audit",
    "the audit trail: a transparency log of signed events, and two witnesses",
    _processes,
    ports=("http", *WITNESSES),
    disk_mb=200,
    timeout=60,
    scheme="https",
)

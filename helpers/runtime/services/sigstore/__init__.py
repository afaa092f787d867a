"""The service ``sigstore``: an OIDC issuer, Fulcio (the certificate authority) and a timestamp authority.

All three are plain processes on loopback. Their keys are made at the first start and kept: a bundle that was signed
before a restart verifies after it. The issuer and Fulcio speak TLS: what they are given, a secret and a token, is for
them alone. The timestamp authority is given a digest and gives what everybody may see.

There is no certificate transparency log and no Rekor here; a verification says that they were not asked.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.core.files import write_private
from helpers.runtime import tools
from helpers.runtime.services.authority import answers_by_tls, server_pair
from helpers.runtime.services.pki import LOOPBACK, Authority
from helpers.runtime.services.short_paths import short_path
from helpers.runtime.services.sigstore.authorities import fulcio_authority, timestamp_authority
from helpers.runtime.services.sigstore.identities import AUDIENCE, IDENTITIES, TRUST_DOMAIN
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec


def ca_file(directory: Path) -> Path:
    """Return the certificate of the authority that vouches for the issuer's TLS; *directory* is the service's."""
    return directory / "pki" / "ca.crt"


def secret_file(directory: Path) -> Path:
    """Return the file (0600) with the secret of each identity, JSON: identity -> secret."""
    return directory / "keys" / "identities.json"


def endpoints_file(directory: Path) -> Path:
    """Return the file with the URLs of ``fulcio`` and ``tsa``, JSON."""
    return directory / "endpoints.json"


def chain_files(directory: Path) -> tuple[Path, Path]:
    """Return the certificate chains (PEM) of Fulcio and of the timestamp authority."""
    return directory / "keys" / "fulcio.crt", directory / "keys" / "tsa.crt"


def _keys(context: ServiceContext) -> Path:
    directory = context.directory / "keys"
    directory.mkdir(parents=True, mode=0o700, exist_ok=True)
    directory.chmod(0o700)
    if not secret_file(context.directory).exists():
        made = {identity: secrets.token_urlsafe(32) for identity in IDENTITIES}
        write_private(secret_file(context.directory), json.dumps(made).encode())
    return directory


def _processes(context: ServiceContext) -> Sequence[Process]:
    keys = _keys(context)
    urls = {n: f"{scheme}://127.0.0.1:{context.ports[n]}" for n, scheme in (("fulcio", "https"), ("tsa", "http"))}
    write_private(endpoints_file(context.directory), json.dumps(urls).encode())
    pair = Authority(context.directory / "pki", "acme sigstore CA").issue("issuer", "issuer", hosts=LOOPBACK)
    issuer = [
        sys.executable,
        "-P",
        "-m",
        "helpers.servers.sigstore_issuer",
        "--port",
        str(context.ports["https"]),
        "--keys",
        str(keys),
        "--socket",
        str(short_path(context.directory / "issuer.sock", 0)),
        "--cert",
        str(pair.cert),
        "--key",
        str(pair.key),
    ]
    fulcio: list[str | Path] = [tools.ensure("fulcio").path, "serve", f"--config={_fulcio(context, keys)}"]
    tsa: list[str | Path] = [tools.ensure("timestamp-server").path, "serve", f"--config={_tsa(context, keys)}"]
    return [
        Process("issuer", issuer, port="https"),
        Process("fulcio", fulcio, port="fulcio", ready=answers_by_tls(context, "fulcio", "/healthz")),
        Process("tsa", tsa, port="tsa", health="/ping"),
    ]


def _fulcio(context: ServiceContext, keys: Path) -> Path:
    """Write Fulcio's configuration; the password of its key is in the file, as arguments can be read by anybody."""
    pair, password = fulcio_authority(keys)
    server = server_pair(context)
    base, tls = f"https://127.0.0.1:{context.ports['https']}", ca_file(context.directory).read_text()
    common = {"ClientID": AUDIENCE, "CACert": tls}
    people = {"IssuerURL": f"{base}/people", "Type": "email", **common}
    workloads = {"IssuerURL": f"{base}/workloads", "Type": "spiffe", "SPIFFETrustDomain": TRUST_DOMAIN, **common}
    # A killed Fulcio leaves its socket, and does not start beside it.
    socket = short_path(context.directory / "f.sock", 0)
    socket.unlink(missing_ok=True)
    issuers = context.directory / "issuers.json"
    write_private(issuers, json.dumps({"OIDCIssuers": {i["IssuerURL"]: i for i in (people, workloads)}}).encode())
    return _settings(
        context.directory / "fulcio.json",
        {
            "ca": "fileca",
            "fileca-cert": str(pair.cert),
            "fileca-key": str(pair.key),
            "fileca-key-passwd": password,
            "fileca-watch": False,
            "ct-log-url": "",
            "config-path": str(issuers),
            "log_type": "prod",
            "host": "127.0.0.1",
            "port": str(context.ports["fulcio"]),
            "grpc-host": "127.0.0.1",
            "grpc-port": str(context.ports["grpc"]),
            # For its HTTP server as well, as it is built here (toolchain/tools.yaml).
            "grpc-tls-certificate": str(server.cert),
            "grpc-tls-key": str(server.key),
            "metrics-port": "0",
            "legacy-unix-domain-socket": str(socket),
        },
    )


def _tsa(context: ServiceContext, keys: Path) -> Path:
    pair, password = timestamp_authority(keys)
    return _settings(
        context.directory / "tsa.json",
        {
            "timestamp-signer": "file",
            "file-signer-key-path": str(pair.key),
            "file-signer-passwd": password,
            "certificate-chain-path": str(pair.cert),
            "disable-ntp-monitoring": True,
            "log-type": "prod",
            "host": "127.0.0.1",
            "port": str(context.ports["tsa"]),
            "scheme": ["http"],
        },
    )


def _settings(path: Path, content: dict[str, object]) -> Path:
    write_private(path, json.dumps(content).encode())
    return path


SPEC = ServiceSpec(
    "sigstore",
    "keyless signing: identities, certificates for ten minutes, signed time",
    _processes,
    ports=("https", "fulcio", "grpc", "tsa"),
    memory_mb=200,
    timeout=60,
    scheme="https",
)

"""The service ``sigstore``: an OIDC issuer, Fulcio (the certificate authority) and a timestamp authority.

All three are plain processes on loopback. Their keys are made at the first start and kept: a bundle that was signed
before a restart verifies after it. The issuer speaks TLS, Fulcio and the timestamp authority cannot: what they give is
public, and what they are given (a token for Fulcio alone, good for five minutes) stays on loopback.

There is no certificate transparency log and no Rekor here; a verification says that they were not asked.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.services._record import write_private
from helpers.services._short import short_path
from helpers.services.pki import LOOPBACK, Authority
from helpers.services.sigstore.authorities import fulcio_authority, timestamp_authority
from helpers.services.sigstore.identities import AUDIENCE, IDENTITIES, TRUST_DOMAIN
from helpers.services.spec import Process, ServiceSpec, Site


def ca_file(folder: Path) -> Path:
    """Return the certificate of the authority that vouches for the issuer's TLS; *folder* is the service's."""
    return folder / "pki" / "ca.crt"


def secret_file(folder: Path) -> Path:
    """Return the file (0600) with the secret of each identity, JSON: identity -> secret."""
    return folder / "keys" / "identities.json"


def endpoints_file(folder: Path) -> Path:
    """Return the file with the URLs of ``fulcio`` and ``tsa``, JSON."""
    return folder / "endpoints.json"


def chain_files(folder: Path) -> tuple[Path, Path]:
    """Return the certificate chains (PEM) of Fulcio and of the timestamp authority."""
    return folder / "keys" / "fulcio.crt", folder / "keys" / "tsa.crt"


def _keys(site: Site) -> Path:
    folder = site.folder / "keys"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    if not secret_file(site.folder).exists():
        made = {identity: secrets.token_urlsafe(32) for identity in IDENTITIES}
        write_private(secret_file(site.folder), json.dumps(made).encode())
    return folder


def _processes(site: Site) -> Sequence[Process]:
    from helpers import tools

    keys = _keys(site)
    urls = {name: f"http://127.0.0.1:{site.ports[name]}" for name in ("fulcio", "tsa")}
    write_private(endpoints_file(site.folder), json.dumps(urls).encode())
    pair = Authority(site.folder / "pki", "acme sigstore CA").issue("issuer", "issuer", hosts=LOOPBACK)
    issuer = [
        sys.executable, "-P", "-m", "helpers.services.sigstore.issuer", "--port", str(site.ports["https"]),
        "--keys", str(keys), "--cert", str(pair.cert), "--key", str(pair.key),
    ]  # fmt: skip
    fulcio: list[str | Path] = [tools.ensure("fulcio").path, "serve", f"--config={_fulcio(site, keys)}"]
    tsa: list[str | Path] = [tools.ensure("timestamp-server").path, "serve", f"--config={_tsa(site, keys)}"]
    return [
        Process("issuer", issuer, port="https"),
        Process("fulcio", fulcio, port="fulcio", health="/healthz"),
        Process("tsa", tsa, port="tsa", health="/ping"),
    ]


def _fulcio(site: Site, keys: Path) -> Path:
    """Write Fulcio's configuration; the password of its key is in the file, as arguments can be read by anybody."""
    pair, password = fulcio_authority(keys)
    base, tls = f"https://127.0.0.1:{site.ports['https']}", ca_file(site.folder).read_text()
    common = {"ClientID": AUDIENCE, "CACert": tls}
    people = {"IssuerURL": f"{base}/people", "Type": "email", **common}
    workloads = {"IssuerURL": f"{base}/workloads", "Type": "spiffe", "SPIFFETrustDomain": TRUST_DOMAIN, **common}
    # A killed Fulcio leaves its socket, and does not start beside it.
    socket = short_path(site.folder / "f.sock", 0)
    socket.unlink(missing_ok=True)
    issuers = site.folder / "issuers.json"
    write_private(issuers, json.dumps({"OIDCIssuers": {i["IssuerURL"]: i for i in (people, workloads)}}).encode())
    return _settings(site.folder / "fulcio.json", {
        "ca": "fileca", "fileca-cert": str(pair.cert), "fileca-key": str(pair.key), "fileca-key-passwd": password,
        "fileca-watch": False, "ct-log-url": "", "config-path": str(issuers), "log_type": "prod",
        "host": "127.0.0.1", "port": str(site.ports["fulcio"]),
        "grpc-host": "127.0.0.1", "grpc-port": str(site.ports["grpc"]), "metrics-port": "0",
        "legacy-unix-domain-socket": str(socket),
    })  # fmt: skip


def _tsa(site: Site, keys: Path) -> Path:
    pair, password = timestamp_authority(keys)
    return _settings(site.folder / "tsa.json", {
        "timestamp-signer": "file", "file-signer-key-path": str(pair.key), "file-signer-passwd": password,
        "certificate-chain-path": str(pair.cert), "disable-ntp-monitoring": True, "log-type": "prod",
        "host": "127.0.0.1", "port": str(site.ports["tsa"]), "scheme": ["http"],
    })  # fmt: skip


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

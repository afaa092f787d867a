"""A private certificate authority in a directory: what the control plane's parts know each other by.

Keys are files of mode 0600 in a directory of mode 0700. A certificate that ends within a month, or that was made for
other names, is renewed at the next start.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.core.files import read_private, write_private

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

#: How long certificates hold, and how long before their end they are replaced.
LIFETIME, RENEW = dt.timedelta(days=365), dt.timedelta(days=30)
#: Everything listens on loopback, under these names.
LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as PEM files."""

    cert: Path
    key: Path


class Authority:
    """A certificate authority whose files live in *directory*; made at the first use.

    Args:
        directory: its directory, created with mode 0700.
        name: common name of its certificate.
    """

    def __init__(self, directory: Path, name: str = "acme platform CA") -> None:
        self.directory, self.name = directory, name
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory.chmod(0o700)
        self.pair = Pair(directory / "ca.crt", directory / "ca.key")
        if not _good(self.pair, name, ()):
            _write(self.pair, *_make(name, (), (), None))

    @property
    def cert(self) -> Path:
        """The certificate that others trust."""
        return self.pair.cert

    def issue(self, file: str, name: str, *, groups: Sequence[str] = (), hosts: Sequence[str] = ()) -> Pair:
        """Return a certificate for a client, and for a server too when *hosts* are given.

        Args:
            file: stem of the two files.
            name: common name; to Kubernetes the name of the user.
            groups: organisations; to Kubernetes the groups of the user.
            hosts: names and addresses a server is reached by.
        """
        pair = Pair(self.directory / f"{file}.crt", self.directory / f"{file}.key")
        if not _good(pair, name, hosts, self.cert):
            _write(pair, *_make(name, groups, hosts, self.pair))
        return pair

    def signing_key(self, file: str) -> Pair:
        """Return an RSA key pair (``cert`` is the public key) that signs service-account tokens."""
        from cryptography.hazmat.primitives import (
            serialization as ser,  # 45 ms that looking at a running service need not pay
        )
        from cryptography.hazmat.primitives.asymmetric import (
            rsa,  # 45 ms that looking at a running service need not pay
        )

        pair = Pair(self.directory / f"{file}.pub", self.directory / f"{file}.key")
        if not (pair.cert.exists() and pair.key.exists()):
            key = rsa.generate_private_key(65537, 2048)
            public = key.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)
            private = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.TraditionalOpenSSL, ser.NoEncryption())
            write_private(pair.key, private)
            write_private(pair.cert, public)
        return pair


def _good(pair: Pair, name: str, hosts: Sequence[str], issuer: Path | None = None) -> bool:
    """Return whether the pair is there, whole, for these names, signed by *issuer* and good for a while."""
    from cryptography import x509  # 45 ms that looking at a running service need not pay
    from cryptography.x509.oid import NameOID  # 45 ms that looking at a running service need not pay

    try:
        cert = x509.load_pem_x509_certificate(pair.cert.read_bytes())
        if not read_private(pair.key) or cert.not_valid_after_utc - dt.datetime.now(dt.UTC) < RENEW:
            return False
        if issuer is not None:
            cert.verify_directly_issued_by(x509.load_pem_x509_certificate(issuer.read_bytes()))
        said = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        return said == name and set(hosts) <= _hosts(cert)
    except (OSError, ValueError, TypeError, IndexError, _invalid_signature()):
        return False


def _invalid_signature() -> type[Exception]:
    from cryptography.exceptions import InvalidSignature  # 45 ms that looking at a running service need not pay

    return InvalidSignature


def _hosts(cert: x509.Certificate) -> set[str]:
    from cryptography import x509  # 45 ms that looking at a running service need not pay

    try:
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in names}


def _make(
    name: str, groups: Sequence[str], hosts: Sequence[str], issuer: Pair | None
) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    """Return a new certificate and key; without *issuer* a certificate authority's own."""
    from cryptography import x509  # 45 ms that looking at a running service need not pay
    from cryptography.hazmat.primitives import (  # 45 ms that looking at a running service need not pay
        hashes,
        serialization,
    )
    from cryptography.hazmat.primitives.asymmetric import ec  # 45 ms that looking at a running service need not pay
    from cryptography.x509.oid import (
        ExtendedKeyUsageOID as Usage,  # 45 ms that looking at a running service need not pay
    )
    from cryptography.x509.oid import NameOID  # 45 ms that looking at a running service need not pay

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        + [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A minute back, for clocks that are set while we run.
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + (LIFETIME if issuer else 10 * LIFETIME))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is None:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
        return builder.issuer_name(subject).sign(key, hashes.SHA256()), key
    above = x509.load_pem_x509_certificate(issuer.cert.read_bytes())
    signer = serialization.load_pem_private_key(issuer.key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    uses = [Usage.CLIENT_AUTH, Usage.SERVER_AUTH] if hosts else [Usage.CLIENT_AUTH]
    builder = (
        builder.issuer_name(above.subject)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False)
    return builder.sign(signer, hashes.SHA256()), key


def _general(host: str) -> x509.GeneralName:
    from cryptography import x509  # 45 ms that looking at a running service need not pay

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(pair: Pair, cert: x509.Certificate, key: EllipticCurvePrivateKey) -> None:
    from cryptography.hazmat.primitives import (
        serialization as ser,  # 45 ms that looking at a running service need not pay
    )

    private = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
    write_private(pair.key, private)
    write_private(pair.cert, cert.public_bytes(ser.Encoding.PEM))

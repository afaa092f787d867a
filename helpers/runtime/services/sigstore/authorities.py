"""The keys and certificates that Fulcio and the timestamp authority sign with: made once, encrypted, kept."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.core.files import write_private
from helpers.runtime.services.pki import Pair

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_LIFETIME = dt.timedelta(days=3650)


def fulcio_authority(directory: Path) -> tuple[Pair, str]:
    """Return the certificate and encrypted key that Fulcio issues with, and the password of the key."""
    return _kept(directory, "fulcio")


def timestamp_authority(directory: Path) -> tuple[Pair, str]:
    """Return the chain (leaf, root) and encrypted key of the timestamp authority, and the password of the key.

    The key of its root is thrown away once the leaf is signed: nobody can make a second leaf.
    """
    return _kept(directory, "tsa")


def _kept(directory: Path, name: str) -> tuple[Pair, str]:
    pair, password = Pair(directory / f"{name}.crt", directory / f"{name}.key"), directory / f"{name}.password"
    # The certificate is written last: without it nothing was ever signed.
    if not pair.cert.exists():
        write_private(password, secrets.token_urlsafe(32).encode())
        chain, key = _tsa_chain() if name == "tsa" else _root(f"acme {name}")
        write_private(pair.key, _encrypted(key, password.read_bytes()))
        write_private(pair.cert, _pem(chain))
    return pair, password.read_text()


def _root(name: str) -> tuple[Sequence[x509.Certificate], EllipticCurvePrivateKey]:
    from cryptography import x509  # 45 ms that looking at a running service need not pay
    from cryptography.hazmat.primitives import hashes  # 45 ms that looking at a running service need not pay

    key, builder = _begin(name)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    root = (
        builder.issuer_name(_name(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return [root], key


def _tsa_chain() -> tuple[Sequence[x509.Certificate], EllipticCurvePrivateKey]:
    from cryptography import x509  # 45 ms that looking at a running service need not pay
    from cryptography.hazmat.primitives import hashes  # 45 ms that looking at a running service need not pay

    (root,), signer = _root("acme tsa root")
    key, builder = _begin("acme tsa")
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    leaf = (
        builder.issuer_name(root.subject)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return [leaf, root], key


def _begin(name: str) -> tuple[EllipticCurvePrivateKey, x509.CertificateBuilder]:
    from cryptography import x509  # 45 ms that looking at a running service need not pay
    from cryptography.hazmat.primitives.asymmetric import ec  # 45 ms that looking at a running service need not pay

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    return key, (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(name: str) -> x509.Name:
    from cryptography import x509  # 45 ms that looking at a running service need not pay

    return x509.Name(
        [
            x509.NameAttribute(x509.oid.NameOID.ORGANIZATION_NAME, "acme"),
            x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name),
        ]
    )


def _pem(chain: Sequence[x509.Certificate]) -> bytes:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,  # 45 ms that looking at a running service need not pay
    )

    return b"".join(cert.public_bytes(Encoding.PEM) for cert in chain)


def _encrypted(key: EllipticCurvePrivateKey, password: bytes) -> bytes:
    from cryptography.hazmat.primitives import (
        serialization as ser,  # 45 ms that looking at a running service need not pay
    )

    return key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.BestAvailableEncryption(password))

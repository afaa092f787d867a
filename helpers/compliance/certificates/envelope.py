"""The envelope: a compact JWS with Ed25519 (RFC 7515, RFC 9864), in one spelling only."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from helpers.compliance.certificates.types import Kind
from helpers.core import strict_json
from helpers.core.strict_json import BadJson

ALGORITHM, TYPE, CONTENT = "Ed25519", "vc+jwt", "vc"
#: Bytes of a certificate or a status list.
MAX_BYTES = 100_000
#: Members of a header that bring a key, or say where one is. The key comes from the verifier, never from the file.
BRINGS_A_KEY = frozenset({"jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256"})


class NotGenuine(Exception):
    """What is in an envelope was not signed by this key, or can be read in two ways.

    Attributes:
        kind: what is wrong.
    """

    def __init__(self, kind: Kind, said: str) -> None:
        super().__init__(said)
        self.kind: Kind = kind


def name_of(key: OKPKey) -> str:
    """Return the URI of a key: its thumbprint (RFC 9278)."""
    return str(key.thumbprint_uri())


def public_key(path: Path) -> OKPKey:
    """Return an issuer's public key.

    Raises:
        ValueError: the file is missing or holds no public Ed25519 key.
    """
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"{path.name} is not a public key in PEM form") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{path.name} is not an Ed25519 key")
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _text(key.public_bytes_raw())})


def sign(document: dict[str, Any], key: OKPKey) -> str:
    """Return a document in its envelope, signed by a private key."""
    header = {"alg": ALGORITHM, "cty": CONTENT, "kid": name_of(key), "typ": TYPE}
    payload = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return jws.serialize_compact(header, payload, key, algorithms=[ALGORITHM])


def read(text: bytes, key: OKPKey) -> dict[str, Any]:
    """Return the document that this key signed.

    Raises:
        NotGenuine: it did not, or the envelope or the document can be read in more than one way.
    """
    if len(text) > MAX_BYTES:
        raise NotGenuine("form", f"It has {len(text)} bytes; {MAX_BYTES} are allowed.")
    parts = text.split(b".")
    if len(parts) != 3:
        raise NotGenuine("form", "It is not a compact JWS: three parts with two dots between them.")
    header, payload, _ = (_bytes(part) for part in parts)
    _check_header(_json(header, "header"), key)
    try:
        jws.deserialize_compact(text, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise NotGenuine("signature", "The issuer's key did not sign this content.") from error
    return _json(payload, "document")


def _check_header(header: dict[str, Any], key: OKPKey) -> None:
    if brings := sorted(BRINGS_A_KEY & header.keys()):
        raise NotGenuine("embedded-key", f"The file brings its own key ({brings[0]}), which proves nothing.")
    if header.get("alg") != ALGORITHM:
        raise NotGenuine("algorithm", f"It is signed by {header.get('alg')!r:.20}; only {ALGORITHM} is accepted.")
    if header.keys() != {"alg", "cty", "kid", "typ"} or (header["typ"], header["cty"]) != (TYPE, CONTENT):
        raise NotGenuine("form", "The header is not that of a certificate.")
    if header["kid"] != name_of(key):
        raise NotGenuine("other-issuer", "It names another key than the one given as the issuer's.")


def _json(raw: bytes, what: str) -> dict[str, Any]:
    try:
        return strict_json.load(raw, limit=MAX_BYTES)
    except BadJson as error:
        raise NotGenuine("form", f"The {what} has no single meaning: {error}.") from None


def _bytes(part: bytes) -> bytes:
    try:
        found = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise NotGenuine("form", "A part of it is not base64url.") from None
    # Bits that no reader looks at would let one certificate be written in several ways.
    if _text(found).encode() != part:
        raise NotGenuine("form", "A part of it is not base64url in its one spelling.")
    return found


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

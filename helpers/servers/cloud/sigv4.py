"""Verify AWS Signature Version 4, as the documentation of AWS says it is made ("Create a signed AWS API request").

moto does not: it takes any credential. Only the form with an ``Authorization`` header is known here; a presigned URL
and a chunk-signed body are refused.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from helpers.runtime.sts import sign

ALGORITHM = "AWS4-HMAC-SHA256"
#: Seconds that a request's time may differ from ours, as at AWS.
SKEW = 15 * 60
#: Services whose paths are signed as they are sent; all others are encoded once more.
_PLAIN_PATHS = {"s3"}
#: What the SDKs sign in place of a digest of what they upload to S3, where TLS keeps it from being changed.
UNSIGNED = frozenset({"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=([\w.-]{{1,128}})/(\d{{8}})/([a-z0-9-]{{1,40}})/([a-z0-9-]{{1,40}})/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;_.-]{1,4000}), ?Signature=([0-9a-f]{64})"
)


class Denied(Exception):
    """A request that is not answered.

    Attributes:
        code: AWS's name of the error. message: for a person. status: of HTTP.
    """

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True)
class Secret:
    """What is known of an access key: its secret part, and the session token that must come with it (or nothing)."""

    key: str
    token: str = ""


@dataclass(frozen=True)
class Signed:
    """The parts of an ``Authorization`` header.

    Attributes:
        access_key: its public part. date: ``YYYYMMDD``. region, service: of the scope. headers: names that are signed.
        signature: 64 hexadecimal digits.
    """

    access_key: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        """What the signing key is made for."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def parse(environ: Mapping[str, Any]) -> Signed:
    """Read the credential of a request.

    Raises:
        Denied: there is none, or it has another form.
    """
    text = environ.get("HTTP_AUTHORIZATION", "")
    if not text:
        raise Denied("MissingAuthenticationToken", "The request is not signed.")
    found = _AUTHORIZATION.fullmatch(text)
    if found is None:
        raise Denied(
            "IncompleteSignature", f"Authorization is not {ALGORITHM} with Credential, SignedHeaders, Signature."
        )
    key, date, region, service, headers, signature = found.groups()
    return Signed(key, date, region, service, tuple(headers.split(";")), signature)


def verify(environ: Mapping[str, Any], body: bytes, signed: Signed, secret: Secret, now: float) -> None:
    """Verify who sent a request, that it was meant for this server, and that nothing of it was changed.

    Args:
        environ: WSGI variables; ``REQUEST_URI`` holds the path as it was sent.
        body: all of it.
        signed: from `parse`.
        secret: what is known of its access key.
        now: seconds since 1970.

    Raises:
        Denied: with AWS's name of the error.
    """
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    if not hmac.compare_digest(token.encode(), secret.token.encode()):
        raise Denied("InvalidClientTokenId", "The session token does not belong to the access key.")
    at = environ.get("HTTP_X_AMZ_DATE", "")
    _check_time(at, signed, now)
    _check_headers(environ, signed)
    digest = hashlib.sha256(body).hexdigest()
    stated = environ.get("HTTP_X_AMZ_CONTENT_SHA256", digest)
    upload = signed.service == "s3" and environ.get("wsgi.url_scheme") == "https"
    if stated != digest and not (upload and stated in UNSIGNED):
        raise Denied("XAmzContentSHA256Mismatch", "The body does not have the signed digest.", 400)
    text = "\n".join((ALGORITHM, at, signed.scope, _sha256(_canonical(environ, signed, stated))))
    expected = sign(secret.key, signed.scope, text)
    if not hmac.compare_digest(expected, signed.signature):
        raise Denied("SignatureDoesNotMatch", "The signature was not made with this key for this request.")


def _check_time(at: str, signed: Signed, now: float) -> None:
    try:
        then = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Denied("IncompleteSignature", "X-Amz-Date is missing or is not YYYYMMDDTHHMMSSZ.") from None
    if not at.startswith(signed.date):
        raise Denied("SignatureDoesNotMatch", "The credential is for another day than the request.")
    if abs(then - now) > SKEW:
        raise Denied("RequestTimeTooSkewed", "The request was signed too long ago, or in the future.")


def _check_headers(environ: Mapping[str, Any], signed: Signed) -> None:
    """Refuse headers that mean something and are not signed: anybody on the way may have added them."""
    needed = {"host", *(name for name in _headers(environ) if name.startswith("x-amz-"))}
    if missing := sorted(needed - {name.replace("_", "-") for name in signed.headers}):
        raise Denied("SignatureDoesNotMatch", f"Not signed: {', '.join(missing)}.")


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers, names in lower case; WSGI has one spelling for ``-`` and ``_``."""
    named = {k.removeprefix("HTTP_"): v for k, v in environ.items() if k.startswith("HTTP_") and isinstance(v, str)}
    named |= {k: environ[k] for k in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(k)}
    return {name.lower().replace("_", "-"): value for name, value in named.items()}


def _canonical(environ: Mapping[str, Any], signed: Signed, digest: str) -> str:
    path, _, query = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or "/").partition("?")
    if signed.service not in _PLAIN_PATHS:
        path = quote(path, safe="/~")
    parts = (pair.partition("=") for pair in query.split("&") if pair)
    pairs = sorted((_encoded(name), _encoded(value)) for name, _, value in parts)
    headers = _headers(environ)
    lines = [f"{name}:{_squeezed(headers.get(name.replace('_', '-'), ''))}" for name in signed.headers]
    return "\n".join(
        (
            environ["REQUEST_METHOD"],
            path or "/",
            "&".join(f"{name}={value}" for name, value in pairs),
            *lines,
            "",
            ";".join(signed.headers),
            digest,
        )
    )


def _encoded(text: str) -> str:
    return quote(unquote(text, errors="surrogateescape"), safe="-_.~", errors="surrogateescape")


def _squeezed(value: str) -> str:
    # WSGI hands bytes over as Latin-1; they were signed as UTF-8.
    return " ".join(value.encode("latin-1").decode("utf-8", "replace").split())


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

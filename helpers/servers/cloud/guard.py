"""Who may use the local cloud: only who holds its keys, and no web page.

moto believes everybody. In front of it here: a request must name this server as its host, come from no web page, be
signed (`helpers.servers.cloud.sigv4`) by the key of this installation or by one that moto gave out for it, and be for a
service that the course uses. What may start containers elsewhere (Batch, Lambda, SageMaker, CodeBuild) is not served.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable
from datetime import UTC
from typing import Any
from xml.sax.saxutils import escape

from helpers.servers.cloud import sigv4
from helpers.servers.cloud.sigv4 import Denied, Secret

StartResponse = Callable[..., Any]
App = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

#: The services of AWS that the course uses, by their names in a signature.
SERVICES = frozenset(
    {"autoscaling", "dynamodb", "ec2", "iam", "kms", "organizations", "s3", "secretsmanager", "sts", "tagging"}
)
#: What is not of AWS: asked without a credential, and only with one.
HEALTH, RESET, FACTS = "/course/health", "/moto-api/reset", "/course/facts"
#: Largest body, bytes.
LIMIT = 64 * 1024 * 1024
#: Largest sum of names and values of headers, bytes.
HEADER_LIMIT = 32 * 1024
#: Headers by which moto would act for another account than the one of the key. AWS knows none of them.
_STEERING = "HTTP_X_MOTO_"
#: The service that requests for what is not of AWS are signed for.
OWN = "course"


class Guard:
    """WSGI application that asks who it is, and only then calls the one behind it.

    Args:
        app: the cloud.
        port: it listens on.
        secret_of: what is known of an access key.
        clock: seconds since 1970.
    """

    def __init__(
        self, app: App, port: int, secret_of: Callable[[str], Secret | None], clock: Callable[[], float]
    ) -> None:
        self.app, self.secret_of, self.clock = app, secret_of, clock
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            self._refuse_foreign(environ)
            if environ.get("PATH_INFO") == HEALTH and environ["REQUEST_METHOD"] == "GET":
                start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
                return [b"{}"]
            signed = sigv4.parse(environ)
            # Before the body is read: a stranger must not make us read it.
            secret = self.secret_of(signed.access_key)
            if secret is None:
                raise Denied("InvalidClientTokenId", "The access key is unknown, or its session has ended.")
            body = take_body(environ)
            sigv4.verify(environ, body, signed, secret, self.clock())
            _refuse_others(environ, signed.service)
        except Denied as denied:
            return _answer(denied, environ, start_response)

        def without_cors(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
            return start_response(status, kept, *more)

        return self.app(environ, without_cors)

    def _refuse_foreign(self, environ: dict[str, Any]) -> None:
        """Refuse what a web page sends, or a name of another server that leads here (DNS rebinding)."""
        if environ.get("HTTP_HOST", "") not in self.hosts:
            raise Denied("AccessDenied", "The Host header does not name this server.", 421)
        if "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE", "none") != "none":
            raise Denied("AccessDenied", "Requests of web pages are not answered.")
        size = sum(len(name) + len(value) for name, value in environ.items() if isinstance(value, str))
        if size > HEADER_LIMIT:
            raise Denied("RequestHeaderSectionTooLarge", "The headers are too large.", 431)


def _refuse_others(environ: dict[str, Any], service: str) -> None:
    if any(name.startswith(_STEERING) for name in environ):
        raise Denied("AccessDenied", "A request acts for the account of its key, and for no other.")
    path = environ.get("PATH_INFO", "")
    own = path.startswith(("/moto-api", "/course/", "/latest/")) or path == "/favicon.ico"
    if own and (path not in (RESET, FACTS) or service != OWN):
        raise Denied("AccessDenied", f"{path} is not served here.")
    if not own and service not in SERVICES:
        known = ", ".join(sorted(SERVICES))
        raise Denied("AccessDenied", f"The local cloud does not serve {service!r}; it serves {known}.")


def take_body(environ: dict[str, Any]) -> bytes:
    """Read the whole body and put it back, so that it can be journalled; a chunked one becomes a plain one.

    Raises:
        Denied: its length is missing, negative or too large, or it ended early.
    """
    stream, length = environ["wsgi.input"], str(environ.get("CONTENT_LENGTH") or "0")
    if environ.get("wsgi.input_terminated"):
        body = stream.read(LIMIT + 1)
    elif not length.isascii() or not length.isdigit():
        raise Denied("InvalidArgument", "Content-Length is not a number of bytes.", 400)
    elif int(length) > LIMIT:
        raise Denied("EntityTooLarge", f"A body may have {LIMIT:,} bytes.", 413)
    else:
        body = stream.read(int(length))
        if len(body) < int(length):
            raise Denied("IncompleteBody", "The body is shorter than Content-Length.", 400)
    if len(body) > LIMIT:
        raise Denied("EntityTooLarge", f"A body may have {LIMIT:,} bytes.", 413)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("wsgi.input_terminated", None)
    if body or environ.get("CONTENT_LENGTH"):
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def _answer(denied: Denied, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Say no in the form that the SDKs of AWS read, by what the request looks like."""
    code, message = escape(denied.code), escape(denied.message)
    headers = [("Connection", "close"), ("x-amzn-errortype", denied.code)]
    if "HTTP_X_AMZ_TARGET" in environ:
        body, kind = json.dumps({"__type": denied.code, "message": denied.message}), "application/x-amz-json-1.1"
    elif "/s3/" in environ.get("HTTP_AUTHORIZATION", ""):
        body, kind = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>", "application/xml"
    elif "/ec2/" in environ.get("HTTP_AUTHORIZATION", ""):
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        body, kind = f"<Response><Errors>{error}</Errors><RequestID>0</RequestID></Response>", "application/xml"
    else:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        body, kind = f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>", "application/xml"
    data = body.encode()
    start_response(
        f"{denied.status} {denied.code}", [*headers, ("Content-Type", kind), ("Content-Length", str(len(data)))]
    )
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [data]


class Keys:
    """Access keys and their secrets: the installation's own, and those that moto gave out.

    Args:
        own: public and secret part of the installation's key.
        now: seconds since 1970.
    """

    def __init__(self, own: tuple[str, str], now: Callable[[], float]) -> None:
        self.own, self.now = own, now
        self._lock = threading.Lock()

    def secret_of(self, access_key: str) -> Secret | None:
        """Return what is known of a key; ``None`` when it is unknown, inactive, or its session has ended."""
        if access_key == self.own[0]:
            return Secret(self.own[1])
        with self._lock:
            return _issued(access_key, self.now())


def _issued(access_key: str, now: float) -> Secret | None:
    from moto import backends  # moto reads its settings and the clock when it is imported

    for role in (role for sts in _each(backends.get_backend("sts")) for role in sts.assumed_roles):
        if role.access_key_id == access_key and role.expiration.replace(tzinfo=UTC).timestamp() > now:
            return Secret(role.secret_access_key, role.session_token)
    for user in (user for iam in _each(backends.get_backend("iam")) for user in list(iam.users.values())):
        for key in user.access_keys:
            if key.access_key_id == access_key and key.status == "Active":
                return Secret(key.secret_access_key)
    return None


def _each(accounts: Any) -> Iterable[Any]:
    """Yield one service's backend of every account and partition."""
    return (backend for account in list(accounts) for backend in list(accounts[account].values()))

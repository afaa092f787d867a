"""The one HTTP client for the course's own services: kept connections, time limits, own certificate authority.

It stands on urllib3, as the Kubernetes client and hvac (by requests) do. A proxy of the environment is used for other
machines only, never for loopback. What authenticates goes to no other machine without TLS, where everybody on the way
could read it. Redirects are not followed: none of our services sends any. urllib3 is loaded at the first use: it costs
an import about 25 ms.
"""

from __future__ import annotations

import base64
import ipaddress
import json as _json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode, urlsplit

from helpers.core.errors import BadInput

#: Seconds an answer may take.
TIMEOUT = 30.0
#: Headers that say who asks, and by which somebody else could ask in the same name.
CREDENTIALS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "private-token", "x-api-key", "x-amz-security-token"}
    | {"x-registry-auth", "x-vault-token"}
)


class NoAnswer(OSError):
    """No answer came: nothing is known about what became of the request; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes:
        status: of HTTP. headers: names in lower case. body: as it came.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return self.status < 400

    @property
    def content_type(self) -> str:
        """The type of the body without its parameters, in lower case; empty when the server does not say."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body as data.

        Raises:
            ValueError: it is not JSON.
        """
        return _json.loads(self.body)


class Client:
    """Calls to one server; may be used by several threads at once.

    Args:
        url: base of every path.
        ca: file with the certificates to trust instead of the machine's.
        certificate: files of the client's certificate and key.
        headers: sent with every request.
        timeout: seconds an answer may take.
        verify: False takes any certificate: only for a question whose answer is not relied on, such as "who may ask?".
        busy_retries: how often a request is sent again that was answered by 429 or 503 ("later").
    """

    def __init__(
        self,
        url: str,
        *,
        ca: Path | None = None,
        certificate: tuple[Path, Path] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
        verify: bool = True,
        busy_retries: int = 0,
    ) -> None:
        import urllib3  # 25 ms

        self.url, self.timeout = url.rstrip("/"), timeout
        again = urllib3.Retry(
            total=busy_retries,
            connect=0,
            read=0,
            redirect=0,
            other=0,
            status_forcelist=(429, 503),
            allowed_methods=None,
            backoff_factor=0.1,
            raise_on_status=False,
        )
        known: dict[str, Any] = {"maxsize": 16, "headers": dict(headers or {}), "retries": again}
        if not verify:
            known["cert_reqs"], known["assert_hostname"] = "CERT_NONE", False
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if ca is not None:
            known["ca_certs"] = str(ca)
        if certificate is not None:
            known["cert_file"], known["key_file"] = map(str, certificate)
        proxy = proxy_of(self.url)
        self._pool = urllib3.ProxyManager(proxy, **known) if proxy else urllib3.PoolManager(**known)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections; the next request opens a new one."""
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str = "",
        body: bytes | str | None = None,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send a request, once, and return the answer, whatever its status.

        Args:
            path: after the base, with its query.
            body, json, form: what to send, one of them; *json* and *form* set the content type.
            headers: for this request. timeout: seconds, instead of the client's.

        Raises:
            NoAnswer: the server cannot be reached or broke off.
            BadInput: it would be sent in clear, to another machine, what authenticates; nothing was sent.
        """
        import urllib3  # loaded already

        sent = {**self._pool.headers, **(headers or {})}
        require_private(self.url, sent)
        if json is not None:
            body = _json.dumps(json)
            sent.setdefault("Content-Type", "application/json")
        elif form is not None:
            body = urlencode(form)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            answer = self._pool.request(
                method, self.url + path, body=body, headers=sent, timeout=timeout or self.timeout, redirect=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswer(reason(error)) from None
        return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.data)


def request(method: str, url: str, body: bytes | str | None = None, **options: Any) -> Answer:
    """Send one request on a connection of its own; the options are those of `Client` and of `Client.request`.

    Raises:
        NoAnswer: the server cannot be reached or broke off.
    """
    own = {name: options.pop(name) for name in ("ca", "certificate", "verify") if name in options}
    with Client(url, **own) as client:
        return client.request(method, "", body, **options)


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, ``None`` for loopback and where there is none.

    Raises:
        BadInput: it is not a proxy for http.
    """
    import urllib.request  # 6 ms

    address = urlsplit(url)
    host = address.hostname or ""
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    proxy = urllib.request.getproxies().get(address.scheme)
    # Without a scheme it is one for http, as curl takes it.
    proxy = f"http://{proxy}" if proxy and "://" not in proxy else proxy
    if proxy and urlsplit(proxy).scheme not in ("http", "https"):
        raise BadInput(
            f"The proxy for {address.scheme} cannot be used",
            why=f"It is one for {urlsplit(proxy).scheme}; this client knows http and https.",
            next=f"export NO_PROXY={host}",
        )
    return proxy


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine's loopback: a name that only begins like an address is not."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_private(url: str, headers: Iterable[str]) -> None:
    """Refuse to send what authenticates in clear to another machine.

    Args:
        url: where to. headers: their names.

    Raises:
        BadInput: it is not https, not on loopback, and one of the headers says who asks.
    """
    address = urlsplit(url)
    told = sorted(name for name in headers if name.lower() in CREDENTIALS)
    if told and address.scheme != "https" and not is_loopback(address.hostname or ""):
        raise BadInput(
            f"{address.hostname} would be sent {told[0]} in clear",
            why="The address is not https: whoever is on the way, a proxy first, would read it.",
            next=f"Use https://{address.netloc}",
        )


def reason(error: BaseException) -> str:
    """Return in one sentence why no answer came."""
    import urllib3  # loaded already

    said = {
        urllib3.exceptions.ConnectTimeoutError: "It did not take the connection in time.",
        urllib3.exceptions.NewConnectionError: "Nothing listens there.",
        urllib3.exceptions.NameResolutionError: "Its name is not known.",
        urllib3.exceptions.ReadTimeoutError: "It did not answer in time.",
        urllib3.exceptions.ProtocolError: "The connection broke before the answer was complete.",
    }
    cause: BaseException = error
    while isinstance(inner := getattr(cause, "reason", None), BaseException):
        cause = inner
    return said.get(type(cause)) or str(cause) or type(cause).__name__

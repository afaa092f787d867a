"""One connection to an API server: credentials, requests, kinds. This module and `_credentials`, which only it
imports, are the only ones that import the client library (0.4 s).

Everything the library raises is turned into a typed error here, without a traceback and without a secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.watch.watch import iter_resp_lines

from helpers.clients.kubernetes import _credentials
from helpers.clients.kubernetes._discovery import Discovery, Kind
from helpers.clients.kubernetes._protocol import Answer, Disconnected, Impersonated, Query
from helpers.clients.kubernetes._status import RESTART, error_from
from helpers.clients.kubernetes.errors import BadKubeconfig, KubernetesError, Unreachable
from helpers.core.redact import redact

#: What a broken connection raises, by library layer.
BROKEN = (urllib3.exceptions.HTTPError, OSError)


class _Client(ApiClient):
    """The library's client; sends a header for each group, which its dictionary of headers cannot hold."""

    def __init__(self, configuration: Configuration, impersonated: Impersonated | None) -> None:
        super().__init__(configuration)
        self._impersonated = impersonated

    def call_api(self, method: str, url: str, header_params: Any = None, *args: Any, **kwargs: Any) -> Any:
        headers = urllib3.HTTPHeaderDict(header_params or {})
        if self._impersonated is not None:
            headers["Impersonate-User"] = self._impersonated.user
            for group in self._impersonated.groups:
                headers.add("Impersonate-Group", group)
        return super().call_api(method, url, headers, *args, **kwargs)


class Connection:
    """Requests to one API server as one user.

    Args:
        configuration: the library's configuration, credentials included.
        timeout: seconds that one request may take.
        impersonated: user and groups to act as.
        explain: called when the server does not accept the credentials; returns why and what next.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        timeout: float,
        impersonated: Impersonated | None = None,
        explain: Callable[[], tuple[str, str]] | None = None,
    ) -> None:
        self.configuration, self.timeout, self.impersonated = configuration, timeout, impersonated
        self._explain = explain or (lambda: _credentials.explain(configuration))
        # The library writes what it finds into a file that others can read and replace; ours stays in memory.
        library = _Client(configuration, impersonated)
        self._client = DynamicClient(library, discoverer=Discovery)  # type: ignore[no-untyped-call]

    @classmethod
    def open(cls, kubeconfig: Path, context: str | None, *, timeout: float) -> Connection:
        """Return a connection with the credentials of a kubeconfig's context (by default its current one).

        Raises:
            BadKubeconfig: the file is missing or broken, has no such context, or would not check who answers.
        """
        return cls(_credentials.load(kubeconfig, context), timeout=timeout)

    @property
    def server(self) -> str:
        """URL of the API server."""
        return str(self.configuration.host)

    def as_user(self, impersonated: Impersonated) -> Connection:
        """Return a connection with the same credentials that acts as someone else."""
        return Connection(self.configuration, timeout=self.timeout, impersonated=impersonated, explain=self._explain)

    def with_configuration(self, configuration: Configuration) -> Connection:
        """Return a connection with other credentials and the same time limit."""
        return Connection(configuration, timeout=self.timeout)

    def without_credentials(self) -> Any:
        """Return a configuration for the same server without anybody's credentials."""
        return _credentials.without_credentials(self.configuration)

    def kind(self, kind: str, api_version: str = "", *, fresh: bool = False) -> Kind:
        """Return what the server knows of a kind (``Deployment``, ``deployments.apps``, ``deploy``).

        Raises:
            UnknownKind: it knows none of that name. Unreachable, BadKubeconfig ...: it could not be asked.
        """
        discovery: Discovery = self._client.resources
        return discovery.find(self._get_discovery, kind, api_version, fresh=fresh)

    def _get_discovery(self, path: str, accept: str) -> dict[str, Any]:
        return self.request("get", path, asked="ask for the kinds", headers={"Accept": accept}).data

    def request(
        self,
        method: str,
        path: str,
        *,
        asked: str,
        body: Any = None,
        query: Query = (),
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        hide: Sequence[str] = (),
        timeout: float | None = None,
    ) -> Answer:
        """Make one request and return the JSON answer.

        Args:
            asked: what it is for, for messages (``apply Deployment web``).
            hide: spellings of secrets that an error must not repeat.

        Raises:
            KubernetesError: one of its subclasses; see `helpers.clients.kubernetes.errors`.
        """
        seconds = self.timeout if timeout is None else timeout
        try:
            response = self._send(method, path, body, query, content_type, headers, (min(10.0, seconds), seconds))
            data = json.loads(response.data)
        except (ApiException, *BROKEN) as error:
            raise self._error(error, asked, hide) from None
        except ValueError:
            raise Unreachable(
                f"{self.server} is not a Kubernetes API server: cannot {asked}",
                why="It did not answer in JSON.",
                next="Look at the server's address in the kubeconfig.",
            ) from None
        return Answer(data if isinstance(data, dict) else {}, _warnings(response, hide))

    def lines(self, path: str, *, asked: str, query: Query, silence: float) -> Iterator[dict[str, Any]]:
        """Yield the JSON lines of a watch until the server ends it; first an empty one, once it has begun.

        Raises:
            Disconnected: the connection broke, or nothing came for *silence* seconds.
            KubernetesError: the server refused the watch.
        """
        response = None
        try:
            timeout = (min(10.0, self.timeout), silence)
            response = self._send("get", path, None, query, "application/json", None, timeout)
            yield {}
            for line in iter_resp_lines(response):  # type: ignore[no-untyped-call]
                if line:
                    yield json.loads(line)
        except ApiException as error:
            raise self._error(error, asked, ()) from None
        except (*BROKEN, ValueError) as error:
            raise Disconnected(str(error)) from None
        finally:
            if response is not None:
                # What was not read cannot be used again: the connection goes.
                response.close()

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        query: Query,
        content_type: str,
        headers: Mapping[str, str] | None,
        timeout: tuple[float, float],
    ) -> urllib3.HTTPResponse:
        found: urllib3.HTTPResponse = self._client.request(
            method,
            path,
            body=body,
            query_params=list(query),
            content_type=content_type,
            header_params=dict(headers or {}),
            serialize=False,
            _request_timeout=timeout,
        )
        return found

    def _error(self, error: Exception, asked: str, hide: Sequence[str]) -> KubernetesError:
        """Return the typed error for what the library raised."""
        if isinstance(error, ApiException) and error.status == 401:
            why, next = self._explain()
            return BadKubeconfig(f"The cluster does not accept these credentials: cannot {asked}", why=why, next=next)
        if isinstance(error, ApiException) and error.status:
            return error_from(error.status, error.body, asked, hide)
        text = redact(str(error.reason if isinstance(error, ApiException) else error), tuple(hide))
        return _credentials.tls_error(text, self.configuration) or Unreachable(
            f"The API server at {self.server} cannot be reached: cannot {asked}", why=_reason(error), next=RESTART
        )


def _reason(error: Exception) -> str:
    """Return in a few words why there was no connection."""
    words = {
        urllib3.exceptions.ConnectTimeoutError: "It did not accept the connection in time.",
        urllib3.exceptions.NewConnectionError: "Nothing listens there.",
        urllib3.exceptions.NameResolutionError: "Its host name cannot be resolved.",
        urllib3.exceptions.ReadTimeoutError: "It did not answer in time.",
        urllib3.exceptions.ProtocolError: "The connection broke before the answer was complete.",
        urllib3.exceptions.LocationValueError: "Its address is not a URL.",
    }
    # The most special kind is last: a name that is not known is a failed connection as well.
    found = [text for kind, text in words.items() if isinstance(error, kind)]
    return found[-1] if found else str(error)


def _warnings(response: urllib3.HTTPResponse, hide: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of the ``Warning`` headers (RFC 7234: code, agent, quoted text)."""
    found = []
    for header in response.headers.getlist("Warning"):
        text = header.partition('"')[2].rpartition('"')[0]
        found.append(redact(text.replace('\\"', '"').replace("\\\\", "\\"), tuple(hide)))
    return tuple(dict.fromkeys(found))

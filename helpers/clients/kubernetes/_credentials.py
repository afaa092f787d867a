"""Reads a kubeconfig into the client library's configuration, and explains credentials that are not accepted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kubernetes.client import Configuration
from kubernetes.config import ConfigException, load_kube_config

from helpers.clients.kubernetes.errors import BadKubeconfig, KubernetesError
from helpers.core import yaml_reader

_OWN = "Cluster() without kubeconfig= takes the course's own."
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def load(path: Path, context: str | None) -> Any:
    """Return the ``kubernetes.client.Configuration`` of a kubeconfig's context (by default its current one).

    Raises:
        BadKubeconfig: the file is missing or broken, has no such context, or would not check who answers.
    """
    _check(path, context)
    configuration = Configuration()
    try:
        # Refreshed tokens are not written back: the file is not ours.
        load_kube_config(str(path), context, configuration, persist_config=False)  # type: ignore[no-untyped-call]
    except (ConfigException, ValueError, TypeError, AttributeError, LookupError, OSError) as error:
        # Of the rest of the file nothing is repeated: it may be a key.
        why = str(error) if isinstance(error, ConfigException) else f"The library cannot read it: {_kind(error)}."
        raise BadKubeconfig(f"{path.name} is not a usable kubeconfig", why=why, next=_OWN) from None
    # Our own retries know what may be repeated.
    configuration.retries = False
    host = urlsplit(configuration.host).hostname or ""
    if host in _LOOPBACK:
        # A proxy of the environment is never meant for loopback.
        configuration.proxy = None
    _check_safe(path, configuration, host)
    return configuration


def without_credentials(configuration: Any) -> Any:
    """Return a configuration for the same server without anybody's credentials."""
    fresh = Configuration()
    for name in ("host", "ssl_ca_cert", "verify_ssl", "tls_server_name", "proxy", "no_proxy", "retries"):
        setattr(fresh, name, getattr(configuration, name))
    return fresh


def _check(path: Path, context: str | None) -> None:
    try:
        raw = yaml_reader.load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadKubeconfig("There is no such kubeconfig", why=f"{path} is missing.", next=_OWN) from None
    except yaml_reader.InvalidYaml as error:
        why = f"It is not YAML: line {error.line}." if error.line else "It is not YAML."
        raise BadKubeconfig(f"{path.name} is not a kubeconfig", why=why, next=_OWN) from None
    except (OSError, ValueError) as error:
        raise BadKubeconfig(f"{path.name} cannot be read", why=_kind(error), next=_OWN) from None
    if not isinstance(raw, Mapping) or not all(isinstance(raw.get(k), list) for k in ("clusters", "users", "contexts")):
        why = "It needs lists of clusters, users and contexts."
        raise BadKubeconfig(f"{path.name} is not a kubeconfig", why=why, next=_OWN)
    names = {part: _names(raw[part]) for part in ("clusters", "users", "contexts")}
    wanted = context or raw.get("current-context") or ""
    if wanted not in names["contexts"]:
        have = ", ".join(names["contexts"]) or "none"
        what = f"{path.name} has no context {wanted}" if wanted else f"{path.name} has no current context"
        raise BadKubeconfig(what, why=f"Its contexts: {have}.", next='Cluster(kubeconfig=path, context="...")')
    chosen = names["contexts"][wanted]
    for part in ("cluster", "user"):
        if chosen.get(part) not in names[f"{part}s"]:
            why = f"Its context {wanted} names {part} {chosen.get(part)!r}."
            raise BadKubeconfig(f"{path.name} has no such {part}", why=why, next=_OWN)


def _names(items: list[Any]) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a list in a kubeconfig by name: ``{name: ..., cluster: {...}}``."""
    found = {}
    for item in items:
        if isinstance(item, Mapping) and isinstance(item.get("name"), str):
            found[item["name"]] = next((v for k, v in item.items() if k != "name" and isinstance(v, Mapping)), {})
    return found


def _check_safe(path: Path, configuration: Any, host: str) -> None:
    if configuration.host.startswith("https://") and configuration.verify_ssl:
        return
    if configuration.host.startswith("http://") and host in _LOOPBACK:
        return
    raise BadKubeconfig(
        f"{path.name} would send credentials to a server whose identity is not verified",
        why="It says http:// or insecure-skip-tls-verify.",
        next="Name the cluster's certificate-authority in it.",
    )


def explain(configuration: Any) -> tuple[str, str]:
    """Return why an API server did not accept these credentials, as far as can be seen here, and what next."""
    path = configuration.cert_file
    if not path:
        return "The token is not valid, has expired, or was withdrawn.", "Request a new token."
    # Expensive (0.1 s), and needed only to explain a refusal.
    from cryptography import x509

    try:
        cert = x509.load_pem_x509_certificate(Path(path).read_bytes())
    except (OSError, ValueError):
        return f"The client certificate {Path(path).name} cannot be read.", _OWN
    if cert.not_valid_after_utc < dt.datetime.now(dt.UTC):
        return f"The client certificate expired on {cert.not_valid_after_utc:%Y-%m-%d %H:%M} UTC.", _OWN
    by = cert.issuer.rfc4514_string()
    return f"The client certificate was issued by {by}, which is not the authority this cluster trusts.", _OWN


def tls_error(text: str, configuration: Any) -> KubernetesError | None:
    """Return the error for what went wrong while a connection was being secured; ``None`` for anything else."""
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
        expired = "expired" in text
        why = "Its certificate has expired." if expired else "Its certificate is not signed by the authority we trust"
        why += "" if expired else ": it is another cluster, or the cluster was created again."
        return BadKubeconfig(f"{configuration.host} is not the server the kubeconfig knows", why=why, next=_OWN)
    missing = [
        Path(p).name
        for p in (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
        if p and not Path(p).is_file()
    ]
    if missing:
        return BadKubeconfig("The kubeconfig names files that are not there", why=", ".join(missing), next=_OWN)
    if "SSLError" in text or "[SSL" in text or "PEM" in text or "[X509" in text:
        return BadKubeconfig("The certificate or its key cannot be used", why=text.strip(), next=_OWN)
    return None


def _kind(error: BaseException) -> str:
    text = getattr(error, "strerror", None)
    return str(text or type(error).__name__)

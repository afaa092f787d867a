"""What clients of the course's own services need: whom to trust, and who they are to the OCI registry.

Files below the services' state directory; nothing is made here, and without a service that wrote them there are none.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from helpers.core.files import read_private
from helpers.core.paths import state_dir

#: Options by which a client takes any server: it is not told who we are.
_TRUSTING = re.compile(r"--(insecure|allow-http-registry|allow-insecure-registry)(=true)?|--tls=false")
#: Where Go looks for certificates when ``SSL_CERT_DIR`` does not say (crypto/x509, root_linux.go).
_SYSTEM = "/etc/ssl/certs:/etc/pki/tls/certs"


def authority_directory(services: Path | None = None) -> Path:
    """Return the directory of the course's own certificate authority.

    Args:
        services: directory of all services' state; by default the user's.
    """
    return (services or state_dir() / "services") / "authority"


def ca_file() -> Path | None:
    """Return the certificate that vouches for the course's own servers; None while no server of ours has one."""
    file = authority_directory() / "trusted" / "ca.crt"
    return file if file.is_file() else None


def docker_config() -> Path:
    """Return the configuration, as Docker has it, with the account at the course's OCI registry (mode 0600)."""
    return state_dir() / "services" / "oci" / "docker" / "config.json"


def registry_account() -> tuple[str, str]:
    """Return the address of the course's OCI registry and the value of an ``Authorization`` header; empty for none."""
    try:
        (address, held), *_ = json.loads(read_private(docker_config()))["auths"].items()
        return str(address), f"Basic {held['auth']}"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def go_trust() -> dict[str, str]:
    """Return the variable by which a program in Go trusts our authority beside the machine's."""
    file = ca_file()
    if file is None:
        return {}
    return {"SSL_CERT_DIR": f"{file.parent}:{os.environ.get('SSL_CERT_DIR') or _SYSTEM}"}


def client_environment(args: Sequence[str | os.PathLike[str]]) -> dict[str, str]:
    """Return the variables by which a tool trusts our servers, and says who it is when it is to talk to our registry.

    Args:
        args: the tool's arguments. The account is given only to a run that names the registry, and that verifies its
            certificate: for all others the user's own Docker configuration counts.
    """
    env = go_trust()
    if not env:
        return {}
    address, _ = registry_account()
    words = [os.fspath(arg) for arg in args]
    if address and any(address in word for word in words) and not any(_TRUSTING.fullmatch(word) for word in words):
        env["DOCKER_CONFIG"] = str(docker_config().parent)
    return env


def git_config() -> Path:
    """Return the file with what git must know about the course's Git server; the service writes it."""
    return state_dir() / "services" / "git" / "gitconfig"


def git_options(url: str) -> dict[str, str]:
    """Return git's settings for a server of ours: whose certificate to trust, and that nothing goes by a proxy."""
    file = ca_file()
    return {f"http.{url}/.sslCAInfo": str(file), f"http.{url}/.proxy": ""} if file else {}


def git_config_text(url: str) -> str:
    """Return `git_options` as a configuration file."""
    lines = [f'[http "{url}/"]']
    for name, value in git_options(url).items():
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'\t{name.rpartition(".")[2]} = "{quoted}"')
    return "\n".join(lines) + "\n"


def git_environment() -> dict[str, str]:
    """Return the variable that has git read the settings for our server, and nothing else, as the user's own."""
    file = git_config()
    return {"GIT_CONFIG_GLOBAL": str(file) if file.is_file() else "/dev/null"}

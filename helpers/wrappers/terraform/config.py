"""The course's Terraform CLI configuration: where our provider, our module registry and the local cloud are.

The provider comes from a read-only filesystem mirror. A shared plugin cache (``TF_PLUGIN_CACHE_DIR``) would be
unsafe when two ``init`` run at once; a mirror is only read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.core.files import new_directory, write_atomic
from helpers.core.paths import cache_dir, state_dir
from helpers.runtime import tools, trust

if TYPE_CHECKING:
    from helpers.runtime.services.service import Service
    from helpers.runtime.tools import Tool

#: The host by which Terraform addresses modules; the CLI configuration maps it to the running registry.
REGISTRY_HOST = "registry.acme.test"
#: Tool of ``toolchain/`` that is our provider, and its address.
PROVIDER_TOOL = "provider-platform"
PROVIDER_SOURCE = "acme.test/platform/platform"


def target_platform() -> str:
    """Return this machine as Terraform names it, for example ``linux_amd64``."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }".replace(" ", "")


def mirror() -> Path | None:
    """Return the mirror that holds our provider, or ``None`` while the provider is not built.

    Raises:
        ToolChanged: the provider in the cache, or its copy in the mirror, is not what was built.
    """
    tool = tools.find(PROVIDER_TOOL)
    return None if tool is None else _mirror_of(tool)


def discard_mirror() -> None:
    """Drop the mirrors of all builds; the next run of Terraform makes a new one."""
    shutil.rmtree(_mirrors(), ignore_errors=True)
    _checked.clear()


def _mirrors() -> Path:
    return cache_dir() / "terraform-mirror"


def _mirror_of(tool: Tool) -> Path:
    # One mirror for each build: a lock file made with another build must not pass for this one.
    root = _mirrors() / tool.sha256[:16]
    package = root / PROVIDER_SOURCE / tool.version / target_platform()
    binary = f"terraform-provider-platform_v{tool.version}"
    if not package.is_dir():
        _copy(tool.path, package, binary)
    if package not in _checked:
        _check(package, binary, tool.sha256)
        _checked.add(package)
    return root


#: Packages of the mirror that this process has checked.
_checked: set[Path] = set()


def _copy(program: Path, package: Path, name: str) -> None:
    # Another process may be faster; its copy is the same.
    with contextlib.suppress(FileExistsError), new_directory(package) as new:
        shutil.copy2(program, new / name)
        (new / name).chmod(0o555)
        new.chmod(0o755)


def _check(package: Path, name: str, sha256: str) -> None:
    """Check that the package holds the provider that was built, and nothing else."""
    names = sorted(path.name for path in package.iterdir())
    if name not in names:
        why = f"{name} is missing."
    elif others := [other for other in names if other != name]:
        why = f"{others[0]} is not part of it."
    elif not tools.unchanged(package / name, sha256):
        why = f"{name} does not have the digest of the one that was built, {sha256[:16]}…."
    else:
        return
    raise tools.ToolChanged(
        "The provider in Terraform's mirror is not the one that was built, so Terraform was not run",
        why=f"{why}\nA failing disk or another program may have done that; look at {package}.",
        next=f"course tools install {PROVIDER_TOOL}     # drops it and copies it again",
    )


def cli_config(mirror: Path | None, registry_url: str | None = None, token: str | None = None) -> str:
    """Return the text of the CLI configuration.

    Args:
        mirror: root of the provider mirror.
        registry_url: base URL of the running module registry.
        token: credential for it; sent by Terraform as a bearer token.
    """
    lines = ["disable_checkpoint = true\n"]
    if mirror is not None:
        lines.append(
            "provider_installation {\n"
            f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = ["acme.test/*/*"]\n  }}\n'
            '  direct {\n    exclude = ["acme.test/*/*"]\n  }\n}\n'
        )
    if registry_url is not None:
        base = registry_url.rstrip("/")
        lines.append(f'host "{REGISTRY_HOST}" {{\n  services = {{\n    "modules.v1" = "{base}/v1/modules/"\n  }}\n}}\n')
    if token is not None:
        lines.append(f'credentials "{REGISTRY_HOST}" {{\n  token = "{token}"\n}}\n')
    return "\n".join(lines)


def write_cli_config(registry_url: str | None = None, token: str | None = None) -> Path:
    """Write the CLI configuration for the provider as it is built now, and return its path.

    The name is a digest of the content, so two processes never overwrite each other's; only the owner may read it.
    """
    text = cli_config(mirror(), registry_url, token)
    folder = state_dir() / "terraform"
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.tfrc"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text, private=True)
    return path


def running() -> dict[str, Service]:
    """Return the cloud and the registry, by name, while they run; one that was killed is started again."""
    folder = state_dir() / "services"
    # Without its directory a service was never started; without any, the supervisor need not be imported.
    wanted = [name for name in ("cloud", "registry") if (folder / name).is_dir()]
    if not wanted:
        return {}

    from helpers.runtime import services  # the supervisor doubles the time this module takes to import

    found = {service.name: service for service in services.status() if service.name in wanted}
    found = {name: services.ensure(name) if s.status == "failed" else s for name, s in found.items()}
    return {name: service for name, service in found.items() if service.status == "running"}


def environment_for(account: str | None = None, *, own_access: bool = False) -> dict[str, str]:
    """Return the variables for a run: the CLI configuration, and access to the cloud (`helpers.runtime.cloud_access`).

    Args:
        account: account to act in, by name or number; the local cloud is started when needed. By default the
            platform's, as long as the local cloud runs.
        own_access: the caller brings an endpoint or credentials; none are added.

    Raises:
        BadInput: there is no such account. CloudError: the cloud cannot be reached or refuses.
    """
    here = running()
    registry = here.get("registry")
    env = {"TF_CLI_CONFIG_FILE": str(write_cli_config(registry.url if registry else None)), **trust.go_trust()}
    elsewhere = os.environ.get("MOD208_CLOUD_URL") is not None
    if account is None and (own_access or elsewhere or "cloud" not in here):
        return env
    from helpers.runtime import cloud_access  # as above: it needs the supervisor

    return {**env, **cloud_access.environment(account or "platform")}

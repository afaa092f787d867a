"""The course's Terraform CLI configuration: where our provider, our module registry and the local cloud are.

The provider comes from a read-only filesystem mirror. A shared plugin cache (``TF_PLUGIN_CACHE_DIR``) would be
unsafe when two ``init`` run at once; a mirror is only read.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from helpers._paths import cache_dir, state_dir
from helpers.registry import HOST

if TYPE_CHECKING:
    from helpers.services.service import Service
    from helpers.tools import Tool

#: Tool of ``toolchain/`` that is our provider, and its address.
PROVIDER_TOOL = "provider-platform"
PROVIDER_SOURCE = "acme.test/platform/platform"


def target_platform() -> str:
    """Return this machine as Terraform names it, for example ``linux_amd64``."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }".replace(" ", "")


def mirror() -> Path | None:
    """Return the mirror that holds our provider, or ``None`` while the provider is not built."""
    from helpers import tools

    tool = tools.find(PROVIDER_TOOL)
    return None if tool is None else _mirror_of(tool)


def _mirror_of(tool: Tool) -> Path:
    # One mirror for each build: a lock file made with another build must not pass for this one.
    root = cache_dir() / "terraform-mirror" / tool.sha256[:16]
    package = root / PROVIDER_SOURCE / tool.version / target_platform()
    if package.is_dir():
        return root
    package.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=package.parent, prefix=".new-"))
    binary = aside / f"terraform-provider-platform_v{tool.version}"
    shutil.copy2(tool.path, binary)
    binary.chmod(0o555)
    aside.chmod(0o755)
    try:
        aside.rename(package)
    except OSError:
        # Another process was faster; its copy is the same.
        shutil.rmtree(aside)
    return root


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
        lines.append(f'host "{HOST}" {{\n  services = {{\n    "modules.v1" = "{base}/v1/modules/"\n  }}\n}}\n')
    if token is not None:
        lines.append(f'credentials "{HOST}" {{\n  token = "{token}"\n}}\n')
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
        descriptor, aside = tempfile.mkstemp(dir=folder, prefix=".new-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(aside).rename(path)
    return path


def running() -> dict[str, Service]:
    """Return the cloud and the registry, by name, while they run; one that was killed is started again."""
    folder = state_dir() / "services"
    # Without its folder a service was never started; without any, the supervisor need not be imported.
    wanted = [name for name in ("cloud", "registry") if (folder / name).is_dir()]
    if not wanted:
        return {}
    from helpers import services

    found = {service.name: service for service in services.status() if service.name in wanted}
    found = {name: services.ensure(name) if s.status == "failed" else s for name, s in found.items()}
    return {name: service for name, service in found.items() if service.status == "running"}


def environment_for(account: str | None = None, *, own_access: bool = False) -> dict[str, str]:
    """Return the variables for a run: the CLI configuration, and access to the cloud (`helpers.cloud`).

    Args:
        account: account to act in, by name or number; the local cloud is started when needed. By default the
            platform's, as long as the local cloud runs.
        own_access: the caller brings an endpoint or credentials; none are added.

    Raises:
        BadInput: there is no such account. CloudError: the cloud cannot be reached or refuses.
    """
    here = running()
    registry = here.get("registry")
    env = {"TF_CLI_CONFIG_FILE": str(write_cli_config(registry.url if registry else None))}
    elsewhere = os.environ.get("MOD208_CLOUD_URL") is not None
    if account is None and (own_access or elsewhere or "cloud" not in here):
        return env
    from helpers import cloud

    return {**env, **cloud.environment(account or "platform")}

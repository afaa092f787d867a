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
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers._paths import cache_dir, state_dir
from helpers._redact import add_secrets
from helpers.errors import BadInput

if TYPE_CHECKING:
    from helpers.services.service import Service
    from helpers.tools import Tool

#: Tool of ``toolchain/`` that is our provider, and its address.
PROVIDER_TOOL = "provider-platform"
PROVIDER_SOURCE = "acme.test/platform/platform"
REGISTRY_HOST = "registry.acme.test"
REGION = "us-east-1"
#: Role that AWS Organizations makes in every member account.
ACCOUNT_ROLE = "OrganizationAccountAccessRole"
#: Not secret: the local cloud takes any, and knows its management account by these.
PLATFORM_KEYS = {"AWS_ACCESS_KEY_ID": "platform", "AWS_SECRET_ACCESS_KEY": "platform"}


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


def environment_for(account: str | None = None) -> dict[str, str]:
    """Return the variables for a run: the CLI configuration and, while the local cloud runs, access to it.

    Args:
        account: account of the local cloud to act in, by 12-digit id or by its name in the organization;
            by default the platform's own (management) account.

    Raises:
        BadInput: the local cloud does not run, or has no such account.
    """
    here = running()
    registry, cloud = here.get("registry"), here.get("cloud")
    env = {"TF_CLI_CONFIG_FILE": str(write_cli_config(registry.url if registry else None))}
    if cloud is None:
        if account is not None:
            why = "The local cloud does not run."
            raise BadInput(f"Account {account} cannot be reached", why=why, next="course services start cloud")
        return env
    keys = PLATFORM_KEYS if account is None else dict(_assume(cloud.url, account, cloud.pid))
    return {**env, "PLATFORM_ENDPOINT": cloud.url, "AWS_ENDPOINT_URL": cloud.url, "AWS_REGION": REGION, **keys}


@cache
def _assume(url: str, account: str, pid: int | None) -> tuple[tuple[str, str], ...]:
    """Return credentials of a member account, the way a platform team gets them: AssumeRole.

    They live as long as the cloud's process: after a restart, *pid* makes the cache ask anew.
    """
    import boto3

    def client(name: str) -> Any:
        return boto3.client(
            name,
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=PLATFORM_KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=PLATFORM_KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    number = account if account.isdecimal() and len(account) == 12 else _account_id(client("organizations"), account)
    role = f"arn:aws:iam::{number}:role/{ACCOUNT_ROLE}"
    found = client("sts").assume_role(RoleArn=role, RoleSessionName="course")["Credentials"]
    add_secrets(found["SecretAccessKey"], found["SessionToken"])
    return (
        ("AWS_ACCESS_KEY_ID", found["AccessKeyId"]),
        ("AWS_SECRET_ACCESS_KEY", found["SecretAccessKey"]),
        ("AWS_SESSION_TOKEN", found["SessionToken"]),
    )


def _account_id(organizations: Any, name: str) -> str:
    from botocore.exceptions import ClientError

    try:
        pages = organizations.get_paginator("list_accounts").paginate()
        accounts = {a["Name"]: str(a["Id"]) for page in pages for a in page["Accounts"]}
    except ClientError:
        # There is no organization yet, so no member account either.
        accounts = {}
    if name not in accounts:
        known = ", ".join(sorted(accounts)) or "none yet"
        raise BadInput(f"There is no account named {name}", why=f"Accounts: {known}.", next="Apply its module first.")
    return accounts[name]

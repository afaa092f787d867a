"""What the platform's profile is asked about on this machine: the services that run here, their keys and buckets."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.clients.aws import cloud
from helpers.core.paths import state_dir
from helpers.runtime import services

#: Input -> service whose URL it is.
URLS: Mapping[str, str] = {"kubernetes_url": "kubernetes", "registry_url": "registry", "vault_url": "vault"}
#: What `inputs` says.
INPUTS = ("private_keys", "loopback_ports", "buckets", "state_buckets", "bucket_report", *URLS)
#: Buckets whose name has this hold Terraform states.
STATES = "tfstate"


def inputs(accounts: Sequence[str] = ("platform",)) -> dict[str, Any]:
    """Return the profile's inputs for what runs now. What does not run is left empty, and its control is skipped.

    Args:
        accounts: whose buckets are asked about.
    """
    running = {one.name: one for one in services.status() if one.status == "running"}
    names = _buckets(accounts) if "cloud" in running else []
    return {
        "private_keys": [str(path) for path in sorted(state_dir().rglob("*.key")) if path.is_file()],
        "loopback_ports": sorted(one.port for one in running.values() if one.port),
        "buckets": names,
        "state_buckets": [name for name in names if STATES in name],
        "bucket_report": bucket_command(accounts),
        **{name: running[service].url if service in running else "" for name, service in URLS.items()},
    }


def _buckets(accounts: Sequence[str]) -> list[str]:
    listed = (cloud.client("s3", account).list_buckets()["Buckets"] for account in accounts)
    return sorted(one["Name"] for buckets in listed for one in buckets)


def bucket_command(accounts: Sequence[str]) -> str:
    """Return the command that both engines run to ask the cloud about the buckets of *accounts*, by name or number."""
    course = Path(sys.executable).with_name("course")
    return shlex.join([str(course), "controls", "buckets", *(f"--account={one}" for one in accounts)])

"""One user of the machine, as a program: does what a line of its standard input says, and answers in JSON."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from helpers.clients.forge import Forge
from helpers.core import http
from helpers.core.errors import CourseError
from helpers.runtime import services, trust
from helpers.wrappers.crane import Crane, write_layer

SERVICES = ("git", "oci", "cloud")


def start() -> dict[str, Any]:
    """Start the services and put something into each."""
    found = {name: services.ensure(name) for name in SERVICES}
    me = str(os.getuid())
    Forge().create(f"of-{me}", policy={"gates": False, "approvals": 0})
    with tempfile.TemporaryDirectory() as aside:
        Crane(aside).append(
            [write_layer(Path(aside) / "a.tar", {"a": me.encode()})], f"{found['oci'].address}/of/u{me}:1"
        )
    return {name: [one.address, one.pid] for name, one in found.items()}


def have() -> dict[str, Any]:
    """Return what there is, as the owner sees it."""
    oci = services.ensure("oci").address
    running = [one.name for one in services.status() if one.status == "running"]
    with tempfile.TemporaryDirectory() as aside:
        return {"git": Forge().repositories(), "oci": Crane(aside).catalog(oci), "running": running}


def attack(other: dict[str, Any], state: str) -> list[str]:
    """Use one's own accounts, files and signals against another user's services; return what worked."""
    worked = []
    token = Forge().credentials().password
    for ca in (trust.ca_file(), None):
        for name in ("git", "oci", "cloud"):
            address, _ = other[name]
            accounts = {
                "": "",
                "git": http.basic("learner", token)["Authorization"],
                "oci": trust.registry_account()[1],
            }
            for account in accounts.values():
                path = {"git": "/api/people", "oci": "/v2/_catalog", "cloud": "/"}[name]
                headers = {"Authorization": account} if account else {}
                with contextlib.suppress(http.NoAnswer):
                    url = f"https://{address}{path}"
                    answer = http.request("GET", url, headers=headers, ca=ca, verify=ca is not None)
                    # With one's own authority the other's server must not be taken for one's own.
                    if answer.ok or ca is not None:
                        worked.append(f"{name} answered {answer.status}")
    for _, pid in other.values():
        with contextlib.suppress(PermissionError):
            os.kill(pid, signal.SIGTERM)
            worked.append(f"a signal to {pid}")
    for path in (f"{state}/services/oci/lock", f"{state}/services/git/service.json", f"{state}/services/new"):
        with contextlib.suppress(PermissionError):
            Path(path).write_text("{}")
            worked.append(f"wrote {path}")
    return worked


def main() -> None:
    """Answer until the input ends."""
    actions = {"start": start, "have": have, "attack": attack, "stop": lambda: len(services.stop("all"))}
    for line in sys.stdin:
        name, *given = json.loads(line)
        try:
            print(json.dumps({"answer": actions[name](*given)}), flush=True)
        except CourseError as error:
            print(json.dumps({"error": str(error)}), flush=True)


if __name__ == "__main__":
    main()

"""Asks testinfra's ``host`` one question. Runs in the pytest process that `testinfra_engine` starts."""

from __future__ import annotations

import ipaddress
import json
import struct
from collections.abc import Mapping
from typing import Any

from helpers.core import http

#: State LISTEN of a socket in ``/proc/net/tcp``.
_LISTEN = "0A"


class CouldNotLook(Exception):
    """Nothing is known about the thing itself."""


def judge(host: Any, case: Mapping[str, Any], seen: dict[str, Any]) -> None:
    """Judge one case.

    Args:
        host: testinfra's host. seen: what commands printed, kept so that each runs once.

    Raises:
        AssertionError: the expectation is not met. Anything else: nobody could look.
    """
    found = _LOOK[case["kind"]](host, case, seen)
    matcher, value = case["matcher"], case["value"]
    if not matcher:
        met, expected = bool(found), "yes"
    elif matcher == "is":
        met, expected = _cmp(found, value), repr(value)
    elif matcher == "one_of":
        met, expected = found in value, f"one of {value}"
    else:
        met, expected = bool(found) and all(one in value for one in found), f"only {value}"
    if not met:
        raise AssertionError(f"expected {expected}, got {'no' if not matcher else repr(found)}")


def _file(host: Any, case: Mapping[str, Any], _: dict[str, Any]) -> Any:
    file = host.file(case["target"])
    if case["asks"] == "exist" or not file.exists:
        return file.exists or None
    return f"{file.mode:04o}" if case["asks"] == "mode" else file.user


def _port(host: Any, case: Mapping[str, Any], _: dict[str, Any]) -> Any:
    found = listening(host.file("/proc/net/tcp").content_string, 4)
    if host.file("/proc/net/tcp6").exists:
        found += listening(host.file("/proc/net/tcp6").content_string, 6)
    addresses = sorted({address for address, port in found if port == int(case["target"])})
    return addresses if case["asks"] == "addresses" else bool(addresses)


def listening(table: str, version: int) -> list[tuple[str, int]]:
    """Return address and port of the listening sockets in a table of the kernel (proc_net_tcp(5))."""
    found = []
    for line in table.splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        if state == _LISTEN:
            digits, port = local.split(":")
            words = bytes.fromhex(digits)
            # The kernel prints each group of four bytes in the machine's order.
            raw = b"".join(struct.pack("=I", int.from_bytes(words[i : i + 4])) for i in range(0, len(words), 4))
            kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
            found.append((str(kind(raw)), int(port, 16)))
    return found


def _http(_: Any, case: Mapping[str, Any], __: dict[str, Any]) -> Any:
    asked = case["http"]
    # As InSpec's own resource, from the machine that runs the controls; `ssl_verify: false` there.
    try:
        options = {"headers": asked.get("headers"), "timeout": 30.0, "verify": False}
        return http.request(asked.get("method", "GET"), case["target"], **options).status
    except http.NoAnswer as error:
        raise CouldNotLook(f"no answer from {case['target']}: {error}") from None


def _json(host: Any, case: Mapping[str, Any], seen: dict[str, Any]) -> Any:
    command = case["target"]
    if command not in seen:
        seen[command] = host.run(command)
    done = seen[command]
    if done.rc != 0:
        raise CouldNotLook(f"{command.split()[0]} ended with exit code {done.rc}: {done.stderr.strip()[-300:]}")
    try:
        found = json.loads(done.stdout)
    except ValueError as error:
        raise CouldNotLook(f"{command.split()[0]} did not print JSON: {error}") from None
    for key in case["path"]:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _cmp(found: Any, value: Any) -> bool:
    """Compare as InSpec's ``cmp`` does: numbers and words by what they say, whatever their type and case."""
    if found is None:
        return False
    return found == value or str(found).lower() == str(value).lower()


_LOOK = {"file": _file, "port": _port, "http": _http, "json": _json}

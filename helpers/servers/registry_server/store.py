"""Published modules as plain files. A version appears whole, by one rename, or not at all; it never changes after."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

from helpers.compliance.module_rules import versions as order
from helpers.core.files import new_directory, write_private
from helpers.servers.registry_server.refusal import RequestRefused


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


class Store:
    """The directory of a registry.

    Layout: ``modules/NAMESPACE/NAME/PROVIDER/VERSION/{module.tar.gz,bundle.json,meta.json,flags.json}`` and
    ``events.jsonl``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules = folder / "modules"
        self._incoming = folder / "incoming"
        self._events = threading.Lock()
        self.modules.mkdir(parents=True, exist_ok=True, mode=0o700)
        # What a kill left half written was never answered.
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(mode=0o700)

    def path(self, module: str, version: str = "") -> Path:
        """Return the directory of a module (``NAMESPACE/NAME/PROVIDER``) or of one version."""
        return self.modules / module / version if version else self.modules / module

    def versions(self, module: str, *, yanked: bool = True) -> list[str]:
        """Return the versions of a module, newest first."""
        folder = self.path(module)
        found = [p.name for p in folder.iterdir() if (p / "meta.json").exists()] if folder.is_dir() else []
        ordered = order.ordered(found)
        return ordered if yanked else [v for v in ordered if not self.flags(module, v).keys() & {"yanked", "removed"}]

    def names(self) -> list[str]:
        """Return every module that has a version, in alphabetical order."""
        return sorted({str(p.parent.parent.relative_to(self.modules)) for p in self.modules.glob("*/*/*/*/meta.json")})

    def meta(self, module: str, version: str) -> dict[str, Any]:
        """Return what is known of a version.

        Raises:
            RequestRefused: 404, there is no such version.
        """
        try:
            data = json.loads((self.path(module, version) / "meta.json").read_text())
        except FileNotFoundError:
            raise RequestRefused(404, "not-found", f"There is no version {version} of {module}.") from None
        return {**data, **self.flags(module, version)}

    def flags(self, module: str, version: str) -> dict[str, str]:
        """Return the marks of a version: ``yanked``, ``deprecated``, ``removed``, each with its reason."""
        try:
            data = json.loads((self.path(module, version) / "flags.json").read_text())
        except FileNotFoundError:
            return {}
        return {str(k): str(v) for k, v in data.items()}

    def set_flag(self, module: str, version: str, flag: str, reason: str | None) -> dict[str, str]:
        """Set or (with no reason) take away a mark; the version itself stays as it is."""
        self.meta(module, version)
        flags = self.flags(module, version)
        if reason is None:
            flags.pop(flag, None)
        else:
            flags[flag] = reason
        write_private(self.path(module, version) / "flags.json", json.dumps(flags).encode())
        return flags

    def add(self, module: str, version: str, archive: bytes, bundle: bytes, meta: dict[str, Any]) -> None:
        """Publish a version.

        Raises:
            RequestRefused: 409, the version is taken.
        """
        target = self.path(module, version)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            # Two publishers cannot both win.
            with new_directory(target, within=self._incoming) as new:
                for name, data in (
                    ("module.tar.gz", archive),
                    ("bundle.json", bundle),
                    ("meta.json", json.dumps(meta).encode()),
                ):
                    write_private(new / name, data)
                _sync(new)
        except FileExistsError:
            raise taken(module, version, self.versions(module)) from None
        _sync(target.parent)

    def archive(self, module: str, version: str) -> bytes:
        """Return the archive as it was published.

        Raises:
            RequestRefused: 404 there is none; 410 it was removed; 500 its bytes on disk are no longer those that were
                published.
        """
        meta = self.meta(module, version)
        if meta.get("removed"):
            raise RequestRefused(410, "removed", f"Version {version} of {module} was removed. {meta['removed']}")
        with contextlib.suppress(FileNotFoundError):
            data = (self.path(module, version) / "module.tar.gz").read_bytes()
            if hashlib.sha256(data).hexdigest() == meta["digest"]:
                return data
        raise RequestRefused(
            500,
            "tampered",
            f"{module} {version} is not served: its archive in the registry is no longer what was published "
            f"(SHA-256 {meta['digest']}). Ask the registry's operator to restore it.",
        )

    def stored(self, module: str, version: str) -> tuple[bytes, bytes]:
        """Return archive and signature bundle as they are on disk; see `Verifier` for what they are worth.

        Raises:
            OSError: one of them cannot be read.
        """
        folder = self.path(module, version)
        return (folder / "module.tar.gz").read_bytes(), (folder / "bundle.json").read_bytes()

    def event(self, kind: str, module: str, version: str, who: str, **more: Any) -> None:
        """Append one event to ``events.jsonl``."""
        line = {"time": now(), "event": kind, "module": module, "version": version, "who": who, **more}
        data = json.dumps(line, sort_keys=True).encode() + b"\n"
        with self._events:
            descriptor = os.open(self.folder / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def taken(module: str, version: str, published: list[str]) -> RequestRefused:
    """Return the refusal of a version that is there already."""
    newest = order.latest(published) or version
    return RequestRefused(
        409,
        "version-taken",
        f"Version {version} of {module} is published already and never changes. The newest is {newest}; "
        "raise the version, add a CHANGELOG entry and publish again.",
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

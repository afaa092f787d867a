"""Published modules as plain files. A version appears whole, by one rename, or not at all; it never changes after."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import shutil
import threading
import uuid
from pathlib import Path
from typing import Any

from helpers.services._record import write_private
from helpers.services.registry_server import versions as order
from helpers.services.registry_server.problems import Refused


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


class Store:
    """The folder of a registry.

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
        """Return the folder of a module (``NAMESPACE/NAME/PROVIDER``) or of one version."""
        return self.modules / module / version if version else self.modules / module

    def versions(self, module: str, *, yanked: bool = True) -> list[str]:
        """Return the versions of a module, newest first."""
        folder = self.path(module)
        found = [p.name for p in folder.iterdir() if (p / "meta.json").exists()] if folder.is_dir() else []
        return [v for v in order.ordered(found) if yanked or not self.flags(module, v).get("yanked")]

    def names(self) -> list[str]:
        """Return every module that has a version, in alphabetical order."""
        return sorted({str(p.parent.parent.relative_to(self.modules)) for p in self.modules.glob("*/*/*/*/meta.json")})

    def meta(self, module: str, version: str) -> dict[str, Any]:
        """Return what is known of a version.

        Raises:
            Refused: 404, there is no such version.
        """
        try:
            data = json.loads((self.path(module, version) / "meta.json").read_text())
        except FileNotFoundError:
            raise Refused(404, "not-found", f"There is no version {version} of {module}.") from None
        return {**data, **self.flags(module, version)}

    def flags(self, module: str, version: str) -> dict[str, str]:
        """Return the marks of a version: ``yanked`` and ``deprecated``, each with its reason."""
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
            Refused: 409, the version is taken.
        """
        aside = self._incoming / uuid.uuid4().hex
        aside.mkdir(mode=0o700)
        try:
            for name, data in (
                ("module.tar.gz", archive), ("bundle.json", bundle), ("meta.json", json.dumps(meta).encode()),
            ):  # fmt: skip
                write_private(aside / name, data)
            _sync(aside)
            target = self.path(module, version)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                # Fails on a folder that has files: two publishers cannot both win.
                aside.rename(target)
            except OSError:
                if not target.exists():
                    raise
                raise taken(module, version, self.versions(module)) from None
            _sync(target.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def archive(self, module: str, version: str) -> bytes:
        """Return the archive as it was published.

        Raises:
            Refused: 404 there is none; 500 its bytes on disk are no longer those that were published.
        """
        meta = self.meta(module, version)
        with contextlib.suppress(FileNotFoundError):
            data = (self.path(module, version) / "module.tar.gz").read_bytes()
            if hashlib.sha256(data).hexdigest() == meta["digest"]:
                return data
        raise Refused(
            500,
            "tampered",
            f"{module} {version} is not handed out: its archive in the registry is no longer what was published "
            f"(SHA-256 {meta['digest']}). Ask the registry's operator to restore it.",
        )

    def intact(self, module: str, version: str) -> bool:
        """Return whether the archive on disk is still what was published."""
        try:
            self.archive(module, version)
        except Refused:
            return False
        return True

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


def taken(module: str, version: str, published: list[str]) -> Refused:
    """Return the refusal of a version that is there already."""
    newest = order.latest(published) or version
    return Refused(
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

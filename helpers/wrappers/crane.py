"""crane from Python: images and other artifacts in an OCI registry.

Source: crane's command reference; the registry's error codes are those of the OCI distribution specification.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from helpers.core import process
from helpers.core.display import Displayed
from helpers.core.errors import BadInput, CourseError
from helpers.wrappers.base import StrPath, Wrapper, paths

__all__ = [
    "BadReference",
    "Crane",
    "Descriptor",
    "Manifest",
    "NotInRegistry",
    "RegistryDenied",
    "RegistryError",
    "RegistryUnreachable",
    "Validation",
    "registry_error",
    "write_layer",
]


class RegistryError(CourseError):
    """An OCI registry did not do what it was asked for."""

    code = "registry-error"


class RegistryUnreachable(RegistryError):
    """Nothing answers at the registry's address."""

    code = "registry-unreachable"


class NotInRegistry(RegistryError):
    """The registry has no such repository, tag or digest."""

    code = "not-in-registry"


class RegistryDenied(RegistryError):
    """The registry refused access."""

    code = "registry-denied"


class BadReference(RegistryError):
    """The reference is not of the form ``HOST[:PORT]/REPOSITORY[:TAG|@DIGEST]``."""

    code = "bad-reference"


_KINDS: tuple[tuple[str, type[RegistryError], str, str], ...] = (
    (
        r"could not parse reference|parsing reference|invalid reference|a digest must contain|can only contain",
        BadReference,
        "{0!r} is not a reference",
        "Write HOST:PORT/REPOSITORY:TAG, or ...@sha256:DIGEST.",
    ),
    (
        r"connection refused|no such host|i/o timeout|network is unreachable|connection reset|EOF$",
        RegistryUnreachable,
        "The registry of {0} does not answer",
        "course services start oci",
    ),
    (
        r"UNAUTHORIZED|DENIED|status code 40[13]|: 40[13] |401 Unauthorized|403 Forbidden",
        RegistryDenied,
        "The registry refused access to {0}",
        "Check the credentials, or ask the repository's owner.",
    ),
    (
        r"NAME_UNKNOWN|MANIFEST_UNKNOWN|BLOB_UNKNOWN|not found|404",
        NotInRegistry,
        "{0} is not in the registry",
        "crane.tags(repository)   # lists what is there",
    ),
)


def registry_error(said: str, reference: str) -> RegistryError | None:
    """Return the typed error for a tool's message about *reference*, or None when it is about something else."""
    for pattern, kind, what, next in _KINDS:
        if re.search(pattern, said, re.MULTILINE):
            return kind(what.format(reference), why=said.strip()[-1000:], next=next)
    return None


@dataclass(frozen=True)
class Descriptor:
    """One piece of content a manifest points to; size in bytes."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Descriptor:
        """Return the descriptor in a manifest."""
        annotations = {str(k): str(v) for k, v in (raw.get("annotations") or {}).items()}
        return cls(raw.get("mediaType", ""), raw.get("digest", ""), raw.get("size", 0), annotations)


@dataclass(frozen=True)
class Manifest(Displayed):
    """The manifest of an image or artifact, or the index of several.

    Attributes:
        config: None for an index. layers: of an image or artifact. manifests: of an index.
        raw: the document as the registry has it.
    """

    reference: str
    media_type: str
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str]
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_json(cls, reference: str, raw: Mapping[str, Any]) -> Manifest:
        """Return the manifest in the registry's JSON."""

        def many(name: str) -> tuple[Descriptor, ...]:
            return tuple(Descriptor.from_json(item) for item in raw.get(name) or ())

        config = Descriptor.from_json(raw["config"]) if raw.get("config") else None
        annotations = {str(k): str(v) for k, v in (raw.get("annotations") or {}).items()}
        kind = str(raw.get("artifactType") or raw.get("mediaType", ""))
        return cls(reference, kind, config, many("layers"), many("manifests"), annotations, raw)

    def __repr__(self) -> str:
        return f"Manifest({self.reference}: {self.media_type}, {len(self.layers) or len(self.manifests)} parts)"


@dataclass(frozen=True)
class Validation:
    """Whether an image's parts have the digests it promises; *reason* says what does not fit."""

    subject: str
    valid: bool
    reason: str = ""


class Crane(Wrapper):
    """crane in one working directory. Registries on 127.0.0.1 are spoken to without TLS, all others with.

    Args:
        insecure: allow plain HTTP and unverified certificates for other hosts as well.

    Raises (every method):
        RegistryUnreachable, NotInRegistry, RegistryDenied, BadReference: see there.
        ToolFailed: anything else that is not a result.
    """

    tool = "crane"

    def __init__(
        self,
        workdir: StrPath = ".",
        *,
        insecure: bool = False,
        env: Mapping[str, str] | None = None,
        executable: StrPath | None = None,
        timeout: float | None = 120,
    ) -> None:
        super().__init__(workdir, env=env, executable=executable, timeout=timeout)
        self._insecure = insecure

    def digest(self, reference: str) -> str:
        """Return the digest (``sha256:...``) a reference stands for now."""
        return self._ask(["digest"], reference).stdout.strip()

    def manifest(self, reference: str) -> Manifest:
        """Return the manifest of a reference."""
        return Manifest.from_json(reference, json.loads(self._ask(["manifest"], reference).stdout))

    def config(self, reference: str) -> dict[str, Any]:
        """Return the configuration of an image: platform, history, layers."""
        return dict(json.loads(self._ask(["config"], reference).stdout))

    def tags(self, repository: str) -> tuple[str, ...]:
        """Return the tags of a repository (``crane ls``), sorted.

        A signature made by cosign is found there too, under ``sha256-DIGEST`` of what it signs.
        """
        return tuple(sorted(self._ask(["ls"], repository).stdout.split()))

    def catalog(self, registry: str) -> tuple[str, ...]:
        """Return the repositories of a registry, sorted."""
        return tuple(sorted(self._ask(["catalog"], registry).stdout.split()))

    def push(self, path: StrPath, reference: str) -> str:
        """Push an image (a tarball, or a directory in OCI layout) and return it as ``REPOSITORY@DIGEST``."""
        return self._ask(["push", self._file(path)], reference).stdout.strip()

    def pull(self, reference: str, path: StrPath, *, format: Literal["tarball", "legacy", "oci"] = "tarball") -> Path:
        """Pull an image into a file (or a directory, for ``oci``) and return its path."""
        self._ask(["pull", f"--format={format}"], reference, [_operand(path)])
        return self.workdir / path

    def append(self, layers: Sequence[StrPath], reference: str, *, base: str | None = None) -> str:
        """Push an image made of *base* (default: nothing) and layers (tar files); return ``REPOSITORY@DIGEST``."""
        self._check(reference)
        args = ["append", *[f"--new_layer={self._file(layer)}" for layer in layers], f"--new_tag={reference}"]
        return self._done([*args, *([f"--base={base}"] if base else [])], reference).stdout.strip()

    def tag(self, reference: str, tag: str) -> None:
        """Give what *reference* stands for one more tag."""
        self._ask(["tag"], reference, [tag])

    def copy(self, source: str, target: str) -> str:
        """Copy an image between repositories, digest and all, and return the digest."""
        self._check(source)
        self._ask(["copy", source], target)
        return self.digest(target)

    def delete(self, reference: str) -> None:
        """Delete a reference from its registry."""
        self._ask(["delete"], reference)

    def validate(self, reference: str | None = None, *, tarball: StrPath | None = None) -> Validation:
        """Check that every part of an image has the digest it promises. A misfit is a result, not an error."""
        if (reference is None) == (tarball is None):
            raise BadInput("Name a reference or a tarball", why="Both or neither were given.", next="Leave one out.")
        what = f"--remote={reference}" if reference is not None else f"--tarball={self._file(tarball or '')}"
        done = self._run([*self._common(), "validate", what])
        if done.returncode == 0:
            return Validation(str(reference or tarball), True)
        said = done.stderr.strip() + done.stdout.strip()
        if reference is not None and (error := registry_error(said, reference)):
            raise error
        return Validation(str(reference or tarball), False, said.removeprefix("Error: "))

    def _common(self) -> list[str]:
        return ["--insecure"] if self._insecure else []

    def _file(self, path: StrPath) -> str:
        (found,) = paths([path])
        if not (self.workdir / found).exists():
            raise BadInput(f"{found} is not there", why="Expected a file.", next="Create it, or correct the path.")
        return _operand(path)

    def _check(self, reference: str) -> None:
        if not reference or reference.startswith("-") or "\0" in reference:
            raise BadReference(f"{reference!r} is not a reference", next="Write HOST:PORT/REPOSITORY:TAG.")

    def _ask(self, args: Sequence[str], reference: str, more: Sequence[str] = ()) -> process.Completed:
        self._check(reference)
        return self._done([*args, reference, *more], reference)

    def _done(self, args: Sequence[str], reference: str) -> process.Completed:
        done = self._run([*self._common(), *args])
        if done.returncode != 0:
            raise registry_error(done.stderr, reference) or self._failed(args[0], done, next="Check the file.")
        return done


def write_layer(target: StrPath, files: Mapping[str, bytes]) -> Path:
    """Write a layer for `Crane.append` that holds *files* (path -> content), each of mode 0644, and return its path.

    The same files give the same bytes, and so the same digest: neither time nor user goes into a layer, and nobody
    compresses it. crane would, and built with another version of Go it makes other bytes of the same files.
    """
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    Path(target).write_bytes(_stored(plain.getvalue()))
    return Path(target)


def _stored(content: bytes) -> bytes:
    """Return *content* as a gzip file in blocks that are not compressed (RFC 1952; RFC 1951, 3.2.4)."""
    size = 0xFFFF
    pieces = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
    last = len(pieces) - 1
    blocks = [struct.pack("<BHH", at == last, len(one), len(one) ^ size) + one for at, one in enumerate(pieces)]
    ends = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + b"".join(blocks) + ends


def _operand(path: StrPath) -> str:
    given = os.fspath(path)
    return f"./{given}" if given.startswith("-") else given

"""Opens a module's archive safely: nothing in it can write outside its directory, fill the disk or be run."""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from helpers.clients.registry.errors import PackageProblem

#: Limits: bytes of the archive, bytes unpacked, bytes a file, entries, characters of a path.
MAX_ARCHIVE = 10 * 1024 * 1024
MAX_UNPACKED = 40 * 1024 * 1024
MAX_FILE = 5 * 1024 * 1024
MAX_ENTRIES = 2000
MAX_PATH = 200

_PACK = "Pack the module again with Registry.publish or `tar -czf`."


class BadArchive(Exception):
    """The archive is refused; ``problem`` says why."""

    def __init__(self, where: str, what: str, fix: str = _PACK) -> None:
        super().__init__(what)
        self.problem = PackageProblem("archive-safe", where, what, fix)


def unpack(data: bytes, *, rooted: bool = False) -> dict[str, bytes]:
    """Return path -> content of every regular file.

    Args:
        data: the archive.
        rooted: paths may begin with one slash, as OPA writes them into a bundle; it is left out of the result.

    Raises:
        BadArchive: it is damaged, too large, or holds an entry that is not allowed.
    """
    if len(data) > MAX_ARCHIVE:
        raise BadArchive("archive", f"It is larger than {MAX_ARCHIVE:,} bytes.", "Leave out what is not the module.")
    plain = _gunzip(data)
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            return _files(tar, rooted)
    except (
        tarfile.TarError,
        ValueError,
        OverflowError,
        EOFError,
        OSError,
        AttributeError,
        IndexError,
        # Headers of long names that name each other, one after the other.
        RecursionError,
    ) as error:
        raise BadArchive("archive", f"It is not a readable tar file ({type(error).__name__}).") from None


def _gunzip(data: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(data, MAX_UNPACKED + 1)
    except zlib.error:
        raise BadArchive("archive", "It is not compressed with gzip, or is damaged.") from None
    if len(plain) > MAX_UNPACKED:
        raise BadArchive("archive", f"It unpacks to more than {MAX_UNPACKED:,} bytes.", "Leave out large files.")
    if not unzip.eof:
        raise BadArchive("archive", "It is truncated.")
    if unzip.unused_data:
        raise BadArchive("archive", "There is more data after its end.")
    return plain


def _files(tar: tarfile.TarFile, rooted: bool) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    count = 0
    for member in tar:
        count += 1
        if count > MAX_ENTRIES:
            raise BadArchive("archive", f"It has more than {MAX_ENTRIES} entries.", "Leave out what is not the module.")
        name = _safe_name(member.name.removeprefix("/") if rooted else member.name)
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            kind = "a symbolic link" if member.issym() else "a hard link" if member.islnk() else "no regular file"
            raise BadArchive(name, f"It is {kind}.", "Put the file itself in the module.")
        if member.size > MAX_FILE:
            raise BadArchive(name, f"It is larger than {MAX_FILE:,} bytes.", "Leave it out of the module.")
        if name.casefold() in seen:
            raise BadArchive(name, "It is there twice (upper and lower case count as the same).", "Keep one of them.")
        seen.add(name.casefold())
        source = tar.extractfile(member)
        content = source.read() if source else b""
        if len(content) != member.size:
            raise BadArchive(name, "Its content is truncated.")
        files[name] = content
    for name in files:
        if any(str(parent).casefold() in seen for parent in PurePosixPath(name).parents):
            raise BadArchive(name, "One of its directories is a file as well.")
    return files


def _safe_name(raw: str) -> str:
    shown = ascii(raw[:80])
    path = PurePosixPath(raw)
    if not path.parts or raw.startswith("/") or ".." in path.parts or "\\" in raw or ":" in raw:
        raise BadArchive(shown, "Its path points outside the module.", "Use paths below the module's directory only.")
    if ".git" in (part.casefold() for part in path.parts):
        raise BadArchive(shown, "It would be the configuration of git for whoever unpacks it.", "Leave .git out.")
    if not raw.isprintable() or len(raw) > MAX_PATH:
        raise BadArchive(shown, "Its path is too long or has characters that cannot be shown.", "Rename the file.")
    return str(path)


def write(files: dict[str, bytes], folder: Path) -> None:
    """Write unpacked files below an empty directory."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)

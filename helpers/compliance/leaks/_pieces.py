"""Takes files apart into pieces of text: cells and outputs, members of archives, what a commit added."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import secrets
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.compliance.leaks.types import Unread
from helpers.core import process, terminal
from helpers.core.errors import CourseError
from helpers.runtime import tools
from helpers.wrappers.git.types import NotARepository
from helpers.wrappers.git.unconfigured import RefusedRepository, Unconfigured

#: Bytes of one file or member; a larger one is reported as not read.
MAX_BYTES = 64_000_000
#: What an archive holds beside its members: headers, remarks, and whatever follows its end.
BESIDE = "(beside its members)"


class CannotRead(Exception):
    """A piece cannot be taken apart; the words say why."""


@dataclass(frozen=True)
class Piece:
    """A piece of text; *start* is the number of its first line, *name* decides which rules fit."""

    file: str
    text: str
    part: str = ""
    start: int = 1
    state: Any = None

    @property
    def name(self) -> str:
        """The name of the file itself, without archive and commit."""
        return re.split(r"[!:]", self.file)[-1]


def content_of(path: Path) -> bytes:
    """Return what a file holds, and one byte more than is searched where it is longer: it need not fit in memory.

    Raises:
        CannotRead: the file is gone. OSError: it cannot be read.
    """
    # It may be a pipe by now: that would be waited for.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise CannotRead("It is not a plain file.")
        return stream.read(MAX_BYTES + 1)


def pieces(file: str, content: bytes, depth: int = 0) -> Iterator[Piece | Unread]:
    """Yield the pieces of a file, and which members of an archive could not be read.

    Raises:
        CannotRead: after the pieces that could be read; the rest is not known.
    """
    if len(content) > MAX_BYTES:
        raise CannotRead(f"It has more than {MAX_BYTES:,} bytes.")
    if content[:4] == b"PK\x03\x04" or content[:2] == b"\x1f\x8b":
        if depth > 2:
            raise CannotRead("It is an archive in an archive in an archive.")
        for member, data in _members(content):
            try:
                yield from pieces(f"{file}!{member}", data, depth + 1)
            except CannotRead as error:
                yield Unread(f"{file}!{member}", str(error))
        return
    text = _decoded(content.replace(b"\0", b"") if file.endswith(f"!{BESIDE}") else content)
    suffix = re.split(r"[!/.]", file)[-1]
    if file.endswith(".ipynb"):
        yield from _cells(file, text)
    elif "tfstate" in file.rpartition("/")[2]:
        # Lines come first: a state that does not parse still holds what it holds.
        yield Piece(file, text)
        yield Piece(file, "", state=_json(text)) if text.strip() else Piece(file, "")
    else:
        yield Piece(file, text, part="binary" if suffix == "tfplan" else "")


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8", "replace")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise CannotRead("It is not valid JSON; only its lines were searched.") from None


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the members of an archive, and as one more what is in it beside them: it can be hidden there as well."""
    try:
        yield from _zipped(content) if content[:2] == b"PK" else _gzipped(content)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        OSError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as e:
        # RuntimeError is what an encrypted member raises.
        raise CannotRead(f"The archive cannot be opened: {type(e).__name__}.") from None


def _zipped(content: bytes) -> Iterator[tuple[str, bytes]]:
    beside = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for item in archive.infolist():
            if item.file_size > MAX_BYTES:
                raise CannotRead(f"{item.filename} has more than {MAX_BYTES:,} bytes.")
            yield item.filename, archive.read(item)
            _blank(beside, item.header_offset, 30 + len(item.orig_filename) + item.compress_size)
    yield BESIDE, bytes(beside)


def _gzipped(content: bytes) -> Iterator[tuple[str, bytes]]:
    with gzip.open(io.BytesIO(content)) as stream:
        plain = stream.read(MAX_BYTES + 1)
    if len(plain) > MAX_BYTES:
        # A part of a tar file looks like a whole one.
        raise CannotRead(f"It has more than {MAX_BYTES:,} bytes.")
    # Of a tar file only the beginning must look like one, and 512 zeros do.
    if not plain.startswith(b"\0") and tarfile.is_tarfile(io.BytesIO(plain)):
        beside = bytearray(plain)
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            for member in tar:
                if member.size > MAX_BYTES:
                    raise CannotRead(f"{member.name} has more than {MAX_BYTES:,} bytes.")
                if member.isfile() and (found := tar.extractfile(member)):
                    yield member.name, found.read()
                    if not member.issparse():
                        _blank(beside, member.offset_data, member.size)
        yield BESIDE, bytes(beside)
    else:
        yield "content", plain


def _blank(content: bytearray, start: int, size: int) -> None:
    end = min(start + size, len(content))
    content[start:end] = bytes(max(0, end - start))


def _cells(file: str, text: str) -> Iterator[Piece]:
    try:
        cells = json.loads(text)["cells"]
        for number, cell in enumerate(cells, 1):
            yield Piece(file, _joined(cell.get("source")), f"cell {number}")
            for output in cell.get("outputs") or ():
                yield Piece(file, terminal.plain(_output(output)), f"cell {number} output")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        yield Piece(file, text)
        raise CannotRead("It is not a valid notebook; only its lines were searched.") from None


def _output(output: Any) -> str:
    data = output.get("data") or {}
    shown = [value if isinstance(value, str | list) else json.dumps(value) for value in data.values()]
    texts = [output.get("text"), output.get("ename"), output.get("evalue"), *shown, *(output.get("traceback") or ())]
    return "\n".join(_joined(text) for text in texts if text)


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")


def history(folder: Path) -> tuple[list[Piece], int]:
    """Return what each commit added, in all branches, stashes and the reflog, and how many commits there are.

    Raises:
        CannotRead: Git cannot read the repository.
    """
    git = tools.ensure("git").path
    # Random each time, so that no content can look like the border between two commits.
    border = secrets.token_hex(16)
    args = ["log", "--all", "--reflog", "--full-history", "-p", "--diff-merges=separate", "--unified=0", "--no-color"]
    args += ["--no-ext-diff", "--no-textconv", "--text", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/"]
    args += [f"--format={border}%H%n%B{border}"]
    try:
        # Whoever made the repository may be an attacker: its configuration would have git run what it names.
        repository = Unconfigured(folder)
    except (RefusedRepository, NotARepository) as error:
        raise CannotRead(f"{error.what}. {error.why} {error.next}".strip()) from None
    except OSError as error:
        raise CannotRead(f"Git's files cannot be read: {error.strerror}.") from None
    env = process.environment(repository.env())
    with tempfile.TemporaryDirectory() as aside:
        # Into a file: as text from a pipe, a bare carriage return in a line would end it.
        patches = Path(aside) / "patches"
        try:
            done = process.run([git, *args, f"--output={patches}"], cwd=repository.git_dir, env=env, timeout=300)
        except CourseError as error:
            raise CannotRead(f"Git gave no history: {error.what}.") from None
        if done.returncode != 0:
            if "does not have any commits" in done.stderr:
                return [], 0
            raise CannotRead("Git cannot read the history.")
        text = patches.read_bytes().decode("utf-8", "replace") if patches.exists() else ""
    parts = text.split(border)[1:]
    commits = list(zip(parts[::2], parts[1::2], strict=True))
    return [p for head, patch in commits for p in _added(head, patch)], len({head[:40] for head, _ in commits})


def _added(head: str, patch: str) -> Iterator[Piece]:
    short, _, message = head.partition("\n")
    yield Piece(f"git {short[:7]}", message, "message")
    for change in re.split(r"^diff --git ", patch, flags=re.MULTILINE)[1:]:
        named = re.search(r"^\+\+\+ b/(.*?)\t?$", change, re.MULTILINE)
        if named is None:
            continue
        for hunk in re.split(r"^@@ ", change, flags=re.MULTILINE)[1:]:
            place = re.match(r"-\S+ \+(\d+)", hunk)
            lines = [line[1:] for line in hunk.split("\n")[1:] if line.startswith("+")]
            if lines:
                file = f"git {short[:7]}:{named[1]}"
                yield Piece(file, "\n".join(lines), start=int(place[1]) if place else 1)

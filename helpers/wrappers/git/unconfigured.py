"""Git on somebody else's repository: its references and objects, and nothing that it would have git do.

A repository's own configuration names programs (``core.sshCommand``, ``core.fsmonitor``, filters, ``gpg.ssh.program``)
and other places; git knows no switch that leaves it unread. So git is given a directory of ours (``GIT_DIR``): a copy
of the references, a configuration that we wrote, and the objects where they are.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

from helpers.core.errors import CourseError
from helpers.wrappers.git.run import GIT_ENV
from helpers.wrappers.git.types import NotARepository

#: Nothing is fetched, by no protocol, also when an object is missing. Both variables: see git(1).
NO_FETCH = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""}
#: A file that claims how commits hang together, or where objects are, is not asked: the objects say it themselves.
_CONFIG = """[core]
\trepositoryFormatVersion = {version}
\tbare = true
\tcommitGraph = false
\tmultiPackIndex = false
\thooksPath = /dev/null
\tfsmonitor = false
\tquotePath = false
[protocol]
\tallow = never
[log]
\tshowSignature = false
"""
_SHA256 = "[extensions]\n\tobjectFormat = sha256\n"
_HEAD = re.compile(rb"ref: refs/[^\0-\x20\x7f]+\s*|[0-9a-f]{40}\s*|[0-9a-f]{64}\s*")
#: Bytes of all references and reflogs together.
MAX_REFERENCES = 64_000_000


class RefusedRepository(CourseError):
    """A repository that is not read: what it holds is elsewhere, or is not what it seems."""

    code = "refused-repository"


class Unconfigured:
    """A repository, to be read by git without its configuration, attributes, hooks, grafts and replacements.

    Args:
        path: the repository: a working directory, a bare repository, or a linked worktree.
        climb: look for it in the directories above, too.

    Attributes:
        git_dir: the directory of ours. objects: where the objects are.

    Raises:
        NotARepository: there is none.
        RefusedRepository: objects are borrowed from elsewhere or would have to be fetched, something is a link, or
            references are kept in a way that is not read here.
    """

    def __init__(self, path: Path, *, climb: bool = False) -> None:
        own, common = _find(path.absolute(), climb=climb)
        self.objects = common / "objects"
        _require_whole(common)
        self.git_dir = Path(tempfile.mkdtemp(prefix="git-"))
        # Not TemporaryDirectory: that complains when nobody closes it, and a tree lives as long as it is used.
        weakref.finalize(self, shutil.rmtree, self.git_dir, True)
        self._copy(own, common)

    def env(self) -> dict[str, str]:
        """Return the variables for git; they replace what names a repository, and the user's configuration."""
        return {
            **GIT_ENV,
            **NO_FETCH,
            "GIT_DIR": os.fspath(self.git_dir),
            "GIT_OBJECT_DIRECTORY": os.fspath(self.objects),
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_OPTIONAL_LOCKS": "0",
        }

    def _copy(self, own: Path, common: Path) -> None:
        (self.git_dir / "objects").mkdir()
        (self.git_dir / "refs").mkdir()
        left = [MAX_REFERENCES]
        head = _read(own / "HEAD", left)
        self._write("HEAD", head)
        for name in ("packed-refs", "shallow"):
            if (common / name).exists():
                self._write(name, _read(common / name, left))
        for place in ("refs", "logs"):
            for file in _files(common / place):
                self._write(f"{place}/{file.relative_to(common / place)}", _read(file, left))
        if own != common and (own / "logs/HEAD").is_file():
            self._write("logs/HEAD", _read(own / "logs/HEAD", left))
        for worktree in sorted((common / "worktrees").glob("*/")):
            # As references: a commit that only a linked worktree is at belongs to the history, too.
            for source, target in (("HEAD", "refs"), ("logs/HEAD", "logs/refs")):
                if (worktree / source).is_file():
                    self._write(f"{target}/worktrees/{worktree.name}", _read(worktree / source, left))
        ids = {len(found) for file in self.git_dir.rglob("*") if file.is_file() for found in _ids(file)}
        sha256 = ids == {64}
        self._write("config", (_CONFIG.format(version=int(sha256)) + (_SHA256 if sha256 else "")).encode())

    def _write(self, name: str, content: bytes) -> None:
        path = self.git_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _ids(file: Path) -> Iterator[bytes]:
    """Yield the object ids in a file of references or its log."""
    yield from re.findall(rb"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b", file.read_bytes())


def _find(path: Path, *, climb: bool) -> tuple[Path, Path]:
    """Return the directory of a repository and the one it shares with its worktrees (mostly the same)."""
    for place in (path, *path.parents) if climb else (path,):
        for candidate in (place / ".git", place):
            own = _pointed(candidate) if candidate.name == ".git" and candidate.is_file() else candidate
            common = own
            if (own / "commondir").is_file():
                common = (own / _line(own / "commondir")).resolve()
            if (own / "HEAD").is_file() and (common / "objects").is_dir() and (common / "refs").is_dir():
                if not _HEAD.fullmatch(_read(own / "HEAD", [MAX_REFERENCES])):
                    raise NotARepository(f"{path.name} is not a repository", why="Its HEAD names nothing.", next="")
                return own, common
            if candidate.name == ".git" and (candidate.exists() or candidate.is_symlink()):
                # What is broken must not be taken for the one around it.
                raise NotARepository(f"{path.name} is not a repository", why="Its .git is broken.", next="git fsck")
    raise NotARepository(f"{path.name} is not a git repository", next="git.init()   # or go to the repository")


def _pointed(file: Path) -> Path:
    return (file.parent / _line(file).removeprefix("gitdir:").strip()).resolve()


def _line(file: Path) -> str:
    return os.fsdecode(_read(file, [4096])).strip()


def _require_whole(common: Path) -> None:
    """Refuse a repository whose objects are not all its own, or whose references are not files."""

    def refused(why: str, todo: str) -> RefusedRepository:
        return RefusedRepository("The repository is not read", why=why, next=todo)

    objects = common / "objects"
    if objects.is_symlink():
        raise refused("Its objects are behind a link.", "Search the repository that the link leads to.")
    borrowed = objects / "info/alternates"
    if borrowed.is_symlink() or (borrowed.exists() and _read(borrowed, [1_000_000]).strip()):
        todo = "git repack -a -d && rm .git/objects/info/alternates   # brings them here"
        raise refused("It borrows objects from elsewhere (objects/info/alternates).", todo)
    if next((objects / "pack").glob("*.promisor"), None) is not None:
        raise refused("It is a partial clone: what is missing would have to be fetched.", "Clone it without --filter.")
    if (common / "reftable").exists():
        raise refused("It keeps references in a reftable.", "git refs migrate --ref-format=files")


def _files(directory: Path) -> Iterator[Path]:
    for place, directories, names in os.walk(directory):
        for name in (*directories, *names):
            if (path := Path(place) / name).is_symlink():
                raise RefusedRepository(
                    "The repository is not read",
                    why=f"The reference {path.name} is a link.",
                    next="git pack-refs --all",
                )
        yield from (Path(place) / name for name in sorted(names) if not name.endswith(".lock"))


def _read(file: Path, left: list[int]) -> bytes:
    """Return a file's content; *left* counts down the bytes that may still be read.

    Raises:
        RefusedRepository: it is not a plain file, or there is too much.
    """
    # Opened without waiting, so that a pipe without a writer keeps nobody.
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise RefusedRepository("The repository is not read", why=f"{file.name} is not a plain file.", next="")
        content = stream.read(left[0] + 1)
    left[0] -= len(content)
    if left[0] < 0:
        raise RefusedRepository("The repository is not read", why=f"{file.name} is too long.", next="git pack-refs")
    return content

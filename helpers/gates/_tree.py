"""Reads a Git repository (bare or not) without touching it: commits, files of a revision, what a change brings."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers._git_run import revision
from helpers._git_verify import Verifying
from helpers._wrapper import StrPath
from helpers.git import UnknownRevision

#: Set by git for a hook: where the pushed objects wait until they are accepted. Nothing else of git's is taken over.
_QUARANTINE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")
#: A larger file is not searched for secrets, and said so.
MAX_BLOB = 2_000_000


@dataclass(frozen=True)
class Blob:
    """One file that a change brings into the repository; *text* is None when it is too large."""

    path: str
    sha: str
    size: int
    text: str | None


class Tree(Verifying):
    """The repository that holds a change.

    Args:
        env: the environment of a hook; only what names the quarantine of pushed objects is used.
    """

    def __init__(self, repository: StrPath, *, env: Mapping[str, str] | None = None) -> None:
        super().__init__(repository)
        self._env |= {name: value for name in _QUARANTINE if (value := (env or {}).get(name))}
        self._signers: Path | None = None
        # From here on it works in a bare repository, in a subfolder and in a linked worktree alike.
        self._dir = self._git(["rev-parse", "--absolute-git-dir"]).stdout.strip()

    def commit(self, name: str) -> str:
        """Return the object id of a commit.

        Raises:
            UnknownRevision: there is none of that name.
        """
        asked = ["rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision(name)}^{{commit}}"]
        done = self._run(asked)
        if done.returncode != 0:
            raise UnknownRevision(f"There is no commit {name}", next="git.log() and git.branches() list what is there.")
        return done.stdout.strip()

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the newest commit that both descend from, None when there is none or one of the names is unknown."""
        done = self._run(["merge-base", "--", revision(one), revision(other)])
        return done.stdout.strip() or None if done.returncode == 0 else None

    def commits(self, base: str | None, head: str) -> tuple[str, ...]:
        """Return the commits of a change, oldest first."""
        return tuple(self._lines(["rev-list", "--reverse", *_range(base, head)]))

    def message(self, commit: str) -> str:
        """Return the message of a commit."""
        return self._git(["show", "--no-patch", "--format=%B", "--end-of-options", commit]).stdout

    def changed(self, base: str | None, head: str) -> frozenset[str]:
        """Return the paths that differ between two commits; without *base*, every path."""
        if base is None:
            found = self._git(["ls-tree", "-r", "-z", "--name-only", "--full-tree", head]).stdout
        else:
            args = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "--end-of-options", base, head, "--"]
            found = self._git(args).stdout
        return frozenset(path for path in found.split("\0") if path)

    def blobs(self, base: str | None, head: str) -> Iterator[Blob]:
        """Yield every file version that any commit of the change brings, also those taken out again later."""
        named: dict[str, str] = {}
        for line in self._lines(["rev-list", "--objects", *_range(base, head)]):
            sha, _, path = line.partition(" ")
            if path and re.fullmatch(r"[0-9a-f]{40,64}", sha):
                named[sha] = path
        asked = "".join(f"{sha}\n" for sha in named)
        form = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
        for line in self._git(["cat-file", form], input=asked).stdout.splitlines():
            sha, kind, size = line.split(" ")
            if kind == "blob":
                large = int(size) > MAX_BLOB
                text = None if large else self._git(["cat-file", "blob", sha]).stdout
                yield Blob(named[sha], sha, int(size), text)

    def checkout(self, commit: str, folder: Path) -> Path:
        """Write the files of a commit into an empty folder and return it.

        The index is a scratch file, and ``git archive`` is not used: its attributes let a change hide files.
        """
        folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as aside:
            env = {"GIT_INDEX_FILE": os.fspath(Path(aside) / "index")}
            at = [
                f"--git-dir={self._dir}",
                f"--work-tree={folder}",
                "-c",
                "core.bare=false",
                "-c",
                "core.autocrlf=false",
            ]
            self._git([*at, "read-tree", commit], env=env)
            self._git([*at, "checkout-index", "--all", "--force", "--quiet"], env=env)
        return folder

    def trust(self, signers: Path) -> None:
        """Judge signatures by this allowed signers file, whatever the repository's configuration says."""
        self._signers = signers

    def _allowed_file(self, file: StrPath | None) -> Path:
        return super()._allowed_file(file) if file is not None or self._signers is None else self._signers


def _range(base: str | None, head: str) -> list[str]:
    return [head, *([f"^{base}"] if base else []), "--"]

"""Reads a Git repository (bare or not) without touching it: commits, files of a revision, what a change brings.

Its configuration is not read: it would name programs that git runs.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.core import process
from helpers.core.errors import CourseError
from helpers.wrappers.base import StrPath
from helpers.wrappers.git import UnknownRevision
from helpers.wrappers.git.run import revision
from helpers.wrappers.git.unconfigured import Unconfigured
from helpers.wrappers.git.verify import Verifying

#: Set by git for a hook: where the pushed objects wait until they are accepted. Nothing else of git's is taken over.
_QUARANTINE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")
#: A larger file is not searched for secrets, and said so: bytes.
MAX_BLOB = 32_000_000
#: What one change may bring: objects, and the bytes of all its files together.
MAX_OBJECTS, MAX_BYTES = 20_000, 256_000_000
#: Characters that the names of all files of one commit may have together.
MAX_LISTING = 16_000_000
#: How deep its directories may be, and how many commits one change may have: each is looked at.
MAX_DEPTH, MAX_COMMITS = 100, 2_000
#: Mode of an entry that names a commit of another repository.
_SUBMODULE = "160000"
_RAW = re.compile(r"(:+)((?:[0-7]{6} )+)((?:[0-9a-f]{40,64} )+)[A-Z]+[0-9]*")


@dataclass(frozen=True)
class Blob:
    """One file that a change brings into the repository; *text* is None when it is too large."""

    path: str
    sha: str
    size: int
    text: str | None


class ChangeTooLarge(CourseError):
    """A change brings more than is looked at."""

    code = "change-too-large"


class MissingContent(CourseError):
    """A commit names a content that is not there."""

    code = "missing-content"


class Tree(Verifying):
    """The repository that holds a change.

    Args:
        env: the environment of a hook; only what names the quarantine of pushed objects is used.
    """

    def __init__(self, repository: StrPath, *, env: Mapping[str, str] | None = None) -> None:
        super().__init__(repository)
        # Works in a bare repository, in a subdirectory and in a linked worktree alike.
        self._shown = Unconfigured(self.workdir, climb=True)
        self._quarantine = {name: value for name in _QUARANTINE if (value := (env or {}).get(name))}
        self._signers: Path | None = None
        self.workdir = self._shown.git_dir

    def _fixed_env(self) -> dict[str, str]:
        return {**super()._fixed_env(), **self._shown.env(), **self._quarantine}

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
        return tuple(self.lines(["rev-list", "--reverse", *_range(base, head)]))

    def message(self, commit: str) -> str:
        """Return the message of a commit."""
        return self.run(["show", "--no-patch", "--format=%B", "--end-of-options", commit]).stdout

    def changed(self, base: str | None, head: str) -> frozenset[str]:
        """Return the paths that differ between two commits; without *base*, every path."""
        if base is None:
            found = self.run(["ls-tree", "-r", "-z", "--name-only", "--full-tree", head]).stdout
        else:
            args = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "--end-of-options", base, head, "--"]
            found = self.run(args).stdout
        return frozenset(path for path in found.split("\0") if path)

    def blobs(self, base: str | None, head: str) -> Iterator[Blob]:
        """Yield every file version that any commit of the change brings, also those taken out again later.

        A content that is at several paths, or that was in the repository under another path before, comes once for each
        path: what is not searched at one is searched at the other.

        Raises:
            ChangeTooLarge: it brings too many objects or bytes; nothing was read.
            MissingContent: an object is missing, or is in another repository, and nothing is fetched.
        """
        places = self._places(base, head)
        asked = "".join(f"{sha}\n" for sha in dict.fromkeys(sha for _, sha in places))
        form = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
        rows = (line.split(" ") for line in self.run(["cat-file", form], input=asked).stdout.splitlines())
        sizes = {row[0]: int(row[2]) for row in rows if len(row) == 3 and row[1] == "blob"}
        for path, sha in places:
            if sha not in sizes:
                raise MissingContent(
                    f"The content of {path[:200]!r} is not in the repository",
                    why="A partial or damaged clone does not hold all that its commits name.",
                    next="git fsck   # or clone again, without --filter",
                )
        if len(sizes) > MAX_OBJECTS or sum(sizes.values()) > MAX_BYTES:
            raise ChangeTooLarge(
                "The change is too large",
                why=f"It brings {len(sizes):,} files with {sum(sizes.values()):,} bytes; {MAX_OBJECTS:,} and "
                f"{MAX_BYTES:,} are looked at.",
                next="Keep large data in a bucket and name it by its digest; split the change.",
            )
        texts: dict[str, str] = {}
        for path, sha in places:
            if sha not in texts and sizes[sha] <= MAX_BLOB:
                # One at a time: the places are in the order of their contents.
                texts = {sha: self.run(["cat-file", "blob", sha]).stdout}
            yield Blob(path, sha, sizes[sha], texts.get(sha))

    def _places(self, base: str | None, head: str) -> list[tuple[str, str]]:
        """Return path and object id of every file that a commit of the change adds or alters, by object id.

        For a merge, what differs from all its parents: the rest came with one of them.
        """
        commits = self.run(["rev-list", *_range(base, head)]).stdout
        if (count := commits.count("\n")) > MAX_COMMITS:
            raise ChangeTooLarge(
                "The change has too many commits",
                why=f"It has {count:,}, and {MAX_COMMITS:,} are looked at.",
                next="Push them in parts, oldest first: git push origin COMMIT:BRANCH",
            )
        for commit in commits.splitlines():
            self._require_size(commit)
        form = ["--stdin", "--root", "-r", "-c", "--raw", "-z", "--no-renames", "--no-commit-id", "--no-abbrev"]
        fields = iter(self.run(["diff-tree", *form], input=commits).stdout.split("\0"))
        found: set[tuple[str, str]] = set()
        for field in fields:
            if match := _RAW.fullmatch(field):
                mode, sha = match[2].split()[-1], match[3].split()[-1]
                path = next(fields)
                if mode == _SUBMODULE:
                    raise MissingContent(
                        f"{path[:200]!r} is a submodule",
                        why="Its content is in another repository, where nobody judged it for this one.",
                        next=f"git rm {shlex.quote(path[:200])}   # then publish a module, or copy its files here",
                    )
                if mode.startswith(("100", "120")):
                    found.add((path, sha))
        return sorted(found, key=lambda place: (place[1], place[0]))

    def _require_size(self, commit: str) -> None:
        """Refuse a commit whose directories, by being the same one many times, stand for more files than can be read.

        This command prints as it goes; what compares commits would first collect all of them in memory.
        """
        listing = ["ls-tree", "-r", "-t", "-z", "--name-only", "--full-tree", commit]
        try:
            names = self.run(listing, max_output=MAX_LISTING).stdout
        except process.OutputLimit:
            raise ChangeTooLarge(
                f"Commit {commit[:10]} holds too many files",
                why=f"The list of their names is longer than {MAX_LISTING:,} characters.",
                next="Keep data in a bucket; Git is for what people read.",
            ) from None
        if any(name.count("/") > MAX_DEPTH for name in names.split("\0")):
            raise ChangeTooLarge(
                f"The directories of commit {commit[:10]} are too deep",
                why=f"A file is below more than {MAX_DEPTH} directories, where systems cannot write it.",
                next="Move it up: git mv",
            )

    def checkout(self, commit: str, folder: Path) -> Path:
        """Write the files of a commit into an empty directory and return it.

        The index is a scratch file, and ``git archive`` is not used: its attributes let a change hide files.
        """
        folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as aside:
            env = {"GIT_INDEX_FILE": os.fspath(Path(aside) / "index")}
            at = [
                f"--work-tree={folder}",
                "-c",
                "core.bare=false",
                "-c",
                "core.autocrlf=false",
            ]
            self.run([*at, "read-tree", commit], env=env)
            self.run([*at, "checkout-index", "--all", "--force", "--quiet"], env=env)
        return folder

    def trust(self, signers: Path) -> None:
        """Judge signatures by this allowed signers file, whatever the repository's configuration says."""
        self._signers = signers

    def _allowed_file(self, file: StrPath | None) -> Path:
        return super()._allowed_file(file) if file is not None or self._signers is None else self._signers


def _range(base: str | None, head: str) -> list[str]:
    return [head, *([f"^{base}"] if base else []), "--"]

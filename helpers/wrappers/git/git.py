"""git from Python: history, signed commits and tags, remotes."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath, paths
from helpers.wrappers.git.run import git_error, message_text, revision
from helpers.wrappers.git.types import (
    CannotSign,
    Commit,
    Diff,
    FileChange,
    Identity,
    Log,
    MergeResult,
    Status,
    StatusEntry,
    Tag,
)
from helpers.wrappers.git.verify import Verifying

_FIELDS = ("%H", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%G?", "%GS", "%B")
_WORTH = {"G": "verified", "U": "untrusted", "N": "unsigned"}


class Git(Verifying):
    """git in one working directory: one method a subcommand, one keyword an option.

    Only the repository's own configuration counts; the user's and the machine's change nothing. Hooks of the
    repository run. git has no JSON: results come from its stable formats for scripts.

    Raises (every method):
        NotARepository, UnknownRevision ...: see `helpers.wrappers.git`. GitError: anything else.
    """

    def init(self, *, branch: str = "main", bare: bool = False) -> Git:
        """Make a repository here (harmless when there is one) and return self."""
        self.run(["init", "--quiet", f"--initial-branch={branch}", *(["--bare"] if bare else [])])
        return self

    @classmethod
    def clone(cls, url: StrPath, folder: StrPath, *, branch: str | None = None, depth: int | None = None) -> Git:
        """Clone a repository into a new directory and return its `Git`."""
        target = Path(folder).expanduser().absolute()
        target.parent.mkdir(parents=True, exist_ok=True)
        options = [f"--branch={branch}"] if branch else []
        options += [f"--depth={depth}"] if depth else []
        cls(target.parent).run(["clone", "--quiet", *options, "--", os.fspath(url), str(target)])
        return cls(target)

    def config(self, name: str, value: str | None = None) -> str:
        """Return a value of the repository's configuration (empty when unset), after setting it if one is given."""
        if value is not None:
            self.run(["config", "--local", revision(name), value])
            return value
        return self.run(["config", "--get", revision(name)], ok=(0, 1)).stdout.strip()

    def configure_identity(self, identity: Identity, *, sign: bool = True) -> None:
        """Set who commits in this repository; with a signing key, commits and tags are signed from now on.

        Raises:
            CannotSign: the signing key is not there.
        """
        self.config("user.name", identity.name)
        self.config("user.email", identity.email)
        if identity.signing_key is None:
            return
        key = Path(identity.signing_key).expanduser().absolute()
        if not key.is_file():
            raise CannotSign(f"There is no key at {key.name}", next="generate_ssh_key(path)")
        self.config("gpg.format", "ssh")
        self.config("user.signingKey", str(key))
        self.config("commit.gpgSign", str(sign).lower())
        self.config("tag.gpgSign", str(sign).lower())

    def add(self, *files: StrPath, all: bool = False) -> None:
        """Stage files, or with *all* every change."""
        if not files and not all:
            raise BadInput("There is nothing to add", why="No file was named.", next="git.add(path) or add(all=True)")
        self.run(["add", *(["--all"] if all else []), "--", *paths(files)])

    def commit(
        self,
        message: str,
        *,
        all: bool = False,
        allow_empty: bool = False,
        sign: bool | None = None,
        author: Identity | None = None,
        date: datetime | None = None,
    ) -> Commit:
        """Commit what is staged.

        Args:
            all: stage changed files first. allow_empty: commit without a change.
            sign: by default as configured. author: if not the committer. date: of both, to make ids repeat.

        Raises:
            NothingToCommit: nothing is staged. CannotSign: the key is not usable. GitError: a hook refused it ...
        """
        args = ["commit", "--quiet", "--file=-", "--cleanup=whitespace", *(["--all"] if all else [])]
        args += ["--allow-empty"] if allow_empty else []
        args += [] if sign is None else ["--gpg-sign" if sign else "--no-gpg-sign"]
        args += [f"--author={author.name} <{author.email}>"] if author else []
        self.run(args, input=message_text(message), env=_dated(date))
        return self.log(n=1)[0]

    def log(
        self, name: str = "HEAD", *, n: int | None = None, files: Sequence[StrPath] = (), signatures: bool = False
    ) -> Log:
        """Return commits, newest first.

        Args:
            name: a revision or range such as ``main..HEAD``. n: at most so many. files: only what touches them.
            signatures: verify each (slower); someone must be allowed to sign, see `allow_signer`.
        """
        # Without being asked git must not verify: the placeholders would start a process a commit.
        fields = [f if signatures or not f.startswith("%G") else "" for f in _FIELDS]
        config = ["-c", f"gpg.ssh.allowedSignersFile={self._trust(name)[0]}"] if signatures else []
        args = [*config, "log", "-z", f"--format={'%x00'.join(fields)}"]
        args += [f"--max-count={n}"] if n is not None else []
        done = self._run([*args, "--end-of-options", revision(name), "--", *paths(files)])
        if re.search(r"does not have any commits yet", done.stderr) or (
            done.returncode and name == "HEAD" and self._new()
        ):
            return Log()
        if done.returncode != 0:
            raise git_error("log", done)
        parts = done.stdout.removesuffix("\0").split("\0") if done.stdout else []
        rows = [parts[i : i + len(fields)] for i in range(0, len(parts), len(fields))]
        return Log(self._worth(_commit(row), row[7]) for row in rows)

    def _new(self) -> bool:
        return self._run(["rev-parse", "--git-dir"]).returncode == 0 and not self.branches()

    def _worth(self, commit: Commit, letter: str) -> Commit:
        if not letter:
            return commit
        if letter in _WORTH:
            return replace(commit, signature=_WORTH[letter])
        # git says "bad" as well when it could not verify at all.
        check = self.verify_commit(commit.sha)
        return replace(commit, signature="verified" if check else check.status, signer=check.signer)

    def rev_parse(self, name: str = "HEAD") -> str:
        """Return the object id of a revision."""
        return self.run(["rev-parse", "--verify", "--end-of-options", revision(name)]).stdout.strip()

    def show(self, name: str, file: StrPath) -> str:
        """Return the text of a file as it was at a revision."""
        return self.run(["show", "--end-of-options", f"{revision(name)}:{os.fspath(file)}"]).stdout

    def status(self, *, ignored: bool = False) -> Status:
        """Return branch, upstream and every path that differs from the last commit."""
        args = ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"]
        return _status(self.run([*args, *(["--ignored"] if ignored else [])]).stdout)

    def diff(
        self, old: str | None = None, new: str | None = None, *, staged: bool = False, files: Sequence[StrPath] = ()
    ) -> Diff:
        """Return the difference: working tree to index, to *old*, between *old* and *new*, or of what is staged."""
        ends = [revision(end) for end in (old, new) if end is not None]
        shared = ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "-M", *(["--cached"] if staged else [])]
        operands = ["--end-of-options", *ends, "--", *paths(files)]
        counts = self.run([*shared, "--numstat", "-z", *operands]).stdout
        states = self.run([*shared, "--name-status", "-z", *operands]).stdout
        return Diff(_changes(counts, states), self.run([*shared, *operands]).stdout)

    def branch(self, name: str, start: str = "HEAD") -> None:
        """Make a branch."""
        self.run(["branch", "--end-of-options", revision(name), revision(start)])

    def branches(self) -> tuple[str, ...]:
        """Return the local branches, sorted."""
        return tuple(self.lines(["for-each-ref", "--format=%(refname:short)", "refs/heads"]))

    def switch(self, name: str, *, create: bool = False, detach: bool = False) -> None:
        """Go to a branch, after making it with *create*; with *detach* to any commit."""
        options = [*(["--create"] if create else []), *(["--detach"] if detach else [])]
        self.run(["switch", "--quiet", *options, revision(name)])

    def merge(
        self,
        name: str,
        *,
        message: str | None = None,
        ff: Literal["allow", "only", "never"] = "allow",
        sign: bool | None = None,
        date: datetime | None = None,
    ) -> MergeResult:
        """Merge a revision into the current branch. A conflict is a result; `merge_abort` goes back."""
        args = ["merge", "--no-edit", {"allow": "--ff", "only": "--ff-only", "never": "--no-ff"}[ff]]
        args += ["-m", message_text(message)] if message is not None else []
        args += [] if sign is None else ["--gpg-sign" if sign else "--no-gpg-sign"]
        before = self.rev_parse()
        done = self._run([*args, "--end-of-options", revision(name)], env=_dated(date))
        conflicts = self.run(["diff", "--name-only", "--diff-filter=U", "-z"]).stdout if done.returncode else ""
        if conflicts:
            return MergeResult("conflict", before, tuple(conflicts.removesuffix("\0").split("\0")))
        if done.returncode != 0:
            raise git_error("merge", done)
        commit = self.log(n=1)[0]
        if commit.sha == before:
            return MergeResult("up-to-date", before)
        return MergeResult(
            "merged" if commit.parents[:1] == (before,) and len(commit.parents) > 1 else "fast-forward", commit.sha
        )

    def merge_abort(self) -> None:
        """Go back to before a merge that ended in a conflict."""
        self.run(["merge", "--abort"])

    def tag(
        self,
        name: str,
        revision_: str = "HEAD",
        *,
        message: str | None = None,
        sign: bool | None = None,
        date: datetime | None = None,
    ) -> Tag:
        """Make a tag; with a message (or *sign*) an annotated one, which alone can be signed.

        Raises:
            AlreadyExists: there is such a tag; a published tag is never moved.
        """
        args = ["tag", *([] if sign is None else ["--sign" if sign else "--no-sign"])]
        text = None
        if message is not None or sign:
            text, args = message_text(message or name), [*args, "--annotate", "--file=-", "--cleanup=whitespace"]
            args = [a for a in args if a != "--annotate" or not sign]
        elif self.config("tag.gpgSign") == "true":
            args += ["--no-sign"]
        self.run([*args, "--end-of-options", revision(name), revision(revision_)], input=text, env=_dated(date))
        return next(tag for tag in self.tags() if tag.name == name)

    def tags(self) -> tuple[Tag, ...]:
        """Return the tags, sorted as versions."""
        parts = ("%(refname:lstrip=2)", "%(objecttype)", "%(objectname)", "%(*objectname)", "%(contents:subject)")
        form = "%00".join(parts)
        found = []
        for line in self.lines(["for-each-ref", "--sort=version:refname", f"--format={form}", "refs/tags"]):
            name, kind, own, target, subject = line.split("\0")
            found.append(Tag(name, target or own, kind == "tag", subject))
        return tuple(found)

    def remote_add(self, name: str, url: StrPath) -> None:
        """Name a remote repository."""
        self.run(["remote", "add", "--", revision(name), os.fspath(url)])

    def fetch(self, remote: str = "origin", *, tags: bool = False) -> None:
        """Fetch branches (and tags) of a remote."""
        self.run(["fetch", "--quiet", *(["--tags"] if tags else []), "--", revision(remote)])

    def pull(self, remote: str = "origin", branch: str | None = None, *, ff_only: bool = True) -> Commit:
        """Fetch and merge a branch of a remote (only forward, unless told otherwise); return the new last commit."""
        mode = "--ff-only" if ff_only else "--no-rebase"
        self.run(
            ["pull", "--quiet", mode, "--no-edit", "--", revision(remote), *([revision(branch)] if branch else [])]
        )
        return self.log(n=1)[0]

    def push(
        self,
        remote: str = "origin",
        *refs: str,
        set_upstream: bool = False,
        tags: bool = False,
        force_with_lease: bool = False,
    ) -> None:
        """Push the current branch, or *refs* (branches, tags, ``LOCAL:REMOTE``).

        Raises:
            PushRefused: a hook of the remote said no (its words are in ``lines``). PushRejected: it has commits that
                are not here. RemoteUnreachable: it is not there.
        """
        flags = {"--set-upstream": set_upstream, "--tags": tags, "--force-with-lease": force_with_lease}
        args = ["push", "--quiet", *(flag for flag, on in flags.items() if on)]
        self.run([*args, "--", revision(remote), *map(revision, refs or (() if tags else ("HEAD",)))])


def _dated(date: datetime | None) -> dict[str, str]:
    if date is None:
        return {}
    text = date.astimezone().isoformat()
    return {"GIT_AUTHOR_DATE": text, "GIT_COMMITTER_DATE": text}


def _commit(row: Sequence[str]) -> Commit:
    sha, parents, author, email, date, committer, committer_email, _, signer, message = row
    when = datetime.fromisoformat(date)
    return Commit(
        sha,
        tuple(parents.split()),
        author,
        email,
        when,
        committer,
        committer_email,
        message.rstrip("\n"),
        signer=signer,
    )


def _status(text: str) -> Status:
    head: dict[str, str] = {}
    entries: list[StatusEntry] = []
    items = iter(text.removesuffix("\0").split("\0") if text else [])
    for item in items:
        mark = item[:1]
        if mark == "#":
            _, name, value = item.split(" ", 2)
            head[name] = value
        elif mark == "1":
            entries.append(StatusEntry(item.split(" ", 8)[8], "changed", item[2], item[3]))
        elif mark == "2":
            entries.append(StatusEntry(item.split(" ", 9)[9], "renamed", item[2], item[3], next(items)))
        elif mark == "u":
            entries.append(StatusEntry(item.split(" ", 10)[10], "unmerged", item[2], item[3]))
        elif mark in ("?", "!"):
            entries.append(StatusEntry(item[2:], "untracked" if mark == "?" else "ignored"))
    branch, oid = head.get("branch.head", ""), head.get("branch.oid", "")
    counts = re.match(r"\+(\d+) -(\d+)", head.get("branch.ab", "")) or ["", "0", "0"]
    return Status(
        "" if branch == "(detached)" else branch,
        "" if oid == "(initial)" else oid,
        head.get("branch.upstream", ""),
        int(counts[1]),
        int(counts[2]),
        tuple(entries),
    )


def _changes(counts: str, states: str) -> tuple[FileChange, ...]:
    letters: dict[str, str] = {}
    items = iter(states.removesuffix("\0").split("\0") if states else [])
    for state in items:
        path = next(items)
        letters[next(items) if state[0] in "RC" else path] = state[0]
    found = []
    items = iter(counts.removesuffix("\0").split("\0") if counts else [])
    for item in items:
        added, removed, path = item.split("\t", 2)
        old = ""
        if not path:
            old, path = next(items), next(items)
        lines = [None if n == "-" else int(n) for n in (added, removed)]
        found.append(FileChange(path, letters.get(path, "M"), lines[0], lines[1], old))
    return tuple(found)

"""What git says, as types: commits, signatures, status, differences. Source: git's porcelain formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from helpers.core.display import Displayed
from helpers.wrappers.base import ToolFailed

SignatureStatus = Literal["good", "untrusted", "unsigned", "bad"]


class GitError(ToolFailed):
    """git did not do what it was asked for."""

    code = "git-failed"


class NotARepository(GitError):
    """The directory is in no repository, or in one of another user."""

    code = "git-no-repository"


class UnknownRevision(GitError):
    """There is no such commit, branch or tag."""

    code = "git-unknown-revision"


class AlreadyExists(GitError):
    """There is a branch, tag, remote or directory of that name."""

    code = "git-exists"


class NothingToCommit(GitError):
    """Nothing is staged."""

    code = "git-nothing-to-commit"


class PushRejected(GitError):
    """The remote repository refused the push: a hook said no, or its history has commits that are not here."""

    code = "git-push-rejected"


class PushRefused(PushRejected):
    """A hook of the remote repository said no; ``lines`` are its words, without git's ``remote:`` in front."""

    code = "git-push-refused"

    @property
    def lines(self) -> tuple[str, ...]:
        """What the hook printed."""
        return remote_lines(self.completed.stderr) if self.completed else ()


class RemoteUnreachable(GitError):
    """The remote repository is not there or does not answer."""

    code = "git-remote-unreachable"


class GitServerDown(RemoteUnreachable):
    """The course's Git server does not run."""

    code = "git-server-down"


class AccessDenied(GitError):
    """The remote repository does not know the person, or the person may not do this there."""

    code = "git-access-denied"


class CannotSign(GitError):
    """The signing key is missing or not usable."""

    code = "git-cannot-sign"


class CannotVerify(GitError):
    """A signature could be neither accepted nor refused: no signer is trusted yet, or ssh-keygen is missing."""

    code = "git-cannot-verify"


def remote_lines(stderr: str) -> tuple[str, ...]:
    """Return what the remote side said in the course of a push."""
    said = [line.removeprefix("remote:").strip("\r") for line in stderr.splitlines() if line.startswith("remote:")]
    return tuple(line.removeprefix(" ").rstrip() for line in said if line.strip())


@dataclass(frozen=True)
class Identity:
    """Who commits: name, mail address and, to sign, the private SSH key."""

    name: str
    email: str
    signing_key: Path | None = None


@dataclass(frozen=True)
class SshKey:
    """An SSH key pair on disk; ``text`` is the public key, ``fingerprint`` as ``ssh-keygen -l`` prints it."""

    private: Path
    public: Path
    text: str
    fingerprint: str

    def __repr__(self) -> str:
        return f"SshKey({self.private.name}, {self.fingerprint[:20]}...)"


@dataclass(frozen=True)
class AllowedSigner:
    """One line of an allowed signers file: a key, whose it is, and when it may sign."""

    principal: str
    key: str
    options: str = ""

    def line(self) -> str:
        """Return the line of the file."""
        return " ".join(part for part in (self.principal, self.options, self.key) if part)


@dataclass(frozen=True)
class SignatureCheck(Displayed):
    """What is known of the signature of a commit or tag.

    Attributes:
        status: ``good`` (by an allowed signer), ``untrusted`` (a valid signature of a signer who is not allowed, or
            whose key is expired or revoked), ``unsigned``, or ``bad`` (it does not fit the content).
        subject: the commit or tag.
        signer: principal of the allowed signer.
        committer: mail address in the commit or tag; anybody can write any address there.
        key: fingerprint of the key.
        reason: git's own words.
    """

    status: SignatureStatus
    subject: str
    signer: str = ""
    committer: str = ""
    key: str = ""
    reason: str = ""

    @property
    def verified(self) -> bool:
        """Whether the signature is good."""
        return self.status == "good"

    @property
    def by_committer(self) -> bool:
        """Whether the signer is who the commit names as its committer. git itself does not ask for that."""
        return self.verified and self.signer.lower() == self.committer.lower()

    @property
    def checked(self) -> tuple[str, ...]:
        """What was checked, in words."""
        return ("the content is what was signed", "the key belongs to an allowed signer")

    @property
    def not_checked(self) -> tuple[str, ...]:
        """What was not checked, in words."""
        return () if self.by_committer else (f"the signer is the committer ({self.committer})",)

    def __bool__(self) -> bool:
        return self.verified

    def __repr__(self) -> str:
        who = f" by {self.signer}" if self.signer else ""
        return f"SignatureCheck({self.subject[:10]}: {self.status}{who})"


@dataclass(frozen=True)
class Commit:
    """One commit.

    Attributes:
        sha: object id. parents: object ids.
        author, author_email, date: who wrote it and when. committer, committer_email: who recorded it.
        message: whole message.
        signature: ``verified``, ``untrusted``, ``unsigned``, ``bad``; ``not-checked`` unless the log was asked.
        signer: principal of the allowed signer.
    """

    sha: str
    parents: tuple[str, ...]
    author: str
    author_email: str
    date: datetime
    committer: str
    committer_email: str
    message: str
    signature: str = "not-checked"
    signer: str = ""

    @property
    def subject(self) -> str:
        """First line of the message."""
        return self.message.split("\n", 1)[0]

    def __repr__(self) -> str:
        return f"Commit({self.sha[:10]} {self.subject[:60]!r} by {self.author})"


class Log(tuple[Commit, ...], Displayed):
    """Commits, newest first; a tuple with a rich display."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Log({len(self)} commits{', newest ' + self[0].sha[:10] if self else ''})"


@dataclass(frozen=True)
class Tag:
    """One tag: what it points to (the commit), and whether it is an annotated tag, which alone can be signed."""

    name: str
    target: str
    annotated: bool
    subject: str = ""


@dataclass(frozen=True)
class StatusEntry:
    """One path that differs from the last commit; *index* and *worktree* are git's letters, ``.`` for unchanged."""

    path: str
    kind: Literal["changed", "renamed", "unmerged", "untracked", "ignored"]
    index: str = "."
    worktree: str = "."
    old_path: str = ""


@dataclass(frozen=True)
class Status(Displayed):
    """Branch and working tree. ``ahead`` and ``behind`` count commits against the upstream branch."""

    branch: str
    oid: str
    upstream: str = ""
    ahead: int = 0
    behind: int = 0
    entries: tuple[StatusEntry, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing differs from the last commit."""
        return not [e for e in self.entries if e.kind != "ignored"]

    def __repr__(self) -> str:
        return f"Status({self.branch or 'detached'}: {'clean' if self.clean else f'{len(self.entries)} paths'})"


@dataclass(frozen=True)
class FileChange:
    """One file of a difference; *added* and *removed* count lines, None for a binary file."""

    path: str
    status: str
    added: int | None
    removed: int | None
    old_path: str = ""


@dataclass(frozen=True)
class Diff(Displayed):
    """A difference: the files, and the patch as text."""

    files: tuple[FileChange, ...]
    patch: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.files)

    def __repr__(self) -> str:
        added, removed = sum(f.added or 0 for f in self.files), sum(f.removed or 0 for f in self.files)
        return f"Diff({len(self.files)} files, +{added} -{removed})"


@dataclass(frozen=True)
class MergeResult:
    """What a merge did: ``merged``, ``fast-forward``, ``up-to-date`` or ``conflict`` (with the files)."""

    outcome: Literal["merged", "fast-forward", "up-to-date", "conflict"]
    sha: str
    conflicts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.outcome != "conflict"

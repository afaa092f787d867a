"""Runs git so that the user's own configuration changes nothing, and names its faults."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from helpers.core import process
from helpers.core.errors import BadInput
from helpers.runtime import trust
from helpers.wrappers.base import StrPath, Wrapper
from helpers.wrappers.git.types import (
    AccessDenied,
    AlreadyExists,
    CannotSign,
    GitError,
    GitServerDown,
    NotARepository,
    NothingToCommit,
    PushRefused,
    PushRejected,
    RemoteUnreachable,
    SshKey,
    UnknownRevision,
    remote_lines,
)

GIT_ENV = {
    # Only the repository's own configuration counts; nothing ever asks or opens an editor.
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "GIT_EDITOR": "true",
    "GIT_PAGER": "cat",
    "GIT_ADVICE": "0",
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": "",
}

#: First match wins.
_FAULTS: tuple[tuple[str, type[GitError], str], ...] = (
    (r"not a git repository|dubious ownership", NotARepository, "git.init()   # or go to the repository's directory"),
    (
        r"nothing to commit|no changes added|nothing added to commit",
        NothingToCommit,
        "git.add(...)   # or allow_empty=True",
    ),
    (
        r"Couldn't load public key|failed to write commit object|unable to sign the tag|gpg failed to sign",
        CannotSign,
        "git.configure_identity(Identity(..., signing_key=...))",
    ),
    (r"\[remote rejected\] .*hook declined\)", PushRefused, "Do what the server says above, then push again."),
    (
        r"Authentication failed|could not read (Username|Password)|requested URL returned error: 40[13]",
        AccessDenied,
        "Forge(PERSON).clone(...)   # a clone that pushes as a person who may",
    ),
    (r"(?s)127\.0\.0\.1.*(Connection refused|Couldn't connect)", GitServerDown, "course services start git"),
    (r"already exists", AlreadyExists, "Choose another name."),
    (
        r"\[remote rejected\]|\[rejected\]|failed to push some refs",
        PushRejected,
        "Read the remote's words above; git.pull() if its history is ahead.",
    ),
    (
        r"does not appear to be a git repository|Could not read from remote|repository '.*' (does not exist|not found)"
        r"|Could not resolve host|[Cc]onnection refused|unable to access",
        RemoteUnreachable,
        "Check the address; course services status",
    ),
    (
        r"unknown revision|bad revision|not something we can merge|invalid reference|ambiguous argument"
        r"|did not match any file|not a valid object name|not a commit|no such ref|Needed a single revision"
        r"|not found\.|couldn't find remote ref|does not exist in|exists on disk, but not in|src refspec",
        UnknownRevision,
        "git.branches(), git.tags() and git.log() list what is there.",
    ),
)


def git_error(command: str, done: process.Completed) -> GitError:
    """Return the typed error for what git said."""
    text = f"{done.stderr.strip()}\n{done.stdout.strip()}".strip()
    other = ("", GitError, "Read git's words above; a hook of the repository may have refused it.")
    _, kind, todo = next((fault for fault in _FAULTS if re.search(fault[0], text)), other)
    if kind is GitServerDown:
        return kind(f"git {command} failed: the Git server is down", why=text, next=todo, completed=done)
    if kind is PushRefused:
        why, said = _remote_advice(remote_lines(done.stderr))
        return kind(f"git {command}: the server refused it", why=why, next=said or todo, completed=done)
    return kind(f"git {command} failed", why="\n".join(text.splitlines()[-12:]), next=todo, completed=done)


def _remote_advice(lines: Sequence[str]) -> tuple[str, str]:
    """Return what a hook said and, when it speaks as the course does, what it says to do next."""
    said: list[str] = []
    todo: list[str] = []
    into = said
    for line in lines:
        into = todo if line.startswith("Next: ") else into if line.startswith("      ") else said
        into.append(line.removeprefix("Next: ").strip() if into is todo else line)
    return "\n".join(line.removeprefix("Why:  ") for line in said), "\n".join(dict.fromkeys(todo))


class GitRunner(Wrapper):
    """The parts of `Git` that are not subcommands."""

    tool = "git"
    refused = ("GIT_*", "LC_*", "LANG*", "SSH_*")

    def _fixed_env(self) -> dict[str, str]:
        return {**GIT_ENV, **trust.git_environment()}

    def run(
        self,
        args: Sequence[str],
        *,
        ok: Sequence[int] = (0,),
        input: str | None = None,
        env: dict[str, str] | None = None,
        max_output: int = process.MAX_OUTPUT,
    ) -> process.Completed:
        """Run a subcommand that has no method of its own, and return what it printed.

        Args:
            args: the subcommand and its arguments, without ``git``.
            ok: exit codes that are not an error.
            input: text for its standard input.
            env: further environment variables.
            max_output: characters that it may print.

        Raises:
            GitError: it ended with another exit code. OutputLimit: it printed more.
        """
        done = self._run(args, input=input, env=env, max_output=max_output)
        if done.returncode not in ok:
            raise git_error(args[0], done)
        return done

    def lines(self, args: Sequence[str]) -> list[str]:
        """Return the lines that a subcommand prints; errors as `run`."""
        return self.run(args).stdout.splitlines()


def revision(given: str) -> str:
    """Return a revision that git takes for nothing else.

    Raises:
        BadInput: it is empty or looks like an option.
    """
    if not given or given.startswith("-") or "\0" in given or "\n" in given:
        raise BadInput(f"{given!r} is not a revision", why="Expected a branch, tag or commit.", next="git.log()")
    return given


def message_text(given: str) -> str:
    """Return a commit or tag message that git can take.

    Raises:
        BadInput: it is empty, or holds a NUL or a lone surrogate.
    """
    try:
        given.encode()
    except UnicodeEncodeError:
        raise BadInput("The message is not valid text", why="It holds a lone surrogate.", next="Remove it.") from None
    if not given.strip() or "\0" in given:
        raise BadInput(
            "The message is empty or holds a NUL", why="git keeps no such message.", next="Say what and why."
        )
    return given


def fingerprint(public: str) -> str:
    """Return the fingerprint of a public SSH key as ``ssh-keygen -l`` prints it.

    Raises:
        BadInput: the text is not a public key.
    """
    parts = public.split()
    try:
        kind, blob = parts[0], base64.b64decode(parts[1], validate=True)
        # The key names its own type: four bytes of length, then the name.
        fits = blob[4 : 4 + int.from_bytes(blob[:4])] == kind.encode()
    except (IndexError, ValueError, binascii.Error):
        fits, blob = False, b""
    if not fits:
        raise BadInput(
            "That is not a public SSH key", why="Expected: ssh-ed25519 AAAA... COMMENT", next="Read the .pub file."
        )
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def public_text(key: SshKey | StrPath) -> str:
    """Return the text of a public key, given as a key, as a ``.pub`` file or as text."""
    if isinstance(key, SshKey):
        return key.text
    if isinstance(key, str) and key.startswith(("ssh-", "ecdsa-", "sk-")):
        return " ".join(key.split()[:2])
    try:
        return " ".join(Path(key).read_text(encoding="utf-8").split()[:2])
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{key} cannot be read", why=str(error), next="Name the .pub file.") from None


def generate_ssh_key(path: StrPath, *, comment: str = "") -> SshKey:
    """Make an SSH key pair (ed25519, without passphrase, mode 0600) to sign commits with.

    Raises:
        BadInput: there is a file at *path*. GitError: ssh-keygen failed or is missing.
    """
    private = Path(path).expanduser().absolute()
    public = private.with_name(private.name + ".pub")
    if private.exists() or public.exists():
        raise BadInput(f"There is a key {private.name} already", why="Keys are never replaced.", next="Use it.")
    private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        args = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(private)]
        done = process.run(args, timeout=60)
    except process.CannotStart as error:
        raise GitError("ssh-keygen is missing", why=error.why, next="apt-get install openssh-client") from None
    if done.returncode != 0:
        raise GitError(
            "ssh-keygen made no key", why=done.stderr or done.stdout, next="Check the directory.", completed=done
        )
    text = public_text(public)
    return SshKey(private, public, text, fingerprint(text))

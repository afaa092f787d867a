"""The bare repositories on disk: making them, their policy, their pull requests, and sweeping up after a kill."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.clients.forge.policy import BadPolicy, Policy
from helpers.core.files import new_directory, write_private
from helpers.servers.git_server import names
from helpers.servers.git_server.problems import RequestRefused
from helpers.wrappers.base import StrPath
from helpers.wrappers.git import Git, SignatureCheck
from helpers.wrappers.git.unconfigured import NO_FETCH

POLICY = "forge.yaml"
_CONFIG = {
    # Objects from outside are checked; nothing runs in the background; a landed change survives a power cut.
    "receive.fsckObjects": "true",
    "gc.auto": "0",
    "receive.autogc": "false",
    "maintenance.auto": "false",
    "core.fsync": "committed,reference",
    "core.logAllRefUpdates": "true",
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
}


class Bare(Git):
    """git in a bare repository of the forge.

    Args:
        directory: the bare directory.
        signers: the file of whose key is whose; the repository's own configuration is not asked.
        env: variables of a push under way (git's quarantine), so that its objects are seen before they are let in.
    """

    def __init__(self, directory: Path, signers: Path, env: Mapping[str, str] | None = None) -> None:
        super().__init__(directory)
        self._signers, self.push_env = signers, dict(env or {})

    def _fixed_env(self) -> dict[str, str]:
        return {**super()._fixed_env(), **NO_FETCH, **self.push_env, "GIT_DIR": str(self.workdir)}

    def _allowed_file(self, file: StrPath | None) -> Path:
        return self._signers

    def verify_tag_object(self, sha: str, name: str) -> SignatureCheck:
        """Say what the signature of a tag object is worth that no reference names; *name* is what errors call it.

        Raises:
            UnknownRevision, CannotVerify: as for `verify_tag`.
        """
        return self._verify("tag", name, sha)

    @property
    def name(self) -> str:
        """The repository's name."""
        return self.workdir.name.removesuffix(".git")

    def policy(self) -> Policy:
        """Return the repository's policy.

        Raises:
            RequestRefused: 500, the file is gone or cannot be understood: then nothing lands.
        """
        try:
            return Policy.load((self.workdir / POLICY).read_text())
        except (OSError, UnicodeDecodeError, BadPolicy) as error:
            why = error.why if isinstance(error, BadPolicy) else f"{POLICY} cannot be read."
            raise RequestRefused(
                500,
                "bad-policy",
                f"The policy of {self.name} cannot be understood, so nothing lands",
                why=why,
                next='Forge("ada").set_policy(...)   # writes it again',
            ) from None

    def tip(self, branch: str) -> str:
        """Return the commit of a branch; empty when there is no such branch."""
        args = ["rev-parse", "--quiet", "--verify", f"refs/heads/{branch}^{{commit}}"]
        return self._run(args).stdout.strip()

    def contains(self, tip: str, commit: str) -> bool:
        """Return whether *commit* is in the history of *tip*."""
        return self.run(["merge-base", "--is-ancestor", commit, tip], ok=(0, 1)).returncode == 0

    def merge_base(self, one: str, other: str) -> str:
        """Return the newest commit that both have; empty when they have none."""
        return self.run(["merge-base", one, other], ok=(0, 1)).stdout.strip()

    def common_base(self, head: str, tips: Sequence[str]) -> str:
        """Return the newest commit of *head* that some of the *tips* have; empty when there is none, or not one.

        One question for all of them (git-merge-base(1) compares with their merge): a repository may have many branches.
        """
        found = self.run(["merge-base", "--all", head, *tips], ok=(0, 1)).stdout.split()
        return found[0] if len(found) == 1 else ""

    def content(self, sha: str) -> tuple[str, str]:
        """Return type and text of an object."""
        found = self.run(["cat-file", "--batch"], input=f"{sha}\n").stdout
        header, _, text = found.partition("\n")
        return header.split()[1], text.removesuffix("\n")

    def refs(self, prefix: str) -> list[tuple[str, str, str]]:
        """Return name, object and (of a tag) what it points to, of every reference below *prefix*."""
        form = "%(refname)%00%(objectname)%00%(*objectname)"
        rows = self.lines(["for-each-ref", f"--format={form}", prefix])
        return [(name, sha, target) for name, sha, target in (row.split("\0") for row in rows)]

    def store_tag(self, text: str) -> str:
        """Keep the text of a tag object (git checks its format) and return its id."""
        return self.run(["hash-object", "-t", "tag", "-w", "--stdin"], input=text).stdout.strip()

    def move(self, ref: str, new: str, old: str | None = None) -> None:
        """Set a reference; with *old* only when it still is there.

        Raises:
            GitError: it has moved meanwhile.
        """
        self.run(["update-ref", "--end-of-options", ref, new, *([old] if old is not None else [])])

    def pulls(self) -> list[dict[str, Any]]:
        """Return the records of the pull requests, in order."""
        files = sorted((self.workdir / "pulls").glob("*.json"), key=lambda p: int(p.stem))
        return [json.loads(file.read_text()) for file in files]

    def read_pull(self, number: int) -> dict[str, Any]:
        """Return the record of a pull request.

        Raises:
            RequestRefused: 404.
        """
        try:
            found: dict[str, Any] = json.loads((self.workdir / "pulls" / f"{number}.json").read_text())
        except (FileNotFoundError, OSError):
            raise RequestRefused(
                404,
                "not-found",
                f"There is no pull request {number} in {self.name}",
                next=f'Forge().pulls("{self.name}")',
            ) from None
        return found

    def write_pull(self, pull: dict[str, Any]) -> None:
        """Keep the record of a pull request."""
        write_private(self.workdir / "pulls" / f"{pull['number']}.json", json.dumps(pull, indent=1).encode())


class Repositories:
    """All repositories of the forge: ``repositories/NAME.git``."""

    def __init__(self, data: Path, signers: Path) -> None:
        self.data, self.directory, self._signers = data, data / "repositories", signers

    def names(self) -> list[str]:
        """Return the repositories, sorted."""
        return sorted(path.name.removesuffix(".git") for path in self.directory.glob("*.git"))

    def open(self, name: object, env: Mapping[str, str] | None = None) -> Bare:
        """Return a repository.

        Raises:
            RequestRefused: 400 no such name is possible; 404 there is none.
        """
        path = self.directory / f"{names.repository(name)}.git"
        if not path.is_dir():
            raise RequestRefused(
                404,
                "not-found",
                f"There is no repository {name}",
                why="Nobody created it, or the name is another.",
                next=f'Forge().create("{name}")   # Forge().repositories() lists what is there',
            )
        return Bare(path, self._signers, env)

    def create(self, name: object, policy: Policy) -> Bare:
        """Make an empty repository, whole or not at all.

        Raises:
            RequestRefused: 400 no name; 409 there is one.
        """
        target = self.directory / f"{names.repository(name)}.git"
        head = next((b for b in policy.protected if names.is_branch(b)), "main")
        try:
            with new_directory(target, within=self.data / "incoming") as new:
                # Not through Bare: GIT_DIR would be where it is made, not where it goes.
                Git(new).init(branch=head, bare=True)
                write_private(new / POLICY, policy.yaml().encode())
                (new / "pulls").mkdir(mode=0o700)
                self._provision(new)
                if target.exists():
                    raise FileExistsError(target)
        except FileExistsError:
            raise _taken(name) from None
        return self.open(name)

    def provision(self) -> None:
        """Make every repository ready for this start: its hook, its configuration, nothing left of a killed push."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in ("incoming", "spool"):
            shutil.rmtree(self.data / leftover, ignore_errors=True)
            (self.data / leftover).mkdir(mode=0o700)
        for path in sorted(self.directory.glob("*.git")):
            _sweep(path)
            self._provision(path)

    def _provision(self, path: Path) -> None:
        hooks = path / "hooks"
        shutil.rmtree(hooks, ignore_errors=True)
        hooks.mkdir(mode=0o700)
        hook = hooks / "pre-receive"
        command = f"{shlex.quote(sys.executable)} -P -m {__package__}.hook"
        write_private(hook, f"#!/bin/sh\nexec {command} {shlex.quote(str(self.data))}\n".encode())
        hook.chmod(0o700)
        git = Git(path)
        for key, value in {**_CONFIG, "gpg.ssh.allowedSignersFile": str(self._signers), "gpg.format": "ssh"}.items():
            if git.config(key) != value:
                git.config(key, value)


def _taken(name: object) -> RequestRefused:
    return RequestRefused(
        409,
        "exists",
        f"There is a repository {name} already",
        why="A repository is never replaced.",
        next=f'Forge().clone("{name}", DIRECTORY)',
    )


def _sweep(path: Path) -> None:
    """Remove what a killed git left behind: locks that nobody holds, and objects that were never let in."""
    # Only there: a branch may have such a name as well. None may end in `.lock`.
    for leftover in [*path.glob("objects/tmp_*"), *path.glob("objects/*/tmp_*"), *path.glob("objects/incoming-*")]:
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
    for lock in path.rglob("*.lock"):
        lock.unlink(missing_ok=True)

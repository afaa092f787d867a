"""Signatures of commits and tags: who is allowed to sign, and what a signature is worth."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from helpers.core import process
from helpers.core.errors import BadInput
from helpers.core.files import write_atomic
from helpers.wrappers.base import StrPath
from helpers.wrappers.git.run import GitRunner, fingerprint, git_error, public_text, revision
from helpers.wrappers.git.types import (
    AllowedSigner,
    CannotVerify,
    NotARepository,
    SignatureCheck,
    SshKey,
    UnknownRevision,
)

_SSH, _PGP = "-----BEGIN SSH SIGNATURE-----", "-----BEGIN PGP SIGNATURE-----"
_GOOD = re.compile(r'^Good "git" signature for (\S+) with \S+ key (\S+)', re.MULTILINE)
_VALID = re.compile(r'^Good "git" signature with \S+ key (\S+)', re.MULTILINE)
_BAD = re.compile(r"Signature verification failed|[Cc]ould(n't| not) verify signature|incorrect signature")
_BROKEN = re.compile(r"cannot run|error: gpg\.ssh|No such file or directory|Permission denied")
_OPTIONS = re.compile(r'((?:[a-z-]+(?:="[^"]*")?,?)+)\s+(?=(?:ssh|ecdsa|sk)-)')


class Verifying(GitRunner):
    """The subcommands about signatures."""

    def _allowed_file(self, file: StrPath | None) -> Path:
        if file is not None:
            return (self.workdir / file).absolute()
        found = self._run(["config", "gpg.ssh.allowedSignersFile"]).stdout.strip()
        if found:
            return self.workdir / Path(found).expanduser()
        # Inside the repository's own directory: what is tracked could be changed by the commits it judges.
        return Path(self.run(["rev-parse", "--absolute-git-dir"]).stdout.strip()) / "allowed_signers"

    def allow_signer(
        self,
        principal: str,
        key: SshKey | StrPath,
        *,
        valid_after: datetime | None = None,
        valid_before: datetime | None = None,
        file: StrPath | None = None,
    ) -> AllowedSigner:
        """Trust a key to sign for a person, in this repository.

        Args:
            principal: usually the mail address. key: the key, its ``.pub`` file or its text.
            valid_after, valid_before: when it may sign.
            file: the allowed signers file; by default one beside the repository's configuration.

        Raises:
            BadInput: no key, or a principal with spaces or wildcards.
        """
        if not re.fullmatch(r"[^\s,*?!\"#]+", principal):
            raise BadInput(f"{principal!r} is not a principal", why="Expected a mail address.", next="ada@acme.test")
        text = public_text(key)
        fingerprint(text)
        options = ['namespaces="git"']
        for name, when in (("valid-after", valid_after), ("valid-before", valid_before)):
            options += [f'{name}="{when:%Y%m%d%H%M%S}"'] if when else []
        signer = AllowedSigner(principal, text, ",".join(options))
        path = self._allowed_file(file)
        self._write_signers(path, [*self.allowed_signers(file=path), signer])
        self.run(["config", "gpg.ssh.allowedSignersFile", str(path)])
        return signer

    def disallow_signer(self, principal: str, *, file: StrPath | None = None) -> None:
        """Trust no key of that principal any more."""
        path = self._allowed_file(file)
        self._write_signers(path, [s for s in self.allowed_signers(file=path) if s.principal != principal])

    def allowed_signers(self, *, file: StrPath | None = None) -> tuple[AllowedSigner, ...]:
        """Return who is trusted to sign."""
        path = self._allowed_file(file)
        found = []
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            principal, _, rest = line.strip().partition(" ")
            if not rest or principal.startswith("#"):
                continue
            options = _OPTIONS.match(rest)
            key = rest[options.end() :] if options else rest
            found.append(AllowedSigner(principal, " ".join(key.split()[:2]), options[1] if options else ""))
        return tuple(found)

    def _write_signers(self, path: Path, signers: list[AllowedSigner]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, "".join(signer.line() + "\n" for signer in dict.fromkeys(signers)))

    def verify_commit(self, name: str = "HEAD") -> SignatureCheck:
        """Say what the signature of a commit is worth.

        Raises:
            UnknownRevision: there is no such commit. CannotVerify: no signer is allowed yet, the signature is
                not an SSH one, or ssh-keygen is missing.
        """
        return self._verify("commit", name, name)

    def verify_tag(self, name: str) -> SignatureCheck:
        """Say what the signature of a tag is worth; a lightweight tag is ``unsigned``. Errors: `verify_commit`."""
        return self._verify("tag", name, f"refs/tags/{name}")

    def _verify(self, kind: str, name: str, full: str) -> SignatureCheck:
        peel = "^{commit}" if kind == "commit" else ""
        asked = self._run(["rev-parse", "--quiet", "--verify", "--end-of-options", revision(full) + peel])
        if asked.returncode != 0:
            error = git_error(f"verify-{kind}", asked)
            if isinstance(error, NotARepository):
                raise error
            raise UnknownRevision(f"There is no {kind} {name}", next="git.log() and git.tags() list what is there.")
        sha = asked.stdout.strip()
        found = self.run(["cat-file", "--batch"], input=f"{sha}\n").stdout
        header, _, content = found.partition("\n")
        who = re.search(r"^(?:committer|tagger) .*<([^>]*)>", content, re.MULTILINE)
        subject, committer = (sha if kind == "commit" else name), who[1] if who else ""
        if header.split()[1] != kind or not _signature(kind, content):
            return SignatureCheck("unsigned", subject, committer=committer, reason="There is no signature.")
        if _signature(kind, content) == _PGP:
            raise CannotVerify(
                f"{name} has an OpenPGP signature", why="Only SSH signatures are verified here.", next="gpg"
            )
        allowed, revoked = self._trust(name)
        args = ["-c", f"gpg.ssh.allowedSignersFile={allowed}"]
        check = _judge(self._run([*args, f"verify-{kind}", "--raw", sha]), subject, committer)
        if revoked and check.status == "bad":
            # git says of a revoked key only that it could not verify; without the list it says what the rest is worth.
            bare = self._run([*args, "-c", "gpg.ssh.revocationFile=", f"verify-{kind}", "--raw", sha])
            if (plain := _judge(bare, subject, committer)).status == "good":
                return SignatureCheck("untrusted", subject, "", committer, plain.key, "The key is revoked.")
        return check

    def _trust(self, name: str) -> tuple[Path, Path | None]:
        """Return the allowed signers file and, if one is configured, the list of revoked keys.

        Raises:
            CannotVerify: one of them is missing, so no signature can be judged.
        """
        allowed = self._allowed_file(None)
        if not allowed.is_file():
            raise CannotVerify(
                f"No signer is allowed yet, so the signature of {name} proves nothing",
                why=f"There is no file {allowed.name} that maps signers to keys.",
                next="git.allow_signer(...)",
            )
        given = self._run(["config", "--type=path", "gpg.ssh.revocationFile"]).stdout.strip()
        if not given:
            return allowed, None
        revoked = self.workdir / given
        if not revoked.is_file():
            raise CannotVerify(
                f"The list of revoked keys is missing, so the signature of {name} proves nothing",
                why=f"{revoked.name} is configured (gpg.ssh.revocationFile). git only warns.",
                next="Restore it.",
            )
        return allowed, revoked


def _signature(kind: str, content: str) -> str:
    """Return how the signature in a commit's header, or at the end of a tag, begins; empty when there is none."""
    header, _, body = content.partition("\n\n")
    if kind == "commit":
        found = re.search(r"^gpgsig(?:-sha256)? (.*)$", header, re.MULTILINE)
        return found[1] if found else ""
    found = re.search(f"^({_SSH}|{_PGP})$", body, re.MULTILINE)
    return found[1] if found else ""


def _judge(done: process.Completed, subject: str, committer: str) -> SignatureCheck:
    said = done.stderr.strip()
    good, valid = _GOOD.search(said), _VALID.search(said)
    if done.returncode == 0 and good:
        return SignatureCheck("good", subject, good[1], committer, good[2], said)
    if done.returncode != 0 and good:
        # ssh-keygen knows the signer, yet git refuses: the trust does not reach what is asked for.
        return SignatureCheck("untrusted", subject, "", committer, good[2], said)
    if done.returncode != 0 and valid and "No principal matched" in said:
        return SignatureCheck("untrusted", subject, "", committer, valid[1], said)
    if done.returncode != 0 and _BAD.search(said) and not _BROKEN.search(said):
        return SignatureCheck("bad", subject, "", committer, "", said)
    raise CannotVerify(
        f"git could not verify the signature of {subject}",
        why=said,
        next="This is neither a pass nor a refusal: is ssh-keygen installed (openssh-client)?",
        completed=done,
    )

"""The client of the forge: everything one person does there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from helpers.clients.forge import api
from helpers.clients.forge.errors import UnknownPerson
from helpers.clients.forge.local import CAST, ForgeDirectory, Role
from helpers.clients.forge.policy import Policy
from helpers.clients.forge.statement import Statement
from helpers.clients.forge.types import Audit, Credentials, Person, PullRequest, Repository, entry_of, pull_of
from helpers.core import process
from helpers.core.errors import BadInput
from helpers.runtime import services, trust
from helpers.wrappers.base import StrPath
from helpers.wrappers.git import AlreadyExists, CannotSign, Git, GitError, Identity


class Forge:
    """The Git server of the course, service ``git``, used as one person.

    Args:
        person: ``learner``, ``ada`` (platform engineer, may break the glass), ``bela`` (reviewer), ``mallory`` (her key
            is not trusted), ``argocd`` (only reads), or whoever was enrolled.

    Raises (every method):
        GitServerDown: the service does not run; nothing starts it behind your back. ForgeError: it said no.
    """

    def __init__(self, person: str = "learner") -> None:
        self.person = person

    def __repr__(self) -> str:
        return f"Forge({self.person!r})"

    @property
    def _directory(self) -> ForgeDirectory:
        return ForgeDirectory(services.data("git").parent)

    @property
    def server(self) -> str:
        """Address of the server."""
        service = next(one for one in services.status() if one.name == "git")
        if service.status != "running":
            said = {"failed": "A process of it was killed or crashed."}.get(service.status, f"It is {service.status}.")
            raise api.down(said)
        return service.url

    def url(self, repository: str) -> str:
        """Return the address of a repository for git; it holds no secret."""
        return f"{self.server}/{quote(repository, safe='')}.git"

    def credentials(self, repository: str = "") -> Credentials:
        """Return how a program logs in as this person, for example Argo CD: ``Forge("argocd").credentials(...)``."""
        url = self.url(repository) if repository else self.server
        return Credentials(url, self.person, self._directory.token(self.person))

    def people(self) -> tuple[Person, ...]:
        """Return everybody with an account."""
        return tuple(Person(**row) for row in self._call("GET", "/api/people")["people"])

    def allowed_signers(self) -> str:
        """Return whose key the server trusts, as an ``allowed_signers`` file (``ssh-keygen -Y verify``)."""
        return str(self._call("GET", "/api/allowed_signers"))

    @property
    def identity(self) -> Identity:
        """How this person commits: name, mail address and signing key.

        Raises:
            UnknownPerson: the person was not enrolled.
        """
        me = next((person for person in self.people() if person.name == self.person), None)
        if me is None:
            raise UnknownPerson(f"{self.person} has no account", next=f'Forge().enrol("{self.person}")')
        return self._directory.identity(me.name, me.full_name, me.email)

    def enrol(self, person: str, *, full_name: str = "", role: str = "member", trusted: bool = True) -> Person:
        """Give somebody a signing key (below the state directory, mode 0600), an account and a token.

        Who is enrolled already keeps the key and gets a new token; the people of the story keep their roles.

        Args:
            trusted: put the key among the allowed signers.

        Raises:
            BadInput: no name for a person.
        """
        given = CAST.get(person) or Role(full_name or person.capitalize(), role, trusted)
        return Person(**self._directory.enrol(self.server, person, given))

    def create(
        self,
        repository: str,
        *,
        protected: Sequence[str] | None = None,
        policy: Policy | Mapping[str, Any] | None = None,
    ) -> Repository:
        """Make an empty repository. The first push to a protected branch needs signatures and gates, but no approval.

        Args:
            protected: branches behind the change gate, by default ``main``.
            policy: further rules, see `Policy`; as in the file: ``{"approvals": 2, "gates": {"image": False}}``.

        Raises:
            BadPolicy, BadInput: the policy or the name is none. Exists: there is such a repository.
        """
        rules = Policy.parse(policy or {}).to_dict()
        if protected is not None:
            rules["protected"] = list(protected)
        data = {"name": repository, "policy": Policy.parse(rules).to_dict()}
        return self._repository(self._call("POST", "/api/repositories", data))

    def repositories(self) -> tuple[str, ...]:
        """Return the names of the repositories."""
        return tuple(self._call("GET", "/api/repositories")["repositories"])

    def repository(self, repository: str) -> Repository:
        """Return a repository with its policy and branches."""
        return self._repository(self._call("GET", _path(repository)))

    def set_policy(self, repository: str, policy: Policy | Mapping[str, Any]) -> Repository:
        """Replace the policy of a repository, as an admin; it is recorded."""
        rules = Policy.parse(policy).to_dict()
        return self._repository(self._call("PUT", f"{_path(repository)}/policy", rules))

    def clone(self, repository: str, folder: StrPath) -> Git:
        """Clone a repository to work in as this person: commits are signed, the token is found, the signers are known.

        A directory that is a clone of that repository already is pointed to the server's present address and fetched.

        Raises:
            AlreadyExists: there is something else in the directory.
            AccessDenied, RemoteUnreachable: see `helpers.wrappers.git`.
        """
        self.repository(repository)
        target = Path(folder).expanduser().absolute()
        url, again = self.url(repository), (target / ".git").is_dir()
        if not again and target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise AlreadyExists(
                f"{target.name} is there already", why="It is not a clone.", next="Choose another directory."
            )
        target.mkdir(parents=True, exist_ok=True)
        # A push waits for the gates of the server.
        git = Git(target, timeout=api.TIMEOUT)
        if again and git.config("remote.origin.url").rsplit("/", 1)[-1] != url.rsplit("/", 1)[-1]:
            raise AlreadyExists(f"{target.name} is a clone of something else", next="Choose another directory.")
        if not again:
            git.init().remote_add("origin", url)
        git.config("remote.origin.url", url)
        self._configure(git)
        git.fetch()
        if not again and (branch := self._head(git)):
            git.switch(branch)
        return git

    def _configure(self, git: Git) -> None:
        # The first, empty helper keeps the token out of the user's own credential stores.
        git.run(["config", "--local", "--replace-all", "credential.helper", ""])
        git.run(["config", "--local", "--add", "credential.helper", self._directory.credential_helper(self.person)])
        git.config("credential.username", self.person)
        # For git in a terminal; ours knows it anyway.
        for name, value in trust.git_options(self.server).items():
            git.config(name, value)
        git.configure_identity(self.identity)
        signers = git.workdir / ".git" / "allowed_signers"
        signers.write_text(self.allowed_signers())
        git.config("gpg.ssh.allowedSignersFile", str(signers))

    @staticmethod
    def _head(git: Git) -> str:
        """Return the branch to begin with; empty when nothing was pushed yet."""
        found = git.lines(["for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin"])
        return "main" if "main" in found else next(iter(found), "")

    def open_pull(self, repository: str, source: str, *, target: str = "main", title: str) -> PullRequest:
        """Ask for a pushed branch to land on *target*; its gates run at once.

        Raises:
            ForgeNotFound: there is no such branch. Exists: nothing to land, or it is open already.
        """
        data = {"source": source, "target": target, "title": title}
        return pull_of(repository, self._call("POST", f"{_path(repository)}/pulls", data))

    def pulls(self, repository: str) -> tuple[PullRequest, ...]:
        """Return all pull requests, oldest first."""
        return tuple(pull_of(repository, row) for row in self._call("GET", f"{_path(repository)}/pulls")["pulls"])

    def pull(self, repository: str, number: int) -> PullRequest:
        """Return a pull request as it stands now."""
        return pull_of(repository, self._call("GET", _path(repository, number)))

    def run_gates(self, repository: str, number: int) -> PullRequest:
        """Run the gates on the head of a pull request."""
        return pull_of(repository, self._call("POST", f"{_path(repository, number)}/gates"))

    def approve(self, repository: str, number: int) -> PullRequest:
        """Approve the head of a pull request as it is now: a statement that names the commit, signed with one's key.

        Raises:
            ApprovalRefused: one's own change, a key that is not trusted, or the branch has moved on meanwhile.
        """
        pull = self.pull(repository, number)
        me = self.identity
        said = Statement(
            repository, number, pull.target, pull.head, self.person, me.name, me.email, datetime.now(UTC)
        ).text()
        tag = said + _sign(said, me)
        return pull_of(repository, self._call("POST", f"{_path(repository, number)}/approvals", {"tag": tag}))

    def merge(self, repository: str, number: int) -> PullRequest:
        """Land a pull request: the target moves forward to the very commit that was signed and approved.

        Raises:
            MergeRefused: something stands against it; ``error.blockers`` says what.
        """
        return pull_of(repository, self._call("POST", f"{_path(repository, number)}/merge"))

    def close(self, repository: str, number: int) -> PullRequest:
        """Close a pull request without landing it."""
        return pull_of(repository, self._call("POST", f"{_path(repository, number)}/close"))

    def break_glass(self, repository: str, number: int, reason: str) -> PullRequest:
        """Land a pull request in an emergency, as an admin, without what the policy lets one waive (the approval).

        It never lands without a trusted signature, with a secret, or by force. Who, when and why is recorded.

        Raises:
            PermissionRefused: not an admin. BadInput: no reason. MergeRefused: what cannot be waived stands against it.
        """
        return pull_of(repository, self._call("POST", f"{_path(repository, number)}/break-glass", {"reason": reason}))

    def audit(self, repository: str) -> Audit:
        """Return every decision about a repository, oldest first: a tuple of `AuditEntry`."""
        return Audit(entry_of(row) for row in self._call("GET", f"{_path(repository)}/audit")["entries"])

    def _repository(self, row: Mapping[str, Any]) -> Repository:
        return Repository(row["name"], self.url(row["name"]), Policy.parse(row["policy"]), row["branches"])

    def _call(self, method: str, path: str, data: object = None) -> Any:
        return api.call(self.server, self.person, self._directory.token(self.person), method, path, data)


def _path(repository: str, number: int | None = None) -> str:
    if not isinstance(repository, str) or not repository.strip("."):
        raise BadInput(f"{repository!r} is not a valid name of a repository", next="Forge().repositories()")
    tail = "" if number is None else f"/pulls/{int(number)}"
    return f"/api/repositories/{quote(repository, safe='')}{tail}"


def _sign(text: str, identity: Identity) -> str:
    """Return the SSH signature over a text, as ``git tag -s`` makes it."""
    try:
        done = process.run(
            ["ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", str(identity.signing_key)], input=text, timeout=60
        )
    except process.CannotStart as error:
        raise GitError("ssh-keygen is missing", why=error.why, next="apt-get install openssh-client") from None
    found = re.search(r"-----BEGIN SSH SIGNATURE-----\n.*?-----END SSH SIGNATURE-----\n", done.stdout, re.DOTALL)
    if done.returncode != 0 or found is None:
        raise CannotSign("The approval could not be signed", why=done.stderr, next="Is the signing key there?")
    return found[0]

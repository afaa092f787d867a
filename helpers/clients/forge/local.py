"""What this machine keeps of the forge's people: signing keys and tokens, below the service's state directory."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from helpers.clients.forge import api
from helpers.clients.forge.errors import UnknownPerson
from helpers.core import redact
from helpers.core.files import read_private, write_private
from helpers.runtime import trust
from helpers.wrappers.git import Identity, generate_ssh_key

_OPERATOR = "operator"


@dataclass(frozen=True)
class Role:
    """How somebody of the story is enrolled."""

    full_name: str
    role: str = "member"
    trusted: bool = True


#: The people of the story. Mallory has an account and a key, but nobody vouches for that key.
CAST = {
    "learner": Role("Learner"),
    "ada": Role("Ada", "admin"),
    "bela": Role("Bela"),
    "mallory": Role("Mallory", trusted=False),
    "argocd": Role("Argo CD", "reader", trusted=False),
}


class ForgeDirectory:
    """The service's directory as its users see it.

    Args:
        directory: the service's directory, see `helpers.runtime.services.ServiceContext`.
    """

    def __init__(self, directory: Path) -> None:
        self.path, self.people = directory, directory / "people"

    def provision(self, url: str) -> None:
        """Enrol whoever of the story has no account yet, and point everybody's credentials to the server's address."""
        known = {row["name"] for row in self._operator(url, "GET", "/api/people")["people"]}
        for name, role in CAST.items():
            if name not in known or not (self.people / name / "token").exists():
                self.enrol(url, name, role)
        for path in self.people.iterdir():
            self._write_credentials(url, path.name)
        write_private(trust.git_config(), trust.git_config_text(url))

    def enrol(self, url: str, name: str, role: Role) -> dict[str, Any]:
        """Make a signing key if there is none, an account and a token; return the account."""
        # The server judges names; here one must not be a path.
        directory = self.people / quote(name, safe="")
        for one in (self.people, directory):
            one.mkdir(exist_ok=True, mode=0o700)
        key = directory / "id_ed25519"
        if not key.exists():
            generate_ssh_key(key, comment=name)
        data = {
            "name": name,
            "full_name": role.full_name,
            "role": role.role,
            "trusted": role.trusted,
            "public_key": key.with_suffix(".pub").read_text(),
        }
        answer = self._operator(url, "POST", "/api/people", data)
        write_private(directory / "token", str(answer["token"]).encode())
        self._write_credentials(url, name)
        return dict(answer["person"])

    def token(self, name: str) -> str:
        """Return a person's token; it is masked from now on wherever the course prints something.

        Raises:
            UnknownPerson: nobody of that name was enrolled on this machine.
        """
        try:
            token = read_private(self.people / quote(name, safe="") / "token")
        except OSError:
            raise UnknownPerson(
                f"{name} is not enrolled here",
                why="The course has no key and no token of that person.",
                next=f'Forge().enrol("{name}")',
            ) from None
        redact.add_secrets(token)
        return token

    def identity(self, name: str, full_name: str, email: str) -> Identity:
        """Return how a person commits and signs."""
        self.token(name)
        return Identity(full_name, email, self.people / name / "id_ed25519")

    def credential_helper(self, name: str) -> str:
        """Return git's setting that finds the token, so that no URL holds it."""
        return f"store --file={shlex.quote(str(self.people / name / 'git-credentials'))}"

    def _write_credentials(self, url: str, name: str) -> None:
        address = urlsplit(url)
        line = f"{address.scheme}://{name}:{self.token(name)}@{quote(address.netloc, safe='')}\n"
        write_private(self.people / name / "git-credentials", line.encode())

    def _operator(self, url: str, method: str, path: str, data: object = None) -> dict[str, Any]:
        token = (self.path / "data" / "operator.token").read_text()
        redact.add_secrets(token)
        answer: dict[str, Any] = api.call(url, _OPERATOR, token, method, path, data)
        return answer

"""A Sigstore deployment as cosign needs it: where it signs, and what a verifier trusts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from helpers.core import http
from helpers.core.errors import CourseError
from helpers.core.files import read_private
from helpers.core.redact import add_secrets
from helpers.runtime import services
from helpers.runtime.services.sigstore import ca_file, chain_files, endpoints_file, secret_file
from helpers.runtime.services.sigstore.identities import realm


class NoToken(CourseError):
    """The OIDC issuer gave no token."""

    code = "no-token"


@dataclass(frozen=True)
class Sigstore:
    """A Sigstore deployment.

    Attributes:
        issuers: URL of the OIDC issuer of ``people`` and of ``workloads``.
        fulcio: URL of the certificate authority.
        tsa: URL that gives RFC 3161 timestamps.
        fulcio_chain: PEM file with the certificates of the authority.
        tsa_chain: PEM file with the certificates of the timestamp authority.
        folder: of the service; its secrets are read when a token is asked for.
    """

    people: str
    workloads: str
    fulcio: str
    tsa: str
    fulcio_chain: Path
    tsa_chain: Path
    folder: Path

    @classmethod
    def local(cls) -> Sigstore:
        """Return the service ``sigstore``, started when it does not run."""
        service = services.ensure("sigstore")
        folder = service.data.parent
        urls = json.loads(endpoints_file(folder).read_text())
        fulcio, tsa = chain_files(folder)
        return cls(
            f"{service.url}/people",
            f"{service.url}/workloads",
            urls["fulcio"],
            f"{urls['tsa']}/api/v1/timestamp",
            fulcio,
            tsa,
            folder,
        )

    def issuer(self, identity: str) -> str:
        """Return the URL of the issuer that vouches for *identity*."""
        return self.workloads if realm(identity) == "workloads" else self.people

    def token(self, identity: str) -> str:
        """Return a new identity token of *identity*, good for five minutes; it is masked in every output.

        Raises:
            NoToken: the identity is unknown, or the issuer refuses or is away.
        """

        known: dict[str, str] = json.loads(read_private(secret_file(self.folder)))
        if identity not in known:
            raise NoToken(
                f"The issuer does not know {identity!r}",
                why="A signer needs an account.",
                next=f"Sign as one of: {', '.join(sorted(known))}",
            )
        add_secrets(known[identity])
        try:
            answer = http.request(
                "POST",
                f"{self.issuer(identity)}/token",
                ca=ca_file(self.folder),
                headers=http.basic(quote(identity, safe=""), known[identity]),
                form={"grant_type": "client_credentials"},
                timeout=20,
            )
        except http.NoAnswer as error:
            raise _no_token(str(error)) from None
        try:
            token = str(answer.json()["id_token"])
        except (ValueError, LookupError, TypeError):
            # Not what it said: that might hold a secret.
            raise _no_token(f"Its answer has HTTP status {answer.status} and no token.") from None
        add_secrets(token)
        return token


def _no_token(why: str) -> NoToken:
    return NoToken("The issuer gave no token", why=why, next="course services restart sigstore")

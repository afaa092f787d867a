"""A Sigstore deployment as cosign needs it: where it signs, and what a verifier trusts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from helpers._redact import add_secrets
from helpers.errors import CourseError


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
        from helpers import services
        from helpers.services.sigstore import chain_files, endpoints_file

        service = services.ensure("sigstore")
        folder = service.data.parent
        urls = json.loads(endpoints_file(folder).read_text())
        fulcio, tsa = chain_files(folder)
        return cls(
            f"{service.url}/people", f"{service.url}/workloads", urls["fulcio"],
            f"{urls['tsa']}/api/v1/timestamp", fulcio, tsa, folder,
        )  # fmt: skip

    def issuer(self, identity: str) -> str:
        """Return the URL of the issuer that vouches for *identity*."""
        from helpers.services.sigstore.identities import realm

        return self.workloads if realm(identity) == "workloads" else self.people

    def token(self, identity: str) -> str:
        """Return a new identity token of *identity*, good for five minutes; it is masked in every output.

        Raises:
            NoToken: nobody of that name is known, or the issuer refuses or is away.
        """
        import requests

        from helpers.services.sigstore import ca_file, secret_file

        known: dict[str, str] = json.loads(secret_file(self.folder).read_text())
        if identity not in known:
            raise NoToken(f"The issuer does not know {identity!r}", why="A signer needs an account.",
                          next=f"Sign as one of: {', '.join(sorted(known))}")  # fmt: skip
        add_secrets(known[identity])
        with requests.Session() as session:
            # A proxy of the user's environment must not come between us and loopback.
            session.trust_env, session.verify = False, str(ca_file(self.folder))
            try:
                answer = session.post(
                    f"{self.issuer(identity)}/token",
                    auth=(quote(identity, safe=""), known[identity]),
                    data={"grant_type": "client_credentials"},
                    timeout=20,
                )
                answer.raise_for_status()
                token = str(answer.json()["id_token"])
            except (requests.RequestException, ValueError, KeyError) as error:
                raise NoToken("The issuer gave no token", why=type(error).__name__,
                              next="course services restart sigstore") from None  # fmt: skip
        add_secrets(token)
        return token

"""The OIDC issuer: gives a person or a workload that knows its secret a token of five minutes for Fulcio.

People and workloads come from two issuers below one server, ``/people`` and ``/workloads``, so that a verifier can tell
a person from a pipeline by the issuer alone.
"""

from __future__ import annotations

import argparse
import hmac
import json
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.wrappers import Request, Response

from helpers.core.files import write_private
from helpers.runtime.services.sigstore.identities import AUDIENCE, realm
from helpers.servers import tls

#: Seconds a token is good for.
LIFETIME = 300


class Issuer:
    """The application: discovery, keys, token."""

    def __init__(self, base: str, keys: Path) -> None:
        self.base = base
        self.secrets: dict[str, str] = json.loads((keys / "identities.json").read_text())
        file = keys / "issuer.jwk"
        if not file.exists():
            made = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
            write_private(file, json.dumps(made.as_dict(private=True)).encode())
        self.key = ECKey.import_key(json.loads(file.read_text()))

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one request (WSGI)."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        part, _, rest = request.path.strip("/").partition("/")
        if part not in ("people", "workloads"):
            return _json({"error": "not_found"}, 404)
        if request.method == "GET" and rest == ".well-known/openid-configuration":
            return _json(self._discovery(f"{self.base}/{part}"))
        if request.method == "GET" and rest == "jwks":
            return _json({"keys": [self.key.as_dict(private=False)]})
        if request.method == "POST" and rest == "token":
            return self._token(request, part)
        return _json({"error": "not_found"}, 404)

    def _discovery(self, issuer: str) -> dict[str, Any]:
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks",
            "token_endpoint": f"{issuer}/token",
            "authorization_endpoint": f"{issuer}/token",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "grant_types_supported": ["client_credentials"],
        }

    def _token(self, request: Request, part: str) -> Response:
        given = request.authorization
        # RFC 6749, 2.3.1: the name is percent-encoded, as a colon ends it.
        who, secret = (unquote(given.username or ""), given.password or "") if given else ("", "")
        known = self.secrets.get(who, "")
        # Compared also for a stranger: how long it takes must not say who is known.
        if not hmac.compare_digest(known.encode(), secret.encode()) or not known or realm(who) != part:
            return _json({"error": "invalid_client"}, 401)
        if request.form.get("grant_type") != "client_credentials":
            return _json({"error": "unsupported_grant_type"}, 400)
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": f"{self.base}/{part}",
            "aud": AUDIENCE,
            "sub": who,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
        }
        if part == "people":
            claims |= {"email": who, "email_verified": True}
        token = jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)
        return _json({"id_token": token, "token_type": "Bearer", "expires_in": LIFETIME})


def _json(content: Any, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(json.dumps(content), status, headers, content_type="application/json")


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True, help="of the server behind TLS")
    tls.add_arguments(parser)
    given = parser.parse_args()
    app = Issuer(f"https://127.0.0.1:{given.port}", given.keys)
    # werkzeug's own TLS shakes hands with one client after the other: a silent one would stop all.
    context = tls.server_context(given.cert, given.key)
    tls.serve_wsgi(app, port=given.port, context=context, socket=given.socket, ident="issuer")


if __name__ == "__main__":
    main()

"""Who may do what: policies, roles of machines, logins by workload identity, tokens."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.clients.vault._errors import translated_errors
from helpers.clients.vault._session import Session
from helpers.clients.vault.errors import LoginRefused, NoSuchSecret
from helpers.clients.vault.types import AppRole, Credentials, Policy, Token
from helpers.core.errors import BadInput
from helpers.core.files import write_private
from helpers.core.redact import add_secrets
from helpers.wrappers.terraform.types import Sensitive

if TYPE_CHECKING:
    from typing import Self

#: Issuer of the local cluster's service-account tokens.
CLUSTER_ISSUER = "https://kubernetes.default.svc"
#: Where workloads of the cluster log in, as the Kubernetes method of Vault is mounted by default.
CLUSTER = "kubernetes"


class AccessCommands(Session):
    """Methods on policies, roles and tokens."""

    def write_policy(self, name: str, text: str) -> Policy:
        """Write a policy.

        Args:
            name: lower-case.
            text: HCL: ``path "secret/data/vision/*" { capabilities = ["read"] }``.

        Raises:
            BadInput: the text is not a policy; the message is the vault's own.
        """

        def refused(words: str) -> BadInput:
            return BadInput(f"The policy {name} cannot be read", why=words, next="Fix the HCL and write it again.")

        with translated_errors(self, f"sys/policies/acl/{name}", "update", refused=refused):
            self.client.sys.create_or_update_acl_policy(name, text)
        return self.policy(name)

    def policy(self, name: str) -> Policy:
        """Return a policy.

        Raises:
            NoSuchSecret: there is none of that name.
        """
        with translated_errors(self, f"sys/policies/acl/{name}", "read", missing=f"There is no policy {name}"):
            data = self.client.sys.read_acl_policy(name)["data"]
        return Policy(data["name"], data["policy"])

    def policies(self) -> tuple[str, ...]:
        """Return the names of all policies."""
        with translated_errors(self, "sys/policies/acl", "list"):
            return tuple(self.client.sys.list_acl_policies()["data"]["keys"])

    def delete_policy(self, name: str) -> None:
        """Delete a policy; tokens that had it lose what it gave at once."""
        with translated_errors(self, f"sys/policies/acl/{name}", "delete"):
            self.client.sys.delete_acl_policy(name)

    def capabilities(self, path: str) -> tuple[str, ...]:
        """Return what this session may do on *path* (``secret/data/vision/wandb``); ``deny`` for nothing."""
        with translated_errors(self, "sys/capabilities-self", "update"):
            return tuple(self.client.sys.get_capabilities([path])["data"][path])

    def write_role(
        self, name: str, policies: Sequence[str], *, ttl: str = "15m", max_ttl: str = "1h", secret_id_uses: int = 0
    ) -> AppRole:
        """Make or change an AppRole.

        Args:
            name: of the role.
            policies: of its tokens.
            ttl: life of a token, for example ``15m``; it can be renewed up to *max_ttl*.
            max_ttl: its longest life.
            secret_id_uses: logins one secret id is good for; 0 for any number.
        """
        with translated_errors(self, f"auth/approle/role/{name}", "update"):
            self.client.auth.approle.create_or_update_approle(
                name,
                token_policies=[*policies],
                token_ttl=ttl,
                token_max_ttl=max_ttl,
                secret_id_num_uses=secret_id_uses,
            )
        return self.approle(name)

    def approle(self, name: str) -> AppRole:
        """Return an AppRole.

        Raises:
            NoSuchSecret: there is none of that name.
        """
        with translated_errors(self, f"auth/approle/role/{name}", "read", missing=f"There is no role {name}"):
            method = self.client.auth.approle
            data, role_id = method.read_role(name)["data"], method.read_role_id(name)["data"]["role_id"]
        return AppRole(name, tuple(data["token_policies"]), data["token_ttl"], data["token_max_ttl"], role_id)

    def roles(self) -> tuple[str, ...]:
        """Return the names of all AppRoles."""
        with translated_errors(self, "auth/approle/role", "list"):
            return tuple(self.client.auth.approle.list_roles()["data"]["keys"])

    def issue(self, role: str) -> Credentials:
        """Return new credentials of an AppRole; `wrap_credentials` hands them over safely."""
        about = self.approle(role)
        with translated_errors(self, f"auth/approle/role/{role}/secret-id", "update"):
            made = self.client.auth.approle.generate_secret_id(role)["data"]
        add_secrets(made["secret_id"])
        return Credentials(role, about.role_id, Sensitive(made["secret_id"]))

    def keep(self, credentials: Credentials) -> Self:
        """Keep credentials on this machine (mode 0600), so that ``Vault(role)`` finds them, and return that session."""
        data = {"role_id": credentials.role_id, "secret_id": credentials.secret_id.reveal()}
        path = self._credentials_file(credentials.role)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, json.dumps(data).encode())
        return type(self)(credentials.role, url="" if self.local else self.url, ca=self.ca if self.ca.is_file() else "")

    def log_in(self, role_id: str, secret_id: str | Sensitive) -> Self:
        """Return a session of the AppRole with these credentials.

        Raises:
            LoginRefused: they are wrong, used up or have ended.
        """
        text = secret_id.reveal() if isinstance(secret_id, Sensitive) else secret_id
        add_secrets(text)
        return self._with_token(self._approle_login(self._connect(""), "", role_id, text))

    def trust_cluster(
        self, public_key: str | os.PathLike[str], *, issuer: str = CLUSTER_ISSUER, mount: str = CLUSTER
    ) -> None:
        """Let workloads of a cluster log in with their service-account tokens.

        The vault checks the tokens' signatures with the cluster's public key and never asks the cluster.

        Args:
            public_key: PEM text, or the file of it (the local cluster's: ``services.data("kubernetes").parent / "pki" /
                "sa.pub"``).
            issuer: ``iss`` of the tokens.
            mount: path of the login method; made when it is not there.

        Raises:
            BadInput: that is not a PEM public key.
        """
        pem = public_key if isinstance(public_key, str) and "-----BEGIN" in public_key else ""
        try:
            pem = pem or Path(public_key).read_text()
        except OSError:
            pem = ""
        if "PUBLIC KEY-----" not in pem:
            raise BadInput(
                "That is not a public key",
                why="A PEM text begins with -----BEGIN PUBLIC KEY-----.",
                next="vault.trust_cluster(control_plane.service_account_key())",
            )
        client = self.client
        with translated_errors(self, f"sys/auth/{mount}", "sudo"):
            if f"{mount}/" not in client.sys.list_auth_methods()["data"]:
                client.sys.enable_auth_method("jwt", path=mount)
        with translated_errors(self, f"auth/{mount}/config", "update"):
            client.write_data(f"auth/{mount}/config", data={"jwt_validation_pubkeys": [pem], "bound_issuer": issuer})

    def write_workload_role(
        self,
        name: str,
        policies: Sequence[str],
        *,
        service_account: str,
        namespace: str,
        audience: str = "vault",
        ttl: str = "15m",
        mount: str = CLUSTER,
    ) -> None:
        """Let one service account of one namespace log in as *name*.

        Args:
            name: of the role.
            policies: of its tokens.
            service_account: its name.
            namespace: its namespace.
            audience: ``aud`` that its tokens must have.
            ttl: life of a token.
            mount: path of the login method (`trust_cluster`).
        """
        settings = {
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_audiences": [audience],
            "bound_subject": f"system:serviceaccount:{namespace}:{service_account}",
            "token_policies": [*policies],
            "token_ttl": ttl,
            "token_max_ttl": ttl,
        }
        with translated_errors(
            self, f"auth/{mount}/role/{name}", "update", missing=f"No cluster is trusted at {mount}"
        ):
            self.client.write_data(f"auth/{mount}/role/{name}", data=settings)

    def log_in_workload(self, role: str, jwt: str, *, mount: str = CLUSTER) -> Self:
        """Return a session of a workload, from its service-account token.

        Raises:
            LoginRefused: the token has ended, is of another cluster, account or audience, or there is no such role.
        """
        add_secrets(jwt)

        def refused(words: str) -> LoginRefused:
            return LoginRefused(
                f"The vault refused the login of a workload as {role}",
                why=words,
                next="Compare the service account, its namespace and the audience with the role's.",
            )

        with translated_errors(
            self, f"auth/{mount}/login", "update", refused=refused, missing=f"No cluster is trusted at {mount}"
        ):
            return self._with_token(
                self._connect("").auth.jwt.jwt_login(role, jwt, use_token=False, path=mount)["auth"]
            )

    def token(
        self, policies: Sequence[str], *, ttl: str = "15m", uses: int = 0, renewable: bool = True, name: str = "token"
    ) -> Token:
        """Make a token below this session's; it ends with this one at the latest.

        Args:
            policies: what it may do; no more than this session.
            ttl: its life.
            uses: requests it is good for; 0 for any number.
            renewable: whether it can be prolonged.
            name: as the audit log names its holder.
        """
        with translated_errors(self, "auth/token/create", "update"):
            auth = self.client.auth.token.create(
                policies=[*policies], ttl=ttl, num_uses=uses, renewable=renewable, display_name=name
            )["auth"]
        add_secrets(auth["client_token"])
        return Token(
            auth["accessor"],
            tuple(auth["policies"]),
            auth["lease_duration"],
            auth["renewable"],
            name,
            Sensitive(auth["client_token"]),
        )

    def whoami(self) -> Token:
        """Return what the vault knows of this session's token."""
        with translated_errors(self, "auth/token/lookup-self", "read"):
            data = self.client.auth.token.lookup_self()["data"]
        return _token(data)

    def look_up_token(self, accessor: str) -> Token:
        """Return what is known of a token by its accessor.

        Raises:
            NoSuchSecret: no such token, or it has ended.
        """

        def refused(words: str) -> NoSuchSecret:
            return NoSuchSecret("There is no such token, or it has expired", why=words, next="")

        with translated_errors(
            self,
            "auth/token/lookup-accessor",
            "update",
            missing="There is no such token, or it has expired",
            refused=refused,
        ):
            return _token(self.client.auth.token.lookup_accessor(accessor)["data"])

    def renew_token(self, ttl: str | None = None) -> Token:
        """Prolong this session's token, up to its longest life."""
        with translated_errors(self, "auth/token/renew-self", "update"):
            self.client.auth.token.renew_self(increment=ttl)
        return self.whoami()

    def revoke_token(self, accessor: str | None = None) -> None:
        """End a token by its accessor, by default this session's own, with all leases and tokens made by it."""
        method = self.client.auth.token
        with translated_errors(self, "auth/token/revoke-accessor" if accessor else "auth/token/revoke-self", "update"):
            if accessor:
                method.revoke_accessor(accessor)
            else:
                method.revoke_self()


def _token(data: dict[str, Any]) -> Token:
    return Token(
        data["accessor"], tuple(data["policies"]), data["ttl"], bool(data.get("renewable")), data["display_name"]
    )

"""A key that stays in a key management service: cosign sends it what is to be signed, and gets the signature.

Source: Sigstore's KMS plug-in for Vault and OpenBao (``hashivault://``), which reads the transit engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from helpers.core import http


@dataclass(frozen=True)
class KmsKey:
    """A key of a transit engine. Nobody has its private half: whoever may use it can sign, until that is taken back.

    Attributes:
        name: of the key. address: URL of the vault. token: what the vault is asked with.
        ca: file of the authority that vouches for the vault's TLS. engine: where the transit engine is mounted.
    """

    name: str
    address: str
    token: str = field(repr=False)
    ca: Path | None = None
    engine: str = "transit"

    @property
    def reference(self) -> str:
        """How cosign names it."""
        return f"hashivault://{self.name}"

    def environment(self) -> dict[str, str]:
        """Return the variables by which cosign finds it.

        Raises:
            BadInput: the token would travel to another machine in clear.
        """
        http.require_private(self.address, ["X-Vault-Token"])
        found = {"VAULT_ADDR": self.address, "VAULT_TOKEN": self.token, "TRANSIT_SECRET_ENGINE_PATH": self.engine}
        return found if self.ca is None else {**found, "VAULT_CACERT": str(self.ca)}

"""The `ArgoCD` client: one object for one account."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from helpers.clients.argocd._http import Account
from helpers.clients.argocd._sync import SyncCalls


@dataclass(frozen=True)
class _Given:
    name: str
    url: str
    ca: Path
    token: str = field(repr=False)


class ArgoCD(SyncCalls):
    """Argo CD through its REST API, as one account; what the account may do is decided by Argo CD's RBAC.

    It connects when first used, and starts service ``gitops`` then if need be. Every method may raise `ArgoError` (see
    `helpers.clients.argocd.errors`). For ``await`` use `call_async`: ``await call_async(argo.wait, "inference")``;
    cancelling the task ends the wait, not what Argo CD does.

    Args:
        account: ``admin``, or a team's: ``vision``, ``speech``, ``ranking``; or an object with name, url, ca and token.
        timeout: seconds that one answer may take.

    >>> argo = ArgoCD()
    >>> argo.apply(Path("projects/vision.yaml"))
    >>> argo.wait("inference-dev").images
    """

    def __init__(self, account: str | Account = "admin", *, timeout: float = 60.0) -> None:
        super().__init__(account, timeout=timeout)

    @classmethod
    def at(
        cls, url: str, *, ca: str | os.PathLike[str], token: str, name: str = "admin", timeout: float = 60.0
    ) -> ArgoCD:
        """Return a client of an Argo CD that is not ours to start.

        Args:
            url: ``https://host:port``. ca: file of the authority that signed its certificate.
            token: bearer token of the account *name*.
        """
        return cls(_Given(name, url.rstrip("/"), Path(ca), token), timeout=timeout)

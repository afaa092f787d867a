"""Argo CD as plain processes beside the control plane: repo server, two controllers, API server and their cache.

Everything between them is TLS by the control plane's authority, the cache has a password, accounts and RBAC are on.
Argo CD's own web page is not part of its Go module: the course's widgets are the page.

Source: the manifests and configuration of Argo CD's own release, read from its Go module.
"""

from __future__ import annotations

from helpers.runtime.services.gitops.accounts import Account, account
from helpers.runtime.services.gitops.spec import SPEC

__all__ = ["SPEC", "Account", "account"]

"""External secrets: the cluster's Secrets come from a store outside it, and Git only says which.

The kinds are those of the External Secrets operator (``external-secrets.io/v1``): an ``ExternalSecret`` names a store
and the values it wants, a ``SecretStore`` says where the store is and how to log in. The service ``secret-sync`` serves
them; see `helpers.servers.secret_sync.controller` for what it is and is not.

>>> from helpers import secret_sync
>>> secret_sync.vault_store("inference-dev", policies=["inference"])     # the platform team; a manifest for Git
>>> secret_sync.status("inference-dev", "model-hub")
Sync(inference-dev/model-hub: SecretSynced)
"""

from __future__ import annotations

from helpers.clients.secret_sync.platform import Sync, aws_store, refresh, status, vault_store, wait

__all__ = ["Sync", "aws_store", "refresh", "status", "vault_store", "wait"]

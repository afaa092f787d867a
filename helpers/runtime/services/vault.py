"""The service ``vault``: an OpenBao server that keeps its data, is sealed at rest and writes an audit log.

It is not the development mode: storage is Raft on disk, encrypted under a key that only exists once enough key shares
were given, and every request and answer is in the audit log with its secrets as HMACs. It speaks TLS with a
certificate authority of its own, as loopback can be reached, and a port taken over, by any user of the machine.

At its first start it is initialised with three key shares, two of which unseal it. Here the shares lie beside each
other in files of mode 0600, and each start unseals by itself. **A real deployment never does that:** each share goes
to another person, encrypted to that person's key, or a key management service or HSM unseals.

The first (root) token only makes the role ``admin`` and is then revoked; for another one, the holders of the shares
have to come together again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.core.files import read_private, write_private
from helpers.core.polling import wait_until
from helpers.runtime import tools
from helpers.runtime.services.errors import NotReady, ServiceError
from helpers.runtime.services.pki import LOOPBACK, Authority
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec

#: Key shares that are made, and how many of them unseal.
SHARES, THRESHOLD = 3, 2
#: Where the versioned key-value store is mounted.
KV = "secret"
#: The role of the platform team, and how long a token of it lives.
ADMIN, ADMIN_TTL = "admin", "1h"
#: What the platform team may do: everything, by tokens that end and under a name that the audit log shows.
ADMIN_POLICY = """path "*" {
  capabilities = ["create", "read", "update", "patch", "delete", "list", "scan", "sudo"]
}
"""
#: Seconds until an unsealed server must be the active one.
_ACTIVE_WITHIN = 30.0


class LostKeys(ServiceError):
    """The data is there, the key shares that unseal it are not."""

    code = "vault-lost-keys"


def ca_file(directory: Path) -> Path:
    """Return the certificate of the authority that vouches for the server; *directory* is the service's."""
    return directory / "pki" / "ca.crt"


def role_file(directory: Path, role: str) -> Path:
    """Return the file (0600) with the AppRole credentials of *role*, JSON: ``role_id``, ``secret_id``."""
    return directory / "keys" / "roles" / f"{role}.json"


def audit_log(directory: Path) -> Path:
    """Return the audit log: a JSON object a line, a request or an answer each."""
    return directory / "data" / "audit.log"


def _processes(context: ServiceContext) -> Sequence[Process]:
    keys = _keys(context)
    if _pending(context).exists() and not (keys / "root").exists():
        # Killed while it was initialised: nobody ever had the keys, so nothing can be in it.
        shutil.rmtree(context.data / "raft", ignore_errors=True)
    (context.data / "raft").mkdir(mode=0o700, exist_ok=True)
    config = context.directory / "bao.hcl"
    write_private(config, _config(context).encode())
    argv: list[str | Path] = [tools.ensure("bao").path, "server", f"-config={config}", "-log-level=warn"]
    return [Process("bao", argv, port="https", ready=lambda: _answers(context))]


def _config(context: ServiceContext) -> str:
    pair = Authority(context.directory / "pki", "acme vault CA").issue("server", "vault", hosts=LOOPBACK)
    url, cluster = (f"127.0.0.1:{context.ports[port]}" for port in ("https", "cluster"))
    text = {
        name: json.dumps(str(value))
        for name, value in {
            "raft": context.data / "raft",
            "cert": pair.cert,
            "key": pair.key,
            "audit": audit_log(context.directory),
        }.items()
    }
    return f"""storage "raft" {{
  path                   = {text["raft"]}
  node_id                = "course"
  performance_multiplier = 1
}}
listener "tcp" {{
  address         = "{url}"
  cluster_address = "{cluster}"
  tls_cert_file   = {text["cert"]}
  tls_key_file    = {text["key"]}
}}
api_addr     = "https://{url}"
cluster_addr = "https://{cluster}"
max_lease_ttl = "768h"
audit "file" "file" {{
  description = "Every request and every answer, secrets as HMACs."
  options {{
    file_path = {text["audit"]}
    mode      = "0600"
  }}
}}
"""


def _keys(context: ServiceContext) -> Path:
    directory = context.directory / "keys"
    (directory / "roles").mkdir(parents=True, mode=0o700, exist_ok=True)
    directory.chmod(0o700)
    return directory


def _pending(context: ServiceContext) -> Path:
    return _keys(context) / "pending"


def _client(context: ServiceContext, token: str = "") -> Any:
    import hvac  # 0.1 s, only for who talks to the vault
    import requests  # 80 ms, only for who talks to the vault

    session = requests.Session()
    # A proxy of the user's environment must not come between us and loopback.
    session.trust_env, session.verify = False, str(ca_file(context.directory))
    url = f"https://127.0.0.1:{context.ports['https']}"
    return hvac.Client(url, token=token, timeout=20, session=session)


def _answers(context: ServiceContext) -> bool:
    import requests  # 80 ms, only for who talks to the vault

    try:
        return bool(_client(context).sys.read_seal_status())
    except (requests.RequestException, _hvac_error()):
        return False


def _hvac_error() -> type[Exception]:
    import hvac.exceptions  # 0.1 s, only for who talks to the vault

    return hvac.exceptions.VaultError  # type: ignore[no-any-return]


def _finish(context: ServiceContext) -> None:
    """Initialise at the first start, unseal at each; until the role ``admin`` is made, go on making it."""
    client = _client(context)
    if not client.sys.is_initialized():
        _initialise(context, client)
    _unseal(context, client)
    root = _keys(context) / "root"
    if root.exists():
        client.token = read_private(root)
        _provision(context, client)
        client.auth.token.revoke_self()
        root.unlink()


def _initialise(context: ServiceContext, client: Any) -> None:
    keys = _keys(context)
    _pending(context).touch(mode=0o600)
    made = client.sys.initialize(SHARES, THRESHOLD)
    for number, share in enumerate(made["keys_base64"], 1):
        write_private(keys / f"share-{number}", share.encode())
    write_private(keys / "root", made["root_token"].encode())
    _pending(context).unlink()


def _unseal(context: ServiceContext, client: Any) -> None:
    """Give the key shares and wait until the server takes requests.

    Raises:
        LostKeys: too few shares are here. NotReady: it did not become active in time.
    """
    if client.sys.is_sealed():
        shares = [read_private(path) for path in sorted(_keys(context).glob("share-*"))]
        if len(shares) < THRESHOLD:
            raise LostKeys(
                "The vault cannot be unsealed: its key shares are gone",
                why=f"{_keys(context)} holds {len(shares)} of {THRESHOLD} shares. Without them the data is lost.",
                next=f"Put the shares back, or give the data up: rm -r {context.directory}",
            )
        client.sys.submit_unseal_keys(shares[:THRESHOLD])

    def active() -> bool:
        # hvac returns the answer's content when the status is one of success, else the answer.
        return getattr(client.sys.read_health_status(method="GET"), "status_code", 200) == 200

    wait_until("the vault is active", active, _ACTIVE_WITHIN, every=0.05, on_timeout=_inactive)


def _inactive() -> NotReady:
    return NotReady(
        "The vault is unsealed but takes no requests",
        why=f"It was not active after {_ACTIVE_WITHIN:.0f} s.",
        next="course services logs vault   # then: course services restart vault",
    )


def _provision(context: ServiceContext, client: Any) -> None:
    """Make the key-value store, the login by AppRole, and the platform team's role; each step may be done already."""
    if f"{KV}/" not in client.sys.list_mounted_secrets_engines()["data"]:
        client.sys.enable_secrets_engine("kv", path=KV, options={"version": "2"})
    if "approle/" not in client.sys.list_auth_methods()["data"]:
        client.sys.enable_auth_method("approle")
    client.sys.create_or_update_policy(ADMIN, ADMIN_POLICY)
    role = client.auth.approle
    role.create_or_update_approle(ADMIN, token_policies=[ADMIN], token_ttl=ADMIN_TTL, token_max_ttl=ADMIN_TTL)
    credentials = {
        "role_id": role.read_role_id(ADMIN)["data"]["role_id"],
        "secret_id": role.generate_secret_id(ADMIN)["data"]["secret_id"],
    }
    write_private(role_file(context.directory, ADMIN), json.dumps(credentials).encode())


SPEC = ServiceSpec(
    "vault",
    "the vault: secrets, policies, leases and their audit log, kept by OpenBao",
    _processes,
    ports=("https", "cluster"),
    finish=_finish,
    disk_mb=200,
    timeout=60,
    scheme="https",
)

"""Takes a module in: every check, then one atomic write."""

from __future__ import annotations

import hashlib
from typing import Any

from helpers.clients.registry.errors import PackageProblem
from helpers.compliance.module_rules import archive, rules, signatures
from helpers.servers.registry_server.access import Access, Caller
from helpers.servers.registry_server.refusal import RequestRefused
from helpers.servers.registry_server.store import Store, now, taken


def publish(
    store: Store, access: Access, caller: Caller, module: str, version: str, package: bytes, bundle: bytes
) -> dict[str, Any]:
    """Check and publish a version; return what the registry knows of it.

    Raises:
        RequestRefused: 409 the version is taken, 422 with every broken rule.
    """
    namespace = module.split("/")[0]
    problems: list[PackageProblem] = rules.version_problem(version)
    if not problems and version in store.versions(module):
        raise taken(module, version, store.versions(module))
    signature, unsigned = signatures.verify(package, bundle, access.keys(namespace), namespace)
    problems += unsigned
    shown: dict[str, Any] = {}
    try:
        files = archive.unpack(package)
    except archive.BadArchive as error:
        problems.append(error.problem)
    else:
        published = {v: store.meta(module, v)["interface"] for v in store.versions(module)}
        shown, broken = rules.check(files, module, version, published, policy=access.support_policy(namespace))
        problems += broken
    digest = hashlib.sha256(package).hexdigest()
    if problems:
        store.event("refuse", module, version, caller.name, digest=digest, rules=sorted({p.rule for p in problems}))
        count = f"{len(problems)} reason{'s' if len(problems) > 1 else ''}"
        raise RequestRefused(422, "refused", f"{module} {version} is not published, for {count}.", problems)
    meta = {
        "module": module,
        "version": version,
        "digest": digest,
        "size": len(package),
        "published_at": now(),
        "publisher": caller.name,
        "signature": signature,
        **shown,
    }
    store.add(module, version, package, bundle, meta)
    store.event("publish", module, version, caller.name, digest=digest, key_id=signature["key_id"])
    return meta

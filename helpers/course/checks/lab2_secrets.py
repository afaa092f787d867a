"""Checks of Lab 2, notebook 06: a leaked secret, a secret from the vault, and its rotation without a commit."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.clients import argocd, secret_sync
from helpers.clients.kubernetes import ObjectNotFound, reveal
from helpers.clients.vault import LoginRefused, NoSuchSecret, Vault
from helpers.core.polling import poll
from helpers.core.verdicts.checks import Unmet
from helpers.course.checks import require, step
from helpers.course.checks.support.gitops import ROOT, document, documents, manifest, merged, needed, platform
from helpers.course.delivery import Platform
from helpers.course.workspace import Workspace
from helpers.runtime import services

RUNBOOK = "runbooks/leaked-secret.yaml"
POLICY, EXTERNAL = "vault/inference.policy", "apps/inference/secrets/external-secret.yaml"
SPACE, NAME, KEY = "inference-prod", "model-hub", "token"
#: Where the vault keeps the token of the model hub; a path of another team; the policy's and the workload role's name.
PATH, FOREIGN, RULES, ROLE = "vision/inference", "speech/inference", "inference", "inference-prod-vault"
#: Longest refresh interval, in seconds: how long an old value may stay in use after a rotation.
AT_MOST = 60.0

STEPS = ("rotate", "audit", "remove", "prevent", "write-down")


@step(
    "lab2",
    "leak",
    reads=(f"{ROOT}/{RUNBOOK}",),
    hints=(
        "Who may have a copy of the repository already? What does a deleted line do to their copy?",
        "Only one of the steps makes the leaked value worthless; until then all others can wait. Look who used it "
        "before you clean up, and end by writing down what happened.",
        "first: rotate\ndelete_is_enough: false\norder: [rotate, audit, remove, ...]",
    ),
)
def leak(lab: Workspace) -> str:
    """The runbook rotates first, looks who used the value, and never takes a deletion for an answer."""
    file = f"{ROOT}/{RUNBOOK}"
    needed(lab, RUNBOOK)
    require(documents(lab, RUNBOOK), f"{file}: first is not answered")
    said = document(lab, RUNBOOK)
    for key in ("first", "delete_is_enough", "order"):
        require(said.get(key) not in (None, "", []), f"{file}: {key} is not answered")
    require(
        said["first"] == "rotate",
        f"{file}: first: {said['first']}: until it is rotated, everyone with a copy can use the value",
    )
    require(
        said["delete_is_enough"] is False,
        f"{file}: delete_is_enough is not false: Git, its clones and its caches keep what was deleted",
    )
    order = said["order"]
    known = isinstance(order, list) and sorted(map(str, order)) == sorted(STEPS)
    require(known, f"{file}: order does not hold each of {', '.join(STEPS)} once")
    at = {name: number for number, name in enumerate(order)}
    require(at["rotate"] == 0, f"{file}: order does not begin with rotate")
    require(
        at["audit"] < at["remove"], f"{file}: order: remove comes before audit: look who used it while traces are fresh"
    )
    require(at["write-down"] == len(STEPS) - 1, f"{file}: order: after write-down nothing may follow")
    return "the value is made worthless first; the history is cleaned when there is time"


@step(
    "lab2",
    "external",
    hints=(
        "Which verbs does a program need that only reads one secret? On which path?",
        f'The policy: path "secret/data/{PATH}" with read, no star. The ExternalSecret names the SecretStore vault, '
        f"the key {PATH}, the property hub-token, and a refreshInterval of 60s or less. Deliver, then apply.",
        "spec:\n  refreshInterval: 5s\n  secretStoreRef: {name: vault, kind: SecretStore}\n  data:\n"
        f"    - secretKey: {KEY}\n      remoteRef: {{key: {PATH}, property: ...}}",
    ),
)
def external(lab: Workspace) -> str:
    """The cluster has the vault's value, Git has none, and the role can read this and nothing else."""
    policy_file(lab)
    interval = asks(lab)
    world = running(lab)
    least_privilege(lab, world)
    landed(world)
    fresh(world, interval)
    not_in_git(lab, world)
    return f"the vault's value is in Secret {SPACE}/{NAME}, Git has none, and the role reads {PATH} only"


def running(lab: Workspace) -> Platform:
    """Return the world of the lab, with the vault and what brings its secrets into the cluster."""
    world = platform(lab)
    for name in ("vault", "secret-sync"):
        services.ensure(name)
    return world


def policy_file(lab: Workspace) -> str:
    """Return the learner's policy.

    Raises:
        Unmet: it does not exist, or gives more than reading one secret.
    """
    needed(lab, POLICY)
    file = f"{ROOT}/{POLICY}"
    text = re.sub(r"(?m)^\s*(#|//).*$", "", lab.read(file)).strip()
    require(text, f"{file} has no content yet: no path is allowed")
    for path, rules in paths(text):
        one = not set("*+") & set(path) or re.findall(r'"([a-z]+)"', rules) == ["deny"]
        require(one, f'{file}: path "{path}" is a pattern: it covers more than one secret')
    more = sorted(
        {"create", "update", "patch", "delete", "list", "sudo", "scan"} & set(re.findall(r'"([a-z]+)"', text))
    )
    require(not more, f"{file} allows {', '.join(more)}: to read, read is enough")
    return text


def paths(text: str) -> list[tuple[str, str]]:
    """Return the paths of a policy of the vault, each with what stands in its block."""
    return re.findall(r'path\s+"([^"]*)"\s*\{([^}]*)\}', text)


def asks(lab: Workspace) -> float:
    """Return the refresh interval of the learner's ExternalSecret, in seconds.

    Raises:
        Unmet: it does not exist, asks for something else, or too rarely.
    """
    found = manifest(lab, EXTERNAL, "ExternalSecret", NAME)
    file, spec = f"{ROOT}/{EXTERNAL}", _mapping(found.get("spec"))
    store = _mapping(spec.get("secretStoreRef"))
    require(store.get("name") == "vault", f"{file}: secretStoreRef.name is {store.get('name')!r}, not 'vault'")
    interval = seconds(str(spec.get("refreshInterval", "1h")))
    require(
        0 < interval <= AT_MOST,
        f"{file}: refreshInterval is {spec.get('refreshInterval', 'not set (1h)')}: a leaked value would stay in use "
        f"for longer than {AT_MOST:.0f} s after its rotation (0 is never)",
    )
    entries = [_mapping(one) for one in spec.get("data") or ()]
    refs = {str(one.get("secretKey")): _mapping(one.get("remoteRef")) for one in entries}
    require(KEY in refs, f"{file}: no entry of spec.data has secretKey: {KEY}")
    require(refs[KEY].get("key") == PATH, f"{file}: {KEY}: remoteRef.key is {refs[KEY].get('key')!r}, not {PATH!r}")
    require(refs[KEY].get("property") == "hub-token", f"{file}: {KEY}: remoteRef.property is not hub-token")
    return interval


def _mapping(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def seconds(text: str) -> float:
    """Return a duration of Go (``1m30s``) in seconds; 0 for none."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    return sum(float(n) * units[unit] for n, unit in re.findall(r"([0-9.]+)(ms|s|m|h)", text))


def least_privilege(lab: Workspace, world: Platform) -> None:
    """Log in as the workload and raise `Unmet` unless it may read its secret, and nothing else."""
    vault = Vault()
    try:
        held = vault.policy(RULES).text
    except NoSuchSecret:
        raise Unmet(f"the vault has no policy {RULES}: run the cell that writes {ROOT}/{POLICY} into it") from None
    require(
        held.strip() == lab.read(f"{ROOT}/{POLICY}").strip(),
        f"the policy {RULES} in the vault is not what {ROOT}/{POLICY} says: run the cell that writes it",
    )
    try:
        jwt = world.cluster.token_request(SPACE, "vault-login", audiences=["vault"])
        workload = vault.log_in_workload(ROLE, str(jwt.reveal()))
    except (ObjectNotFound, LoginRefused):
        raise Unmet(
            f"the workload cannot log in to the vault as {ROLE}: the cell that makes the store did not run"
        ) from None
    named = [path for path, _ in paths(policy_file(lab)) if not set("*+") & set(path)]
    may_only_read(workload, named)


def may_only_read(workload: Vault, named: Sequence[str] = ()) -> None:
    """Raise `Unmet` unless this session may read the secret of the service and nothing else, also not what is *named*.

    A path that the policy names gives something away unless the vault itself denies it.
    """
    own = set(workload.capabilities(f"secret/data/{PATH}"))
    require("read" in own, f"{ROOT}/{POLICY}: the role may not read secret/data/{PATH} ({', '.join(sorted(own))})")
    require(
        own == {"read"}, f"{ROOT}/{POLICY}: the role may also {', '.join(sorted(own - {'read'}))} secret/data/{PATH}"
    )
    others = (FOREIGN, "ranking/inference", f"{PATH}/admin", "vision/training", "platform/signing")
    asked = [*(f"secret/data/{other}" for other in others), *(p for p in named if p != f"secret/data/{PATH}")]
    for path in asked:
        can = set(workload.capabilities(path)) - {"deny"}
        require(not can, f"{ROOT}/{POLICY}: the role may {', '.join(sorted(can))} {path}, which is not its own")


def landed(world: Platform) -> None:
    """Raise `Unmet` unless Argo CD brought the ExternalSecret out of ``main``."""
    merged(world, [str(Path(EXTERNAL).parent)])
    try:
        found = world.argocd.application("inference-secrets", refresh="normal")
    except argocd.ArgoNotFound:
        raise Unmet('Argo CD has no Application inference-secrets: platform.apply("clusters/secrets")') from None
    require(found.sync == "Synced", f"Argo CD calls inference-secrets {found.sync}: what runs is not what Git says")


def value(world: Platform) -> str:
    """Return the value in the cluster's Secret; empty when there is none. It is never shown."""
    try:
        data = reveal(world.cluster.get("Secret", NAME, namespace=SPACE).raw.get("data") or {})
    except ObjectNotFound:
        return ""
    return base64.b64decode(str(data.get(KEY) or "")).decode("utf-8", "replace")


def fresh(world: Platform, interval: float) -> None:
    """Raise `Unmet` unless the cluster's Secret becomes the vault's value within the refresh interval."""
    try:
        wanted = Vault().get(PATH).reveal("hub-token")
    except NoSuchSecret:
        raise Unmet(f"the vault has no secret {PATH} with hub-token: run the cell that puts it there") from None
    if poll(lambda: value(world) == wanted, interval + 30, every=0.2):
        return
    require(value(world), f"the cluster has no Secret {SPACE}/{NAME} with {KEY}: {_state(world)}")
    raise Unmet(f"Secret {SPACE}/{NAME} is not the vault's value after the refresh interval: {_state(world)}")


def _state(world: Platform) -> str:
    try:
        found = secret_sync.status(SPACE, NAME, cluster=world.cluster)
    except ObjectNotFound:
        return f"ExternalSecret {NAME} is not in the cluster"
    return found.message or found.reason or "no controller has reconciled the ExternalSecret yet"


def not_in_git(lab: Workspace, world: Platform) -> None:
    """Raise `Unmet` when a version of the value is in a file of the workspace or in the history of ``main``."""
    vault = Vault()
    versions = [one.version for one in vault.versions(PATH) if one.status in ("current", "old")]
    plain = [vault.get(PATH, version=number).reveal("hub-token") for number in versions]
    needles = [*plain, *(base64.b64encode(text.encode()).decode() for text in plain)]
    for file in sorted(lab.path(ROOT).rglob("*")):
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        require(not any(one in text for one in needles), f"{file.relative_to(lab.work)} holds the secret value itself")
    history = "\n".join(world.clone().lines(["log", "-p", "--format=%H"]))
    require(not any(one in history for one in needles), "the history of main holds the secret value itself")


@step(
    "lab2",
    "rotate",
    hints=(
        "Where is the one place that decides what the value is?",
        "Rotate in the vault; then wait, and do not touch Git.",
        f'Vault().rotate("{PATH}", ...)',
    ),
)
def rotate(lab: Workspace) -> str:
    """The learner rotated the value; a rotation by the check arrives within the refresh interval, with no commit."""
    interval = asks(lab)
    world = running(lab)
    vault = Vault()
    try:
        count = len(vault.versions(PATH))
    except NoSuchSecret:
        count = 0
    require(count > 1, f"{PATH} was not rotated: the vault has {count} version of it")
    fresh(world, interval)
    before, head = value(world), _head(world)
    vault.rotate(PATH, "hub-token")
    fresh(world, interval)
    require(value(world) != before, f"a rotation in the vault does not change Secret {SPACE}/{NAME}")
    require(_head(world) == head, "main changed meanwhile: a rotation needs no commit")
    not_in_git(lab, world)
    return f"a new value reaches the cluster within {interval:g} s of its rotation, and Git does not know"


def _head(world: Platform) -> str:
    head: Any = world.clone().lines(["rev-parse", "HEAD"])
    return str(head[0])

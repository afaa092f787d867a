"""Hidden tests of Lab 2, notebook 06."""

from __future__ import annotations

from helpers.clients.vault import PermissionDenied, Vault
from helpers.course.checks import Unmet
from helpers.course.checks.lab2_secrets import (
    FOREIGN,
    NAME,
    PATH,
    POLICY,
    RULES,
    SPACE,
    asks,
    fresh,
    least_privilege,
    not_in_git,
    running,
)
from helpers.course.checks.support.gitops import ROOT
from helpers.course.labs import Lab


def external(lab: Lab) -> None:
    """A token with the learner's policy is refused by the vault itself, and Git has no Secret with data."""
    world = running(lab)
    vault = Vault()
    token = vault.token([RULES], ttl="1m").token
    assert token is not None
    held = Vault(token=str(token.reveal()))
    held.get(PATH)
    for path in (FOREIGN, "vision"):
        try:
            held.get(path)
        except PermissionDenied:
            continue
        raise AssertionError(f"{ROOT}/{POLICY} lets {path} be read")
    try:
        held.put(PATH, {"hub-token": "written-by-the-test"}, cas=-1)
    except PermissionDenied:
        pass
    else:
        raise AssertionError(f"{ROOT}/{POLICY} lets {PATH} be written")
    owner = world.cluster.get("Secret", NAME, namespace=SPACE).metadata.get("ownerReferences") or [{}]
    assert owner[0].get("kind") == "ExternalSecret", f"Secret {SPACE}/{NAME} was not made by the ExternalSecret"
    secrets = [one for one in world.render("apps/inference/secrets") if one["kind"] == "Secret"]
    assert not secrets, "main has a Secret next to the ExternalSecret"


def rotate(lab: Lab) -> None:
    """Two rotations in a row arrive, and neither is in Git."""
    world = running(lab)
    try:
        interval = asks(lab)
        for _ in range(2):
            Vault().rotate(PATH, "hub-token")
            fresh(world, interval)
        least_privilege(lab, world)
        not_in_git(lab, world)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None

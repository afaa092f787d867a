"""Checks of notebook 03 of Lab 3 with the mistakes learners make."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grading.hidden import lab3_sign as hidden
from helpers.compliance.evidence import ATTESTATIONS
from helpers.course.checks.lab3_sign import (
    KEY,
    KEYRING,
    LAPTOPS,
    LEARNER,
    MODULES,
    NEXT,
    PACKAGE,
    POLICY,
    ROOM,
    SIGNERS,
    UNLOCKS,
)
from helpers.course.labs import Lab
from helpers.wrappers.cosign import BadSigners, Bundle, Cosign, Keyless, Keyring, SignerPolicy
from tests.course.checks.judged import said

STEPS = ("sign", "keyless", "rotate")


def signed(lab: Lab, name: str, key: str, timestamp: bool = True) -> None:
    home = Cosign(lab.private())
    Cosign(lab.path(ROOM)).sign_blob(
        name, key=home.key_pair(name=key), password=lab.secret(UNLOCKS), timestamp=timestamp
    )


@pytest.mark.parametrize("step", STEPS)
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    result = lab.result(step)
    assert result.passed, result.reason
    getattr(hidden, step)(lab)


def _package(lab: Lab) -> None:
    (lab.path(ROOM) / PACKAGE).write_bytes(b"packed again, differently")


def _half(lab: Lab) -> None:
    (lab.path(ROOM) / f"{POLICY}.sigstore.json").unlink()


def _swapped(lab: Lab) -> None:
    """An SBOM of the policy under the package's name."""
    room = lab.path(ROOM)
    Cosign(room).attest_blob(
        POLICY,
        key=Cosign(lab.private()).key_pair(name="release"),
        password=lab.secret(UNLOCKS),
        timestamp=True,
        predicate={"components": []},
        type=ATTESTATIONS["sbom"],
        bundle=f"{PACKAGE}.sbom.json",
    )


def _empty(lab: Lab) -> None:
    """An origin that the release key states itself."""
    room = lab.path(ROOM)
    Cosign(room).attest_blob(
        PACKAGE,
        key=Cosign(lab.private()).key_pair(name="release"),
        password=lab.secret(UNLOCKS),
        timestamp=True,
        predicate={"runDetails": {}},
        type=ATTESTATIONS["provenance"],
        bundle=f"{PACKAGE}.provenance.json",
    )


def _nothing(lab: Lab) -> None:
    """An SBOM of the right bytes that lists no component."""
    room, name = lab.path(ROOM), f"{PACKAGE}.sbom.json"
    honest = Bundle.read(room / name).predicate
    Cosign(room).attest_blob(
        PACKAGE,
        key=Cosign(lab.private()).key_pair(name="release"),
        password=lab.secret(UNLOCKS),
        timestamp=True,
        predicate={**honest, "components": []},
        type=ATTESTATIONS["sbom"],
        bundle=name,
    )


@pytest.mark.parametrize(
    ("mistake", "why"),
    [
        (lambda lab: lab.path(KEY).unlink(), "release.pub does not exist"),
        (lambda lab: signed(lab, PACKAGE, "release", timestamp=False), "no-timestamp"),
        (lambda lab: signed(lab, POLICY, "laptop"), "wrong-key"),
        (_package, "tampered"),
        (_half, f"the signature of {POLICY}"),
        (_swapped, f"the sbom of {PACKAGE}: the verifier says tampered"),
        (_empty, f"the provenance of {PACKAGE}: the verifier says wrong-key"),
        (_nothing, "is signed, and says nothing that counts: The list has no component"),
        (lambda lab: shutil.copy(lab.private() / "release.key", lab.path(ROOM)), "release.key holds a private key"),
    ],
)
def test_a_signature_that_is_worth_little_is_refused(lab: Lab, mistake: Callable[[Lab], object], why: str) -> None:
    mistake(lab)
    assert why in said(lab, "sign")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"modules/*"', '"modules*"', "a name that begins alike"),
        ('"policies/*"', '"*"', "and it counts"),
        ("issuer: people", "issuer: workloads", "ada signs a policy (policies/admission), and it does not count"),
        ("issuer: people", "issuer: everybody", "issuer is one of people, workloads"),
        ("[ada@acme.test, grace@acme.test]", "[ada@acme.test]", "grace signs a policy"),
        ("[ada@acme.test, grace@acme.test]", '["*@acme.test"]', "is a pattern; an identity is named exactly"),
        ("[ada@acme.test, grace@acme.test]", f"[ada@acme.test, grace@acme.test, {LEARNER}]", "you sign a policy"),
        (f'["{MODULES}"]', '["spiffe://acme.test/pipeline/inference"]', "does not count"),
        ("    statement: https://cyclonedx.org/bom\n", "", "states a module's SBOM (modules/model-store), and it does"),
        ("rules:", "rule:", "It needs one field, rules"),
        ("subject:", "name:", "A rule has subject, identities, issuer"),
    ],
)
def test_rules_with_a_hole_are_refused(lab: Lab, old: str, new: str, why: str) -> None:
    text = lab.read(SIGNERS)
    assert old in text
    lab.write(SIGNERS, text.replace(old, new))
    assert why in said(lab, "keyless")


def test_a_package_signed_by_a_person_does_not_count(lab: Lab) -> None:
    Keyless(lab.path(ROOM)).sign_blob(PACKAGE, identity=LEARNER, bundle=f"{PACKAGE}.keyless.json")
    assert f"It is signed by {LEARNER}" in said(lab, "keyless")


def ring(lab: Lab, **reasons: str) -> Keyring:
    """A keyring of the three keys with other revocations than those of the solution."""
    home, year, made = Cosign(lab.private()), datetime.now(UTC) - timedelta(days=365), Keyring()
    for name in ("release", "laptop", "release-2"):
        made = made.add(home.key_pair(name=name), name=name, owner="platform", valid_from=year)
    for name, reason in reasons.items():
        made = made.revoke(name, reason=reason)
    made.write(lab.path(KEYRING))
    return made


@pytest.mark.parametrize(
    ("mistake", "why"),
    [
        (lambda lab: ring(lab, laptop="key-compromise"), "release is not revoked, not superseded"),
        (lambda lab: ring(lab, release="key-compromise", laptop="key-compromise"), "release is key-compromise"),
        (lambda lab: ring(lab, release="superseded", laptop="superseded"), "laptop is superseded, not key-compromise"),
        (lambda lab: signed(lab, PACKAGE, "release-2"), "what the old key signed still counts"),
        (lambda lab: signed(lab, PACKAGE, "release"), "key-revoked"),
        (lambda lab: signed(lab, NEXT, "release"), "key-revoked"),
        (lambda lab: signed(lab, LAPTOPS, "laptop"), "key-compromised"),
        (lambda lab: signed(lab, NEXT, "release-2", timestamp=False), "no-timestamp"),
        (lambda lab: lab.write(KEYRING, "version: 1\nkeys: []\n"), "has no key release"),
        (lambda lab: lab.write(KEYRING, "keys: none\n"), "is not a keyring"),
    ],
)
def test_a_rotation_that_leaves_a_door_open_is_refused(lab: Lab, mistake: Callable[[Lab], object], why: str) -> None:
    mistake(lab)
    assert why in said(lab, "rotate")


def test_a_revocation_in_the_future_is_none_yet(lab: Lab) -> None:
    made = ring(lab, laptop="key-compromise")
    made.revoke("release", reason="superseded", at=datetime.now(UTC) + timedelta(days=1)).write(lab.path(KEYRING))
    assert "what release signs today is accepted, not key-revoked" in said(lab, "rotate")


def test_a_missing_file_of_rules_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(BadSigners, match="does not say who may sign what"):
        SignerPolicy.read(tmp_path / "none.yaml", issuers={})


def test_a_package_of_the_lost_key_may_be_quarantined_and_must_not_be_changed(lab: Lab) -> None:
    room = lab.path(ROOM)
    kept = (room / LAPTOPS).read_bytes()
    (room / LAPTOPS).write_bytes(kept + b"!")
    signed(lab, LAPTOPS, "release-2")
    assert "is not what the platform built" in said(lab, "rotate")
    (room / LAPTOPS).write_bytes(kept)
    (room / "quarantine").mkdir()
    (room / LAPTOPS).rename(room / "quarantine" / LAPTOPS)
    result = lab.result("rotate")
    assert result.passed, result.reason

"""Checks of notebook 04 of Lab 3 with the mistakes learners make."""

from __future__ import annotations

import pytest

from grading.hidden import lab3_gate as hidden
from helpers.clients.image_admission import ImageAdmission
from helpers.clients.kubernetes import Cluster
from helpers.course.checks.lab3_gate import KEYRING, LISTS, NAMESPACE, PARTS, POLICY, SIGNERS, TESTS, chain
from helpers.course.labs import Lab
from helpers.wrappers.cosign import Keyring
from helpers.wrappers.policy import PolicyError
from tests.course.checks.judged import said

STEPS = ("gate", "admission")


@pytest.mark.parametrize("step", STEPS)
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    result = lab.result(step)
    assert result.passed, result.reason
    getattr(hidden, step)(lab)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("if not signed", 'if input.signature.status == "refused"', "a signature that could not be verified (EVD-1)"),
        ("\tinput.signature.signer in data.trusted.signers\n", "", "by somebody who may not sign releases (EVD-1)"),
        ("\tinput.sbom.components > 0\n", "", "lets through an SBOM that lists nothing (EVD-2)"),
        (
            "\tinput.provenance.builder in data.trusted.builders\n",
            "",
            "EVD-3 trusts somebody who is not in data.trusted",
        ),
        ("\tinput.sbom.signer in data.trusted.signers\n", "", "an SBOM by somebody who may not sign releases (EVD-2)"),
        ("\tinput.provenance.signer == input.provenance.builder\n", "", "that the release key states itself (EVD-3)"),
        # The trap that the notebook shows, with one word more.
        (
            '\tinput.signature.status == "verified"\n',
            '\tnot input.signature.status in {"refused", "unknown"}\n',
            "(EVD-1)",
        ),
        (
            "input.signature.signer in data.trusted.signers",
            'input.signature.signer == "release"',
            "with other names",
        ),
        (
            "input.provenance.builder in data.trusted.builders",
            'startswith(input.provenance.builder, "https://ci.acme.test/pipeline")',
            "with other names in data.trusted",
        ),
        (
            "if count(input.trail.refused_by) == 0",
            "if not input.trail.refused_by[0]",
            "anybody refused (EVD-6)",
        ),
        ("EVD-4 %s", "EVD-1 EVD-2 EVD-3 EVD-4 EVD-5 EVD-6 EVD-7 %s", "does not carry the id EVD-4, and no other"),
        ("\tnot who in input.trail.planned_by\n", "\twho\n", "lets through the author's own approval (EVD-5)"),
        ("EVD-4 %s", "EVD-0 %s", "does not carry the id EVD-4"),
        ("\tcount(input.trail.unfinished) == 0\n", "", "lets through an apply that began and never ended (EVD-4)"),
        (
            'counted if input.keyring.status == "verified"',
            'counted if input.keyring.status != "refused"',
            "a key that could not be verified (EVD-7)",
        ),
        ("if not entitled", 'if input.identity.status == "refused"', "(EVD-8)"),
        ("if not cleared", 'if input.policy.status == "refused"', "(EVD-9)"),
        ('sprintf("EVD-4 %s: the trail does not verify", [name])', '"EVD-4: a trail"', "does not name"),
        ("deny contains", "refuse contains", "no rule was evaluated"),
        ("if not recorded", "if not recorded(", "rego"),
        ("if not signed", "if true", "refuses an artifact with all its evidence"),
    ],
)
def test_a_hole_in_the_gate_is_named(lab: Lab, old: str, new: str, reason: str) -> None:
    text = lab.read(POLICY)
    assert old in text
    lab.path(POLICY).write_text(text.replace(old, new))
    assert reason in said(lab, "gate").replace("Rego", "rego")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('test_policy if refused("/policy/status", "unknown", "EVD-9")', "", "no test fails when this rule is removed"),
        (
            "test_good_passes if count(main.deny) == 0 with input as good",
            "",
            "no test fails when everything is refused",
        ),
        ('"EVD-6")', '"EVD-5")', "fails"),
        ("test_", "check_", "has no test"),
    ],
)
def test_tests_that_hold_nothing_are_found(lab: Lab, old: str, new: str, reason: str) -> None:
    text = lab.read(TESTS)
    assert old in text
    if old.startswith(("test_policy", "test_good")):
        # The count of all rules would notice as well.
        text = text.replace("test_nothing_is_refused if count(main.deny) == 9 with input as {}", "")
    lab.path(TESTS).write_text(text.replace(old, new))
    assert reason in said(lab, "gate")


def test_one_rule_over_a_table_is_held_reason_by_reason(lab: Lab) -> None:
    """A table of reasons is good work; tests that look at two of them are not."""
    policy = lab.read(POLICY)
    start = policy.index("deny contains")
    names = ("signed", "parts_known", "origin_known", "recorded", "approved", "unopposed")
    names += ("counted", "entitled", "cleared")
    table = "".join(f'missing contains "EVD-{n}" if not {name}\n\n' for n, name in enumerate(names, 1))
    one = 'deny contains sprintf("%s %s: it lacks evidence", [id, name]) if some id in missing\n'
    lab.path(POLICY).write_text(policy[:start] + table + one)
    assert lab.result("gate").passed, lab.result("gate").reason
    tests = lab.read(TESTS)
    kept = [one for one in tests.split("\n\n") if not one.startswith("test_") or "good" in one or "EVD-1" in one]
    lab.path(TESTS).write_text("\n\n".join(kept))
    assert "never fires" in said(lab, "gate")


def test_the_chain_has_what_the_learner_made(lab: Lab) -> None:
    assert chain(lab, known_as="modules/x") == {}, "what is not made is not asked"
    lists = "parts: {licences: [MIT], known_bad: [], exceptions: []}"
    rule = """package main

deny contains "SBM-2 x: its licence is not known" if not "pkg:generic/x" in {e.purl | some e in data.parts.exceptions}
"""
    for name, text in ((PARTS, rule), (LISTS, lists)):
        lab.path(name).parent.mkdir(parents=True, exist_ok=True)
        lab.path(name).write_text(text)
    assert not chain(lab, known_as="modules/x")["policy"]({}).passed
    excused = {"purl": "pkg:generic/x", "rule": "SBM-2", "owner": "a@acme.test", "expires": "2999-12-31"}
    assert chain(lab, known_as="modules/x", exceptions=[excused])["policy"]({}).passed
    for slip in ("parts: [", "parts: []"):
        lab.path(LISTS).write_text(slip)
        with pytest.raises(PolicyError, match="not a list of parts"):
            chain(lab, known_as="modules/x")["policy"]({})
    lab.path(KEYRING).parent.mkdir()
    lab.path(SIGNERS).write_text("rules:")
    Keyring().write(lab.path(KEYRING))
    assert set(chain(lab, known_as="modules/x")) == {"policy"}, "rules that are not written yet are not asked"
    lab.path(SIGNERS).write_text('rules: [{subject: "modules/*", identities: [a@acme.test], issuer: people}]')
    assert set(chain(lab, known_as="modules/x")) == {"keyring", "rules", "known_as", "roots", "policy"}


def test_a_namespace_nobody_is_asked_about(lab: Lab) -> None:
    text = lab.read(NAMESPACE)
    lab.path(NAMESPACE).write_text(text.replace("required", "please"))
    assert "is 'please', not 'required'" in said(lab, "admission")
    lab.path(NAMESPACE).write_text(text.replace("vision-prod", "vision-none"))
    assert "'vision-none' is not in the cluster" in said(lab, "admission")
    lab.path(NAMESPACE).unlink()
    assert "does not exist" in said(lab, "admission")


def test_a_label_that_is_in_the_file_only(lab: Lab) -> None:
    cluster = Cluster()
    label = {"metadata": {"labels": {"acme.test/signed-images": None}}}
    cluster.patch("Namespace", "vision-prod", label, type="merge")
    try:
        assert "the live namespace vision-prod has no label" in said(lab, "admission")
    finally:
        cluster.apply(lab.path(NAMESPACE))


def test_admission_that_is_off_or_knows_another_key(lab: Lab) -> None:
    admission = ImageAdmission()
    admission.lift()
    assert "the API server takes an unsigned image" in said(lab, "admission")
    from helpers.wrappers.cosign import Cosign

    stranger = Cosign(lab.path(".")).generate_key_pair(password="a long password", name="stranger")
    admission.enforce({"images.acme.test/vision/*": stranger.public})
    assert "refuses the signed image" in said(lab, "admission")
    admission.enforce({"images.acme.test/vision/*": lab.private() / "image.pub"})
    assert lab.result("admission").passed

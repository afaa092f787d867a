"""Checks of notebook 04 of Lab 3 with the mistakes learners make."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from grading.hidden import lab3_gate as hidden
from helpers import services
from helpers.checks.lab3_gate import NAMESPACE, POLICY, TESTS
from helpers.image_admission import ImageAdmission
from helpers.kubernetes import Cluster
from helpers.labs import Lab

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The workspace with the notebook solved, its services running."""
    home = tmp_path_factory.mktemp("lab3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        lab = Lab("lab3", work=home / "work")
        for step in ("gate", "admission"):
            lab.solve(step)
        yield lab.work
        services.stop("all")


@pytest.fixture
def lab(solved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("MOD208_STATE", str(solved.parent / "s"))
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab3", work=tmp_path / "work")


def said(lab: Lab, step: str) -> str:
    result = lab.result(step)
    assert not result.passed
    assert "Traceback" not in result.reason
    return result.reason


@pytest.mark.parametrize("step", ["gate", "admission"])
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    result = lab.result(step)
    assert result.passed, result.reason
    getattr(hidden, step)(lab)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("if not signed", 'if input.signature.status == "refused"', "a signature nobody could tell of (EVD-1)"),
        ("\tinput.signature.signer in data.trusted.signers\n", "", "by somebody who may not sign releases (EVD-1)"),
        ("\tinput.sbom.components > 0\n", "", "lets through an SBOM that lists nothing (EVD-2)"),
        ("\tinput.provenance.builder in data.trusted.builders\n", "", "lets through provenance of a laptop (EVD-3)"),
        ("\tnot who in input.trail.planned_by\n", "\twho\n", "lets through the author's own approval (EVD-5)"),
        ("EVD-4 %s", "EVD-9 %s", "does not carry the id EVD-4"),
        ('sprintf("EVD-4 %s: the trail does not verify", [name])', '"EVD-4: a trail"', "does not name"),
        ("deny contains", "refuse contains", "no rule was evaluated"),
        ("if not recorded", "if not recorded(", "rego"),
        ("if not signed", "if true", "refuses an artifact with all its evidence"),
    ],
)  # fmt: skip
def test_a_hole_in_the_gate_is_named(lab: Lab, old: str, new: str, reason: str) -> None:
    text = lab.read(POLICY)
    assert old in text
    lab.path(POLICY).write_text(text.replace(old, new))
    assert reason in said(lab, "gate").replace("Rego", "rego")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('test_trail if refused("/trail/status", "unknown", "EVD-4")', "", "no test fails when this rule is removed"),
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
    if old.startswith(("test_trail", "test_good")):
        # The count of all rules would notice as well.
        text = text.replace("test_nothing_is_refused if count(main.deny) == 5 with input as {}", "")
    lab.path(TESTS).write_text(text.replace(old, new))
    assert reason in said(lab, "gate")


def test_a_namespace_nobody_is_asked_about(lab: Lab) -> None:
    text = lab.read(NAMESPACE)
    lab.path(NAMESPACE).write_text(text.replace("required", "please"))
    assert "is 'please', not 'required'" in said(lab, "admission")
    lab.path(NAMESPACE).write_text(text.replace("vision-prod", "vision-none"))
    assert "'vision-none' is not in the cluster" in said(lab, "admission")
    lab.path(NAMESPACE).unlink()
    assert "is not there" in said(lab, "admission")


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
    from helpers.cosign import Cosign

    stranger = Cosign(lab.path(".")).generate_key_pair(password="a long password", name="stranger")
    admission.enforce({"images.acme.test/vision/*": stranger.public})
    assert "refuses the signed image" in said(lab, "admission")
    admission.enforce({"images.acme.test/vision/*": lab.private() / "image.pub"})
    assert lab.result("admission").passed

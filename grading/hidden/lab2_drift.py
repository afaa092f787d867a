"""Hidden tests of Lab 2, notebook 05: other drift than the learner saw, and other faults for the job."""

from __future__ import annotations

from helpers.course.checks import Unmet
from helpers.course.checks.lab2_drift import (
    APP,
    JOB,
    answers,
    decided,
    heal,
    noticed,
    put_back,
    replicas,
    scale,
    synced,
)
from helpers.course.checks.support.gitops import ROOT, platform
from helpers.course.checks.support.module_probes import scratch
from helpers.course.labs import Lab


def drift(lab: Lab) -> None:
    """Prod scaled down past Git is seen, and healed by a sync."""
    adopted, world = decided(lab), platform(lab)
    try:
        with put_back(world):
            scale(world, max(1, int(adopted.value) - 1))
            noticed(world)
            heal(world)
            synced(world)
            assert replicas(world, APP) == adopted.value, "a sync does not bring back what was adopted"
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None


def terraform_drift(lab: Lab) -> None:
    """A stack that was never applied, and one that Terraform cannot initialise, are unknown."""
    never = (
        'resource "platform_network" "n" {\n  name  = "check-never"\n  cidr  = "10.9.0.0/20"\n  owner = "platform"\n}\n'
    )
    source = 'terraform {\n  required_providers {\n    platform = { source = "acme.test/platform/%s" }\n  }\n}\n'
    with scratch(lab, f"{ROOT}/{JOB}") as room:
        for name, text in (("never", source % "platform" + never), ("unfetched", source % "nowhere")):
            folder = room / f"only-{name}"
            (folder / name).mkdir(parents=True)
            (folder / name / "main.tf").write_text(text)
            try:
                answers(room / ROOT / JOB, folder, {name: "unknown"})
            except Unmet as unmet:
                raise AssertionError(unmet.reason) from None

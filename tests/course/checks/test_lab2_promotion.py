"""Checks of notebook 04 of Lab 2 with the mistakes learners make: each is told what is wrong, by whom it is said."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from grading.hidden import lab2_promotion as hidden
from helpers.core.verdicts.checks import Unmet
from helpers.course.checks import lab2_promotion as checks
from helpers.course.delivery import NothingToDeliver, Platform
from helpers.course.labs import Lab
from tests.course.checks.judged import said
from tests.worlds import LabWorld

STEPS = ("change", "promote", "rollback", "window")
PROJECTS = f"platform/{checks.PROJECTS}"
FREEZE = f"platform/{checks.FREEZE}"


@pytest.fixture(scope="module")
def solved(lab2: LabWorld) -> Path:
    """The workspace of the shared world, solved up to the end of the notebook."""
    return lab2.upto("window")


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Lab:
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab2", work=tmp_path / "work")


@pytest.fixture
def world(lab: Lab) -> Platform:
    return Platform(lab).open()


@pytest.mark.parametrize("step", STEPS)
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    result = lab.result(step)
    assert result.passed, result.reason
    getattr(hidden, step)(lab)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("kind: deny", "kind: allow", "Argo CD lets a person sync inference-prod"),
        ("duration: 1h", "duration: 1h\n            manualSync: true", "Argo CD lets a person sync inference-prod"),
        ("applications: [inference-prod]", 'applications: ["*"]', "the freeze stops inference-dev as well"),
        ("applications: [inference-prod]", "applications: [inference-staging]", "stops inference-staging as well"),
        ("applications: [inference-prod]", "applications: [prod]", "does it name the application"),
        ('schedule: "* * * * *"', 'schedule: "0 0 29 2 *"', "is it open now"),
        ('schedule: "* * * * *"', 'schedule: "every minute"', "Argo CD does not take it"),
        ("duration: 1h", "duration: long", "Argo CD does not take it"),
        ("      spec:\n", "      specs:\n", "adds no sync window to the project vision"),
        ("kind: Component", "kind: Kustomization", "has no Component"),
        ("name: vision}", "name: visions}", "adds no sync window to the project vision"),
        ("        syncWindows:", "        destinations: []\n        syncWindows:", "not among the destinations"),
    ],
)
def test_a_freeze_that_is_none_is_told_apart(lab: Lab, old: str, new: str, reason: str) -> None:
    text = lab.read(FREEZE)
    assert old in text
    lab.path(FREEZE).write_text(text.replace(old, new))
    assert reason in said(lab, "window")


def test_the_rehearsal_of_the_freeze_leaves_nothing_behind(lab: Lab, world: Platform) -> None:
    before = {app.name for app in world.argocd.applications()}, {one.name for one in world.argocd.projects()}
    assert lab.result("window").passed
    after = {app.name for app in world.argocd.applications()}, {one.name for one in world.argocd.projects()}
    assert after == before


@pytest.fixture
def again(world: Platform) -> Iterator[Platform]:
    """The world; afterwards every environment runs 1.1.0 as before, and prod is not frozen."""
    yield world
    lab = world.lab
    lab.write(PROJECTS, lab.read(PROJECTS).replace("\n  - freeze", ""))
    with contextlib.suppress(NothingToDeliver):
        world.deliver("projects", message="Lift what the test froze", approve="bela", merge=True)
    for environment in ("dev", "staging", "prod"):
        with contextlib.suppress(NothingToDeliver):
            world.release("1.1.0", environment, approve="bela", merge=True)
        world.argocd.application(f"inference-{environment}", refresh="normal")
    for name in ("projects", "inference-dev", "inference-staging"):
        world.argocd.wait(name, timeout=300)
    if world.argocd.application("inference-prod", refresh="normal").sync != "Synced":
        world.argocd.sync("inference-prod")
    world.argocd.wait("inference-prod", timeout=300)


def test_an_environment_that_runs_something_else_is_named(lab: Lab, again: Platform) -> None:
    again.release("1.0.0", "staging", approve="bela", merge=True)
    assert "staging runs 1.0.0, dev runs 1.1.0" in said(lab, "promote")


def test_a_broken_release_without_the_way_back(lab: Lab, again: Platform) -> None:
    again.release("1.2.0", "prod", approve="bela", merge=True)
    assert "main still says that prod runs 1.2.0" in said(lab, "rollback")
    # Another version is no way back, even if it is a good one.
    again.release("1.0.0", "prod", approve="bela", merge=True)
    assert "after 1.2.0 prod got 1.0.0; before, it ran 1.1.0" in said(lab, "rollback")


def test_production_out_of_sync_is_not_the_way_back(lab: Lab, again: Platform) -> None:
    again.release("1.2.0", "prod", approve="bela", merge=True)
    again.rollback("prod", approve="bela", merge=True)
    again.argocd.application("inference-prod", refresh="normal")
    # Git says the right thing and nobody synced: prod never left 1.1.0, and Argo CD did not deploy the revert.
    assert "Argo CD never deployed the rollback: sync inference-prod" in said(lab, "rollback")


def test_a_freeze_that_is_still_on_or_ended_without_the_glass(lab: Lab, again: Platform) -> None:
    lab.write(PROJECTS, lab.read(PROJECTS).rstrip("\n") + "\n  - freeze\n")
    again.deliver("projects", message="Freeze again", approve="bela", merge=True)
    assert "main still has the freeze" in said(lab, "window")


def test_who_broke_the_glass_must_say_why(again: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    real = again.forge().pulls("platform")
    for shown, reason in (("", "not by breaking the glass"), ("ada: hurry", "is not a sentence")):
        pulls = tuple(replace(pull, break_glass=shown) if pull.break_glass else pull for pull in real)
        monkeypatch.setattr("helpers.clients.forge.client.Forge.pulls", lambda *_, pulls=pulls: pulls)
        with pytest.raises(Unmet) as unmet:
            checks.lifted(again)
        assert reason in unmet.value.reason
        monkeypatch.undo()

"""The plans that questions show are those that Terraform makes today."""

from __future__ import annotations

import json

import pytest

from helpers.core.paths import IAC
from helpers.course.quiz import plans

SCENES = sorted(
    f"{path.parents[2].name}/{path.parent.name}" for path in (IAC / "lectures").glob("unit*/plans/*/scene.yaml")
)


def test_there_are_scenes() -> None:
    assert len(SCENES) >= 2


@pytest.mark.parametrize("scene", SCENES)
def test_every_variant_is_there_once(scene: str) -> None:
    wanted = plans.variants(scene)
    assert list(plans.plans(scene)) == list(wanted)
    different = {repr([(c.address, c.actions) for c in plan.resource_changes]) for plan in plans.plans(scene).values()}
    assert len(different) >= 4
    assert all(plan.has_changes and not plan.errored for plan in plans.plans(scene).values())


def made_again(scene: str, *only: str) -> None:
    kept = json.loads((plans.directory(scene) / plans.FILE).read_text())
    again = plans.make(scene, only)
    assert again and {name: kept[name] for name in again} == again


@pytest.mark.parametrize("scene", SCENES)
def test_terraform_makes_the_same_plan_today(scene: str) -> None:
    made_again(scene, "07")


@pytest.mark.soak
@pytest.mark.parametrize("scene", SCENES)
def test_terraform_makes_all_the_same_plans_today(scene: str) -> None:
    made_again(scene)

"""The lecture on many applications: its world does what the text says, with fewer applications."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers import lectures_scale
from helpers.argocd import ArgoError, ProjectForbids
from helpers.lectures_approval import World
from helpers.lectures_scale import Growth, Step, fleet, give, look_again, preview, read, says, standing


@pytest.fixture(scope="module")
def world(isolated: None) -> Iterator[World]:
    yield lectures_scale.begin()
    lectures_scale.clear()


@pytest.fixture(scope="module")
def growth(world: World) -> Growth:
    made = Growth(world, read(world, "fleet.yaml"))
    for count in (1, 3):
        made.to(count)
    return made


def test_a_folder_becomes_an_application_that_is_synced(world: World, growth: Growth) -> None:
    assert standing(world) == {"applications": 3, "models": 3}
    apps = fleet(world)
    assert [app.name for app in apps] == ["model-000", "model-001", "model-002"]
    assert {(app.sync, app.health) for app in apps} == {("Synced", "Healthy")}


def test_requests_grow_about_as_applications_do(growth: Growth) -> None:
    one, three = growth.steps
    assert 1.5 < three.requests / one.requests < 6
    assert three.seconds > one.seconds > 0 and three.memory > 100


def test_a_preview_makes_nothing_and_names_a_mistake(world: World, growth: Growth) -> None:
    wrong = read(world, "fleet.yaml")
    wrong["spec"]["template"]["metadata"]["name"] = "{{ .path.basenam }}"
    with pytest.raises(ArgoError) as error:
        preview(world, wrong)
    assert "basenam" in error.value.why and "time=" not in error.value.why
    assert len(fleet(world)) == 3


def test_an_error_deletes_nothing_and_an_empty_list_all(world: World, growth: Growth) -> None:
    wrong = read(world, "fleet.yaml")
    wrong["spec"]["template"]["metadata"]["name"] = "{{ .path.basenam }}"
    world.argo.apply(wrong)
    assert "basenam" in says(world, wrong=True)
    assert standing(world) == {"applications": 3, "models": 3}
    empty = read(world, "fleet.yaml")
    empty["spec"]["generators"][0]["git"]["directories"] = [{"path": "fleets/*"}]
    empty["spec"]["syncPolicy"] = {"applicationsSync": "create-update"}
    give(world, empty)
    look_again(world)
    assert standing(world) == {"applications": 3, "models": 3}
    del empty["spec"]["syncPolicy"]
    give(world, empty)
    assert standing(world) == {"applications": 0, "models": 0}


def test_the_root_brings_applications_and_no_project(world: World) -> None:
    world.argo.apply([read(world, name) for name in ("root-project.yaml", "root.yaml")])
    assert world.argo.sync("lecture-root").phase == "Succeeded"
    listed = world.git.workdir / "apps/kustomization.yaml"
    listed.write_text(listed.read_text().replace("resources:\n", "resources:\n  - wider.yaml\n"))
    (world.git.workdir / "apps/wider.yaml").write_text((world.material / "project.yaml").read_text())
    lectures_scale.deliver(world, "Allow more")
    with pytest.raises(ProjectForbids):
        world.argo.sync("lecture-root")
    lectures_scale.revert(world)


def test_the_figure_says_every_measure_also_in_words() -> None:
    from helpers.widgets._growth import growth_html

    html = growth_html([Step(1, 2.5, 30, 800.0), Step(10, 6.0, 240, 850.0)])
    assert "30 at 1, 240 at 10" in html and "800 at 1, 850 at 10" in html
    assert "<style" not in html.split("<svg", 1)[1] and "#010101" not in html

"""The lecture on many applications: the scenario does what the text says, with fewer applications."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.clients.argocd import ArgoError, ProjectForbids
from helpers.course.scenarios import scale
from helpers.course.scenarios.approval import ServiceScenario
from helpers.course.scenarios.scale import (
    Growth,
    Step,
    apply_set,
    error_message,
    fleet,
    preview,
    read_manifest,
    refresh_set,
    settled_counts,
)
from tests.worlds import World


@pytest.fixture(scope="module")
def scenario(shared: World) -> Iterator[ServiceScenario]:
    yield scale.set_up()
    scale.tear_down()


@pytest.fixture(scope="module")
def growth(scenario: ServiceScenario) -> Growth:
    made = Growth(scenario, read_manifest(scenario, "fleet.yaml"))
    for count in (1, 3):
        made.grow_to(count)
    return made


def test_a_folder_becomes_an_application_that_is_synced(scenario: ServiceScenario, growth: Growth) -> None:
    assert settled_counts(scenario) == {"applications": 3, "models": 3}
    apps = fleet(scenario)
    assert [app.name for app in apps] == ["model-000", "model-001", "model-002"]
    assert {(app.sync, app.health) for app in apps} == {("Synced", "Healthy")}


def test_requests_grow_about_as_applications_do(growth: Growth) -> None:
    one, three = growth.steps
    assert 1.5 < three.requests / one.requests < 6
    assert three.seconds > one.seconds > 0 and three.memory > 100


def test_a_preview_makes_nothing_and_names_a_mistake(scenario: ServiceScenario, growth: Growth) -> None:
    wrong = read_manifest(scenario, "fleet.yaml")
    wrong["spec"]["template"]["metadata"]["name"] = "{{ .path.basenam }}"
    with pytest.raises(ArgoError) as error:
        preview(scenario, wrong)
    assert "basenam" in error.value.why and "time=" not in error.value.why
    assert len(fleet(scenario)) == 3


def test_an_error_deletes_nothing_and_an_empty_list_all(scenario: ServiceScenario, growth: Growth) -> None:
    wrong = read_manifest(scenario, "fleet.yaml")
    wrong["spec"]["template"]["metadata"]["name"] = "{{ .path.basenam }}"
    scenario.argo.apply(wrong)
    assert "basenam" in error_message(scenario, expected=True)
    assert settled_counts(scenario) == {"applications": 3, "models": 3}
    empty = read_manifest(scenario, "fleet.yaml")
    empty["spec"]["generators"][0]["git"]["directories"] = [{"path": "fleets/*"}]
    empty["spec"]["syncPolicy"] = {"applicationsSync": "create-update"}
    apply_set(scenario, empty)
    refresh_set(scenario)
    assert settled_counts(scenario) == {"applications": 3, "models": 3}
    del empty["spec"]["syncPolicy"]
    apply_set(scenario, empty)
    assert settled_counts(scenario) == {"applications": 0, "models": 0}


def test_the_root_brings_applications_and_no_project(scenario: ServiceScenario) -> None:
    scenario.argo.apply([read_manifest(scenario, name) for name in ("root-project.yaml", "root.yaml")])
    assert scenario.argo.sync("lecture-root").phase == "Succeeded"
    listed = scenario.git.workdir / "apps/kustomization.yaml"
    listed.write_text(listed.read_text().replace("resources:\n", "resources:\n  - wider.yaml\n"))
    (scenario.git.workdir / "apps/wider.yaml").write_text((scenario.material / "project.yaml").read_text())
    scale.deliver(scenario, "Allow more")
    with pytest.raises(ProjectForbids):
        scenario.argo.sync("lecture-root")
    scale.revert(scenario)


def test_the_figure_says_every_measure_also_in_words() -> None:
    from helpers.widgets.renderers.growth import growth_html

    html = growth_html([Step(1, 2.5, 30, 800.0), Step(10, 6.0, 240, 850.0)])
    assert "30 at 1, 240 at 10" in html and "800 at 1, 850 at 10" in html
    assert "<style" not in html.split("<svg", 1)[1] and "#010101" not in html

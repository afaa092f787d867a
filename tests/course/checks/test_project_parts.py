"""Parts of the project's checks that need no service: wrong work that looks right, and right work in other styles."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from grading.hidden import project_module, project_promotion
from helpers.core.verdicts.checks import Unmet
from helpers.course.checks import project_handover as handover
from helpers.course.checks import project_module as module
from helpers.course.checks import project_promotion as promotion
from helpers.course.labs import Lab
from helpers.course.scenarios import training
from helpers.wrappers.git import Git

JOB = "kind: TrainingJob\nspec: {owner: ada@acme.test}\n"
RELEASE = "apps/trainer/overlays/dev/release/kustomization.yaml"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    found = Lab("project", work=tmp_path)
    found.path("handover").mkdir()
    return found


def test_the_owner_of_an_example_is_nobody_to_ask(lab: Lab) -> None:
    block = f"```yaml\n{JOB}```\n"
    lab.path(handover.PAGE).write_text(f"Runs:\n{block}Is refused:\n{block}")
    with pytest.raises(Unmet, match="whom to ask"):
        handover.page(lab)


@pytest.mark.parametrize(("begin", "end"), [("```yaml", "```"), ("~~~yml", "~~~"), ("````YAML title=job", "````")])
def test_blocks_are_those_of_markdown(lab: Lab, begin: str, end: str) -> None:
    block = f"{begin}\n{JOB}{end}\n"
    lab.path(handover.PAGE).write_text(f"Runs:\n{block}Is refused:\n{block}Ask help@acme.test.\n")
    assert len(handover.page(lab)) == 2


@pytest.mark.parametrize("form", ["{}", "'{}'", "{} 10:00:00"])
def test_a_day_may_be_written_with_quotes_or_an_hour(lab: Lab, form: str) -> None:
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).date().isoformat()
    row = f"control: CC7.2, owner: a@acme.test, until: {form.format(soon)}, plan: one two three four five"
    lab.path(handover.GAPS).write_text(f"- {{{row}}}\n")
    assert set(handover.gaps(lab)) == {"CC7.2"}


def given(**changed: Any) -> dict[str, Any]:
    token = {"secret": "spec.tokenSecret", "key": training.SECRET_KEY}
    interface = {"inputs": [{"name": "token", "sensitive": False, "ephemeral": True}]}
    return {
        "inputs": {"token": token},
        "interface": interface,
        "status": {"bucket": "status.bucket", "gpus": "status.gpus"},
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"inputs": {"token": {"secret": "spec.owner", "key": "token"}}}, "no input takes the token"),
        ({"inputs": {"token": {"secret": "spec.tokenSecret", "key": "password"}}}, "takes the key password"),
        ({"interface": {"inputs": [{"name": "token", "sensitive": True, "ephemeral": False}]}}, "would keep it"),
        ({"status": {"bucket": "status.bucket"}}, "no output of the module is shown in status.gpus"),
    ],
)
def test_a_contract_that_leaves_out_what_was_asked_for(changed: dict[str, Any], why: str) -> None:
    module.asked_for(given())
    with pytest.raises(Unmet, match=why):
        module.asked_for(given(**changed))


def test_a_release_with_something_else_in_an_earlier_commit_of_it(tmp_path: Path) -> None:
    git = Git(tmp_path).init()

    def commit(path: str, text: str) -> str:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        git.add(all=True)
        git.run(
            ["-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "commit.gpgsign=false", "commit", "-qm", path]
        )
        return git.rev_parse("HEAD")

    first, hidden, head = commit(RELEASE, "a"), commit("gates.yaml", "gates: []"), commit(RELEASE, "b")
    release = {"environment": "dev", "pull": {"number": 2}}
    with pytest.raises(Unmet, match=r"changes gates\.yaml as well"):
        promotion.alone(promotion.touched(git, head, {first, head}), release)
    # Two commits may make one release, and what another pull request changed is not this one's.
    promotion.alone(promotion.touched(git, head, {first, hidden, head}), release)
    promotion.alone(promotion.touched(git, commit(RELEASE, "d"), {first, hidden}), release)
    assert promotion.touched(git, first, {first}) == [RELEASE]


def test_a_release_that_nobody_approved() -> None:
    release: dict[str, Any] = {"environment": "prod", "pull": {"number": 4, "break_glass": ""}}
    promotion.approved(release)
    release["pull"]["break_glass"] = "ada: no time"
    with pytest.raises(Unmet, match="pull request 4 broke the glass on the way to prod"):
        promotion.approved(release)


def test_gates_that_the_project_asks_for() -> None:
    promotion.gated(["secrets", "render", "signature"])
    with pytest.raises(Unmet, match="does not ask the gate signature"):
        promotion.gated(["secrets"])


def test_a_comment_makes_no_resource(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "examples").mkdir()
    (tmp_path / "main.tf").write_text('# platform_secret\nresource "platform_network" "this" {\n}\n')
    (tmp_path / "inner/main.tf.json").write_text('{"resource": {"platform_gpu_pool": {"this": {}}}}')
    (tmp_path / "examples/main.tf").write_text('resource "platform_artifact_bucket" "this" {\n}\n')
    assert project_module.declared(tmp_path) == {"platform_network", "platform_gpu_pool"}


def test_what_was_rolled_back_is_nothing_to_go_back_to(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    stable, new, incident = training.image(training.STABLE), training.image(training.NEW), training.brief().incident
    back: dict[str, str | None] = dict.fromkeys(training.ENVIRONMENTS, stable)
    monkeypatch.setattr(
        project_promotion, "kept", lambda _: {"current": {name: {"rollback": one} for name, one in back.items()}}
    )
    back[incident] = None
    project_promotion.rollback(lab)
    back[incident] = new
    with pytest.raises(Unmet, match=f"{incident} would go back to what was taken out"):
        project_promotion.rollback(lab)

"""The scenario of unit 5: a newcomer's way really runs, and a scorecard is not fooled by empty tests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from helpers.clients.registry import Registry
from helpers.compliance.module_support import SupportPolicy
from helpers.compliance.scorecard import measure
from helpers.course import starters
from helpers.course.scenarios import onboarding
from helpers.wrappers.cosign import Cosign

TODAY = dt.date(2099, 1, 15)


def test_the_way_to_the_first_merged_change_with_and_without_the_key(tmp_path: Path) -> None:
    trusted = onboarding.make_repository("word-count", tmp_path / "a", signers=("ada", "bela", onboarding.NEWCOMER))
    way = onboarding.first_change(trusted, tmp_path / "b", label="key first")
    assert way.merged and way.refusals == ()
    stranger = onboarding.make_repository("word-count", tmp_path / "c", signers=("ada", "bela"))
    late = onboarding.first_change(stranger, tmp_path / "d", label="key later", ask_first=False)
    assert late.merged and len(late.refusals) == 1 and late.refusals[0].startswith("signature: 1 of 1 commit")
    assert len(late.steps) > len(way.steps) and all(step.seconds > 0 for step in late.steps)
    shown = onboarding.figure([way, late])
    assert "<svg" in shown._repr_html_() and "key later: clone" in repr(shown)


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> onboarding.Publisher:
    folder = tmp_path_factory.mktemp("publisher")
    hub = Registry.local()
    keys = Cosign(folder).generate_key_pair("keys", password="onboarding-208")
    hub.add_key("platform", "platform-team", keys.public)
    finished = starters.make("module", "first-files", folder / "finished").path
    return onboarding.Publisher(hub, finished, "platform/first-files/platform", keys.private, "onboarding-208")


EMPTY = """mock_provider "platform" {}

run "is_fine" {
  command = plan

  variables {
    team = "vision"
  }

  assert {
    condition     = output.bucket != ""
    error_message = "There is a bucket."
  }
}
"""


def test_a_scorecard_is_not_fooled_by_tests_that_assert_nothing(tmp_path: Path) -> None:
    made = starters.make("module", "team-files", tmp_path / "team-files")
    policy = SupportPolicy(
        form=2, teams={"platform team": ("platform-team@acme.test",), "leads": ("platform-leads@acme.test",)}
    )
    card = measure(made.path, today=TODAY, policy=policy)
    assert {row.id: row.status for row in card.rows[:5]} == dict.fromkeys(
        ("interface", "reference", "examples", "tests", "support"), "passed"
    )
    assert card["tests"].value == "7 of 7 killed"
    # Not published: nobody can tell, which is not a pass.
    assert {row.status for row in card.rows[5:]} == {"unknown"}
    (made.path / "tests/defaults.tftest.hcl").write_text(EMPTY)
    (made.path / "examples/basic/main.tf").write_text('module "x" {\n  source = "../.."\n}\n')
    (made.path / "outputs.tf").write_text('output "bucket" {\n  value = platform_artifact_bucket.this.name\n}\n')
    worse = measure(made.path, today=TODAY, policy=policy)
    failed = {row.id: row for row in worse.of("failed")}
    assert set(failed) == {"interface", "reference", "examples", "tests"}
    assert failed["tests"].value == "0 of 7 killed"
    assert "output bucket" in failed["interface"].improve and "var.team.validation 1" in failed["tests"].improve


def test_a_scorecard_of_a_published_module(publisher: onboarding.Publisher, tmp_path: Path) -> None:
    from helpers.clients.registry import Use

    hub, module = publisher._hub, "platform/carded/platform"
    made = starters.make("module", "carded", tmp_path / "carded")
    send = {"namespace": "platform", "name": "carded", "provider": "platform"}
    hub.publish(made.path, "0.1.0", **send, key=publisher._key, password=publisher._password)
    row = {one.id: one for one in measure(made.path, today=TODAY, module=module, registry=hub).rows}
    assert row["signed"].value == "1 of 1" and row["signed"].status == "passed"
    # Seventy years later, by the clock that was given.
    assert row["age"].status == "failed" and row["ends"].status == "passed" and row["consumers"].status == "unknown"
    hub.report_use(module, "vision", [Use("module.a", "~> 0.1", "0.1.0", "resolved", "main.tf:1")])
    hub.report_use(module, "speech", [Use("?", "", "", "unknown", "main.tf cannot be read")])
    again = measure(made.path, today=TODAY, module=module, registry=hub)["consumers"]
    assert again.status == "unknown" and "speech" in again.improve and again.value == "1 of 2"

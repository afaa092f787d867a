"""The pyramid on real tools: which layer kills which mutant, what a layer that cannot tell is, and a fair baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.clients.aws import cloud
from helpers.clients.aws.cloud import CloudError
from helpers.compliance import pyramid
from helpers.compliance.pyramid import LAYERS, BaselineFails, Bench, Layer, Room
from helpers.core.errors import BadInput
from helpers.core.paths import IAC
from helpers.course import teaching
from helpers.course.scenarios import pyramid as story
from helpers.wrappers import inspec
from helpers.wrappers.hcl_mutants import hcl_mutants
from tests.repeats import SOAK, times

CONTROLS = next(layer for layer in LAYERS if layer.id == "controls")
#: Mutant -> the layers that must kill it, and no other.
EXPECTED = {
    "break-syntax:output.network": {layer.id for layer in LAYERS},
    "drop-description:variable.gpu_quota": {"lint"},
    "drop-output:output.pool": {"contract"},
    "drop-validation:variable.team.validation": {"mocks"},
    "flip-bool:platform_artifact_bucket.this.public_access_blocked": {"policy", "controls"},
    "hard-code:platform_artifact_bucket.this.name": {"cloud"},
    "unstable:locals.tags.module": {"again"},
    "drop-argument:platform_artifact_bucket.this.versioning": set(),
    "flip-bool:platform_artifact_bucket.this.versioning": {"controls"},
}
#: The two dearest layers see what is left, and these.
DEAREST = ("break-syntax:output.network", "flip-bool:platform_artifact_bucket.this.public_access_blocked")


@pytest.fixture(scope="module")
def bench(isolated: None) -> Iterator[Bench]:
    env = teaching.sandbox()
    with pyramid.bench(teaching.material("unit2/pyramid", env), env) as made:
        yield made


@pytest.mark.soak
def test_each_layer_kills_what_only_it_can_see(bench: Bench) -> None:
    mutants = (*hcl_mutants(bench.module, ids=list(EXPECTED), examples=story.EXAMPLES), story.renamed(bench))
    seen: list[pyramid.Cell] = []
    # An apply each; an ordinary run asks them of what the cheap layers leave, and of a sample.
    wide = [mutant.id for mutant in mutants] if SOAK else DEAREST
    dear = {"cloud": wide, "again": wide, "terratest": DEAREST, "controls": DEAREST}
    report = pyramid.measure(bench, mutants, dear_on=dear, on_cell=seen.append)
    assert {mutant: set(report.killers(mutant)) for mutant in EXPECTED} == EXPECTED
    assert report.unique("terratest") == (story.RENAMED,)
    lost = "module.workspace.platform_gpu_pool.this would be destroyed"
    assert report.cell(story.RENAMED, "terratest").reason == lost
    assert report.cell(story.RENAMED, "controls").outcome == "not-run"
    assert report.unique("controls") == ("flip-bool:platform_artifact_bucket.this.versioning",)
    assert report.cell(DEAREST[1], "controls").reason.startswith("acme-bucket-02 does not hold")
    assert report.cell(DEAREST[0], "terratest").reason == "Unclosed configuration block"
    assert (report.ran("terratest"), report.ran("controls")) == (5, 4)
    assert tuple(seen) == report.cells and not report.unknown
    assert report.survivors == ("drop-argument:platform_artifact_bucket.this.versioning",)
    assert report.unique("cloud") == ("hard-code:platform_artifact_bucket.this.name",)
    assert report.unique("validate") == () and len(report.kills("validate")) == 1
    assert "The name is taken" in report.cell("hard-code:platform_artifact_bucket.this.name", "cloud").reason
    assert (report.seconds_per_kill("cloud") or 0) > (report.seconds_per_kill("contract") or 0) > 0
    assert not list(bench.root.parent.glob("pyramid-room-*")), "every copy is removed"
    buckets = cloud.client("s3", teaching.SANDBOX).list_buckets()["Buckets"]
    assert not [b["Name"] for b in buckets if "checkpoints" in b["Name"]], "and everything that was made"


def test_dear_layers_see_only_what_cheap_ones_let_through(bench: Bench) -> None:
    ids = ["drop-output:output.pool", "hard-code:platform_artifact_bucket.this.name"]
    layers = [layer for layer in LAYERS if layer.id in ("contract", "cloud")]
    mutants = hcl_mutants(bench.module, ids=ids, examples=story.EXAMPLES)
    report = pyramid.measure(bench, mutants, layers=layers)
    assert report.cell(ids[0], "cloud").outcome == "not-run" and report.ran("cloud") == 1
    assert report.cell(ids[1], "cloud").outcome == "killed"


def test_a_tool_that_cannot_be_run_has_killed_nothing(bench: Bench, tmp_path: Path) -> None:
    (mutant,) = hcl_mutants(bench.module, ids=["drop-output:output.pool"])
    away = {
        "PLATFORM_ENDPOINT": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
    }
    room = replace(bench, env={**bench.env, **away}, provider=None)
    assert cloud.account_of(bench.env) == teaching.SANDBOX
    with pytest.raises(CloudError, match="which account"):
        cloud.account_of(room.env)
    layers = [layer for layer in LAYERS if layer.id == "policy"]
    with pytest.raises(BaselineFails, match="could not be run"):
        pyramid.measure(room, [mutant], layers=layers)
    # The cloud goes away after the baseline was taken.
    told = iter([room])

    def policy_later(here: Room) -> str:
        return "" if next(told, None) else layers[0].judge(replace(here, env=room.env, provider=None))

    later = Layer("policy", "policy", "plan", False, policy_later)
    report = pyramid.measure(bench, [mutant], layers=[later])
    assert report.cell(mutant.id, "policy").outcome == "unknown" and not report.kills("policy")
    assert report.unknown and "could not be told" in repr(report)


def test_a_layer_that_refuses_the_good_module_is_not_measured(bench: Bench) -> None:
    always = Layer("always", "a test that always fails", "code", False, lambda room: "no")
    with pytest.raises(BaselineFails, match="always fails does not accept"):
        pyramid.measure(bench, [], layers=[always])


def test_the_new_tests_of_the_lecture_kill_two_survivors(bench: Bench) -> None:
    layer = story.new_tests(story.BOUNDARIES)
    survivors = [
        mutant for mutant in story.mutants(bench) if mutant.id.startswith(("widen-number:variable.ret", "drop-arg"))
    ]
    report = pyramid.measure(bench, survivors, layers=[layer])
    assert set(report.kills(layer.id)) == {story.SURVIVES_BOUNDARY, story.SURVIVES_NETWORK}
    with pytest.raises(BadInput, match="run"):
        story.new_tests("")


def test_controls_that_could_not_look_have_killed_nothing(bench: Bench) -> None:
    def without_buckets(room: Room) -> str:
        profile = room.root / "controls/controls.yaml"
        profile.write_text(profile.read_text().replace("{input:bucket_report}", "no-such-program"))
        return CONTROLS.judge(room)

    with pytest.raises(BaselineFails, match="controls does not accept") as caught:
        pyramid.measure(bench, [], layers=[Layer("controls", "controls", "objects", True, without_buckets)])
    assert "could not tell" in caught.value.why


def test_the_profile_is_one_that_inspec_executes() -> None:
    profile = inspec.load(IAC / "lectures/unit2/pyramid/controls")
    made = {path.name: path.read_text() for path in (profile.directory / "controls").glob("*.rb")}
    assert made == inspec.ruby_files(profile)


@pytest.mark.soak
def test_the_whole_matrix(bench: Bench) -> None:
    mutants = (*hcl_mutants(bench.module, examples=story.EXAMPLES), story.renamed(bench))
    assert len(mutants) > 120
    report = pyramid.measure(bench, mutants[:: times(45, 1)], dear_on_all=True)
    assert not report.unknown
    assert {cell.outcome for cell in report.cells} <= {"killed", "survived", "not-run"}
    if len(report.mutants) == len(mutants):
        assert all(report.kills(layer.id) for layer in LAYERS)
        assert not report.unique("validate"), "whatever validate kills, planning kills as well: it is only earlier"
        assert len(report.survivors) < 25

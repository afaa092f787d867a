"""A change on its whole way: from files over a pull request into Git, and by Argo CD into the cluster."""

from __future__ import annotations

import time

import pytest

from helpers.clients.argocd import TimedOut
from helpers.clients.forge import ApprovalRefused, MergeRefused
from helpers.course.delivery import NoRelease, NothingToDeliver, Platform, UnknownVersion
from helpers.course.labs import Lab
from tests import delivered


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    lab = Lab("lab2", work=tmp_path_factory.mktemp("lab2") / "work")
    return Platform(lab).open()


@pytest.fixture(scope="module")
def running(platform: Platform) -> Platform:
    delivered.write(platform)
    platform.deliver(message="Bring the inference service", approve="bela", merge=True)
    platform.apply("projects", "clusters/root")
    for name in ("root", "tenants", "inference-dev", "inference-staging"):
        platform.argocd.wait(name, timeout=300)
    platform.argocd.sync("inference-prod")
    platform.argocd.wait("inference-prod", timeout=300)
    return platform


def images(platform: Platform, environment: str) -> tuple[str, ...]:
    platform.argocd.application(f"inference-{environment}", refresh="normal")
    return platform.argocd.wait(f"inference-{environment}", timeout=300).images


def test_opened_again_it_is_cheap_and_the_same(platform: Platform) -> None:
    before = platform.image("1.0.0")
    begun = time.monotonic()
    assert Platform(platform.lab).open().image("1.0.0") == before
    assert time.monotonic() - begun < 120
    assert "@sha256:" in before
    with pytest.raises(UnknownVersion) as caught:
        platform.image("9.9.9")
    assert "1.1.0" in caught.value.why


def test_what_is_not_there_is_not_delivered(platform: Platform) -> None:
    with pytest.raises(NothingToDeliver) as caught:
        platform.deliver("apps/nothing", message="Bring nothing")
    assert "%%workfile lab2 platform/apps/nothing" in caught.value.next


def test_all_of_it_reaches_the_cluster(running: Platform) -> None:
    assert images(running, "dev") == (running.image("1.0.0"),)
    pods = running.cluster.get("Pod", namespace="inference-prod")
    assert len(pods) == 3
    assert all(pod.raw["status"]["phase"] == "Running" for pod in pods)


def test_delivered_again_it_is_the_same_pull_request(running: Platform) -> None:
    again = running.deliver(message="Bring the inference service", approve="bela", merge=True)
    assert (again.number, again.state) == (1, "merged")


def test_nobody_lands_a_change_alone(running: Platform) -> None:
    pull = running.release("1.1.0", "dev")
    assert pull.state == "open"
    with pytest.raises(MergeRefused):
        running.forge().merge("platform", pull.number)
    with pytest.raises(ApprovalRefused):
        running.forge().approve("platform", pull.number)
    running.forge("bela").approve("platform", pull.number)
    assert running.forge().merge("platform", pull.number).state == "merged"
    assert images(running, "dev") == (running.image("1.1.0"),)


def test_the_same_digest_is_promoted_and_the_board_tells_who_said_so(running: Platform) -> None:
    before = running.board()
    assert [step.state for step in before.steps("inference")] == ["ready", "current"]
    running.promote("dev", to="staging", approve="bela", merge=True)
    assert images(running, "staging") == images(running, "dev")
    stage = running.board().stage("staging", "inference")
    assert (stage.version, stage.approved_by, stage.sync, stage.health) == ("1.1.0", ("bela",), "Synced", "Healthy")


def test_a_bad_release_is_seen_and_rolled_back(running: Platform) -> None:
    running.release("1.2.0", "dev", approve="bela", merge=True)
    running.argocd.application("inference-dev", refresh="normal")
    with pytest.raises(TimedOut):
        running.argocd.wait("inference-dev", timeout=3)
    assert running.argocd.wait("inference-dev", health="Degraded", timeout=300).health == "Degraded"
    running.rollback("dev", approve="bela", merge=True)
    assert images(running, "dev") == (running.image("1.1.0"),)


def test_a_delivery_keeps_what_was_promoted(running: Platform) -> None:
    file = running.lab.path("platform/apps/inference/base/deployment.yaml")
    file.write_text(file.read_text().replace("failureThreshold: 60", "failureThreshold: 90"))
    running.deliver("apps/inference", message="Give a large model more time", approve="bela", merge=True)
    assert images(running, "dev") == (running.image("1.1.0"),)
    spec = running.cluster.get("Deployment", "inference", namespace="inference-dev").raw["spec"]["template"]["spec"]
    assert spec["containers"][0]["startupProbe"]["failureThreshold"] == 90


def test_an_environment_nobody_knows(running: Platform) -> None:
    with pytest.raises(NoRelease):
        running.promote("dev", to="moon")

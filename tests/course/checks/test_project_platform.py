"""The project's room, secrets and drift job: right work in other styles, and wrong work that looks right."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.clients import secret_sync
from helpers.clients.kubernetes import Cluster
from helpers.clients.vault import Vault
from helpers.core.verdicts.checks import Unmet
from helpers.course.checks import project_platform as platform
from helpers.course.checks.support import drift_jobs
from helpers.course.checks.support.reach import Pod, gets_in, selects
from helpers.course.labs import Lab
from helpers.course.scenarios import training
from tests import worlds
from tests.course.checks.judged import said

ROOM, PEOPLE = "tenancy/room.yaml", "tenancy/people.yaml"


@pytest.fixture(scope="module")
def solved() -> Path:
    return worlds.lab_world("project").upto("handover")


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Iterator[Lab]:
    """A copy of the solved workspace, with its services; afterwards the cluster has what the solution says."""
    shutil.copytree(solved, tmp_path / "work", symlinks=True)
    with worlds.lab_world("project").entered():
        yield Lab("project", work=tmp_path / "work")
        for folder in ("tenancy", "secrets", "drift"):
            Cluster().apply(sorted((solved / folder).glob("*.yaml")))


def changed(lab: Lab, path: str, old: str, new: str) -> None:
    """Change a file, and bring it to the cluster."""
    text = lab.read(path)
    assert old in text
    lab.path(path).write_text(text.replace(old, new))
    Cluster().apply(lab.path(path))


def test_another_learner_has_another_room() -> None:
    found = {training.brief(f"learner-{number}") for number in range(200)}
    assert {one.team for one in found} == set(training.TEAMS)
    assert all(one.neighbour in training.TEAMS and one.neighbour != one.team for one in found)
    assert len({one.gpus for one in found}) == 4


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (ROOM, "  hard:\n", '  hard:\n    pods: "50"\n    requests.cpu: "200"\n'),
        (ROOM, "- podSelector: {}", "- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAMESPACE}}"),
        (ROOM, "policyTypes: [Ingress]", "policyTypes: [Ingress, Egress]\n  egress: [{}]"),
        (PEOPLE, "resources: [trainingjobs]", "resources: [trainingjobs, trainingjobs/status]"),
    ],
)
def test_a_room_in_other_words(lab: Lab, path: str, old: str, new: str) -> None:
    changed(lab, path, old, new.replace("NAMESPACE", training.brief().namespace))
    result = lab.result("tenancy")
    assert result.passed, result.reason


@pytest.mark.parametrize(
    ("path", "old", "new", "why"),
    [
        (ROOM, "requests.nvidia.com/gpu", "requests.amd.com/gpu", "and the brief gives"),
        (ROOM, "enforce: restricted", "warn: restricted", "takes a privileged container"),
        (ROOM, "enforce: restricted", "enforce: baseline", "takes a container that runs as root"),
        (ROOM, "- podSelector: {}", "- namespaceSelector: {}", "reaches a pod"),
        (
            ROOM,
            "  podSelector: {}\n  policy",
            "  podSelector: {matchLabels: {app: trainer}}\n  policy",
            "reaches a pod",
        ),
        (ROOM, "  ingress:\n    - from:\n        - podSelector: {}\n", "", "the team cannot reach"),
        (PEOPLE, "resources: [pods, pods/log, events, resourcequotas]", 'resources: ["*"]', "may get secrets"),
        (PEOPLE, "name: team-TEAM", "name: 'system:authenticated'", "may list trainingjobs"),
        (PEOPLE, "[get, list, watch, create, update, patch, delete]", "[get, list, watch]", "may not create"),
    ],
)
def test_a_room_that_only_looks_closed(lab: Lab, path: str, old: str, new: str, why: str) -> None:
    changed(lab, path, old.replace("TEAM", training.brief().team), new)
    assert why in said(lab, "tenancy")


def test_files_that_nobody_applied(lab: Lab) -> None:
    lab.path(ROOM).write_text(lab.read(ROOM).replace("enforce: restricted", "enforce: baseline"))
    assert "is not what the cluster has" in said(lab, "tenancy")


def test_files_about_somebody_elses_room(lab: Lab) -> None:
    asked = training.brief()
    lab.path(PEOPLE).write_text(lab.read(PEOPLE).replace(asked.namespace, training.namespace(asked.neighbour)))
    assert "is not in the team's namespace" in said(lab, "tenancy")


@pytest.mark.parametrize(("text", "why"), [("kind: [", "Not YAML"), ("kind: Pod\n", "apiVersion")])
def test_files_that_are_no_manifests(lab: Lab, text: str, why: str) -> None:
    lab.path(ROOM).write_text(text)
    assert why in said(lab, "tenancy")


def test_a_policy_in_other_words(lab: Lab) -> None:
    asked = training.brief()
    text = f'# Jobs fetch modules.\npath "secret/data/{asked.team}/training" {{ capabilities = ["read"] }}\n'
    lab.path(platform.POLICY).write_text(text)
    Vault().write_policy(f"training-{asked.team}", text)
    changed(lab, platform.EXTERNAL, "refreshInterval: 2s", "refreshInterval: 500ms")
    result = lab.result("secrets")
    assert result.passed, result.reason


@pytest.mark.parametrize(
    ("path", "capabilities", "why"),
    [("*", "read", "not its own"), ("{team}/training", 'read", "update', "not just read it")],
)
def test_a_policy_that_gives_more(lab: Lab, path: str, capabilities: str, why: str) -> None:
    asked = training.brief()
    right, name = lab.read(platform.POLICY), f"training-{asked.team}"
    wide = f'path "secret/data/{path.format(team=asked.team)}" {{ capabilities = ["{capabilities}"] }}'
    Vault().write_policy(name, wide)
    try:
        assert why in said(lab, "secrets")
    finally:
        Vault().write_policy(name, right)


def test_a_token_that_stays_in_use_for_an_hour(lab: Lab) -> None:
    changed(lab, platform.EXTERNAL, "refreshInterval: 2s", "refreshInterval: 1h")
    assert "longer than 60 s" in said(lab, "secrets")


def test_a_credential_that_is_kept_in_the_cluster(lab: Lab) -> None:
    asked = training.brief()
    store = secret_sync.vault_store(asked.namespace, policies=[f"training-{asked.team}"], name="kept")
    Cluster().apply(store)
    try:
        assert "is kept in the cluster" in said(lab, "secrets")
    finally:
        Cluster().delete("SecretStore", "kept", namespace=asked.namespace)


@pytest.mark.parametrize(
    "spelled",
    [str, lambda token: base64.b64encode(token.encode()).decode(), lambda token: token.encode().hex().upper()],
    ids=["as it is", "base64", "hex"],
)
def test_a_copy_of_the_token(lab: Lab, spelled: Callable[[str], str]) -> None:
    asked = training.brief()
    token = Vault().get(platform.where(asked)).reveal(platform.PROPERTY)
    lab.write("notes.txt", f"the token is {spelled(token)}")
    with pytest.raises(Unmet, match=r"notes\.txt holds the token itself"):
        platform.clean(lab, asked)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('        verdict = "unknown"\n', '        verdict = "in-sync"\n', "nobody answers, it says 'in sync'"),
        ("return CODES[verdict]", "return 0", "its exit code is 0, not 3"),
        ('last["manager"]', '"course"', "by is 'course'"),
        ('one.status != "same"', 'one.status == "different"', "is not named"),
        ("if said.heal:", "if False:", "is still not what tenancy says"),
    ],
)
def test_a_job_that_is_wrong_by_night(lab: Lab, old: str, new: str, why: str) -> None:
    text = lab.read(platform.JOB)
    assert old in text
    lab.path(platform.JOB).write_text(text.replace(old, new))
    assert why in said(lab, "drift")


@pytest.mark.parametrize(
    ("old", "new"),
    [('"17 5 * * *"', '"@hourly"'), ('"17 5 * * *"', '"*/30 * * * *"'), ("Policy: Forbid", "Policy: Replace")],
)
def test_a_schedule_in_other_words(lab: Lab, old: str, new: str) -> None:
    changed(lab, platform.CRON, old, new)
    platform.scheduled(lab, training.brief())


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"17 5 * * *"', '"17 5 * * 1"', "does not run every day"),
        ("Policy: Forbid", "Policy: Allow", "a second run may start"),
        ("  schedule:", "  suspend: true\n  schedule:", "it is suspended"),
        ("drift/job.py", "other.py", "no container runs"),
        ("runAsNonRoot: true, ", "", "its pod would be refused"),
        ("resources: [resourcequotas]", "resources: [resourcequotas, secrets]", "may get secrets"),
    ],
)
def test_a_schedule_that_nobody_can_rely_on(lab: Lab, old: str, new: str, why: str) -> None:
    changed(lab, platform.CRON, old, new)
    with pytest.raises(Unmet, match=why):
        platform.scheduled(lab, training.brief())


def test_what_the_check_changed_is_put_back(lab: Lab) -> None:
    cluster, folder = Cluster(), lab.path("tenancy")
    with drift_jobs.changed(cluster, folder):
        assert {one.status for one in cluster.diff(folder)} == {"same", "different", "missing"}
    assert {one.status for one in cluster.diff(folder)} == {"same"}


def test_who_gets_in_is_read_as_kubernetes_reads_it() -> None:
    host, own, other = Pod("a", {"app": "x"}), Pod("a"), Pod("b", {"app": "x"}, {"team": "b"})
    assert gets_in([], other, host)
    only_egress = {"podSelector": {}, "policyTypes": ["Egress"]}
    assert gets_in([only_egress], other, host)
    nobody = {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert not gets_in([nobody], own, host)
    # What two policies allow adds up.
    team_b = {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "b"}}}]}]}
    assert gets_in([nobody, team_b], other, host) and not gets_in([nobody, team_b], own, host)
    both = {"namespaceSelector": {"matchLabels": {"team": "b"}}, "podSelector": {"matchLabels": {"app": "y"}}}
    assert not gets_in([{"podSelector": {}, "ingress": [{"from": [both]}]}], other, host)
    assert gets_in([{"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}], other, host)
    assert gets_in([{"podSelector": {}, "ingress": [{}]}], other, host)


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"key": "app", "operator": "In", "values": ["x", "y"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["x"]}, False),
        ({"key": "tier", "operator": "NotIn", "values": ["x"]}, True),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
    ],
)
def test_expressions_of_a_selector(rule: dict[str, object], holds: bool) -> None:
    assert selects({"matchExpressions": [rule]}, {"app": "x"}) is holds


def test_every_day_is_every_day() -> None:
    assert all(drift_jobs.daily(one) for one in ("@daily", "0 3 * * *", "*/5 * * * *"))
    assert not any(drift_jobs.daily(one) for one in ("@weekly", "0 3 * * 1-5", "0 3 1 * *", "0 3 * 1 *", "soon", ""))

"""The lecture on tenants: the fence is as tight as the text says, and its traps and exercises come out as it says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.clients.argocd import ArgoError, ProjectForbids, SyncFailed
from helpers.clients.kubernetes import AdmissionRefused, Cluster, Forbidden, QuotaExceeded
from helpers.core.paths import IAC
from helpers.core.polling import TimedOut
from helpers.course.scenarios import tenants
from helpers.course.scenarios.tenants import DEPLOYING, TEAMS, Tenancy, layer_of
from helpers.course.scenarios.waits import poll_until
from helpers.wrappers.kustomize import Kustomize, Rendered
from helpers.wrappers.kyverno import Kyverno
from tests.worlds import World

MATERIAL = IAC / "lectures/unit3/tenants"
FENCE = ("resourcequotas", "limitranges", "networkpolicies", "roles", "rolebindings", "serviceaccounts")


@pytest.fixture(scope="module")
def rendered() -> dict[str, Rendered]:
    return {team: Kustomize(MATERIAL / "platform").build(team) for team in TEAMS}


def project(team: str) -> dict[str, Any]:
    spec: dict[str, Any] = yaml.safe_load((MATERIAL / team / "project.yaml").read_text())["spec"]
    return spec


@pytest.mark.parametrize("team", TEAMS)
def test_a_team_gets_all_of_the_fence_and_no_right_to_change_it(rendered: dict[str, Rendered], team: str) -> None:
    found = rendered[team]
    assert {m["metadata"].get("namespace") for m in found.manifests} == {None, f"lecture-{team}"}
    (namespace,) = found.find("Namespace")
    assert namespace["metadata"]["name"] == f"lecture-{team}"
    assert namespace["metadata"]["labels"]["acme.test/team"] == team
    for kind in ("ResourceQuota", "LimitRange", "NetworkPolicy", "ServiceAccount"):
        assert found.find(kind), kind
    rules = [rule for role in found.find("Role") for rule in role["rules"]]
    writes = {r for rule in rules if set(rule["verbs"]) - {"get", "list", "watch"} for r in rule["resources"]}
    assert writes and not writes & {*FENCE, "*", "pods", "replicasets"}
    subjects = [subject for binding in found.find("RoleBinding") for subject in binding["subjects"]]
    assert {(s["kind"], s["name"], s.get("namespace")) for s in subjects} == {
        ("ServiceAccount", "deployer", f"lecture-{team}"),
        ("User", team, None),
    }


@pytest.mark.parametrize("team", DEPLOYING)
def test_a_project_ends_at_its_namespace_and_names_its_own_account(team: str) -> None:
    spec = project(team)
    assert [d["namespace"] for d in spec["destinations"]] == [f"lecture-{team}"]
    assert spec["clusterResourceWhitelist"] == []
    kinds = {one["kind"].lower() + "s" for one in spec["namespaceResourceWhitelist"]}
    assert not kinds & {*FENCE, "*s"}
    (account,) = spec["destinationServiceAccounts"]
    assert account == {"server": "*", "namespace": "*", "defaultServiceAccount": f"lecture-{team}:deployer"}


def test_speech_uses_all_its_gpus_and_vision_has_one_left(rendered: dict[str, Rendered]) -> None:
    for team, left in (("vision", 1), ("speech", 0)):
        (quota,) = rendered[team].find("ResourceQuota")
        (deployment,) = Kustomize(MATERIAL / team / "repository").build("app").find("Deployment")
        assert int(quota["spec"]["hard"]["requests.nvidia.com/gpu"]) - deployment["spec"]["replicas"] == left


def test_the_copy_of_who_owns_which_namespace_is_right(rendered: dict[str, Rendered]) -> None:
    copy = yaml.safe_load((MATERIAL / "policy/namespaces.yaml").read_text())["namespaceSelector"]
    real = {team: rendered[team].find("Namespace")[0]["metadata"] for team in TEAMS}
    assert {one["name"]: one["labels"] for one in copy} == {meta["name"]: meta["labels"] for meta in real.values()}


def test_the_rule_passes_its_tests_and_a_spoilt_one_does_not(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    shutil.copytree(MATERIAL / "policy", policy)
    assert Kyverno(policy).test("tests").passed
    rule = (policy / "owner.yaml").read_text()
    assert rule.count("variables.owner == variables.team") == 1
    (policy / "owner.yaml").write_text(rule.replace("variables.owner == variables.team", "variables.owner != ''"))
    failures = Kyverno(policy).test("tests").failures
    assert [case.resource.rpartition("/")[2] for case in failures] == ["foreign"]


def test_the_rule_believes_a_label_that_lies(tmp_path: Path) -> None:
    borrowed = (MATERIAL / "vision/changes/borrowed.yaml").read_text()
    for owner, passed in (("vision", False), ("speech", True)):
        (tmp_path / "borrowed.yaml").write_text(borrowed.replace("owner: vision", f"owner: {owner}"))
        values = MATERIAL / "policy/namespaces.yaml"
        report = Kyverno(tmp_path).apply([MATERIAL / "policy/owner.yaml"], ["borrowed.yaml"], values=values)
        assert report.passed is passed


@pytest.mark.parametrize(
    ("error", "layer", "said"),
    [
        (
            ProjectForbids(
                "x",
                project="lecture-vision",
                why="one or more synchronization tasks are not valid: "
                "namespace lecture-speech is not permitted in project 'lecture-vision'",
            ),
            "AppProject",
            "namespace lecture-speech is not permitted in project 'lecture-vision'",
        ),
        (
            SyncFailed(
                "x",
                why='deployments.apps "b" is forbidden: User "system:serviceaccount:a:b" cannot get '
                'resource "deployments" in API group "apps" in the namespace "lecture-speech"',
            ),
            "RBAC",
            'User "system:serviceaccount:a:b" cannot get resource "deployments" in API group "apps" in the '
            'namespace "lecture-speech"',
        ),
        (
            SyncFailed("x", why="ValidatingAdmissionPolicy 'p' with binding 'p' denied request: it is not yours"),
            "ValidatingAdmissionPolicy",
            "it is not yours",
        ),
    ],
)
def test_a_refusal_is_told_from_its_message(error: ArgoError, layer: str, said: str) -> None:
    assert layer_of(error) == (layer, said)


def test_a_fault_that_is_no_refusal_is_not_taken_for_one() -> None:
    with pytest.raises(SyncFailed, match="broken"):
        layer_of(SyncFailed("broken", why="dial tcp: connection refused"))


def test_waiting_in_vain_is_said() -> None:
    with pytest.raises(TimedOut, match="waiting until it rains"):
        poll_until(lambda: None, "it rains", timeout=0.1)


@pytest.fixture(scope="module")
def tenancy(shared: World) -> Iterator[Tenancy]:
    made = tenants.set_up()
    for team in TEAMS:
        made.cluster.apply(list(Kustomize(made.material / "platform").build(team).manifests))
    for tenant in (made.vision, made.speech):
        tenant.argo.sync(tenant.app)
        tenant.argo.wait(tenant.app)
    yield made
    made.clear()


class TestLive:
    """What the text claims beyond its cells, and the exercises, on a real cluster."""

    def foreign(self, tenancy: Tenancy, **rules: Any) -> str:
        """Give vision's project both destinations and further rules, and make the application of the exercise."""
        vision, server = tenancy.vision, "https://kubernetes.default.svc"
        both = [{"server": server, "namespace": app} for app in (vision.app, tenancy.speech.app)]
        vision.apply_project(destinations=both, **rules)
        application = vision.manifest("application.yaml")
        application["metadata"]["name"] = "lecture-reach"
        application["spec"]["destination"]["namespace"] = tenancy.speech.app
        vision.argo.apply(application)
        return "lecture-reach"

    def test_a_bare_account_name_is_looked_up_where_the_sync_goes(self, tenancy: Tenancy) -> None:
        vision, cluster = tenancy.vision, tenancy.cluster
        name = self.foreign(tenancy)
        with pytest.raises(SyncFailed, match="failed") as failed:
            vision.argo.sync(name)
        assert layer_of(failed.value)[0] == "RBAC"
        bare = [{"server": "*", "namespace": "*", "defaultServiceAccount": "deployer"}]
        self.foreign(tenancy, destinationServiceAccounts=bare)
        assert vision.argo.sync(name).phase == "Succeeded"
        cluster.delete("Deployment", "inference", namespace=tenancy.speech.app)

    def test_without_an_account_only_enforcing_helps(self, tenancy: Tenancy) -> None:
        vision, cluster = tenancy.vision, tenancy.cluster
        name = self.foreign(tenancy, destinationServiceAccounts=[])
        assert vision.argo.sync(name).phase == "Succeeded"
        cluster.delete("Deployment", "inference", namespace=tenancy.speech.app)
        key = "application.sync.impersonation.enforced"
        cluster.patch("ConfigMap", "argocd-cm", {"data": {key: "true"}}, namespace="argocd")

        def refused() -> bool:
            try:
                vision.argo.sync(name)
            except ArgoError as error:
                return "no matching service account" in error.diagnostics()
            return False

        assert poll_until(refused, "Argo CD has read its settings")
        cluster.patch("ConfigMap", "argocd-cm", {"data": {key: "false"}}, namespace="argocd")

    def test_a_maximum_without_a_default_is_the_default(self, tenancy: Tenancy) -> None:
        limits = yaml.safe_load((tenancy.material / "platform/base/limits.yaml").read_text())
        for key in ("default", "defaultRequest"):
            del limits["spec"]["limits"][0][key]["nvidia.com/gpu"]
        tenancy.cluster.apply(limits, namespace="lecture-ranking")
        box = {"name": "server", "image": "images.acme.test/x:1"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "try"}, "spec": {"containers": [box]}}

        def four() -> bool:
            # The quota of one GPU says how many the pod was given.
            try:
                tenancy.cluster.apply(pod, namespace="lecture-ranking", dry_run=True)
            except QuotaExceeded as error:
                return error.asked == {"requests.nvidia.com/gpu": "4"}
            return False

        assert poll_until(four, "the limits are in force")

    def test_the_project_hides_kinds_it_does_not_list_from_the_tree(self, tenancy: Tenancy) -> None:
        speech = tenancy.speech
        kinds = {node.kind for node in speech.argo.tree(speech.app).nodes}
        assert kinds == {"Deployment", "ReplicaSet", "Pod"}
        speech.apply_project(namespaceResourceWhitelist=[{"group": "apps", "kind": "Deployment"}])

        def hidden() -> bool:
            speech.argo.application(speech.app, refresh="normal")
            return {node.kind for node in speech.argo.tree(speech.app).nodes} == {"Deployment"}

        assert poll_until(hidden, "the tree follows the project")
        speech.apply_project()

    def test_a_rule_about_who_asks_sees_through_the_label_and_not_through_argo_cd(self, tenancy: Tenancy) -> None:
        cluster, text = tenancy.cluster, (tenancy.material / "policy/owner.yaml").read_text()
        policy, binding = yaml.safe_load_all(text)
        account = "'system:serviceaccount:'"
        asks = "request.userInfo.username.startsWith"
        rule = f"!{asks}({account} + 'lecture-') || {asks}({account} + request.namespace + ':')"
        policy["spec"]["validations"].append({"expression": rule, "message": "the account of another team"})
        cluster.apply([policy, binding])
        lie = (tenancy.material / "vision/changes/borrowed.yaml").read_text().replace("owner: vision", "owner: speech")
        vision = cluster.as_user("system:serviceaccount:lecture-vision:deployer", ["system:masters"])

        def refused() -> bool:
            try:
                vision.apply(lie, dry_run=True)
            except AdmissionRefused as error:
                return "another team" in error.message
            return False

        assert poll_until(refused, "the rule is in force")
        assert cluster.as_user("argocd", ["platform:gitops"]).apply(lie, dry_run=True)

    def test_people_of_a_team_look_at_their_own_only(self, tenancy: Tenancy) -> None:
        person = Cluster("vision", namespace=tenancy.vision.app)
        assert person.get("Deployment", "inference")
        with pytest.raises(Forbidden):
            person.get("Deployment", namespace=tenancy.speech.app)

    def test_beginning_again_finds_nothing_of_the_last_run(self, tenancy: Tenancy) -> None:
        again = tenants.set_up()
        assert again.vision.repository == "tenants-vision-2"
        assert not again.cluster.exists("Namespace", "lecture-vision")
        names = {application.name for application in again.vision.argo.applications()}
        assert names == {"lecture-vision", "lecture-speech"}

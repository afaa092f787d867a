"""Other solutions of Lab 2, right ones and wrong ones that look right, as far as no service is needed to judge them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from helpers.core.paths import ROOT
from helpers.course.checks import Unmet
from helpers.course.checks import lab2_apps as apps
from helpers.course.checks import lab2_drift as drift
from helpers.course.checks.support import gitops as kit
from helpers.course.checks.support import pipeline
from helpers.course.checks.support.quantities import amount, same
from helpers.course.labs import Lab


def solution(notebook: str, cell: str) -> str:
    """Return the text of a file as the source's solution writes it."""
    document = json.loads((ROOT / "source/lab2-gitops" / notebook).read_text(encoding="utf-8"))
    (source,) = ("".join(c["source"]) for c in document["cells"] if c["id"] == cell)
    return "\n".join(line for line in source.splitlines()[1:] if " SOLUTION" not in line) + "\n"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A workspace with the pipeline's two files and nothing else."""
    made = Lab("lab2", work=tmp_path / "work")
    made.write("platform/gates.yaml", solution("03-gates.ipynb", "pipeline-gates"))
    made.write(f"platform/{pipeline.WORKFLOW}", solution("03-gates.ipynb", "pipeline-workflow"))
    return made


class TestPipeline:
    def judged(self, lab: Lab, old: str, new: str) -> str:
        path = f"platform/{pipeline.WORKFLOW}"
        assert lab.read(path).count(old) == 1
        lab.write(path, lab.read(path).replace(old, new))
        try:
            pipeline.workflow(lab, pipeline.settings(lab))
        except Unmet as unmet:
            return unmet.reason
        return ""

    @pytest.mark.parametrize(
        "new",
        [
            "  pull_request:\n",
            "  pull_request:\n    branches: [main]\n",
            "  pull_request:\n    branches: ['**', 'release/*']\n",
            "  pull_request:\n  workflow_dispatch:\n  push:\n    branches: [main]\n",
        ],
    )
    def test_events_that_judge_every_change_of_main(self, lab: Lab, new: str) -> None:
        assert self.judged(lab, "  pull_request:\n", new) == ""

    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            ("  pull_request:\n", "  pull_request:\n    branches: [nothing]\n", "a pull request to main is not judged"),
            ("  pull_request:\n", "  pull_request:\n    paths: [apps/**]\n", "with paths some pull requests"),
            ("  gates:\n    runs-on", "  gates:\n    if: false\n    runs-on", "does not always run"),
            ("  pull_request:\n", "  pull_request_target:\n", "does not run for a pull_request"),
        ],
    )
    def test_events_that_do_not(self, lab: Lab, old: str, new: str, reason: str) -> None:
        assert reason in self.judged(lab, old, new)


class TestProject:
    #: The learner's file, with the address that `clusters/repository` puts in.
    SPEC: ClassVar[dict[str, Any]] = yaml.safe_load(solution("02-apps.ipynb", "project-vision"))["spec"]

    def judged(self, lab: Lab, **changes: Any) -> str:
        spec = {**self.SPEC, "sourceRepos": [kit.address()], **changes}
        try:
            apps.fenced(lab, {name: value for name, value in spec.items() if value is not ...})
        except Unmet as unmet:
            return unmet.reason
        return ""

    WHITELIST = (
        {"group": "apps", "kind": "Deployment"},
        {"group": "", "kind": "Service"},
        {"group": "", "kind": "ConfigMap"},
        {"group": "", "kind": "ServiceAccount"},
        {"group": "policy", "kind": "*"},
    )

    def test_right(self, lab: Lab) -> None:
        assert self.judged(lab) == ""
        # As the lecture does it: what is not listed is refused.
        assert self.judged(lab, namespaceResourceBlacklist=..., namespaceResourceWhitelist=[*self.WHITELIST]) == ""
        assert self.judged(lab, namespaceResourceWhitelist=[*self.WHITELIST]) == ""
        stars = [{"group": "*", "kind": kind} for kind in apps.LIMITS]
        assert self.judged(lab, namespaceResourceBlacklist=stars) == ""

    def test_wrong(self, lab: Lab) -> None:
        nonsense = [{"group": "acme.test", "kind": kind} for kind in apps.LIMITS]
        assert "the team may change its own limits" in self.judged(lab, namespaceResourceBlacklist=nonsense)
        assert "the team may change its own limits" in self.judged(lab, namespaceResourceBlacklist=[])
        everything = [{"group": "*", "kind": "*"}]
        only = {"namespaceResourceBlacklist": ..., "namespaceResourceWhitelist": everything}
        assert "the team may change its own limits" in self.judged(lab, **only)
        few = {"namespaceResourceBlacklist": ..., "namespaceResourceWhitelist": [{"group": "", "kind": "Service"}]}
        assert "cannot deploy its service: Deployment" in self.judged(lab, **few)


class TestApplications:
    def judged(self, alone: bool, policy: Any, **target: str) -> str:
        spec = {
            "project": "vision",
            "source": {"repoURL": "x", "path": "apps/inference/overlays/dev"},
            "destination": {"namespace": "inference-dev", **target},
            "syncPolicy": policy,
        }
        agreed = ("vision", "apps/inference/overlays/dev", "inference-dev", alone)
        try:
            apps._as_agreed({"metadata": {"name": "one"}, "spec": spec}, agreed, "file", "x")
        except Unmet as unmet:
            return unmet.reason
        return ""

    BY_ITSELF: ClassVar[dict[str, Any]] = {"automated": {"prune": True, "selfHeal": True}}

    def test_right(self) -> None:
        assert self.judged(True, self.BY_ITSELF, server=apps.SERVER) == ""
        assert self.judged(True, self.BY_ITSELF, name="in-cluster") == ""
        assert self.judged(False, {"automated": {"enabled": False}}, server=apps.SERVER) == ""
        assert self.judged(False, None, server=apps.SERVER) == ""

    def test_wrong(self) -> None:
        off = {"automated": {"enabled": False, "prune": True, "selfHeal": True}}
        assert "does not sync by itself" in self.judged(True, off, server=apps.SERVER)
        assert "waits for a person" in self.judged(False, self.BY_ITSELF, server=apps.SERVER)
        assert "server of one is None" in self.judged(True, self.BY_ITSELF, name="other-cluster")


class TestTenants:
    RULE: ClassVar[dict[str, Any]] = next(iter(yaml.safe_load_all(solution("02-apps.ipynb", "tenants-rbac"))))["rules"][
        0
    ]
    HARD: ClassVar[dict[str, Any]] = yaml.safe_load(solution("02-apps.ipynb", "tenants-quota"))["spec"]["hard"]

    def judged(self, *, rule: dict[str, Any] | None = None, hard: dict[str, str] | None = None) -> str:
        space = {"namespace": "inference-dev"}
        counted = {**self.HARD, "requests.nvidia.com/gpu": "1", **(hard or {})}
        objects = (
            {"kind": "ResourceQuota", "metadata": space, "spec": {"hard": counted}},
            {"kind": "Role", "metadata": space, "rules": [{**self.RULE, **(rule or {})}]},
            {"kind": "RoleBinding", "metadata": space},
        )
        try:
            apps._room(objects, "dev", 1)
        except Unmet as unmet:
            return unmet.reason
        return ""

    def test_right(self) -> None:
        assert self.judged() == ""
        assert self.judged(hard={"requests.cpu": "16000m", "requests.memory": "65536Mi"}) == ""
        assert self.judged(rule={"verbs": ["get", "list"]}) == ""

    def test_wrong(self) -> None:
        assert "may create, update" in self.judged(rule={"verbs": ["get", "list", "create", "update"]})
        assert "may look at pods/exec" in self.judged(rule={"resources": ["pods", "pods/exec"]})
        assert "may look at secrets" in self.judged(rule={"resources": ["secrets"]})
        assert "the quota of pods is 2000" in self.judged(hard={"pods": "2000"})


def test_amounts_are_those_of_kubernetes() -> None:
    assert same("0.5", "500m") and same(0.5, "500m") and same("2048Mi", "2Gi") and same("2147483648", "2Gi")
    assert not same("2G", "2Gi") and not same(None, "1") and not same("2 Gi", "2Gi") and amount("many") is None


class TestDrift:
    def judged(self, lab: Lab, value: int) -> str:
        text = solution("05-drift.ipynb", "decisions-file").replace("value: 4", f"value: {value}")
        lab.write("platform/drift/decisions.yaml", text)
        try:
            drift.decided(lab)
        except Unmet as unmet:
            return unmet.reason
        return ""

    @pytest.mark.parametrize("value", [4, 5, 6])
    def test_what_runs_or_more_is_adopted(self, lab: Lab, value: int) -> None:
        assert self.judged(lab, value) == ""

    @pytest.mark.parametrize("value", [3, 1])
    def test_less_is_healing_by_another_name(self, lab: Lab, value: int) -> None:
        assert "that is healing" in self.judged(lab, value)

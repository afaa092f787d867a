"""The story's GitOps repository: everything renders, keeps its own rules, and says the same thing everywhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.clients.aws import cloud
from helpers.compliance.gates import Settings
from helpers.core import process
from helpers.core.paths import IAC
from helpers.course.scenarios import story
from helpers.runtime import services
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.kustomize import Kustomize, Rendered
from helpers.wrappers.kyverno import Kyverno
from helpers.wrappers.opa import Opa
from helpers.wrappers.terraform import Terraform
from tests.wrappers.registry import registry

ROOT = IAC / "gitops"
ENVIRONMENTS = ("dev", "staging", "prod")
TEAMS = ("vision", "speech", "ranking")
OVERLAYS = {name: f"apps/inference/overlays/{name}" for name in ENVIRONMENTS}
FOLDERS = [
    *OVERLAYS.values(),
    "clusters/root",
    "clusters/apps",
    "clusters/applicationsets",
    "projects",
    "tenants",
    "policy/admission",
]


@pytest.fixture(scope="module")
def rendered() -> dict[str, Rendered]:
    return {folder: Kustomize(ROOT).build(folder) for folder in FOLDERS}


def test_nothing_is_left_to_be_set(rendered: dict[str, Rendered]) -> None:
    assert not any("set-by" in found.text for found in rendered.values())
    assert "team-" in rendered["tenants"].text


def test_an_overlay_is_one_environment(rendered: dict[str, Rendered]) -> None:
    replicas = {}
    for environment, folder in OVERLAYS.items():
        found = rendered[folder]
        assert {m["metadata"]["namespace"] for m in found.manifests} == {f"inference-{environment}"}
        for manifest in found.manifests:
            labels = manifest["metadata"]["labels"]
            assert (labels["owner"], labels["cost-centre"]) == ("vision", "cc-1042")
            assert labels["environment"] == environment
        (image,) = found.images
        assert image.digest and image.repository == story.IMAGE
        (deployment,) = found.find("Deployment")
        replicas[environment] = deployment["spec"]["replicas"]
        version = deployment["metadata"]["labels"]["app.kubernetes.io/version"]
        (model,) = found.find("ConfigMap")
        assert model["data"]["MODEL_VERSION"] == version
    assert replicas == {"dev": 1, "staging": 1, "prod": 3}


def test_the_digests_are_those_of_the_images(rendered: dict[str, Rendered]) -> None:
    with registry() as address:
        pushed = {version: story.push_image(address, version) for version in ("1.0.0", "1.1.0")}
    for folder in OVERLAYS.values():
        (deployment,) = rendered[folder].find("Deployment")
        version = deployment["metadata"]["labels"]["app.kubernetes.io/version"]
        assert rendered[folder].images[0].digest == pushed[version]


def test_the_rules_hold_for_the_story(rendered: dict[str, Rendered], tmp_path: Path) -> None:
    for folder, found in rendered.items():
        file = tmp_path / f"{folder.replace('/', '-')}.yaml"
        file.write_text(found.text)
        report = Conftest(ROOT).test(
            file, policies=["policy/conftest"], data=["policy/data"], all_namespaces=True, strict=True
        )
        assert report.passed and not report.warnings, (folder, report.results)


def test_every_rule_is_tested_and_documented() -> None:
    report = Conftest(ROOT).verify(policies=["policy/conftest"], coverage=True, threshold=95)
    assert report.passed and report.passes >= 50, report
    opa = Opa(ROOT)
    assert opa.check("policy/conftest").valid
    assert opa.fmt("policy/conftest").formatted
    notes = opa.inspect("policy/conftest").annotations
    packages = [a for a in notes if a.scope == "package" and ".gitops." in f"{a.path}."]
    assert len(packages) == 7 and all(a.title and a.description and a.custom["severity"] for a in packages)
    rules = {(Path(a.file).name, a.line) for a in notes if a.scope == "rule" and a.title}
    for file in sorted((ROOT / "policy/conftest").glob("*.rego")):
        found = [n for n, line in enumerate(file.read_text().splitlines(), 1) if line.startswith(("deny ", "warn "))]
        assert len(found) == sum(name == file.name for name, _ in rules), file.name
        assert not found or file.with_name(f"{file.stem}_test.rego").exists()


def test_kyverno_agrees() -> None:
    result = Kyverno(ROOT).test("policy/kyverno")
    assert result.passed and len(result.cases) == 7


class TestArgoCD:
    def applications(self, rendered: dict[str, Rendered]) -> dict[str, dict[str, Any]]:
        return {a["metadata"]["name"]: a for a in rendered["clusters/apps"].find("Application")}

    def test_the_root_brings_everything(self, rendered: dict[str, Rendered]) -> None:
        (root,) = rendered["clusters/root"].find("Application")
        assert root["spec"]["source"]["path"] == "clusters/apps"
        paths = {a["spec"]["source"]["path"] for a in self.applications(rendered).values()}
        assert paths == {*OVERLAYS.values(), "projects", "tenants", "policy/admission"}
        assert all((ROOT / path / "kustomization.yaml").is_file() for path in paths)

    def test_one_address_everywhere(self, tmp_path: Path) -> None:
        copy = Path(shutil.copytree(ROOT, tmp_path / "copy"))
        file = copy / "clusters/repository/repository.yaml"
        before = yaml.safe_load(file.read_text())["data"]["url"]
        file.write_text(file.read_text().replace(before, "http://127.0.0.1:1/x.git").replace("n: main", "n: trunk"))
        for folder in ("clusters/root", "clusters/apps", "clusters/applicationsets", "projects"):
            text = Kustomize(copy).build(folder).text
            assert before not in text and "http://127.0.0.1:1/x.git" in text
            assert folder == "projects" or "trunk" in text

    def test_production_waits_for_a_person(self, rendered: dict[str, Rendered]) -> None:
        automated = {name for name, a in self.applications(rendered).items() if "automated" in a["spec"]["syncPolicy"]}
        assert automated == {"projects", "tenants", "admission", "inference-dev", "inference-staging"}

    def test_an_application_fits_its_project(self, rendered: dict[str, Rendered]) -> None:
        projects = {p["metadata"]["name"]: p["spec"] for p in rendered["projects"].find("AppProject")}
        assert set(projects) == {"platform", *TEAMS}
        for application in self.applications(rendered).values():
            spec = application["spec"]
            assert spec["source"]["repoURL"] in projects[spec["project"]]["sourceRepos"]
            assert spec["destination"] in projects[spec["project"]]["destinations"]

    def test_a_team_reaches_its_own_namespaces_only(self, rendered: dict[str, Rendered]) -> None:
        owners: dict[str, str] = {}
        namespaces = {n["metadata"]["name"]: n["metadata"]["labels"] for n in rendered["tenants"].find("Namespace")}
        for project in rendered["projects"].find("AppProject"):
            name, spec = project["metadata"]["name"], project["spec"]
            if name == "platform":
                continue
            assert spec["clusterResourceWhitelist"] == []
            assert all("*" not in d["namespace"] for d in spec["destinations"])
            for destination in spec["destinations"]:
                assert owners.setdefault(destination["namespace"], name) == name
        assert owners == {name: labels["owner"] for name, labels in namespaces.items()}

    def test_the_generated_applications_are_the_listed_ones(self, rendered: dict[str, Rendered]) -> None:
        sets = {a["metadata"]["name"]: a["spec"] for a in rendered["clusters/applicationsets"].find("ApplicationSet")}
        (directories,) = sets["services"]["generators"][0]["git"]["directories"]
        generated = {str(p.relative_to(ROOT)) for p in ROOT.glob(directories["path"])}
        assert generated == set(OVERLAYS.values())
        elements = sets["tenants"]["generators"][0]["list"]["elements"]
        assert {e["team"] for e in elements} == set(TEAMS)
        assert all((ROOT / e["path"] / "kustomization.yaml").is_file() for e in elements)


class TestTenants:
    def test_the_limits_say_the_same_in_three_places(self, rendered: dict[str, Rendered]) -> None:
        """The gate's data, the namespace's quota, and the label that the admission policy reads."""
        data = yaml.safe_load((ROOT / "policy/data/environments.yaml").read_text())["environments"]
        quotas = {q["metadata"]["namespace"]: q["spec"]["hard"] for q in rendered["tenants"].find("ResourceQuota")}
        for namespace in rendered["tenants"].find("Namespace"):
            name, labels = namespace["metadata"]["name"], namespace["metadata"]["labels"]
            gpus = quotas[name]["requests.nvidia.com/gpu"]
            assert labels["acme.test/gpu-limit"] == gpus
            assert int(gpus) == data[labels["environment"]]["gpus"] and labels["acme.test/tenant"] == "true"

    def test_a_tenant_has_everything_and_writes_nothing(self, rendered: dict[str, Rendered]) -> None:
        found = rendered["tenants"]
        for namespace in found.find("Namespace"):
            name, team = namespace["metadata"]["name"], namespace["metadata"]["labels"]["owner"]
            inside = [m for m in found.manifests if m["metadata"].get("namespace") == name]
            kinds = {"ResourceQuota", "LimitRange", "Role", "RoleBinding", "NetworkPolicy"}
            assert {m["kind"] for m in inside} == kinds
            (binding,) = [m for m in inside if m["kind"] == "RoleBinding"]
            assert [s["name"] for s in binding["subjects"]] == [f"team-{team}"]
        for role in found.find("Role"):
            assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}


class TestPipeline:
    @pytest.fixture
    def workflow(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/gates.yaml").read_text())
        return found

    def test_it_runs_exactly_what_gates_yaml_says(self, workflow: dict[str, Any]) -> None:
        pipeline = Settings.read(ROOT).pipeline
        assert pipeline is not None and set(pipeline) == {"install", "gates", "drift"}
        runs = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in workflow["jobs"].items()}
        assert runs == {
            "gates": [pipeline["install"], pipeline["gates"]],
            "drift": [pipeline["install"], pipeline["drift"]],
        }
        assert pipeline["gates"].startswith("course gates ")
        # Which gates there are is said in one place only.
        text = (ROOT / ".github/workflows/gates.yaml").read_text()
        assert not any(word in text for word in ("conftest", "kyverno", "cosign", "continue-on-error", "|| true"))

    def test_it_is_safe_to_run(self, workflow: dict[str, Any]) -> None:
        assert workflow["permissions"] == {"contents": "read"}
        for job in workflow["jobs"].values():
            assert job["timeout-minutes"] <= 30
            for step in job["steps"]:
                # Pinned by commit, and nothing of the event is pasted into a shell.
                assert "uses" not in step or len(step["uses"].partition("@")[2]) == 40
                assert "${{" not in step.get("run", "")

    @pytest.mark.parametrize(
        ("what", "code", "word"),
        [
            ("as applied", 0, "in-sync"),
            ("changed by hand", 1, "drifted"),
            ("never applied", 3, "unknown"),
            ("broken", 3, "unknown"),
            ("the cloud is down", 3, "unknown"),
        ],
    )
    def test_the_drift_job_has_three_answers(self, tmp_path: Path, what: str, code: int, word: str) -> None:
        folder = Path(shutil.copytree(ROOT / "infrastructure", tmp_path / "infrastructure"))
        services.ensure("cloud")
        if what != "never applied":
            terraform = Terraform(folder)
            terraform.init()
            terraform.apply(auto_approve=True)
        if what == "changed by hand":
            cloud.client("s3").delete_bucket(Bucket="acme-gitops-inference-models")
        if what == "broken":
            (folder / "main.tf").write_text("resource {\n")
        if what == "the cloud is down":
            services.stop("cloud")
        done = process.run([sys.executable, str(ROOT / "pipeline/drift.py"), str(folder)], cwd=ROOT)
        assert (done.returncode, done.stdout.partition(":")[0]) == (code, word), done.stdout + done.stderr
        assert code != 1 or "platform_artifact_bucket.models" in done.stdout
        if what in ("as applied", "changed by hand", "broken"):
            shutil.copy(ROOT / "infrastructure/main.tf", folder)
            Terraform(folder).destroy(auto_approve=True)

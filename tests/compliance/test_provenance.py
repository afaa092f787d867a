"""Statements about artifacts, signed by the real cosign; a plan is applied only when it is the approved one."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from helpers.compliance import provenance
from helpers.compliance.provenance import Material, NotApproved, Statement
from helpers.core.errors import BadInput
from helpers.runtime import tools
from helpers.wrappers.cosign import Bundle, CannotVerify, Cause, Cosign, KeyPair
from helpers.wrappers.crane import Crane
from helpers.wrappers.module_package import pack
from helpers.wrappers.sbom import Syft
from helpers.wrappers.terraform import Terraform
from tests.wrappers.registry import registry
from tests.wrappers.sbom import parts

PASSWORD = "correct horse battery"
COMMIT = Material("git+https://git.acme.test/gpu-pool", {"gitCommit": "a" * 40})


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, KeyPair]:
    cosign = Cosign(tmp_path_factory.mktemp("keys"))
    return {name: cosign.generate_key_pair(password=PASSWORD, name=name) for name in ("pipeline", "stranger")}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    parts.module(tmp_path / "module")
    (tmp_path / "module.tar.gz").write_bytes(pack(tmp_path / "module"))
    return tmp_path / "module.tar.gz"


def test_provenance_of_a_module_package(package: Path, keys: dict[str, KeyPair]) -> None:
    made = provenance.build(package, materials=[COMMIT], parameters={"version": "1.0.0"}, invocation="run-7")
    assert made.builder == provenance.BUILDER and made.materials == (COMMIT,)
    bundle = provenance.attest(package, made, key=keys["pipeline"], password=PASSWORD)
    assert isinstance(bundle, Bundle)
    found = provenance.verify(package, key=keys["pipeline"].public)
    assert found and found.statement and found.statement.predicate == made.predicate
    assert provenance.judge(found.statement, package).passed
    assert Statement.from_dict(bundle.statement).digest == made.digest
    assert Statement.from_dict(made.to_dict()) == made
    assert "verified" in str(found._repr_html_()) and "built by https://acme.test" in repr(found)


def test_what_does_not_fit_is_refused(package: Path, keys: dict[str, KeyPair]) -> None:
    made = provenance.build(package, materials=[COMMIT])
    provenance.attest(package, made, key=keys["pipeline"], password=PASSWORD)
    stranger = provenance.verify(package, key=keys["stranger"])
    assert not stranger and getattr(stranger.verification, "cause", None) is Cause.WRONG_KEY
    other = provenance.verify(package, key=keys["pipeline"], type="https://spdx.dev/Document")
    assert not other and getattr(other.verification, "cause", None) is Cause.WRONG_TYPE
    package.write_bytes(package.read_bytes() + b"\0")
    tampered = provenance.verify(package, key=keys["pipeline"])
    assert not tampered and getattr(tampered.verification, "cause", None) is Cause.TAMPERED
    with pytest.raises(BadInput, match="not about"):
        provenance.attest(package, made, key=keys["pipeline"], password=PASSWORD)
    report = provenance.judge(made, package)
    assert [f.metadata["rule"] for f in report.failures] == ["provenance-subject"]
    with pytest.raises(CannotVerify):
        provenance.verify(package, key=package.with_name("none.pub"))


def test_an_untrusted_builder_is_refused_by_policy(package: Path) -> None:
    made = provenance.build(package, materials=[COMMIT], builder="https://laptop.test")
    assert [f.metadata["rule"] for f in provenance.judge(made, package).failures] == ["provenance-builder"]
    with pytest.raises(BadInput, match="no digest"):
        provenance.build(package, materials=[Material("somewhere", {})])


def test_a_bill_of_materials_is_bound_to_its_package(package: Path, keys: dict[str, KeyPair]) -> None:
    sbom = Syft(package.parent).module("module", version="1.0.0")
    stated = provenance.sbom_statement(package, sbom)
    bundle = package.with_name("sbom.attestation.json")
    provenance.attest(package, stated, key=keys["pipeline"], password=PASSWORD, bundle=bundle)
    found = provenance.verify(package, key=keys["pipeline"], type=provenance.SBOM_TYPES["cyclonedx"], bundle=bundle)
    assert found.statement and found.statement.predicate == sbom.raw
    package.write_bytes(b"another")
    with pytest.raises(BadInput, match="not about"):
        provenance.sbom_statement(package, sbom)
    with pytest.raises(BadInput, match="not about"):
        provenance.sbom_statement(tools.ensure("provider-platform").path, sbom)


def test_an_image_carries_its_provenance_and_parts(tmp_path: Path, keys: dict[str, KeyPair]) -> None:
    root = parts.environment(tmp_path / "root", acmelib=("1.0.0", "MIT"))
    with registry() as address:
        image = Crane(tmp_path).append([parts.layer(tmp_path, root)], f"{address}/vision/inference:1.0.0")
        assert not provenance.verify(image, key=keys["pipeline"])
        made = provenance.build(image, materials=[COMMIT])
        assert provenance.attest(image, made, key=keys["pipeline"], password=PASSWORD) == image
        listed = provenance.sbom_statement(image, Syft(tmp_path).image(image))
        provenance.attest(image, listed, key=keys["pipeline"], password=PASSWORD)
        found = provenance.verify(image, key=keys["pipeline"])
        assert found.statement and found.statement.predicate == made.predicate
        assert provenance.judge(found.statement, image).passed
        assert provenance.verify(image, key=keys["pipeline"], type=listed.predicate_type).statement
        assert not provenance.verify(image, key=keys["stranger"])


@pytest.fixture
def project(tmp_path: Path) -> Terraform:
    (tmp_path / "main.tf").write_text(
        'variable "token" {\n  sensitive = true\n}\nresource "terraform_data" "pool" {\n  input = var.token\n}\n'
    )
    terraform = Terraform(tmp_path, variables={"token": "sekret-of-the-plan"})
    terraform.init()
    return terraform


class TestPlan:
    def approve(self, project: Terraform, key: KeyPair, name: str = "good.tfplan") -> Statement:
        project.plan(out=name)
        made = provenance.bind_plan(project, name)
        provenance.attest(project.workdir / name, made, key=key, password=PASSWORD)
        return made

    def test_the_approved_plan_is_applied(self, project: Terraform, keys: dict[str, KeyPair]) -> None:
        made = self.approve(project, keys["pipeline"])
        assert made.predicate["buildDefinition"]["externalParameters"]["actions"] == {"create": 1}
        assert "main.tf" in {m.uri for m in made.materials}
        assert "sekret-of-the-plan" not in str(made.to_dict())
        assert provenance.judge(made, project.workdir / "good.tfplan").passed
        provenance.apply_approved(project, "good.tfplan", key=keys["pipeline"].public)
        assert [r.address for r in project.show().resources] == ["terraform_data.pool"]

    def test_another_plan_is_not(self, project: Terraform, keys: dict[str, KeyPair]) -> None:
        self.approve(project, keys["pipeline"])
        main = project.workdir / "main.tf"
        main.write_text(main.read_text() + 'resource "terraform_data" "backdoor" {}\n')
        project.plan(out="evil.tfplan")
        shutil.copy(project.workdir / "evil.tfplan", project.workdir / "good.tfplan")
        with pytest.raises(NotApproved, match="not the plan that was approved"):
            provenance.apply_approved(project, "good.tfplan", key=keys["pipeline"])
        bundle = project.workdir / "good.tfplan.attestation.json"
        with pytest.raises(NotApproved):
            provenance.apply_approved(project, "evil.tfplan", key=keys["pipeline"], bundle=bundle)
        assert not (project.workdir / "terraform.tfstate").exists()

    def test_one_changed_byte_is_another_plan(self, project: Terraform, keys: dict[str, KeyPair]) -> None:
        self.approve(project, keys["pipeline"])
        path = project.workdir / "good.tfplan"
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old, zipfile.ZipFile(path, "w") as new:
            for item in old.infolist():
                new.writestr(item, old.read(item))
        with pytest.raises(NotApproved):
            provenance.apply_approved(project, "good.tfplan", key=keys["pipeline"])

    def test_a_stranger_cannot_approve(self, project: Terraform, keys: dict[str, KeyPair]) -> None:
        self.approve(project, keys["stranger"])
        with pytest.raises(NotApproved):
            provenance.apply_approved(project, "good.tfplan", key=keys["pipeline"])
        (project.workdir / "good.tfplan.attestation.json").unlink()
        with pytest.raises(NotApproved, match="not the plan"):
            provenance.apply_approved(project, "good.tfplan", key=keys["pipeline"])
        with pytest.raises(NotApproved, match="no plan"):
            provenance.apply_approved(project, "none.tfplan", key=keys["pipeline"])

    def test_provenance_of_something_else_is_no_approval(self, project: Terraform, keys: dict[str, KeyPair]) -> None:
        project.plan(out="good.tfplan")
        path = project.workdir / "good.tfplan"
        made = provenance.build(path, materials=[COMMIT])
        provenance.attest(path, made, key=keys["pipeline"], password=PASSWORD)
        with pytest.raises(NotApproved):
            provenance.verify_plan(path, key=keys["pipeline"])


SHORT = [{"name": "x", "digest": {"sha256": "1"}}]


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"_type": "x"},
        {"subject": []},
        {"subject": [{"name": "x", "digest": {}}]},
        {"_type": provenance.STATEMENT_TYPE, "subject": SHORT, "predicateType": "x", "predicate": {}},
    ],
)
def test_other_documents_are_no_statements(raw: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Statement.from_dict(raw)

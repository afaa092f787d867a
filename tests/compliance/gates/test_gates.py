"""The gates on real commits, with real Kustomize, Conftest, cosign and a real registry."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from helpers.compliance import gates
from helpers.compliance.gates import GateReport
from helpers.core import process
from helpers.wrappers.git import Git, NotARepository, UnknownRevision
from tests.compliance.gates.world import HOST, Repository

STAGING = "apps/inference/overlays/staging/kustomization.yaml"
PROD = "apps/inference/overlays/prod/kustomization.yaml"


def statuses(report: GateReport) -> dict[str, str]:
    return {gate.name: gate.status for gate in report.gates}


def rules(report: GateReport, name: str) -> set[str]:
    gate = report.gate(name)
    assert gate is not None
    return {finding.rule for finding in gate.findings}


def only(report: GateReport, name: str, status: str = "failed") -> set[str]:
    """Assert that this gate alone stops the change, and return the rules it names."""
    assert statuses(report) == {**dict.fromkeys(statuses(report), "passed"), name: status}, report.text()
    assert not report.passed and report.status == status
    return rules(report, name)


def test_a_good_promotion_passes(repository: Repository) -> None:
    repository.promote("staging", "1.1.0")
    head = repository.commit("Promote inference 1.1.0 to staging")
    report = repository.judge()
    assert report.passed and report.exit_code == 0, report.text()
    assert statuses(report) == dict.fromkeys(["signature", "render", "policy", "image", "secrets"], "passed")
    assert report.commit == head and report.base == repository.base and report.rules.startswith("base ")
    render = report.gate("render")
    assert render is not None and render.reason.startswith("1 directory ")
    assert repr(report).startswith("GateReport(passed: signature passed, ")
    data = json.loads(json.dumps(report.to_dict()))
    assert data["passed"] is True and data["gates"][0]["name"] == "signature"
    assert "staging" in report.text() or "may go on" in report.text()
    assert "passed" in (report._repr_html_() or "")


def test_the_whole_repository_passes(repository: Repository) -> None:
    report = repository.judge(base=None)
    assert report.passed and report.rules == "head", report.text()
    render, image = report.gate("render"), report.gate("image")
    assert render is not None and render.reason.startswith("9 directories ")
    assert image is not None and image.reason.startswith("2 images ")
    assert statuses(repository.judge(base="0" * 40)) == statuses(report)
    # Nothing between the two: the commit itself and all that it holds.
    again = repository.judge(base=repository.base, head=repository.base)
    assert again.passed and again.gate("render") is not None and "9 directories" in again.text()


class TestEachGateBlocksAlone:
    """The other two of the three are satisfied each time, and said to be."""

    def test_signature(self, repository: Repository) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit(person=None)
        assert only(repository.judge(), "signature") == {"commit-unsigned"}

    def test_policy(self, repository: Repository) -> None:
        repository.replace(PROD, "count: 3", "count: 1")
        repository.commit()
        assert only(repository.judge(), "policy") == {"replicas"}

    def test_image(self, repository: Repository) -> None:
        repository.promote("staging", "1.3.0")
        repository.commit()
        assert only(repository.judge(), "image") == {"image-no-signature"}


class TestSignature:
    def test_a_stranger(self, repository: Repository) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit(person="eve")
        assert only(repository.judge(), "signature") == {"commit-untrusted"}

    def test_a_stranger_does_not_let_himself_in(self, repository: Repository) -> None:
        key = repository.world.people["eve"].text
        repository.edit("trust/allowed_signers", lambda text: f'{text}eve@acme.test namespaces="git" {key}\n')
        repository.commit(person="eve")
        assert only(repository.judge(), "signature") == {"commit-untrusted"}

    def test_one_bad_commit_among_good_ones(self, repository: Repository) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit()
        repository.edit("README.md", lambda text: f"{text}\n")
        bad = repository.commit(person=None)
        repository.edit("README.md", lambda text: f"{text}\n")
        repository.commit(person="grace")
        report = repository.judge()
        assert only(report, "signature") == {"commit-unsigned"}
        signature = report.gate("signature")
        assert signature is not None and [f.file for f in signature.findings] == [f"commit {bad[:10]}"]

    def test_one_person_under_the_name_of_another(self, repository: Repository) -> None:
        repository.promote("staging", "1.1.0")
        repository.git.configure_identity(repository.world.identity("ada"))
        repository.git.config("user.email", "grace@acme.test")
        repository.git.add(all=True)
        repository.git.commit("Change")
        assert only(repository.judge(), "signature") == {"commit-other-signer"}

    def test_a_changed_commit(self, repository: Repository) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit()
        raw = process.run(["git", "cat-file", "commit", "HEAD"], cwd=repository.folder).stdout
        write = ["git", "hash-object", "-t", "commit", "-w", "--stdin"]
        sha = process.run(write, cwd=repository.folder, input=raw.replace("Change", "Chance")).stdout.strip()
        assert only(repository.judge(head=sha), "signature") == {"commit-bad"}

    def test_nobody_is_allowed(self, repository: Repository, tmp_path: Path) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit()
        trusted = Path(shutil.copytree(repository.folder, tmp_path / "trusted", ignore=shutil.ignore_patterns(".git")))
        (trusted / "trust/allowed_signers").unlink()
        report = repository.judge(trusted=trusted)
        assert only(report, "signature", "unknown") == set()
        assert report.rules == "trusted directory" and report.exit_code == 3


class TestPolicy:
    def test_a_change_cannot_weaken_what_judges_it(self, repository: Repository) -> None:
        repository.replace(PROD, "count: 3", "count: 1")
        repository.replace("policy/data/environments.yaml", "replicas: 2", "replicas: 0")
        repository.edit("policy/conftest/capacity.rego", lambda text: text.replace("deny contains", "warn contains"))
        repository.edit("policy/conftest/capacity_test.rego", lambda _: "package gitops.capacity_test\n")
        repository.replace("gates.yaml", "policy, image, secrets]", "secrets]")
        repository.commit()
        report = repository.judge()
        assert only(report, "policy") == {"replicas"}
        # Judged by itself it would go through: that is what the base protects from.
        assert repository.judge(trusted=repository.folder).passed

    def test_rules_are_tested_before_they_judge(self, repository: Repository) -> None:
        repository.replace("policy/conftest/images.rego", "deny contains", "warn contains")
        repository.commit()
        assert only(repository.judge(), "policy") == {"policy-test"}

    def test_broken_rules_do_not_land(self, repository: Repository) -> None:
        repository.edit("policy/conftest/images.rego", lambda text: f"{text}\ndeny[msg] {{ }}\n")
        repository.commit()
        assert only(repository.judge(), "policy") == {"policy-broken"}

    def test_rules_are_not_taken_away(self, repository: Repository) -> None:
        shutil.rmtree(repository.folder / "policy/conftest")
        repository.commit()
        assert only(repository.judge(), "policy") == {"policy-removed"}

    def test_broken_rules_of_the_base_are_no_pass(self, repository: Repository, tmp_path: Path) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit()
        trusted = Path(shutil.copytree(repository.folder, tmp_path / "trusted", ignore=shutil.ignore_patterns(".git")))
        (trusted / "policy/conftest/images.rego").write_text("package gitops.images\ndeny[")
        report = repository.judge(trusted=trusted)
        assert only(report, "policy", "unknown") == set()

    def test_the_finding_says_where(self, repository: Repository) -> None:
        repository.replace("apps/inference/base/deployment.yaml", "runAsNonRoot: true", "runAsNonRoot: false")
        repository.commit()
        report = repository.judge()
        assert only(report, "policy") == {"root"}
        policy = report.gate("policy")
        assert policy is not None
        # In prod a patch of the overlay is the nearer place.
        places = {(f.file, f.line) for f in policy.findings}
        base, patch = "apps/inference/base/deployment.yaml", "apps/inference/overlays/prod/resources.yaml"
        assert len(policy.findings) == 3 and places == {(base, 2), (patch, 2)}

    def test_a_warning_stops_nothing(self, repository: Repository) -> None:
        probe = "          livenessProbe:\n            httpGet: {path: /healthz, port: http}\n"
        repository.replace("apps/inference/base/deployment.yaml", probe, "")
        repository.commit()
        report = repository.judge()
        assert report.passed and rules(report, "policy") == {"probe"}

    def test_an_overlay_stays_in_its_environment(self, repository: Repository) -> None:
        repository.replace(STAGING, "namespace: inference-staging", "namespace: inference-prod")
        repository.replace(STAGING, "count: 1", "count: 2")
        repository.commit()
        assert only(repository.judge(), "policy") == {"namespace"}

    def test_a_secret_in_git_is_stopped_twice(self, repository: Repository) -> None:
        secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: store}\nstringData: {key: not-so-secret}\n"
        repository.edit("apps/inference/overlays/staging/store.yaml", lambda _: secret)
        repository.replace(STAGING, "  - ../../base\n", "  - ../../base\n  - store.yaml\n")
        repository.commit()
        report = repository.judge()
        assert rules(report, "policy") == {"secret-data"} and rules(report, "secrets") == {"kubernetes-secret"}
        assert "not-so-secret" not in report.text() + json.dumps(report.to_dict()) + repr(report.gates)


class TestImage:
    def test_no_digest(self, repository: Repository) -> None:
        digest = f"digest: {repository.world.images['1.0.0']}"
        repository.replace(STAGING, digest, "newTag: 1.0.0")
        repository.commit()
        report = repository.judge()
        assert rules(report, "image") == {"image-digest"} and rules(report, "policy") == {"image-digest"}

    def test_signed_by_a_stranger(self, repository: Repository) -> None:
        repository.promote("staging", "1.2.0")
        repository.commit()
        report = repository.judge()
        assert only(report, "image") == {"image-wrong-key"}
        image = report.gate("image")
        assert image is not None and image.findings[0].file == STAGING and image.findings[0].line

    def test_a_change_does_not_bring_its_own_key(self, repository: Repository) -> None:
        repository.promote("staging", "1.2.0")
        shutil.copyfile(repository.world.stranger_key.public, repository.folder / "trust/cosign.pub")
        repository.commit()
        assert only(repository.judge(), "image") == {"image-wrong-key"}

    def test_not_in_the_registry(self, repository: Repository) -> None:
        repository.replace(STAGING, repository.world.images["1.0.0"], "sha256:" + "0" * 64)
        repository.commit()
        assert only(repository.judge(), "image") == {"image-missing"}

    def test_from_elsewhere(self, repository: Repository) -> None:
        repository.replace(STAGING, HOST, "elsewhere.test")
        repository.commit()
        assert only(repository.judge(), "image") == {"image-registry"}

    def test_the_registry_is_down(self, repository: Repository) -> None:
        with socket.socket() as taken:
            # Bound, but nobody listens.
            taken.bind(("127.0.0.1", 0))
            repository.promote("staging", "1.1.0")
            repository.commit()
            report = repository.judge(registries={HOST: f"127.0.0.1:{taken.getsockname()[1]}"})
        assert only(report, "image", "unknown") == {"image-unverified"}
        assert report.exit_code == 3 and "course services start oci" in report.text()

    def test_by_default_the_service_is_asked_and_it_is_stopped(self, repository: Repository) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit()
        assert only(repository.judge(registries=None), "image", "unknown") == {"image-unverified"}


class TestRender:
    def test_a_broken_manifest(self, repository: Repository) -> None:
        repository.replace(STAGING, "../../base", "../../bas")
        repository.commit()
        report = repository.judge()
        assert statuses(report) == {
            "signature": "passed",
            "render": "failed",
            "policy": "unknown",
            "image": "unknown",
            "secrets": "passed",
        }
        assert rules(report, "render") == {"kustomize-missing-resource"}

    def test_a_base_changes_all_its_overlays(self, repository: Repository) -> None:
        repository.replace("apps/inference/base/service.yaml", "port: 80", "port: 81")
        repository.commit()
        render = repository.judge().gate("render")
        assert render is not None and render.reason.startswith("3 directories ")

    def test_what_no_gate_looks_at_does_not_land(self, repository: Repository) -> None:
        for source in (repository.folder / "apps/inference/overlays/dev").iterdir():
            text = source.read_text().replace("count: 1", "count: 99")
            repository.edit(f"apps/inference/overlays/qa/{source.name}", lambda _, text=text: text)  # type: ignore[misc]
        repository.commit()
        assert only(repository.judge(), "render") == {"not-judged"}

    def test_a_link_out_of_the_repository(self, repository: Repository, tmp_path: Path) -> None:
        (tmp_path / "private.yaml").write_text("kind: Secret\n")
        (repository.folder / "apps/inference/overlays/staging/link.yaml").symlink_to(tmp_path / "private.yaml")
        repository.replace(STAGING, "  - ../../base\n", "  - ../../base\n  - link.yaml\n")
        repository.commit()
        report = repository.judge()
        assert "link-outside" in rules(report, "render") and not report.passed

    def test_something_from_the_network(self, repository: Repository) -> None:
        repository.replace(STAGING, "../../base", "https://acme.test/base.yaml")
        repository.commit()
        assert rules(repository.judge(), "render") == {"kustomize-remote"}

    def test_a_removed_folder_is_told_of(self, repository: Repository) -> None:
        shutil.rmtree(repository.folder / "apps/inference/overlays/staging")
        repository.commit()
        report = repository.judge()
        assert report.passed and rules(report, "render") == {"removed"}

    def test_attributes_hide_nothing(self, repository: Repository) -> None:
        repository.edit(".gitattributes", lambda _: "apps/** export-ignore\n")
        repository.replace(PROD, "count: 3", "count: 1")
        repository.commit()
        assert only(repository.judge(), "policy") == {"replicas"}


class TestSecrets:
    def test_a_secret_taken_out_again_is_still_in_history(self, repository: Repository) -> None:
        token = "ghp_" + "a1B2" * 9
        repository.edit("notes.md", lambda _: f"token {token}\n")
        repository.commit()
        (repository.folder / "notes.md").unlink()
        repository.commit()
        report = repository.judge()
        assert only(report, "secrets") == {"github-token"}
        assert token not in report.text() + repr(report.gates) and "rotate" in report.text()

    def test_in_a_message(self, repository: Repository) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit("Promote\n\nwith AKIA" + "ABCDEFGH23456722\n")
        assert only(repository.judge(), "secrets") == {"aws-access-key"}

    def test_what_was_there_before_is_not_told_again(self, repository: Repository) -> None:
        repository.edit("notes.md", lambda _: "ghp_" + "a1B2" * 9)
        repository.base = repository.commit()
        repository.promote("staging", "1.1.0")
        repository.commit()
        assert repository.judge().passed

    def test_another_encoding_hides_nothing(self, repository: Repository) -> None:
        (repository.folder / "notes.txt").write_bytes(("ghp_" + "a1B2" * 9).encode("utf-16"))
        repository.commit()
        assert only(repository.judge(), "secrets") == {"github-token"}

    def test_what_is_too_large_is_not_passed_over(self, repository: Repository) -> None:
        repository.edit("model.txt", lambda _: "x" * 32_000_001)
        repository.commit()
        assert only(repository.judge(), "secrets", "unknown") == {"too-large"}


class TestWhereItRuns:
    def test_a_bare_repository_in_a_hook(self, repository: Repository, tmp_path: Path) -> None:
        """The pushed objects are not in the repository yet; git tells the hook where they are."""
        bare = tmp_path / "forge.git"
        Git.clone(repository.folder, tmp_path / "clone", branch="main")
        process.run(["git", "clone", "--quiet", "--bare", str(tmp_path / "clone"), str(bare)], cwd=tmp_path)
        seen = tmp_path / "environment"
        hook = bare / "hooks/pre-receive"
        hook.write_text(
            f"#!/bin/sh\nenv | grep '^GIT_' > {seen}\ncp -r \"$GIT_QUARANTINE_PATH\" {tmp_path}/kept\nexit 1\n"
        )
        hook.chmod(0o755)
        repository.promote("staging", "1.1.0")
        head = repository.commit()
        process.run(["git", "push", "--quiet", str(bare), "change"], cwd=repository.folder)
        env = dict(line.split("=", 1) for line in seen.read_text().splitlines())
        with pytest.raises(UnknownRevision):
            gates.run(bare, base=repository.base, head=head)
        env |= {"GIT_OBJECT_DIRECTORY": str(tmp_path / "kept"), "GIT_QUARANTINE_PATH": str(tmp_path / "kept")}
        env["GIT_CONFIG_COUNT"] = "not a number"
        registries = {HOST: repository.world.registry}
        report = gates.run(bare, base=repository.base, head=head, env=env, registries=registries)
        assert report.passed and report.commit == head, report.text()

    def test_the_tree_is_left_alone(self, repository: Repository) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit()
        repository.edit(PROD, lambda text: text.replace("count: 3", "count: 2"))
        before = sorted((str(p), p.stat().st_mtime_ns) for p in repository.folder.rglob("*") if "objects" not in str(p))
        assert repository.judge().passed
        after = sorted((str(p), p.stat().st_mtime_ns) for p in repository.folder.rglob("*") if "objects" not in str(p))
        assert before == after

    def test_a_subfolder_will_do(self, repository: Repository) -> None:
        repository.promote("staging", "1.1.0")
        repository.commit()
        registries = {HOST: repository.world.registry}
        assert gates.run(repository.folder / "apps", base="main", head="change", registries=registries).passed

    def test_no_repository_no_commit_no_gates(self, repository: Repository, tmp_path: Path) -> None:
        empty = tmp_path / "empty"
        empty.mkdir()
        with pytest.raises(NotARepository):
            gates.run(empty, base=None)
        with pytest.raises(UnknownRevision):
            repository.judge(head="gone")
        with pytest.raises(UnknownRevision):
            repository.judge(base="gone")
        (repository.folder / "gates.yaml").unlink()
        repository.commit()
        with pytest.raises(gates.GatesMissing) as caught:
            repository.judge(base=None)
        assert caught.value.exit_code == 3
        # With gates in the base, taking them away changes nothing.
        assert repository.judge().rules.startswith("base ")

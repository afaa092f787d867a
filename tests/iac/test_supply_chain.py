"""The rules for what is delivered: tested, documented, and right about real bills of materials."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest

from helpers.core.paths import IAC
from helpers.runtime import tools
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.opa import Opa
from helpers.wrappers.policy import PolicyReport
from helpers.wrappers.sbom import Sbom, Syft
from tests.wrappers.sbom import parts

ROOT = IAC / "supply-chain"
SBOM = ("sbom.completeness", "sbom.licences", "sbom.known_bad")


def judge(document: Any, *namespaces: str) -> PolicyReport:
    return Conftest(ROOT).test(document=document, data=["data"], namespaces=namespaces or SBOM, strict=True)


def rules(report: PolicyReport) -> set[str]:
    return {str(result.metadata["rule"]) for result in report.results if result.level == "failure"}


@pytest.fixture(scope="module")
def provider() -> Sbom:
    return Syft().file(tools.ensure("provider-platform").path)


def test_every_rule_is_tested_and_documented() -> None:
    report = Conftest(ROOT).verify(data=["data"], coverage=True, threshold=98)
    assert report.passed and report.passes >= 45, report
    opa = Opa(ROOT)
    assert opa.check("policy").valid and opa.fmt("policy").formatted
    notes = opa.inspect("policy").annotations
    named = {(Path(a.file).name, a.line) for a in notes if a.scope == "rule" and a.title}
    for file in sorted((ROOT / "policy").glob("*.rego")):
        found = [n for n, line in enumerate(file.read_text().splitlines(), 1) if line.startswith(("deny ", "warn "))]
        assert len(found) == sum(name == file.name for name, _ in named), file.name
        assert not found or file.with_name(f"{file.stem}_test.rego").exists()


def test_our_provider_may_be_delivered(provider: Sbom) -> None:
    report = judge(provider.raw)
    assert report.passed and report.warnings, "licences of compiled modules are not known, and that is said"


def test_a_known_bad_component_stops_it(provider: Sbom) -> None:
    document: Any = copy.deepcopy(provider.raw)
    purl = "pkg:golang/acme.test/platform/queue-client"
    hashes = [{"alg": "SHA-256", "content": "0" * 64}]
    component = {"type": "library", "name": "queue-client", "hashes": hashes}
    document["components"].append({**component, "version": "v1.3.0", "purl": f"{purl}@v1.3.0"})
    report = judge(document)
    assert rules(report) == {"known-bad"} and "incident 2041" in report.failures[0].msg
    document["components"][-1].update(version="v1.4.1", purl=f"{purl}@v1.4.1")
    assert judge(document).passed


def test_a_module_passes_when_everything_is_exact(tmp_path: Path) -> None:
    folder = parts.module(tmp_path / "module")
    loose = Syft(tmp_path).module("module")
    assert rules(judge(loose.raw)) == {"sbom-component"}
    main = folder / "main.tf"
    main.write_text("\n".join(line for line in main.read_text().splitlines() if "hashicorp/time" not in line))
    assert judge(Syft(tmp_path).module("module").raw).passed
    shutil.rmtree(folder / ".terraform")
    assert rules(judge(Syft(tmp_path).module("module").raw)) == {"sbom-component"}, "a constraint is no version"


def test_licences_of_a_python_environment(tmp_path: Path) -> None:
    parts.environment(tmp_path / "good", one=("1.0", "MIT"), two=("2.0", "Apache-2.0 OR GPL-2.0-only"))
    parts.environment(tmp_path / "bad", one=("1.0", "MIT"), two=("2.0", "AGPL-3.0-only"))
    assert judge(Syft(tmp_path).python("good").raw, "sbom.licences").passed
    report = judge(Syft(tmp_path).python("bad").raw, "sbom.licences")
    assert [f.msg for f in report.failures] == ["two 2.0 is under AGPL-3.0-only, which is not cleared"]


def test_the_other_format_is_no_way_around(tmp_path: Path) -> None:
    parts.environment(tmp_path / "bad", two=("2.0", "AGPL-3.0-only"))
    report = judge(Syft(tmp_path).python("bad", format="spdx").raw)
    assert rules(report) == {"sbom-format", "licence-format", "known-bad-format"}


@pytest.mark.parametrize("document", [{}, {"bomFormat": "CycloneDX"}, {"components": []}])
def test_nothing_at_all_does_not_pass(document: Any) -> None:
    for namespace in (*SBOM, "provenance"):
        assert not judge(document, namespace).passed

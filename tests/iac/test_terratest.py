"""The Terratest suite of the course's modules (``iac/terratest``), as CI runs it: parallel, with a JUnit report."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from helpers import Cosign, Registry, cloud
from helpers.core.paths import IAC, ROOT
from helpers.course.labs import Lab
from helpers.wrappers.terratest import SuiteRun, Terratest
from tests.toolchain.conftest import go

pytestmark = [pytest.mark.timeout(1800), pytest.mark.xdist_group("go")]
SUITE, PINNED = IAC / "terratest", ROOT / "toolchain/terratest"
#: Steps of Lab 1 whose solution is the module under test.
MODULE = ("interface", "build")
PASSWORD = "only-for-this-test"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lab = Lab("lab1", work=tmp_path_factory.mktemp("solved") / "work")
    for step in MODULE:
        lab.solve(step)
    return lab.path("modules/gpu-workspace")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(IAC / "lectures/unit1/registry/store", tmp_path_factory.mktemp("m") / "store")


@pytest.fixture(scope="module")
def published(store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    keys = Cosign(tmp_path_factory.mktemp("keys")).generate_key_pair("keys", password=PASSWORD)
    hub = Registry.local()
    hub.add_key("lecture", "suite", keys.public)
    who = {"namespace": "lecture", "name": "artifact-store", "provider": "platform"}
    version = hub.publish(store, "1.0.0", **who, key=keys.private, password=PASSWORD).version
    return {"PUBLISHED_STORE": "registry.acme.test/lecture/artifact-store/platform", "PUBLISHED_VERSION": version}


def run(pattern: str, junit: Path, **env: str) -> SuiteRun:
    return Terratest(SUITE, account="platform", env=env).run(pattern, parallel=4, junit=junit)


def test_go_is_formatted_and_vetted() -> None:
    # Not the harness: vet would look through the 800 packages below it. Suites are vetted when they are compiled.
    assert go(PINNED, "vet", ".").returncode == 0
    for folder in (PINNED, SUITE, IAC / "lectures/unit2/terratest"):
        assert go(PINNED, "run", "cmd/gofmt", "-l", str(folder)).stdout == ""


def test_the_suite_passes_and_leaves_nothing(
    workspace: Path, store: Path, published: dict[str, str], tmp_path: Path
) -> None:
    done = run("", tmp_path / "junit.xml", GPU_WORKSPACE=str(workspace), ARTIFACT_STORE=str(store), **published)
    assert done.passed, [(test.name, test.where, test.message) for test in done.failures]
    names = {test.name for test in done.tests}
    assert {"TestUpgrade", "TestStore", "TestWorkspace/one-small-node", "TestRetries/the_quota"} <= names
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    report = xml.parse(tmp_path / "junit.xml").getroot()
    assert (report.get("tests"), report.get("failures")) == (str(len(done.tests)), "0")


def test_a_rename_without_moved_fails_the_upgrade_test(store: Path, published: dict[str, str], tmp_path: Path) -> None:
    renamed = shutil.copytree(store, tmp_path / "renamed")
    for name in ("main.tf", "outputs.tf"):
        text = (renamed / name).read_text().replace("bucket.this", "bucket.kept").replace('"this"', '"kept"')
        (renamed / name).write_text(text)
    done = run("TestUpgrade", tmp_path / "junit.xml", ARTIFACT_STORE=str(renamed), **published)
    assert not done.passed
    assert "module.store.platform_artifact_bucket.this would be destroyed" in done["TestUpgrade"].message
    assert done.left is None

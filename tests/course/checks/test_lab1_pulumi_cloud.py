"""Lab 1 in Pulumi on the cloud and in the registry: tests on the cloud, documentation, the signed and pushed wheel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.course.checks import lab1_pulumi
from helpers.course.checks.lab1_testing import in_cloud
from helpers.course.checks.support import component_tests
from helpers.course.checks.support.component import COMPONENT
from helpers.course.checks.support.component_package import BUNDLE, WHEEL
from helpers.course.labs import Lab
from helpers.runtime import services
from helpers.wrappers.cosign import Cosign
from tests.course.checks.component_files import edit
from tests.course.checks.components import INIT, write
from tests.course.checks.judged import said
from tests.repeats import SOAK

pytestmark = [pytest.mark.timeout(1800), pytest.mark.xdist_group("pulumi-lab"), pytest.mark.soak]
CLOUD, README = f"{COMPONENT}/tests/test_cloud.py", f"{COMPONENT}/README.md"
DESTROYED_ONLY_WHEN_GREEN = (
    ("    try:\n        pulumi.up()", "    if True:\n        pulumi.up()"),
    (
        "    finally:\n        pulumi.destroy()",
        "    pulumi.destroy()",
    ),
)


@pytest.fixture(scope="module")
def world(isolated: None) -> Iterator[None]:
    services.ensure("cloud")
    yield


@pytest.fixture
def lab(world: None, tmp_path: Path) -> Lab:
    return write(Lab("lab1", work=tmp_path / "work"))


def passes(lab: Lab, *steps: str) -> None:
    for step in steps:
        result = lab.result(step)
        assert result.passed, result.reason


def test_a_test_on_the_cloud(lab: Lab) -> None:
    if SOAK:
        passes(lab, "test-cloud")
        component_tests.on_cloud(lab, in_cloud, component_tests.REFUSED_BY_CLOUD)
    else:
        component_tests.on_cloud(lab, in_cloud, {"gpus": component_tests.WRONG["gpus"]})
    edit(lab, CLOUD, "def test_", "def tested_")
    assert said(lab, "test-cloud") == f"{CLOUD} has no test"


#: Old and new texts, and the reason. Each but the first makes workspaces, so an ordinary run has that one.
LOOKS_RIGHT = [
    ([("pulumi.up()", "pulumi.preview()")], "KeyError"),
    ([('assert outputs["hourly_cost_usd"].value == 1.6', "outputs.keys()")], 'wrong output "hourly_cost_usd"'),
    # The last one: what it leaves stays in the cloud of this module.
    (DESTROYED_ONLY_WHEN_GREEN, "leaves bucket acme-tested-dev-artifacts"),
]


@pytest.mark.parametrize(("changes", "reason"), LOOKS_RIGHT if SOAK else LOOKS_RIGHT[:1])
def test_a_test_on_the_cloud_that_looks_right(lab: Lab, changes: list[tuple[str, str]], reason: str) -> None:
    for old, new in changes:
        edit(lab, CLOUD, old, new)
    assert reason in said(lab, "test-cloud")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("| `l4` |", "| `t4` |", "the default of gpu_kind is 'l4', not 't4'"),
        ("| `gpu_quota` | int | `16` |\n", "", "its table of inputs lacks gpu_quota"),
        ("| `gpus` | number", "| `gpu_count` | number", "lacks gpus"),
        ("examples/basic/__main__.py", "examples/full/__main__.py", "There is no examples/full/__main__.py"),
        (
            "# acme-workspace\n",
            "# acme-workspace\n\n`pip install acme-workspace==1.2.0`\n",
            "names 1.2.0; the component",
        ),
        ("```python", "```text", "has no ```python example"),
        ('cost_centre="cc-4021"', 'cost_center="cc-4021"', "the example does not run"),
    ],
)
def test_a_readme_that_is_not_true(lab: Lab, old: str, new: str, reason: str) -> None:
    edit(lab, README, old, new)
    assert reason in said(lab, "docs")


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("pyproject.toml", 'version = "1.0.0"', 'version = "0.9.0"', "the version is '0.9.0', not 1.0.0"),
        ("pyproject.toml", ', email = "platform-team@acme.test"', "", "nobody with an e-mail address"),
        ("pyproject.toml", 'dependencies = ["pulumi>=3.190,<4"]', 'dependencies = ["boto3"]', "do not name pulumi"),
        ("CHANGELOG.md", "- First release.\n", "", "It has no entry for 1.0.0"),
    ],
)
def test_a_manifest_that_looks_right(lab: Lab, file: str, old: str, new: str, reason: str) -> None:
    edit(lab, f"{COMPONENT}/{file}", old, new)
    assert reason in said(lab, "version")


def signed(lab: Lab) -> None:
    lab.path("keys").mkdir(exist_ok=True)
    password = lab.secret("release-key")
    if not lab.path("keys/cosign.key").exists():
        Cosign(lab.path("keys")).generate_key_pair(".", password=password)
    wheel = lab1_pulumi.build_wheel(lab)
    lab.path(BUNDLE).unlink(missing_ok=True)
    Cosign(lab.work).sign_blob(wheel, key=lab.path("keys/cosign.key"), bundle=lab.path(BUNDLE), password=password)


def test_from_the_files_to_the_registry_and_back(lab: Lab) -> None:
    passes(lab, "version", "docs")
    assert said(lab, "sign") == f"{WHEEL} does not exist"
    signed(lab)
    first = lab.path(WHEEL).read_bytes()
    passes(lab, "sign")
    assert "it was not published" in said(lab, "publish")
    lab1_pulumi.push(lab)
    passes(lab, "publish")
    # The files move on, and the wheel stays what it was.
    edit(lab, INIT, '"gpu_quota: 0 to 8000"', '"gpu_quota: 0 to 8000 GPUs"')
    assert "is not modules/gpu-workspace-pulumi as it is now" in said(lab, "sign")
    signed(lab)
    passes(lab, "sign")
    assert "another wheel" in said(lab, "publish")
    # A wheel that nobody signed, and one that lacks a file, look like the right one.
    lab.path(WHEEL).write_bytes(first)
    assert BUNDLE in said(lab, "sign")
    lab.write(f"{COMPONENT}/acme_workspace/sizes/__init__.py", "")
    signed(lab)
    assert "lacks acme_workspace/sizes/__init__.py" in said(lab, "sign")

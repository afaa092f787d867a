"""Our Terraform provider: vet, unit tests and acceptance tests against the local cloud."""

from __future__ import annotations

import re

import pytest

from helpers import services, tools
from helpers._paths import TOOLCHAIN
from tests.toolchain.conftest import go

PROVIDER = TOOLCHAIN / "provider-platform"


@pytest.mark.timeout(1800)
@pytest.mark.xdist_group("go")
def test_vet_is_content() -> None:
    vetted = go(PROVIDER, "vet", "./...")
    assert vetted.returncode == 0, vetted.stderr[-4000:]


@pytest.mark.timeout(1800)
@pytest.mark.xdist_group("go")
def test_unit_and_acceptance_tests_pass_against_the_local_cloud() -> None:
    cloud = services.ensure("cloud")
    env = {
        "TF_ACC": "1",
        "TF_ACC_TERRAFORM_PATH": str(tools.ensure("terraform").path),
        "PLATFORM_ENDPOINT": cloud.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test-only",
        "AWS_REGION": "eu-west-1",
    }
    tested = go(PROVIDER, "test", "-count=1", "-v", "./...", env=env)
    assert tested.returncode == 0, tested.stdout[-6000:] + tested.stderr[-2000:]
    passed = re.findall(r"^--- PASS: (\w+)", tested.stdout, re.MULTILINE)
    assert any(name.startswith("TestAcc") for name in passed)
    assert "--- SKIP" not in tested.stdout

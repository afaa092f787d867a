"""Our Terraform provider: vet, unit tests and acceptance tests against the local cloud."""

from __future__ import annotations

import re

import pytest

from helpers.clients.aws import cloud
from helpers.core.paths import TOOLCHAIN
from helpers.runtime import cloud_access, tools
from tests.toolchain.conftest import go

PROVIDER = TOOLCHAIN / "provider-platform"


@pytest.mark.xdist_group("go")
def test_vet_is_content() -> None:
    vetted = go(PROVIDER, "vet", "./...")
    assert vetted.returncode == 0, vetted.stderr[-4000:]


@pytest.mark.xdist_group("go")
def test_unit_and_acceptance_tests_pass_against_the_local_cloud() -> None:
    endpoint = cloud.url()
    key, secret = cloud.local_key()
    env = {
        "TF_ACC": "1",
        "TF_ACC_TERRAFORM_PATH": str(tools.ensure("terraform").path),
        "PLATFORM_ENDPOINT": str(endpoint),
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "eu-west-1",
        "AWS_CA_BUNDLE": str(cloud_access.ca_file()),
    }
    tested = go(PROVIDER, "test", "-count=1", "-v", "./...", env=env)
    assert tested.returncode == 0, tested.stdout[-6000:] + tested.stderr[-2000:]
    passed = re.findall(r"^--- PASS: (\w+)", tested.stdout, re.MULTILINE)
    assert any(name.startswith("TestAcc") for name in passed)
    assert "--- SKIP" not in tested.stdout

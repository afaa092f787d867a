"""Our transparency log: vet, gofmt and its own tests."""

from __future__ import annotations

import pytest

from helpers.core.paths import TOOLCHAIN
from helpers.runtime import tools
from tests.toolchain.conftest import go

LOG = TOOLCHAIN / "audit-log"


@pytest.mark.xdist_group("go")
def test_vet_is_content() -> None:
    vetted = go(LOG, "vet", "./...")
    assert vetted.returncode == 0, vetted.stderr[-4000:]


@pytest.mark.xdist_group("go")
def test_unit_tests_pass() -> None:
    tested = go(LOG, "test", "-count=1", "-v", "./...")
    assert tested.returncode == 0, tested.stdout[-6000:] + tested.stderr[-2000:]
    assert tested.stdout.count("--- PASS: Test") >= 24
    assert "--- SKIP" not in tested.stdout


def test_the_tool_is_built_and_says_its_version() -> None:
    tool = tools.ensure("audit-log")
    assert tool.version == "0.1.0"

"""Our reader of Terraform's language: vet, its own tests, and the tool as it is built."""

from __future__ import annotations

import json

import pytest

from helpers.core import process
from helpers.core.paths import TOOLCHAIN
from helpers.runtime import tools
from tests.toolchain.conftest import go

READER = TOOLCHAIN / "hcl-reader"


@pytest.mark.timeout(1800)
@pytest.mark.xdist_group("go")
def test_vet_is_content() -> None:
    vetted = go(READER, "vet", "./...")
    assert vetted.returncode == 0, vetted.stderr[-4000:]


@pytest.mark.timeout(1800)
@pytest.mark.xdist_group("go")
def test_unit_tests_pass() -> None:
    tested = go(READER, "test", "-count=1", "-v", "./...")
    assert tested.returncode == 0, tested.stdout[-6000:] + tested.stderr[-2000:]
    assert tested.stdout.count("--- PASS: Test") >= 8
    assert "--- SKIP" not in tested.stdout


@pytest.mark.timeout(1800)
def test_the_tool_answers_a_request_a_line() -> None:
    tool = tools.ensure("hcl-reader")
    assert tool.version == "0.7.0"
    asked = [{"op": "type", "text": "list(string)"}, {"op": "refused", "old": [">= 1.0"], "new": ["~> 1.0"]}]
    done = process.run([tool.path], input="\n".join(map(json.dumps, asked)), timeout=180)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"type": {"kind": "list", "element": {"kind": "string"}}, "diagnostics": []},
        {"version": "2.0.0", "errors": []},
    ]

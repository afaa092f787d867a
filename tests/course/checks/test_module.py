"""The tools of the checks: what of a workspace a check sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.clients.registry import LEFT_OUT, members
from helpers.course.checks import Unmet
from helpers.course.checks.support.module_probes import inspect, scratch
from helpers.course.labs import Lab

MADE_BY_TOOLS = [name.replace("*", "main.tf") for name in LEFT_OUT]


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab("lab1", work=tmp_path / "work")
    for path in ("m/main.tf", "m/tests/a.tftest.hcl", *(f"m/{name}/x" for name in MADE_BY_TOOLS)):
        lab.path(path).parent.mkdir(parents=True, exist_ok=True)
        lab.path(path).touch()
    return lab


def test_a_check_sees_what_is_packed_but_no_state(lab: Lab) -> None:
    for state in ("terraform.tfstate", "terraform.tfstate.backup", ".terraform.tfstate.lock.info"):
        lab.path(f"m/{state}").touch()
    packed = {path.relative_to(lab.path("m")).as_posix() for path in members(lab.path("m"))}
    with scratch(lab, "m") as room:
        assert files(room / "m") == {"main.tf", "tests/a.tftest.hcl"}
    assert packed == {
        "main.tf",
        "tests/a.tftest.hcl",
        "terraform.tfstate",
        "terraform.tfstate.backup",
        ".terraform.tfstate.lock.info",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('variable "x" {', "m/main.tf:1: Unclosed"),
        ('variable "x" {\n}\nvariable "x" {\n}\n', 'm/main.tf:3: Duplicate variable "x": It is declared at main.tf:1'),
        (None, "m has no .tf file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(lab: Lab, text: str | None, reason: str) -> None:
    lab.path("m/main.tf").write_text(text) if text else lab.path("m/main.tf").unlink()
    with pytest.raises(Unmet) as caught:
        inspect(lab, "m")
    assert caught.value.reason.startswith(reason), caught.value.reason

"""`mise.toml` names the versions that the course would build or install itself."""

from __future__ import annotations

import tomllib

import pytest
from packaging.specifiers import SpecifierSet

from helpers.core.paths import ROOT
from helpers.runtime import tools

#: mise's name of a tool -> ours, where they differ.
NAMES = {"openbao": "bao"}
WANTED: dict[str, str] = tomllib.loads((ROOT / "mise.toml").read_text(encoding="utf-8"))["tools"]
#: Tools that mise does not have, or that are there in seconds as a wheel of another version.
NOT_THERE = {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "redis-server"}


def ours(name: str) -> tools.ToolSpec:
    return tools.spec(NAMES.get(name, name))


def test_all_tools_that_the_course_takes_from_path_are_listed() -> None:
    welcome = {name for name, spec in tools.specs().items() if spec.on_path and spec.source != "system"}
    assert {ours(name).name for name in WANTED} == welcome - NOT_THERE


@pytest.mark.parametrize("name", WANTED)
def test_the_version_is_the_pinned_one(name: str) -> None:
    spec = ours(name)
    pinned = spec.version
    if name == "terraform":
        # The wheel has a version of its own; what is in it says Terraform's.
        pinned = tools.ensure(name, origin="cache", progress=lambda line, share: None).version
    assert WANTED[name] == pinned


@pytest.mark.parametrize("name", WANTED)
def test_the_course_accepts_it(name: str) -> None:
    assert WANTED[name] in SpecifierSet(ours(name).accepts)

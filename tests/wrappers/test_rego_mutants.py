"""Mutants of a policy and OPA as a server, the real one."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import psutil
import pytest

from helpers.core.errors import BadInput
from helpers.wrappers.opa import Opa, OpaServer, Undefined
from helpers.wrappers.policy import BuiltinError, PolicyMissing, RegoError
from helpers.wrappers.rego_mutants import mutate_policy, rego_mutants

POLICY = """package main

# ü
deny contains msg if {
	some thing in input.things
	thing.size > 3
	not thing.kind in {"ü", "b"}
	msg := sprintf("%s is large", [thing.name])
}

default limit := 5

answer := to_number(input.number)
"""
TEST = """package main_test

import data.main

test_sizes[name] if {
	some name, want in {"large": 1, "b": 0}
	found := main.deny with input as {"things": [{"name": "x", "size": 9, "kind": name}]}
	count(found) == want
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.rego").write_text(POLICY)
    (tmp_path / "main_test.rego").write_text(TEST)
    return tmp_path


def test_a_mutant_is_one_edit_and_messages_are_left_alone(folder: Path) -> None:
    mutants = rego_mutants(folder, "main.rego")
    assert mutants == rego_mutants(folder, "main.rego") and len({m.id for m in mutants}) == len(mutants)
    texts = {mutant.id: mutant.text for mutant in mutants}
    assert "thing.size >= 3" in texts["compare:6"] and "not thing.size > 3" in texts["negate:6"]
    assert "\tthing.kind in {" in texts["negate:7"] and '{"ü-x", "b"}' in texts["string:7"]
    assert "removed_deny contains msg if" in texts["drop-rule:4"]
    assert all('sprintf("%s is large", [thing.name])' in text for text in texts.values())


def test_tests_kill_what_they_ask_for_and_nothing_else(folder: Path) -> None:
    report = mutate_policy(folder, "main.rego")
    assert {"drop-rule:4", "negate:6", "negate:7", "string:7#2"} <= {m.id for m in report.killed}
    # Nobody asks about 3 itself, and nobody about the kind "ü".
    assert {"compare:6", "string:7"} <= {m.id for m in report.survivors}
    assert (folder / "main.rego").read_text() == POLICY
    assert "compare" in report._repr_html_() and "survived" in report._repr_html_()
    (folder / "main_test.rego").write_text(TEST.replace('"large": 1', '"large": 2'))
    with pytest.raises(BadInput, match="Every mutant would look killed"):
        mutate_policy(folder, "main.rego")
    (folder / "empty.rego").write_text("package empty\n")
    with pytest.raises(BadInput, match="nothing to mutate"):
        rego_mutants(folder, "empty.rego")
    (folder / "broken.rego").write_text("package broken\n\ndeny[x] { x }\n")
    with pytest.raises(RegoError):
        rego_mutants(folder, "broken.rego")


def test_a_table_test_tells_its_cases(folder: Path) -> None:
    (found,) = Opa(folder).test(".").tests
    assert found.cases == (("b", True), ("large", True))
    (folder / "main_test.rego").write_text(TEST.replace('"large": 1', '"large": 2'))
    report = Opa(folder).test(".")
    assert report.tests[0].cases == (("b", True), ("large", False)) and not report.passed
    assert "test_sizes: large" in report._repr_html_()


def test_the_server_decides_and_tells_undefined_from_failed(folder: Path) -> None:
    with OpaServer(folder) as opa:
        things = [{"things": [{"name": "x", "size": size, "kind": "l"}]} for size in (1, 9)]
        assert opa.decide_all("main/deny", things) == [[], ["x is large"]]
        assert opa.decide("main/answer", {"number": "4"}) == 4
        with pytest.raises(Undefined):
            opa.decide("main/answer", {})
        with pytest.raises(Undefined):
            opa.decide("main/answer", {"number": "many"}, strict_builtin_errors=False)
        with pytest.raises(BuiltinError, match="to_number"):
            opa.decide("main/answer", {"number": "many"})
        with pytest.raises(Undefined):
            opa.decide("main_test/test_sizes", {})
    with pytest.raises(PolicyMissing):
        OpaServer(folder / "nowhere")


def test_a_policy_that_does_not_compile_is_not_served(folder: Path) -> None:
    (folder / "main.rego").write_text("package main\n\ndeny[x] { x }\n")
    with pytest.raises(RegoError, match="not valid"):
        OpaServer(folder)


def test_a_policy_that_reaches_out_is_not_served(folder: Path) -> None:
    (folder / "main.rego").write_text("package main\n\nanswer := opa.runtime().env\n")
    with pytest.raises(RegoError) as caught:
        OpaServer(folder)
    assert "reaches out of the evaluation" in caught.value.why


def test_the_server_has_no_port_and_only_its_owner_opens_its_socket(folder: Path) -> None:
    with OpaServer(folder) as opa:
        listening = psutil.Process(opa._process.pid).net_connections("all")
        assert {one.family for one in listening} == {socket.AF_UNIX}
        (directory,) = {Path(one.laddr).parent for one in listening if one.laddr}
        assert stat.S_IMODE(directory.lstat().st_mode) == 0o700
    assert not directory.exists()

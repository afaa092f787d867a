"""Conftest and OPA, the real ones: verdicts, and no verdict told apart from a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.conftest import Conftest
from helpers.errors import BadInput
from helpers.opa import Opa
from helpers.policy import InvalidInput, InvalidPolicy, NothingChecked

POLICY = """# METADATA
# title: Buckets are private
package main

deny contains msg if {
\tinput.public
\tmsg := "the bucket is public"
}

deny contains msg if {
\tinput.size > 8
\tmsg := sprintf("%v GPUs are more than 8", [input.size])
}

warn contains "there is no owner" if not input.owner
"""
TESTS = """package main_test

import data.main

test_public_is_refused if "the bucket is public" in main.deny with input as {"public": true}

test_private_is_fine if count(main.deny) == 0 with input as {"public": false, "size": 1}
"""
V0 = 'package main\n\ndeny[msg] { msg := "x" }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "a folder - with spaces"
    (place / "policy").mkdir(parents=True)
    (place / "policy" / "main.rego").write_text(POLICY)
    return place


def test_failures_and_warnings_are_found_with_their_rules(folder: Path) -> None:
    (folder / "-input.json").write_text('{"public": true, "size": 9}')
    report = Conftest(folder).test("-input.json")
    assert not report.passed
    assert {(r.msg, r.rule) for r in report.failures} == {
        ("the bucket is public", "deny"), ("9 GPUs are more than 8", "deny"),
    }  # fmt: skip
    lines = {r.msg: r.source[1] for r in report.results if r.source}
    assert lines == {"the bucket is public": 5, "9 GPUs are more than 8": 10, "there is no owner": 15}
    assert "2 failures, 1 warnings" in repr(report)
    assert "the bucket is public" in (report._repr_html_() or "")


def test_good_input_passes_from_memory(folder: Path) -> None:
    report = Conftest(folder).test(input={"public": False, "owner": "vision"})
    assert report.passed and report.successes == 3


def test_warning_refuses_only_when_asked(folder: Path) -> None:
    assert Conftest(folder).test(input={"public": False}).passed
    assert not Conftest(folder).test(input={"public": False}, fail_on_warn=True).passed


def test_hcl_text_is_judged_with_its_parser(folder: Path) -> None:
    assert not Conftest(folder).test(input="public = true\nowner = 1\n", parser="hcl2").passed


@pytest.mark.parametrize("namespace", ["nowhere", ["a", "b"]])
def test_no_rule_evaluated_is_never_a_pass(folder: Path, namespace: str | list[str]) -> None:
    with pytest.raises(NothingChecked):
        Conftest(folder).test(input={}, namespace=namespace)


def test_policy_without_rules_is_never_a_pass(folder: Path) -> None:
    (folder / "policy" / "main.rego").write_text("package main\n\nallow := true\n")
    with pytest.raises(NothingChecked):
        Conftest(folder).test(input={"public": True})
    (folder / "policy" / "main.rego").unlink()
    with pytest.raises(NothingChecked):
        Conftest(folder).test(input={"public": True})


def test_rego_v0_says_where_and_how_to_write_it_today(folder: Path) -> None:
    (folder / "policy" / "old.rego").write_text(V0)
    with pytest.raises(InvalidPolicy) as caught:
        Conftest(folder).test(input={})
    assert caught.value.locations[0].line == 3
    assert "old.rego" in caught.value.why and "contains msg if" in caught.value.next


@pytest.mark.parametrize("content", [b'{"half', b"\xff\xfe\x00\x01", b""])
def test_unreadable_input_is_no_verdict(folder: Path, content: bytes) -> None:
    (folder / "input.json").write_bytes(content)
    try:
        report = Conftest(folder).test("input.json")
    except InvalidInput:
        return
    # An empty file is an empty document: rules were evaluated on it.
    assert content == b"" and report.successes > 0


def test_missing_file_and_nothing_to_judge(folder: Path) -> None:
    with pytest.raises(InvalidInput):
        Conftest(folder).test("not-there.json")
    with pytest.raises(InvalidInput):
        Conftest(folder).test()


def test_verify_runs_the_policys_tests(folder: Path) -> None:
    with pytest.raises(NothingChecked):
        Conftest(folder).verify()
    (folder / "policy" / "main_test.rego").write_text(TESTS)
    assert len(Conftest(folder).verify().cases) == 2
    (folder / "policy" / "main.rego").write_text(POLICY.replace("input.public\n", "input.hidden\n"))
    report = Conftest(folder).verify()
    assert [c.name for c in report.failures] == ["data.main_test.test_public_is_refused"]


def test_opa_tests_with_coverage(folder: Path) -> None:
    (folder / "policy" / "main_test.rego").write_text(TESTS)
    report = Opa(folder).test("policy", coverage=True)
    assert report.passed and len(report.cases) == 2
    assert report.coverage[0].file == "policy/main.rego"
    assert report.percent is not None and 0 < report.percent < 100
    assert 15 in report.coverage[0].not_covered
    with pytest.raises(NothingChecked):
        Opa(folder).test("policy/main.rego")


def test_opa_check_fmt_eval_and_build(folder: Path) -> None:
    opa = Opa(folder)
    assert opa.check("policy") == ()
    assert opa.fmt("policy") == ()
    assert opa.eval("data.main.deny", input={"public": True}, data=["policy"]) == ["the bucket is public"]
    assert opa.eval("data.main.nothing", data=["policy"]) is None
    assert opa.build("policy", output="bundle.tar.gz").stat().st_size > 0
    (folder / "policy" / "old.rego").write_text(V0)
    assert {f.line for f in opa.check("policy")} == {3}
    with pytest.raises(InvalidPolicy):
        opa.eval("data.main.deny", data=["policy"])
    (folder / "policy" / "old.rego").write_text("package old\nx:=1\n")
    assert opa.fmt("policy", write=True) and not opa.fmt("policy")


def test_bad_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        Conftest(tmp_path / "nowhere")
    with pytest.raises(BadInput):
        Opa(tmp_path).check("nowhere")

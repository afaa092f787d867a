"""Conftest, the real one: verdicts, and no verdict told apart from a pass."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from helpers.core.errors import BadInput
from helpers.core.process import call_async
from helpers.wrappers.base import RefusedVariable
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.policy import BuiltinError, InputUnreadable, NothingChecked, PolicyMissing, RegoError

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

warn contains {"msg": "there is no owner", "id": "ACME-1"} if not input.owner
"""
TESTS = """package main_test

import data.main

test_public_is_refused if "the bucket is public" in main.deny with input as {"public": true}

test_private_is_fine if count(main.deny) == 0 with input as {"public": false, "size": 1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "a folder - with, spaces"
    (place / "policy").mkdir(parents=True)
    (place / "policy" / "main.rego").write_text(POLICY)
    return place


def test_failures_and_warnings_are_found_with_their_rules(folder: Path) -> None:
    (folder / "-input.json").write_text('{"public": true, "size": 9}')
    report = Conftest(folder).test("-input.json")
    assert not report.passed
    assert {(r.msg, r.rule, r.namespace) for r in report.failures} == {
        ("the bucket is public", "deny", "main"),
        ("9 GPUs are more than 8", "deny", "main"),
    }
    assert [(r.msg, dict(r.metadata)) for r in report.warnings] == [("there is no owner", {"id": "ACME-1"})]
    lines = {r.msg: r.source[1] for r in report.results if r.source}
    assert lines == {"the bucket is public": 5, "9 GPUs are more than 8": 10, "there is no owner": 15}
    assert "2 failures, 1 warnings" in repr(report) and report.files == ("-input.json",)
    assert "the bucket is public" in (report._repr_html_() or "")


def test_a_file_without_a_rule_beside_the_policy_is_no_crash(folder: Path) -> None:
    (folder / "policy" / "begun.rego").write_text("package begun\n\nimport data.main\n")
    report = Conftest(folder).test(document={"public": True})
    assert [result.rule for result in report.failures] == ["deny"]


def test_a_document_in_memory_is_judged(folder: Path) -> None:
    conftest = Conftest(folder)
    good = conftest.test(document={"public": False, "owner": "vision"}, filename="plan.json")
    assert good.passed and good.successes == 3 and good.files == ("plan.json",)
    assert not conftest.test(document="public: true\n", filename="b.yaml").passed
    assert not conftest.test(document="public = true\n", filename="main.tf").passed
    assert not conftest.test(document="public = true\n", parser="hcl2").passed
    # As YAML, which Conftest takes standard input for, this text is one harmless word.
    assert conftest.test(document="public = true\n", parser="yaml").passed
    with pytest.raises(BadInput):
        conftest.test(document="public = true\n")


def test_a_warning_fails_only_when_asked(folder: Path) -> None:
    conftest = Conftest(folder)
    assert conftest.test(document={}).passed
    assert not conftest.test(document={}, fail_on_warn=True).passed
    assert len(conftest.test(document={"public": True}, fail_on_warn=True).failures) == 1


def test_combined_files_and_all_namespaces(folder: Path) -> None:
    (folder / "policy" / "both.rego").write_text(
        'package both\n\ndeny contains "two files" if count(input) == 2\n\nexception contains ["big"] if false\n'
    )
    (folder / "a.json").write_text("{}")
    (folder / "b.json").write_text("{}")
    report = Conftest(folder).test("a.json", "b.json", combine=True, all_namespaces=True)
    assert [r.namespace for r in report.failures] == ["both"]


def test_an_exception_is_neither_failure_nor_success(folder: Path) -> None:
    (folder / "policy" / "main.rego").write_text(
        'package main\n\ndeny_big contains "big" if input.big\n\nexception contains ["big"] if input.exempt\n'
    )
    assert not Conftest(folder).test(document={"big": True}).passed
    report = Conftest(folder).test(document={"big": True, "exempt": True})
    assert report.passed and len(report.exceptions) == 1 and report.exceptions[0].rule == "exception"


@pytest.mark.parametrize(
    "options",
    [
        {"namespaces": ["nowhere"]},
        {"namespaces": ["main", "nowhere"]},
        {"namespaces": ["no*"]},
        {"namespaces": []},
    ],
)
def test_a_namespace_without_rules_is_never_a_pass(folder: Path, options: dict[str, Any]) -> None:
    if options["namespaces"] == []:
        # Conftest's own default is `main`.
        assert Conftest(folder).test(document={}, **options).evaluated == 3
        return
    with pytest.raises(NothingChecked):
        Conftest(folder).test(document={"public": True}, **options)


@pytest.mark.parametrize(
    "rego",
    [
        "package main\n\nallow := true\n",
        "package main\n\nDeny contains 1 if input.public\n",
        "package other\n\ndeny contains 1 if input.public\n",
        "package main\n\ntest_x if input.public\n",
    ],
)
def test_a_policy_without_rules_is_never_a_pass(folder: Path, rego: str) -> None:
    (folder / "policy" / "main.rego").write_text(rego)
    with pytest.raises(NothingChecked) as caught:
        Conftest(folder).test(document={"public": True})
    assert "deny" in caught.value.why


def test_an_input_without_documents_is_never_a_pass(folder: Path) -> None:
    (folder / "none.json").write_text("[]")
    (folder / "bad.json").write_text('{"public": true}')
    for files in (["none.json"], ["none.json", "bad.json"]):
        with pytest.raises(NothingChecked, match=r"none\.json"):
            Conftest(folder).test(*files)
    (folder / "empty").mkdir()
    with pytest.raises(NothingChecked):
        Conftest(folder).test("empty")


def test_a_failing_builtin_is_no_pass(folder: Path) -> None:
    (folder / "policy" / "main.rego").write_text(
        'package main\n\ndeny contains "too many" if to_number(input.size) > 8\n'
    )
    with pytest.raises(BuiltinError) as caught:
        Conftest(folder).test(document={"size": "many"})
    assert caught.value.problems[0].line == 3 and caught.value.problems[0].file.endswith("main.rego")
    # What Conftest does by itself: the gate says yes.
    assert Conftest(folder).test(document={"size": "many"}, show_builtin_errors=False).passed


def test_a_configuration_file_cannot_switch_the_gate_off(folder: Path) -> None:
    (folder / "conftest.toml").write_text('no-fail = true\nquiet = true\nnamespace = ["nowhere"]\n')
    assert not Conftest(folder).test(document={"public": True}).passed
    with pytest.raises(RefusedVariable):
        Conftest(folder, env={"CONFTEST_NO_FAIL": "true"})


def test_old_rego_says_where_and_how_to_write_it_today(folder: Path) -> None:
    (folder / "policy" / "old.rego").write_text('package main\n\ndeny[msg] { msg := "x" }\n')
    with pytest.raises(RegoError) as caught:
        Conftest(folder).test(document={})
    assert caught.value.v0 and caught.value.problems[0].line == 3
    assert "old.rego:3" in caught.value.why and "contains msg if" in caught.value.next


@pytest.mark.parametrize(
    ("rego", "line"),
    [
        (b"package main\n\ndeny contains foo(1)\n", 3),
        (b"package main\n# \xff\n", 2),
        (b"", 0),
        (b"x := 1\n", 1),
    ],
)
def test_broken_rego_is_told_with_its_line(folder: Path, rego: bytes, line: int) -> None:
    (folder / "policy" / "main.rego").write_bytes(rego)
    with pytest.raises(RegoError) as caught:
        Conftest(folder).test(document={})
    assert caught.value.problems[0].line == line and not caught.value.v0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b'{"half'),
        ("a.json", b"\xff\xfe\x00"),
        ("a.yaml", b"a: '\xff'"),
        ("a.json", b'{"a":' * 20000 + b"1" + b"}" * 20000),
        ("a.unknown", b"x"),
        ("a.tf", b'resource "a" {'),
    ],
)
def test_unreadable_input_is_no_verdict(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(InputUnreadable):
        Conftest(folder).test(name)


def test_symlinks_are_followed_and_broken_ones_told(folder: Path) -> None:
    (folder / "linked").symlink_to("policy")
    assert not Conftest(folder).test(document={"public": True}, policies=["linked"]).passed
    (folder / "policy" / "dangling.rego").symlink_to("nowhere")
    with pytest.raises(PolicyMissing):
        Conftest(folder).test(document={})


def test_missing_files_and_bad_calls(folder: Path) -> None:
    conftest = Conftest(folder)
    with pytest.raises(InputUnreadable):
        conftest.test("not-there.json")
    with pytest.raises(PolicyMissing):
        conftest.test(document={}, policies=["nowhere"])
    (folder / "none").mkdir()
    with pytest.raises(PolicyMissing):
        conftest.test(document={}, policies=["none"])
    for call in (conftest.test, lambda: conftest.test("a", document={}), lambda: conftest.test(document={"a": {1}})):
        with pytest.raises(BadInput):
            call()
    with pytest.raises(BadInput):
        conftest.test(document={}, policies="policy")
    with pytest.raises(BadInput):
        Conftest(folder / "nowhere")


def test_names_with_commas_and_quotes_stay_one(folder: Path) -> None:
    (folder / 'p,"q').mkdir()
    (folder / 'p,"q' / "a.rego").write_text('package main\n\ndeny contains "x" if data.limits.on\n')
    (folder / "d,e.json").write_text('{"limits": {"on": true}}')
    assert not Conftest(folder).test(document={}, policies=['p,"q'], data=["d,e.json"]).passed


def test_verify_runs_the_policys_tests(folder: Path) -> None:
    conftest = Conftest(folder)
    with pytest.raises(NothingChecked):
        conftest.verify()
    (folder / "policy" / "main_test.rego").write_text(TESTS)
    report = conftest.verify(coverage=True, report="full")
    assert report.passed and report.passes == 2 and "PASS: 2/2" in report.report
    assert report.coverage is not None and 0 < report.coverage.percent < 100
    assert [f.file for f in report.coverage.files] == ["policy/main.rego"]
    assert not conftest.verify(threshold=99).passed
    (folder / "policy" / "main.rego").write_text(POLICY.replace("input.public\n", "input.hidden\n"))
    report = conftest.verify()
    assert [(t.package, t.name) for t in report.failures] == [("main_test", "test_public_is_refused")]
    assert "test_public_is_refused" in (report._repr_html_() or "") and not report.passed


def test_only_skipped_tests_are_no_pass(folder: Path) -> None:
    (folder / "policy" / "main_test.rego").write_text("package main_test\n\ntodo_test_x := true\n")
    report = Conftest(folder).verify()
    assert [t.status for t in report.tests] == ["skip"] and not report.passed


def test_parse_shows_what_policies_see(folder: Path) -> None:
    (folder / "main.tf").write_text('resource "a" "b" {\n  x = 1\n}\n')
    assert Conftest(folder).parse("main.tf") == {"resource": {"a": {"b": [{"x": 1}]}}}


def test_awaited_it_says_the_same(folder: Path) -> None:
    report = asyncio.run(call_async(Conftest(folder).test, document={"public": True}))
    assert json.dumps([r.msg for r in report.failures]) == '["the bucket is public"]'

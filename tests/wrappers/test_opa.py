"""OPA, the real one: values, undefined, problems with their place, formats and bundles."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.wrappers.opa import Opa, Undefined
from helpers.wrappers.policy import BuiltinError, InputUnreadable, NothingChecked, PolicyMissing, RegoError

POLICY = """# METADATA
# title: Buckets
package main

# METADATA
# title: Buckets are private
# custom:
#   id: ACME-2
deny contains msg if {
\tinput.public
\tmsg := "the bucket is public"
}

allowed if input.size < data.limits.size
"""
TESTS = """package main_test

import data.main

test_public if "the bucket is public" in main.deny with input as {"public": true}
"""
V0 = 'package old\n\ndeny[msg] { msg := "x" }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "a folder - with spaces"
    (place / "policy").mkdir(parents=True)
    (place / "policy" / "main.rego").write_text(POLICY)
    (place / "limits.json").write_text('{"limits": {"size": 8}}')
    return place


def test_eval_returns_the_value(folder: Path) -> None:
    opa = Opa(folder)
    result = opa.eval("data.main.deny", data=["policy"], input={"public": True}, coverage=True)
    assert result.value == ["the bucket is public"] and result.coverage is not None
    assert opa.eval("data.main.allowed", data=["policy", "limits.json"], input={"size": 4}).value is True
    two = opa.eval("x := [1, 2][_]; y := x + 1")
    assert two.bindings == ({"x": 1, "y": 2}, {"x": 2, "y": 3})
    assert opa.eval("-1").value == -1
    assert "the bucket is public" in result._repr_html_()


def test_undefined_is_neither_yes_nor_no(folder: Path) -> None:
    result = Opa(folder).eval("data.main.allowed", data=["policy"], input={"size": 99})
    assert not result.defined and "undefined" in repr(result)
    with pytest.raises(Undefined):
        _ = result.value


def test_a_failing_builtin_is_told(folder: Path) -> None:
    (folder / "policy" / "main.rego").write_text("package main\n\nok if to_number(input.x) > 1\n")
    with pytest.raises(BuiltinError) as caught:
        Opa(folder).eval("data.main.ok", data=["policy"], input={"x": "many"})
    assert caught.value.problems[0].line == 3
    lax = Opa(folder).eval("data.main.ok", data=["policy"], input={"x": "many"}, strict_builtin_errors=False)
    assert not lax.defined


def test_eval_faults_are_typed(folder: Path) -> None:
    opa = Opa(folder)
    with pytest.raises(RegoError):
        opa.eval("x :=")
    with pytest.raises(PolicyMissing):
        opa.eval("data.main", data=["nowhere"])
    (folder / "broken.json").write_text("{")
    with pytest.raises(InputUnreadable):
        opa.eval("data.main", data=["policy"], input_file="broken.json")
    with pytest.raises(BadInput):
        opa.eval("data.main", input={1, 2})
    with pytest.raises(BadInput):
        opa.eval("data.main", input={}, input_file="limits.json")
    (folder / "policy" / "old.rego").write_text(V0)
    with pytest.raises(RegoError) as caught:
        opa.eval("data.main.deny", data=["policy"])
    assert caught.value.v0 and caught.value.problems[0].line == 3


def test_tests_with_coverage_by_rule(folder: Path) -> None:
    opa = Opa(folder)
    with pytest.raises(NothingChecked):
        opa.test("policy")
    (folder / "policy" / "main_test.rego").write_text(TESTS)
    report = opa.test("policy", coverage=True, threshold=50)
    assert report.passed and report.coverage is not None
    (covered,) = report.coverage.files
    assert covered.file == "policy/main.rego" and (14, 14) in covered.not_covered
    assert [(t.name, t.status, t.line) for t in report.tests] == [("test_public", "pass", 5)]
    assert not opa.test("policy", threshold=100).passed
    with pytest.raises(NothingChecked):
        opa.test("policy", run="no_such_test")


def test_failing_and_skipped_tests_are_results(folder: Path) -> None:
    (folder / "policy" / "main_test.rego").write_text(
        TESTS + "\ntest_wrong if count(main.deny) == 7\n\ntodo_test_later := true\n"
    )
    report = Opa(folder).test("policy", coverage=True)
    assert not report.passed and report.coverage is None
    assert {t.name: t.status for t in report.tests} == {
        "test_public": "pass",
        "test_wrong": "fail",
        "todo_test_later": "skip",
    }
    with pytest.raises(PolicyMissing):
        Opa(folder).test("nowhere")
    (folder / "policy" / "main.rego").write_text(V0)
    with pytest.raises(RegoError):
        Opa(folder).test("policy")


def test_check_reports_problems_with_their_place(folder: Path) -> None:
    opa = Opa(folder)
    assert opa.check("policy").valid
    (folder / "policy" / "-strict.rego").write_text("package strict\n\nok if {\n\ty := 1\n\tinput.a\n}\n")
    assert [(p.line, p.code) for p in opa.check("policy").problems] == [(4, "rego_compile_error")]
    assert opa.check("policy", strict=False).valid
    (folder / "policy" / "old.rego").write_text(V0)
    assert {p.line for p in opa.check("policy").problems} == {3}
    assert "keyword" in opa.check("policy")._repr_html_()
    with pytest.raises(PolicyMissing):
        opa.check("nowhere")


def test_a_folder_without_policies_is_never_fine(folder: Path) -> None:
    (folder / "none").mkdir()
    for method in (Opa(folder).check, Opa(folder).fmt, Opa(folder).build):
        with pytest.raises(NothingChecked):
            method("none")


def test_fmt_shows_and_writes(folder: Path) -> None:
    opa = Opa(folder)
    assert opa.fmt("policy").formatted
    (folder / "policy" / "-loose.rego").write_text("package loose\nx:=1\n")
    report = opa.fmt("policy")
    assert report.files == ("policy/-loose.rego",) and "+x := 1" in report.diff and not report.written
    assert opa.fmt("policy", write=True).written and opa.fmt("policy").formatted
    (folder / "policy" / "old.rego").write_text(V0)
    with pytest.raises(RegoError):
        opa.fmt("policy")
    opa.fmt("policy/old.rego", write=True, v0_v1=True)
    assert opa.check("policy").valid


def test_build_and_inspect(folder: Path) -> None:
    opa = Opa(folder)
    (folder / "policy" / "main_test.rego").write_text(TESTS)
    bundle = opa.build("policy", output="a bundle.tar.gz", revision="v1", ignore=["*_test.rego"])
    assert bundle.path.stat().st_size > 0 and bundle.revision == "v1"
    assert set(bundle.namespaces) == {"data", "main"}
    assert {a.path: a.title for a in bundle.annotations} == {
        "data.main": "Buckets",
        "data.main.deny": "Buckets are private",
    }
    assert bundle.annotations[1].custom == {"id": "ACME-2"}
    assert opa.eval("data.main.deny", bundles=[bundle.path], input={"public": True}).value
    with pytest.raises(PolicyMissing):
        opa.inspect("nowhere")


@pytest.mark.parametrize(
    ("rules", "query", "can"),
    [
        ("deny := set()\n", "data.main.deny[_]", False),
        ('deny contains "x" if false\n', "data.main.deny[_]", False),
        ("deny contains msg if {\n\tsome msg in data.reasons\n}\n", "data.main.deny[_]", False),
        ("default deny := false\n", "data.main.deny", False),
        ('deny := {"no owner"} if not input.spec.owner\n', "data.main.deny[_]", True),
        ('deny := {msg | some key, _ in input.labels; msg := sprintf("%v", [key])}\n', "data.main.deny[_]", True),
        ("deny if input.kind == 1\n", "data.main.deny", True),
        ("deny := true\n", "data.main.deny", True),
    ],
)
def test_whether_an_input_can_make_a_query_hold(tmp_path: Path, rules: str, query: str, can: bool) -> None:
    (tmp_path / "main.rego").write_text(f"package main\n\n{rules}")
    assert Opa(tmp_path).satisfiable(query, data=["main.rego"]) is can

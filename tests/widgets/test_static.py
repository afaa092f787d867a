"""The static displays: safe with hostile values, the same each time, secrets masked, every meaning in words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import widgets
from helpers.core.html import elements
from helpers.core.redact import add_secrets
from helpers.course.checks import CheckResult
from helpers.runtime.tools import Tool
from helpers.wrappers.cosign.result import Verified
from helpers.wrappers.module_interface import Interface, Variable
from helpers.wrappers.policy import PolicyReport, PolicyResult
from helpers.wrappers.terraform.types import (
    ApplyResult,
    Diagnostic,
    Drift,
    Output,
    Outputs,
    Plan,
    Sensitive,
    TestRun,
    TestSummary,
    ValidateResult,
)
from tests.repeats import examples
from tests.widgets.examples import commit, interface, module, refused, service
from tests.widgets.plans import SECRET, change, platform_document, platform_plan

#: What an element without an end is called in HTML.
VOID = {"br", "hr", "img", "input"}


class Outline(HTMLParser):
    """Reads HTML and keeps elements, texts and attributes; fails when an element is not closed in its place."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def assert_safe(source: str) -> Outline:
    """No script, no handler, no link that runs something, every element closed."""
    outline = Outline(source)
    assert not {"script", "iframe", "img", "object", "embed", "form"} & set(outline.tags)
    for name, value in outline.attributes:
        assert not name.startswith("on")
        assert not (name in ("href", "src") and (value or "").lower().startswith("javascript:"))
    return outline


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></details></svg><b>",
    "javascript:alert(1)",
    "\u202ereversed\u202c and \u2066isolated\u2069",
    "\x00\x1b[31mred\x1b[0m",
    "x" * 100_000,
    "line one\nline two",
    "\ud800 half of a pair",
]


def hostile_plan(text: str) -> Plan:
    document = platform_document()
    document["resource_changes"] += [
        change(f'platform_artifact_bucket.x["{text}"]', {"name": "a\nb", text: text}, {"name": text, text: None}),
        {**change("platform_secret.y", None, {"tags": {text: [text]}}), "action_reason": text, "module_address": text},
    ]
    document["output_changes"] = {text: {"actions": ["create"], "before": None, "after": text}}
    return Plan.from_json(document)


def everything(text: str) -> dict[str, str]:
    """Render each display with *text* wherever a value may stand."""
    plan = hostile_plan(text)
    found = Diagnostic("error", text, text, text, text, 3, text)
    finding = PolicyResult(text, text, text, cast(Any, text), text, {"title": text})
    return {
        "plan": widgets.plan_html(plan),
        "graph": widgets.graph_svg(plan),
        "blast": widgets.blast_radius_svg(plan),
        "diagnostics": widgets.diagnostics_html([found]),
        "test": widgets.test_html(TestSummary("fail", (TestRun(text, text, text, None, (found,)),))),
        "drift": widgets.drift_html(Drift("unknown", plan.changes, text)),
        "apply": widgets.apply_html(ApplyResult(1, 0, 0, applied=((text, text),), diagnostics=(found,))),
        "outputs": widgets.outputs_html({text: Output(text, {text: [text]}, ["map", text])}),
        "policy": widgets.policy_report_html(PolicyReport((finding,), 0)),
        "signature": widgets.signature_html(refused(text)),
        "interface": widgets.interface_html(interface(text)),
        "git": widgets.git_log_html([replace(commit(text), sha=text, signature=text)]),
        "registry": widgets.registry_card_html(module(text)),
        "check": widgets.check_html(CheckResult(text, text, False, text or "-", (text, text, text))),
        "service": widgets.service_html([replace(service(text), status=cast(Any, text))]),
        "tools": widgets.tools_html([Tool(text, Path("tool"), text, cast(Any, text), text)]),
        "table": widgets.table_html([text, f"#{text}"], [[text, text]], caption=text),
    }


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t[:18]))
def test_hostile_values_stay_text(text: str) -> None:
    for name, source in everything(text).items():
        outline = assert_safe(source)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\ud800]", source), name
        source.encode("utf-8")
        if text == HOSTILE[0]:
            assert "<script>" in outline.text, f"{name} does not show the value"


@given(st.text(max_size=60))
@examples(40)
def test_any_text_gives_well_formed_html(text: str) -> None:
    for source in everything(text).values():
        assert_safe(source)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=20), nested))
@examples(60)
def test_any_value_can_be_an_attribute(value: Any) -> None:
    plan = Plan.from_json({"resource_changes": [change("platform_gpu_pool.x", {"v": None}, {"v": value})]})
    assert_safe(widgets.plan_html(plan))


def test_long_values_are_cut_and_say_how_long_they_were() -> None:
    plan = Plan.from_json({"resource_changes": [change("platform_gpu_pool.x", None, {"v": "y" * 50_000})]})
    source = widgets.plan_html(plan)
    assert "50,002 characters" in source
    assert len(source) < 20_000


def test_same_input_gives_the_same_bytes() -> None:
    first, second = everything("value"), everything("value")
    assert first == second
    for name, source in first.items():
        assert not re.search(r"0x[0-9a-f]{6,}|object at", source), name
        assert " id=" not in source, "an id could meet its twin in another output"


def test_order_of_findings_does_not_depend_on_the_tool() -> None:
    found = [PolicyResult("a.tf", "main", msg, "failure") for msg in ("b", "a")]
    reports = [PolicyReport(tuple(order), 0) for order in (found, found[::-1])]
    assert widgets.policy_report_html(reports[0]) == widgets.policy_report_html(reports[1])


def test_secrets_of_a_real_plan_reach_no_display(real_plan: Plan, real: tuple[dict[str, Any], str]) -> None:
    assert SECRET in str(real[0]), "the material must hold the secret, or this proves nothing"
    viewer = widgets.PlanViewer(real_plan, dot=real[1])
    shown = [widgets.plan_html(real_plan), widgets.graph_svg(real_plan), str(viewer.risk_table()), repr(viewer)]
    shown += [str(viewer.resource(c)) for c in real_plan.resource_changes]
    assert not any(SECRET in source for source in shown)
    assert "(sensitive value)" in shown[0]


def test_registered_secrets_are_masked_in_every_display() -> None:
    add_secrets("s3cr3t-of-the-registry")
    for name, source in everything("token s3cr3t-of-the-registry!").items():
        assert "s3cr3t-of-the-registry" not in source, name


def test_sensitive_outputs_stay_masked() -> None:
    outputs = Outputs({"password": Output("password", Sensitive(SECRET), "string", True)})
    assert SECRET not in widgets.outputs_html(outputs)


def test_real_plan_shows_each_kind_of_change_in_words(real_plan: Plan) -> None:
    text = Outline(widgets.plan_html(real_plan)).text
    for word in ("create", "change", "destroy", "replace", "forces replacement", "known after apply"):
        assert word in text
    assert f"Plan: {real_plan.summary}" in text
    assert "read" not in {c.action for c in real_plan.changes}


def test_unchanged_resources_are_counted_not_listed() -> None:
    outline = Outline(widgets.plan_html(platform_plan()).split("Dependency graph")[0] + "</summary></details></div>")
    assert "unchanged 1" in outline.text
    assert "platform_team_account.vision" not in outline.text


def test_empty_plan_says_so() -> None:
    assert "no resource changes" in Outline(widgets.plan_html(Plan.from_json({}))).text


def test_three_answers_of_drift_differ() -> None:
    shown = {
        s: Outline(widgets.drift_html(Drift(s, (), "no credentials"))).text for s in ("in-sync", "drifted", "unknown")
    }
    assert "in sync" in shown["in-sync"]
    assert "could not tell" in shown["unknown"] and "no credentials" in shown["unknown"]
    assert len(set(shown.values())) == 3


def test_nothing_tested_and_nothing_evaluated_never_look_passed() -> None:
    empty_test = Outline(widgets.test_html(TestSummary("pass"))).text
    empty_report = Outline(widgets.policy_report_html(PolicyReport((), 0))).text
    assert "fail" in empty_test and "✓" not in empty_test
    assert "no rule was evaluated" in empty_report and "✓" not in empty_report


def test_policy_finding_opens_to_its_rule(tmp_path: Any) -> None:
    rule = tmp_path / "bucket.rego"
    rule.write_text("package main\n\ndeny contains msg if {\n  true\n}\n")
    place = {"location": {"file": str(rule), "row": 3}}
    finding = PolicyResult("plan.json", "main", "no", "failure", metadata=place)
    text = Outline(widgets.policy_report_html(PolicyReport((finding,), 0))).text
    assert "bucket.rego:3" in text and "> 3 deny contains msg if {" in text
    assert str(tmp_path) not in text


def test_signature_says_what_was_not_checked() -> None:
    result = Verified("sha256:ab", "", "team.pub", ("the signature fits",), ("transparency log",))
    text = Outline(widgets.signature_html(result)).text
    assert "not checked transparency log" in text and "Key team.pub" in text and "Signed at" not in text


def test_a_signature_without_a_key_says_who_and_when() -> None:
    at = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
    for who in ("ada@acme.test", "https://ci.acme.test/platform/modules"):
        text = Outline(widgets.signature_html(Verified("a", "", who, (), (), signed_at=at))).text
        assert f"Identity {who}" in text and "Signed at 2026-05-06 07:08:09Z" in text
    assert (
        "Key MFkwEwYHKoZIzj0CAQ=="
        in Outline(widgets.signature_html(Verified("a", "", "MFkwEwYHKoZIzj0CAQ==", (), (), signed_at=at))).text
    )


def test_states_of_commit_signatures_differ_in_words() -> None:
    states = ("verified", "untrusted", "unsigned", "bad", "not-checked")
    rows = [replace(commit("s"), signature=s, signer="") for s in states]
    text = Outline(widgets.git_log_html(rows)).text
    for words in ("✓ verified", "✗ signer not trusted", "○ unsigned", "✗ bad signature", "○ not checked"):
        assert words in text
    assert text.count("✓") == 1


def test_invalid_configuration_shows_the_line() -> None:
    found = Diagnostic(
        "error", "Unsupported argument", "An argument is not expected.", "", "main.tf", 7, "  colour = 1"
    )
    text = Outline(widgets.diagnostics_html(ValidateResult(False, (found,)))).text
    assert "Not valid" in text and "main.tf:7" in text and "colour = 1" in text


def test_hints_open_one_by_one_and_end_with_the_step() -> None:
    hints = ("Which?", "Look there.", "Write x.")
    open_step = widgets.check_html(CheckResult("s", "Step", False, "main.tf is not there", hints))
    done = widgets.check_html(CheckResult("s", "Step", True, "all there", hints))
    assert open_step.count("<details>") == 3
    assert "Which?" not in done


def test_only_web_addresses_become_links() -> None:
    services = [replace(service("a"), url=u) for u in ("http://127.0.0.1:1/", "javascript:alert(1)")]
    assert [v for n, v in Outline(widgets.service_html(services)).attributes if n == "href"] == ["http://127.0.0.1:1/"]


def test_required_inputs_come_first_and_a_missing_description_is_named() -> None:
    described = Interface("m", (Variable("a", default="", description="x"), Variable("z", required=True)))
    text = Outline(widgets.interface_html(described)).text
    assert text.index(" z ") < text.index(" a ")
    assert "no description" in text and '""' in text


def test_style_has_no_address_of_the_outside() -> None:
    assert "http" not in elements.page().split("</style>")[0]

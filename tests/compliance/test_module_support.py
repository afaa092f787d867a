"""Support models: what is refused, with its line and what to type, and what is taken in other styles."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest

from helpers.clients.registry import PackageProblem
from helpers.compliance.module_support import SupportPolicy, check, duration, duration_text, read
from helpers.core import yaml_reader
from helpers.core.errors import BadInput

TODAY = dt.date(2027, 1, 15)
POLICY = SupportPolicy.parse(
    {
        "form": 2,
        "window": "90d",
        "teams": {
            "platform team": ["platform-team@acme.test", "#platform", "https://oncall.acme.test/platform"],
            "platform leads": ["#platform-leads"],
            "infrastructure": ["infrastructure@acme.test"],
        },
        "people": ["ada@acme.test"],
    }
)
GOOD = """name: artifact-store
support:
  form: 2
  team: platform team
  contact: platform-team@acme.test
  hours: Mon-Fri 09:00-17:00 CET
  stage: supported
  on_call:
    rota: platform primary
    contact: https://oncall.acme.test/platform
  escalation:
    - {after: 0m, to: on call, contact: "https://oncall.acme.test/platform"}
    - {after: 30m, to: platform leads, contact: "#platform-leads"}
    - {after: 2h, to: head of infrastructure, contact: infrastructure@acme.test}
  levels:
    - {severity: 1, means: no caller can apply, response: 15m, repair: 4h, cover: always}
    - {severity: 2, means: one caller cannot apply, response: 4h, repair: 2d}
    - {severity: 3, means: a question, response: 2d, repair: 30d}
  window: 90d
"""


def told(text: str, version: str = "1.2.0", policy: SupportPolicy = POLICY) -> list[PackageProblem]:
    return check(text, policy, version=version, today=TODAY)


def changed(*pairs: tuple[str, str]) -> str:
    text = GOOD
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def without(*names: str) -> str:
    text = GOOD
    for name in names:
        text, count = re.subn(rf"(?m)^  {name}:.*\n(    .*\n)*", "", text)
        assert count == 1
    return text


def test_a_whole_model_is_taken_and_read() -> None:
    model, problems = read(GOOD, POLICY, version="1.2.0", today=TODAY)
    assert problems == []
    assert model.stage == "supported" and model.window == dt.timedelta(days=90)
    assert [level.to for level in model.escalation] == ["on call", "platform leads", "head of infrastructure"]
    assert model.levels[0].always and not model.levels[1].always


ENDS = """  deprecation:
    since: 2027-01-10
    removal: 2027-04-30
    replacement: artifact-store 2.0.0
"""


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (changed(("hours: Mon-Fri 09:00-17:00 CET", "hours: 24x7")), "1.0.0"),
        (
            changed(("response: 15m, repair: 4h", "response: PT15M, repair: PT4H"), ("window: 90d", "window: P13W")),
            "1.0.0",
        ),
        (changed(("contact: platform-team@acme.test", 'contact: "#platform"')), "1.0.0"),
        (changed(("after: 0m", 'after: "0"'), ("window: 90d", "window: 1000d")), "2.3.4"),
        (without("on_call").replace(", cover: always", ""), "1.0.0"),
        (without("on_call").replace("cover: always", "cover: hours"), "1.0.0"),
        (without("on_call", "escalation", "levels", "window").replace("supported", "experimental"), "0.3.0"),
        (without("on_call", "escalation", "levels", "window").replace("supported", "experimental"), "1.0.0-rc.1"),
        (changed(("stage: supported", "stage: deprecated")) + ENDS, "1.0.0"),
        ('{"support": ' + json.dumps(yaml_reader.load(GOOD)["support"]) + "}", "1.0.0"),
    ],
)
def test_other_styles_are_taken(text: str, version: str) -> None:
    assert told(text, version) == []


@pytest.mark.parametrize(
    ("text", "rule", "where", "words"),
    [
        (
            changed(("team: platform team\n", "team: nobody\n")),
            "support-owner",
            "module.yaml:4: support.team",
            "no team 'nobody'",
        ),
        (
            changed(("contact: platform-team@acme.test", "contact: ada@acme.test")),
            "support-owner",
            "module.yaml:5: ",
            "a person",
        ),
        (
            changed(("contact: platform-team@acme.test", "contact: Ada@Acme.test")),
            "support-owner",
            "module.yaml:5: ",
            "a person",
        ),
        (
            changed(("contact: platform-team@acme.test", "contact: infrastructure@acme.test")),
            "support-owner",
            "module.yaml:5",
            "not a contact of",
        ),
        (without("window"), "support-window", "module.yaml:2: support", "how long a deprecated version stays"),
        (
            changed(("window: 90d", "window: 30d")),
            "support-window",
            "module.yaml:19: support.window",
            "shorter than the policy's 90 days",
        ),
        (without("on_call"), "support-on-call", "module.yaml:13: support.levels.0.cover", "nobody is on call"),
        (
            without("on_call", "levels").replace("Mon-Fri 09:00-17:00 CET", "24x7"),
            "support-on-call",
            "module.yaml:6",
            "nobody is on call",
        ),
        (
            changed(
                ('    - {after: 30m, to: platform leads, contact: "#platform-leads"}\n', ""),
                ("    - {after: 2h, to: head of infrastructure, contact: infrastructure@acme.test}\n", ""),
            ),
            "support-escalation",
            "module.yaml:11: support.escalation",
            "ends nowhere",
        ),
        (
            changed(('"#platform-leads"', '"https://oncall.acme.test/platform"')),
            "support-escalation",
            "module.yaml:13: support.escalation.1.contact",
            "in a circle",
        ),
        (changed(('"#platform-leads"', '"#nobody"')), "support-escalation", "module.yaml:13", "leads nowhere"),
        (
            changed(("after: 2h", "after: 20m")),
            "support-escalation",
            "module.yaml:14: support.escalation.2.after",
            "no later than",
        ),
        (changed(("after: 0m", "after: 10m")), "support-escalation", "module.yaml:12", "in the first 10 min"),
        (
            changed(("after: 30m", "after: 5h"), ("after: 2h", "after: 6h")),
            "support-escalation",
            "module.yaml:13",
            "is over",
        ),
        (without("escalation"), "support-escalation", "module.yaml:2: support", "who is called"),
        (without("levels"), "support-levels", "module.yaml:2: support", "promises nothing"),
        (
            changed(
                ("response: 15m, repair: 4h", "response: 5h, repair: 4h"),
                ("response: 4h, repair: 2d", "response: 6h, repair: 2d"),
            ),
            "support-levels",
            "module.yaml:16: support.levels.0.repair",
            "before somebody responds",
        ),
        (changed(("severity: 1", "severity: 4")), "support-levels", "module.yaml:15: support.levels", "severity 1"),
        (changed(("severity: 3", "severity: 2")), "support-levels", "module.yaml:18", "twice"),
        (
            changed(("response: 4h, repair: 2d", "response: 10m, repair: 2d")),
            "support-levels",
            "module.yaml:17",
            "faster than severity 1",
        ),
        (
            changed(("stage: supported", "stage: retired")),
            "support-stage",
            "module.yaml:7: support.stage",
            "gets no new version",
        ),
        (
            changed(("stage: supported", "stage: experimental")),
            "support-stage",
            "module.yaml:7",
            "1.2.0 promises a stable interface",
        ),
        (changed(("stage: supported", "stage: deprecated")), "support-stage", "module.yaml:7", "until when"),
        (GOOD + ENDS, "support-stage", "module.yaml:20: support.deprecation", "its stage is supported"),
        (
            changed(("stage: supported", "stage: deprecated")) + ENDS.replace("2027-04-30", "2027-01-15"),
            "support-dates",
            "module.yaml:22: support.deprecation.removal",
            "not in the future",
        ),
        (
            changed(("stage: supported", "stage: deprecated")) + ENDS.replace("2027-01-10", "2027-05-10"),
            "support-dates",
            "module.yaml:22",
            "before or as it is announced",
        ),
        (
            changed(("stage: supported", "stage: deprecated")) + ENDS.replace("2027-04-30", "2027-03-01"),
            "support-dates",
            "module.yaml:22",
            "50 days; 90 are promised",
        ),
        (
            changed(("stage: supported", "stage: deprecated")) + ENDS.replace("2027-04-30", "2027-02-31"),
            "manifest",
            "module.yaml",
            "not valid YAML",
        ),
        (
            changed(("window: 90d", "window: ninety days")),
            "support-form",
            "module.yaml:19: support.window",
            "not a valid `window`",
        ),
        (changed(("  window", "  windows")), "support-form", "module.yaml:19: support.windows", "not a field"),
        (
            changed(("hours: Mon-Fri 09:00-17:00 CET", "hours: office hours")),
            "support-form",
            "module.yaml:6: support.hours",
            "not a valid `hours`",
        ),
        (
            changed((", to: platform leads", "")),
            "support-form",
            "module.yaml:13: support.escalation.1",
            "`to` is missing",
        ),
        (
            changed(
                (
                    "    rota: platform primary\n    contact: https://oncall.acme.test/platform\n",
                    "    rota: platform primary\n",
                )
            ),
            "support-form",
            "module.yaml:8: support.on_call",
            "`contact` is missing",
        ),
        (changed(("form: 2", "form: 3")), "support-form", "module.yaml:3: support.form", "not a valid `form`"),
        (
            "support:\n  team: a\n  contact: a@b.test\n  hours: x\n",
            "support-form",
            "module.yaml:1: support",
            "demands form 2",
        ),
    ],
)
def test_each_fault_is_told_with_its_line_and_what_to_type(text: str, rule: str, where: str, words: str) -> None:
    found = [p for p in told(text) if p.rule == rule and words in p.what]
    assert len(found) == 1, told(text)
    assert found[0].where.startswith(where)
    assert found[0].fix


def test_every_reason_is_told_at_once() -> None:
    text = changed(
        ("window: 90d", "window: 3d"),
        ("contact: platform-team@acme.test", "contact: ada@acme.test"),
        ("after: 2h", "after: 5m"),
        ("severity: 1", "severity: 4"),
    )
    assert {p.rule for p in told(text)} == {"support-owner", "support-window", "support-escalation", "support-levels"}


def test_a_misspelt_field_names_the_one_that_was_meant() -> None:
    (problem,) = told(changed(("  escalation:", "  escalaton:")), policy=SupportPolicy())[:1]
    assert problem.fix == "Did you mean `escalation`?"


def test_the_small_form_is_taken_where_nothing_more_is_demanded() -> None:
    small = "support:\n  team: a\n  contact: a@b.test\n  hours: x\n"
    assert told(small, policy=SupportPolicy()) == []


def test_without_a_directory_nobody_claims_to_know_the_owner() -> None:
    text = changed(("team: platform team\n", "team: nobody\n"))
    assert told(text, policy=SupportPolicy(form=2)) == []


@pytest.mark.parametrize(
    "data", [{"forms": 2}, {"form": 3}, {"window": "long"}, {"teams": ["a"]}, {"people": "ada"}, {"teams": {"a": "b"}}]
)
def test_a_policy_that_is_none_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="not a support policy"):
        SupportPolicy.parse(data)


def test_a_policy_survives_the_way_through_data() -> None:
    assert SupportPolicy.parse(POLICY.to_data()) == POLICY


@pytest.mark.parametrize(
    ("text", "minutes", "said"),
    [
        ("30m", 30, "30 min"),
        ("PT1H30M", 90, "90 min"),
        ("4h", 240, "4 h"),
        ("1d", 1440, "1 day"),
        ("2w", 20160, "14 days"),
    ],
)
def test_durations(text: str, minutes: int, said: str) -> None:
    assert duration(text) == dt.timedelta(minutes=minutes)
    assert duration_text(duration(text)) == said


@pytest.mark.parametrize("text", ["", "PT", "5", "P1Y", "-3d", "3 days", "9999999d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration(text)

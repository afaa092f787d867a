"""The static displays of gates, pull requests, the forge's audit log and timelines."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import widgets
from helpers.clients.argocd.types import ApplicationEvent
from helpers.clients.forge.types import Approval, AuditEntry, PullRequest
from helpers.core.errors import BadInput
from helpers.core.verdicts.gates import Finding, Gate, GateReport
from helpers.widgets import TimelineEvent
from tests.repeats import examples
from tests.widgets import gitops
from tests.widgets.test_static import Outline, assert_safe


def words(source: str) -> str:
    return Outline(source).text


# Gates, changes, audit.


def test_unknown_gate_never_looks_passed() -> None:
    text = words(widgets.gate_report_html(gitops.gates()))
    assert "✗ the change is stopped" in text and text.count("✓") == 2, "one row and one count"
    for status in ("unknown", "skipped", "", "PASSED", "passed "):
        odd = words(widgets.gate_report_html(GateReport((Gate("image", status, ""),), gitops.COMMIT)))
        assert "✓" not in odd and "could not tell" in odd and "the change is stopped" in odd


def test_gates_pass_only_when_there_are_some_and_the_report_agrees() -> None:
    assert "✓ the change may go on" in words(widgets.gate_report_html(gitops.all_passed()))
    assert "✓" not in words(widgets.gate_report_html(GateReport((), gitops.COMMIT)))

    class Disagreeing(GateReport):
        passed = False  # type: ignore[assignment]

    disagreeing = Disagreeing(gitops.all_passed().gates, gitops.COMMIT)
    assert "the change may go on" not in words(widgets.gate_report_html(disagreeing))


def test_findings_have_file_and_line() -> None:
    text = words(widgets.gate_report_html(gitops.gates()))
    assert "apps/inference/overlays/prod/patch.yaml:12 require-limits container server has no limits" in text


def test_pull_request_says_which_approval_counts() -> None:
    text = words(widgets.pull_request_html(gitops.pull()))
    assert "✓ approved" in text and "does not count it is for another commit" in text
    assert "✗ blocked gate policy failed" in text and "no blockers" not in text
    fresh = words(widgets.pull_request_html(replace(gitops.fresh_pull(), blockers=("no approval",))))
    assert "No approvals yet." in fresh and "the gates did not run yet" in fresh
    assert "no blockers" not in words(widgets.pull_request_html(replace(gitops.fresh_pull(), state="merged")))


def test_break_glass_stands_out_in_the_audit_trail() -> None:
    text = words(widgets.audit_html(gitops.trail()))
    assert "4 audit entries ! break-glass 1 ✗ refused 1" in text and "prod is down, the registry too" in text


# The timeline.


def test_timeline_tells_drift_from_a_new_commit() -> None:
    found = widgets.timeline_events(gitops.stream())
    assert [(m.lane, m.state) for m in found if m.lane in ("drift", "heal")] == [
        ("drift", "drifted"),
        ("heal", "healed"),
    ]
    pushed = list(gitops.stream()[3:5])
    newer = replace(pushed[1].application, revision="d" * 40, sync="OutOfSync")
    found = widgets.timeline_events([*pushed, ApplicationEvent("MODIFIED", newer, gitops.at(20))])
    assert not [m for m in found if m.lane == "drift"], "Git changed, the cluster did not"


def test_timeline_has_a_lane_for_each_kind_and_a_list() -> None:
    source = widgets.timeline_html(gitops.happened())
    text = words(source)
    for lane in (
        "approval",
        "audit",
        "operation",
        "sync inference-prod",
        "health inference-dev",
        "drift",
        "heal",
        "event",
    ):
        assert lane in text
    assert 'aria-label="sync, inference-prod: OutOfSync"' in source
    assert "+30.0 s drift inference-prod ≠ drifted" in text
    assert "2026" not in text and "from 2026-01-01 10:00:00 UTC" in words(
        widgets.timeline_html(gitops.happened(), clock=True)
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from(["sync", "heal", "drift"]), st.text(max_size=30)),
        min_size=1,
        max_size=40,
    )
)
@examples(60)
def test_marks_of_a_lane_never_cover_each_other(given_: list[tuple[int, str, str]]) -> None:
    from datetime import UTC, datetime, timedelta

    from helpers.widgets.renderers.timeline_draw import _ends, _pack, _Scale, _span

    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = widgets.timeline_events(
        [TimelineEvent(start + timedelta(seconds=s), lane, "healed", what) for s, lane, what in given_]
    )
    scale = _Scale(*_ends(found), 100)
    for lane in ("heal", "drift"):
        lines, lost = _pack([m for m in found if m.lane == lane], scale, lane, False)
        assert sum(map(len, lines)) + lost == sum(m.lane == lane for m in found)
        for line in lines:
            spans = [_span(bar.start, bar.end, bar.label) for bar in line]
            assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert_safe(widgets.timeline_html(found))


def test_timeline_of_nothing_and_of_one_event() -> None:
    assert "No events yet." in words(widgets.timeline_html([]))
    assert "1 event" in words(widgets.timeline_html([TimelineEvent(gitops.at(0), "heal", "healed")]))


def test_what_has_no_time_is_left_out_and_what_is_unknown_is_refused() -> None:
    assert widgets.timeline_events([TimelineEvent("yesterday", "heal", "healed")]) == ()
    with pytest.raises(BadInput, match="does not know what to do with int"):
        widgets.timeline_events([7])


def test_results_of_the_real_rooms_are_shown() -> None:
    from datetime import UTC, datetime

    moment = datetime(2026, 1, 1, 10, 0, 2, tzinfo=UTC)
    gate = Gate("kyverno", "failed", "refused", (Finding("a.yaml", 3, "r", "no limits"),))
    report = GateReport((gate,), gitops.COMMIT, rules="base 0123456")
    one = PullRequest(
        7,
        "Promote",
        "learner",
        "topic",
        "main",
        gitops.COMMIT,
        "merged",
        (Approval("tom", gitops.OLDER, moment, False, "the head moved on"),),
        report,
        (),
        break_glass="ana: prod is down",
    )
    entry = AuditEntry(
        moment, "ana", "break-glass", "accepted", "prod is down", gitops.COMMIT, "refs/heads/main", 7, "gitops"
    )
    text = words(str(one._repr_html_()))
    for said in (
        "does not count the head moved on",
        "of base 0123456",
        "a.yaml:3 r no limits",
        "! break-glass ana: prod",
    ):
        assert said in text
    assert "2026-01-01 10:00:02Z ana ! break-glass ✓ accepted #7" in words(str(entry._repr_html_()))
    states = [(m.lane, m.state) for m in widgets.timeline_events([one, entry])]
    assert states == [("approval", "outdated"), ("audit", "break-glass")]

"""The displays of GitOps: safe with hostile values, the same each time, secrets masked, every meaning in words."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import widgets
from helpers._redact import add_secrets
from helpers.argocd.types import Application, ApplicationEvent, Operation, ResourceResult, ResourceTree
from helpers.errors import BadInput
from helpers.kubernetes.types import Event, Object, ObjectDiff
from helpers.promotion import Blocker, Board, Stage
from helpers.widgets import Moment
from helpers.widgets._application_tree import application_nodes, folded, resource_nodes
from helpers.widgets._shapes import SHAPES
from helpers.widgets._yaml_diff import diff_lines
from tests.widgets import gitops
from tests.widgets.gitops import SECRET, Approval, Audit, Finding, Gate, Pull, Report
from tests.widgets.test_static import HOSTILE, Outline, assert_safe, nested


def words(source: str) -> str:
    return Outline(source).text


def everything(text: str) -> dict[str, str]:
    """Render each display with *text* wherever a value may stand."""
    resource = {"group": text, "kind": text, "namespace": text, "name": text, "status": text, "requiresPruning": True,
                "health": {"status": text, "message": text}}  # fmt: skip
    operation = {"phase": "Failed", "message": text, "operation": {"initiatedBy": {"username": text}},
                 "syncResult": {"revision": text, "resources": [{**resource, "message": text}]}}  # fmt: skip
    document = gitops.application_json(text, text, text, resources=[resource], owner=text,
                                       summary={"images": [text]}, operationState=operation,
                                       conditions=[{"type": text, "message": text}])  # fmt: skip
    app = replace(Application.from_json(document), revision=text, project=text, destination_namespace=text)
    parts = [{**resource, "uid": uid, "parentRefs": [{"uid": text}]} for uid in (text, f"{text}2")]
    tree = ResourceTree.from_json({"nodes": parts})
    manifest = {"apiVersion": text, "kind": text, "metadata": {"name": text}, text: [text, {text: text}],
                "status": {"conditions": [{"type": text, "status": "False", "reason": text}], text: text}}  # fmt: skip
    diff = ObjectDiff.between(manifest, {**manifest, "spec": {text: [text]}})
    event = Event.from_json(
        {"type": text, "reason": text, "message": text, "involvedObject": {"kind": text, "name": text}}
    )
    stage = Stage("dev", text, f"{text}@{text}", text, text, "Synced", "Healthy", (text,), text)
    board = Board((stage, replace(stage, environment=text, version="")), (Blocker(text, text),))
    report = Report(
        (Gate(text, text, text, (Finding(text, 3, text, text),)), Gate("policy", "failed", f"a\n{text}")), text
    )
    pull = Pull(title=text, author=text, source=text, target=text, head=text, blockers=(text,), gates=report,
                approvals=(Approval(text, text, text, True), Approval(text, "x", text, False)))  # fmt: skip
    moments = [
        Moment(gitops.at(i), lane, text, text, text, gitops.at(i + 1)) for i, lane in enumerate(("sync", text, "heal"))
    ]
    crowd = [replace(app, name=f"{text}{i}") for i in range(14)]
    return {
        "tree": widgets.application_tree_html([app], trees={app.name: tree}),
        "crowd": widgets.application_tree_html(crowd),
        "resources": widgets.application_tree_html(tree),
        "applications": widgets.applications_html(app),
        "operation": widgets.operation_html(app.operation or Operation("Error")),
        "diff": widgets.resource_diff_html(diff, wanted=text),
        "drift": widgets.drift_board_html(diff, unknown={text: text}),
        "object": widgets.object_html(Object.from_json(manifest)),
        "events": widgets.events_html(event),
        "board": widgets.promotion_board_html(board),
        "gates": widgets.gate_report_html(report),
        "pull": widgets.pull_request_html(pull),
        "audit": widgets.audit_html([Audit("2026-01-01T00:00:00Z", text, text, 1, text, text, text)]),
        "timeline": widgets.timeline_html(moments),
    }  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t[:18]))
def test_hostile_values_stay_text(text: str) -> None:
    for name, source in everything(text).items():
        outline = assert_safe(source)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\ud800]", source), name
        source.encode("utf-8")
        if text == HOSTILE[0]:
            assert "<script>" in outline.text, f"{name} does not show the value"


@given(st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_text_gives_well_formed_html(text: str) -> None:
    for source in everything(text).values():
        assert_safe(source)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=20), nested))
@settings(max_examples=60, deadline=None)
def test_any_value_can_be_in_a_manifest(value: Any) -> None:
    one = {"kind": "ConfigMap", "metadata": {"name": "x"}, "spec": value}
    assert_safe(widgets.resource_diff_html(ObjectDiff.between(one, {**one, "spec": {"other": value}})))
    assert_safe(widgets.object_html(Object.from_json({**one, "status": value})))


def test_same_input_gives_the_same_bytes() -> None:
    first, second = everything("value"), everything("value")
    assert first == second
    for name, source in first.items():
        assert not re.search(r"0x[0-9a-f]{6,}|object at", source), name
        assert " id=" not in source, "an id could meet its twin in another output"


def test_order_of_the_input_does_not_matter() -> None:
    apps, diffs = gitops.family(), gitops.diffs()
    assert widgets.application_tree_html(apps) == widgets.application_tree_html(apps[::-1])
    assert widgets.drift_board_html(diffs) == widgets.drift_board_html(diffs[::-1])
    entries = gitops.trail()
    assert widgets.timeline_html(entries) == widgets.timeline_html(entries[::-1])


def test_registered_secrets_are_masked_in_every_display() -> None:
    add_secrets("s3cr3t-of-the-forge")
    for name, source in everything("token s3cr3t-of-the-forge!").items():
        assert "s3cr3t-of-the-forge" not in source, name


def test_values_of_secrets_reach_no_display() -> None:
    diffs, one = gitops.diffs(), gitops.live_secret()
    shown = [widgets.resource_diff_html(diffs), widgets.drift_board_html(diffs), widgets.object_html(one), repr(one)]
    shown += [repr(one.raw), str(one.raw), repr(diffs[1].changes)]
    # Also what was never parsed by us, but made by hand.
    bare = ObjectDiff(one.ref, gitops.secret(SECRET), gitops.secret(f"{SECRET}-2"))
    shown.append(widgets.resource_diff_html(replace(bare, changes=())))
    assert not any(SECRET in source for source in shown)
    assert "the live one" in shown[0] and "the wanted one" in shown[0], "that they differ must be seen"


# The tree.


def test_tree_says_each_state_in_words_and_by_shape() -> None:
    source = widgets.application_tree_html(gitops.family())
    for said in ("Application inference-prod: Degraded, OutOfSync (SyncError)", "Application root: Healthy, Synced",
                 "Secret model-key: Missing, OutOfSync", "ConfigMap old: OutOfSync (to be pruned)"):  # fmt: skip
        assert f'aria-label="{said}"' in source
    for state in ("Healthy", "Degraded", "Missing", "Progressing", "Synced", "OutOfSync"):
        assert SHAPES[state][0] in source
    assert "OutOfSync 1" in words(source) and "Synced 3" in words(source)


def test_each_state_has_a_shape_of_its_own() -> None:
    of_argo = ("Healthy", "Progressing", "Degraded", "Missing", "Suspended", "Synced", "OutOfSync", "Unknown")
    assert len({SHAPES[state] for state in of_argo}) == len(of_argo)


def test_tree_knows_who_manages_whom() -> None:
    parents = {node.title: node.parent for node in application_nodes(gitops.family())}
    assert parents == {"root": "", "inference-dev": "app/root", "inference-prod": "app/root",
                       "inference-staging": "app/root"}  # fmt: skip


def test_a_child_we_were_not_shown_is_drawn_from_what_its_parent_says() -> None:
    root = gitops.family()[0]
    states = {n.title: (n.sync, n.health) for n in application_nodes([root])}
    assert states["inference-prod"] == ("OutOfSync", "Degraded")


def test_applications_that_manage_themselves_or_each_other_are_drawn() -> None:
    def one(name: str, *children: str) -> Application:
        return gitops.application(name, resources=[gitops.resource("Application", c) for c in children])

    apps = [one("self", "self"), one("a", "b"), one("b", "a")]
    source = widgets.application_tree_html(apps)
    for name in ("self", "a", "b"):
        assert f'aria-label="Application {name}: Healthy, Synced"' in source


def test_a_resource_tree_in_a_circle_is_no_fault() -> None:
    nodes = [{"uid": "a", "kind": "Pod", "name": "a", "parentRefs": [{"uid": "b"}]},
             {"uid": "b", "kind": "Pod", "name": "b", "parentRefs": [{"uid": "a"}]}]  # fmt: skip
    assert "code>a</code" in assert_safe_source(widgets.application_tree_html(ResourceTree.from_json({"nodes": nodes})))


def assert_safe_source(source: str) -> str:
    assert_safe(source)
    return source


def test_with_its_resource_tree_an_application_shows_its_pods() -> None:
    source = widgets.application_tree_html([gitops.family()[1]], trees={"inference-dev": gitops.tree()})
    assert 'aria-label="Pod inference-6d5f-0: Progressing (pulling)"' in source
    assert 'aria-label="ReplicaSet inference-6d5f: no state of its own"' in source
    assert 'aria-label="Deployment inference: Healthy, Synced"' in source
    assert 'aria-label="ConfigMap settings: Synced"' in source, "what Git wants is shown although no tree has it"


def test_a_hundred_applications_are_cells_with_a_line_of_counts() -> None:
    source = widgets.application_tree_html(gitops.crowd())
    text = words(source)
    assert "100 applications" in text and "Healthy 95" in text and "Degraded 1" in text
    assert source.count('role="img"') == 100
    assert 'aria-label="Application inference-024: Unknown, Unknown"' in source
    assert "ApplicationSet inference-fleet, inference-…" in text
    assert len(source) < 200_000


def test_groups_of_cells_say_how_they_are() -> None:
    both = [*gitops.crowd(20), *(replace(a, name=f"ranker-{i}", raw={}) for i, a in enumerate(gitops.crowd(3)))]
    text = words(widgets.application_tree_html(both))
    assert "Applications at the root: 3 applications, 3 Healthy, 3 Synced" in text
    assert "20 applications, 1 Degraded, 19 Healthy, 1 OutOfSync, 19 Synced" in text


def test_many_resources_fold_but_trouble_stays_in_sight() -> None:
    kinds = [gitops.resource("ConfigMap", f"c{i}") for i in range(60)]
    kinds += [gitops.resource("Deployment", "sick", "Synced", "Degraded")]
    app = gitops.application("big", resources=kinds)
    nodes = folded(resource_nodes(app))
    assert sorted((n.title, n.members) for n in nodes) == [("60 × ConfigMap", 60), ("sick", 1)]


def test_only_one_branch_can_be_drawn() -> None:
    other = gitops.application("elsewhere")
    source = widgets.application_tree_html([*gitops.family(), other], root="root")
    assert "inference-dev" in source and "elsewhere" not in source


def test_no_applications_say_so() -> None:
    assert "No applications." in words(widgets.application_tree_html([]))
    assert not widgets.settled([]), "nothing there is not the same as all is well"


# Cards.


def test_applications_show_what_argo_complains_about() -> None:
    text = words(widgets.applications_html(gitops.family()))
    assert "SyncError: exceeded quota: gpu" in text and "✗ Degraded" in text and "≠ OutOfSync" in text


def test_operation_says_which_resource_failed_and_leaves_times_out() -> None:
    operation = gitops.family()[3].operation
    assert operation is not None
    text = words(widgets.operation_html(operation))
    assert "✗ SyncFailed exceeded quota: gpu" in text and "Asked by maria" in text
    assert "10:00" not in text


def test_a_resource_of_a_sync_that_is_over_is_not_called_running() -> None:
    # So Argo CD answers for what is no hook, when all has succeeded.
    applied = ResourceResult("apps", "v1", "Deployment", "prod", "inference", "Synced", "applied", "Running", "Sync")
    hook = ResourceResult(
        "batch", "v1", "Job", "prod", "migrate", "Synced", "BackoffLimitExceeded", "Failed", "PreSync"
    )
    text = words(widgets.operation_html(Operation("Succeeded", resources=(applied, hook))))
    assert "= Synced applied" in text and "✗ Failed BackoffLimitExceeded" in text
    assert "Running" not in text


def test_events_come_in_order_with_warnings_counted() -> None:
    text = words(widgets.events_html(gitops.cluster_events()[::-1]))
    assert "Warning 1" in text and text.index("ScalingReplicaSet") < text.index("FailedCreate")


# Differences.


def test_changed_lines_are_marked_on_both_sides() -> None:
    source = widgets.resource_diff_html(gitops.diffs()[0])
    assert re.search(r"<del>\s*replicas: 9</del>", source) and re.search(r"<ins>\s*replicas: 3</ins>", source)
    assert "lines the same" in source
    for noise in ("managedFields", "resourceVersion", "readyReplicas"):
        assert noise not in source


def test_lines_of_a_difference_keep_their_order() -> None:
    old = {"kind": "ConfigMap", "data": {"a": "1", "b": "2"}}
    new = {"kind": "ConfigMap", "data": {"a": "1", "b": "3", "c": "4"}}
    lines = diff_lines(old, new)
    assert [line.live for line in lines if line.live is not None] == [
        "kind: ConfigMap",
        "data:",
        "  a: '1'",
        "  b: '2'",
    ]
    assert [line.desired for line in lines if not line.same] == ["  b: '3'", "  c: '4'"]


def test_a_very_long_difference_is_cut_and_says_so() -> None:
    old, new = ({"kind": "ConfigMap", "data": {f"k{i:04d}": f"{side}{i}" for i in range(900)}} for side in "ab")
    source = widgets.resource_diff_html(ObjectDiff.between(old, new))
    assert "more lines are not shown" in source and len(source) < 200_000


def test_three_answers_of_drift_differ() -> None:
    same = [d for d in gitops.diffs() if d.status == "same"]
    shown = [words(widgets.drift_board_html(same)), words(widgets.drift_board_html(gitops.diffs())),
             words(widgets.drift_board_html([], unknown=gitops.UNKNOWN))]  # fmt: skip
    assert "✓ in sync 1" in shown[0] and "≠" not in shown[0] and "?" not in shown[0]
    assert "≠ drifted 3" in shown[1] and "○ missing in the cluster" in shown[1]
    assert "? could not tell 1" in shown[2] and "did not answer within 10 s" in shown[2] and "✓" not in shown[2]


def test_nothing_compared_is_not_in_sync() -> None:
    for source in (widgets.drift_board_html([]), widgets.resource_diff_html([])):
        text = words(source)
        assert "could not tell" in text and "nothing was compared" in text and "✓" not in text


# Promotion.


def test_board_says_what_is_where_and_what_would_move() -> None:
    text = words(widgets.promotion_board_html(gitops.board()))
    assert "✓ can be promoted 1.4.2 → 1.5.0" in text
    assert "✗ blocked 1.3.9 → 1.4.2 no approval by another person" in text
    assert "not pinned" in text and "dev is Progressing" in text and "nothing deployed" in text
    assert "approved by maria, tom" in text
    assert text.index(" dev ") < text.index(" staging ") < text.index(" prod ")


def test_empty_board_says_so() -> None:
    assert "No environment is known." in words(widgets.promotion_board_html(Board(())))


# Gates, changes, audit.


def test_unknown_gate_never_looks_passed() -> None:
    text = words(widgets.gate_report_html(gitops.gates()))
    assert "✗ the change is stopped" in text and text.count("✓") == 2, "one row and one count"
    for status in ("unknown", "skipped", "", "PASSED", "passed "):
        odd = words(widgets.gate_report_html(Report((Gate("image", status),), passed=True)))
        assert "✓" not in odd and "could not tell" in odd and "the change is stopped" in odd


def test_gates_pass_only_when_there_are_some_and_the_report_agrees() -> None:
    assert "✓ the change may go on" in words(widgets.gate_report_html(gitops.all_passed()))
    assert "✓" not in words(widgets.gate_report_html(Report((), passed=True)))
    disagreeing = replace(gitops.all_passed(), passed=False)
    assert "the change may go on" not in words(widgets.gate_report_html(disagreeing))


def test_findings_have_file_and_line() -> None:
    text = words(widgets.gate_report_html(gitops.gates()))
    assert "apps/inference/overlays/prod/patch.yaml:12 require-limits container server has no limits" in text


def test_pull_request_says_which_approval_counts() -> None:
    text = words(widgets.pull_request_html(gitops.pull()))
    assert "✓ approved" in text and "does not count it is of another commit" in text
    assert "✗ blocked gate policy failed" in text and "nothing stands in the way" not in text
    fresh = words(widgets.pull_request_html(Pull(blockers=("no approval",))))
    assert "Nobody approved it yet." in fresh and "the gates did not run yet" in fresh
    assert "nothing stands in the way" not in words(widgets.pull_request_html(Pull(state="merged")))


def test_break_glass_stands_out_in_the_audit_trail() -> None:
    text = words(widgets.audit_html(gitops.trail()))
    assert "4 audit entries ! break-glass 1 ✗ refused 1" in text and "prod is down, the registry too" in text


# The timeline.


def test_timeline_tells_drift_from_a_new_commit() -> None:
    found = widgets.moments(gitops.stream())
    assert [(m.lane, m.state) for m in found if m.lane in ("drift", "heal")] == [
        ("drift", "drifted"),
        ("heal", "healed"),
    ]
    pushed = list(gitops.stream()[3:5])
    newer = replace(pushed[1].application, revision="d" * 40, sync="OutOfSync")
    found = widgets.moments([*pushed, ApplicationEvent("MODIFIED", newer, gitops.at(20))])
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


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(["sync", "heal", "drift"]), st.text(max_size=30)),
                min_size=1, max_size=40))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_marks_of_a_lane_never_cover_each_other(given_: list[tuple[int, str, str]]) -> None:
    from datetime import UTC, datetime, timedelta

    from helpers.widgets.timeline import _ends, _pack, _Scale, _span

    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = widgets.moments([Moment(start + timedelta(seconds=s), lane, "healed", what) for s, lane, what in given_])
    scale = _Scale(*_ends(found), 100)
    for lane in ("heal", "drift"):
        lines, lost = _pack([m for m in found if m.lane == lane], scale, lane, False)
        assert sum(map(len, lines)) + lost == sum(m.lane == lane for m in found)
        for line in lines:
            spans = [_span(bar.start, bar.end, bar.label) for bar in line]
            assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert_safe(widgets.timeline_html(found))


def test_timeline_of_nothing_and_of_one_moment() -> None:
    assert "Nothing happened yet." in words(widgets.timeline_html([]))
    assert "1 moment" in words(widgets.timeline_html([Moment(gitops.at(0), "heal", "healed")]))


def test_what_has_no_time_is_left_out_and_what_is_unknown_is_refused() -> None:
    assert widgets.moments([Moment("yesterday", "heal", "healed")]) == ()
    with pytest.raises(BadInput, match="does not know what to do with int"):
        widgets.moments([7])


def test_results_of_the_real_rooms_are_shown() -> None:
    """The types of the gates and of the forge, not stand-ins with the same fields."""
    from datetime import UTC, datetime

    from helpers.forge.types import Approval as Approved
    from helpers.forge.types import AuditEntry, PullRequest
    from helpers.gates.types import Finding as Found
    from helpers.gates.types import Gate as Checked
    from helpers.gates.types import GateReport

    moment = datetime(2026, 1, 1, 10, 0, 2, tzinfo=UTC)
    gate = Checked("kyverno", "failed", "refused", (Found("a.yaml", 3, "r", "no limits"),))
    report = GateReport((gate,), gitops.COMMIT, rules="base 0123456")
    one = PullRequest(7, "Promote", "learner", "topic", "main", gitops.COMMIT, "merged",
                      (Approved("tom", gitops.OLDER, moment, False, "the head moved on"),), report, (),
                      break_glass="ana: prod is down")  # fmt: skip
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
    states = [(m.lane, m.state) for m in widgets.moments([one, entry])]
    assert states == [("approval", "outdated"), ("audit", "break-glass")]

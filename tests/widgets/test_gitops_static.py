"""The displays of GitOps: safe with hostile values, the same each time, secrets masked, every meaning in words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import widgets
from helpers.clients.argocd.types import Application, Operation, ResourceResult, ResourceTree
from helpers.clients.forge.types import Approval
from helpers.clients.kubernetes.types import Event, Object, ObjectDiff
from helpers.compliance.promotion import Blocker, Board, Stage
from helpers.core.redact import add_secrets
from helpers.core.verdicts.gates import Finding, Gate, GateReport
from helpers.widgets import TimelineEvent
from helpers.widgets.renderers.application_nodes import application_nodes, folded, resource_nodes
from helpers.widgets.renderers.shapes import SHAPES
from helpers.widgets.renderers.yaml_diff import diff_lines
from tests.repeats import examples
from tests.widgets import gitops
from tests.widgets.gitops import SECRET
from tests.widgets.test_static import HOSTILE, Outline, assert_safe, nested


def words(source: str) -> str:
    return Outline(source).text


def everything(text: str) -> dict[str, str]:
    """Render each display with *text* wherever a value may stand."""
    resource = {
        "group": text,
        "kind": text,
        "namespace": text,
        "name": text,
        "status": text,
        "requiresPruning": True,
        "health": {"status": text, "message": text},
    }
    operation = {
        "phase": "Failed",
        "message": text,
        "operation": {"initiatedBy": {"username": text}},
        "syncResult": {"revision": text, "resources": [{**resource, "message": text}]},
    }
    document = gitops.application_json(
        text,
        text,
        text,
        resources=[resource],
        owner=text,
        summary={"images": [text]},
        operationState=operation,
        conditions=[{"type": text, "message": text}],
    )
    app = replace(Application.from_json(document), revision=text, project=text, destination_namespace=text)
    parts = [{**resource, "uid": uid, "parentRefs": [{"uid": text}]} for uid in (text, f"{text}2")]
    tree = ResourceTree.from_json({"nodes": parts})
    manifest = {
        "apiVersion": text,
        "kind": text,
        "metadata": {"name": text},
        text: [text, {text: text}],
        "status": {"conditions": [{"type": text, "status": "False", "reason": text}], text: text},
    }
    diff = ObjectDiff.between(manifest, {**manifest, "spec": {text: [text]}})
    event = Event.from_json(
        {"type": text, "reason": text, "message": text, "involvedObject": {"kind": text, "name": text}}
    )
    stage = Stage("dev", text, f"{text}@{text}", text, text, "Synced", "Healthy", (text,), text)
    board = Board((stage, replace(stage, environment=text, version="")), (Blocker(text, text),))
    report = GateReport(
        (Gate(text, text, text, (Finding(text, 3, text, text),)), Gate("policy", "failed", f"a\n{text}")), text
    )
    pull = replace(
        gitops.fresh_pull(),
        title=text,
        author=text,
        source=text,
        target=text,
        head=text,
        blockers=(text,),
        gates=report,
        approvals=(Approval(text, text, text, True), Approval(text, "x", text, False)),
    )
    events = [
        TimelineEvent(gitops.at(i), lane, text, text, text, gitops.at(i + 1))
        for i, lane in enumerate(("sync", text, "heal"))
    ]
    crowd = [replace(app, name=f"{text}{i}") for i in range(14)]
    return {
        "tree": widgets.application_tree_html([app], trees={app.name: tree}),
        "crowd": widgets.application_tree_html(crowd),
        "resources": widgets.application_tree_html(tree),
        "applications": widgets.applications_html(app),
        "operation": widgets.operation_html(app.operation or Operation("Error")),
        "diff": widgets.resource_diff_html(diff, desired=text),
        "drift": widgets.drift_board_html(diff, unknown={text: text}),
        "object": widgets.object_html(Object.from_json(manifest)),
        "events": widgets.events_html(event),
        "board": widgets.promotion_board_html(board),
        "gates": widgets.gate_report_html(report),
        "pull": widgets.pull_request_html(pull),
        "audit": widgets.audit_html(replace(gitops.trail()[0], actor=text, action=text, decision=text, reason=text)),
        "timeline": widgets.timeline_html(events),
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


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=20), nested))
@examples(60)
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
    assert "the live one" in shown[0] and "the desired one" in shown[0], "that they differ must be seen"


# The tree.


def test_tree_says_each_state_in_words_and_by_shape() -> None:
    source = widgets.application_tree_html(gitops.family())
    for said in (
        "Application inference-prod: Degraded, OutOfSync (SyncError)",
        "Application root: Healthy, Synced",
        "Secret model-key: Missing, OutOfSync",
        "ConfigMap old: OutOfSync (to be pruned)",
    ):
        assert f'aria-label="{said}"' in source
    for state in ("Healthy", "Degraded", "Missing", "Progressing", "Synced", "OutOfSync"):
        assert SHAPES[state][0] in source
    assert "OutOfSync 1" in words(source) and "Synced 3" in words(source)


def test_each_state_has_a_shape_of_its_own() -> None:
    of_argo = ("Healthy", "Progressing", "Degraded", "Missing", "Suspended", "Synced", "OutOfSync", "Unknown")
    assert len({SHAPES[state] for state in of_argo}) == len(of_argo)


def test_tree_knows_who_manages_whom() -> None:
    parents = {node.title: node.parent for node in application_nodes(gitops.family())}
    assert parents == {
        "root": "",
        "inference-dev": "app/root",
        "inference-prod": "app/root",
        "inference-staging": "app/root",
    }


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
    nodes = [
        {"uid": "a", "kind": "Pod", "name": "a", "parentRefs": [{"uid": "b"}]},
        {"uid": "b", "kind": "Pod", "name": "b", "parentRefs": [{"uid": "a"}]},
    ]
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
    assert "✗ SyncFailed exceeded quota: gpu" in text and "Started by maria" in text
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
    shown = [
        words(widgets.drift_board_html(same)),
        words(widgets.drift_board_html(gitops.diffs())),
        words(widgets.drift_board_html([], unknown=gitops.UNKNOWN)),
    ]
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

"""The types of Argo CD, of Kubernetes and of the promotion board: parsed from JSON, tolerant, secrets masked."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.clients.argocd.types import (
    Application,
    ApplicationEvent,
    Deployed,
    Operation,
    Project,
    ResourceDiff,
    ResourceTree,
)
from helpers.clients.kubernetes.types import Event, Object, ObjectDiff, Ref, WatchEvent, changes_between, reveal
from helpers.compliance.promotion import Blocker, Board, Stage
from tests.widgets import gitops
from tests.widgets.gitops import COMMIT, DIGEST, OLD_DIGEST, SECRET

GOOD: dict[str, Any] = {"sync": "Synced", "health": "Healthy"}


def test_application_is_read_from_the_api() -> None:
    history = [{"id": 3, "revision": COMMIT, "deployedAt": "2026-01-01T10:00:00Z", "initiatedBy": {"automated": True}}]
    app = gitops.application(
        "inference-dev", summary={"images": [DIGEST]}, history=history, operationState=gitops.OPERATION
    )
    assert (app.sync, app.health, app.project, app.namespace) == ("Synced", "Healthy", "vision", "argocd")
    assert (app.revision, app.target_revision, app.path) == (COMMIT, "main", "apps/inference-dev")
    assert app.destination_namespace == "inference-dev" and app.images == (DIGEST,)
    assert app.history == (Deployed(3, COMMIT, "2026-01-01T10:00:00Z", "automated"),)
    assert app.operation is not None and app.operation.by == "maria" and app.operation.done
    assert app.operation.resources[0].status == "SyncFailed"
    assert repr(app) == "Application(inference-dev: Synced, Healthy, revision aaaaaaaa)"
    with pytest.raises(FrozenInstanceError):
        app.sync = "OutOfSync"  # type: ignore[misc]


def test_application_of_many_sources_shows_the_first() -> None:
    raw = {
        "spec": {"sources": [{"repoURL": "a", "path": "x"}, {"repoURL": "b"}]},
        "status": {"sync": {"status": "Synced", "revisions": ["r1", "r2"]}},
    }
    app = Application.from_json(raw)
    assert (app.repo_url, app.path, app.revision) == ("a", "x", "r1")


@pytest.mark.parametrize("raw", [{}, {"metadata": None, "spec": None, "status": None}, {"status": {"resources": None}}])
def test_what_is_not_there_yet_is_unknown_not_good(raw: dict[str, Any]) -> None:
    app = Application.from_json(raw)
    assert (app.sync, app.health, app.operation) == ("Unknown", "Unknown", None)


def test_words_of_a_newer_version_are_unknown() -> None:
    app = gitops.application("x", "HalfSynced", "Splendid")
    assert (app.sync, app.health) == ("Unknown", "Unknown")
    assert not Operation.from_json({"phase": "Pondering"}).done


def test_children_are_the_applications_that_it_manages() -> None:
    assert gitops.family()[0].children == ("inference-dev", "inference-staging", "inference-prod")


def test_kinds_without_health_have_none() -> None:
    app = gitops.family()[1]
    assert {r.kind: r.health for r in app.resources} == {"Deployment": "Healthy", "Service": "", "ConfigMap": ""}


def test_resource_tree_keeps_who_owns_what() -> None:
    tree = gitops.tree()
    assert [n.parents for n in tree.nodes if n.kind == "Pod"] == [("r",)] * 3
    assert ResourceTree.from_json({}).nodes == () and ResourceTree.from_json({"nodes": None}).nodes == ()


def test_event_of_the_stream() -> None:
    line = {"result": {"type": "MODIFIED", "application": gitops.application_json("x", "OutOfSync")}}
    event = ApplicationEvent.from_json(line, at=gitops.at(1))
    assert (event.kind, event.application.name, event.application.sync) == ("MODIFIED", "x", "OutOfSync")


def test_project_with_its_windows() -> None:
    window = {
        "kind": "deny",
        "schedule": "0 22 * * *",
        "duration": "8h",
        "applications": ["*-prod"],
        "manualSync": True,
    }
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "s", "namespace": "inference-dev"}],
        "syncWindows": [window],
    }
    project = Project.from_json({"metadata": {"name": "vision"}, "spec": spec})
    assert repr(project) == "Project(vision: namespaces inference-dev)"
    assert repr(project.sync_windows[0]) == "SyncWindow(deny '0 22 * * *' for 8h UTC)"


# Differences.


def test_difference_names_the_fields() -> None:
    changes = {c.path: (c.live, c.desired) for c in gitops.diffs()[0].changes}
    assert changes == {
        "spec.replicas": (9, 3),
        "spec.template.spec.containers[name=server].image": (OLD_DIGEST, DIGEST),
        "spec.template.spec.containers[name=server].env[name=DEBUG]": ({"name": "DEBUG", "value": "1"}, None),
    }


def test_each_status_of_a_difference() -> None:
    assert [d.status for d in gitops.diffs()] == ["different", "different", "same", "missing"]
    pruned = ResourceDiff.from_json(
        {
            "kind": "ConfigMap",
            "name": "old",
            "liveState": '{"kind": "ConfigMap"}',
            "targetState": "null",
            "predictedLiveState": '{"kind": "ConfigMap"}',
        }
    )
    assert pruned.status == "extra" and pruned.desired is None
    broken = ResourceDiff.from_json({"kind": "X", "name": "x", "liveState": "{", "targetState": '{"kind": "X"}'})
    assert broken.status == "missing"


def test_items_without_names_are_compared_by_place() -> None:
    changes = changes_between({"spec": {"args": ["a", "b"]}}, {"spec": {"args": ["a", "c", "d"]}})
    assert [tuple(c) for c in changes] == [("spec.args[1]", "b", "c"), ("spec.args[2]", None, "d")]


def test_order_of_named_items_is_a_difference() -> None:
    one, two = {"name": "a", "v": 1}, {"name": "b", "v": 2}
    assert [c.path for c in changes_between({"x": [one, two]}, {"x": [two, one]})] == [
        "x[0].name",
        "x[0].v",
        "x[1].name",
        "x[1].v",
    ]
    assert [c.path for c in changes_between({"x": [one, two]}, {"x": [two]})] == ["x[name=a]"]


def test_names_with_dots_are_quoted() -> None:
    changes = changes_between({"metadata": {"labels": {"a.b/c": "1"}}}, {"metadata": {"labels": {"a.b/c": "2"}}})
    assert changes[0].path == 'metadata.labels["a.b/c"]'


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=6), inner, max_size=3),
)


@given(st.dictionaries(st.text(min_size=1, max_size=6), _VALUES, max_size=4))
def test_an_object_does_not_differ_from_its_copy(spec: dict[str, Any]) -> None:
    live = {"spec": spec, "status": {"x": 1}, "metadata": {"name": "a", "uid": "1"}}
    assert changes_between(live, json.loads(json.dumps({"spec": spec, "metadata": {"name": "a"}}))) == ()


@given(st.dictionaries(st.text(min_size=1, max_size=6), _VALUES, max_size=4), _VALUES)
def test_a_changed_value_is_seen(spec: dict[str, Any], value: Any) -> None:
    changed = {**spec, "replicas": value}
    assert bool(changes_between({"spec": spec}, {"spec": changed})) == (spec.get("replicas") != value)


# Secrets.


def test_values_of_a_secret_are_masked_but_compare() -> None:
    one = gitops.live_secret()
    shown = [
        repr(one),
        str(one.raw),
        repr(one),
        json.dumps(one.raw),
        str(one.metadata),
        str(pickle.loads(pickle.dumps(one)).raw),
    ]
    assert not any(SECRET in text for text in shown)
    assert reveal(one.raw)["data"]["key"] == SECRET
    diff = gitops.diffs()[1]
    assert [c.path for c in diff.changes] == ["data.key"] and SECRET not in repr(diff.changes)


def test_object_diff_masks_too() -> None:
    diff = ObjectDiff.between(gitops.secret(SECRET), gitops.secret(SECRET))
    assert diff.status == "same" and SECRET not in str(diff.live)
    assert ObjectDiff.between(None, gitops.secret(SECRET)).status == "missing"


# Objects and events.


def test_object_and_watch_event() -> None:
    raw = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "inference", "namespace": "dev"},
        "spec": {"replicas": 3},
        "status": {"conditions": [{"type": "Available", "status": "True"}]},
    }
    event = WatchEvent.from_json({"type": "ADDED", "object": raw})
    assert repr(event) == "WatchEvent(ADDED Deployment dev/inference)"
    one = event.object
    assert one.ref == Ref("apps/v1", "Deployment", "inference", "dev") and one.ref.group == "apps"
    assert one.condition("Available") == "True" and one.condition("Ready") == "" and one.spec == {"replicas": 3}
    assert Object.from_json({}).spec == {}


def test_both_shapes_of_events() -> None:
    old, new = gitops.cluster_events()
    assert (old.reason, old.source, old.count, old.last) == (
        "ScalingReplicaSet",
        "deployment-controller",
        1,
        gitops.at(9),
    )
    assert (new.message, new.count, new.last, str(new.about)) == (
        "exceeded quota: gpu",
        4,
        gitops.at(12),
        "Deployment inference-prod/inference",
    )
    assert Event.from_json({}).count == 1


# The promotion board.


def step(source: Stage, target: Stage, *blockers: Blocker) -> tuple[str, tuple[str, ...]]:
    found = Board((source, target), blockers).steps("inference")[0]
    return found.state, found.reasons


def test_board_knows_what_can_go_on() -> None:
    steps = {s.target.environment: s.state for s in gitops.board().steps("inference")}
    assert steps == {"staging": "ready", "prod": "blocked"}
    assert [s.state for s in gitops.board().steps("ranker")] == ["blocked", "empty"]
    assert repr(gitops.board()) == "Board(dev -> staging -> prod; 1 ready, 2 blocked)"


def test_environments_come_in_the_order_of_promotion() -> None:
    stages = tuple(Stage(e, "a") for e in ("prod", "canary", "dev", "staging"))
    assert Board(stages).environments == ("dev", "staging", "prod", "canary")


def test_digests_decide_what_is_the_same() -> None:
    dev = Stage("dev", "inference", DIGEST, "1.5.0", COMMIT, **GOOD)
    assert step(dev, Stage("staging", "inference", DIGEST, "another name", **GOOD)) == ("current", ())
    assert step(dev, Stage("staging", "inference", OLD_DIGEST, "1.5.0", **GOOD))[0] == "ready"


@pytest.mark.parametrize(
    ("sync", "health"),
    [
        ("Unknown", "Healthy"),
        ("OutOfSync", "Healthy"),
        ("Synced", "Unknown"),
        ("Synced", "Degraded"),
        ("Synced", "Progressing"),
    ],
)
def test_what_is_not_known_to_be_good_does_not_go_on(sync: Any, health: Any) -> None:
    dev = Stage("dev", "inference", DIGEST, "1.5.0", sync=sync, health=health)
    state, reasons = step(dev, Stage("staging", "inference"))
    assert state == "blocked" and len(reasons) == 1


def test_an_image_without_digest_does_not_go_on() -> None:
    dev = Stage("dev", "inference", "registry/inference:latest", "1.5.0", **GOOD)
    assert step(dev, Stage("staging", "inference")) == ("blocked", ("the image in dev is not pinned by digest",))


def test_blockers_hold_for_one_application_or_for_all() -> None:
    dev = Stage("dev", "inference", DIGEST, "1.5.0", **GOOD)
    target = Stage("staging", "inference")
    assert step(dev, target, Blocker("staging", "freeze")) == ("blocked", ("freeze",))
    assert step(dev, target, Blocker("staging", "freeze", "ranker"), Blocker("prod", "freeze")) == ("ready", ())
    assert step(replace(dev, image="", version=""), target) == ("empty", ())

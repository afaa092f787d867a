"""Parts of the controller that need no cluster."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from helpers.clients.secret_sync.errors import NotInStore
from helpers.clients.secret_sync.kinds import version_of
from helpers.servers.secret_sync import install, providers
from helpers.servers.secret_sync.controller import Due
from helpers.servers.secret_sync.reconcile import condition, seconds


class Shelf:
    """A store of one secret."""

    def __init__(self, held: str | dict[str, Any]) -> None:
        self.held = held

    def read(self, key: str, version: str) -> str | dict[str, Any]:
        return self.held


@pytest.mark.parametrize(
    ("text", "wanted"), [("1h", 3600), ("1h0m0s", 3600), ("1m30s", 90), ("500ms", 0.5), ("0", 0), ("0.5s", 0.5)]
)
def test_durations(text: str, wanted: float) -> None:
    assert seconds(text) == wanted


def test_a_property_is_a_key_or_a_way_by_dots() -> None:
    shelf = Shelf({"a.b": "flat", "db": {"password": "deep", "port": 5432}})
    assert providers.value(shelf, {"key": "k", "property": "a.b"}) == "flat"
    assert providers.value(shelf, {"key": "k", "property": "db.password"}) == "deep"
    assert providers.value(shelf, {"key": "k", "property": "db.port"}) == "5432"
    assert providers.value(shelf, {"key": "k"}).startswith('{"a.b"')
    assert providers.value(Shelf("plain"), {"key": "k"}) == "plain"
    for wrong in ("none", "db.none", "a.b.c"):
        with pytest.raises(NotInStore, match="no property"):
            providers.value(shelf, {"key": "k", "property": wrong})


def test_extract_takes_all_keys() -> None:
    assert providers.values(Shelf({"a": "1", "n": 2}), {"key": "k"}) == {"a": "1", "n": "2"}
    assert providers.values(Shelf({"in": '{"x": "y"}'}), {"key": "k", "property": "in"}) == {"x": "y"}
    with pytest.raises(NotInStore, match="no keys"):
        providers.values(Shelf("plain"), {"key": "k"})


def test_a_version_changes_with_annotations_and_not_with_the_status() -> None:
    raw: dict[str, Any] = {"metadata": {"generation": 3, "resourceVersion": "1"}}
    assert version_of(raw) == version_of(
        {**raw, "status": {"x": 1}, "metadata": {**raw["metadata"], "resourceVersion": "2"}}
    )
    assert version_of(raw) != version_of({"metadata": {"generation": 3, "annotations": {"force-sync": "now"}}})


def test_a_condition_keeps_its_time_until_it_turns() -> None:
    before = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
    assert condition("True", "r", "m", before)[0]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert condition("False", "r", "m", before)[0]["lastTransitionTime"] > "2026-01-01T00:00:00Z"


def test_what_is_due_comes_once_and_at_its_earliest_time() -> None:
    due = Due()
    late, soon = ("ExternalSecret", "n", "late"), ("ExternalSecret", "n", "soon")
    due.add(late, 600)
    due.add(soon, 0.2)
    due.add(late, 300)
    due.add(late)
    assert due.take() == late
    assert due.take() == soon
    # A new one wakes who waits.
    threading.Timer(0.1, due.add, [("SecretStore", "n", "x")]).start()
    begun = time.monotonic()
    assert due.take() == ("SecretStore", "n", "x") and time.monotonic() - begun < 120


def test_the_kinds_are_those_of_the_operator() -> None:
    found = {one["metadata"]["name"]: one for one in install.manifests() if one["kind"] == "CustomResourceDefinition"}
    assert {name: crd["spec"]["scope"] for name, crd in found.items()} == {
        "externalsecrets.external-secrets.io": "Namespaced",
        "secretstores.external-secrets.io": "Namespaced",
        "clustersecretstores.external-secrets.io": "Cluster",
    }
    assert {version["name"] for crd in found.values() for version in crd["spec"]["versions"]} == {"v1"}

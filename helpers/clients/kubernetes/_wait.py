"""Is an object ready, and if not, what is missing? Source: kubectl's rollout status and the API's conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helpers.clients.kubernetes.errors import TimedOut
from helpers.clients.kubernetes.types import Event, Object, Ref
from helpers.core.errors import BadInput

#: Returns what is missing, line by line; nothing when all is there. The object is `None` when it is not there.
Test = Callable[[Object | None], list[str]]
#: Kinds that are ready in another way than by a condition named Ready.
_CONDITION = {"Job": "Complete", "CustomResourceDefinition": "Established", "APIService": "Available"}
_PHASE = {"Namespace": "Active", "PersistentVolumeClaim": "Bound", "PersistentVolume": "Bound"}


def test_for(condition: str | Callable[[Object], bool] | None, deleted: bool) -> tuple[str, Test]:
    """Return what is waited for, in words, and its test.

    Raises:
        BadInput: the condition cannot be read.
    """
    if deleted:
        return "gone", lambda found: [] if found is None else [_why_still_there(found)]
    if condition is None:
        return "ready", _present(missing_for_ready)
    if callable(condition):
        name = getattr(condition, "__name__", "")
        text = "as asked" if name in ("", "<lambda>") else name
        return text, _present(lambda found: [] if condition(found) else ["It does not meet the condition yet."])
    parsed = re.fullmatch(r"([A-Za-z][\w./-]*)(?:=(True|False|Unknown))?", condition)
    if parsed is None:
        next = 'condition="Available", "Progressing=False", or a function of the object.'
        raise BadInput(f"{condition!r} is not a condition", why="Expected TYPE or TYPE=STATUS.", next=next)
    type, status = parsed[1], parsed[2] or "True"
    return f"{type}={status}", _present(lambda found: _condition(found, type, status))


def _present(test: Callable[[Object], list[str]]) -> Test:
    return lambda found: ["It is not there."] if found is None else test(found)


def missing_for_ready(found: Object) -> list[str]:
    """Return what an object lacks to be ready; a kind that has no notion of it is ready when it is there."""
    if found.metadata.get("deletionTimestamp"):
        return ["It is being deleted."]
    if int(found.status.get("observedGeneration") or 0) < int(found.metadata.get("generation") or 0) and (
        found.kind in _WORKLOADS or "observedGeneration" in found.status
    ):
        return ["Its controller has not seen the last change yet."]
    if found.kind in _WORKLOADS:
        return _WORKLOADS[found.kind](found.spec, found.status)
    if found.kind == "Pod" and found.status.get("phase") == "Succeeded":
        return []
    if found.kind in _PHASE:
        phase = found.status.get("phase") or "unknown"
        return [] if phase == _PHASE[found.kind] else [f"Its phase is {phase}, not {_PHASE[found.kind]}."]
    type = _CONDITION.get(found.kind, "Ready")
    if type != "Ready" or found.kind in ("Pod", "Node") or found.condition("Ready"):
        return _condition(found, type, "True")
    return []


def _deployment(spec: Mapping[str, Any], status: Mapping[str, Any]) -> list[str]:
    want = _number(spec.get("replicas"), 1)
    total, updated, available = (_number(status.get(k)) for k in ("replicas", "updatedReplicas", "availableReplicas"))
    lines = [f"{updated} of {want} replicas are up to date."] if updated < want else []
    lines += [f"{total - updated} old replicas are still there."] if total > updated else []
    return lines + ([f"{available} of {want} replicas are available."] if available < want else [])


def _stateful(spec: Mapping[str, Any], status: Mapping[str, Any]) -> list[str]:
    want, ready = _number(spec.get("replicas"), 1), _number(status.get("readyReplicas"))
    lines = [f"{ready} of {want} replicas are ready."] if ready < want else []
    new = status.get("updateRevision") in (None, "", status.get("currentRevision"))
    return lines + ([] if new else ["Not every replica has the new revision."])


def _daemon(spec: Mapping[str, Any], status: Mapping[str, Any]) -> list[str]:
    want, there = _number(status.get("desiredNumberScheduled")), _number(status.get("numberAvailable"))
    updated = _number(status.get("updatedNumberScheduled"))
    lines = [f"{updated} of {want} pods are up to date."] if updated < want else []
    return lines + ([f"{there} of {want} pods are available."] if there < want else [])


def _replica_set(spec: Mapping[str, Any], status: Mapping[str, Any]) -> list[str]:
    want, there = _number(spec.get("replicas"), 1), _number(status.get("availableReplicas"))
    return [f"{there} of {want} replicas are available."] if there < want else []


_WORKLOADS = {
    "Deployment": _deployment,
    "StatefulSet": _stateful,
    "DaemonSet": _daemon,
    "ReplicaSet": _replica_set,
    "ReplicationController": _replica_set,
}


def _number(value: Any, default: int = 0) -> int:
    return default if value is None else int(value)


def _condition(found: Object, type: str, status: str) -> list[str]:
    have = found.condition(type)
    return [] if have == status else [f"Condition {type} is {have or 'not reported'}, not {status}."]


def _why_still_there(found: Object) -> str:
    if not found.metadata.get("deletionTimestamp"):
        return "It exists, and its deletion was not requested."
    finalizers = ", ".join(found.metadata.get("finalizers") or ()) or "none"
    return f"It is being deleted; its finalizers: {finalizers}."


def timed_out(
    ref: Ref, state: str, seconds: float, missing: Sequence[str], found: Object | None, events: Sequence[Event]
) -> TimedOut:
    """Return the error that says what is missing: the test's own words, bad conditions, and the last events."""
    lines = list(missing)
    for one in (found.status.get("conditions") or ()) if found else ():
        bad = "True" if one.get("type") in ("ReplicaFailure", "Failed", "Stalled") else "False"
        if one.get("status") == bad and one.get("message"):
            lines.append(f"{one.get('type')}={one['status']} ({one.get('reason', '')}): {one['message']}")
    lines += [f"Event {e.type} {e.reason} of {e.about}: {e.message}" for e in events]
    return TimedOut(
        f"{ref} is not {state} after {seconds:g} s",
        lines,
        why="\n".join(lines),
        next=f'cluster.events("{ref.namespace or "default"}") shows what happened.',
    )

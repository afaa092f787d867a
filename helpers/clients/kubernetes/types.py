"""What the Kubernetes API answers, as types in its own words; parsed from its JSON, unknown fields are ignored.

Source of the fields: Kubernetes API reference (Object metadata, Event core/v1, Watch events). Values of a Secret are
`Sensitive` from the first moment: they compare, but print as a mask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from helpers.core.display import Displayed
from helpers.wrappers.terraform.types import Sensitive

__all__ = [
    "Applied",
    "Difference",
    "Event",
    "Events",
    "FieldChange",
    "Object",
    "ObjectDiff",
    "ObjectDiffs",
    "Objects",
    "Ref",
    "WatchEvent",
    "changes_between",
    "mask_secret",
    "reveal",
    "without_server_fields",
]

#: How a wanted object differs from the live one.
Difference = Literal["missing", "extra", "different", "same"]

#: What the server writes itself; no wish of anybody, so no difference.
_SERVER_OWNED = frozenset({"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"})
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class FieldChange(NamedTuple):
    """One place where a live object differs: the path, for example ``spec.replicas``, and both values."""

    path: str
    live: Any
    desired: Any


@dataclass(frozen=True)
class Ref:
    """The name of an object: API version (``apps/v1``), kind, name and namespace (empty for cluster-wide kinds)."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Ref:
        """Return the name of a manifest or live object."""
        meta = raw.get("metadata") or {}
        return cls(raw.get("apiVersion", ""), raw.get("kind", ""), meta.get("name", ""), meta.get("namespace", ""))

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def __repr__(self) -> str:
        return f"Ref({self})"


@dataclass(frozen=True, repr=False)
class Object(Displayed):
    """A live object. *raw* is its JSON; the values of a Secret in it are masked (`reveal` gives the real object)."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""
    raw: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Object:
        """Return the object that the API server describes."""
        ref = Ref.of(raw)
        return cls(ref.api_version, ref.kind, ref.name, ref.namespace, mask_secret(raw))

    @property
    def ref(self) -> Ref:
        """The object's name."""
        return Ref(self.api_version, self.kind, self.name, self.namespace)

    @property
    def metadata(self) -> dict[str, Any]:
        """The object's ``metadata``."""
        return dict(self.raw.get("metadata") or {})

    @property
    def spec(self) -> dict[str, Any]:
        """The object's ``spec``; empty when the kind has none."""
        return dict(self.raw.get("spec") or {})

    @property
    def status(self) -> dict[str, Any]:
        """The object's ``status``; empty when the kind has none."""
        return dict(self.raw.get("status") or {})

    def condition(self, type: str) -> str:
        """Return the status of a condition (``True``, ``False`` or ``Unknown``); empty when it is not reported."""
        for one in self.status.get("conditions") or ():
            if one.get("type") == type:
                return str(one.get("status", ""))
        return ""

    def __repr__(self) -> str:
        return f"Object({self.ref})"


@dataclass(frozen=True)
class Applied:
    """What one server-side apply did to one object, in kubectl's words, and what the server warned of."""

    ref: Ref
    action: Literal["created", "configured", "unchanged"]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        warned = f", {len(self.warnings)} warnings" if self.warnings else ""
        return f"Applied({self.ref}: {self.action}{warned})"


@dataclass(frozen=True, repr=False)
class ObjectDiff(Displayed):
    """The live object beside what an apply would make of it. *live* is ``None`` when it is not there yet."""

    ref: Ref
    live: dict[str, Any] | None
    desired: dict[str, Any] | None
    changes: tuple[FieldChange, ...] = ()

    @classmethod
    def between(cls, live: Mapping[str, Any] | None, desired: Mapping[str, Any] | None) -> ObjectDiff:
        """Return the comparison of two objects; at least one must be given."""
        old, new = (None if side is None else mask_secret(side) for side in (live, desired))
        return cls(Ref.of(new or old or {}), old, new, changes_between(old, new))

    @property
    def kind(self) -> str:
        """The kind, for example ``Deployment``."""
        return self.ref.kind

    @property
    def name(self) -> str:
        """The object's name."""
        return self.ref.name

    @property
    def namespace(self) -> str:
        """The object's namespace; empty for cluster-wide kinds."""
        return self.ref.namespace

    @property
    def status(self) -> Difference:
        """How the two differ."""
        return difference(self.live, self.desired, self.changes)

    def __repr__(self) -> str:
        return f"ObjectDiff({self.ref}: {self.status}, {len(self.changes)} changes)"


@dataclass(frozen=True, repr=False)
class Event(Displayed):
    """One event: *about* an object, how often, first and last seen (RFC 3339, as the API gives it)."""

    type: str
    reason: str
    message: str
    about: Ref
    count: int = 1
    first: str = ""
    last: str = ""
    source: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Event:
        """Return the event (``v1`` or ``events.k8s.io/v1``) that the API server describes."""
        about = raw.get("involvedObject") or raw.get("regarding") or {}
        series = raw.get("series") or {}
        started = raw.get("firstTimestamp") or raw.get("eventTime") or raw.get("deprecatedFirstTimestamp") or ""
        ended = raw.get("lastTimestamp") or series.get("lastObservedTime") or raw.get("deprecatedLastTimestamp")
        source = raw.get("reportingComponent") or raw.get("reportingController") or raw.get("source") or {}
        return cls(
            type=raw.get("type", "Normal"),
            reason=raw.get("reason", ""),
            message=raw.get("message") or raw.get("note") or "",
            about=Ref(*(about.get(key, "") for key in ("apiVersion", "kind", "name", "namespace"))),
            count=int(raw.get("count") or series.get("count") or raw.get("deprecatedCount") or 1),
            first=str(started),
            last=str(ended or started),
            source=source.get("component", "") if isinstance(source, Mapping) else str(source),
        )

    def __repr__(self) -> str:
        return f"Event({self.type} {self.reason}: {self.about})"


class Objects(tuple[Object, ...], Displayed):
    """Live objects of one kind."""


class Events(tuple[Event, ...], Displayed):
    """Events, oldest first."""


class ObjectDiffs(tuple[ObjectDiff, ...], Displayed):
    """Comparisons of live objects with manifests."""


@dataclass(frozen=True)
class WatchEvent:
    """One change of a watched object: ``ADDED``, ``MODIFIED``, ``DELETED`` or ``BOOKMARK``."""

    type: str
    object: Object

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> WatchEvent:
        """Return the event of one line of a watch."""
        return cls(raw.get("type", ""), Object.from_json(raw.get("object") or {}))

    def __repr__(self) -> str:
        return f"WatchEvent({self.type} {self.object.ref})"


def mask_secret(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as a plain dictionary; when it is a Secret, its values are `Sensitive`."""
    if raw.get("kind") != "Secret":
        return dict(raw)
    masked = dict(raw)
    for key in ("data", "stringData"):
        if isinstance(raw.get(key), Mapping):
            masked[key] = {name: _hide(value) for name, value in raw[key].items()}
    notes = (raw.get("metadata") or {}).get("annotations") or {}
    if _LAST_APPLIED in notes:
        # kubectl keeps the whole manifest there, values and all.
        hidden = {**notes, _LAST_APPLIED: _hide(notes[_LAST_APPLIED])}
        masked["metadata"] = {**raw["metadata"], "annotations": hidden}
    return masked


def _hide(value: Any) -> Any:
    return value if value is None or isinstance(value, Sensitive) else Sensitive(value)


def reveal(value: Any) -> Any:
    """Return *value* with what is masked in it in the open. Do not print it in a cell: outputs are saved."""
    if isinstance(value, Sensitive):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: reveal(item) for key, item in value.items()}
    return [reveal(item) for item in value] if isinstance(value, list | tuple) else value


def difference(live: Any, desired: Any, changes: tuple[FieldChange, ...]) -> Difference:
    """Return in one word how a live object and a wanted one differ."""
    if live is None or desired is None:
        return "missing" if live is None else "extra"
    return "different" if changes else "same"


def changes_between(live: Mapping[str, Any] | None, desired: Mapping[str, Any] | None) -> tuple[FieldChange, ...]:
    """Return the places where two objects differ, sorted by path. What the server writes itself is left out.

    Items of a list that have names are compared by name: ``spec.template.spec.containers[name=app].image``. When one
    of the objects is not there at all, there is nothing to compare.
    """
    if live is None or desired is None:
        return ()
    found = _walk("", without_server_fields(live), without_server_fields(desired))
    return tuple(sorted(found, key=lambda change: change.path))


def without_server_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without what the server writes: what somebody wishes."""
    meta = {k: v for k, v in (raw.get("metadata") or {}).items() if k not in _SERVER_OWNED}
    return {**{k: v for k, v in raw.items() if k != "status"}, "metadata": meta}


def _walk(path: str, live: Any, desired: Any) -> Iterator[FieldChange]:
    if isinstance(live, list) and isinstance(desired, list):
        live, desired = _steps(live, desired)
    if not isinstance(live, dict) or not isinstance(desired, dict):
        if live != desired:
            yield FieldChange(path, live, desired)
        return
    for step in dict.fromkeys([*live, *desired]):
        yield from _walk(_join(path, str(step)), live.get(step), desired.get(step))


def _steps(live: list[Any], desired: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two lists as mappings: by name where every item has its own and their order is the same, else by place."""
    old, new = _names(live), _names(desired)
    if old is not None and new is not None and [n for n in old if n in new] == [n for n in new if n in old]:
        return _by(old, live), _by(new, desired)
    return _by(range(len(live)), live), _by(range(len(desired)), desired)


def _names(items: list[Any]) -> list[str] | None:
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    known = [f"name={name}" for name in names if isinstance(name, str)]
    return known if len(set(known)) == len(items) else None


def _by(keys: Iterable[object], items: list[Any]) -> dict[str, Any]:
    return {f"[{key}]": item for key, item in zip(keys, items, strict=True)}


def _join(path: str, step: str) -> str:
    if step.startswith("["):
        return path + step
    plain = step.replace("-", "").replace("_", "").isalnum()
    if not plain:
        return f'{path}["{step}"]'
    return f"{path}.{step}" if path else step

"""Pulumi's results as types. A preview is also a `Plan`, so that what shows, draws and weighs plans does so for both.

Source of the fields: ``pkg/display/json.go`` (``PreviewDigest``) and ``sdk/go/common/apitype`` (events, deployments) of
Pulumi 3.190.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from helpers.wrappers.pulumi._urn import STACK_TYPE, addresses, depends_on, name_of, short_type, type_of
from helpers.wrappers.pulumi._values import property_path, read
from helpers.wrappers.terraform.types import Action, ApplyResult, Diagnostic, Plan, ResourceChange

__all__ = ["ConfigValue", "Preview", "PreviewStep", "PulumiEvent", "StackState", "StackSummary", "UpdateResult"]

#: What Pulumi does in one step, in the words that displays share.
_ACTIONS: dict[str, tuple[str, ...]] = {
    "create": ("create",),
    "update": ("update",),
    "delete": ("delete",),
    "replace": ("delete", "create"),
    "create-replacement": ("create",),
    "delete-replaced": ("delete",),
    "read": ("read",),
    "import": ("read",),
    "read-replacement": ("read",),
    "import-replacement": ("delete", "create"),
    "refresh": ("no-op",),
    "discard": ("forget",),
    "discard-replaced": ("forget",),
    "remove-pending-replace": ("no-op",),
    "same": ("no-op",),
}


@dataclass(frozen=True, repr=False)
class PreviewStep:
    """One step that the engine intends; also for the stack itself, components and providers.

    Attributes:
        op: Pulumi's word: same, create, update, replace, delete, read, import, refresh, ...
        diff_reasons: properties that differ. replace_reasons: those that force a replacement.
        old, new: the states, secrets as ``[secret]``; empty where there is none.
    """

    op: str
    urn: str
    type: str
    name: str
    custom: bool
    diff_reasons: tuple[str, ...] = ()
    replace_reasons: tuple[str, ...] = ()
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> PreviewStep:
        """Return the step of one entry of ``steps``."""
        old, new = raw.get("oldState") or {}, raw.get("newState") or {}
        urn = str(raw.get("urn", ""))
        return cls(
            op=str(raw.get("op", "")),
            urn=urn,
            type=type_of(urn),
            name=name_of(urn),
            custom=bool((new or old).get("custom")),
            diff_reasons=tuple(raw.get("diffReasons") or ()),
            replace_reasons=tuple(raw.get("replaceReasons") or ()),
            old=old,
            new=new,
        )

    @property
    def is_object(self) -> bool:
        """Whether a provider keeps an object for it: not the stack, a component or a provider."""
        return self.custom and not self.type.startswith("pulumi:providers:") and self.type != STACK_TYPE

    def __repr__(self) -> str:
        return f"PreviewStep({self.op} {short_type(self.type)}.{self.name})"


@dataclass(frozen=True, repr=False)
class Preview(Plan):
    """A preview: what Pulumi would do. As a `Plan` it lists the objects that providers keep.

    Attributes:
        steps: every step, also of the stack, of components and of providers.
        change_summary: Pulumi's own count by operation; it counts what `steps` has.
        dependencies: (address, address of what it depends on).
        raw: the document of ``pulumi preview --json``; Pulumi masks secrets in it as ``[secret]``.
    """

    tool: ClassVar[str] = "Pulumi"
    document: ClassVar[str] = "pulumi preview --json"

    steps: tuple[PreviewStep, ...] = ()
    change_summary: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any], *, part: str = "inputs") -> Preview:
        """Return the preview of the document of ``pulumi preview --json``.

        Args:
            part: ``inputs`` compares what programs declare; ``outputs`` what objects are, for a refresh.
        """
        steps = tuple(PreviewStep.from_json(raw) for raw in document.get("steps") or ())
        places = addresses({step.urn: str((step.new or step.old).get("parent") or "") for step in steps})
        # By address: the engine registers what does not depend on each other in any order.
        listed = [(i, step) for i, step in enumerate(steps) if step.is_object]
        listed.sort(key=lambda pair: places[pair[1].urn][0])
        changes = tuple(_change(step, *places[step.urn], part) for _, step in listed)
        found = tuple(Diagnostic.of_text(*item) for item in _diagnostics(document))
        return cls(
            resource_changes=changes,
            errored=any(item.severity == "error" for item in found),
            applyable=not any(item.severity == "error" for item in found),
            has_changes=any(change.action not in (Action.NO_OP, Action.READ) for change in changes),
            diagnostics=found,
            variables=dict(document.get("config") or {}),
            raw=dict(document),
            steps=steps,
            change_summary=dict(document.get("changeSummary") or {}),
            dependencies=tuple(_pairs(steps, places)),
            json_paths=tuple((f"$.steps[{i}].op", f"$.steps[{i}].newState.{part}") for i, _ in listed),
        )

    def step(self, urn: str) -> PreviewStep:
        """Return the step of a resource, by its URN or its address."""
        known = {change.address: change.id for change in self.resource_changes}
        for step in self.steps:
            if step.urn in (urn, known.get(urn)):
                return step
        raise KeyError(urn)

    @property
    def summary(self) -> str:
        """How many objects are created, updated, replaced and deleted; the stack and its components are not counted."""
        counts = [(self.count(action), action) for action in ("create", "update", "replace", "delete", "forget")]
        return ", ".join(f"{n} to {action}" for n, action in counts if n or action != "forget")

    def __repr__(self) -> str:
        return f"Preview({self.summary}{', errored' if self.errored else ''})"


def _change(step: PreviewStep, address: str, component: str, part: str) -> ResourceChange:
    replaces = tuple(property_path(path) for path in step.replace_reasons)
    changed = (*replaces, *(property_path(path) for path in step.diff_reasons))
    if step.op in ("update", "replace") and not changed:
        # The provider does not say which properties differ: a secret may.
        changed = ((),)
    before, _ = read(step.old.get(part), "before", changed)
    after, unknown = read(step.new.get(part), "after", changed)
    # A word that is not known is kept: it counts as a change.
    actions = _ACTIONS.get(step.op, (step.op,))
    if actions == ("delete",) and step.old.get("retainOnDelete"):
        actions = ("forget",)
    return ResourceChange(
        address=address,
        module_address=component,
        mode="managed",
        type=step.type,
        name=step.name,
        index=None,
        provider_name=str((step.new or step.old).get("provider", "")).rpartition("::")[0],
        actions=actions,
        before=before if step.old else None,
        after=after if step.new and "delete" not in actions[-1:] else None,
        after_unknown=unknown,
        replace_paths=replaces,
        action_reason="protected" if (step.new or step.old).get("protect") else "",
        importing=str(step.new.get("importID") or "") if step.op == "import" else "",
        id=step.urn,
    )


def _diagnostics(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (severity, message, address) of what a preview warns of; what a program printed is left out."""
    found = []
    for item in document.get("diagnostics") or ():
        severity = str(item.get("severity", ""))
        # Which plugin is used is told by `Pulumi.host`, without a path of this machine.
        if "from $PATH at " in str(item.get("message", "")):
            continue
        if severity in ("warning", "error") and (message := str(item.get("message", "")).strip()):
            urn = str(item.get("urn", ""))
            found.append((severity, message, name_of(urn)))
    return found


def _pairs(steps: tuple[PreviewStep, ...], places: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    objects = {step.urn for step in steps if step.is_object}
    pairs = {
        (places[step.urn][0], places[urn][0])
        for step in steps
        if step.urn in objects
        for urn in depends_on(step.new or step.old)
        if urn in objects
    }
    return sorted(pairs)


@dataclass(frozen=True)
class PulumiEvent:
    """One event of a running update.

    Attributes:
        type: ``prelude``, ``resourcePre``, ``resOutputs``, ``resOpFailed``, ``diagnostic``, ``summary`` and others.
        raw: its content, as the engine has it; secrets are ``[secret]``.
    """

    type: str
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> PulumiEvent | None:
        """Return the event of one line, None for one without content."""
        for key, content in raw.items():
            if key.endswith("Event") and isinstance(content, dict):
                return cls(key.removesuffix("Event"), content)
        return None

    @property
    def op(self) -> str:
        """The operation, for an event about a resource."""
        return str((self.raw.get("metadata") or {}).get("op", ""))

    @property
    def urn(self) -> str:
        """The resource it is about."""
        return str((self.raw.get("metadata") or self.raw).get("urn", ""))


@dataclass(frozen=True, repr=False)
class UpdateResult(ApplyResult):
    """What an up, refresh, destroy or import did.

    Attributes:
        operation: the command.
        change_summary: Pulumi's own count by operation; it counts the stack, components and providers too.
        pulumi_events: what the engine said, in order.
    """

    operation: str = "up"
    change_summary: Mapping[str, int] = field(default_factory=dict)
    pulumi_events: tuple[PulumiEvent, ...] = ()

    def __repr__(self) -> str:
        return f"UpdateResult({self.operation}: {self.added} added, {self.changed} changed, {self.destroyed} destroyed)"


@dataclass(frozen=True)
class StackSummary:
    """One line of ``pulumi stack ls``; ``resources`` is None before the first update."""

    name: str
    current: bool
    resources: int | None = None


@dataclass(frozen=True)
class ConfigValue:
    """One value of a stack's configuration; a secret's is None here."""

    key: str
    value: Any
    secret: bool = False


@dataclass(frozen=True, repr=False)
class StackState:
    """A stack's state (``pulumi stack export``), secrets as ciphertext.

    Attributes:
        resources: every entry, the stack and its components too.
        pending: operations that were under way when a run was killed: (operation, URN).
        raw: the whole document.
    """

    resources: tuple[Mapping[str, Any], ...]
    pending: tuple[tuple[str, str], ...]
    raw: Mapping[str, Any]

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> StackState:
        """Return the state in an exported document."""
        deployment = raw.get("deployment") or {}
        pending = tuple(
            (str(item.get("type", "")), str((item.get("resource") or {}).get("urn", "")))
            for item in deployment.get("pending_operations") or ()
        )
        return cls(tuple(deployment.get("resources") or ()), pending, raw)

    def find(self, name: str) -> Mapping[str, Any]:
        """Return the entry of a resource, by its URN or its name.

        Raises:
            KeyError: there is none.
        """
        for entry in self.resources:
            if name in (entry["urn"], name_of(str(entry["urn"]))) and entry.get("custom", False):
                return entry
        for entry in self.resources:
            if name in (entry["urn"], name_of(str(entry["urn"]))):
                return entry
        raise KeyError(name)

    def __repr__(self) -> str:
        pending = f", {len(self.pending)} pending operations" if self.pending else ""
        return f"StackState({len(self.resources)} entries{pending})"

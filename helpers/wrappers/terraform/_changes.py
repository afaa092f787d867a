"""What a plan changes: resources, their attributes, and outputs.

Source of the fields: Terraform documentation, "JSON Output Format".
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from helpers.wrappers.terraform._paths import attribute_changes


class Action(enum.StrEnum):
    """What Terraform will do with one object; ``replace`` is a delete and a create in either order."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    READ = "read"
    NO_OP = "no-op"
    FORGET = "forget"
    #: Terraform creates a new object and forgets the old one: nothing is destroyed.
    CREATE_FORGET = "create, forget"
    #: A word of a later Terraform that this reader does not know: it may do anything, so it is never "unchanged".
    UNKNOWN = "unknown action"

    @classmethod
    def of(cls, actions: tuple[str, ...]) -> Action:
        """Return the one word for Terraform's list of actions."""
        if len(actions) == 1 and actions[0] in _SINGLE:
            return cls(actions[0])
        return _PAIRS.get(frozenset(actions), cls.UNKNOWN) if len(actions) == 2 else cls.UNKNOWN


_SINGLE = frozenset(("create", "update", "delete", "read", "no-op", "forget"))
_PAIRS = {
    frozenset(("delete", "create")): Action.REPLACE,
    frozenset(("create", "forget")): Action.CREATE_FORGET,
}


@dataclass(frozen=True)
class AttributeChange:
    """One changed attribute of one resource.

    Attributes:
        path: in Terraform's notation, for example ``tags["team"]`` or ``rule[0].port``.
        before: value before, ``None`` when there was none; a `Sensitive` when masked.
        after: value after, ``None`` when removed or not known yet.
        sensitive: the value is masked before or after.
        known_after_apply: the value is decided during apply.
        forces_replacement: this change is why the resource is replaced.
    """

    path: str
    before: Any
    after: Any
    sensitive: bool = False
    known_after_apply: bool = False
    forces_replacement: bool = False

    def __repr__(self) -> str:
        after = "(known after apply)" if self.known_after_apply else repr(self.after)
        return f"AttributeChange({self.path}: {self.before!r} -> {after})"


@dataclass(frozen=True, repr=False)
class ResourceChange:
    """One entry of ``resource_changes`` or ``resource_drift``; sensitive values are masked.

    Attributes:
        id: the tool's own name of the resource where the address is a short form of it (Pulumi's URN).
        importing: id of the object to import; an identity (Terraform 1.12) as text; empty when none is imported.
        deposed: key of an old object that an interrupted replacement left behind; the address is that of the live one.
    """

    address: str
    module_address: str
    mode: str
    type: str
    name: str
    index: str | int | None
    provider_name: str
    actions: tuple[str, ...]
    before: Any
    after: Any
    after_unknown: Any = False
    before_sensitive: Any = False
    after_sensitive: Any = False
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    action_reason: str = ""
    previous_address: str = ""
    importing: str = ""
    id: str = ""
    deposed: str = ""

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> ResourceChange:
        """Return the change described by one masked JSON object."""
        change = raw.get("change", {})
        return cls(
            address=raw.get("address", ""),
            module_address=raw.get("module_address", ""),
            mode=raw.get("mode", "managed"),
            type=raw.get("type", ""),
            name=raw.get("name", ""),
            index=raw.get("index"),
            provider_name=raw.get("provider_name", ""),
            actions=tuple(change.get("actions", ())),
            before=change.get("before"),
            after=change.get("after"),
            after_unknown=change.get("after_unknown", False),
            before_sensitive=change.get("before_sensitive", False),
            after_sensitive=change.get("after_sensitive", False),
            replace_paths=tuple(tuple(path) for path in change.get("replace_paths", ())),
            action_reason=raw.get("action_reason", ""),
            previous_address=raw.get("previous_address", ""),
            importing=_imported(change.get("importing") or {}),
            deposed=raw.get("deposed", ""),
        )

    @property
    def action(self) -> Action:
        """The one word for what will be done."""
        return Action.of(self.actions)

    @property
    def label(self) -> str:
        """The address, with the key of a deposed object: what is destroyed then is not the live one."""
        return f"{self.address} (deposed object {self.deposed})" if self.deposed else self.address

    @property
    def moves(self) -> bool:
        """Whether the object is known under another address from now on, or is imported: no action says so."""
        return bool(self.importing or (self.previous_address and self.previous_address != self.address))

    def changed_attributes(self) -> tuple[AttributeChange, ...]:
        """Return the attributes that differ, in alphabetical order of their paths."""
        rows = attribute_changes(self.before, self.after, self.after_unknown, self.replace_paths)
        return tuple(AttributeChange(*row) for row in rows)

    def __repr__(self) -> str:
        return f"ResourceChange({self.label}: {self.action})"


def _imported(importing: dict[str, Any]) -> str:
    if importing.get("id"):
        return str(importing["id"])
    identity = importing.get("identity") or {}
    by_name = ", ".join(f"{name}={value}" for name, value in sorted(identity.items()))
    return by_name or ("(known after apply)" if importing.get("unknown") else "")


@dataclass(frozen=True)
class ActionInvocation:
    """One action that a provider runs during apply (Terraform 1.14); sensitive configuration is masked."""

    address: str
    type: str
    config: Any = None
    trigger: str = ""

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> ActionInvocation:
        """Return the invocation described by one masked entry of ``action_invocations``."""
        trigger = raw.get("lifecycle_action_trigger") or {}
        by = trigger.get("triggering_resource_address", "")
        return cls(raw.get("address", ""), raw.get("type", ""), raw.get("config_values"), by)

    def __repr__(self) -> str:
        return f"ActionInvocation({self.address})"


@dataclass(frozen=True)
class Deferred:
    """A change that this plan leaves to a later one, and Terraform's word for why."""

    reason: str
    change: ResourceChange

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Deferred:
        """Return what one masked entry of ``deferred_changes`` says."""
        return cls(raw.get("reason", "unknown"), ResourceChange.from_json(raw.get("resource_change") or {}))


@dataclass(frozen=True)
class OutputChange:
    """The change of one root output value."""

    name: str
    action: Action
    before: Any
    after: Any
    sensitive: bool = False
    known_after_apply: bool = False

    @classmethod
    def from_json(cls, name: str, raw: dict[str, Any]) -> OutputChange:
        """Return the change described by one masked entry of ``output_changes``."""
        action = Action.of(tuple(raw.get("actions", ())))
        sensitive = raw.get("before_sensitive") is True or raw.get("after_sensitive") is True
        return cls(name, action, raw.get("before"), raw.get("after"), sensitive, raw.get("after_unknown") is True)

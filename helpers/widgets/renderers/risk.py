"""What in a plan deserves a second look, and why. Rules over names and values that hold across providers.

They point a person at a change; they do not replace policies, which decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.wrappers.terraform.types import AttributeChange, Plan, ResourceChange

#: Words in a resource type whose objects hold data, identity or scarce capacity that a new object does not bring back.
STATEFUL = frozenset(
    (
        "account",
        "bucket",
        "cluster",
        "database",
        "db",
        "disk",
        "dynamodb",
        "efs",
        "filesystem",
        "gpu",
        "instance",
        "keyring",
        "kms",
        "network",
        "pool",
        "queue",
        "rds",
        "secret",
        "snapshot",
        "subnet",
        "table",
        "user",
        "vault",
        "volume",
        "vpc",
        "zone",
    )
)
#: From this many changed resources on, the plan itself is a risk.
MANY_CHANGES = 20

#: Words of a type: ``platform_gpu_pool``, and ``aws:rds/instance:Instance`` or ``platform:GpuPool`` of Pulumi.
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
#: A position in a list: ``ingress[2]``.
_INDEX = re.compile(r"\[\d+\]")
_WORLD = re.compile(r"(^|[^0-9])0\.0\.0\.0/0|::/0")
_OPEN_WORDS = frozenset({"public", "public-read", "public-read-write", "open", "allow", "allowed", "enabled", "*"})
_GUARD = re.compile(r"^(block|restrict|ignore|deny|prevent)_|_(blocked|restricted|denied|disabled)$")
_ENCRYPTION = re.compile(r"encrypt|kms|(^|_)(sse|tls)(_|$)")
_PROTECTION = re.compile(r"^(deletion|termination|delete)_protection|^prevent_destroy")
_LOSS = re.compile(r"^(force_destroy|force_delete|skip_final_snapshot)")
#: Explicitly off; what is merely absent from a new object may have a safe default.
_SAID_OFF = (False, "none", "NONE", "disabled", "Disabled", "off")
_OFF: tuple[Any, ...] = (None, "", [], {}, *_SAID_OFF)


@dataclass(frozen=True)
class Risk:
    """One reason to look twice.

    Attributes:
        address: the resource; empty for a risk of the plan as a whole.
        reason: a short sentence without a full stop.
        json_path: where the change is in the plan's document (``terraform show -json PLANFILE``).
    """

    address: str
    reason: str
    json_path: str


def plan_risks(plan: Plan) -> tuple[Risk, ...]:
    """Return the risks of *plan*: first that of the whole, then each resource's in the order of the plan."""
    found = [risk for i, change in enumerate(plan.resource_changes) for risk in change_risks(change, *plan.paths_of(i))]
    touched = sum(change.action not in ("no-op", "read") for change in plan.resource_changes)
    if touched >= MANY_CHANGES:
        found.insert(0, Risk("", f"wide blast radius: {touched} resources change in one plan", "$.resource_changes"))
    return tuple(found)


def change_risks(change: ResourceChange, action_path: str, after_path: str) -> tuple[Risk, ...]:
    """Return the risks of one change; the paths say where in the plan's document its action and new values are."""
    if change.mode == "data" or change.action in ("no-op", "read"):
        return ()
    found: list[Risk] = []
    attributes = change.changed_attributes()
    if change.action == "unknown action":
        found.append(
            Risk(change.label, f"an action that this reader does not know: {', '.join(change.actions)}", action_path)
        )
    if change.action in ("delete", "replace"):
        forcing = sorted(a.path for a in attributes if a.forces_replacement)
        because = f" because {', '.join(forcing)} forces replacement" if forcing else ""
        verb = "destroys" if change.action == "delete" else "replaces"
        kind = "a stateful resource" if is_stateful(change.type) else "a resource"
        if kind != "a resource" or forcing:
            found.append(Risk(change.label, f"{verb} {kind} ({change.type}){because}", action_path))
    if change.action != "delete":
        shifted = _shifted(attributes)
        for attribute in attributes:
            if attribute.path in shifted:
                continue
            if reason := _attribute_risk(attribute, change.before is None, _encrypted(change.after)):
                found.append(Risk(change.label, reason, f"{after_path}{_json_step(attribute.path)}"))
    return tuple(found)


def _shifted(attributes: tuple[AttributeChange, ...]) -> set[str]:
    """Return the paths in lists whose new value stood in the same list before: an entry above was taken away."""
    before: dict[str, list[Any]] = {}
    for attribute in attributes:
        before.setdefault(_INDEX.sub("[]", attribute.path), []).append(attribute.before)
    moved: set[str] = set()
    for attribute in attributes:
        there = before[_INDEX.sub("[]", attribute.path)]
        # Each old value accounts for one new one, so a second opened entry is still seen.
        if _INDEX.search(attribute.path) and attribute.after is not None and attribute.after in there:
            there.remove(attribute.after)
            moved.add(attribute.path)
    return moved


def is_stateful(resource_type: str) -> bool:
    """Does this type hold data, identity or scarce capacity? Judged by the words of its name."""
    return not STATEFUL.isdisjoint(word.lower() for word in _WORDS.findall(resource_type))


def _json_step(path: str) -> str:
    return path if path.startswith("[") else f".{path}"


def _encrypted(after: Any) -> bool:
    """Is some encryption setting still on, such as the method when only the key goes?"""
    items = after.items() if isinstance(after, dict) else ()
    return any("encrypt" in name and value not in _OFF for name, value in items)


def _attribute_risk(attribute: AttributeChange, created: bool, encrypted: bool) -> str:
    if attribute.known_after_apply or attribute.sensitive:
        return ""
    # A later value of a list or a block speaks for its whole path.
    names = [n for n in re.split(r'[.\[\]"]+', attribute.path.lower()) if n and not n.isdigit()]
    if _opens(names, attribute.after):
        return f"opens public access ({attribute.path})"
    if not encrypted and any(_ENCRYPTION.search(name) for name in names) and _turned_off(attribute, created):
        return f"removes encryption ({attribute.path})"
    last = names[-1] if names else ""
    if _PROTECTION.search(last) and _turned_off(attribute, created):
        return f"lifts deletion protection ({attribute.path})"
    if _LOSS.search(last) and attribute.after is True:
        return f"lets data be destroyed ({attribute.path})"
    return ""


def _opens(names: list[str], after: Any) -> bool:
    public = [name for name in names if "public" in name or name == "acl"]
    if isinstance(after, str) and _WORLD.search(after):
        return any(word in name for name in names for word in ("ingress", "source", "cidr", "allow", "inbound"))
    if not public:
        return False
    if any(_GUARD.search(name) for name in public):
        return after is False
    return after is True or (isinstance(after, str) and after.lower() in _OPEN_WORDS)


def _turned_off(attribute: AttributeChange, created: bool) -> bool:
    if created:
        return attribute.after in _SAID_OFF
    return attribute.before not in _OFF and attribute.after in _OFF

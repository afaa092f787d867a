"""What a change inside a module does to the states of its callers: addresses that move, vanish or are forgotten.

Source: Terraform documentation, "Refactor modules" (``moved``) and "Remove a resource from state" (``removed``).
"""

from __future__ import annotations

from collections.abc import Iterator

from helpers.wrappers.module_interface.change import Change, undecided
from helpers.wrappers.module_interface.interface import Interface, ModuleCall, Resource


def changes(old: Interface, new: Interface) -> Iterator[Change]:
    """Yield what callers find in their plans; nothing when one side's inside is not known."""
    if not (old.inside_known and new.inside_known):
        return
    yield from _addresses(old, new)
    yield from _calls(old, new)
    yield from _dropped(old, new)
    if _data(old) != _data(new):
        yield Change("inside", "", "data sources inside have changed; read the plan of a caller", "patch")


def _data(module: Interface) -> list[str]:
    return sorted(r.address for r in module.resources if r.mode == "data")


def _items(module: Interface) -> dict[str, Resource | ModuleCall]:
    """Return what has an address in a state: managed resources and module calls."""
    found: dict[str, Resource | ModuleCall] = {r.address: r for r in module.resources if r.mode == "managed"}
    return {**found, **{f"module.{c.name}": c for c in module.module_calls}}


def _base(address: str) -> str:
    """Return an address in this module without its key: that of a resource, or of the module call it is in."""
    parts = address.split("[")[0].split(".")
    return ".".join(parts[:2])


def _follow(module: Interface, address: str) -> str:
    """Return where ``moved`` blocks lead from an address; itself when none does."""
    moves = {move.old: move.new for move in module.moved}
    keyed = {_base(old): new for old, new in moves.items()}
    seen = {address}
    while (next := moves.get(address) or keyed.get(address, "")) and next not in seen:
        seen.add(next)
        address = next
    return address


def _addresses(old: Interface, new: Interface) -> Iterator[Change]:
    before, after = _items(old), _items(new)
    targets = {_base(move.new) for move in new.moved}
    for address, item in before.items():
        if address not in after:
            yield _gone(old, new, address, set(after))
        elif item.repetition != after[address].repetition:
            yield _readdressed(new, address, item.repetition, after[address].repetition)
    for address in after.keys() - before.keys() - targets:
        yield Change("resource-added", address, f"{address} is new: an upgrade creates it", "minor")


def _gone(old: Interface, new: Interface, address: str, after: set[str]) -> Change:
    target = _follow(new, address)
    if target != address and _base(target) in after:
        if not target.startswith("module.") and target.split(".")[0] != address.split(".")[0]:
            text = f"{address} moved to {target}, of another type: the provider has to support that"
            return undecided("resource-moved", address, text)
        return Change("resource-moved", address, f"{address} moved to {target}, and a moved block says so", "patch")
    if target != address:
        text = f"a moved block sends {address} to {target}, which is not in the module: an upgrade destroys it"
        return Change("moved-dangling", address, text, "major")
    for block in new.removed:
        if _base(block.old) == address and not block.destroy:
            text = f"{address} is forgotten by a removed block: it stays, and nobody manages it any more"
            return Change("resource-forgotten", address, text, "major")
    kind = address.split(".")[0]
    like = sorted(a for a in after - set(_items(old)) if a.split(".")[0] == kind)
    hint = f"; if it was renamed to {like[0]}, a moved block keeps it" if like else ""
    return Change("resource-removed", address, f"{address} is gone: an upgrade destroys it{hint}", "major")


def _readdressed(new: Interface, address: str, was: str, now: str) -> Change:
    if any(_base(move.old) == address and _base(move.new) == address for move in new.moved):
        return Change("resource-moved", address, f"{address} has new keys, and a moved block says so", "patch")
    if {was, now} == {"", "count"}:
        text = f"{address} {'got' if now else 'lost'} count: Terraform follows from {address} to {address}[0] and back"
        return undecided("resource-counted", address, f"{text}, but how many objects there are cannot be told")
    forms = f"{was or 'one object'} to {now or 'one object'}"
    text = f"{address} goes from {forms}: its keys change, and an upgrade replaces it"
    return Change("resource-readdressed", address, text, "major")


def _calls(old: Interface, new: Interface) -> Iterator[Change]:
    after = {call.name: call for call in new.module_calls}
    for was in old.module_calls:
        now = after.get(was.name)
        if now and (was.source, was.version) != (now.source, now.version):
            text = f"module.{was.name} comes as {now.source} {now.version}".rstrip()
            yield undecided("module-changed", was.name, f"{text} instead of {was.source} {was.version}".rstrip())


def _dropped(old: Interface, new: Interface) -> Iterator[Change]:
    """Yield what a caller loses that skips versions: it never saw the block."""
    moves, items = {(m.old, m.new) for m in new.moved}, _items(new)
    for move in old.moved:
        still = _base(move.new) in items or _base(_follow(new, move.new)) in items
        if (move.old, move.new) not in moves and still and _base(_follow(new, move.old)) not in items:
            text = f"the moved block from {move.old} was removed: a caller that skips versions loses what it has there"
            yield Change("moved-dropped", move.old, text, "major")
    forgotten = {block.old for block in new.removed if not block.destroy}
    for block in old.removed:
        if not block.destroy and block.old not in forgotten and _base(block.old) not in items:
            text = f"the removed block of {block.old} is gone: a caller that skips versions has it destroyed"
            yield Change("removed-dropped", block.old, text, "major")

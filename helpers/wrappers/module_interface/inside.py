"""What a change inside a module does to the states of its callers: addresses that move, vanish or are forgotten.

Also whether a caller may be refused: preconditions and postconditions. What depends on values is for a person.

Source: Terraform documentation, "Refactor modules" (``moved``) and "Remove a resource from state" (``removed``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from helpers.wrappers.module_interface.change import Change, undecided
from helpers.wrappers.module_interface.expression import Expression
from helpers.wrappers.module_interface.interface import Interface, ModuleCall, Resource

_Said = Mapping[str, Expression]
#: What a reference to a whole resource or module call is, by how it is repeated.
_FORMS = {"": "one object", "count": "a list", "for_each": "a map"}
#: The most objects of one resource that are followed one by one.
_MOST = 10_000


def expressions(old: Interface, new: Interface) -> set[str]:
    """Return the expressions that `changes` asks about: those that are not written the same in both."""
    if not (old.inside_known and new.inside_known):
        return set()
    before, after = _items(old), _items(new)
    same = {address for address in before.keys() & after.keys() if before[address].repeats == after[address].repeats}
    repeats = {one.repeats for items in (before, after) for address, one in items.items() if address not in same}
    # What moves meets something of another address, which may be written as before.
    targets = {_base(move.new) for move in new.moved}
    repeats |= {one.repeats for address, one in after.items() if address in targets}
    guards = {one.condition for one in {*old.guards} ^ {*new.guards}}
    return (repeats | guards) - {""}


def changes(old: Interface, new: Interface, said: _Said) -> Iterator[Change]:
    """Yield what callers find in their plans; nothing when one side's inside is not known.

    Args:
        said: what is known of each of the `expressions`.
    """
    if not (old.inside_known and new.inside_known):
        return
    yield from _addresses(old, new, said)
    yield from _guards(old, new, said)
    yield from _calls(old, new)
    yield from _dropped(old, new)
    if _data(old) != _data(new):
        yield Change("inside", "", "data sources inside have changed; read the plan of a caller", "patch")


def reformed(old: Interface, new: Interface) -> dict[str, tuple[str, str]]:
    """Return what is one object in one version and a list or a map in the other: address now -> forms."""
    if not (old.inside_known and new.inside_known):
        return {}
    after, found = _items(new), {}
    for address, was in _items(old).items():
        target = _follow(new, address)
        place = address if target == address else _base(target)
        if place in after and after[place].repetition != was.repetition:
            found[place] = (_FORMS[was.repetition], _FORMS[after[place].repetition])
    return found


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


def _addresses(old: Interface, new: Interface, said: _Said) -> Iterator[Change]:
    before, after = _items(old), _items(new)
    targets = {_base(move.new) for move in new.moved}
    for address, item in before.items():
        if address not in after:
            yield _gone(old, new, address, said)
        elif item.repetition != after[address].repetition:
            yield _readdressed(old, new, address, item, after[address], said)
        elif item.repeats != after[address].repeats:
            yield from _repeated(old, new, address, item.repeats, after[address].repeats, said)
    for address in after.keys() - before.keys() - targets:
        yield Change("resource-added", address, f"{address} is new: an upgrade creates it", "minor")


def _gone(old: Interface, new: Interface, address: str, said: _Said) -> Change:
    after, target = _items(new), _follow(new, address)
    if target != address and _base(target) in after:
        kinds = {target.split(".")[0], address.split(".")[0]}
        if "module" not in kinds and len(kinds) > 1:
            text = f"{address} moved to {target}, of another type: the provider has to support that"
            return undecided("resource-moved", address, text)
        return _kept(old, new, address, f"{address} moved to {target}", said)
    if target != address:
        text = f"a moved block sends {address} to {target}, which is not in the module: an upgrade destroys it"
        return Change("moved-dangling", address, text, "major")
    for block in new.removed:
        if _base(block.old) == address and not block.destroy:
            text = f"{address} is forgotten by a removed block: it stays, and nobody manages it any more"
            return Change("resource-forgotten", address, text, "major")
    kind = address.split(".")[0]
    like = sorted(a for a in after.keys() - _items(old).keys() if a.split(".")[0] == kind)
    hint = f"; if it was renamed to {like[0]}, a moved block keeps it" if like else ""
    return Change("resource-removed", address, f"{address} is gone: an upgrade destroys it{hint}", "major")


def _kept(old: Interface, new: Interface, address: str, moved: str, said: _Said) -> Change:
    """Say whether ``moved`` blocks keep every object that was at an address."""
    was, after = _items(old)[address], _items(new)
    lost = _lost(new, address, was, after, said)
    whole = next((move.new for move in new.moved if move.old == address), "")
    now = after.get(whole)
    if lost is None and now is not None and was.repetition == now.repetition and _alike(was, now, new, said):
        lost = []
    if lost is None:
        text = f"{moved}; whether the moved blocks keep every object of it cannot be told"
        return undecided("resource-moved", address, text)
    if lost:
        text = f"{moved}, but no moved block leads {', '.join(lost)} to a place: an upgrade destroys it"
        return Change("resource-moved", address, text, "major")
    return Change("resource-moved", address, f"{moved}, and a moved block says so", "patch")


def _alike(was: Resource | ModuleCall, now: Resource | ModuleCall, new: Interface, said: _Said) -> bool:
    """Return whether two repetitions are written alike, after the moves."""
    if was.repeats == now.repeats:
        return True
    before, after = said.get(was.repeats), said.get(now.repeats)
    return bool(before and after and after_moves(before.normal, new) == after.normal)


def _lost(
    new: Interface, address: str, was: Resource | ModuleCall, after: Mapping[str, Resource | ModuleCall], said: _Said
) -> list[str] | None:
    """Return the objects of an address that have no place of their own after the moves; None when it cannot be told."""
    held, taken, lost = _instances(was, said), set(), []
    inner = any(move.old.startswith((f"{address}.", f"{address}[")) and not _own(move.old) for move in new.moved)
    if held is None or inner:
        return None
    for key in sorted(held):
        place, left = _landing(new, address, key)
        if left and not _own(place + left):
            continue  # Inside a module, whose objects this interface does not have.
        there = _instances(after[place], said) if place in after else frozenset()
        if there is None:
            return None
        # Terraform follows a resource that nobody moved between its address and its first index by itself.
        alone = isinstance(was, Resource) and (place, left) == (address, key)
        first = {"": "[0]", "[0]": ""}.get(left, left) if alone else left
        end = (place, left if left in there else first)
        if end[1] not in there or end in taken:
            lost.append(address + key)
        taken.add(end)
    return lost


def _own(address: str) -> bool:
    """Return whether an address is that of a resource or a module call here, with or without a key."""
    rest = address[len(_base(address)) :]
    return not rest or (rest[0] == "[" and rest[-1] == "]" and "]" not in rest[:-1])


def _instances(item: Resource | ModuleCall, said: _Said) -> frozenset[str] | None:
    """Return the keys of an item's objects, as an address has them; None when they cannot be told."""
    if not item.repetition:
        return frozenset([""])
    if item.repetition == "count":
        number = _number(item.repeats, said)
        return None if number is None or number > _MOST else frozenset(f"[{n}]" for n in range(int(number)))
    keys = said[item.repeats].keys if item.repeats in said else None
    return None if keys is None else frozenset(f'["{key}"]' for key in keys)


def _landing(module: Interface, address: str, key: str) -> tuple[str, str]:
    """Return where ``moved`` blocks lead one object: the address without its key, and the key."""
    moves, seen = {move.old: move.new for move in module.moved}, {address + key}
    while (target := moves.get(address + key) or _with_all(moves.get(address, ""), key)) and target not in seen:
        seen.add(target)
        address, key = _base(target), target[len(_base(target)) :]
    return address, key


def _with_all(target: str, key: str) -> str:
    """Return where an object goes when all of its resource go to *target*; empty when that is one object's address."""
    return target + key if target and "[" not in target else ""


def _readdressed(
    old: Interface, new: Interface, address: str, was: Resource | ModuleCall, now: Resource | ModuleCall, said: _Said
) -> Change:
    if any(_base(move.old) == address and _base(move.new) == address for move in new.moved):
        return _kept(old, new, address, f"{address} has new keys", said)
    # Terraform moves a resource between its address and its first index by itself, a module call it does not.
    if {was.repetition, now.repetition} == {"", "count"} and isinstance(was, Resource):
        return _counted(address, was.repeats, now.repeats, said)
    forms = f"{was.repetition or 'one object'} to {now.repetition or 'one object'}"
    text = f"{address} goes from {forms}: its keys change, and an upgrade replaces it"
    return Change("resource-readdressed", address, text, "major")


def _counted(address: str, was: str, now: str, said: _Said) -> Change:
    """Say what a ``count`` means that came or went; an expression that is not there stands for one object."""
    before, after = (_number(text, said) if text else 1 for text in (was, now))
    text = f"{address} {'got' if now else 'lost'} count"
    if before is None or after is None:
        text += f": Terraform follows from {address} to {address}[0] and back"
        text += ", but how many objects there are cannot be told"
        return undecided("resource-counted", address, text)
    return _numbered("resource-counted", address, f"{text}: ", before, after)


def _numbered(kind: str, address: str, text: str, before: float, after: float) -> Change:
    if after < before:
        return Change(kind, address, f"{text}{before:g} became {after:g}, and an upgrade destroys the rest", "major")
    if after > before:
        return Change(kind, address, f"{text}{before:g} became {after:g}, and an upgrade creates more", "minor")
    return Change(kind, address, f"{text}it is {after:g} as before, and Terraform follows to the new address", "patch")


def _repeated(old: Interface, new: Interface, address: str, was: str, now: str, said: _Said) -> Iterator[Change]:
    """Yield what another ``count`` or ``for_each`` does to the objects that a caller has."""
    before, after = said.get(was), said.get(now)
    if before and after and after.normal in (before.normal, after_moves(before.normal, new)):
        return
    counts = _number(was, said), _number(now, said)
    if counts[0] is not None and counts[1] is not None:
        yield _numbered("resource-count", address, f"the count of {address}: ", counts[0], counts[1])
        return
    keys = (before.keys if before else None), (after.keys if after else None)
    if keys[0] is None or keys[1] is None:
        text = f"{address} is repeated by another expression; whether an upgrade destroys objects cannot be told"
        yield undecided("resource-repeated", address, text)
        return
    lost = _lost(new, address, _items(old)[address], _items(new), said)
    if lost is None:
        yield undecided("resource-repeated", address, f"{address} has other keys; what becomes of all cannot be told")
        return
    gone = [key for key in sorted(keys[0]) if f'{address}["{key}"]' in lost]
    if gone:
        listed = ", ".join(f'{address}["{key}"]' for key in gone)
        yield Change("resource-keys", address, f"{listed} is gone: an upgrade destroys it", "major")
    elif come := sorted(keys[1] - keys[0]):
        listed = ", ".join(f'{address}["{key}"]' for key in come)
        yield Change("resource-keys", address, f"{listed} is new: an upgrade creates it", "minor")
    else:
        yield Change("resource-keys", address, f"{address} has the same keys with other values", "patch")


def _number(text: str, said: _Said) -> float | None:
    """Return the constant that an expression is; None when it is none."""
    value = said[text].value if text in said else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def after_moves(normal: str, module: Interface) -> str:
    """Return an expression, as tokens, with the addresses that it has after the ``moved`` blocks."""
    text = f" {normal} "
    for move in module.moved:
        if "[" not in move.old + move.new:
            text = text.replace(f" {move.old.replace('.', ' . ')} ", f" {move.new.replace('.', ' . ')} ")
    return text.strip()


def _guards(old: Interface, new: Interface, said: _Said) -> Iterator[Change]:
    """Yield what became of preconditions and postconditions, for each resource or output that both versions have."""

    def found(module: Interface, moved: Interface | None) -> set[tuple[str, str, str]]:
        rows = set()
        for one in module.guards:
            normal = said[one.condition].normal if one.condition in said else one.condition
            target = _follow(moved, one.owner) if moved else one.owner
            owner = one.owner if target == one.owner else _base(target)
            rows.add((owner, one.kind, after_moves(normal, moved) if moved else normal))
        return rows

    before, after = found(old, new), found(new, None)
    known = {owner for owner, _, _ in before | after}
    for owner in sorted(known):
        gone = {row for row in before - after if row[0] == owner}
        come = {row for row in after - before if row[0] == owner}
        if come:
            kinds = " and ".join(sorted({kind for _, kind, _ in come}))
            text = f"{owner} has another {kinds}; whether a caller is refused that was not cannot be told"
            yield undecided("guard-changed", owner, text)
        elif gone:
            kinds = " and ".join(sorted({kind for _, kind, _ in gone}))
            yield Change("guard-removed", owner, f"{owner} is checked less: a {kinds} was removed", "minor")


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

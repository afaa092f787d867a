"""Static displays of bills of materials: the tree of components, and what changed between two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpers.core.html.elements import (
    Html,
    code,
    cut,
    definitions,
    details,
    dim,
    head,
    join,
    mark,
    page,
    rows_html,
    tag,
)
from helpers.core.html.style import STATES, Mark

if TYPE_CHECKING:
    from helpers.wrappers.sbom import Component, ComponentChange, Direction, LicenceChange, Sbom, SbomDiff

#: Components shown of one ecosystem, and of one kind of change; the document itself has all.
MAX_ROWS = 200
#: Of changes: what an attacker would do comes first.
_ORDER: tuple[Direction, ...] = ("replaced", "downgraded", "changed", "upgraded")
_DIRECTIONS: dict[str, Mark] = {
    "added": Mark("+", "added", "good"),
    "removed": Mark("−", "removed", "bad"),
    "upgraded": Mark("↑", "upgraded", "info"),
    "downgraded": Mark("↓", "downgraded", "bad"),
    "replaced": Mark("±", "same version, other content", "bad"),
    "changed": Mark("~", "changed", "change"),
    "licence": Mark("§", "licence changed", "change"),
}


def sbom_html(sbom: Sbom) -> str:
    """Return a bill of materials as a tree: subject, ecosystems, components. Unknown versions are marked."""
    kinds = sorted({component.type for component in sbom.components})
    facts = {
        "Subject": join((code(cut(sbom.subject, 300)), f" {cut(sbom.version, 120)}" if sbom.version else "")),
        "Digest": code(cut(sbom.digest, 120)) if sbom.digest else mark("unknown", "it is bound to no content"),
        "Format": {"cyclonedx": "CycloneDX", "spdx": "SPDX"}.get(sbom.format, sbom.format),
    }
    count = len(sbom.components)
    title = head("Bill of materials", f"{count:,} component{'' if count == 1 else 's'}", *_gaps(sbom.components))
    parts = [_ecosystem(kind, sbom.of_type(kind), open=len(kinds) == 1 and count <= 30) for kind in kinds]
    if not parts:
        parts = [tag("p", mark("warning"), " Nothing was recognised, which is not to say that nothing is there.")]
    return page(title, definitions(facts), *parts, label="Bill of materials")


def _gaps(components: Sequence[Component]) -> list[Html]:
    """Return how many components lack what a policy may ask for."""
    lacking = {
        "no version": sum(not c.version for c in components),
        "no package URL": sum(not c.purl for c in components),
        "no licence": sum(not c.licences for c in components),
        "no hash": sum(not c.hashes for c in components),
    }
    return [mark(Mark("○", name, "change"), f"{n:,}") for name, n in lacking.items() if n]


def _ecosystem(kind: str, found: Sequence[Component], *, open: bool) -> Html:
    rows = [[_name(c), _version(c), _licences(c.licences), _identity(c)] for c in found[:MAX_ROWS]]
    table = rows_html(["Component", "Version", "Licences", "Identity"], rows)
    return details(
        join((tag("strong", cut(kind, 120) or "of unknown type"), f" {len(found):,}")), table, _more(found), open=open
    )


def _more(found: Sequence[object]) -> Html:
    left = len(found) - MAX_ROWS
    return tag("p", dim(f"{left:,} more are in the document.")) if left > 0 else Html("")


def _name(component: Component) -> Html:
    return code(cut(component.name, 300))


def _version(component: Component) -> Html:
    return join([cut(component.version, 120)]) if component.version else mark("unknown")


def _licences(found: Sequence[str]) -> Html:
    return join([cut(", ".join(found), 300)]) if found else dim("not known")


def _identity(component: Component) -> Html:
    hashes = [tag("span", f"{name[:16]} {value[:16]}…", class_="m-line m-dim") for name, value in component.hashes]
    purl = code(cut(component.purl, 300)) if component.purl else dim("no package URL")
    return join((purl, *hashes))


def sbom_diff_html(diff: SbomDiff) -> str:
    """Return what changed between two bills of materials; what an attacker would do comes first."""
    rows = [*_changes(diff.changed), *_whole("removed", diff.removed), *_whole("added", diff.added)]
    rows += [_licence(change) for change in diff.licences]
    counts: dict[str, int] = {name: len(diff.of(name)) for name in _ORDER}
    counts |= {"removed": len(diff.removed), "added": len(diff.added), "licence": len(diff.licences)}
    marks = [mark(_DIRECTIONS[name], f"{n:,}") for name, n in counts.items() if n]
    if diff.same:
        marks = [mark(Mark(STATES["current"].symbol, "the same components", "plain"))]
    facts = {"From": _bound(diff.old), "To": _bound(diff.new)}
    heads = ["Change", "Component", "Before", "After"]
    table = rows_html(heads, rows[:MAX_ROWS], empty="Same components, same content, same licences.")
    return page(head("Changed components", *marks), definitions(facts), table, _more(rows), label="Changed components")


def _bound(sbom: Sbom) -> Html:
    shown = [code(cut(sbom.subject, 300)), *([f" {cut(sbom.version, 120)}"] if sbom.version else [])]
    return join((*shown, " ", dim(sbom.digest[:19] + "…") if sbom.digest else dim("no digest")))


def _changes(found: Sequence[ComponentChange]) -> list[list[object]]:
    ordered = sorted(found, key=lambda c: (_ORDER.index(c.direction), c.new.type, c.new.name, c.old.version))
    return [[mark(_DIRECTIONS[c.direction]), _titled(c.new), _side(c, c.old), _side(c, c.new)] for c in ordered]


def _side(change: ComponentChange, component: Component) -> Html:
    if change.direction != "replaced":
        return _version(component)
    others = dict(change.new.hashes if component is change.old else change.old.hashes)
    differing = [f"{name[:16]} {value[:16]}…" for name, value in component.hashes if others.get(name, value) != value]
    return join((_version(component), *(tag("span", text, class_="m-line m-dim") for text in differing)))


def _titled(component: Component) -> Html:
    return join((_name(component), tag("span", cut(component.type, 120), class_="m-line m-dim")))


def _whole(word: str, found: Sequence[Component]) -> list[list[object]]:
    sides = [(_version(c), dim("–")) if word == "removed" else (dim("–"), _version(c)) for c in found]
    return [[mark(_DIRECTIONS[word]), _titled(c), *side] for c, side in zip(found, sides, strict=True)]


def _licence(change: LicenceChange) -> list[object]:
    name = join((code(cut(change.name, 300)), tag("span", cut(change.type, 120), class_="m-line m-dim")))
    return [mark(_DIRECTIONS["licence"]), name, _licences(change.old), _licences(change.new)]

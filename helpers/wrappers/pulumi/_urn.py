"""Pulumi's names of resources (URNs), and the short address that displays use.

``urn:pulumi:STACK::PROJECT::PARENT_TYPE$TYPE::NAME``. The address is written as Terraform's: ``Type.name``, with the
components that hold it before it, so that one display serves both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

STACK_TYPE = "pulumi:pulumi:Stack"


def type_of(urn: str) -> str:
    """Return the resource's own type, for example ``pulumi-python:dynamic/platform:Network``."""
    return urn.split("::")[2].rpartition("$")[2] if urn.count("::") >= 3 else ""


def name_of(urn: str) -> str:
    """Return the logical name, which may itself hold ``::``."""
    return "::".join(urn.split("::")[3:])


def short_type(kind: str) -> str:
    """Return the last part of a type: ``Network``."""
    return kind.rpartition(":")[2] or kind


def addresses(parents: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return URN -> (address, address of the component that holds it).

    Args:
        parents: URN -> URN of the parent.
    """
    found: dict[str, tuple[str, str]] = {}

    def of(urn: str) -> tuple[str, str]:
        if urn not in found:
            parent = parents.get(urn, "")
            inside = "" if not parent or type_of(parent) == STACK_TYPE else of(parent)[0]
            own = f"{short_type(type_of(urn))}.{name_of(urn)}"
            found[urn] = (f"{inside}.{own}" if inside else own, inside)
        return found[urn]

    for urn in parents:
        of(urn)
    return _distinct(found)


def _distinct(found: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Write the whole type where two addresses are the same."""
    counts: dict[str, int] = {}
    for address, _ in found.values():
        counts[address] = counts.get(address, 0) + 1
    return {
        urn: (address, inside)
        if counts[address] == 1
        else (f"{inside}.{type_of(urn)}.{name_of(urn)}" if inside else f"{type_of(urn)}.{name_of(urn)}", inside)
        for urn, (address, inside) in found.items()
    }


def depends_on(state: Mapping[str, object]) -> Iterable[str]:
    """Return the URNs that a resource's state depends on."""
    direct = state.get("dependencies") or ()
    return [str(urn) for urn in direct] if isinstance(direct, list | tuple) else []

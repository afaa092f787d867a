"""Look the parts of an artifact up in a database of advisories.

Who may hide a part: whoever writes the list, by another spelling of its name, by nesting it, by leaving out its package
URL. So names are compared as the ecosystem compares them, and a part without a URL is looked up by name everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import semver
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from helpers.compliance.advisories.database import Advisory, Affected, Database, Range
from helpers.compliance.advisories.report import AdvisoryReport, Match, Status
from helpers.wrappers.sbom import Component, Sbom

#: Type of a package URL -> ecosystem of OSV. What is not here is compared by name, whatever the ecosystem.
_ECOSYSTEMS = {"pypi": "PyPI", "golang": "Go", "npm": "npm", "cargo": "crates.io", "gem": "RubyGems", "maven": "Maven"}
#: What counts when two versions are told, the gravest first.
_GRAVITY: tuple[Status | None, ...] = ("affected", "unknown", None)


def match(sbom: Sbom, database: Database) -> AdvisoryReport:
    """Return each advisory that is about a component of *sbom*, in a version that is affected or cannot be compared."""
    found = {
        hit for component in sbom.components for advisory in database.advisories for hit in _hits(component, advisory)
    }
    return AdvisoryReport(sbom.subject, sbom.digest, len(sbom.components), tuple(sorted(found)))


def _hits(component: Component, advisory: Advisory) -> Iterator[Match]:
    for affected in advisory.affected:
        if not _same(component, affected):
            continue
        # A list may say one version in the field and another in the URL: neither hides what the other has.
        told = [_affected(one, affected) for one in _versions(component)]
        status, why = min(told, key=lambda one: _GRAVITY.index(one[0]))
        if status is not None:
            fixed = tuple(sorted({version for one in affected.ranges for version in one.fixed}))
            yield Match(
                advisory.id,
                advisory.summary,
                component.name,
                component.version,
                component.purl,
                fixed,
                status,
                why,
            )


def _versions(component: Component) -> tuple[str, ...]:
    found = re.split(r"[?#]", component.purl)[0].rpartition("/")[2].partition("@")[2]
    return tuple(dict.fromkeys((component.version, *([unquote(found)] if found else []))))


def _same(component: Component, affected: Affected) -> bool:
    kind, name = _named(component.purl) if component.purl else ("", component.name)
    ecosystem = _ECOSYSTEMS.get(kind, "")
    if ecosystem and ecosystem != affected.ecosystem:
        return False
    return _plain(name, affected.ecosystem) == _plain(affected.name, affected.ecosystem)


def _named(purl: str) -> tuple[str, str]:
    """Return type and name (with its namespace) of a package URL."""
    bare = re.split(r"[?#]", purl.removeprefix("pkg:").lstrip("/"))[0]
    kind, _, path = bare.partition("/")
    # The version begins at the last @; that of a scope (%40) is encoded.
    name = path.rpartition("@")[0] if "@" in path else path
    return kind.lower(), unquote(name)


def _plain(name: str, ecosystem: str) -> str:
    # Compared without capitals: a false alarm is answered, what was missed is not.
    return canonicalize_name(name) if ecosystem == "PyPI" else name.lower()


def _affected(version: str, affected: Affected) -> tuple[Status | None, str]:
    if version in affected.versions:
        return "affected", ""
    if not version:
        return "unknown", "The list does not say which version it is."
    order = _pep440 if affected.ecosystem == "PyPI" else _semver
    unknown = ""
    for one in affected.ranges:
        if one.type == "GIT":
            unknown = "The advisory names commits, the list a version."
            continue
        try:
            if _within(version, one, order):
                return "affected", ""
        except ValueError:
            unknown = f"The version {version} cannot be compared."
    return ("unknown", unknown) if unknown else (None, "")


def _within(version: str, one: Range, order: Callable[[str], Any]) -> bool:
    """Return whether a version is in a range, by OSV's algorithm: the last event that is not above it decides.

    Raises:
        ValueError: a version cannot be compared.
    """
    here = order(version)
    limits = [order(at) for name, at in one.events if name == "limit" and at != "*"]
    if limits and not any(here < limit for limit in limits):
        return False
    inside = False
    for name, at in sorted(
        ((name, at) for name, at in one.events if name != "limit"), key=lambda event: _place(event[1], order)
    ):
        if name == "introduced" and (at == "0" or here >= order(at)):
            inside = True
        elif (name == "fixed" and here >= order(at)) or (name == "last_affected" and here > order(at)):
            inside = False
    return inside


def _place(at: str, order: Callable[[str], Any]) -> tuple[bool, Any]:
    return (False, 0) if at == "0" else (True, order(at))


def _pep440(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion as error:
        raise ValueError(str(error)) from None


def _semver(version: str) -> semver.Version:
    return semver.Version.parse(version.removeprefix("v").removeprefix("go"))

"""Bills of materials to judge a policy by: a good one, and each thing that can be wrong with one."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GOOD_PART: Mapping[str, Any] = {
    "type": "library",
    "name": "vector-tiles",
    "version": "1.0.0",
    "purl": "pkg:pypi/vector-tiles@1.0.0",
    "licenses": [{"license": {"id": "MIT"}}],
}
#: What is cleared, and what is known to be bad, when the check asks; not the learner's own lists.
LISTS: Mapping[str, Any] = {
    "licences": ["Apache-2.0", "BSD-3-Clause", "MIT"],
    "known_bad": [
        {"purl": "pkg:pypi/acme-queue-client", "introduced": "1.2.0", "fixed": "1.4.1", "why": "it logs a password"},
        {"purl": "pkg:pypi/acme-telemetry", "why": "the name was taken over"},
    ],
    "exceptions": [],
}
_AGPL = {"licenses": [{"license": {"id": "AGPL-3.0-only"}}]}


@dataclass(frozen=True)
class Bill:
    """A document, the lists it is judged by, and the id of the rule that must fire; none when it is a good one."""

    rule: str
    about: str
    document: Mapping[str, Any]
    lists: Mapping[str, Any]
    name: str = ""


def day(away: int) -> str:
    """Return the date some days from today, in UTC."""
    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=away)).isoformat()


def exception(**changes: Any) -> dict[str, Any]:
    """Return an exception for the good part's licence; None leaves a field out."""
    made = {
        "purl": "pkg:pypi/vector-tiles",
        "rule": "SBM-1",
        "owner": "ranking@acme.test",
        "expires": day(30),
        "why": "it is being replaced",
    }
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


def bill(
    rule: str,
    about: str,
    part: Mapping[str, Any] | None = None,
    *more: Mapping[str, Any],
    exceptions: Sequence[Mapping[str, Any]] = (),
    name: str = "",
) -> Bill:
    """Return a bill of one good part with changes (None leaves a field out), and of *more* parts."""
    changed = {**copy.deepcopy(dict(GOOD_PART)), **(part or {})}
    changed = {name: value for name, value in changed.items() if value is not None}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [changed, *more]}
    return Bill(rule, about, document, {**LISTS, "exceptions": list(exceptions)}, name or str(changed.get("name", "")))


def at(version: str | None, name: str = "acme-queue-client", more: str = "") -> dict[str, Any]:
    """Return the changes that make the part another component in a version."""
    return {"name": name, "version": version, "purl": f"pkg:pypi/{name}@{version or ''}{more}"}


def other(rule: str, about: str, document: Mapping[str, Any]) -> Bill:
    """Return a document of another kind."""
    return Bill(rule, about, document, LISTS)


def good() -> list[Bill]:
    """Return the bills that must pass."""
    choice = {"licenses": [{"expression": "AGPL-3.0-only OR MIT"}]}
    file = {"type": "file", "name": "/opt/worker/model.bin"}
    return [
        bill("", "one component under MIT"),
        bill("", "a choice of licences of which one is cleared", choice),
        bill("", "a component beside a file, which is none", None, file),
        bill("", "the version in which the fault is fixed", at("1.4.1")),
        bill("", "a version from before the fault", at("1.1.9")),
        bill("", "a version whose numbers only sort right as numbers", at("1.10.0")),
        bill("", "a licence with an exception that has an owner and holds", _AGPL, exceptions=[exception()]),
    ]


def bad() -> list[Bill]:
    """Return the bills that must be refused."""

    def said(entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"licenses": [entry]}

    inner = {**GOOD_PART, **at("1.3.0")}
    spdx = {"spdxVersion": "SPDX-2.3", "packages": [{"name": "vector-tiles", "licenseDeclared": "AGPL-3.0-only"}]}
    return [
        bill("SBM-1", "a licence that is not cleared", _AGPL),
        bill("SBM-1", "a licence given by name", said({"license": {"name": "Business Source License 1.1"}})),
        bill("SBM-1", "a choice of two that are not cleared", said({"expression": "AGPL-3.0-only OR SSPL-1.0"})),
        bill(
            "SBM-1",
            "a cleared licence beside one that is not",
            {"licenses": [{"license": {"id": "MIT"}}, {"license": {"id": "AGPL-3.0-only"}}]},
        ),
        bill("SBM-2", "a component without licences", {"licenses": None}),
        bill("SBM-2", "an empty list of licences", {"licenses": []}),
        bill("SBM-2", "a licence NOASSERTION", said({"license": {"name": "NOASSERTION"}})),
        bill("SBM-3", "the first bad version", at("1.2.0")),
        bill("SBM-3", "the last bad version", at("1.4.0")),
        bill("SBM-3", "a bad version with a qualifier in its package URL", at("1.3.0", more="?arch=any")),
        bill("SBM-3", "a version that cannot be compared", at("main")),
        bill("SBM-3", "a component on the list without a version", at(None)),
        bill("SBM-3", "a component of which every version is bad", at("0.0.1", "acme-telemetry")),
        bill("SBM-3", "a bad component that calls itself a file", {**at("1.3.0"), "type": "file"}),
        bill("SBM-3", "a bad file without a package URL", {**at("1.3.0"), "type": "file", "purl": None}),
        bill("SBM-3", "a bad component without a package URL", {**at("1.3.0"), "purl": None}),
        bill("SBM-3", "a bad component spelt differently", at("1.3.0", "Acme_Queue.Client")),
        bill("SBM-3", "a bad component inside a good one", {"components": [inner]}, name="acme-queue-client"),
        bill(
            "SBM-1",
            "a licence that is not cleared, inside a good one",
            {"components": [{**inner, **at("1.5.0"), **_AGPL}]},
            name="acme-queue-client",
        ),
        bill("SBM-1", "an exception that ended yesterday", _AGPL, exceptions=[exception(expires=day(-1))]),
        bill("SBM-1", "an exception for another rule", _AGPL, exceptions=[exception(rule="SBM-2")]),
        bill("SBM-1", "an exception for another component", _AGPL, exceptions=[exception(purl="pkg:pypi/vector")]),
        bill("SBM-1", "an exception without an owner that still excuses", _AGPL, exceptions=[exception(owner=None)]),
        bill("SBM-4", "an exception without an owner", exceptions=[exception(owner=None)]),
        bill("SBM-4", "an exception whose owner is empty", exceptions=[exception(owner="")]),
        bill("SBM-4", "an exception without an end", exceptions=[exception(expires=None)]),
        bill("SBM-4", "an exception that ends never", exceptions=[exception(expires="never")]),
        other("SBM-5", "a bill of materials in SPDX", spdx),
        other("SBM-5", "an empty document", {}),
        other("SBM-5", "a bill without components", {"bomFormat": "CycloneDX", "components": []}),
    ]

"""What Syft does not see of a Terraform module, added to its documents.

Syft 1.57 reads providers from ``.terraform.lock.hcl``, but gives them neither a package URL nor (outside of its own
format) their hashes, and it sees no modules at all. terraform-config-inspect reads which modules are called and which
providers are asked for; ``.terraform/modules/modules.json`` of ``terraform init`` says which versions those became.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from helpers.wrappers import module_interface
from helpers.wrappers.sbom._parse import h1_hex

PROVIDER, MODULE = "terraform-provider", "terraform-module"
TOOL = "mod208-sbom"
_VERSION = re.compile(r"v?\d+\.\d+\.\d+[\w.+-]*|[0-9a-f]{40}")


@dataclass(frozen=True)
class Dependency:
    """A provider or a module that a module uses.

    Attributes:
        version: exact, or empty when only the *constraint* is known. h1: the directory hash of a provider.
    """

    kind: str
    name: str
    version: str = ""
    constraint: str = ""
    h1: str = ""

    @property
    def purl(self) -> str:
        """A generic package URL: there is no registered type for Terraform."""
        version = f"@{quote(self.version, safe='')}" if self.version else ""
        return f"pkg:generic/{quote(self.name, safe='/.')}{version}?ecosystem={self.kind}"

    @property
    def ref(self) -> str:
        """An identifier inside a document."""
        # Names may differ in no more than a sign that an identifier cannot have.
        mark = hashlib.sha256(self.purl.encode()).hexdigest()[:12]
        return re.sub(r"[^A-Za-z0-9.-]", "-", f"{self.kind}-{self.name}-{mark}")


def dependencies(directory: Path, artifacts: Sequence[Mapping[str, Any]]) -> tuple[Dependency, ...]:
    """Return the providers and modules of the module in *directory*.

    Args:
        artifacts: those of Syft's own JSON, which has what the lock file says.

    Raises:
        InvalidModule: the module, or a module inside its directory that it calls, cannot be read.
    """
    locked = {found.name: found for item in artifacts if (found := _locked(item))}
    calls, asked = _walk(directory)
    for name, constraint in asked.items():
        locked.setdefault(name, Dependency(PROVIDER, name, constraint=constraint))
    return _once((*locked.values(), *calls))


def _once(found: Iterable[Dependency]) -> tuple[Dependency, ...]:
    """Return each version of a dependency once, with all constraints that led to it."""
    merged: dict[tuple[str, str, str], Dependency] = {}
    for item in sorted(found, key=lambda d: (d.kind, d.name, d.version, d.constraint)):
        key = (item.kind, item.name, item.version)
        before = merged.get(key)
        both = ", ".join(dict.fromkeys(c for c in (before.constraint if before else "", item.constraint) if c))
        merged[key] = replace(item, constraint=both, h1=item.h1 or (before.h1 if before else ""))
    return tuple(merged.values())


def _locked(artifact: Mapping[str, Any]) -> Dependency | None:
    if artifact.get("metadataType") != "terraform-lock-provider-entry":
        return None
    said = artifact.get("metadata") or {}
    hashes = [value for value in said.get("hashes") or () if h1_hex(str(value))]
    return Dependency(
        PROVIDER,
        str(artifact["name"]),
        str(artifact.get("version", "")),
        str(said.get("constraints", "")),
        hashes[0] if hashes else "",
    )


def _walk(directory: Path) -> tuple[set[Dependency], dict[str, str]]:
    """Return the modules called from outside the directory, and the providers asked for with their constraints."""
    root, installed = directory.resolve(), _installed(directory)
    calls: set[Dependency] = set()
    asked: dict[str, str] = {}
    todo, seen = [("", root)], set()
    while todo:
        key, place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        interface = module_interface.read(place)
        for provider in interface.providers:
            if (name := _provider(provider.source or provider.name)) and name not in asked:
                asked[name] = ", ".join(provider.version_constraints)
        for call in interface.module_calls:
            path = f"{key}.{call.name}".strip(".")
            inside = (place / call.source).resolve() if call.source.startswith(("./", "../")) else None
            if inside is not None and inside.is_relative_to(root) and inside.is_dir():
                todo.append((path, inside))
            else:
                calls.add(_called(call.source, call.version, installed.get(path, "")))
    return calls, asked


def _called(source: str, constraint: str, installed: str) -> Dependency:
    name, _, query = source.partition("?")
    ref = re.search(r"(?:^|&)ref=([^&]+)", query)
    exact = installed or (ref[1] if ref and _VERSION.fullmatch(ref[1]) else "")
    # A user name or a password in an address has no place in a document that is published.
    name = re.sub(r"^git::", "", re.sub(r"//[^/@]*@", "//", name))
    name = re.sub(r"^(?:https?|ssh|file)://", "", name)
    return Dependency(MODULE, name, exact, constraint or (ref[1] if ref else ""))


def _installed(directory: Path) -> dict[str, str]:
    """Return the exact versions that ``terraform init`` chose, by the call's path."""
    try:
        raw = json.loads((directory / ".terraform/modules/modules.json").read_text(encoding="utf-8"))
        return {str(m["Key"]): str(m.get("Version", "")) for m in raw.get("Modules") or ()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _provider(source: str) -> str:
    """Return a provider's full address, as the lock file writes it; nothing for the one built into Terraform."""
    parts = source.split("/")
    if source.startswith("terraform.io/builtin/") or source == "terraform":
        return ""
    defaults = ["registry.terraform.io", "hashicorp"]
    return "/".join([*defaults[: max(0, 3 - len(parts))], *parts])


def complete_cyclonedx(
    raw: dict[str, Any], found: Sequence[Dependency], *, name: str, version: str, digest: str
) -> None:
    """Put subject and dependencies into a CycloneDX document."""
    about = raw["metadata"]["component"]
    about.update(type="application", name=name, hashes=[{"alg": "SHA-256", "content": digest}])
    about.pop("version", None)
    if version:
        about["version"] = version
    raw["metadata"]["tools"]["components"].append({"type": "application", "name": TOOL})
    kept = [c for c in raw.get("components") or () if not _is_lock_entry(c)]
    raw["components"] = [*kept, *(_cyclonedx(item) for item in found)]
    uses = {"ref": about["bom-ref"], "dependsOn": sorted(item.ref for item in found)}
    raw["dependencies"] = [*(raw.get("dependencies") or ()), uses]


def _is_lock_entry(component: Mapping[str, Any]) -> bool:
    pairs = {(p.get("name"), p.get("value")) for p in component.get("properties") or ()}
    return ("syft:package:foundBy", "terraform-lock-cataloger") in pairs


def _cyclonedx(item: Dependency) -> dict[str, Any]:
    pairs = {"terraform:constraint": item.constraint, "terraform:h1": item.h1}
    properties = [{"name": key, "value": value} for key, value in pairs.items() if value]
    found: dict[str, Any] = {"bom-ref": item.ref, "type": "library", "name": item.name, "version": item.version}
    return {**found, "purl": item.purl, **({"properties": properties} if properties else {})}


def complete_spdx(raw: dict[str, Any], found: Sequence[Dependency], *, name: str, version: str, digest: str) -> None:
    """Put subject and dependencies into an SPDX document."""
    created = raw["creationInfo"]
    created["creators"].append(f"Tool: {TOOL}")
    relations = raw["relationships"]
    root = next(r["relatedSpdxElement"] for r in relations if r["relationshipType"] == "DESCRIBES")
    dropped = {p["SPDXID"] for p in raw["packages"] if "Terraform dependency lock file" in p.get("sourceInfo", "")}
    raw["name"] = name
    raw["packages"] = [p for p in raw["packages"] if p["SPDXID"] not in dropped]
    about = next(p for p in raw["packages"] if p["SPDXID"] == root)
    about.update(name=name, checksums=[{"algorithm": "SHA256", "checksumValue": digest}])
    if version:
        about["versionInfo"] = version
    raw["packages"] += [_spdx(item, created["created"]) for item in found]
    ends = ("spdxElementId", "relatedSpdxElement")
    kept = [r for r in relations if not dropped & {r[end] for end in ends}]
    raw["relationships"] = kept + [
        {"spdxElementId": root, "relatedSpdxElement": f"SPDXRef-{item.ref}", "relationshipType": "DEPENDS_ON"}
        for item in found
    ]


def _spdx(item: Dependency, at: str) -> dict[str, Any]:
    unknown = dict.fromkeys(("downloadLocation", "licenseConcluded", "licenseDeclared", "copyrightText"), "NOASSERTION")
    purl = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": item.purl}
    found: dict[str, Any] = {"name": item.name, "SPDXID": f"SPDXRef-{item.ref}", "filesAnalyzed": False, **unknown}
    notes = list(_notes(item, at))
    return {
        **found,
        **({"versionInfo": item.version} if item.version else {}),
        "externalRefs": [purl],
        **({"annotations": notes} if notes else {}),
    }


def _notes(item: Dependency, at: str) -> Iterator[dict[str, str]]:
    for key, value in {"terraform:constraint": item.constraint, "terraform:h1": item.h1}.items():
        if value:
            note = {"annotator": f"Tool: {TOOL}", "annotationDate": at, "annotationType": "OTHER"}
            yield {**note, "comment": f"{key}={value}"}

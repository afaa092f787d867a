"""Reads CycloneDX and SPDX JSON to the same types.

Source: CycloneDX 1.4 to 1.7 and SPDX 2.2 and 2.3, the fields that Syft fills; other fields are left where they are.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from helpers.wrappers.base import StrPath
from helpers.wrappers.sbom.types import Component, MalformedSbom, Sbom

#: Property under which a directory hash is kept in CycloneDX, which has no name for it.
H1_PROPERTIES = ("syft:metadata:h1Digest", "terraform:h1")
_DIGEST = re.compile(r"(?:^|@)sha256:([0-9a-f]{64})$")
_UNKNOWN = ("", "NOASSERTION", "NONE", "UNKNOWN")


def read(path: StrPath) -> Sbom:
    """Return the bill of materials in a file.

    Raises:
        MalformedSbom: the file cannot be read, or is no such document.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise MalformedSbom(
            f"{Path(path).name} cannot be read", why=error.strerror or str(error), next="Name an SBOM in JSON."
        ) from None
    return parse(content)


def parse(document: bytes | str | Mapping[str, Any]) -> Sbom:
    """Return the bill of materials that *document* holds; the format is recognised.

    Raises:
        MalformedSbom: it is neither CycloneDX nor SPDX.
    """
    try:
        raw = document if isinstance(document, Mapping) else json.loads(document)
        if raw.get("bomFormat") == "CycloneDX":
            return _cyclonedx(raw)
        if str(raw.get("spdxVersion", "")).startswith("SPDX-2."):
            return _spdx(raw)
        raise ValueError("neither bomFormat nor spdxVersion says what it is")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MalformedSbom(
            "This is not a bill of materials",
            why=f"{type(error).__name__}: {error}",
            next="Expected CycloneDX JSON or SPDX 2 JSON.",
        ) from None


def _cyclonedx(raw: Mapping[str, Any]) -> Sbom:
    about = (raw.get("metadata") or {}).get("component") or {}
    # A file is the evidence of a component; with a package URL or a version it is one, whatever it calls itself.
    listed = (*_nested(raw.get("components") or ()), *_nested(about.get("components") or ()))
    parts = [c for c in listed if c.get("type") != "file" or c.get("purl") or c.get("version")]
    components = tuple(sorted(_from_cyclonedx(part) for part in parts))
    version, digest = _about(about.get("version", ""), set(_hashes(about.get("hashes") or (), "alg", "content")))
    return Sbom(str(about.get("name", "")), digest, components, version, "cyclonedx", raw)


def _nested(parts: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield components with those that they hold."""
    for part in parts:
        yield part
        yield from _nested(part.get("components") or ())


def _from_cyclonedx(part: Mapping[str, Any]) -> Component:
    properties = {str(p.get("name")): str(p.get("value", "")) for p in part.get("properties") or ()}
    purl = str(part.get("purl", ""))
    hashes = set(_hashes(part.get("hashes") or (), "alg", "content"))
    hashes |= {("h1", hex) for name in H1_PROPERTIES if (hex := h1_hex(properties.get(name, "")))}
    group = str(part.get("group") or "")
    name = f"{group}/{part['name']}" if group else str(part["name"])
    kind = _type(purl) or properties.get("syft:package:type", "")
    return Component(
        name, _known(part.get("version")), kind, purl, _licences(_cyclonedx_licences(part)), tuple(sorted(hashes))
    )


def _cyclonedx_licences(part: Mapping[str, Any]) -> Iterator[str]:
    for choice in part.get("licenses") or ():
        licence = choice.get("license") or {}
        yield str(choice.get("expression") or licence.get("id") or licence.get("name") or "")


def _spdx(raw: Mapping[str, Any]) -> Sbom:
    names = {str(x.get("licenseId")): str(x.get("name", "")) for x in raw.get("hasExtractedLicensingInfos") or ()}
    described = {
        relation.get("relatedSpdxElement")
        for relation in raw.get("relationships") or ()
        if relation.get("relationshipType") == "DESCRIBES"
    } | set(raw.get("documentDescribes") or ())
    packages = raw.get("packages") or ()
    about: Mapping[str, Any] = next((p for p in packages if p.get("SPDXID") in described), {})
    # What is described besides is a part like others: to call a package so hides it from nobody.
    components = tuple(sorted(_from_spdx(p, names) for p in packages if p is not about))
    hashes = set(_hashes(about.get("checksums") or (), "algorithm", "checksumValue"))
    version, digest = _about(_known(about.get("versionInfo")), hashes)
    return Sbom(str(about.get("name") or raw.get("name", "")), digest, components, version, "spdx", raw)


def _from_spdx(package: Mapping[str, Any], names: Mapping[str, str]) -> Component:
    refs = package.get("externalRefs") or ()
    purl = next((str(r["referenceLocator"]) for r in refs if r.get("referenceType") == "purl"), "")
    kind = _type(purl) or _spdx_type(str(package.get("SPDXID", "")), str(package["name"]))
    hashes = set(_hashes(package.get("checksums") or (), "algorithm", "checksumValue"))
    if kind == "golang":
        # Syft writes Go's directory hash as a SHA-256, which it is not: no archive has it.
        hashes = {("h1" if name == "SHA-256" else name, value) for name, value in hashes}
    hashes |= {("h1", hex) for note in package.get("annotations") or () if (hex := _noted_h1(note))}
    # What the files told is "concluded"; what the package says of itself is "declared" and goes first.
    declared = _known(package.get("licenseDeclared")) or _known(package.get("licenseConcluded"))
    licences = _licences([re.sub(r"LicenseRef-[\w.-]+", lambda m: names.get(m[0], m[0]), declared)])
    return Component(
        str(package["name"]), _known(package.get("versionInfo")), kind, purl, licences, tuple(sorted(hashes))
    )


def _noted_h1(note: Mapping[str, Any]) -> str:
    name, _, value = str(note.get("comment", "")).partition("=")
    return h1_hex(value) if name in H1_PROPERTIES else ""


def _spdx_type(spdx_id: str, name: str) -> str:
    """Return the type that Syft writes into an identifier: SPDX has no field for it."""
    found = re.match(r"SPDXRef-Package-(.+)", spdx_id)
    kind, _, _ = (found[1] if found else "").partition("-" + re.sub(r"[^A-Za-z0-9.-]", "-", name))
    return kind if found and kind != found[1] else ""


def _type(purl: str) -> str:
    """Return the ecosystem that a package URL names; of a generic one, the qualifier ``ecosystem`` does."""
    found = re.match(r"pkg:([A-Za-z0-9.+-]+)/", purl)
    if found and found[1] == "generic":
        named = re.search(r"[?&]ecosystem=([^&#]+)", purl)
        return unquote(named[1]) if named else "generic"
    return found[1] if found else ""


def _about(version: Any, hashes: Set[tuple[str, str]]) -> tuple[str, str]:
    """Return version and digest of the subject; Syft writes the digest of a file or an image as its version.

    Raises:
        ValueError: it gives two digests, so it is about two things.
    """
    found = _DIGEST.search(str(version or ""))
    digests = {digest for name, digest in hashes if name == "SHA-256"} | ({found[1]} if found else set())
    if len(digests) > 1:
        raise ValueError("its subject has two SHA-256 digests")
    return "" if found else str(version or ""), f"sha256:{min(digests)}" if any(digests) else ""


def _known(value: Any) -> str:
    return "" if str(value or "") in _UNKNOWN else str(value)


def _hashes(found: Iterable[Mapping[str, Any]], name: str, value: str) -> Iterator[tuple[str, str]]:
    for item in found:
        algorithm = str(item.get(name, "")).upper()
        yield re.sub(r"^SHA(\d)", r"SHA-\1", algorithm), str(item.get(value, "")).lower()


def h1_hex(value: str) -> str:
    """Return a directory hash (``h1:`` and base64) as hex, or nothing when it is none."""
    try:
        raw = base64.b64decode(value.removeprefix("h1:"), validate=True) if value.startswith("h1:") else b""
    except binascii.Error:
        return ""
    return raw.hex() if len(raw) == 32 else ""


def _licences(found: Iterable[str]) -> tuple[str, ...]:
    """Return licences one by one: ``A AND B`` are two that both hold, ``A OR B`` is one with a choice."""
    parts = {part for text in found for part in _conjuncts(text.strip()) if part not in _UNKNOWN}
    return tuple(sorted(parts))


def _conjuncts(expression: str) -> list[str]:
    """Split an expression at the ``AND`` outside of parentheses; ``OR`` binds less, so then it stays whole."""
    expression = _bare(expression)
    depth = 0
    parts: list[str] = []
    words: list[str] = []
    for word in expression.split(" "):
        if depth == 0 and word == "OR":
            return [expression]
        if depth == 0 and word == "AND":
            parts.append(" ".join(words))
            words = []
        else:
            words.append(word)
        depth += word.count("(") - word.count(")")
    return [_bare(part) for part in (*parts, " ".join(words))]


def _bare(expression: str) -> str:
    inner = expression[1:-1]
    return inner if expression[:1] == "(" and expression[-1:] == ")" and "(" not in inner else expression

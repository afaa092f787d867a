"""The gate ``image``: what runs is pinned by digest, comes from our registry, and was signed with our key."""

from __future__ import annotations

import re
from dataclasses import dataclass

from helpers.cosign import CannotVerify, Cause, Cosign, Refused
from helpers.crane import Crane, NotInRegistry, RegistryError
from helpers.gates._change import Answer, Change
from helpers.gates._overlays import Overlay, locate
from helpers.gates.types import Finding
from helpers.kustomize import Image


@dataclass(frozen=True)
class _Verdict:
    """What is known of one reference; *rule* is empty when all is well."""

    rule: str = ""
    words: str = ""
    unknown: bool = False


def image(change: Change) -> Answer:
    """Is every image pinned by digest, from our registry, and signed with the trusted key?"""
    used: dict[str, list[tuple[Overlay, Image]]] = {}
    for overlay, rendered in change.rendered.items():
        for found in rendered.images:
            used.setdefault(found.reference, []).append((overlay, found))
    verdicts = {reference: _judge(change, reference) for reference in used}
    findings: list[Finding] = []
    for reference, places in used.items():
        if verdicts[reference].rule:
            for overlay, found in places:
                # A digest is written in the overlay without the name beside it.
                hint = found.digest or found.repository.rpartition("/")[2]
                file, line = locate(change.files, overlay, found.kind, found.name, hint)
                verdict = verdicts[reference]
                findings.append(Finding(file, line, verdict.rule, f"{_short(reference)}: {verdict.words}"))
    blocked = [verdict for verdict in verdicts.values() if verdict.rule]
    refused = [verdict for verdict in blocked if not verdict.unknown]
    if refused:
        return Answer("failed", f"{len(refused)} of {len(used)} images may not run.", tuple(dict.fromkeys(findings)))
    if blocked:
        words = f"{len(blocked)} of {len(used)} images could not be looked at: {blocked[0].words}"
        return Answer("unknown", words, tuple(dict.fromkeys(findings)))
    if not used:
        return Answer("passed", "The change runs no image.")
    return Answer("passed", f"{len(used)} images pinned by digest and signed with {change.settings.image_key}.")


def _judge(change: Change, reference: str) -> _Verdict:
    settings = change.settings
    if not Image(reference, "", "", "").digest:
        return _Verdict("image-digest", "It has no digest; a tag can be moved after the review.")
    host = reference.split("/", 1)[0]
    if settings.registry and host != settings.registry:
        return _Verdict("image-registry", f"It is not from {settings.registry}.")
    key = change.trusted / settings.image_key
    if not key.is_file():
        return _Verdict("image-key", f"There is no public key {settings.image_key} to verify it with.", unknown=True)
    asked = re.sub(rf"^{re.escape(host)}/", f"{change.registries.get(host, host)}/", reference)
    try:
        answer = Cosign(change.scratch).verify(asked, key=key)
        if isinstance(answer, Refused) and answer.cause is Cause.NO_SIGNATURE:
            # cosign says the same of an image that is not there.
            Crane(change.scratch).digest(asked)
    except NotInRegistry:
        return _Verdict("image-missing", "The registry has no such image.")
    except (RegistryError, CannotVerify) as error:
        return _Verdict("image-unverified", f"{error.what}. {error.next}".strip(), unknown=True)
    if isinstance(answer, Refused):
        return _Verdict(f"image-{answer.cause.value}", answer.reason.splitlines()[0])
    return _Verdict()


def _short(reference: str) -> str:
    return re.sub(r"(@sha256:[0-9a-f]{12})[0-9a-f]{52}$", r"\1...", reference)

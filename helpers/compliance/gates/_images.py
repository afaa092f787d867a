"""The gate ``image``: what runs is pinned by digest, comes from our registry, and was signed with our key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.compliance.gates._change import GateAnswer, GatedChange
from helpers.compliance.gates._overlays import Overlay, locate
from helpers.core.verdicts.gates import Finding
from helpers.wrappers.cosign import CannotVerify, Cause, Cosign, Identity, Keyless, Refused
from helpers.wrappers.crane import Crane, NotInRegistry, RegistryError
from helpers.wrappers.kustomize import Image


@dataclass(frozen=True)
class ImageVerdict:
    """What is known of one image.

    Attributes:
        rule: name of the rule it breaks; empty when all is well.
        words: what is wrong, for a person.
        unknown: it could not be told; whoever asks must block.
    """

    rule: str = ""
    words: str = ""
    unknown: bool = False


def image(change: GatedChange) -> GateAnswer:
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
        return GateAnswer(
            "failed", f"{len(refused)} of {len(used)} images may not run.", tuple(dict.fromkeys(findings))
        )
    if blocked:
        words = f"{len(blocked)} of {len(used)} images could not be inspected: {blocked[0].words}"
        return GateAnswer("unknown", words, tuple(dict.fromkeys(findings)))
    if not used:
        return GateAnswer("passed", "The change runs no image.")
    return GateAnswer("passed", f"{len(used)} images pinned by digest and signed with {change.settings.image_key}.")


def _judge(change: GatedChange, reference: str) -> ImageVerdict:
    settings = change.settings
    return judge_image(
        reference,
        key=change.trusted / settings.image_key,
        registry=settings.registry,
        endpoints=change.registries,
        scratch=change.scratch,
        key_name=settings.image_key,
    )


def judge_image(
    reference: str,
    *,
    key: Path | Identity,
    registry: str,
    endpoints: Mapping[str, str],
    scratch: Path,
    key_name: str = "",
) -> ImageVerdict:
    """Tell whether an image is pinned by digest, comes from a registry, and was signed with a key or by an identity.

    Args:
        reference: as a manifest names it.
        key: PEM file of the public key, or who must have signed without one.
        registry: host that images may come from; empty for any.
        endpoints: host -> ``HOST:PORT`` it is really reached at.
        scratch: directory for the tools' working files.
        key_name: what a person is told the key is called; by default its file name.
    """
    if not Image(reference, "", "", "").digest:
        return ImageVerdict("image-digest", "It has no digest; a tag can be moved after the review.")
    host = reference.split("/", 1)[0]
    if registry and host != registry:
        return ImageVerdict("image-registry", f"It is not from {registry}.")
    file = key.roots if isinstance(key, Identity) else key
    if not file.is_file():
        name = key_name or file.name
        return ImageVerdict("image-key", f"There is no public key {name} to verify it with.", unknown=True)
    asked = re.sub(rf"^{re.escape(host)}/", f"{endpoints.get(host, host)}/", reference)
    try:
        if isinstance(key, Identity):
            answer = key.verify(Keyless(scratch), asked)
        else:
            answer = Cosign(scratch).verify(asked, key=key)
        if isinstance(answer, Refused) and answer.cause is Cause.NO_SIGNATURE:
            # cosign says the same of an image that is not there.
            Crane(scratch).digest(asked)
    except NotInRegistry:
        return ImageVerdict("image-missing", "The registry has no such image.")
    except (RegistryError, CannotVerify) as error:
        return ImageVerdict("image-unverified", f"{error.what}. {error.next}".strip(), unknown=True)
    if isinstance(answer, Refused):
        return ImageVerdict(f"image-{answer.cause.value}", answer.reason.splitlines()[0])
    return ImageVerdict()


def _short(reference: str) -> str:
    return re.sub(r"(@sha256:[0-9a-f]{12})[0-9a-f]{52}$", r"\1...", reference)

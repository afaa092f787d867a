"""The documents that an issuer signs: an achievement (Open Badges 3.0) and the list of what was revoked."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from helpers.compliance.certificates.envelope import NotGenuine
from helpers.compliance.certificates.types import SCHEMA, Claim, stamp

CREDENTIALS = "https://www.w3.org/ns/credentials/v2"
BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
#: Bits of a status list: no fewer, so that a place in it says little (Bitstring Status List 1.0).
PLACES = 131_072
#: Characters that a text in a certificate may have, as schema.json says.
TEXT = 500
_JUDGED = {
    "apart": "Judged where no code of the learner's ran.",
    "together": "Judged in the learner's kernel: a learner's code could have forged the points.",
}


def achievement(
    issuer: dict[str, Any],
    learner: str,
    claims: Sequence[Claim],
    *,
    identity: str,
    place: int,
    times: Sequence[datetime],
) -> dict[str, Any]:
    """Return a certificate.

    Args:
        issuer: ``id``, ``name`` and ``email``. learner: the name that the gradebook has. claims: what it states.
        identity: its URI. place: in the issuer's status list. times: from when to when it is in force.
    """
    ids = [claim.competency for claim in claims]
    described = [
        {
            "id": f"urn:mod208:competency:{one.competency}",
            "type": ["ResultDescription"],
            "name": f"{one.competency} ({one.level})",
            "resultType": "RawScore",
            "requiredValue": f"{one.needed:g}",
            "valueMax": f"{one.max_points:g}",
        }
        for one in claims
    ]
    return {
        "@context": [CREDENTIALS, BADGES],
        "id": identity,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"{issuer['name']}: {', '.join(ids)}",
        "issuer": {"type": ["Profile"], **issuer},
        "validFrom": stamp(times[0]),
        "validUntil": stamp(times[1]),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {"type": "IdentityObject", "hashed": False, "identityHash": learner, "identityType": "systemId"}
            ],
            "achievement": {
                "id": f"urn:mod208:achievement:{'+'.join(ids)}",
                "type": ["Achievement"],
                "achievementType": "Certificate",
                "name": ", ".join(f"{one.competency} ({one.level})" for one in claims),
                "description": "; ".join(one.text for one in claims),
                "criteria": {"narrative": "The graded evidence of each competency reaches the points it requires."},
                "resultDescription": described,
            },
            "result": [
                {"type": ["Result"], "resultDescription": whole["id"], "value": f"{one.points:g}"}
                for whole, one in zip(described, claims, strict=True)
            ],
        },
        "evidence": [
            {"type": ["Evidence"], "name": one.competency, "genre": one.judged, "narrative": _JUDGED[one.judged]}
            for one in claims
        ],
        "credentialStatus": {
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(place),
            "statusListCredential": list_of(issuer["id"]),
        },
    }


def list_of(issuer: str) -> str:
    """Return the URI of an issuer's status list."""
    return f"{issuer}#status"


def status_list(issuer: dict[str, Any], revoked: Iterable[int], times: Sequence[datetime]) -> dict[str, Any]:
    """Return the list of what an issuer has revoked (W3C Bitstring Status List), in force between two times."""
    bits = bytearray(PLACES // 8)
    for place in revoked:
        bits[place // 8] |= 0x80 >> place % 8
    packed = base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).rstrip(b"=").decode()
    return {
        "@context": [CREDENTIALS],
        "id": list_of(issuer["id"]),
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": {"type": ["Profile"], **issuer},
        "validFrom": stamp(times[0]),
        "validUntil": stamp(times[1]),
        "credentialSubject": {
            "id": f"{list_of(issuer['id'])}-list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": f"u{packed}",
        },
    }


def is_revoked(listed: dict[str, Any], place: int) -> bool:
    """Say whether a place in a status list is set. Raises NotGenuine: the list cannot be read."""
    text = listed["credentialSubject"]["encodedList"][1:]
    unpack = zlib.decompressobj(wbits=31)
    try:
        # One byte more than it may have: a list that unfolds to gigabytes is not unfolded.
        bits = unpack.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), PLACES // 8 + 1)
    except (ValueError, zlib.error):
        bits = b""
    if len(bits) != PLACES // 8:
        raise NotGenuine("form", f"The status list does not have {PLACES} places.")
    return bool(bits[place // 8] & 0x80 >> place % 8)


def fits(document: dict[str, Any], form: str) -> None:
    """Raise NotGenuine unless a document has exactly the members of ``certificate`` or ``status`` (schema.json)."""
    problem = jsonschema.exceptions.best_match(_validator(form).iter_errors(document))
    if problem is not None:
        where = "/".join(str(part) for part in problem.absolute_path) or "the document"
        raise NotGenuine("form", f"It is not a {form} of this issuer's: {where}: {problem.message:.150}.")


@cache
def _validator(form: str) -> Any:
    schema = json.loads(Path(__file__).with_name(SCHEMA).read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{form}"})

"""Read what a pack states about itself, so that it has one meaning only."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.compliance.evidence.limits import longest
from helpers.compliance.evidence.period import BadPeriod, Period, read_time, time_text
from helpers.compliance.evidence.reading import sha256
from helpers.compliance.evidence.types import ARTIFACT_NAME, ATTESTATIONS, FILES, PACK_TYPE, STATEMENT, Artifact
from helpers.compliance.provenance import STATEMENT_TYPES
from helpers.core import strict_json

_DIGEST = re.compile("[0-9a-f]{64}")


class Unclear(ValueError):
    """The statement has not one meaning, or not the parts that a pack's statement has."""


@dataclass(frozen=True)
class Said:
    """The statement of a pack.

    Attributes:
        made_at: when it was made, by the clock of its maker. period: what it is about.
        artifacts: what it holds. controls: what is claimed of each, by its id.
    """

    made_at: datetime
    period: Period
    artifacts: tuple[Artifact, ...]
    controls: Mapping[str, Any]

    @property
    def made_text(self) -> str:
        """`made_at` as the statement has it."""
        return time_text(self.made_at)


def read(pack: Path, verified: Mapping[str, Any]) -> Said:
    """Return what a pack's statement says.

    Args:
        pack: its directory. verified: the in-toto statement whose signature was verified; the file is read again, by
            the strict rules, and must say the same.

    Raises:
        Unclear: it does not, or a part is missing, unknown or not as it must be written.
    """
    try:
        raw = _strictly(pack)
        if raw != verified:
            raise Unclear("it is another one than was verified")
        _about(raw, sha256(pack / FILES))
        return _said(raw["predicate"])
    except (BadPeriod, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = error.why if isinstance(error, BadPeriod) else f"{error}"
        raise Unclear(why) from None


def two_meanings(pack: Path) -> str:
    """Return why what is signed in a pack may mean two things, empty when it does not, or cannot be read at all.

    Who signed it does not matter, and some readers (cosign's is one) say no more of it than that they cannot read it.
    """
    try:
        _strictly(pack)
    except strict_json.BadJson as error:
        return "" if error.rule in ("syntax", "encoding") else str(error)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return ""


def _strictly(pack: Path) -> dict[str, Any]:
    # The bundle is cosign's own: only what is signed in it has to have one meaning.
    bundle = json.loads((pack / STATEMENT).read_bytes())
    return strict_json.load(
        base64.b64decode(bundle["dsseEnvelope"]["payload"], validate=True), limit=longest(STATEMENT)
    )


def _about(raw: Any, digest: str) -> None:
    """Raise unless the statement is about this list of files alone: one sealed for two packs is neither's."""
    _only(raw, "_type", "subject", "predicateType", "predicate")
    if raw["_type"] not in STATEMENT_TYPES or raw["predicateType"] != PACK_TYPE:
        raise Unclear("it is not a statement about an evidence pack")
    if raw["subject"] != [{"name": FILES, "digest": {"sha256": digest}}]:
        raise Unclear(f"it is not about {FILES} alone, by its SHA-256")


def _said(raw: Any) -> Said:
    _only(raw, "madeAt", "period", "artifacts", "controls")
    _only(raw["period"], "from", "until")
    if not isinstance(raw["artifacts"], list) or not isinstance(raw["controls"], list):
        raise Unclear("artifacts and controls are lists")
    artifacts = tuple(_artifact(one) for one in raw["artifacts"])
    controls = {str(one["id"]): one for one in raw["controls"]}
    # Where capitals do not count in names of files, one would overwrite the other.
    if len({one.name.casefold() for one in artifacts}) != len(artifacts) or len(controls) != len(raw["controls"]):
        raise Unclear("it names an artifact or a control twice")
    period = Period.of(raw["period"]["from"], raw["period"]["until"])
    return Said(read_time(raw["madeAt"]), period, artifacts, controls)


def _artifact(raw: Any) -> Artifact:
    _only(raw, "name", "digest", "signer", "attestations")
    if not isinstance(raw["attestations"], list):
        raise Unclear("the statements about an artifact are a list")
    name, kinds = raw["name"], tuple(raw["attestations"])
    if not isinstance(raw["signer"], str) or not _DIGEST.fullmatch(raw["digest"]):
        raise Unclear("an artifact has no digest or no signer")
    if not ARTIFACT_NAME.fullmatch(name) or len(set(kinds)) != len(kinds) or set(kinds) - set(ATTESTATIONS):
        raise Unclear("an artifact has a name or a statement that there cannot be")
    return Artifact(name, raw["digest"], raw["signer"], kinds)


def _only(raw: Any, *names: str) -> None:
    if not isinstance(raw, dict) or set(raw) != set(names):
        raise Unclear(f"it must have just {', '.join(names)}")

"""Answers to advisories in OpenVEX (https://github.com/openvex/spec): this vulnerability does no harm here, and why.

Who may lie: whoever wants to ship. So an answer counts only if it was signed by whom the verifier trusts to judge
vulnerabilities (not by the one who releases), about exactly this artifact, with a reason, and for a limited time.
OpenVEX has no end of validity, so the verifier sets it: an answer has to be given again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from helpers.compliance.advisories.report import Match, Status
from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath
from helpers.wrappers.cosign import Bundle, Cosign, Key, Verified

#: Context of a document, and type of the signed statement.
OPENVEX = "https://openvex.dev/ns/v0.2.0"
#: How long an answer counts, from its timestamp.
VALID_FOR = dt.timedelta(days=90)
_STATUSES = ("not_affected", "affected", "fixed", "under_investigation")
_JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)


class BadVex(BadInput):
    """A document is not OpenVEX, or it does not say why."""


@dataclass(frozen=True)
class Vex:
    """A document whose signature was verified.

    Attributes:
        author: as the document says. at: its timestamp, UTC. digest: SHA-256 of the artifact it was signed about, hex.
        statements: (vulnerability, products, status, reason). valid_for: how long it counts.
    """

    author: str
    at: dt.datetime
    digest: str
    statements: tuple[tuple[str, frozenset[str], Status, str], ...] = field(repr=False)
    valid_for: dt.timedelta = VALID_FOR

    def ignored(self, digest: str, now: dt.datetime) -> str:
        """Return why it does not count for an artifact at a moment; empty when it does."""
        if digest.removeprefix("sha256:") != self.digest:
            return "it was signed about another artifact"
        if self.at > now:
            return "it is of a time to come"
        if now >= self.at + self.valid_for:
            return f"it expired on {self.at + self.valid_for:%Y-%m-%d}"
        return ""

    def about(self, found: Match) -> tuple[Status, str] | None:
        """Return what it says of a match: status and reason; None when it says nothing."""
        said = None
        asked = _bare(found.purl)
        # Without a version in the URL it is that of the list: an answer is about one.
        asked = asked if _version(asked) or not found.version else f"{asked}@{found.version}"
        for vulnerability, products, status, why in self.statements:
            if vulnerability == found.advisory and asked in products:
                said = (status, why)
        return said


def vex(
    advisory: str, purl: str, status: Status, why: str, *, author: str, at: dt.datetime | None = None
) -> dict[str, Any]:
    """Return an OpenVEX document with one statement.

    Args:
        advisory: id. purl: of the component, with its version. author: who says so.
        status, why: ``not_affected`` with one of OpenVEX's justifications (``vulnerable_code_not_in_execute_path``), or
            with a sentence; ``affected`` with what to do; ``fixed`` and ``under_investigation`` with a note.
        at: when; by default now.

    Raises:
        BadVex: see `read_vex`.
    """
    moment = (at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    field_of = {"affected": "action_statement", "not_affected": "impact_statement"}
    name = "justification" if why in _JUSTIFICATIONS else field_of.get(status, "status_notes")
    document = {
        "@context": OPENVEX,
        "@id": f"https://acme.test/vex/{advisory}-{moment}",
        "author": author,
        "timestamp": moment,
        "version": 1,
        "statements": [{"vulnerability": {"name": advisory}, "products": [{"@id": purl}], "status": status, name: why}],
    }
    _parsed(document, "0" * 64, VALID_FOR)
    return document


def sign_vex(
    artifact: StrPath, document: Mapping[str, Any], *, key: Key, password: str, bundle: StrPath | None = None
) -> Bundle:
    """Sign a document about an artifact; the bundle goes to *bundle* (default: ``FILE.vex.json``).

    Raises:
        BadVex: the document is not OpenVEX. CosignError: it cannot be signed.
    """
    path = Path(artifact).resolve()
    _parsed(document, "0" * 64, VALID_FOR)
    target = Path(bundle).resolve() if bundle is not None else path.with_name(f"{path.name}.vex.json")
    return Cosign(path.parent).attest_blob(
        path.name, key=key, password=password, predicate=document, type=OPENVEX, bundle=target
    )


def read_vex(artifact: StrPath, bundle: StrPath, *, key: Key, valid_for: dt.timedelta = VALID_FOR) -> Vex:
    """Return the document in a bundle, once its signature is verified.

    Args:
        key: public key of who may judge vulnerabilities. valid_for: how long an answer counts.

    Raises:
        BadVex: it was not signed with the key about this file, or it is not OpenVEX: ``not_affected`` needs a
            justification or an impact statement, ``affected`` says what to do. CannotVerify: there is no answer.
    """
    path = Path(artifact).resolve()
    trusted: Any = key if hasattr(key, "public") else Path(key).resolve()
    found = Cosign(path.parent).verify_blob_attestation(
        path.name, key=trusted, type=OPENVEX, bundle=Path(bundle).resolve()
    )
    if not isinstance(found, Verified):
        raise BadVex(
            f"{Path(bundle).name} does not count", why=found.reason.splitlines()[0], next="Ask for a signed answer."
        )
    return _parsed(found.predicate, found.digest.removeprefix("sha256:"), valid_for)


def _parsed(raw: Any, digest: str, valid_for: dt.timedelta) -> Vex:
    try:
        if raw["@context"] != OPENVEX or not raw["@id"] or not raw["author"] or not raw["statements"]:
            raise ValueError("it has no context of OpenVEX 0.2.0, no id, no author or no statement")
        at = dt.datetime.fromisoformat(raw.get("last_updated") or raw["timestamp"])
        if at.tzinfo is None:
            raise ValueError("its timestamp has no time zone")
        said = tuple(_statement(one) for one in raw["statements"])
        answers = [(name, product) for name, products, _, _ in said for product in products]
        if len(set(answers)) != len(answers):
            raise ValueError("it says two things of one vulnerability in one product")
        return Vex(str(raw["author"]), at.astimezone(dt.UTC), digest, said, valid_for)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadVex(
            "The document is not OpenVEX", why=f"{type(error).__name__}: {error}", next="advisories.vex(...)"
        ) from None


def _statement(raw: Mapping[str, Any]) -> tuple[str, frozenset[str], Status, str]:
    status = raw["status"]
    if status not in _STATUSES:
        raise ValueError(f"{status!r} is not a status of OpenVEX")
    justification, impact, action = (
        str(raw.get(name) or "") for name in ("justification", "impact_statement", "action_statement")
    )
    if justification and justification not in _JUSTIFICATIONS:
        raise ValueError(f"{justification!r} is not a justification of OpenVEX")
    if status == "not_affected" and not (justification or impact):
        raise ValueError("not_affected needs a justification or an impact statement")
    if status == "affected" and not action:
        raise ValueError("affected needs an action statement")
    products = frozenset(_bare(str(one["@id"])) for one in raw["products"])
    if not products or not all(one.startswith("pkg:") and _version(one) for one in products):
        raise ValueError("a product is a package URL with a version: an answer about every version is none")
    why = justification or impact or action or str(raw.get("status_notes") or "")
    return str(raw["vulnerability"]["name"]), products, status, why


def _bare(purl: str) -> str:
    """Return a package URL without qualifiers; the version stays: an answer is about one."""
    return unquote(purl.partition("?")[0].partition("#")[0])


def _version(purl: str) -> str:
    """Return the version in a package URL without qualifiers; empty when it has none."""
    return purl.rpartition("/")[2].partition("@")[2]

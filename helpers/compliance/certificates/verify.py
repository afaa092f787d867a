"""Verify a certificate offline, believing nothing in it but what the issuer's key, had from elsewhere, vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from helpers.compliance.certificates import document as form
from helpers.compliance.certificates import envelope
from helpers.compliance.certificates.envelope import NotGenuine
from helpers.compliance.certificates.types import STATUS, CertificateVerification, Claim, Fault, moment

#: By how much the clocks of issuer and verifier may differ.
SKEW = timedelta(minutes=5)


def verify(
    file: Path | str,
    *,
    issuer: Path | str,
    status: Path | str | None = None,
    learner: str = "",
    held: Mapping[str, Claim] | None = None,
    now: datetime | None = None,
) -> CertificateVerification:
    """Verify a certificate.

    Args:
        file: the certificate. issuer: the issuer's public key, had another way than the certificate.
        status: the issuer's newest status list; by default ``status.jwt`` beside the key.
        learner: whose certificate it must be; empty for anybody's.
        held: competency -> what the gradebook holds for the learner, for the issuer itself.
        now: the verifier's time.

    Returns:
        ``invalid`` names each thing that is wrong; ``unknown`` means that something needed could not be read. Nothing
        is said of what is inside unless the issuer signed it.
    """
    file, issuer = Path(file), Path(issuer)
    status = Path(status) if status else issuer.with_name(STATUS)
    now = now or datetime.now(UTC)
    try:
        key, text = envelope.public_key(issuer), _limited(file)
    except ValueError as error:
        return _end([], [str(error)])
    try:
        signed = _signed(text, key, "certificate")
        faults = list(_times(signed, now))
    except NotGenuine as error:
        return _end([Fault(error.kind, str(error))], [])
    faults += _statement(signed, learner, held)
    try:
        gone = _revoked(signed, status, key, now)
        unknown = []
    except ValueError as error:
        gone, unknown = False, [f"Whether it is revoked: {error}"]
    faults += [Fault("revoked", "The issuer has revoked it.")] if gone else []
    return _end(faults, unknown, signed)


def _end(faults: list[Fault], unknown: list[str], signed: dict[str, Any] | None = None) -> CertificateVerification:
    faults = faults + [Fault("unknown", f"{words}.") for words in unknown]
    verdict = "valid" if not faults else "invalid" if len(faults) > len(unknown) else "unknown"
    return CertificateVerification(verdict, tuple(faults), signed or {})  # type: ignore[arg-type]


def _limited(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(envelope.MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror}") from error


def _signed(text: bytes, key: OKPKey, kind: str) -> dict[str, Any]:
    """Return a document of a kind that is the issuer's in every place where it names one."""
    found = envelope.read(text, key)
    form.fits(found, kind)
    if found["issuer"]["id"] != envelope.name_of(key):
        raise NotGenuine("other-issuer", "The document names another issuer than the key.")
    return found


def _times(signed: dict[str, Any], now: datetime) -> Iterator[Fault]:
    try:
        begins, ends = moment(signed["validFrom"]), moment(signed["validUntil"])
    except ValueError as error:
        raise NotGenuine("form", "A date in it is not in the calendar.") from error
    if begins > now + SKEW:
        yield Fault("future-date", f"It is dated {signed['validFrom']}, which is not yet.")
    if ends <= now:
        yield Fault("expired", f"It was in force until {signed['validUntil']}.")
    if ends <= begins:
        yield Fault("form", "It ends before it begins.")


def _statement(signed: dict[str, Any], learner: str, held: Mapping[str, Claim] | None) -> Iterator[Fault]:
    """Look at whom and what it is about."""
    subject = signed["credentialSubject"]
    named = subject["identifier"][0]["identityHash"]
    if learner and named != learner:
        yield Fault("other-learner", f"It is the certificate of {named!r}, not of {learner!r}.")
    described = subject["achievement"]["resultDescription"]
    names = [one["id"].rpartition(":")[2] for one in described]
    stated = [one["resultDescription"].rpartition(":")[2] for one in subject["result"]]
    judged = [one["name"] for one in signed["evidence"]]
    whole = subject["achievement"]["id"].rpartition(":")[2].split("+")
    if len(set(names)) != len(names) or not names == stated == judged == whole:
        yield Fault("form", "Its achievement, its results and its evidence are not about the same competencies.")
        return
    if int(signed["credentialStatus"]["statusListIndex"]) >= form.PLACES:
        yield Fault("form", "Its place in the status list is outside of the list.")
    for name, one, result in zip(names, described, subject["result"], strict=True):
        points, needed, most = float(result["value"]), float(one["requiredValue"]), float(one["valueMax"])
        if not 0 < needed <= points <= most:
            yield Fault("below-mark", f"{name}: {points:g} of {most:g} points, {needed:g} are required.")
        elif held is not None:
            yield from _held(name, points, held.get(name))


def _held(name: str, points: float, held: Claim | None) -> Iterator[Fault]:
    has = held.points if held else 0.0
    # As many digits as a certificate has.
    if points > float(f"{has:g}"):
        yield Fault("not-held", f"{name}: it states {points:g} points, the gradebook holds {has:g}.")


def _revoked(signed: dict[str, Any], path: Path, key: OKPKey, now: datetime) -> bool:
    """Say whether the issuer's list has it. Raises ValueError: there is no list that could tell."""
    try:
        listed = _signed(_limited(path), key, "status")
        begins, ends = moment(listed["validFrom"]), moment(listed["validUntil"])
        if listed["id"] != signed["credentialStatus"]["statusListCredential"]:
            raise NotGenuine("other-issuer", "It is another list than the certificate names")
        place = int(signed["credentialStatus"]["statusListIndex"])
        if place < form.PLACES and form.is_revoked(listed, place):
            return True  # an old list is enough for that: nothing that was revoked is put in force again
    except NotGenuine as error:
        raise ValueError(f"{path.name} is not the issuer's list: {error}".rstrip(".")) from error
    if begins > now + SKEW or ends <= now:
        raise ValueError(f"{path.name} is in force until {listed['validUntil']}. Get a newer one")
    if begins < moment(signed["validFrom"]):
        raise ValueError(f"{path.name} is older than the certificate. Get a newer one")
    return False

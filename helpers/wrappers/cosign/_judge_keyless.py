"""Reads cosign's refusals of keyless signatures. cosign decides; this only says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from helpers.core import process
from helpers.wrappers.cosign._judge import no_answer, said
from helpers.wrappers.cosign.bundle import Bundle
from helpers.wrappers.cosign.result import CannotVerify, Cause, Refused
from helpers.wrappers.cosign.timestamp import stamped_at
from helpers.wrappers.crane import registry_error

_CERTIFICATE = "leaf certificate verification failed"
#: In this order: what cosign says -> why.
_CAUSES = (
    (r"expected SAN value", Cause.WRONG_IDENTITY, "Somebody else signed it: {identity}."),
    (r"expected issuer value", Cause.WRONG_ISSUER, "Another issuer vouched for the signer."),
    (r"invalid predicate type|does not contain a DSSE envelope", Cause.WRONG_TYPE, "It is signed as something else."),
    (r"hashed messages don't match", Cause.BAD_TIMESTAMP, "The signed time is of another signature, or that changed."),
    (r"verified signed timestamps", Cause.BAD_TIMESTAMP, "No trusted authority signed this time."),
    (
        _CERTIFICATE,
        Cause.UNTRUSTED_CERTIFICATE,
        "The certificate was changed, or is of an authority that is not trusted.",
    ),
    (r"failed to fetch verification content", Cause.MALFORMED_BUNDLE, "Its certificate cannot be read."),
    (r"digests? do(es)? not match", Cause.TAMPERED, "The content is not what was signed."),
)


def judge_keyless(
    done: process.Completed,
    subject: str,
    bundle: Bundle,
    *,
    digest: str,
    checked: tuple[str, ...],
    not_checked: tuple[str, ...],
) -> Refused:
    """Return why a keyless signature was refused.

    Raises:
        CannotVerify: what cosign says is not a verdict.
    """
    text = said(done)
    if done.returncode != 1:
        raise no_answer(done, subject)
    if not bundle.timestamps and "signed timestamps" in text:
        why = "The bundle has no signed time: whether the certificate was valid when it was used cannot be told."
        return Refused(subject, Cause.NO_TIMESTAMP, f"{why}\ncosign: {text}", bundle.identity, checked, not_checked)
    if re.search(r"invalid signature|could not verify (message|envelope)", text):
        changed = bundle.digest != digest
        cause = Cause.TAMPERED if changed else Cause.BAD_SIGNATURE
        why = "The content is not what was signed." if changed else "The signature is not this certificate's."
        return Refused(subject, cause, f"{why}\ncosign: {text}", bundle.identity, checked, not_checked)
    if _CERTIFICATE in text and (when := _expired(bundle)):
        reason = f"{when}\ncosign: {text}"
        return Refused(subject, Cause.EXPIRED_CERTIFICATE, reason, bundle.identity, checked, not_checked)
    for pattern, cause, why in _CAUSES:
        if re.search(pattern, text):
            reason = f"{why.format(identity=bundle.identity)}\ncosign: {text}"
            return Refused(subject, cause, reason, bundle.identity, checked, not_checked)
    raise no_answer(done, subject)


def _expired(bundle: Bundle) -> str:
    """Return that the signed time is outside of the certificate's; cosign verifies the time before the certificate."""
    validity = bundle.validity
    if validity is None or bundle.timestamps != 1:
        return ""
    try:
        (begin, end), at = validity, stamped_at(bundle.stamps[0])
    except CannotVerify:
        return ""
    if begin <= at <= end:
        return ""
    return f"The certificate {f'ended {end}' if at > end else f'begins {begin}'}; the signature is of {at}."


def judge_keyless_image(
    done: process.Completed,
    subject: str,
    *,
    who: str,
    checked: tuple[str, ...],
    not_checked: tuple[str, ...],
    beside: Callable[[str], Sequence[Bundle]],
) -> Refused:
    """Return why the keyless signature of an image was refused; of several beside it, cosign names one's cause.

    *beside* reads the bundles of an image.

    Raises:
        RegistryError, CannotVerify: what cosign says is not a verdict.
    """
    text = said(done)
    if _CERTIFICATE in text:
        # cosign does not say of which bundle it speaks, nor what is wrong with its certificate.
        ended = [when for bundle in beside(subject) if who == bundle.identity and (when := _expired(bundle))]
        if ended:
            return Refused(subject, Cause.EXPIRED_CERTIFICATE, f"{ended[0]}\ncosign: {text}", "", checked, not_checked)
    for pattern, cause, why in (
        (r"^no signatures found", Cause.NO_SIGNATURE, "The image has no signature."),
        (r"^no matching attestations:\s*$", Cause.NO_SIGNATURE, "There are no statements about the image."),
        (
            r"matched the predicate type",
            Cause.WRONG_TYPE,
            "{who} made statements about it, but none of the type asked for.",
        ),
        (r"digests? do(es)? not match", Cause.TAMPERED, "The signature attached to it is of another image."),
        (r"expected issuer value", Cause.WRONG_ISSUER, "Another issuer vouched for the signer."),
        (r"expected SAN value", Cause.WRONG_IDENTITY, "None of its signatures is of {who}."),
        (_CERTIFICATE, Cause.UNTRUSTED_CERTIFICATE, "Its certificate is not trusted, or was not valid then."),
        (r"verified signed timestamps", Cause.BAD_TIMESTAMP, "No trusted authority signed its time."),
    ):
        if re.search(pattern, text):
            return Refused(subject, cause, f"{why.format(who=who)}\ncosign: {text}", "", checked, not_checked)
    raise registry_error(text, subject) or no_answer(done, subject)

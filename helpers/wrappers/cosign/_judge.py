"""Reads cosign's refusals. cosign decides; this only says why, from its words and from what the bundle claims."""

from __future__ import annotations

import re

from helpers.core import process
from helpers.wrappers.cosign.bundle import Bundle
from helpers.wrappers.cosign.result import CannotVerify, Cause, Refused
from helpers.wrappers.crane import NotInRegistry, registry_error

_SIGNATURE = re.compile(
    r"invalid signature|accepted signatures do not match threshold|no matching signatures"
    r"|could not verify (message|envelope)|Invalid IEEE_P1363|unsupported signature"
)
_CONTENT = re.compile(r"digests? do(es)? not match")
_TYPE = re.compile(r"invalid predicate type|matched the predicate type|does not contain a DSSE envelope")


def said(done: process.Completed) -> str:
    """Return cosign's reason, without its warnings and without saying it twice."""
    found = re.findall(r"^Error: (.*?)(?=^error during command execution|\Z)", done.stderr, re.MULTILINE | re.DOTALL)
    return (found[-1] if found else done.stderr or done.stdout).strip()


def judge_blob(
    done: process.Completed, subject: str, bundle: Bundle, *, key: str, digest: str, checked: tuple[str, ...]
) -> Refused:
    """Return why a file's signature or attestation was refused.

    Raises:
        CannotVerify: what cosign says is not a verdict.
    """
    text = said(done)
    cause = why = None
    if "verified signed timestamps" in text:
        cause, why = Cause.BAD_TIMESTAMP, "The signed time is of no trusted authority, or of another signature."
    elif _TYPE.search(text):
        cause, why = Cause.WRONG_TYPE, "It is signed as something else than was asked for."
    elif _CONTENT.search(text) or (_SIGNATURE.search(text) and bundle.digest != digest):
        cause, why = Cause.TAMPERED, "The content is not what was signed."
    elif _SIGNATURE.search(text) and bundle.hint and bundle.hint != key:
        cause, why = Cause.WRONG_KEY, f"Key {bundle.hint[:12]}... signed it, not {key[:12]}..."
    elif _SIGNATURE.search(text) and bundle.hint:
        cause, why = Cause.BAD_SIGNATURE, "The bundle names this key, but the signature is not its: it was changed."
    elif _SIGNATURE.search(text):
        cause, why = Cause.COULD_NOT_TELL, "The signature does not fit; the bundle does not name a key."
    if cause is None or done.returncode != 1:
        raise no_answer(done, subject)
    return Refused(subject, cause, f"{why}\ncosign: {text}", key, checked)


def refused_stamps(bundle: Bundle, subject: str, checked: tuple[str, ...]) -> Refused | None:
    """Return why the signed times of a bundle cannot tell when it was signed, None when there is exactly one.

    With several, cosign accepts when one of them is good, and does not say which.
    """
    if bundle.timestamps == 1:
        return None
    cause = Cause.BAD_TIMESTAMP if bundle.timestamps else Cause.NO_TIMESTAMP
    why = f"The bundle has {bundle.timestamps} signed times, not one: the time of signing cannot be told."
    return Refused(subject, cause, why, bundle.identity or bundle.hint, checked)


def judge_image(done: process.Completed, subject: str, *, key: str, checked: tuple[str, ...]) -> Refused:
    """Return why the signature of an image was refused.

    Raises:
        RegistryError: the registry is away, or has no such image. CannotVerify: there is no verdict.
    """
    text = said(done)
    found = {
        Cause.TAMPERED: bool(_CONTENT.search(text)),
        Cause.WRONG_TYPE: bool(_TYPE.search(text)),
        Cause.WRONG_ANNOTATION: "missing or incorrect annotation" in text,
        Cause.WRONG_KEY: bool(_SIGNATURE.search(text)),
        Cause.NO_SIGNATURE: bool(re.search(r"^no (signatures|matching attestations|attestations) found", text))
        or text.strip() == "no matching attestations:",
    }
    cause = next((cause for cause, fits in found.items() if fits), None)
    if cause is None or done.returncode not in (1, 10, 12):
        error = registry_error(text, subject)
        raise (
            error
            if error and (done.returncode == 11 or not isinstance(error, NotInRegistry))
            else no_answer(done, subject)
        )
    why = {
        Cause.TAMPERED: "The signature attached to it is of another image.",
        Cause.WRONG_TYPE: "It carries statements, but none of the type asked for.",
        Cause.WRONG_ANNOTATION: "It is signed without the annotation asked for.",
        Cause.WRONG_KEY: "None of its signatures was made by this key.",
        Cause.NO_SIGNATURE: "The image has no signature.",
    }[cause]
    return Refused(subject, cause, f"{why}\ncosign: {text}", key, checked)


def no_answer(done: process.Completed, subject: str) -> CannotVerify:
    """Return the error for a run that says neither yes nor no."""
    return CannotVerify(
        f"cosign could not tell whether {subject} is signed",
        why=said(done)[-1500:],
        next="This is neither a pass nor a refusal: fix the cause and verify again.",
        completed=done,
    )

"""cosign from Python: keys, signatures and attestations of files and of images, verified with a typed answer."""

from helpers.cosign.bundle import Bundle, KeyPair, MalformedBundle
from helpers.cosign.cosign import Cosign
from helpers.cosign.result import CannotVerify, Cause, CosignError, Refused, Verified

__all__ = [
    "Bundle", "CannotVerify", "Cause", "Cosign", "CosignError", "KeyPair", "MalformedBundle", "Refused", "Verified",
]  # fmt: skip

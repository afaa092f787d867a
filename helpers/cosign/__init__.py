"""cosign from Python: keys, signatures and attestations of files and of images, verified with a typed answer."""

from helpers.cosign.bundle import Bundle, KeyPair, MalformedBundle
from helpers.cosign.cosign import Cosign
from helpers.cosign.keyless import Keyless
from helpers.cosign.keyring import BadKeyring, KeyEntry, Keyring, Reason
from helpers.cosign.result import CannotVerify, Cause, CosignError, Refused, Verified
from helpers.cosign.signers import BadSigners, Identity, NotAllowed, SignerPolicy, SignerRule

__all__ = [
    "BadKeyring", "BadSigners", "Bundle", "CannotVerify", "Cause", "Cosign", "CosignError", "Identity", "KeyEntry",
    "KeyPair", "Keyless", "Keyring", "MalformedBundle", "NotAllowed", "Reason", "Refused", "SignerPolicy",
    "SignerRule", "Verified",
]  # fmt: skip

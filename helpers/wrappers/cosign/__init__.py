"""cosign from Python: keys, signatures and attestations of files and of images, verified with a typed answer."""

from helpers.wrappers.cosign.bundle import Bundle, Key, KeyPair, MalformedBundle
from helpers.wrappers.cosign.cosign import Cosign
from helpers.wrappers.cosign.keyless import Keyless
from helpers.wrappers.cosign.keyring import BadKeyring, KeyEntry, Keyring, Reason
from helpers.wrappers.cosign.kms import KmsKey
from helpers.wrappers.cosign.result import CannotVerify, Cause, CosignError, Refused, Verified
from helpers.wrappers.cosign.signers import BadSigners, Identity, NotAllowed, SignerPolicy, SignerRule

__all__ = [
    "BadKeyring",
    "BadSigners",
    "Bundle",
    "CannotVerify",
    "Cause",
    "Cosign",
    "CosignError",
    "Identity",
    "Key",
    "KeyEntry",
    "KeyPair",
    "Keyless",
    "Keyring",
    "KmsKey",
    "MalformedBundle",
    "NotAllowed",
    "Reason",
    "Refused",
    "SignerPolicy",
    "SignerRule",
    "Verified",
]

"""Who may sign what: a signature by the wrong colleague is as bad as none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from helpers._wrapper import StrPath
from helpers.cosign.bundle import Bundle
from helpers.cosign.keyless import Keyless
from helpers.cosign.result import Verified
from helpers.errors import CourseError


class NotAllowed(CourseError):
    """What was signed is not signed by somebody who may sign it."""

    code = "signer-not-allowed"


@dataclass(frozen=True)
class SignerRule:
    """One line of the policy.

    Attributes:
        subject: pattern of names (``*`` and ``?``), for example ``modules/*``.
        identities: who may sign them, each exactly.
        issuer: URL of the OIDC issuer that must have vouched for the signer.
    """

    subject: str
    identities: tuple[str, ...]
    issuer: str


@dataclass(frozen=True)
class SignerPolicy:
    """The rules; what no rule names, nobody may sign."""

    rules: Sequence[SignerRule]

    def require(self, keyless: Keyless, subject: str, file: StrPath, *, bundle: StrPath | None = None) -> Verified:
        """Return the verification of a file that is known as *subject*, signed by somebody who may.

        Raises:
            NotAllowed: no rule names the subject, somebody else signed it, or the signature is refused.
            MalformedBundle: there is no bundle. CannotVerify: there is no answer.
        """
        rules = [rule for rule in self.rules if fnmatchcase(subject, rule.subject)]
        if not rules:
            raise NotAllowed(f"Nobody may sign {subject}", why="No rule of the policy names it.", next="Add a rule.")
        path = keyless.workdir / (bundle if bundle is not None else f"{file}.sigstore.json")
        # Only chooses the rule: that this identity really signed is what cosign then verifies.
        claimed = Bundle.read(path).identity
        allowed = sorted({identity for rule in rules for identity in rule.identities})
        why = f"It is signed by {claimed or 'nobody known'}."
        for rule in rules:
            if claimed not in rule.identities:
                continue
            found = keyless.verify_blob(
                file, bundle=path, certificate_identity=claimed, certificate_oidc_issuer=rule.issuer
            )
            if isinstance(found, Verified):
                return found
            why = found.reason
        raise NotAllowed(
            f"{subject} is not signed by one who may", why=why, next=f"Have it signed by: {', '.join(allowed)}"
        )

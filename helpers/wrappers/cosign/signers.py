"""Who may sign what: a signature by the wrong colleague is as bad as none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from helpers.core import yaml_reader
from helpers.core.errors import BadInput, CourseError
from helpers.wrappers.base import StrPath
from helpers.wrappers.cosign._run import ATTESTATION, SIGNATURE
from helpers.wrappers.cosign.bundle import Bundle
from helpers.wrappers.cosign.keyless import Keyless
from helpers.wrappers.cosign.result import Verification, Verified


class NotAllowed(CourseError):
    """An artifact is not signed by an allowed signer."""

    code = "signer-not-allowed"


class BadSigners(BadInput):
    """The file that says who may sign what is not valid."""


@dataclass(frozen=True)
class Identity:
    """One who may sign without a key.

    Attributes:
        identity: mail address or URI, exactly.
        issuer: URL of the OIDC issuer that must have vouched for it.
        roots: trusted root (`Keyless.trusted_root`): whose certificates and signed times count. It is enough; no
            service of the deployment is asked.
    """

    identity: str
    issuer: str
    roots: Path

    def verify(self, keyless: Keyless, reference: str) -> Verification:
        """Verify that an image is signed by this identity. See `Keyless.verify`."""
        return keyless.verify(
            reference, certificate_identity=self.identity, certificate_oidc_issuer=self.issuer, roots=self.roots
        )


@dataclass(frozen=True)
class SignerRule:
    """One line of the policy.

    Attributes:
        subject: pattern of names (``*`` and ``?``), for example ``modules/*``; of images, the repository.
        identities: who may sign them, each exactly.
        issuer: URL of the OIDC issuer that must have vouched for the signer.
        statement: predicate type (URI) of the statements that they may make; empty for signatures.
    """

    subject: str
    identities: tuple[str, ...]
    issuer: str
    statement: str = ""


@dataclass(frozen=True)
class SignerPolicy:
    """The rules, deny by default: what no rule names may not be signed. Signing does not include attesting."""

    rules: Sequence[SignerRule]

    @classmethod
    def read(cls, path: StrPath, *, issuers: Mapping[str, str]) -> SignerPolicy:
        """Return the policy in a YAML file: ``rules``, a list of the fields of `SignerRule`.

        Args:
            issuers: name in the file -> URL; a deployment's addresses do not belong under review.

        Raises:
            BadSigners: the file is missing or no policy.
        """
        name = Path(path).name
        try:
            raw = yaml_reader.load(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml_reader.InvalidYaml) as error:
            raise _bad(name, str(error)) from None
        if not isinstance(raw, dict) or set(raw) != {"rules"} or not isinstance(raw["rules"], list):
            raise _bad(name, "It needs one field, rules: a list.")
        return cls(tuple(_rule(name, one, issuers) for one in raw["rules"]))

    def require(
        self,
        keyless: Keyless,
        subject: str,
        file: StrPath,
        *,
        type: str = "",
        bundle: StrPath | None = None,
        roots: StrPath | None = None,
    ) -> Verified:
        """Return the verification of a file that is known as *subject*, signed by an allowed signer.

        Args:
            type: predicate type of the statement that is asked for; empty for a signature.
            bundle, roots: as for `Keyless.verify_blob`.

        Raises:
            NotAllowed: no rule names the subject, somebody else signed it, or the signature is refused.
            MalformedBundle: there is no bundle. CannotVerify: there is no answer.
        """
        path = keyless.workdir / (bundle if bundle is not None else f"{file}{ATTESTATION if type else SIGNATURE}")
        rules = self._rules(subject, type)
        # Only chooses the rule: that this identity really signed is what cosign then verifies.
        claimed = Bundle.read(path).identity

        def verify(identity: str, issuer: str) -> Verification | None:
            who = {"certificate_identity": identity, "certificate_oidc_issuer": issuer}
            if identity != claimed:
                return None
            if type:
                return keyless.verify_blob_attestation(file, type=type, bundle=path, roots=roots, **who)
            return keyless.verify_blob(file, bundle=path, roots=roots, **who)

        return _first(subject, rules, verify, f"It is signed by {claimed or 'an unknown signer'}.")

    def require_image(
        self, keyless: Keyless, reference: str, *, subject: str = "", type: str = "", roots: StrPath | None = None
    ) -> Verified:
        """Return the verification of an image, or of the statements of *type* about it, signed by an allowed signer.

        Args:
            subject: what the rules call it; default: the repository in *reference*.

        Raises:
            NotAllowed, RegistryError, CannotVerify: as for `require` and `Keyless.verify`.
        """
        name = subject or _repository(reference)

        def verify(identity: str, issuer: str) -> Verification | None:
            who = {"certificate_identity": identity, "certificate_oidc_issuer": issuer}
            if type:
                return keyless.verify_attestation(reference, type=type, roots=roots, **who)
            return keyless.verify(reference, roots=roots, **who)

        return _first(name, self._rules(name, type), verify, "It is signed by an unknown signer.")

    def _rules(self, subject: str, type: str) -> list[SignerRule]:
        found = [rule for rule in self.rules if fnmatchcase(subject, rule.subject) and rule.statement == type]
        if not found:
            what = f"state {type} about" if type else "sign"
            raise NotAllowed(
                f"No one is allowed to {what} {subject}", why="No rule of the policy names it.", next="Add a rule."
            )
        return found


def _rule(name: str, raw: object, issuers: Mapping[str, str]) -> SignerRule:
    said = raw if isinstance(raw, dict) else {}
    if not {"subject", "identities", "issuer"} <= set(said) <= {"subject", "identities", "issuer", "statement"}:
        raise _bad(name, f"A rule has subject, identities, issuer and perhaps statement; this one: {raw!r}")
    who = said["identities"]
    if not isinstance(who, list) or not who or not all(isinstance(one, str) for one in who):
        raise _bad(name, f"The rule about {said['subject']}: identities is a list of names.")
    if wild := next((one for one in who if "*" in one), ""):
        raise _bad(name, f"The rule about {said['subject']}: {wild} is a pattern; an identity is named exactly.")
    if said["issuer"] not in issuers:
        raise _bad(name, f"The rule about {said['subject']}: issuer is one of {', '.join(sorted(issuers))}.")
    return SignerRule(str(said["subject"]), tuple(who), issuers[said["issuer"]], str(said.get("statement") or ""))


def _bad(name: str, why: str) -> BadSigners:
    return BadSigners(f"{name} does not say who may sign what", why=why[:300], next="Correct it.")


def _first(
    subject: str, rules: Sequence[SignerRule], verify: Callable[[str, str], Verification | None], why: str
) -> Verified:
    for rule in rules:
        for identity in rule.identities:
            found = verify(identity, rule.issuer)
            if isinstance(found, Verified):
                return found
            why = found.reason if found is not None else why
    allowed = sorted({identity for rule in rules for identity in rule.identities})
    raise NotAllowed(
        f"{subject} is not signed by one who may", why=why, next=f"Have it signed by: {', '.join(allowed)}"
    )


def _repository(reference: str) -> str:
    """Return the reference without digest and tag; a colon before the last slash belongs to the host's port."""
    head, slash, last = reference.partition("@")[0].rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"

"""Keyless signing: who signed is in a certificate of ten minutes, and when is in a signed timestamp."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath
from helpers.wrappers.cosign._judge import said
from helpers.wrappers.cosign._judge_keyless import judge_keyless, judge_keyless_image
from helpers.wrappers.cosign._run import (
    ATTESTATION,
    SIGN_TYPES,
    SIGNATURE,
    CosignRunner,
    documents,
    http,
    operand,
    require_digest,
    statements,
)
from helpers.wrappers.cosign.bundle import Bundle
from helpers.wrappers.cosign.result import Cause, Refused, Verification, Verified
from helpers.wrappers.cosign.sigstore import Sigstore
from helpers.wrappers.cosign.timestamp import stamped_at
from helpers.wrappers.crane import registry_error

#: What a private deployment without logs leaves open.
NOT_CHECKED = (
    "that the signature is in a public log (--insecure-ignore-tlog): its owner may not learn of it",
    "that the certificate is in a public log (--insecure-ignore-sct): a wrongly issued one would go unseen",
)
_CHECKED = (
    "the certificate comes from the trusted Fulcio",
    "the signature was made while the certificate was valid, by a signed timestamp",
    "the content is what was signed",
)
_NO_LOGS = ("--use-signed-timestamps", "--insecure-ignore-tlog=true", "--insecure-ignore-sct=true")


class Keyless(CosignRunner):
    """cosign without keys to keep: signs as an identity, verifies who signed.

    Args:
        workdir: directory that relative paths start from.
        sigstore: the deployment; by default the service ``sigstore``, started at the first use.
    """

    def __init__(self, workdir: StrPath = ".", *, sigstore: Sigstore | None = None, timeout: float = 120) -> None:
        super().__init__(workdir, timeout=timeout, sigstore=sigstore)

    def sign_blob(
        self, file: StrPath, *, identity: str, bundle: StrPath | None = None, timestamp: bool = True
    ) -> Bundle:
        """Sign a file as *identity*; the bundle goes to *bundle* (default: ``FILE.sigstore.json``).

        Args:
            timestamp: False leaves out the signed time; such a bundle cannot be verified once its certificate ended.

        Raises:
            NoToken: the identity is unknown. CosignError: the file is missing, or Fulcio or the TSA is away.
        """
        return self._into_bundle(
            file, bundle, SIGNATURE, lambda target: self._sign(["sign-blob"], target, identity, timestamp=timestamp)
        )

    def attest_blob(
        self,
        file: StrPath,
        *,
        identity: str,
        predicate: StrPath | Mapping[str, Any],
        type: str,
        bundle: StrPath | None = None,
    ) -> Bundle:
        """Sign a statement about a file as *identity*; to *bundle* (default: ``FILE.attestation.json``).

        Args:
            predicate: what is stated, as data or as a JSON file.
            type: URI that says what kind of statement it is: ``https://slsa.dev/provenance/v1``,
                ``https://cyclonedx.org/bom``, ``https://spdx.dev/Document``, or one of your own.

        Raises:
            NoToken, CosignError: as for `sign_blob`. BadInput: the predicate is not JSON, or the type is not a URI.
        """
        with self._statement(file, predicate, type) as options:
            args = ["attest-blob", *options]
            return self._into_bundle(file, bundle, ATTESTATION, lambda target: self._sign(args, target, identity))

    def verify_blob(
        self,
        file: StrPath,
        *,
        certificate_identity: str = "",
        certificate_identity_regexp: str = "",
        certificate_oidc_issuer: str,
        bundle: StrPath | None = None,
        roots: StrPath | None = None,
    ) -> Verification:
        """Verify that a file was signed by an identity that an issuer vouched for.

        Args:
            certificate_identity: exactly this identity.
            certificate_identity_regexp: or any that matches (Go syntax, **not** anchored unless you write ``^...$``).
            certificate_oidc_issuer: exactly this issuer.
            roots: trusted root that `trusted_root` wrote: all that is needed, no service runs. By default the one of
                `sigstore`.

        Raises:
            BadInput: not exactly one of the two forms of identity. CannotVerify: there is no answer.
        """
        who = _signer(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
        return self._verify_blob(file, who, bundle, SIGNATURE, "", roots)

    def verify_blob_attestation(
        self,
        file: StrPath,
        *,
        type: str,
        certificate_identity: str = "",
        certificate_identity_regexp: str = "",
        certificate_oidc_issuer: str,
        bundle: StrPath | None = None,
        roots: StrPath | None = None,
    ) -> Verification:
        """Verify a statement of *type* about a file, and who made it. See `verify_blob`."""
        who = _signer(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
        return self._verify_blob(file, who, bundle, ATTESTATION, type, roots)

    def sign(self, reference: str, *, identity: str) -> str:
        """Sign an image as *identity*, push the signature beside it, and return the reference.

        Raises:
            BadReference: there is no digest. NoToken, CosignError: as for `sign_blob`.
        """
        require_digest(reference)
        self._sign(["sign", *http(reference)], ["--", reference], identity, reference=reference)
        return reference

    def attest(self, reference: str, *, identity: str, predicate: StrPath | Mapping[str, Any], type: str) -> str:
        """Sign a statement about an image as *identity*, push it beside the image, and return the reference.

        Raises:
            As for `sign` and `attest_blob`.
        """
        require_digest(reference)
        with self._predicate(predicate, type) as options:
            self._sign(["attest", *options, *http(reference)], ["--", reference], identity, reference=reference)
        return reference

    def verify(
        self,
        reference: str,
        *,
        certificate_identity: str = "",
        certificate_identity_regexp: str = "",
        certificate_oidc_issuer: str,
        roots: StrPath | None = None,
    ) -> Verification:
        """Verify that an image was signed by an identity that an issuer vouched for; see `verify_blob`.

        An image that only carries statements is refused, though cosign itself would take it as signed.

        Raises:
            RegistryError: the registry is away or has no such image. CannotVerify: there is no other answer.
        """
        who = _signer(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
        done = self._verify_image(["verify", "--output=json"], who, reference, roots, who.checked)
        if isinstance(done, Refused):
            return done
        for claim in documents(done, reference):
            if str(claim["critical"].get("type", "")).startswith(SIGN_TYPES):
                digest = str(claim["critical"]["image"]["docker-manifest-digest"])
                return Verified(reference, digest, who.name, who.checked, NOT_CHECKED)
        why = "It carries statements, but no signature."
        return Refused(reference, Cause.WRONG_TYPE, why, who.name, who.checked, NOT_CHECKED)

    def verify_attestation(
        self,
        reference: str,
        *,
        type: str,
        certificate_identity: str = "",
        certificate_identity_regexp: str = "",
        certificate_oidc_issuer: str,
        roots: StrPath | None = None,
    ) -> Verification:
        """Verify the statements of *type* about an image, and who made them; ``predicates`` is what they state.

        Raises:
            As for `verify`.
        """
        who = _signer(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
        checked = (*who.checked, f"it is of type {type}")
        done = self._verify_image(["verify-attestation", f"--type={type}"], who, reference, roots, checked)
        if isinstance(done, Refused):
            return done
        digest, predicates = statements(done, reference)
        return Verified(reference, digest, who.name, checked, NOT_CHECKED, type, predicates)

    @contextlib.contextmanager
    def _options(self, identity: str, timestamp: bool) -> Iterator[list[str]]:
        """Give the options of a signer; the token is in a file of mode 0600 that is gone afterwards."""
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=self._home) as aside:
            token, config = Path(aside) / "token", Path(aside) / "signing-config.json"
            token.touch(mode=0o600)
            token.write_text(self.sigstore.token(identity))
            self._signing_config(config, fulcio=True, timestamp=timestamp)
            root = self.trusted_root(Path(aside) / "root.json")
            yield [f"--identity-token={token}", f"--signing-config={config}", f"--trusted-root={root}", "--yes"]

    def _sign(
        self, args: Sequence[str], target: Sequence[str], identity: str, *, reference: str = "", timestamp: bool = True
    ) -> None:
        """Run a command that signs *target*; *reference* is the image, if it is one."""
        with self._options(identity, timestamp) as options:
            done = self._run([*args, *options, *target])
        if done.returncode != 0:
            error = registry_error(said(done), reference) if reference else None
            raise error or self._cosign_failed(args[0], done)

    def _verify_blob(
        self, file: StrPath, who: _Signer, bundle: StrPath | None, suffix: str, type: str, roots: StrPath | None
    ) -> Verification:
        checked = who.checked
        blob = self._blob(file, bundle, suffix, key="", checked=checked, not_checked=NOT_CHECKED)
        if isinstance(blob, Refused):
            return blob
        args = ["verify-blob-attestation", f"--type={type}"] if type else ["verify-blob"]
        with self._copy(blob) as copy:
            done = self._ask([*args, copy], who, operand(file), roots)
        read = blob.bundle
        if done.returncode != 0 or "Verified OK" not in done.stderr + done.stdout:
            return judge_keyless(done, blob.subject, read, digest=blob.digest, checked=checked, not_checked=NOT_CHECKED)
        return Verified(
            blob.subject,
            f"sha256:{blob.digest}",
            read.identity,
            checked,
            NOT_CHECKED,
            read.predicate_type,
            (read.predicate,) if type else (),
            # Of several times, cosign does not say which one is good.
            signed_at=stamped_at(read.stamps[0]) if read.timestamps == 1 else None,
        )

    def _verify_image(
        self, args: Sequence[str], who: _Signer, reference: str, roots: StrPath | None, checked: tuple[str, ...]
    ) -> process.Completed | Refused:
        """Return what cosign says of an image whose signature is good, or why it is not."""
        done = self._ask([*args, *http(reference)], who, reference, roots)
        if done.returncode == 0:
            return done
        return judge_keyless_image(
            done, reference, who=who.name, checked=checked, not_checked=NOT_CHECKED, beside=self.bundles
        )

    def _ask(self, args: Sequence[str], who: _Signer, subject: str, roots: StrPath | None) -> process.Completed:
        with tempfile.TemporaryDirectory() as aside:
            root = self.trusted_root(Path(aside) / "root.json") if roots is None else self.workdir / roots
            return self._run([*args, f"--trusted-root={root}", *who.options, *_NO_LOGS, "--", subject])


@dataclass(frozen=True)
class _Signer:
    """Who must have signed: the identity (or its pattern), and cosign's options that ask for it."""

    name: str
    options: tuple[str, ...]

    @property
    def checked(self) -> tuple[str, ...]:
        return (*_CHECKED, *(option.removeprefix("--") for option in self.options))


def _signer(exact: str, pattern: str, issuer: str) -> _Signer:
    if bool(exact) == bool(pattern) or not issuer:
        raise BadInput(
            "Say who may have signed",
            why="One identity (or one pattern) and one issuer are needed.",
            next='certificate_identity="ada@acme.test", certificate_oidc_issuer=keyless.sigstore.people',
        )
    name = "--certificate-identity=" + exact if exact else "--certificate-identity-regexp=" + pattern
    return _Signer(exact or pattern, (name, f"--certificate-oidc-issuer={issuer}"))

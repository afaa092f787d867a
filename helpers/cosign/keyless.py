"""Keyless signing: who signed is in a certificate of ten minutes, and when is in a signed timestamp."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers import _process
from helpers._wrapper import StrPath
from helpers.cosign._judge import said
from helpers.cosign._judge_keyless import judge_keyless, judge_keyless_image
from helpers.cosign._run import (
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
from helpers.cosign.bundle import Bundle
from helpers.cosign.result import Cause, Refused, Verification, Verified
from helpers.cosign.sigstore import Sigstore
from helpers.cosign.timestamp import stamped_at
from helpers.crane import registry_error
from helpers.errors import BadInput

#: What a private deployment without logs leaves open.
NOT_CHECKED = (
    "that the signature is in a public log (--insecure-ignore-tlog): its owner may not learn of it",
    "that the certificate is in a public log (--insecure-ignore-sct): nobody would see one that Fulcio should not give",
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
        workdir: folder that relative paths start from.
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
        return self._to_bundle(["sign-blob"], file, identity, bundle, SIGNATURE, timestamp)

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
            NoToken, CosignError: as for `sign_blob`. BadInput: the predicate is no JSON, or the type no URI.
        """
        with self._predicate(predicate, type) as options:
            return self._to_bundle(["attest-blob", *options], file, identity, bundle, ATTESTATION, True)

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
        who = _identity(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
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
        who = _identity(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
        return self._verify_blob(file, who, bundle, ATTESTATION, type, roots)

    def sign(self, reference: str, *, identity: str) -> str:
        """Sign an image as *identity*, push the signature beside it, and return the reference.

        Raises:
            BadReference: there is no digest. NoToken, CosignError: as for `sign_blob`.
        """
        return self._sign_image(["sign"], reference, identity)

    def attest(self, reference: str, *, identity: str, predicate: StrPath | Mapping[str, Any], type: str) -> str:
        """Sign a statement about an image as *identity*, push it beside the image, and return the reference.

        Raises:
            As for `sign` and `attest_blob`.
        """
        with self._predicate(predicate, type) as options:
            return self._sign_image(["attest", *options], reference, identity)

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
        who = _identity(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
        name, checked = certificate_identity or certificate_identity_regexp, _checked(who)
        done = self._ask(["verify", *http(reference), "--output=json"], who, reference, roots)
        if done.returncode != 0:
            return self._refused(done, reference, name, checked)
        for claim in documents(done, reference):
            if str(claim["critical"].get("type", "")).startswith(SIGN_TYPES):
                digest = str(claim["critical"]["image"]["docker-manifest-digest"])
                return Verified(reference, digest, name, checked, NOT_CHECKED)
        why = "It carries statements, but no signature."
        return Refused(reference, Cause.WRONG_TYPE, why, name, checked, NOT_CHECKED)

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
        who = _identity(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
        name, checked = certificate_identity or certificate_identity_regexp, (*_checked(who), f"it is of type {type}")
        done = self._ask(["verify-attestation", *http(reference), f"--type={type}"], who, reference, roots)
        if done.returncode != 0:
            return self._refused(done, reference, name, checked)
        digest, predicates = statements(done, reference)
        return Verified(reference, digest, name, checked, NOT_CHECKED, type, predicates)

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

    def _to_bundle(
        self, args: list[str], file: StrPath, identity: str, bundle: StrPath | None, suffix: str, timestamp: bool
    ) -> Bundle:
        def sign(target: list[str]) -> None:
            with self._options(identity, timestamp) as options:
                done = self._run([*args, *options, *target])
            if done.returncode != 0:
                raise self._cosign_failed(args[0], done)

        return self._into_bundle(file, bundle, suffix, sign)

    def _sign_image(self, args: list[str], reference: str, identity: str) -> str:
        require_digest(reference)
        with self._options(identity, True) as options:
            done = self._run([*args, *http(reference), *options, "--", reference])
        if done.returncode != 0:
            raise registry_error(said(done), reference) or self._cosign_failed(args[0], done)
        return reference

    def _verify_blob(
        self, file: StrPath, who: Sequence[str], bundle: StrPath | None, suffix: str, type: str, roots: StrPath | None
    ) -> Verification:
        checked = _checked(who)
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
            blob.subject, f"sha256:{blob.digest}", read.identity, checked, NOT_CHECKED, read.predicate_type,
            (read.predicate,) if type else (),
            # Of several times, cosign does not say which one is good.
            signed_at=stamped_at(read.stamps[0]) if read.timestamps == 1 else None,
        )  # fmt: skip

    def _refused(self, done: _process.Completed, reference: str, name: str, checked: tuple[str, ...]) -> Refused:
        return judge_keyless_image(
            done, reference, who=name, checked=checked, not_checked=NOT_CHECKED, beside=self.bundles
        )

    def _ask(self, args: Sequence[str], who: Sequence[str], subject: str, roots: StrPath | None) -> _process.Completed:
        with tempfile.TemporaryDirectory() as aside:
            root = self.trusted_root(Path(aside) / "root.json") if roots is None else self.workdir / roots
            return self._run([*args, f"--trusted-root={root}", *who, *_NO_LOGS, "--", subject])


def _checked(who: Sequence[str]) -> tuple[str, ...]:
    return (*_CHECKED, *(option.removeprefix("--") for option in who))


def _identity(exact: str, pattern: str, issuer: str) -> list[str]:
    if bool(exact) == bool(pattern) or not issuer:
        raise BadInput(
            "Say who may have signed", why="One identity (or one pattern) and one issuer are needed.",
            next='certificate_identity="ada@acme.test", certificate_oidc_issuer=keyless.sigstore.people',
        )  # fmt: skip
    name = "--certificate-identity=" + exact if exact else "--certificate-identity-regexp=" + pattern
    return [name, f"--certificate-oidc-issuer={issuer}"]

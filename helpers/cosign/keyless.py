"""Keyless signing: who signed is in a certificate of ten minutes, and when is in a signed timestamp."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers import _process
from helpers._wrapper import StrPath
from helpers.cosign._judge import no_answer, said
from helpers.cosign._judge_keyless import judge_keyless, judge_keyless_image
from helpers.cosign._run import CosignRunner, operand
from helpers.cosign.bundle import Bundle, MalformedBundle
from helpers.cosign.cosign import _SIGN_TYPES, _http, _json, _require_digest
from helpers.cosign.result import CannotVerify, Cause, CosignError, Refused, Verification, Verified
from helpers.cosign.sigstore import Sigstore
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
        return self._sign(["sign-blob"], file, identity, bundle, ".sigstore.json", timestamp)

    def attest_blob(
        self, file: StrPath, *, identity: str, predicate: Mapping[str, Any], type: str, bundle: StrPath | None = None
    ) -> Bundle:
        """Sign a statement about a file as *identity*; to *bundle* (default: ``FILE.attestation.json``).

        Raises:
            NoToken, CosignError: as for `sign_blob`. BadInput: the predicate is no JSON.
        """
        with tempfile.TemporaryDirectory() as aside:
            stated = Path(aside) / "predicate.json"
            try:
                stated.write_text(json.dumps(predicate))
            except (TypeError, ValueError) as error:
                raise BadInput("The predicate is no JSON data", why=str(error), next="Use dict, list, str.") from None
            args = ["attest-blob", f"--predicate={stated}", f"--type={type}"]
            return self._sign(args, file, identity, bundle, ".attestation.json", True)

    def verify_blob(
        self,
        file: StrPath,
        *,
        certificate_identity: str = "",
        certificate_identity_regexp: str = "",
        certificate_oidc_issuer: str,
        bundle: StrPath | None = None,
    ) -> Verification:
        """Verify that a file was signed by an identity that an issuer vouched for.

        Args:
            certificate_identity: exactly this identity.
            certificate_identity_regexp: or any that matches (Go syntax, **not** anchored unless you write ``^...$``).
            certificate_oidc_issuer: exactly this issuer.

        Raises:
            BadInput: not exactly one of the two forms of identity. CannotVerify: there is no answer.
        """
        who = _identity(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
        return self._verify(["verify-blob"], file, who, bundle, ".sigstore.json", "")

    def verify_blob_attestation(
        self,
        file: StrPath,
        *,
        type: str,
        certificate_identity: str = "",
        certificate_identity_regexp: str = "",
        certificate_oidc_issuer: str,
        bundle: StrPath | None = None,
    ) -> Verification:
        """Verify a statement of *type* about a file, and who made it. See `verify_blob`."""
        who = _identity(certificate_identity, certificate_identity_regexp, certificate_oidc_issuer)
        args = ["verify-blob-attestation", f"--type={type}"]
        return self._verify(args, file, who, bundle, ".attestation.json", type)

    def sign(self, reference: str, *, identity: str) -> str:
        """Sign an image as *identity*, push the signature beside it, and return the reference.

        Raises:
            BadReference: there is no digest. NoToken, CosignError: as for `sign_blob`.
        """
        _require_digest(reference)
        with self._files(identity, True) as options:
            done = self._run(["sign", *_http(reference), *options, "--", reference])
        if done.returncode != 0:
            raise registry_error(said(done), reference) or self._cosign_failed("sign", done)
        return reference

    def verify(self, reference: str, *, certificate_identity: str, certificate_oidc_issuer: str) -> Verification:
        """Verify that an image was signed by an identity that an issuer vouched for.

        Raises:
            RegistryError: the registry is away or has no such image. CannotVerify: there is no other answer.
        """
        who = _identity(certificate_identity, "", certificate_oidc_issuer)
        checked = (*_CHECKED, *(option.removeprefix("--") for option in who))
        with tempfile.TemporaryDirectory() as aside:
            root = self.trusted_root(Path(aside) / "root.json")
            args = ["verify", *_http(reference), "--output=json", f"--trusted-root={root}", *who, *_NO_LOGS]
            done = self._run([*args, "--", reference])
        if done.returncode != 0:
            return judge_keyless_image(
                done, reference, who=certificate_identity, checked=checked, not_checked=NOT_CHECKED
            )
        digest = _signed_digest(done, reference)
        return Verified(reference, digest, certificate_identity, checked, NOT_CHECKED)

    @contextlib.contextmanager
    def _files(self, identity: str, timestamp: bool) -> Iterator[list[str]]:
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
        self, args: list[str], file: StrPath, identity: str, bundle: StrPath | None, suffix: str, timestamp: bool
    ) -> Bundle:
        source = self.workdir / file
        if not source.is_file():
            raise CosignError(f"There is no file {source.name}", why="Only a file can be signed.", next="Create it.")
        path = self.workdir / bundle if bundle is not None else source.with_name(source.name + suffix)
        # Written aside: an interrupted run leaves no half bundle.
        with self._files(identity, timestamp) as options, tempfile.TemporaryDirectory(dir=path.parent) as aside:
            made = Path(aside) / "bundle.json"
            done = self._run([*args, *options, f"--bundle={made}", "--", operand(file)])
            if done.returncode != 0:
                raise self._cosign_failed(args[0], done)
            made.chmod(0o644)
            Bundle.read(made)
            made.replace(path)
        return Bundle.read(path)

    def _verify(
        self, args: Sequence[str], file: StrPath, who: Sequence[str], bundle: StrPath | None, suffix: str, type: str
    ) -> Verification:
        source, subject = self.workdir / file, Path(file).name
        checked = (*_CHECKED, *(option.removeprefix("--") for option in who))
        try:
            digest = hashlib.sha256(source.read_bytes()).hexdigest()
        except OSError as error:
            raise CannotVerify(f"{subject} cannot be read", why=error.strerror or "", next="Name the file.") from None
        path = self.workdir / bundle if bundle is not None else source.with_name(source.name + suffix)
        if not path.is_file():
            return Refused(subject, Cause.NO_SIGNATURE, f"There is no bundle {path.name}.", "", checked, NOT_CHECKED)
        content = path.read_bytes()
        try:
            read = Bundle.parse(content, path)
        except MalformedBundle as error:
            why = f"{error.what}: {error.why}"
            return Refused(subject, Cause.MALFORMED_BUNDLE, why, "", checked, NOT_CHECKED)
        if not type and read.kind == "attestation":
            why = f"The bundle holds a statement about the file ({read.predicate_type}), not a signature of it."
            return Refused(subject, Cause.WRONG_TYPE, why, "", checked, NOT_CHECKED)
        done = self._verified_by_cosign(args, who, content, operand(file))
        if done.returncode != 0 or "Verified OK" not in done.stderr + done.stdout:
            return judge_keyless(done, subject, read, digest=digest, checked=checked, not_checked=NOT_CHECKED)
        return Verified(
            subject, f"sha256:{digest}", read.identity, checked, NOT_CHECKED, read.predicate_type,
            (read.predicate,) if type else (),
        )  # fmt: skip

    def _verified_by_cosign(
        self, args: Sequence[str], who: Sequence[str], content: bytes, file: str
    ) -> _process.Completed:
        with tempfile.TemporaryDirectory() as aside:
            # What is verified is what was read, whatever happens to the file meanwhile.
            copy = Path(aside) / "bundle.json"
            copy.write_bytes(content)
            root = self.trusted_root(Path(aside) / "root.json")
            return self._run([
                *args, f"--bundle={copy}", f"--trusted-root={root}", *who, *_NO_LOGS, "--", file,
            ])  # fmt: skip


def _identity(exact: str, pattern: str, issuer: str) -> list[str]:
    if bool(exact) == bool(pattern) or not issuer:
        raise BadInput(
            "Say who may have signed", why="One identity (or one pattern) and one issuer are needed.",
            next='certificate_identity="ada@acme.test", certificate_oidc_issuer=keyless.sigstore.people',
        )  # fmt: skip
    name = "--certificate-identity=" + exact if exact else "--certificate-identity-regexp=" + pattern
    return [name, f"--certificate-oidc-issuer={issuer}"]


def _signed_digest(done: _process.Completed, reference: str) -> str:
    for claim in _json(done, reference):
        if str(claim["critical"].get("type", "")).startswith(_SIGN_TYPES):
            return str(claim["critical"]["image"]["docker-manifest-digest"])
    raise no_answer(done, reference)

"""The `Cosign` wrapper: keys, files and images."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.errors import BadInput
from helpers.core.redact import add_secrets
from helpers.wrappers.base import StrPath
from helpers.wrappers.cosign._judge import judge_blob, judge_image, refused_stamps
from helpers.wrappers.cosign._run import (
    ATTESTATION,
    SIGN_TYPE,
    SIGN_TYPES,
    SIGNATURE,
    Blob,
    CosignRunner,
    documents,
    http,
    operand,
    require_digest,
    statements,
)
from helpers.wrappers.cosign.bundle import Bundle, Key, KeyPair, fingerprint
from helpers.wrappers.cosign.kms import KmsKey
from helpers.wrappers.cosign.result import NOT_CHECKED, NOT_CHECKED_STAMPED, Cause, Refused, Verification, Verified
from helpers.wrappers.cosign.timestamp import stamped_at

#: The log is not asked: there is none here, and a key needs none. `Verified.not_checked` says what that gives up.
_NO_LOG = "--insecure-ignore-tlog=true"
_CHECKED = ("the signature was made with this key",)
MIN_PASSWORD = 8


class Cosign(CosignRunner):
    """cosign with keys on disk, without any network but the registry it is given: one method a subcommand.

    It has its own home directory, so that nothing of the user's Sigstore state is read or written. For ``await`` use
    `helpers.call_async`.

    Args:
        workdir: directory that relative paths start from.
    """

    def generate_key_pair(self, directory: StrPath = ".", *, password: str, name: str = "cosign") -> KeyPair:
        """Make ``NAME.key`` (encrypted, mode 0600) and ``NAME.pub`` in *directory*; existing keys are never replaced.

        Args:
            password: encrypts the private key; at least 8 characters. It is masked in every output from now on.

        Raises:
            BadInput: the password is too short, or there is a key of that name. CosignError: cosign failed.
        """
        target = self.workdir / directory
        private, public = target / f"{name}.key", target / f"{name}.pub"
        if len(password) < MIN_PASSWORD:
            raise BadInput("The password is too short", why=f"It needs {MIN_PASSWORD} characters.", next="Choose one.")
        if Path(name).name != name or not name:
            raise BadInput(
                f"{name!r} is not a name for a key", why="It names a file in the directory.", next="Use letters."
            )
        if private.exists() or public.exists():
            raise BadInput(
                f"There is a key {name} already",
                why="What it signed could no longer be verified.",
                next="Use it, or choose another name.",
            )
        add_secrets(password)
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=target) as aside:
            done = self._run(
                ["generate-key-pair", "--output-key-prefix=made"],
                env={"COSIGN_PASSWORD": password},
                secrets=[password],
                cwd=Path(aside),
            )
            if done.returncode != 0:
                raise self._cosign_failed("generate-key-pair", done)
            made = Path(aside) / "made"
            made.with_suffix(".key").chmod(0o600)
            # A link fails where a rename would replace what somebody made meanwhile.
            os.link(made.with_suffix(".key"), private)
            os.link(made.with_suffix(".pub"), public)
        return KeyPair(private, public, fingerprint(public.read_bytes()))

    def key_pair(self, directory: StrPath = ".", *, name: str = "cosign") -> KeyPair:
        """Return the key pair that `generate_key_pair` made.

        Raises:
            CannotVerify: the public key is missing or none.
        """
        public, found = self._public(Path(directory) / f"{name}.pub")
        return KeyPair(public.with_suffix(".key"), public, found)

    def sign_blob(
        self,
        file: StrPath,
        *,
        key: Key | KmsKey,
        password: str = "",
        bundle: StrPath | None = None,
        timestamp: bool = False,
    ) -> Bundle:
        """Sign a file and return the bundle, written to *bundle* (default: ``FILE.sigstore.json``).

        Args:
            key, password: a key on disk with its password, or a key in a KMS, which needs none.
            timestamp: have the time signed by the authority of `sigstore`; a `Keyring` asks for it.

        Raises:
            CosignError: file or key is missing, the password is wrong, or the authority is away.
        """
        return self._to_bundle(["sign-blob"], file, key, password, bundle, SIGNATURE, timestamp)

    def attest_blob(
        self,
        file: StrPath,
        *,
        key: Key | KmsKey,
        password: str = "",
        predicate: StrPath | Mapping[str, Any],
        type: str,
        bundle: StrPath | None = None,
        timestamp: bool = False,
    ) -> Bundle:
        """Sign a statement about a file; the bundle goes to *bundle* (default: ``FILE.attestation.json``).

        Args:
            predicate: what is stated, as data or as a JSON file.
            type: URI that says what kind of statement it is.
            timestamp: as for `sign_blob`.

        Raises:
            CosignError: as for `sign_blob`, or the predicate is not JSON.
        """
        with self._statement(file, predicate, type) as options:
            return self._to_bundle(["attest-blob", *options], file, key, password, bundle, ATTESTATION, timestamp)

    def verify_blob(
        self, file: StrPath, *, key: Key, bundle: StrPath | None = None, roots: StrPath | None = None
    ) -> Verification:
        """Verify the signature of a file.

        A bundle with an attestation is refused, though cosign itself would take it for a signature of the file.

        Args:
            roots: trusted root (`trusted_root`) of the authority that must have signed the time, exactly one;
                ``signed_at`` of the result says when. Without it no signed time is asked for.

        Raises:
            CannotVerify: there is no answer: the file, the key, the roots or cosign is missing or broken.
        """
        return self._verify_blob(file, key, bundle, SIGNATURE, "", roots)

    def verify_blob_attestation(
        self, file: StrPath, *, key: Key, type: str, bundle: StrPath | None = None, roots: StrPath | None = None
    ) -> Verification:
        """Verify a statement about a file, and that it is of *type*; ``predicate`` of the result is what it states.

        Raises:
            CannotVerify: as for `verify_blob`.
        """
        return self._verify_blob(file, key, bundle, ATTESTATION, type, roots)

    def sign(
        self,
        reference: str,
        *,
        key: Key,
        password: str,
        annotations: Mapping[str, str] | None = None,
        timestamp: bool = False,
    ) -> str:
        """Sign an image and push the signature beside it; return the reference.

        Args:
            reference: ``HOST/REPOSITORY@sha256:...``; a tag is refused, as it may move between look and signature.
            annotations: signed along, for example ``{"team": "vision"}``.
            timestamp: as for `sign_blob`.

        Raises:
            BadReference: there is no digest. RegistryError: the registry is away or says no.
            CosignError: key or password is wrong.
        """
        require_digest(reference)
        marks = [f"--annotations={name}={value}" for name, value in (annotations or {}).items()]
        args = ["sign", *http(reference), *marks, "--", reference]
        self._sign_with_key(args, key, password, reference=reference, timestamp=timestamp)
        return reference

    def attest(
        self,
        reference: str,
        *,
        key: Key,
        password: str,
        predicate: StrPath | Mapping[str, Any],
        type: str,
        timestamp: bool = False,
    ) -> str:
        """Sign a statement about an image and push it beside the image; return the reference. See `sign`."""
        require_digest(reference)
        with self._predicate(predicate, type) as options:
            args = ["attest", *http(reference), *options, "--", reference]
            self._sign_with_key(args, key, password, reference=reference, timestamp=timestamp)
        return reference

    def verify(self, reference: str, *, key: Key, annotations: Mapping[str, str] | None = None) -> Verification:
        """Verify the signature of an image; a tag is resolved, ``digest`` of the result says to what.

        An image that only carries an attestation is refused, though cosign itself would take it as signed.

        Raises:
            RegistryError: the registry is away or has no such image. CannotVerify: there is no other answer.
        """
        public, found = self._public(key)
        checked = (*_CHECKED, "the image has the digest that was signed")
        marks = [f"--annotations={name}={value}" for name, value in (annotations or {}).items()]
        done = self._verify(["verify", *http(reference), *marks, "--output=json"], public, ["--", reference])
        if done.returncode != 0:
            return judge_image(done, reference, key=found, checked=checked)
        claims = [c for c in documents(done, reference) if str(c["critical"].get("type", "")).startswith(SIGN_TYPES)]
        if not claims:
            return Refused(reference, Cause.WRONG_TYPE, "It carries statements, but no signature.", found, checked)
        digest = claims[0]["critical"]["image"]["docker-manifest-digest"]
        marked = {str(k): str(v) for claim in claims for k, v in (claim.get("optional") or {}).items()}
        return Verified(reference, digest, found, checked, annotations=marked)

    def verify_with_flags(self, reference: str, *, key: KeyPair, flags: Sequence[str] = ()) -> process.Completed:
        """Run ``cosign verify`` of an image with these flags and no others of ours, and return what it answers.

        For showing what a flag does; `verify` is what to rely on.
        """
        root = f"--trusted-root={self._config('trusted-root.json')}"
        return self._run(["verify", f"--key={key.public}", root, *http(reference), *flags, "--", reference])

    def verify_attestation(self, reference: str, *, key: Key, type: str) -> Verification:
        """Verify the statements of *type* about an image; ``predicates`` of the result is what they state.

        Raises:
            RegistryError, CannotVerify: as for `verify`.
        """
        public, found = self._public(key)
        checked = (*_CHECKED, "the statement is about this image", f"it is of type {type}")
        done = self._verify(["verify-attestation", *http(reference), f"--type={type}"], public, ["--", reference])
        if done.returncode != 0:
            return judge_image(done, reference, key=found, checked=checked)
        digest, predicates = statements(done, reference)
        return Verified(reference, digest, found, checked, predicate_type=type, predicates=predicates)

    def verify_image_bundle(
        self, reference: str, bundle: Bundle, *, key: Key, type: str = SIGN_TYPE, roots: StrPath | None = None
    ) -> Verification:
        """Verify one of an image's `bundles`, of *type* (by default: a signature); *reference* names a digest.

        Raises:
            BadReference: it does not. CannotVerify: there is no answer.
        """
        digest = require_digest(reference)
        blob = Blob(reference, digest.removeprefix("sha256:"), bundle.content, bundle)
        return self._verify_read(blob, [f"--digest={blob.digest}", "--digestAlg=sha256"], key, type, roots)

    def _to_bundle(
        self,
        args: list[str],
        file: StrPath,
        key: Key | KmsKey,
        password: str,
        bundle: StrPath | None,
        suffix: str,
        timestamp: bool,
    ) -> Bundle:
        return self._into_bundle(
            file,
            bundle,
            suffix,
            lambda options: self._sign_with_key([*args, *options], key, password, timestamp=timestamp),
        )

    def _verify_blob(
        self, file: StrPath, key: Key, bundle: StrPath | None, suffix: str, type: str, roots: StrPath | None
    ) -> Verification:
        _, found = self._public(key)
        left = NOT_CHECKED if roots is None else NOT_CHECKED_STAMPED
        blob = self._blob(file, bundle, suffix, key=found, checked=_checked(type, roots), not_checked=left)
        if isinstance(blob, Refused):
            return blob
        return self._verify_read(blob, ["--", operand(file)], key, type, roots)

    def _verify_read(
        self, blob: Blob, target: Sequence[str], key: Key, type: str, roots: StrPath | None
    ) -> Verification:
        """Verify what was read; *target* names the content to cosign."""
        public, found = self._public(key)
        left, checked = NOT_CHECKED if roots is None else NOT_CHECKED_STAMPED, _checked(type, roots)
        if roots is not None and (refused := refused_stamps(blob.bundle, blob.subject, checked)) is not None:
            return replace(refused, not_checked=left)
        args = ["verify-blob-attestation", f"--type={type}"] if type else ["verify-blob"]
        with self._copy(blob) as copy:
            done = self._verify([*args, copy], public, target, roots)
        if done.returncode != 0 or "Verified OK" not in done.stderr + done.stdout:
            refused = judge_blob(done, blob.subject, blob.bundle, key=found, digest=blob.digest, checked=checked)
            return replace(refused, not_checked=left)
        return Verified(
            blob.subject,
            f"sha256:{blob.digest}",
            found,
            checked,
            left,
            blob.bundle.predicate_type,
            (blob.bundle.predicate,) if type else (),
            signed_at=None if roots is None else stamped_at(blob.bundle.stamps[0]),
            statement=blob.bundle.statement if type else {},
        )

    def _verify(
        self, args: Sequence[str], public: Path, target: Sequence[str], roots: StrPath | None = None
    ) -> process.Completed:
        root = self._config("trusted-root.json") if roots is None else self.workdir / roots
        stamped = [] if roots is None else ["--use-signed-timestamps"]
        return self._run(
            [
                args[0],
                f"--key={public}",
                f"--trusted-root={root}",
                _NO_LOG,
                *stamped,
                *args[1:],
                *target,
            ]
        )


def _checked(type: str, roots: StrPath | None) -> tuple[str, ...]:
    about = (f"the statement is of type {type}",) if type else ()
    timed = ("a trusted authority signed when",) if roots is not None else ()
    return (*_CHECKED, "the content is what was signed", *about, *timed)

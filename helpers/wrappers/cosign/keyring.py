"""A keyring: whose keys count, from when, and until when; a signed time says on which side a signature is."""

from __future__ import annotations

import datetime as dt
import enum
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.files import write_atomic
from helpers.wrappers.base import StrPath
from helpers.wrappers.cosign._run import SIGN_TYPE
from helpers.wrappers.cosign.bundle import Bundle, KeyPair, MalformedBundle, fingerprint
from helpers.wrappers.cosign.cosign import Cosign
from helpers.wrappers.cosign.result import NOT_CHECKED_STAMPED as _LEFT
from helpers.wrappers.cosign.result import Cause, Refused, Verification
from helpers.wrappers.crane import Crane

VERSION = 1
_CHECKED = ("the key is in the keyring, and counted at the signed time",)
_FIELDS = {"name", "owner", "public_key", "valid_from", "revoked_at", "reason"}
_HEAD = "# Who may sign, from when, until when. Change it with helpers.Keyring.\n"


class BadKeyring(BadInput):
    """The keyring is not valid, or a change would weaken it."""


class Reason(enum.StrEnum):
    """Why a key was revoked: the reasons of RFC 5280, section 5.3.1, that a key without a certificate can have."""

    SUPERSEDED = "superseded"
    """It was rotated: what it signed before stays good."""
    AFFILIATION_CHANGED = "affiliation-changed"
    """Its owner does something else now: what it signed before stays good."""
    CESSATION_OF_OPERATION = "cessation-of-operation"
    """It is no longer needed: what it signed before stays good."""
    KEY_COMPROMISE = "key-compromise"
    """Somebody else may have it, since an unknown time: nothing it signed is valid, whatever its signed time."""


@dataclass(frozen=True)
class KeyEntry:
    """One key.

    Attributes:
        name: unique in the keyring. owner: who answers for it.
        public_key: in PEM form.
        valid_from: no signature before it counts (UTC, whole seconds).
        revoked_at: no signature at or after it counts; None when the key is not revoked.
        reason: why it is revoked; None when it is not.
    """

    name: str
    owner: str
    public_key: str
    valid_from: dt.datetime
    revoked_at: dt.datetime | None = None
    reason: Reason | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, base64: the ``hint`` of bundles."""
        return fingerprint(self.public_key.encode())

    def refuses(self, signed_at: dt.datetime) -> tuple[Cause, str] | None:
        """Return why a signature of that time does not count, None when it does."""
        if self.reason is Reason.KEY_COMPROMISE:
            return Cause.KEY_COMPROMISED, f"Key {self.name} is compromised: nothing it signed counts, of whatever time."
        if self.revoked_at is not None and signed_at >= self.revoked_at:
            why = f"Key {self.name} was revoked at {_text(self.revoked_at)} ({self.reason})"
            return Cause.KEY_REVOKED, f"{why}; the signature is of {_text(signed_at)}."
        if signed_at < self.valid_from:
            why = f"Key {self.name} is valid from {_text(self.valid_from)} on"
            return Cause.KEY_NOT_YET_VALID, f"{why}; the signature is of {_text(signed_at)}."
        return None

    def __repr__(self) -> str:
        until = f", revoked {_text(self.revoked_at)}: {self.reason}" if self.revoked_at else ""
        return f"KeyEntry({self.name} of {self.owner}, from {_text(self.valid_from)}{until})"


@dataclass(frozen=True)
class Keyring:
    """The keys that count. A change returns a new keyring; `write` keeps it, and the file belongs under review.

    Raises:
        BadKeyring: two keys have one name, one key is there twice, a field is missing or does not fit another.
    """

    keys: tuple[KeyEntry, ...] = ()

    def __post_init__(self) -> None:
        for key in self.keys:
            _check(key)
        for what, found in (("name", [k.name for k in self.keys]), ("key", [k.fingerprint for k in self.keys])):
            if twice := sorted({one for one in found if found.count(one) > 1}):
                raise _bad(
                    f"The {what} {twice[0]} is listed twice", "One entry would undo the revocation of the other."
                )

    @classmethod
    def read(cls, path: StrPath) -> Keyring:
        """Return the keyring in a YAML file.

        Raises:
            BadKeyring: the file is missing or no keyring.
        """
        try:
            raw = yaml_reader.load(Path(path).read_text(encoding="utf-8"), using=_loader())
        except (OSError, UnicodeDecodeError, yaml_reader.InvalidYaml) as error:
            raise _bad(f"{Path(path).name} cannot be read", str(error)) from None
        if not isinstance(raw, dict) or set(raw) != {"version", "keys"} or not isinstance(raw["keys"], list):
            raise _bad(f"{Path(path).name} is not a keyring", "It needs the fields version and keys (a list).")
        if raw["version"] != VERSION:
            raise _bad(f"{Path(path).name} is of another version", f"{raw['version']!r}, not {VERSION}.")
        return cls(tuple(_entry(one) for one in raw["keys"]))

    def write(self, path: StrPath) -> Path:
        """Write the keyring to a file, at once or not at all, and return its path."""
        target = Path(path)
        keys = [{name: _plain(getattr(key, name)) for name in KeyEntry.__dataclass_fields__} for key in self.keys]
        content = {"version": VERSION, "keys": [{k: v for k, v in key.items() if v is not None} for key in keys]}
        write_atomic(target, _HEAD + yaml_reader.dump(content, using=_dumper()))
        return target

    def add(self, key: KeyPair | StrPath, *, name: str, owner: str, valid_from: dt.datetime | None = None) -> Keyring:
        """Return a keyring with one key more.

        Args:
            key: a key pair, or a file with a public key.
            valid_from: default: now.

        Raises:
            BadKeyring: there is no such public key, or the keyring has its name or the key already.
        """
        path = Path(key.public if isinstance(key, KeyPair) else key)
        try:
            public = path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise _bad(f"The key {path.name} cannot be read", str(error)) from None
        return Keyring((*self.keys, KeyEntry(name, owner, public, _whole(valid_from or _now()))))

    def revoke(self, name: str, *, reason: Reason | str, at: dt.datetime | None = None) -> Keyring:
        """Return a keyring in which a key is revoked; a revocation can only be made stricter.

        Args:
            at: signatures of this second or later do not count; default: now.

        Raises:
            BadKeyring: there is no such key, the reason is unknown, or it was revoked earlier or as compromised.
        """
        old = next((key for key in self.keys if key.name == name), None)
        if old is None:
            raise _bad(f"There is no key {name}", f"The keyring has: {', '.join(k.name for k in self.keys) or 'none'}.")
        when, why = _whole(at or _now()), _reason(reason)
        if old.revoked_at and (when > old.revoked_at or old.reason is Reason.KEY_COMPROMISE is not why):
            raise _bad(f"Key {name} is revoked already", f"At {_text(old.revoked_at)}, {old.reason}: that stays.")
        new = replace(old, revoked_at=when, reason=why)
        return Keyring(tuple(new if key is old else key for key in self.keys))

    def find(self, fingerprint: str) -> KeyEntry | None:
        """Return the key with a fingerprint, None when it is not in the keyring."""
        return next((key for key in self.keys if key.fingerprint == fingerprint), None)

    def verify_blob(
        self, cosign: Cosign, file: StrPath, *, roots: StrPath, bundle: StrPath | None = None
    ) -> Verification:
        """Verify that a file was signed with one of the keys while it counted.

        Args:
            roots: trusted root with the timestamp authority that is believed (`Cosign.trusted_root`).
            bundle: default: ``FILE.sigstore.json``.

        Raises:
            CannotVerify: there is no answer.
        """
        path = cosign.workdir / (bundle if bundle is not None else f"{file}.sigstore.json")
        return self._judge_file(
            path, Path(file).name, lambda key: cosign.verify_blob(file, key=key, bundle=path, roots=roots)
        )

    def verify_blob_attestation(
        self, cosign: Cosign, file: StrPath, *, type: str, roots: StrPath, bundle: StrPath | None = None
    ) -> Verification:
        """Verify a statement of *type* about a file. See `verify_blob`; default: ``FILE.attestation.json``."""
        path = cosign.workdir / (bundle if bundle is not None else f"{file}.attestation.json")
        return self._judge_file(
            path,
            Path(file).name,
            lambda key: cosign.verify_blob_attestation(file, key=key, type=type, bundle=path, roots=roots),
        )

    def verify(self, cosign: Cosign, reference: str, *, roots: StrPath) -> Verification:
        """Verify that an image was signed with one of the keys while it counted; one such signature is enough.

        Args:
            reference: a tag is resolved; ``digest`` of the result says to what.

        Raises:
            RegistryError: the registry is away or has no such image. CannotVerify: there is no other answer.
        """
        return self._image(cosign, reference, SIGN_TYPE, roots)

    def verify_attestation(self, cosign: Cosign, reference: str, *, type: str, roots: StrPath) -> Verification:
        """Verify a statement of *type* about an image. See `verify`."""
        return self._image(cosign, reference, type, roots)

    def _image(self, cosign: Cosign, reference: str, type: str, roots: StrPath) -> Verification:
        exact = f"{reference.partition('@')[0]}@{Crane(cosign.workdir).digest(reference)}"
        beside = cosign.bundles(exact)
        found: Verification = Refused(
            reference, Cause.NO_SIGNATURE, "No signature is attached to the image.", "", _CHECKED
        )
        if beside:
            found = Refused(
                reference, Cause.WRONG_TYPE, "Nothing attached to it is of the type asked for.", "", _CHECKED
            )
        for bundle in beside:
            if bundle.predicate_type != type:
                continue

            def verify(key: Path, bundle: Bundle = bundle) -> Verification:
                return cosign.verify_image_bundle(exact, bundle, key=key, type=type, roots=roots)

            found = self._judge(bundle.hint, reference, verify)
            if found.verified:
                return found
        return found

    def _judge_file(self, bundle: Path, subject: str, verify: Callable[[Path], Verification]) -> Verification:
        if not bundle.is_file():
            return Refused(subject, Cause.NO_SIGNATURE, f"There is no bundle {bundle.name}.", "", _CHECKED)
        try:
            return self._judge(Bundle.read(bundle).hint, subject, verify)
        except MalformedBundle as error:
            return Refused(subject, Cause.MALFORMED_BUNDLE, f"{error.what}: {error.why}", "", _CHECKED)

    def _judge(self, hint: str, subject: str, verify: Callable[[Path], Verification]) -> Verification:
        """Judge a signature; *hint* only chooses the key: that it really signed is what cosign then verifies."""
        key = self.find(hint)
        if key is None:
            return Refused(
                subject, Cause.WRONG_KEY, f"Key {hint[:12]}... is not in the keyring.", hint, _CHECKED, _LEFT
            )
        if key.reason is Reason.KEY_COMPROMISE and (refused := key.refuses(key.valid_from)):
            return Refused(subject, *refused, hint, _CHECKED, _LEFT)
        with tempfile.TemporaryDirectory() as aside:
            public = Path(aside) / "key.pub"
            public.write_text(key.public_key)
            found = verify(public)
        if isinstance(found, Refused):
            return found
        if found.signed_at is None:
            return Refused(subject, Cause.NO_TIMESTAMP, "It has no signed time.", hint, _CHECKED, _LEFT)
        if refused := key.refuses(found.signed_at):
            return Refused(subject, *refused, hint, (*found.checked, *_CHECKED), found.not_checked)
        return replace(found, checked=(*found.checked, f"{_CHECKED[0]}: {key.name} of {key.owner}"))


def _entry(raw: Any) -> KeyEntry:
    if not isinstance(raw, dict) or not set(raw) <= _FIELDS or not _FIELDS - set(raw) <= {"revoked_at", "reason"}:
        raise _bad("A key of the keyring is not valid", f"Its fields are: {', '.join(sorted(_FIELDS))}.")
    revoked, reason = raw.get("revoked_at"), raw.get("reason")
    return KeyEntry(
        str(raw["name"]),
        str(raw["owner"]),
        str(raw["public_key"]),
        _time(raw["valid_from"]),
        None if revoked is None else _time(revoked),
        None if reason is None else _reason(reason),
    )


def _check(key: KeyEntry) -> None:
    from cryptography.hazmat.primitives import serialization as ser  # slow to load (0.2 s)

    if not key.name or not key.owner:
        raise _bad("A key of the keyring has no name or no owner", "Each key needs an owner who is responsible for it.")
    try:
        if key.public_key.count("-----BEGIN") != 1:
            raise ValueError("one block in PEM form is needed")
        loaded = ser.load_pem_public_key(key.public_key.encode())
        der = loaded.public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)
    except ValueError as error:
        raise _bad(f"The key {key.name} is not a public key", str(error)) from None
    # One key in two encodings would have two fingerprints, and one of them would miss the revocation.
    if fingerprint(der) != key.fingerprint:
        raise _bad(f"The key {key.name} is encoded unusually", "cosign writes it in another form.")
    if (key.revoked_at is None) != (key.reason is None):
        raise _bad(f"The key {key.name} is half revoked", "revoked_at and reason belong together.")
    if key.revoked_at is not None and key.revoked_at < key.valid_from:
        raise _bad(f"The key {key.name} is revoked before it is valid", "revoked_at comes after valid_from.")


def _time(value: Any) -> dt.datetime:
    try:
        found = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    except ValueError:
        raise _bad(f"{value!r} is not a time", "RFC 3339 is asked for, such as 2026-01-31T12:00:00Z.") from None
    return _whole(found)


def _whole(at: dt.datetime) -> dt.datetime:
    if at.tzinfo is None:
        raise _bad(f"{at} has no time zone", "Without one a time is ambiguous.")
    # Signed times have whole seconds.
    return at.astimezone(dt.UTC).replace(microsecond=0)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _text(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _reason(value: Reason | str) -> Reason:
    try:
        return Reason(value)
    except ValueError:
        raise _bad(f"{value!r} is not a reason", f"Known are: {', '.join(Reason)}.") from None


def _plain(value: Any) -> str | None:
    if isinstance(value, dt.datetime):
        return _text(value)
    return None if value is None else str(value)


def _loader() -> Any:
    class Loader(yaml_reader.loader()):  # type: ignore[misc]
        """Refuses a name that is there twice: which one counts would be up to the reader."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            names = [self.construct_object(name, deep=True) for name, _ in node.value]
            if len({str(name) for name in names}) != len(names):
                raise yaml_reader.InvalidYaml(f"A field is given twice, after line {node.start_mark.line + 1}.")
            return super().construct_mapping(node, deep)

    return Loader


def _dumper() -> Any:
    import yaml  # 11 ms

    class Dumper(yaml.SafeDumper):
        """Writes keys over several lines as such."""

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return Dumper


def _bad(what: str, why: str) -> BadKeyring:
    return BadKeyring(what, why=why, next="Correct the keyring; git log -p shows who changed it last.")

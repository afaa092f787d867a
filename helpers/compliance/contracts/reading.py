"""Reads deliverables, whose maker may lie: no link, no special or endless file, JSON with one meaning only."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.compliance.contracts.schemas import Contract, faults
from helpers.compliance.contracts.types import Fault, Unfit, unknown
from helpers.compliance.evidence.keys import Keys
from helpers.core import strict_json, yaml_reader
from helpers.wrappers.cosign import Bundle, CannotVerify, Cosign, MalformedBundle, Refused

#: The most bytes of one deliverable.
MAX_FILE = 64 * 1024 * 1024
#: Beside a signed file.
SIGNATURE = ".sigstore.json"


@dataclass
class Handover:
    """A directory of deliverables that is being judged.

    Attributes:
        root: the directory. contract: by which it is judged. keys: of the verifier, None without any.
        faults, checked, not_checked: what was found so far.
    """

    root: Path
    contract: Contract
    keys: Keys | None
    faults: list[Fault] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    def content(self, path: str) -> bytes:
        """Return a file's content.

        Raises:
            Unfit: it is missing, a link, not a file, too large, or cannot be read.
        """
        way = self.root
        try:
            for part in Path(path).parts:
                way = way / part
                if way.is_symlink():
                    raise Unfit(Fault("link", path, "It is a link", "What it leads to is not what was handed over."))
            found = way.stat()
            if not stat.S_ISREG(found.st_mode):
                raise Unfit(Fault("not-a-file", path, "It is not a file", next="Put the file itself there."))
            if found.st_size > MAX_FILE:
                raise Unfit(Fault("too-large", path, f"It has {found.st_size} bytes, {MAX_FILE} are allowed"))
            return way.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            made_by = {one.path: one.made_by for one in self.contract.deliverables}.get(path, "")
            raise Unfit(
                Fault("missing-file", path, "It is missing", next=f"Made by: {made_by}." if made_by else "")
            ) from None
        except OSError as error:
            raise Unfit(unknown(path, "It cannot be read", error.strerror or str(error))) from None

    def json(self, path: str) -> dict[str, Any]:
        """Return the object in a JSON file.

        Raises:
            Unfit: as `content`, or it is not JSON with one meaning.
        """
        return parsed(path, self.content(path))

    def yaml(self, path: str) -> Any:
        """Return the data in a YAML file, with text for keys.

        Raises:
            Unfit: as `content`, or it is not YAML.
        """
        try:
            return _plain(yaml_reader.load(self.content(path).decode("utf-8")))
        except RecursionError:
            raise Unfit(
                Fault("not-yaml", path, "It is not YAML of a tree", "An alias in it stands for itself.")
            ) from None
        except (UnicodeDecodeError, yaml_reader.InvalidYaml) as error:
            raise Unfit(Fault("not-yaml", path, "It is not YAML", " ".join(str(error).split())[:300])) from None

    def fits(self, schema: str, data: Any, where: str) -> bool:
        """Say whether data keep a schema; what does not goes to the faults."""
        found = faults(self.contract.name, schema, data, where)
        self.faults += found
        return not found

    def signed(self, path: str) -> None:
        """Verify the signature beside a file with the keys of the verifier.

        Raises:
            Unfit: as `content`.
        """
        self.content(path)
        self.content(path + SIGNATURE)
        signers = dict(self.keys.signers()) if self.keys else {}
        if not signers:
            self.faults.append(unknown(path, "Its signature was not verified", "The keys name nobody in signers/."))
            return
        try:
            hint = Bundle.read(self.root / (path + SIGNATURE)).hint
        except MalformedBundle as error:
            self.faults.append(Fault("signature", path + SIGNATURE, error.what, error.why, "Sign the file again."))
            return
        if hint not in signers:
            why = f"It names the key {hint[:12] or '(none)'}; the keys of the verifier have {len(signers)} others."
            self.faults.append(
                Fault("wrong-signer", path, "It is not signed by a known key", why, "Sign it with yours.")
            )
            return
        try:
            answer = Cosign(self.root).verify_blob(path, key=signers[hint], bundle=path + SIGNATURE)
        except CannotVerify as error:
            self.faults.append(unknown(path, error.what, error.why, error.next))
            return
        if isinstance(answer, Refused):
            why = answer.reason.splitlines()[0]
            self.faults.append(
                Fault(f"signature-{answer.cause.value}", path, "Its signature is refused", why, "Sign it again.")
            )
            return
        self.checked.append(f"the signature of {path}, by {signers[hint].stem}")


def parsed(where: str, raw: bytes) -> dict[str, Any]:
    """Return the object in a JSON text.

    Raises:
        Unfit: it is not JSON with one meaning.
    """
    try:
        return strict_json.load(raw, limit=MAX_FILE)
    except strict_json.BadJson as error:
        raise Unfit(Fault("not-json", where, "It is not JSON with one meaning", str(error)[:300])) from None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value

"""The consumer's own check of a module: by a key that the consumer holds, before Terraform installs it.

The registry verifies, too; but whoever owns the registry's disk owns its keys and its verdict as well.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.clients.registry import Registry
from helpers.clients.registry.errors import Tampered
from helpers.compliance.module_rules import archive, rules
from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath
from helpers.wrappers.cosign import Cosign
from helpers.wrappers.terraform.config import REGISTRY_HOST


@dataclass(frozen=True)
class ModuleVerdict:
    """What a consumer knows of a version: ``verified`` is true only when all that was asked for is.

    Attributes:
        module, version: which. digest: SHA-256 of the archive, hex; empty when there was none to look at.
        reason: why it is refused; empty when it is verified. installed: directories of Terraform that were compared.
    """

    module: str
    version: str
    verified: bool
    digest: str = ""
    reason: str = ""
    installed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verified

    def text(self) -> str:
        """Return the verdict for a person."""
        if not self.verified:
            return f"{self.module} {self.version} is refused: {self.reason}"
        compared = f" Installed and unchanged: {', '.join(self.installed)}." if self.installed else ""
        return f"{self.module} {self.version} is what the holder of the key signed (SHA-256 {self.digest}).{compared}"

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready data."""
        return asdict(self)

    def __repr__(self) -> str:
        return f"ModuleVerdict({self.text()})"


def verify_module(
    module: str, version: str, *, key: StrPath, registry: Registry | None = None, installed: StrPath | None = None
) -> ModuleVerdict:
    """Fetch a version and its signature from the registry, and verify them with cosign and a key of your own.

    Who may lie: the registry, in everything that it says.

    Args:
        module: ``NAMESPACE/NAME/PROVIDER``, the registry's host in front or not. version: exact.
        key: the publisher's public key, as you got it from the publisher, not from the registry.
        registry: by default the one on this machine.
        installed: a root module after ``terraform init``: what was installed of the module must be this archive, file
            by file.

    Raises:
        BadInput: there is no such key or root, or nothing of the module is installed there.
        CannotVerify: cosign gives no answer. RegistryNotFound, RegistryUnreachable, NoPermission: there is no archive.
    """
    public = Path(key).expanduser().absolute()
    if not public.is_file():
        raise BadInput(f"There is no key {public.name}", why="Ask the publisher.", next="--key keys/cosign.pub")
    address = module.removeprefix(f"{REGISTRY_HOST}/")
    try:
        package, bundle = (registry or Registry.local()).fetch(address, version)
    except Tampered as error:
        return ModuleVerdict(address, version, False, reason=f"{error.what}.")
    with tempfile.TemporaryDirectory(prefix="verify-") as name:
        room = Path(name)
        (room / "archive").write_bytes(package)
        (room / "bundle").write_bytes(bundle)
        (room / "key.pub").write_bytes(public.read_bytes())
        verdict = Cosign(room).verify_blob("archive", key="key.pub", bundle="bundle")
    digest = hashlib.sha256(package).hexdigest()
    if not verdict:
        return ModuleVerdict(address, version, False, digest, verdict.reason.splitlines()[0])
    try:
        # A good signature of another module, or of an older version, must not pass for this one.
        named = _named(files := archive.unpack(package), address, version)
    except archive.BadArchive as error:
        named, files = f"Its archive cannot be opened: {error.problem.what}", {}
    places = _installed(Path(installed), address, version) if installed is not None and not named else {}
    for place, path in places.items():
        if changed := _differences(path, files):
            named = f"What is installed in {place} is not what was signed: {', '.join(changed[:5])}."
    return ModuleVerdict(address, version, not named, digest, named, tuple(places) if not named else ())


def _named(files: dict[str, bytes], address: str, version: str) -> str:
    """Return how the archive's own manifest and changelog disagree with what was asked for; nothing when they agree."""
    shown, problems = rules.check(files, address, version, {})
    wrong = [p.what for p in problems if p.rule in ("manifest", "changelog")]
    return f"What was signed is another module or version. {wrong[0]}" if wrong else "" if shown else "It is empty."


def _installed(root: Path, address: str, version: str) -> dict[str, Path]:
    """Return the directories in which Terraform installed the module, as named in its own list."""
    try:
        listed = json.loads((root / ".terraform/modules/modules.json").read_text())["Modules"]
        found = {
            str(m["Dir"]): root / str(m["Dir"])
            for m in listed
            if str(m.get("Source", "")).split("//")[0] == f"{REGISTRY_HOST}/{address}" and m.get("Version") == version
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        found = {}
    if not found:
        raise BadInput(
            f"{address} {version} is not installed in {root.name}",
            why="Terraform's list of modules does not name it.",
            next=f"terraform -chdir={root.name} init",
        )
    return found


def _differences(directory: Path, files: dict[str, bytes]) -> list[str]:
    there = {p.relative_to(directory).as_posix(): p for p in directory.rglob("*") if p.is_symlink() or not p.is_dir()}
    return sorted(
        name
        for name in there.keys() | files.keys()
        if name not in there or there[name].is_symlink() or there[name].read_bytes() != files.get(name)
    )

"""The platform that builds module packages in Lab 3, and says so: provenance signed with a key that is its own.

Whoever starts a build names a directory, a version and a file. What went in, what came out and who built it the
platform finds out itself, so a caller cannot state an origin, only have one. That is SLSA's Build L2. It is one
process on your own machine, so its key can be read by whoever may read its directory; Build L3 asks that nothing which
is built can reach the key, or another build.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from helpers.compliance import provenance
from helpers.compliance.evidence import Builder
from helpers.core.errors import BadInput
from helpers.core.files import write_private
from helpers.core.paths import state_dir
from helpers.wrappers.cosign import Cosign, KeyPair
from helpers.wrappers.module_package import members, pack

ID = "https://ci.acme.test/pipeline"
_NAME, _PASSWORD = "pipeline", "pipeline.password"


def builder() -> Builder:
    """Return who builds: the platform's id, its public key, and the kind of build that it does."""
    return Builder(ID, _key().public, (provenance.MODULE_BUILD,))


def build(module: Path, package: Path, *, version: str, timestamp: bool = False) -> Path:
    """Build the package of a module, sign its provenance, and return that bundle: ``PACKAGE.provenance.json``.

    Args:
        module: directory of the module. package: file to write. version: of the module.
        timestamp: have the time signed; needs the service ``sigstore``.

    Raises:
        BadInput: there is no such directory, or it holds no module.
    """
    if not module.is_dir():
        raise BadInput(f"There is no module {module.name}", why="It is not a directory.", next="Write the module.")
    package.write_bytes(pack(module))
    made = provenance.build(
        package,
        materials=[provenance.material(file, uri=file.relative_to(module).as_posix()) for file in members(module)],
        builder=ID,
        parameters={"module": module.name, "version": version},
    )
    bundle = package.with_name(f"{package.name}.provenance.json")
    Cosign(package.parent).attest_blob(
        package.name,
        key=_key(),
        password=(_home() / _PASSWORD).read_text(),
        predicate=made.predicate,
        type=provenance.PROVENANCE,
        bundle=bundle.name,
        timestamp=timestamp,
    )
    return bundle


def _home() -> Path:
    return state_dir() / "build-platform"


def _key() -> KeyPair:
    home = _home()
    if not (home / f"{_NAME}.key").exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        password = secrets.token_urlsafe(24)
        write_private(home / _PASSWORD, password)
        Cosign(home).generate_key_pair(password=password, name=_NAME)
    return Cosign(home).key_pair(name=_NAME)

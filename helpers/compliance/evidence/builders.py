"""Which builder may state where an artifact comes from, and with which key: a list that only a verifier writes.

SLSA asks for more from level to level, and each level names somebody who may no longer lie:

- Build L1: there is provenance. It may say anything.
- Build L2: the build platform signs it, with a key that those who start a build do not have. This is what we check:
  the signer's key must be a builder's, and no key of a builder may be a key that signs artifacts.
- Build L3: the builds of one platform cannot reach the signing key, or each other. That takes isolation (a virtual
  machine for each build); no file shows it, so we do not claim it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.wrappers.cosign.bundle import fingerprint

#: The list, and where its keys are, below the directory of a verifier's keys.
LIST, KEYS = "builders.yaml", "builders"


class BadBuilders(BadInput):
    """The list of builders is not valid."""


@dataclass(frozen=True)
class Builder:
    """Somebody who builds.

    Attributes:
        id: URI, SLSA's ``builder.id``. key: the public key it signs provenance with.
        build_types: URIs of the kinds of build that it may do.
    """

    id: str
    key: Path
    build_types: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the key, as bundles name it; empty when the file is not a public key."""
        return fingerprint(self.key.read_bytes()) if self.key.is_file() else ""


def write(directory: Path, builders: Iterable[Builder]) -> None:
    """Write the list and its keys into a verifier's directory; without a builder nothing is written.

    Raises:
        BadBuilders: two builders have one id or one name of a key.
    """
    listed = tuple(builders)
    if not listed:
        return
    if len({one.id for one in listed}) != len(listed) or len({one.key.name for one in listed}) != len(listed):
        raise _bad("each builder has an id and a key file of its own")
    (directory / KEYS).mkdir()
    rows = []
    for one in listed:
        shutil.copyfile(one.key, directory / KEYS / one.key.name)
        rows.append({"id": one.id, "key": one.key.name, "build_types": list(one.build_types)})
    (directory / LIST).write_text(yaml.safe_dump({"version": 1, "builders": rows}, sort_keys=False), encoding="utf-8")


def read(directory: Path, *, signers: Mapping[str, Path] | None = None) -> tuple[Builder, ...]:
    """Return the builders that a verifier's directory names; none when it has no list.

    Args:
        signers: fingerprint -> key of those who sign artifacts or seal packs. None of them may be a builder's key:
            who releases would then state the origin of the release.

    Raises:
        BadBuilders: the list or a key cannot be read, or a builder has the key of a signer.
    """
    path = directory / LIST
    if not path.is_file():
        return ()
    try:
        raw = yaml_reader.load(path.read_text(encoding="utf-8"))
        found = tuple(_builder(directory / KEYS, one) for one in raw["builders"] if raw["version"] == 1)
    except (OSError, UnicodeDecodeError, yaml_reader.InvalidYaml, KeyError, TypeError, AttributeError) as error:
        raise _bad(f"{type(error).__name__}: {error}") from None
    keys = [one.fingerprint for one in found]
    if not all(keys) or len(set(keys)) != len(keys):
        raise _bad("each builder has a public key of its own")
    if shared := [one.id for one in found if one.fingerprint in (signers or {})]:
        raise _bad(f"{shared[0]} has the key of somebody who signs artifacts or packs: it cannot vouch for an origin")
    return found


def _builder(keys: Path, raw: Any) -> Builder:
    name = str(raw["key"])
    if Path(name).name != name:
        raise _bad(f"{name!r} is not the name of a file")
    return Builder(str(raw["id"]), keys / name, tuple(map(str, raw["build_types"])))


def _bad(why: str) -> BadBuilders:
    return BadBuilders("The list of builders is not valid", why=why, next=f"Correct {LIST} beside the keys.")

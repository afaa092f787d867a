"""Which images must carry whose signature; the service reads it again for each request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from helpers.core.errors import BadInput
from helpers.core.files import write_private
from helpers.wrappers.cosign import Identity

#: File in the data directory of the service.
FILE = "policy.json"


class BadPolicy(BadInput):
    """The policy is not valid."""


@dataclass(frozen=True)
class Rule:
    """Images that one key vouches for, or one identity.

    Attributes:
        images: pattern of the repository, such as ``images.acme.test/vision/*``.
        key: the public key, PEM; empty for an identity.
        identity, issuer: who must have signed without a key, and the OIDC issuer that vouches for it.
        roots: the trusted root of an identity, JSON.
    """

    images: str
    key: str = ""
    identity: str = ""
    issuer: str = ""
    roots: str = ""

    def __post_init__(self) -> None:
        given = [bool(part) for part in (self.identity, self.issuer, self.roots)]
        if any(given) == bool(self.key) or any(given) != all(given):
            raise ValueError(f"{self.images}: a rule has a key, or an identity with its issuer and roots")

    def signer(self, folder: Path) -> Path | Identity:
        """Return who must have signed, with the key or the trusted root in a file of *directory*."""
        content = (self.key or self.roots).encode()
        file = folder / f"{hashlib.sha256(content).hexdigest()}.{'pub' if self.key else 'json'}"
        if not file.exists():
            write_private(file, content)
        return file if self.key else Identity(self.identity, self.issuer, file)


@dataclass(frozen=True)
class Policy:
    """All rules, the first that fits an image decides; and where a registry's name is really reached.

    Attributes:
        endpoints: host in an image's name -> ``HOST:PORT``.
    """

    rules: tuple[Rule, ...]
    endpoints: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> Policy:
        """Return the policy in a directory; one without rules, which admits nothing, when there is none.

        Raises:
            BadPolicy: the file is not valid.
        """
        file = folder / FILE
        if not file.exists():
            return cls((), {})
        try:
            raw = json.loads(file.read_text())
            return cls(tuple(Rule(**rule) for rule in raw["rules"]), dict(raw["endpoints"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadPolicy(
                "The policy of image-admission cannot be read",
                why=f"{FILE}: {error}",
                next="ImageAdmission().enforce(...) writes it again.",
            ) from None

    def to_json(self) -> str:
        """Return the text of the file."""
        rules = [{name: value for name, value in asdict(rule).items() if value} for rule in self.rules]
        return json.dumps({"rules": rules, "endpoints": dict(self.endpoints)}, indent=1)

    def rule(self, reference: str) -> Rule | None:
        """Return the rule of an image, by its repository."""
        repository = reference.partition("@")[0]
        head, _, last = repository.rpartition("/")
        repository = f"{head}/{last.partition(':')[0]}" if head else last.partition(":")[0]
        return next((rule for rule in self.rules if fnmatchcase(repository, rule.images)), None)


def images(manifest: Any) -> tuple[str, ...]:
    """Return the images of every container in an object, wherever its pod template is, each once."""
    return tuple(dict.fromkeys(str(one.get("image") or "") for one in _containers(manifest)))


def _containers(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if isinstance(value.get("containers"), list):
            for field in ("containers", "initContainers", "ephemeralContainers"):
                listed = value.get(field)
                yield from (one for one in listed if isinstance(one, Mapping)) if isinstance(listed, list) else ()
        for inner in value.values():
            yield from _containers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _containers(inner)

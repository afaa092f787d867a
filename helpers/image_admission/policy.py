"""Which images must carry whose signature; the service reads it anew for each question."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from helpers.errors import BadInput

#: File in the data folder of the service.
FILE = "policy.json"


class BadPolicy(BadInput):
    """The policy is not valid."""


@dataclass(frozen=True)
class Rule:
    """Images that one key vouches for.

    Attributes:
        images: pattern of the repository, such as ``images.acme.test/vision/*``.
        key: the public key, PEM.
    """

    images: str
    key: str


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
        """Return the policy in a folder; one without rules, which admits nothing, when there is none.

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
                next="ImageAdmission().enforce(...) writes it anew.",
            ) from None

    def to_json(self) -> str:
        """Return the text of the file."""
        rules = [{"images": rule.images, "key": rule.key} for rule in self.rules]
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

"""``gates.yaml``: the one list of gates, which the command line, the Git server's hook and the pipeline all read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from helpers.core import yaml_reader
from helpers.core.verdicts.gates import BadGates, GatesMissing

#: Name of the file, in the root of the repository.
FILE = "gates.yaml"
#: Every gate there is, in the order in which they make sense.
GATES = ("signature", "render", "policy", "kyverno", "image", "secrets")
_KEYS = {
    "version",
    "gates",
    "environments",
    "platform",
    "signers",
    "images",
    "policy",
    "kyverno",
    "secrets",
    "pipeline",
}


@dataclass(frozen=True)
class Settings:
    """What ``gates.yaml`` says. All paths are relative to the repository's root.

    Attributes:
        gates: which gates are asked.
        environments: environment -> patterns of overlay directories. platform: patterns of directories in none.
        signers: the allowed signers file (``ssh-keygen -Y``).
        registry: host that images may come from. image_key: public key their signatures are verified with.
        policy: directory of Rego. data: directory of data for the rules. kyverno: directory of Kyverno policies.
        ignore: patterns of files that are not searched for secrets.
        pipeline: name -> command of the hosted pipeline.
    """

    gates: tuple[str, ...]
    environments: Mapping[str, tuple[str, ...]]
    platform: tuple[str, ...] = ()
    signers: str = "trust/allowed_signers"
    registry: str = ""
    image_key: str = "trust/cosign.pub"
    policy: str = "policy/conftest"
    data: str = "policy/data"
    kyverno: str = "policy/kyverno"
    ignore: tuple[str, ...] = ()
    pipeline: Mapping[str, str] | None = None

    @classmethod
    def read(cls, folder: Path) -> Settings:
        """Return the settings in a directory.

        Raises:
            GatesMissing: there is no ``gates.yaml``. BadGates: it is not valid.
        """
        file = folder / FILE
        if file.is_symlink() or not file.is_file():
            raise GatesMissing(
                f"The repository has no {FILE}",
                why="It says which gates a change passes.",
                next=f"Add {FILE} to the repository's root and commit it.",
            )
        try:
            return cls.parse(file.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise _bad(f"it is not text: {error.reason}") from None

    @classmethod
    def parse(cls, text: str) -> Settings:
        """Return the settings in the text of ``gates.yaml``.

        Raises:
            BadGates: it is not valid; an unknown field is an error, as a misspelt one would open a gate.
        """
        try:
            raw = yaml_reader.load(text)
        except yaml_reader.InvalidYaml as error:
            raise _bad(str(error)) from None
        raw = _mapping(raw, "the file", _KEYS)
        if raw.get("version") != 1:
            raise _bad("version: 1 is the only one there is")
        gates = _texts(raw.get("gates"), "gates")
        if not gates or len(set(gates)) != len(gates) or set(gates) - set(GATES):
            raise _bad(f"gates lists some of {', '.join(GATES)}, each once; it has {', '.join(gates) or 'none'}")
        environments = _mapping(raw.get("environments"), "environments")
        images = _mapping(raw.get("images"), "images", {"registry", "key"})
        policy = _mapping(raw.get("policy"), "policy", {"rules", "data"})
        secrets = _mapping(raw.get("secrets"), "secrets", {"ignore"})
        found = cls(
            gates=gates,
            environments={name: _texts(value, f"environments.{name}") for name, value in environments.items()},
            platform=_texts(raw.get("platform"), "platform"),
            signers=_path(raw.get("signers"), cls.signers),
            registry=str(images.get("registry") or ""),
            image_key=_path(images.get("key"), cls.image_key),
            policy=_path(policy.get("rules"), cls.policy),
            data=_path(policy.get("data"), cls.data),
            kyverno=_path(raw.get("kyverno"), cls.kyverno),
            ignore=_texts(secrets.get("ignore"), "secrets.ignore"),
            pipeline={k: str(v).strip() for k, v in _mapping(raw.get("pipeline"), "pipeline").items()},
        )
        if not found.environments and not found.platform:
            raise _bad("environments and platform name no directory to judge")
        for pattern in (*(p for patterns in found.environments.values() for p in patterns), *found.platform):
            _path(pattern, "")
        return found


def _bad(why: str) -> BadGates:
    return BadGates(f"{FILE} is not valid", why=why, next=f"Correct {FILE}.")


def _mapping(value: Any, name: str, keys: set[str] | None = None) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _bad(f"{name} is not a mapping of names")
    if keys is not None and (strange := sorted(set(value) - keys)):
        raise _bad(f"{name} has unknown fields: {', '.join(strange)}; known are {', '.join(sorted(keys))}")
    return value


def _texts(value: Any, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        raise _bad(f"{name} is not a list of strings")
    return tuple(value)


def _path(value: Any, otherwise: str) -> str:
    if value is None:
        return otherwise
    path = PurePosixPath(str(value))
    if not isinstance(value, str) or not value or path.is_absolute() or ".." in path.parts or ".git" in path.parts:
        raise _bad(f"{value!r} is not a path inside the repository")
    return str(path)

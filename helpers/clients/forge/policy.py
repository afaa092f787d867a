"""What a repository asks of a change before it may land: the policy file ``forge.yaml`` in its bare directory."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.core import yaml_reader
from helpers.core.errors import BadInput

#: What a break-glass may go without. A trusted signature, a straight history and the scan for secrets it never may.
WAIVABLE = ("approval", "gates")
_PATTERN = re.compile(r"[A-Za-z0-9_*][A-Za-z0-9._/*+-]{0,199}")
_GATE = re.compile(r"[a-z][a-z0-9-]{0,31}")


class BadPolicy(BadInput):
    """A repository's policy says something that the forge does not understand; it is never guessed at."""

    code = "bad-policy"


@dataclass(frozen=True)
class Policy:
    """The rules of one repository.

    Attributes:
        protected: branches (or patterns such as ``release/*``) behind the change gate.
        approvals: how many other people must approve the very commit that lands.
        gates: whether the gates run. Each that the repository's ``gates.yaml`` asks must then say ``passed``.
        required: gates that must say so even if ``gates.yaml`` does not ask them. ignored: gates that do not count;
            ``release`` stands for those of a tag that releases a module.
        break_glass: what a break-glass goes without: ``approval``, ``gates``.
    """

    protected: tuple[str, ...] = ("main",)
    approvals: int = 1
    gates: bool = True
    required: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    break_glass: tuple[str, ...] = ("approval",)

    def protects(self, branch: str) -> bool:
        """Return whether a branch (without ``refs/heads/``) is behind the change gate."""
        return any(fnmatch.fnmatchcase(branch, pattern) for pattern in self.protected)

    def to_dict(self) -> dict[str, Any]:
        """Return it as the policy file has it."""
        return {
            "protected": list(self.protected),
            "approvals": self.approvals,
            "gates": self.gates
            and ({**dict.fromkeys(self.required, True), **dict.fromkeys(self.ignored, False)} or True),
            "break_glass": {"waives": list(self.break_glass)},
        }

    def yaml(self) -> str:
        """Return the text of the policy file."""
        return yaml_reader.dump(self.to_dict())

    @classmethod
    def parse(cls, data: object) -> Policy:
        """Read a policy from what a YAML or JSON file holds; what is left out has its default.

        Raises:
            BadPolicy: an unknown key, or a value of the wrong kind.
        """
        if isinstance(data, Policy):
            data = data.to_dict()
        if not isinstance(data, Mapping):
            raise _bad("it is not a mapping")
        unknown = [str(key) for key in data if key not in ("protected", "approvals", "gates", "break_glass")]
        if unknown:
            raise _bad(f"there is no rule {unknown[0][:40]!r}")
        approvals = data.get("approvals", 1)
        if type(approvals) is not int or not 0 <= approvals <= 10:
            raise _bad("`approvals` is a number from 0 to 10")
        glass = data.get("break_glass", {"waives": ["approval"]})
        if not isinstance(glass, Mapping) or set(glass) - {"waives"}:
            raise _bad("`break_glass` is a mapping with `waives`")
        waives = _names(glass.get("waives", ["approval"]), "break_glass.waives", re.compile("|".join(WAIVABLE)))
        switches = data.get("gates", True)
        named = switches if isinstance(switches, Mapping) else {}
        if not isinstance(switches, bool | Mapping) or not all(isinstance(on, bool) for on in named.values()):
            raise _bad("`gates` is `true`, `false`, or a mapping of gates to `true` and `false`")
        _names(list(named), "gates", _GATE)
        return cls(
            _names(data.get("protected", ["main"]), "protected", _PATTERN),
            approvals,
            switches is not False,
            tuple(n for n, on in named.items() if on),
            tuple(n for n, on in named.items() if not on),
            waives,
        )

    @classmethod
    def load(cls, text: str) -> Policy:
        """Read the text of a policy file.

        Raises:
            BadPolicy: it is not YAML, or see `parse`.
        """
        try:
            return cls.parse(yaml_reader.load(text))
        except yaml_reader.InvalidYaml:
            raise _bad("it is not YAML") from None


def _names(value: object, key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) and pattern.fullmatch(v) for v in value):
        raise _bad(f"`{key}` is a list of names")
    return tuple(dict.fromkeys(value))


def _bad(why: str) -> BadPolicy:
    example = "{protected: [main], approvals: 1, gates: {image: false}, break_glass: {waives: [approval]}}"
    return BadPolicy("The policy cannot be understood", why=f"In it, {why}.", next=f"For example {example}")

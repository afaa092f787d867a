"""Finds the rule behind a policy result, as Conftest names the rule but not its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = re.compile(r"^package\s+([\w.]+)", re.MULTILINE)
_HEAD = re.compile(r"^(?:default\s+)?([a-zA-Z_]\w*)\b")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`')
_JUDGES = re.compile(r"(?:deny|violation|warn)(?:_\w+)?")
#: ``deny contains msg if``; also ``deny := {m | ...}`` and ``deny := [m | ...]``.
_SET = re.compile(r"\s+contains\b|\s*:?=\s*(?:[{\[](?!\s*\"[^\"]*\"\s*:)|set\(\))")
#: What sprintf puts a value in for.
_VERB = re.compile(r"%[-+# 0-9.]*[a-zA-Z]")


@dataclass(frozen=True)
class Rule:
    """One rule of a policy file: where it starts, its first line, and the strings in it."""

    package: str
    name: str
    file: str
    line: int
    strings: tuple[str, ...]
    head: str = ""

    @property
    def judges(self) -> bool:
        """Whether Conftest reads its messages: deny, violation or warn, also ``deny_...``."""
        return bool(_JUDGES.fullmatch(self.name))

    @property
    def gives_messages(self) -> bool:
        """Whether its value is a set or a list; what is true, or an object, Conftest takes for nothing to object to."""
        return bool(_SET.match(self.head[len(self.name) :]))

    def fit(self, msg: str) -> int:
        """Return how many characters of *msg* a string of the rule explains; 0 when none can have made it."""
        return max((_explained(string, msg) for string in self.strings), default=0)


def _explained(template: str, msg: str) -> int:
    parts = _VERB.split(template)
    made = re.fullmatch(".*".join(map(re.escape, parts)), msg, re.DOTALL)
    return sum(map(len, parts)) if made else 0


def rules_in(directories: Iterable[Path]) -> list[Rule]:
    """Return the rules of all policy files below *directories*; unreadable files are left out."""
    found: list[Rule] = []
    for directory in directories:
        files = [directory] if directory.is_file() else sorted(directory.rglob("*.rego"))
        for file in files:
            try:
                found += _rules(file)
            except (OSError, UnicodeDecodeError):
                continue
    return found


def _rules(file: Path) -> list[Rule]:
    source = file.read_text(encoding="utf-8")
    package = _PACKAGE.search(source)
    lines = source.splitlines()
    heads = [(n, m[1]) for n, line in enumerate(lines, 1) if (m := _HEAD.match(line)) and m[1] not in _NO_RULE]
    # A file without any rule has no head, and so no end either.
    ends = [*(n for n, _ in heads[1:]), len(lines) + 1][: len(heads)]
    return [
        Rule(
            package[1] if package else "",
            name,
            str(file),
            start,
            _strings("\n".join(lines[start - 1 : end - 1])),
            lines[start - 1].removeprefix("default").strip(),
        )
        for (start, name), end in zip(heads, ends, strict=True)
    ]


_NO_RULE = {"package", "import", "else"}


def _strings(text: str) -> tuple[str, ...]:
    code = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    return tuple(m[1] if m[1] is not None else m[2] for m in _STRING.finditer(code))


def place(rules: Iterable[Rule], package: str, name: str, msg: str) -> tuple[str, int] | None:
    """Return file and line of the rule that most likely said *msg*: of those of that name, the best fitting."""
    named = [rule for rule in rules if rule.package == package and rule.name == name]
    best = max(named, key=lambda rule: rule.fit(msg), default=None)
    return (best.file, best.line) if best else None

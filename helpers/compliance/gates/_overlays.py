"""Which directories a change has to be rendered for, and where in the sources an object comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.compliance.gates.settings import Settings
from helpers.core import yaml_reader
from helpers.wrappers.kustomize import KUSTOMIZATION_FILES

#: How far kustomizations may refer to one another.
_DEEP = 20


@dataclass(frozen=True)
class Overlay:
    """A directory that is rendered. *environment*: empty for what belongs to none; *directories*: all it is made of."""

    path: str
    environment: str
    directories: frozenset[str]

    def touched_by(self, changed: frozenset[str]) -> bool:
        """Say whether one of the changed files is in a directory it is made of, or below."""
        return any(f == directory or f.startswith(f"{directory}/") for f in changed for directory in self.directories)


def overlays(root: Path, settings: Settings) -> tuple[Overlay, ...]:
    """Return every directory that the settings name, each once."""
    named: dict[str, str] = {}
    for environment, patterns in (*settings.environments.items(), ("", settings.platform)):
        for pattern in patterns:
            for directory in sorted(root.glob(pattern)):
                if directory.is_dir():
                    named.setdefault(str(directory.relative_to(root)), environment)
    return tuple(
        Overlay(path, environment, frozenset(_directories(root, root / path))) for path, environment in named.items()
    )


def _directories(root: Path, directory: Path, depth: int = 0) -> set[str]:
    """Return the directories that a kustomization is made of.

    Every text in it that names a directory counts, whatever field it is in: too many is safe, too few is not. Files
    need no look, as Kustomize loads none from outside a kustomization's own directory.
    """
    inside = directory.resolve()
    if not inside.is_relative_to(root.resolve()) or depth > _DEEP:
        return set()
    found = {str(inside.relative_to(root.resolve()))}
    for text in _texts(_kustomization(directory)):
        if len(text) < 500 and "\0" not in text and "\n" not in text and (directory / text).is_dir():
            found |= _directories(root, directory / text, depth + 1)
    return found


def _kustomization(directory: Path) -> Any:
    for name in KUSTOMIZATION_FILES:
        if (directory / name).is_file():
            try:
                return yaml_reader.load((directory / name).read_text(encoding="utf-8", errors="replace"))
            except yaml_reader.InvalidYaml:
                # Kustomize will say so, with the line.
                return None
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def links_outside(root: Path) -> list[str]:
    """Return, and take away, the symbolic links that lead out of a checkout: nothing else is read through them."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            found.append(str(path.relative_to(root)))
            path.unlink()
    return found


def unjudged(
    root: Path, changed: frozenset[str], known: tuple[Overlay, ...], exempt: tuple[str, ...]
) -> tuple[str, ...]:
    """Return changed manifests below no directory that is rendered: no gate would look at them."""
    directories = {*exempt, *(directory for overlay in known for directory in overlay.directories)}
    found = []
    for path in sorted(changed):
        file = root / path
        if file.suffix not in (".yaml", ".yml", ".json") or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        manifest = re.search(r"^\W*apiVersion\W", text, re.MULTILINE) and re.search(r"^\W*kind\W", text, re.MULTILINE)
        if manifest and not any(path.startswith(f"{directory}/") for directory in directories):
            found.append(path)
    return tuple(found)


def locate(root: Path, overlay: Overlay, kind: str, name: str, hint: str = "") -> tuple[str, int | None]:
    """Return file and line that an object most likely comes from: a hint in the overlay first, then its definition."""
    own = [f for f in sorted((root / overlay.path).glob("*")) if f.suffix in (".yaml", ".yml") and f.is_file()]
    for file in own if hint else ():
        if (line := _line(file, re.escape(hint))) is not None:
            return str(file.relative_to(root)), line
    directories = sorted(overlay.directories, key=lambda f: (f != overlay.path, f))
    for directory in directories:
        for file in sorted((root / directory).glob("*")):
            if file.suffix in (".yaml", ".yml") and file.is_file() and _defines(file, kind, name):
                return str(file.relative_to(root)), _line(file, rf"kind:\s*{re.escape(kind)}\b")
    return f"{overlay.path}/kustomization.yaml", None


def _defines(file: Path, kind: str, name: str) -> bool:
    text = file.read_text(encoding="utf-8", errors="replace")
    # Generated names end in a hash; what is there for sure is the kind.
    named = re.search(rf"name:\s*[\"']?{re.escape(name)}[\"']?\s*$", text, re.MULTILINE)
    return bool(named and re.search(rf"^kind:\s*{re.escape(kind)}\s*$", text, re.MULTILINE))


def _line(file: Path, pattern: str) -> int | None:
    text = file.read_text(encoding="utf-8", errors="replace")
    found = re.search(pattern, text)
    return text.count("\n", 0, found.start()) + 1 if found else None

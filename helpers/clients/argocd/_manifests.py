"""Reads what Argo CD's API takes: Application, AppProject and ApplicationSet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.core.errors import BadInput

#: Projects first: an application names its project.
KINDS = ("AppProject", "ApplicationSet", "Application")

Manifest = str | Path | Mapping[str, Any] | Sequence[Mapping[str, Any]]


def read(manifest: Manifest) -> list[dict[str, Any]]:
    """Return the objects of YAML text, a file, a directory of ``*.yaml`` files, or dictionaries; projects first.

    Raises:
        BadInput: it is not YAML, has no object, or one of a kind that Argo CD's API does not take.
    """
    found = [dict(item) for item in _objects(manifest) if item is not None]
    if not found:
        raise BadInput("There is nothing to apply", why="The manifest has no object.", next="Write one, with a kind.")
    for item in found:
        kind, name = item.get("kind"), (item.get("metadata") or {}).get("name")
        if kind not in KINDS or not str(item.get("apiVersion", "")).startswith("argoproj.io/"):
            raise BadInput(
                f"Argo CD's API does not take {kind or 'an object without a kind'}",
                why=f"It takes {', '.join(KINDS)} of argoproj.io.",
                next="Put it into Git, where Argo CD applies it; or Cluster().apply(...) for the cluster itself.",
            )
        if not isinstance(name, str) or not name:
            raise BadInput(f"The {kind} has no name", why="metadata.name is missing.", next="Give it one.")
    return sorted(found, key=lambda item: KINDS.index(item["kind"]))


def _objects(manifest: Manifest) -> Iterable[Any]:
    if isinstance(manifest, Mapping):
        return [manifest]
    if isinstance(manifest, str):
        return _parsed(manifest, "the manifest")
    if isinstance(manifest, Path):
        return _of_path(manifest)
    if isinstance(manifest, Sequence):
        return manifest
    raise BadInput(
        f"{type(manifest).__name__} is not a manifest",
        why="It is YAML text, a Path or a dict.",
        next="argo.apply(Path(...))",
    )


def _of_path(path: Path) -> Iterable[Any]:
    files = sorted(file for suffix in ("*.yaml", "*.yml") for file in path.rglob(suffix)) if path.is_dir() else [path]
    try:
        return [item for file in files for item in _parsed(file.read_text(encoding="utf-8"), file.name)]
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "It is not text."
        raise BadInput(f"Cannot read {path.name}", why=str(why), next="Look at the path.") from None


def _parsed(text: str, name: str) -> list[Any]:
    try:
        found = yaml_reader.load_all(text)
    except yaml_reader.InvalidYaml as error:
        raise BadInput(f"{name} is not YAML", why=str(error), next="Correct it there.") from None
    for item in found:
        if item is not None and not isinstance(item, dict):
            why = f"It is {type(item).__name__}, not an object with apiVersion, kind and metadata."
            raise BadInput(f"{name} holds no manifest", why=why, next="Path(...) for a file; text is taken as YAML.")
    return found

"""Reads manifests from outside: YAML text, files, directories, dictionaries. What is wrong is said with its line.

YAML is read as Kubernetes' own tools read it, into JSON data: dates stay text, and what JSON cannot hold is refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.clients.kubernetes.types import Object, Ref, reveal, without_server_fields
from helpers.core import yaml_reader
from helpers.core.errors import BadInput

if TYPE_CHECKING:
    from yaml import Node

#: What `read` accepts.
Manifests = str | Path | Object | Mapping[str, Any] | Sequence["str | Path | Object | Mapping[str, Any]"]

#: Limits that no honest manifest reaches; the API server itself takes 3 MB an object.
MAX_BYTES, MAX_NODES, MAX_DEPTH = 16_000_000, 500_000, 100
_SUFFIXES = (".yaml", ".yml", ".json")
_FORBIDDEN_SIGNS = frozenset("/%?#\\")


@dataclass(frozen=True)
class Manifest:
    """One object to apply, and where it was written: ``web.yaml, line 12``."""

    raw: dict[str, Any]
    place: str = ""

    @property
    def ref(self) -> Ref:
        """The object's name."""
        return Ref.of(self.raw)


def read(manifests: Manifests) -> tuple[Manifest, ...]:
    """Return the objects of *manifests*, in their order; the items of a ``List`` one by one.

    Raises:
        BadInput: it is not YAML, no Kubernetes object, or there is none at all. Nothing was sent.
    """
    found = tuple(_read(manifests))
    if not found:
        raise _bad("There is no manifest", "Every document is empty.", "Write apiVersion, kind and metadata.name.")
    return found


def _read(manifests: Any) -> Iterator[Manifest]:
    if isinstance(manifests, Path):
        yield from _from_path(manifests)
    elif isinstance(manifests, str):
        yield from parse(manifests)
    elif isinstance(manifests, Object):
        yield Manifest(_checked(without_server_fields(reveal(manifests.raw)), ""))
    elif isinstance(manifests, Mapping):
        yield from _objects(_plain(manifests), "")
    elif isinstance(manifests, Sequence) and not isinstance(manifests, bytes):
        for item in manifests:
            yield from _read(item)
    else:
        next = "Give YAML text, a Path, a dict, or a list of these."
        raise _bad("These are not manifests", f"It is a {type(manifests).__name__}.", next)


def _from_path(path: Path) -> Iterator[Manifest]:
    path = path.expanduser()
    if path.is_dir():
        if any((path / name).exists() for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")):
            next = "Render it first: apply(Kustomize(directory).build(path).manifests)"
            raise _bad(f"{path.name} is a directory for Kustomize", "Its files are pieces, not whole objects.", next)
        files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.is_file())
        if not files:
            raise _bad(
                f"There is no manifest in {path.name}", f"No {', '.join(_SUFFIXES)} file.", "Name the directory."
            )
        for file in files:
            yield from _from_path(file)
        return
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _bad(f"{path.name} is too large", f"More than {MAX_BYTES // 1_000_000} MB.", "Split it.")
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(f"{path.name} is not text", f"Byte {error.start} is not UTF-8.", "Save it as UTF-8.") from None
    except OSError as error:
        raise _bad(f"{path.name} cannot be read", error.strerror or "", "Look at the path.") from None
    yield from parse(text, path.name)


def parse(text: str, source: str = "") -> Iterator[Manifest]:
    """Yield the objects of YAML (or JSON) text; *source* names the file in messages.

    Raises:
        BadInput: as `read`.
    """
    if len(text) > MAX_BYTES:
        raise _bad("The manifests are too large", f"More than {MAX_BYTES // 1_000_000} MB.", "Split them.")
    for node, data in _documents(text, source):
        place = _place(source, node.start_mark.line)
        if data is None:
            continue
        if not isinstance(data, dict):
            why = f"The document is {_sort(data)}, not a mapping of apiVersion, kind and metadata."
            next = f'Path("{data}")' if isinstance(data, str) and data.endswith(_SUFFIXES) else "Correct it."
            raise _bad(f"No Kubernetes object{_at(place)}", why, next)
        yield from _objects(data, place)


def _documents(text: str, source: str) -> Iterator[tuple[Node, Any]]:
    """Yield each document as node and data; all of it is checked before any of it is used."""
    # PyYAML is loaded with the first manifest: who only reads a cluster needs none (11 ms).
    import yaml

    loader = _loader()
    try:
        _check_depth(text, source)
        nodes = [node for node in yaml.compose_all(text, Loader=loader) if node is not None]
        for node in nodes:
            _Check(source).node(node)
        # Construction needs a loader of its own; the text of it is not read again.
        maker = loader("")
        try:
            made = [(node, maker.construct_document(node)) for node in nodes]
        finally:
            maker.dispose()
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, text, source) from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n")
        why = f"It has a character that YAML does not allow: {error.reason}."
        raise _bad(f"Not YAML{_at(_place(source, line))}", why, "Remove it.") from None
    except (ValueError, LookupError) as error:
        raise _bad(f"Not YAML{_at(source)}", str(error), "Correct it.") from None
    yield from made


@cache
def _loader() -> Any:
    """Return YAML's safe loader, without what JSON and Kubernetes do not know: dates, and 1:30 as a number."""

    class Loader(yaml_reader.loader()):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, Any]

    without = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
    Loader.yaml_implicit_resolvers = {
        sign: [(tag, pattern) for tag, pattern in pairs if tag not in without]
        for sign, pairs in Loader.yaml_implicit_resolvers.items()
    }
    number = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$")
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", number, list("-+0123456789"))
    finite = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"
    floating = re.compile(finite + r"|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$")
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", floating, list("-+0123456789."))
    Loader.add_constructor("tag:yaml.org,2002:float", _float)
    return Loader


def _float(loader: Any, node: Any) -> float:
    text = str(loader.construct_scalar(node)).replace("_", "").lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


def _check_depth(text: str, source: str) -> None:
    """Refuse text nested so deeply that reading it would exhaust the stack; events come without recursion."""
    # As in `_documents`.
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                place = _place(source, event.start_mark.line) if event.start_mark else source
                raise _bad(f"Nested too deeply{_at(place)}", f"More than {MAX_DEPTH} levels.", "Flatten it.")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Check:
    """Walks one document: tags, keys, and the size it has once every alias is written out."""

    tags = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))

    def __init__(self, source: str) -> None:
        self._source = source
        self._sizes: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def node(self, node: Node) -> tuple[int, int]:
        """Return how many nodes *node* stands for and how deep; raise `BadInput` for what no manifest may hold."""
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        if id(node) in self._open:
            raise self._bad(node, "An alias holds itself", "The document would have no end.", "Remove the alias.")
        self._open.add(id(node))
        below = [self.node(child) for child in self._children(node)]
        self._open.discard(id(node))
        size, depth = 1 + sum(s for s, _ in below), 1 + max((d for _, d in below), default=0)
        if size > MAX_NODES or depth > MAX_DEPTH:
            why = f"With its aliases written out it has more than {MAX_NODES} values or {MAX_DEPTH} levels."
            raise self._bad(node, "Too large", why, "Remove the aliases.")
        self._sizes[id(node)] = size, depth
        return size, depth

    def _children(self, node: Any) -> Iterator[Node]:
        if node.tag not in self.tags:
            why = f"The tag {node.tag.replace('tag:yaml.org,2002:', '!!')} has no meaning in JSON."
            raise self._bad(node, "A value that is not JSON", why, "Write plain text, a number, a list or a mapping.")
        if node.id == "sequence":
            yield from node.value
        elif node.id == "mapping":
            yield from self._pairs(node)
        elif node.tag.endswith(":float") and not math.isfinite(_float(_Plain, node)):
            raise self._bad(node, "A value that is not JSON", f"{node.value} is not a number in JSON.", "Quote it.")

    def _pairs(self, node: Any) -> Iterator[Node]:
        seen: dict[str, int] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                yield value
                continue
            if key.tag != "tag:yaml.org,2002:str" or key.id != "scalar":
                shown = key.value if isinstance(key.value, str) else "a list or mapping"
                raise self._bad(key, f"The key {shown} is not text", "YAML reads it as another type.", f'"{shown}":')
            if key.value in seen:
                why = f"It is on line {seen[key.value]} already; which one counts is not defined."
                raise self._bad(key, f"The key {key.value} is there twice", why, "Remove one.")
            seen[key.value] = key.start_mark.line + 1
            yield from (key, value)

    def _bad(self, node: Node, what: str, why: str, next: str) -> BadInput:
        return _bad(what + _at(_place(self._source, node.start_mark.line)), why, next)


class _Plain:
    @staticmethod
    def construct_scalar(node: Any) -> Any:
        return node.value


def _syntax(error: Any, text: str, source: str) -> BadInput:
    mark = error.problem_mark or error.context_mark
    place = _place(source, mark.line) if mark else source
    why = " ".join(str(part) for part in (error.context, error.problem) if part)
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "'\\t'" in why or "\t" in line[: len(line) - len(line.lstrip())]:
        return _bad(f"A tab{_at(place)}", "YAML is indented with spaces only.", "Replace the tab by spaces.")
    return _bad(f"Not YAML{_at(place)}", why, "Look at this line and the one above: indentation, colons, quotes.")


def _plain(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dictionary from the caller as JSON data of our own, with what is masked in it in the open."""
    try:
        found: dict[str, Any] = json.loads(json.dumps(reveal(raw), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise _bad(
            "The manifest is not JSON data", str(error), "Use dict, list, str, int, float, bool, None."
        ) from None
    return found


def _objects(raw: dict[str, Any], place: str) -> Iterator[Manifest]:
    if raw.get("kind") == "List" and isinstance(raw.get("items"), list):
        for item in raw["items"]:
            yield from _objects(item if isinstance(item, dict) else {"": item}, place)
    else:
        yield Manifest(_checked(raw, place), place)


def _checked(raw: dict[str, Any], place: str) -> dict[str, Any]:
    """Return an object that has a kind and a name."""
    meta = raw.get("metadata")
    wrong = [key for key in ("apiVersion", "kind") if not (isinstance(raw.get(key), str) and raw[key])]
    if not isinstance(meta, dict) or not (isinstance(meta.get("name"), str) and meta["name"]):
        wrong.append("metadata.name")
    elif not isinstance(meta.get("namespace") or "", str):
        wrong.append("metadata.namespace")
    if wrong:
        why = f"Text is needed at: {', '.join(wrong)}."
        raise _bad(f"No Kubernetes object{_at(place)}", why, "apiVersion: v1, kind: ConfigMap, metadata: {name: x}")
    for name in (raw["metadata"]["name"], raw["metadata"].get("namespace") or "x"):
        check_name(name, place)
    return raw


def check_name(name: str, place: str = "") -> None:
    """Raise `BadInput` for a name that would change the path of a request."""
    if not name or name in (".", "..") or _FORBIDDEN_SIGNS & set(name) or not name.isprintable():
        why = "A name has no slash and none of % ? # \\, and is neither . nor .. nor empty."
        raise _bad(f"{name!r} is not a valid name{_at(place)}", why, "Small letters, digits and dashes.")


def _sort(data: Any) -> str:
    if isinstance(data, list):
        return "a list"
    return "a text" if isinstance(data, str) else "a single value"


def _place(source: str, line: int) -> str:
    return f"{source}, line {line + 1}" if source else f"line {line + 1}"


def _at(place: str) -> str:
    return f" ({place})" if place else ""


def _bad(what: str, why: str, next: str) -> BadInput:
    return BadInput(what, why=why, next=next)

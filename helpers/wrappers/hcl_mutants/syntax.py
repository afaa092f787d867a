"""Where everything stands in the files of a module, as HashiCorp's parser says (`hcl-reader`, request ``syntax``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath
from helpers.wrappers.module_interface import InvalidModule
from helpers.wrappers.module_interface.hcl_reader import HclReader


@dataclass(frozen=True)
class Part:
    """A literal, reference or entry of an object inside a value; *start* and *end* are bytes of the file."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Argument:
    """``name = value``; *value* is the range of the value alone."""

    name: str
    value: tuple[int, int]
    parts: tuple[Part, ...]
    start: int
    end: int

    def of_kind(self, *kinds: str) -> tuple[Part, ...]:
        """Return the parts of these kinds, in written order."""
        return tuple(part for part in self.parts if part.kind in kinds)


@dataclass(frozen=True)
class Block:
    """A block with what is in it."""

    type: str
    labels: tuple[str, ...]
    arguments: tuple[Argument, ...]
    blocks: tuple[Block, ...]
    start: int
    end: int

    @property
    def address(self) -> str:
        """Its name as Terraform writes it: ``variable.team``, ``platform_network.this``, ``locals``."""
        return ".".join(self.labels if self.type == "resource" else (self.type, *self.labels))

    def argument(self, name: str) -> Argument | None:
        """Return the argument of that name, if it is written."""
        return next((one for one in self.arguments if one.name == name), None)


@dataclass(frozen=True)
class SourceFile:
    """One ``.tf`` file: its text as bytes, and its top-level blocks."""

    name: str
    source: bytes
    blocks: tuple[Block, ...]

    def text(self, start: int, end: int) -> str:
        """Return what stands there."""
        return self.source[start:end].decode("utf-8")

    def walk(self) -> Iterator[tuple[Block, Block]]:
        """Yield every block with the top-level block that it stands in, outer ones first."""

        def inside(block: Block, top: Block) -> Iterator[tuple[Block, Block]]:
            yield block, top
            for one in block.blocks:
                yield from inside(one, top)

        for top in self.blocks:
            yield from inside(top, top)


def read_syntax(directory: StrPath) -> tuple[SourceFile, ...]:
    """Return the ``.tf`` files of a module, by name.

    Raises:
        BadInput: *directory* is not one, or holds no ``.tf`` file. InvalidModule: a file does not parse.
    """
    reader = HclReader(directory, timeout=60)
    (raw,) = reader.ask({"op": "syntax", "dir": "."})
    wrong = [d for d in raw.get("diagnostics") or () if d.get("severity") == "error"]
    if wrong:
        why = "\n".join(f"{d.get('file')}:{d.get('line')}: {d.get('summary')}" for d in wrong[:5])
        raise InvalidModule(f"{reader.workdir.name} does not parse", why=why, next="terraform validate")
    if not raw.get("files"):
        raise BadInput(
            f"There is no module in {reader.workdir.name}", why="It holds no .tf file.", next="Name its directory."
        )
    return tuple(_file(reader.workdir, item) for item in raw["files"])


def _file(folder: Path, raw: Mapping[str, Any]) -> SourceFile:
    return SourceFile(raw["file"], (folder / raw["file"]).read_bytes(), tuple(map(_block, raw["blocks"])))


def _block(raw: Mapping[str, Any]) -> Block:
    arguments = tuple(map(_argument, raw.get("arguments") or ()))
    inside = tuple(map(_block, raw.get("blocks") or ()))
    return Block(raw["type"], tuple(raw.get("labels") or ()), arguments, inside, raw["start"], raw["end"])


def _argument(raw: Mapping[str, Any]) -> Argument:
    parts = tuple(Part(p["kind"], p["text"], p["start"], p["end"]) for p in raw.get("parts") or ())
    return Argument(raw["name"], (raw["value"]["start"], raw["value"]["end"]), parts, raw["start"], raw["end"])

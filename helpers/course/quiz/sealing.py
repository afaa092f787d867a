"""Answers sealed in a question file: not read by accident, but by anybody who wants to.

A seal is compressed JSON in base 85. It keeps the key away from a glance, a search and a diff; it keeps nothing from
somebody who runs this module, and it need not: a questionnaire is practice and gives no points. What gives points is
judged by the hidden tests of the labs, in ``grading/hidden``, which learners do not have.
"""

from __future__ import annotations

import base64
import copy
import functools
import json
import zlib
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader

#: What of a question is sealed; the rest is what the learner sees, and how values are drawn.
SECRET = ("answer", "because", "wrong", "otherwise")


def seal(secret: dict[str, Any]) -> str:
    """Return the key and its reasons as text that cannot be read by accident."""
    plain = json.dumps(secret, sort_keys=True).encode()
    return base64.b85encode(zlib.compress(plain, 9)).decode()


def unseal(sealed: str) -> dict[str, Any]:
    """Return what `seal` was given."""
    return dict(json.loads(zlib.decompress(base64.b85decode(sealed))))


def secret_of(item: dict[str, Any]) -> dict[str, Any]:
    """Return the key and the reasons of a question, sealed or still in the clear."""
    return unseal(item["sealed"]) if "sealed" in item else {name: item[name] for name in SECRET if name in item}


def load(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the sections of a file of questions; nothing when there is no such file."""
    return copy.deepcopy(_sections(path.read_text(encoding="utf-8"))) if path.is_file() else {}


@functools.lru_cache(maxsize=16)
def _sections(text: str) -> dict[str, list[dict[str, Any]]]:
    # To say how far one has come reads each file once for each of its questionnaires, 40 ms a time.
    return dict(yaml_reader.load(text))


def rewritten(path: Path, *, open_it: bool) -> str:
    """Return the text of a question file with every question opened, or every open one sealed."""
    sections = load(path)
    for item in (item for items in sections.values() for item in items):
        secret = secret_of(item)
        for name in (*SECRET, "sealed"):
            item.pop(name, None)
        item.update(secret if open_it else {"sealed": seal(secret)})
    return yaml_reader.dump(sections, using=_dumper())


def _dumper() -> Any:
    import yaml  # 11 ms

    class Dumper(yaml.SafeDumper):
        """Writes text of several lines as lines."""

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return Dumper

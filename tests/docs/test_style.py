"""The rules of docs/style.md that a machine can hold, over every sentence of the project.

What is older than a rule is counted in LIMITS; a limit may only go down.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from helpers.core.paths import ROOT
from scripts import prose
from scripts.prose import Text

#: Rule -> what breaks it. What comes after "there is no" is standard English; so are "no longer" and its like.
RULES = {
    "is not a": r"(?<!there )(?<!there's )\b(?:is|are)\s+no\s+(?!longer\b|more\b|such\b|less\b|better\b|other\b)[a-z]+",
    "directory": r"\bfolders?\b",
    "fix": r"\bmend(?:s|ed|ing)?\b",
    "provision": r"\bfurnish(?:es|ed|ing)?\b",
    "desired": r"\bwished(?: for)?\b",
    "retry": r"\bpatiently\b",
    "timed out": r"\bit is not so that\b",
}

#: How many sentences still break a rule; a rule that is not here has none left.
LIMITS = {"directory": 22}


@cache
def texts() -> list[Text]:
    return prose.read()


def breaks(rule: str, found: list[Text]) -> list[tuple[Text, str]]:
    pattern = re.compile(RULES[rule], re.IGNORECASE)
    return [(text, match.group()) for text in found for match in pattern.finditer(text.words)]


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    found = breaks(rule, texts())
    places = "\n".join(f"{text.where}: {words}" for text, words in found)
    limit = LIMITS.get(rule, 0)
    assert len(found) <= limit, f'docs/style.md asks for "{rule}"; {len(found)} places are more than {limit}:\n{places}'


def test_every_part_of_the_project_is_read() -> None:
    areas = {text.area for text in texts()}
    rooms = {f"helpers/{path.parent.name}" for path in (ROOT / "helpers").glob("*/__init__.py")}
    assert areas == {*rooms, "grading", "notebooks", "docs"}
    assert {text.kind for text in texts()} == {"message", "docstring", "comment", "prose"}


def test_code_is_no_sentence_and_sentences_are_found(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(
        '"""The file `folder` is no\nlist of ``folders``."""\n'
        "folder = 1  # mend it\n"
        'raise ValueError(f"{folder} is no folder", "there is no folder")\n'
    )
    found = list(prose.of_python("x", file, tmp_path))
    assert [(text.kind, words) for text, words in breaks("directory", found)] == [("message", "folder")] * 2
    assert [(text.kind, text.where) for text, _ in breaks("fix", found)] == [("comment", "a.py:3")]
    assert {text.kind for text, _ in breaks("is not a", found)} == {"docstring", "message"}


@pytest.mark.parametrize("rule", RULES)
def test_the_page_names_what_is_held(rule: str) -> None:
    assert rule in (ROOT / "docs" / "style.md").read_text(encoding="utf-8")

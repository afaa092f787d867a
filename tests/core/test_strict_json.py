"""JSON with one meaning: the corpus that the verifier in Go reads as well, and what mutation does to a good text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.audit.types import read_statement
from helpers.core import strict_json
from helpers.core.paths import TOOLCHAIN

CORPUS: list[dict[str, Any]] = json.loads((TOOLCHAIN / "audit-log" / "testdata" / "strict-json.json").read_text())


def text_of(case: dict[str, Any]) -> bytes:
    if "bytes_hex" in case:
        return bytes.fromhex(case["bytes_hex"])
    if "repeat" in case:
        before, one, times, after = case["repeat"]
        return f"{before}{one * times}{after}".encode()
    return str(case["text"]).encode()


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case["name"])
def test_the_corpus_is_read_as_in_go(case: dict[str, Any]) -> None:
    rule = ""
    try:
        read_statement(text_of(case))
    except strict_json.BadJson as error:
        rule = error.rule
    assert rule == case["rule"]


def test_every_rule_has_a_case() -> None:
    assert {case["rule"] for case in CORPUS} - {""} == set(strict_json.Rule.__args__)  # type: ignore[attr-defined]


GOOD = CORPUS[0]["text"].encode()


@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_a_changed_byte_is_refused_or_read_as_any_reader_does(at: int, byte: int, cut: bool) -> None:
    changed = GOOD[:at] + (b"" if cut else bytes([byte])) + GOOD[at + 1 :]
    try:
        found = read_statement(changed)
    except strict_json.BadJson:
        return
    assert found == json.loads(changed) and set(found) == {"_type", "subject", "predicateType", "predicate"}

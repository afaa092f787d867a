"""Masking of secrets, with generated secrets and texts."""

from __future__ import annotations

import base64
import json
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.core import redact as _redact
from helpers.core.process import run
from helpers.core.redact import MASK, MIN_LENGTH, forms, redact
from tests.repeats import examples

#: Printable secrets whose letters cannot be part of the mask itself.
SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="redact[]\\\x7f\x85\xa0\xad"),
    min_size=MIN_LENGTH,
    max_size=40,
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(SECRETS, TEXTS, TEXTS)
def test_no_spelling_of_a_secret_survives(secret: str, before: str, after: str) -> None:
    spellings = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
    ]
    for spelling in spellings:
        assert spelling not in redact(before + spelling + after, forms([secret]))


@given(SECRETS, st.binary(max_size=6))
def test_base64_of_a_text_around_it_gives_it_away_nowhere(secret: str, before: bytes) -> None:
    encoded = base64.b64encode(before + secret.encode() + b"=tail").decode()
    shown = redact(encoded, forms([secret]))
    assert MASK in shown


@given(SECRETS, SECRETS)
def test_one_secret_within_another_is_masked_whole(first: str, second: str) -> None:
    both = first + second
    assert redact(both, forms([first, both])) == MASK


@given(st.lists(SECRETS, min_size=2, max_size=4))
def test_each_line_of_a_secret_of_many_lines_is_masked(lines: list[str]) -> None:
    for line in lines:
        assert line not in redact(f"> {line} <", forms(["\n".join(lines)]))


@given(TEXTS)
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert redact(text, forms(["never-in-there-\x00"])) == text


def test_short_values_and_empty_ones_harm_nothing() -> None:
    assert redact("a b true 1", forms(["", "a", "true"])) == "a b true 1"


def test_registered_secrets_are_masked_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_redact, "_patterns", ())
    _redact.add_secrets("tok-outer", "tok-outer-inner")
    assert redact("x tok-outer-inner y tok-outer") == f"x {MASK} y {MASK}"
    assert redact("extra tok-outer-inner-longest", forms(["tok-outer-inner-longest"])) == f"extra {MASK}"


@examples(15)
@given(SECRETS)
def test_the_runner_masks_what_a_child_prints(secret: str) -> None:
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.stderr.write('x')"
    done = run([sys.executable, "-c", code], input=f"token={secret}\n", secrets=[secret])
    assert secret not in done.stdout
    assert done.stdout == f"token={MASK}\n"

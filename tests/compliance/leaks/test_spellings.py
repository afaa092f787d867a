"""Known secrets in the spellings that people and tools give them; what is not looked for is named."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance import leaks
from helpers.compliance.leaks.spellings import Spellings

SECRET = "tr0ub4dor&Zebra-19"
RAW = SECRET.encode()
PACKED = base64.b64encode(gzip.compress(b"CACHE=" + RAW + b"\n", mtime=0)).decode()

SPELLINGS: dict[str, str] = {
    "hex": RAW.hex(),
    "HEX": RAW.hex().upper(),
    "hex, as openssl prints it": RAW.hex(":").upper(),
    "hex, as a dump has it": RAW.hex(" "),
    "escaped letters": "".join(f"\\u{byte:04x}" for byte in RAW),
    "escaped bytes": "".join(f"\\x{byte:02X}" for byte in RAW),
    "base32": base64.b32encode(RAW).decode(),
    "base32 within": base64.b32encode(b"pw=" + RAW + b";").decode(),
    "percent": quote(SECRET, safe=""),
    "percent, all of it": "".join(f"%{byte:02x}" for byte in RAW),
    "base64": base64.b64encode(RAW).decode(),
    "concatenated": f'"{SECRET[:5]}" + "{SECRET[5:]}"',
    "over two lines": f'"{SECRET[:9]}" \\\n    "{SECRET[9:]}"',
    "a list": ", ".join(f'"{letter}"' for letter in SECRET),
    "gzip": PACKED,
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_known_secret_is_found_where_it_begins(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text(f"first line\nvalue = {SPELLINGS[name]}\nlast line\n")
    report = leaks.scan(tmp_path, secrets=[SECRET], history=False)
    assert [(leak.line, leak.rule) for leak in report.leaks if leak.rule == "known-secret"] == [(2, "known-secret")]
    assert SECRET not in report.text() and SPELLINGS[name] not in report.text()


def test_a_gzip_that_is_a_file_or_is_cut_off_is_read(tmp_path: Path) -> None:
    (tmp_path / "cut.txt").write_text(PACKED[: len(PACKED) - 12])
    (tmp_path / "log.gz").write_bytes(gzip.compress(RAW))
    assert {leak.file for leak in leaks.scan(tmp_path, secrets=[SECRET], history=False).leaks} == {
        "cut.txt",
        "log.gz!content",
    }


@pytest.mark.parametrize(
    ("write", "named"),
    [
        (lambda: SECRET[::-1], "reversed"),
        (lambda: SECRET.replace("b", "\\u0062"), "some letters escaped"),
        (lambda: base64.b64encode(RAW.hex().encode()).decode(), "encoded twice"),
        (lambda: f"{SECRET[:6]} and then {SECRET[6:]}", "stand apart"),
    ],
)
def test_what_is_not_found_is_named(write: Callable[[], str], named: str) -> None:
    assert not list(Spellings.of([SECRET]).lines(write()))
    assert any(named in words for words in leaks.NOT_LOOKED_FOR)


@given(st.text(alphabet="abcdefghij \n\"'+,", max_size=300))
def test_ordinary_text_is_not_a_secret(text: str) -> None:
    assert not list(Spellings.of([SECRET]).lines(text))

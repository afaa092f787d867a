"""The search for secrets in a process of its own: an answer, or a refusal, in a time that is known beforehand."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance import leaks
from helpers.wrappers.secret_scan import scan_secrets
from helpers.wrappers.secret_scan_apart import ScanStopped, scan_apart

TOKEN = "ghp_" + "Ap4rt1" * 6
#: Words that rules, YAML and encodings begin with: what is made of them comes near to every rule.
PARTS = (
    "password",
    "secret: ",
    "token=",
    "'",
    '"',
    "eyJ",
    ".eyJ",
    "a1b2C3",
    "AKIA",
    "-----BEGIN ",
    "PRIVATE KEY-----",
    "://",
    "user:",
    "@",
    "\n",
    "\0",
    "\ud800",
    "  ",
    "kind: Secret\n",
    "data:\n",
    "  a: ",
    "&a [",
    "*a, ",
    "]",
    "{",
    "}",
    "- ",
    "é",
    "ENC[",
    "Aa1-" * 30,
    "_" * 200,
    "\t",
    "\r",
    "!!python/object:os.system ",
    "? ",
    "<<: *a\n",
)


def test_it_finds_what_the_scan_finds() -> None:
    texts = [("a.env", f"x\nkey = {TOKEN}\n"), ("a.env", "clean"), ("ü/b\n.yaml", f"\ud800{TOKEN}")]
    alone = {finding for name, text in texts for finding in scan_secrets({name: text})}
    assert set(scan_apart(texts)) == alone and len(alone) == 2
    assert scan_apart(texts, ignore=["a.*", "ü*"]) == () == scan_apart([])


def test_what_keeps_it_busy_is_stopped_and_is_no_clean() -> None:
    """The text stands for any that a rule is slow on: it needs more processor time than is allowed."""
    begin = time.process_time()
    with pytest.raises(ScanStopped, match="no answer") as stopped:
        scan_apart([("fine", "x"), ("long.yaml", "password: aB3$xY9!kL2m\n" * 1_200_000)], seconds=1)
    assert "not clean" in stopped.value.why
    assert time.process_time() - begin < 30, "and the caller is not the one who works"


def test_a_process_that_dies_is_no_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text(TOKEN)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ScanStopped):
        scan_apart([("x", TOKEN)])
    report = leaks.scan(tmp_path)
    assert report.status == "unknown" and "no answer" in report.unread[0].why and not report


@given(
    st.lists(st.sampled_from(PARTS), max_size=400).map("".join), st.sampled_from(["x.yaml", "x.json", "x.env", "x.py"])
)
def test_no_text_takes_long_or_raises(text: str, name: str) -> None:
    begin = time.process_time()
    scan_secrets({name: text})
    # Linear: a text of these lengths takes milliseconds; one step that doubles would take minutes.
    assert time.process_time() - begin < 5

"""The audit timeline: safe, the same each time, and never kinder than the verifier; in a real browser too."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from helpers import widgets
from helpers.compliance.audit import AuditFinding, Entry, Verification
from helpers.core.errors import BadInput
from helpers.core.redact import add_secrets
from helpers.widgets.renderers.audit_timeline import MAX_EVENTS, proved
from tests.browser import LabPage, LabServer, low_contrast, write_notebook
from tests.repeats import examples
from tests.widgets.audits import entry, flipped, line, trail, valid
from tests.widgets.test_browser import widget
from tests.widgets.test_headless import ROOT
from tests.widgets.test_static import HOSTILE, Outline, assert_safe


def words(source: str) -> str:
    return Outline(source).text


def everything(text: str) -> dict[str, str]:
    """Render with *text* wherever a value may stand."""
    entries = [entry(0, actor=text, name=text, reason=text), entry(1)]
    found = Verification(
        "invalid", (AuditFinding(text, 1, text), AuditFinding(text, None, text, text)), text, 2, text, (text,)
    )
    return {
        "plain": widgets.audit_timeline_html(entries, clock=True, hashes=True),
        "gone": widgets.audit_timeline_html((), found),
        "found": widgets.audit_timeline_html(entries, found),
    }


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t[:18]))
def test_hostile_values_stay_text(text: str) -> None:
    for name, source in everything(text).items():
        outline = assert_safe(source)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\ud800]", source), name
        if text == HOSTILE[0]:
            assert "<script>" in outline.text, f"{name} does not show the value"


@given(st.text(max_size=40))
@examples(30)
def test_any_text_gives_well_formed_html(text: str) -> None:
    for source in everything(text).values():
        assert_safe(source)


def test_same_input_gives_the_same_bytes_and_no_secret() -> None:
    assert everything("value") == everything("value")
    add_secrets("s3cr3t-of-the-trail")
    assert not any("s3cr3t-of-the-trail" in source for source in everything("a s3cr3t-of-the-trail b").values())


def test_what_nobody_verified_is_not_shown_as_verified() -> None:
    said = words(widgets.audit_timeline_html(trail()))
    assert "not checked 8" in said and "verified" not in said


def test_what_is_valid_is_verified_up_to_where_the_verifier_looked() -> None:
    said = words(widgets.audit_timeline_html(trail(), valid(6)))
    assert "verified 6" in said and "not checked 2" in said


def test_one_altered_event_is_named_and_the_others_stay_proved() -> None:
    found = proved(trail(), flipped(6))
    assert [one.index for one in found if one.status == "flipped"] == [6]
    assert {one.status for one in found if one.index != 6} == {"verified"}
    source = widgets.audit_timeline_html(trail(), flipped(6))
    said = words(source)
    assert "tampered with" in said and "The content of entry 6 was changed" in said
    assert "findings, flipped, break-glass 6 mallory" in source, "the drawing says it too"


@pytest.mark.parametrize(
    "finding",
    [
        AuditFinding("wrong-key", None, "another key", "checkpoint"),
        AuditFinding("forked", None, "two histories", "witnessed"),
        AuditFinding("damaged-file", None, "short", "tile/0/000"),
    ],
    ids=lambda f: f.kind,
)
def test_what_speaks_against_the_whole_leaves_no_event_verified(finding: AuditFinding) -> None:
    found = replace(valid(8), status="invalid", findings=(finding,))
    assert {one.status for one in proved(trail(), found)} == {"unknown"}
    assert finding.message in words(widgets.audit_timeline_html(trail(), found))


def test_entries_that_were_not_compared_with_a_signed_root_are_unknown() -> None:
    for checked in ((), ("checkpoint",), ("entries",)):
        assert {one.status for one in proved(trail(), replace(valid(8), checked=checked))} == {"unknown"}
    could_not = Verification("unknown", (AuditFinding("unknown", None, "no checkpoint"),))
    assert {one.status for one in proved(trail(), could_not)} == {"unknown"}
    assert "could not tell" in words(widgets.audit_timeline_html(trail(), could_not))


def test_what_is_missing_has_a_place() -> None:
    found = replace(valid(8), status="invalid", findings=(AuditFinding("deleted", 3, "Entry 3 is gone."),))
    left = [one for one in trail() if one.index != 3]
    assert [(p.index, p.entry is None) for p in proved(left, found) if p.status == "deleted"] == [(3, True)]
    assert "Entry 3 is gone." in words(widgets.audit_timeline_html(left, found))
    cut = replace(found, findings=(AuditFinding("truncated", 5, "The end is cut off."),))
    assert [one.status for one in proved(trail(), cut)] == ["verified"] * 5 + ["truncated"] * 3


def test_an_export_is_read_as_it_is(tmp_path: Path) -> None:
    gone = b'{"withheld":{"index":1,"leafHash":"' + b"0" * 64 + b'"}}'
    lines = [line(0), gone, b"\xff no entry", b"[]", line(5)]
    (tmp_path / "entries.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    found = proved(tmp_path, valid(8))
    assert [(p.index, p.entry is not None, p.status) for p in found] == [
        (0, True, "verified"),
        (1, False, "withheld"),
        (2, False, "verified"),
        (3, False, "verified"),
        (5, True, "verified"),
    ]
    assert "only its hash" in words(widgets.audit_timeline_html(tmp_path, valid(8)))
    assert [p.index for p in proved(tmp_path, valid(8), start=3)] == [3, 5]
    with pytest.raises(BadInput, match="not an export"):
        widgets.audit_timeline_html(tmp_path / "none")


def test_a_long_trail_is_drawn_at_its_end_and_where_it_is_wrong() -> None:
    many = [entry(i) for i in range(MAX_EVENTS + 30)]
    source = widgets.audit_timeline_html(many, replace(flipped(2), size=len(many)))
    assert "findings, flipped, plan 2 ada" in source and "29 events before them are in the list only" in source
    assert "plan, verified, 3 ada" not in source and "plan, verified, 30 ada" in source
    # A lane has room for so many; the drawing says how many it leaves out.
    assert "do not fit into the drawing" in source


def test_times_are_told_from_the_first_or_by_the_clock() -> None:
    assert "+0:05:00" in words(widgets.audit_timeline_html(trail()))
    told = words(widgets.audit_timeline_html(trail(), clock=True))
    assert "2026-01-01 10:05:00Z" in told and "+0:05:00" not in told


def test_an_invalid_answer_is_not_taken_for_none() -> None:
    shown = widgets.AuditTimeline(trail(), flipped(6))
    assert repr(shown) == "AuditTimeline(8 events, invalid, 1 not fine)"
    assert shown.html().count("flipped") > 1


def test_entries_say_what_their_statement_says() -> None:
    one = Entry.of(4, line(4))
    assert json.loads(base64.b64decode(json.loads(one.raw)["payload"]))["predicate"]["index"] == 4


CELLS = [
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom tests.widgets.audits import *\nfrom helpers.widgets import *",
    "AuditTimeline(trail(), flipped(6))",
    "AuditTimeline(trail, verify=Verifier(valid(8), flipped(6), None), every=0.2, limit=600)",
]
STATIC, LIVE = 1, 2


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
class TestBrowser:
    @pytest.fixture
    def lab(self, lab_server: LabServer, chromium: Browser, dark: bool) -> Iterator[LabPage]:
        lab_server.theme(dark)
        write_notebook(lab_server.root / f"audit-{dark}" / "book.ipynb", CELLS)
        lab = LabPage(
            chromium.new_page(viewport={"width": 1360, "height": 1000}), lab_server, f"audit-{dark}/book.ipynb"
        )
        lab.run_all()
        yield lab
        lab.close()

    def test_verifies_by_keyboard_and_filters(self, lab: LabPage, dark: bool) -> None:
        still, box, keys = widget(lab, STATIC), widget(lab, LIVE), lab.page.keyboard
        expect(still.get_by_label("findings, flipped, break-glass 6 mallory: accepted")).to_be_visible()
        expect(still.get_by_role("cell", name="The content of entry 6 was changed.")).to_be_visible()
        expect(box.get_by_role("status").get_by_text("not checked 8")).to_be_visible()
        again = box.get_by_role("button", name="Verify now")
        again.focus()
        keys.press("Enter")
        expect(box.get_by_role("status").get_by_text("verified 8")).to_be_visible()
        box.get_by_label("Show", exact=True).select_option("what is not verified")
        # An empty choice of a full trail is good news, and no empty trail.
        expect(box.get_by_text("Every event is verified.")).to_be_visible()
        expect(box.get_by_text("Nothing was recorded.")).to_have_count(0)
        again.click()
        expect(box.get_by_role("status").get_by_text("flipped 1")).to_be_visible()
        expect(box.get_by_role("cell", name="The content of entry 6 was changed.")).to_be_visible()
        expect(box.get_by_role("cell", name="gives the GPUs back")).to_have_count(0)
        again.click()
        expect(box.get_by_text("The verifier could not run")).to_be_visible()
        expect(box.get_by_role("status").get_by_text("not checked 8")).to_be_visible()
        box.get_by_role("button", name="Stop watching").click()
        expect(box.get_by_text("you stopped watching")).to_be_visible()
        for cell in (STATIC, LIVE):
            assert low_contrast(lab.output(cell)) == [], f"cell {cell}"

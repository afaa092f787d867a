"""The deck: figures of a real, verified pack with digest and time; what is stale or does not verify is refused."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from helpers import deck
from helpers.cli.deck import deck as command
from helpers.core import process
from helpers.core.errors import BadInput
from tests.compliance.test_evidence import World, world  # noqa: F401 - a fixture

TEXT = "# Our platform\n\n{{ events }} events, {{ controls }} controls.\n\n## Changes\n\n{{promotion}} promotions."


def book(path: Path, *texts: str) -> Path:
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    nbformat.write(nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell("secret = 1")]), path)
    return path


@pytest.fixture(scope="module")
def figures(world: World) -> deck.Figures:  # noqa: F811
    return deck.Figures.read(world.pack, keys=world.keys)


def test_each_figure_states_its_value_digest_and_time(figures: deck.Figures, tmp_path: Path) -> None:
    made = deck.html(book(tmp_path / "a.ipynb", TEXT), figures)
    once = dict.fromkeys(("promotion", "approval", "drift", "break-glass", "refused", "artifacts"), "1")
    told = {name: one.value for name, one in figures.values.items()}
    assert told == {"events": "11", **once, "controls": told["controls"]} and " of " in told["controls"]
    slides = re.findall(r"<section>.*?</section>", made, re.DOTALL)
    assert len(slides) == 3 and "secret" not in made
    assert (
        f'<data value="11">11</data> <small>({figures.digest[:12]}, {figures.values["events"].at})</small>' in slides[0]
    )
    assert '<data value="1">1</data>' in slides[1] and f"sha256:{figures.digest}" in slides[2]
    assert datetime.fromisoformat(figures.at) <= datetime.now(UTC) and "<title>Our platform</title>" in made


def test_nothing_in_a_deck_runs_or_comes_from_the_network(figures: deck.Figures, tmp_path: Path) -> None:
    made = deck.html(book(tmp_path / "a.ipynb", TEXT), figures)
    assert "<script" not in made and not re.search(r"(?:src|href)=\"https?:", made)
    hostile = f"{TEXT}\n\n<p id='mark'>quiet</p><script>document.getElementById('mark').textContent = 'ran'</script>"
    file = deck.build(book(tmp_path / "b.ipynb", hostile), tmp_path / "deck.html", figures)
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--dump-dom"]
    shown = process.run(["chromium", *options, file.as_uri()], timeout=60).stdout
    assert "&lt;script&gt;" in shown and "quiet&lt;/p&gt;" in shown and "ran</p>" not in shown


@pytest.mark.parametrize(
    "html",
    [
        '<data value="9000">9000</data> <small>(0123456789ab, 2026-11-30T00:00:00Z)</small>',
        "<style>section:last-child { display: none }</style>",
        '<meta http-equiv="refresh" content="0; url=https://elsewhere.test">',
    ],
)
def test_html_of_the_author_is_shown_as_text(figures: deck.Figures, tmp_path: Path, html: str) -> None:
    """It could look like a verified figure, hide the evidence, or lead elsewhere."""
    made = deck.html(book(tmp_path / "a.ipynb", f"{TEXT}\n\n{html}\n"), figures)
    assert html not in made and f"&lt;{html[1:5]}" in made


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}', "\udcff"])
def test_what_is_not_a_notebook_is_said(figures: deck.Figures, tmp_path: Path, content: str) -> None:
    file = tmp_path / "deck.ipynb"
    file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(BadInput, match="not a notebook"):
        deck.html(file, figures)


def test_stale_evidence_is_refused(world: World) -> None:  # noqa: F811
    late = datetime.now(UTC) + timedelta(days=31)
    with pytest.raises(deck.NoFigures, match="stale") as refused:
        deck.Figures.read(world.pack, keys=world.keys, now=late)
    assert "30 are allowed" in refused.value.why
    assert deck.Figures.read(world.pack, keys=world.keys, now=late - timedelta(days=2)).values


def test_evidence_that_does_not_verify_is_refused(world: World, tmp_path: Path) -> None:  # noqa: F811
    shutil.copytree(world.pack, tmp_path / "pack")
    entries = tmp_path / "pack" / "audit" / "entries.jsonl"
    entries.write_bytes(b"".join(entries.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(deck.NoFigures, match="invalid"):
        deck.Figures.read(tmp_path / "pack", keys=world.keys)
    with pytest.raises(deck.NoFigures, match="unknown"):
        deck.Figures.read(world.pack, keys=tmp_path)


def test_what_is_not_in_the_evidence_is_no_figure(figures: deck.Figures, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no figure 'uptime'"):
        deck.html(book(tmp_path / "a.ipynb", "# Up {{ uptime }}"), figures)
    with pytest.raises(BadInput, match="no slide"):
        deck.html(book(tmp_path / "b.ipynb", "Only text."), figures)


def test_a_deck_of_other_evidence_or_text_is_not_current(figures: deck.Figures, tmp_path: Path) -> None:
    notebook, made = book(tmp_path / "a.ipynb", TEXT), tmp_path / "deck.html"
    deck.build(notebook, made, figures)
    deck.require_current(made, notebook, figures)
    other = deck.Figures("0" * 64, figures.at, figures.values)
    with pytest.raises(deck.StaleDeck) as stale:
        deck.require_current(made, notebook, other)
    assert "does not state the evidence 000000000000" in stale.value.why
    made.write_text(made.read_text().replace('<data value="11">11<', '<data value="11">911<'))
    with pytest.raises(deck.StaleDeck, match=r"deck\.html"):
        deck.require_current(made, notebook, figures)
    with pytest.raises(deck.StaleDeck):
        deck.require_current(tmp_path / "none.html", notebook, figures)


def test_from_a_terminal_with_a_pdf(world: World, tmp_path: Path) -> None:  # noqa: F811
    notebook, made, printed = book(tmp_path / "a.ipynb", TEXT), tmp_path / "deck.html", tmp_path / "deck.pdf"
    about = ["--pack", str(world.pack), "--keys", str(world.keys)]
    done = CliRunner().invoke(
        command, ["build", str(notebook), str(made), *about, "--pdf", str(printed), "--json"], catch_exceptions=False
    )
    assert done.exit_code == 0 and len(json.loads(done.output)["evidence"]) == 64
    assert printed.read_bytes().startswith(b"%PDF-") and len(re.findall(rb"/Type /Page\b", printed.read_bytes())) == 3
    done = CliRunner().invoke(command, ["check", str(made), str(notebook), *about], catch_exceptions=False)
    assert done.exit_code == 0 and "states the evidence" in done.output


def test_without_a_browser_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(deck.NoBrowser, match="no Chromium"):
        deck.pdf(tmp_path / "deck.html", tmp_path / "deck.pdf")

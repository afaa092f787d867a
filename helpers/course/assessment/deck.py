"""The deck: slides made from a notebook, with figures that are read from a verified evidence pack and say so.

A figure is written ``{{ events }}`` in a Markdown cell. It becomes its value with the digest of the pack and the time
of the newest evidence behind it. A pack that does not verify, or whose evidence is old, gives no figures, so no deck.
The slides are one file; nothing in it runs, and nothing is fetched (reveal.js would come from the network).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from markdown_it import MarkdownIt

from helpers.compliance import evidence
from helpers.compliance.audit import Action, Decision, Entry
from helpers.compliance.evidence.reading import entries as events_of
from helpers.compliance.evidence.types import FILES
from helpers.core import process
from helpers.core.errors import BadInput, CourseError
from helpers.core.files import write_atomic
from helpers.core.html.elements import Html, tag

#: How old the newest evidence may be.
FRESH = timedelta(days=30)
_FIGURE = re.compile(r"\{\{\s*([a-z-]+)\s*\}\}")
#: Only what is in the file is shown, and nothing in it runs: reviewers open decks of people whom they judge.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
body { margin: 0; font: 1.3rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
section { box-sizing: border-box; min-height: 100vh; padding: 6vh 8vw; border-bottom: 1px solid #767676; }
h1, h2 { line-height: 1.2; }
table { border-collapse: collapse; }
td, th { padding: .3em .8em; border: 1px solid #767676; }
data { font-weight: bold; } small { color: #4a4a4a; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161616; } small { color: #c4c4c4; } }
@media print { section { break-after: page; border: 0; } @page { size: A4 landscape; margin: 0; } }
"""


class NoFigures(CourseError):
    """The evidence cannot be shown: it does not verify, or it is stale."""

    code = "no-figures"


class StaleDeck(CourseError):
    """A deck is not what its notebook and the evidence give now."""

    code = "stale-deck"


class NoBrowser(CourseError):
    """There is no Chromium to print a deck."""

    code = "no-browser"


@dataclass(frozen=True)
class Figure:
    """A figure of the evidence: its value, and when the newest evidence behind it happened (UTC, RFC 3339)."""

    value: str
    at: str


@dataclass(frozen=True)
class Figures:
    """What a pack says, once it was verified.

    Attributes:
        digest: SHA-256 of the pack's list of files, which names every other file by its digest.
        at: of the newest evidence in it. values: name -> figure.
    """

    digest: str
    at: str
    values: Mapping[str, Figure]

    @classmethod
    def read(
        cls, pack: Path | str, *, keys: Path | str, pin: str = "", now: datetime | None = None, fresh: timedelta = FRESH
    ) -> Figures:
        """Verify a pack and return its figures.

        Args:
            pack, keys, pin: as `helpers.compliance.evidence.verify` has them.
            now: the time of the presentation. fresh: how old the newest evidence may be.

        Raises:
            NoFigures: the pack is invalid, could not be verified, or is stale.
        """
        found = evidence.verify(pack, keys=keys, pin=pin)
        if not found:
            why = "\n".join(f"{one.kind}: {one.message}" for one in found.findings[:5])
            raise NoFigures(f"The evidence is {found.status}", why=why, next="course evidence verify PACK --keys KEYS")
        entries = events_of(Path(pack) / "audit")
        newest = max((entry.at for entry in entries), default=None)
        if newest is None:
            raise NoFigures("The evidence has no event", next="Seal a pack with a trail.")
        if (age := (now or datetime.now(UTC)) - newest) > fresh:
            why = f"Its newest event is {age.days} days old, {fresh.days} are allowed."
            raise NoFigures("The evidence is stale", why=why, next="Seal a new pack, and build the deck of it.")
        covered = sum(one.covered for one in found.coverage)
        artifacts = sum(path.is_file() for path in (Path(pack) / "artifacts").glob("*"))
        whole = {"controls": f"{covered} of {len(found.coverage)}", "artifacts": str(artifacts)}
        values = {name: Figure(value, _time(newest)) for name, value in whole.items()} | _counts(entries)
        return cls(hashlib.sha256((Path(pack) / FILES).read_bytes()).hexdigest(), _time(newest), values)

    def shown(self, name: str) -> Html:
        """Return a figure as the slides have it.

        Raises:
            BadInput: there is no such figure.
        """
        if name not in self.values:
            why = f"The figures are {', '.join(self.values)}."
            raise BadInput(f"The evidence has no figure {name!r}", why=why)
        one = self.values[name]
        return Html(f"{tag('data', one.value, value=one.value)} {tag('small', f'({self.digest[:12]}, {one.at})')}")


def _counts(entries: Iterable[Entry]) -> dict[str, Figure]:
    """Return the figures that are numbers of events, those that happened at all."""
    groups: dict[str, list[Entry]] = {"events": list(entries)}
    for entry in groups["events"]:
        event = entry.event
        # What is on record before it begins is one change with its end.
        if event.action == Action.PROMOTION and event.decision == Decision.UNKNOWN:
            continue
        if event.action in (Action.PROMOTION, Action.APPROVAL, Action.DRIFT, Action.BREAK_GLASS):
            groups.setdefault(str(event.action), []).append(entry)
        if event.decision in (Decision.REFUSED, Decision.UNKNOWN):
            groups.setdefault(str(event.decision), []).append(entry)
    return {name: Figure(str(len(own)), _time(max(one.at for one in own))) for name, own in groups.items()}


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def html(notebook: Path | str, figures: Figures) -> str:
    """Return the slides of a notebook; the same notebook and evidence give the same text.

    A slide begins at each Markdown heading of the first or second level. Code and its outputs are left out.

    Raises:
        BadInput: the notebook has no slide, or names a figure that the evidence does not have.
    """
    slides = [_slide_html(slide, figures) for slide in _slides(Path(notebook))]
    if not slides:
        raise BadInput("The notebook has no slide", why="A slide begins with a heading, # or ##, in a Markdown cell.")
    rows = [tag("tr", *(tag("td", cell) for cell in (n, one.value, one.at))) for n, one in figures.values.items()]
    head = tag("tr", *(tag("th", name, scope="col") for name in ("figure", "value", "newest evidence")))
    facts = tag(
        "p", "Verified evidence pack ", tag("code", f"sha256:{figures.digest}"), f", newest event {figures.at}."
    )
    slides.append(Html(f"{tag('h2', 'Evidence')}{facts}{tag('table', tag('thead', head), tag('tbody', *rows))}"))
    title = Html(_title(slides[0]))
    body = "\n".join(tag("section", slide) for slide in slides)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    top = f'<meta charset="utf-8">{policy}<title>{title}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{top}</head>\n<body>\n{body}\n</body></html>\n'


def build(notebook: Path | str, target: Path | str, figures: Figures) -> Path:
    """Write the slides of a notebook; return their file. Errors as `html`."""
    made = html(notebook, figures)
    write_atomic(Path(target), made)
    return Path(target)


def require_current(deck: Path | str, notebook: Path | str, figures: Figures) -> None:
    """Say nothing if a deck is what its notebook and the evidence give now.

    Raises:
        StaleDeck: it is not: the evidence has changed, or the notebook, or somebody edited the deck.
    """
    there = Path(deck).read_text(encoding="utf-8", errors="replace") if Path(deck).is_file() else ""
    if there != html(notebook, figures):
        known = figures.digest in there
        why = "The text was changed." if known else f"It does not state the evidence {figures.digest[:12]}."
        raise StaleDeck(f"{Path(deck).name} is not the deck of this evidence", why=why, next="course deck build")


def pdf(deck: Path | str, target: Path | str) -> Path:
    """Print a deck by headless Chromium; return the file.

    Raises:
        NoBrowser: there is none, or it printed nothing.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if browser is None:
        raise NoBrowser("There is no Chromium to print the deck", next="Open the HTML file and print it.")
    with tempfile.TemporaryDirectory(prefix="mod208-deck-") as profile:
        options = ["--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"]
        # Chromium refuses to run as root with its sandbox; that is what containers do.
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        options += [f"--user-data-dir={profile}", f"--print-to-pdf={Path(target).resolve()}"]
        done = process.run([browser, *options, Path(deck).resolve().as_uri()], timeout=120)
    if not Path(target).is_file():
        raise NoBrowser("Chromium printed nothing", why=done.stderr[-300:], next="Open the HTML file and print it.")
    return Path(target)


def _slides(notebook: Path) -> list[str]:
    found: list[str] = []
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"[:200]
        raise BadInput(
            f"{notebook.name} is not a notebook", why=why, next="Name the notebook of your slides."
        ) from None
    for text in texts:
        for part in re.split(r"(?m)^(?=##? )", text):
            if part.startswith(("# ", "## ")):
                found.append(part)
            elif part.strip() and found:
                found[-1] += f"\n\n{part}"
    return found


def _slide_html(slide: str, figures: Figures) -> Html:
    # HTML of the author's is shown as text: it could look like a figure, hide one, or lead elsewhere.
    text = MarkdownIt("commonmark", {"html": False}).enable("table").render(slide)
    return Html(_FIGURE.sub(lambda match: figures.shown(match[1]), text))


def _title(slide: str) -> str:
    return re.sub(r"<[^>]+>", "", slide.partition("</h")[0]).strip()[:120]

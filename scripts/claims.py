"""What the lectures say that a tool does: sentences that have to be in ``docs/claims.yaml``, and how each is proved.

A sentence is asked for when it names a tool and says something absolute of it (never, by default, since 1.9), or has
the tool do something (Terraform keeps ...). The rule is coarse on purpose: what it finds and is no claim is entered
as such.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from scripts.imports import ROOT

REGISTER = ROOT / "docs" / "claims.yaml"
#: Directories whose lectures are registered; the others follow.
REGISTERED = ("notebooks/unit1", "notebooks/unit3", "notebooks/unit4")

#: A file of a repository as it is at the moment: what it says next month is not what was compared.
_MOVING = re.compile(r"github\.com/[^/]+/[^/]+/blob/(?:main|master)/(?!.*/v\d+\.\d+)")

_TOOL = (
    r"(?:Terraform|Argo CD|Flux|kustomize-controller|source-controller|Kustomize|Conftest|Kyverno|Kubernetes|API server"
    r"|ApplicationSet|AppProject|ResourceQuota|LimitRange|ValidatingAdmissionPolicy|NetworkPolicy|HCP|S3|AWS|GitHub"
    r"|OpenTofu|kubectl|cosign|etcd|OpenBao|PostgreSQL|Sigstore|Fulcio|Rekor(?: v\d)?|OpenVEX|OSV|SLSA|SPDX|CycloneDX"
    r"|Syft|policy-controller|ImageValidatingPolicy|TUF|python-tuf|in-toto|RFC 3161|The vault)"
)
_ABSOLUTE = re.compile(
    r"\b(?:never|always|defaults?|only|cannot|do(?:es)? not|no longer|nothing|nobody|deprecated|experimental|beta)\b"
    r"|\bsince\b (?=[A-Z\d]|[a-z]+-)|\b\d+\.\d+(?:\.\d+)?\b"
)
_DOES = re.compile(
    rf"{_TOOL}(?:'s [\w-]+)?(?: itself| then| still| also)? (?:knows?|takes?|drops?|reads?|asks?|keeps?|stores?"
    r"|refuse[sd]|accept(?:s|ed)|waits?|counts?|renders?|watches|compares?|acts|shows?|deletes?|prunes?|writes?|undoes"
    r"|heals|looks?|sees|lets|makes?|marks?|replaces?|verifies|checks?|evaluates?|plans?|treats?|ignores?|has|adds?"
    r"|goes|leaves?|needs?|gives?|says?|can|may|will|judges|stops?|retries|sends?|owns|syncs|applies)\b"
)
#: What a lecture says of itself and asks of its reader.
_NO_STATEMENT = re.compile(r"\**(?:Predict|Exercise|Start over|Next|After this)|- ")


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook: its Markdown, or the text of what it showed."""

    id: str
    kind: str
    text: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """An entry of the register: the words in a cell, and how they are proved."""

    notebook: str
    cell: str
    entry: dict[str, str]

    @property
    def says(self) -> str:
        """The words, as they stand in the cell."""
        return one_line(self.entry["says"])


def one_line(text: str) -> str:
    """Return a text with single blanks."""
    return " ".join(text.split())


@cache
def cells(notebook: str) -> tuple[Cell, ...]:
    """Return the cells of a notebook, named from the root of the project."""
    return tuple(map(_cell, json.loads((ROOT / notebook).read_text(encoding="utf-8"))["cells"]))


def _cell(raw: dict[str, Any]) -> Cell:
    if raw["cell_type"] == "markdown":
        return Cell(raw["id"], "markdown", "".join(raw["source"]), raw["metadata"])
    texts = ("".join(o.get("text") or o.get("data", {}).get("text/plain") or "") for o in raw["outputs"])
    return Cell(raw["id"], "code", "\n".join(texts), raw["metadata"])


def sentences(markdown: str) -> list[str]:
    """Return the sentences of a Markdown cell; headings, tables and code blocks are none."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)):
        lines = "\n".join(line for line in paragraph.splitlines() if not line.startswith(("#", "|")))
        for item in re.split(r"\n(?=[-*] |\d+\. )", lines):
            found += re.split(r"(?<=[.:?!])\s+(?=[A-Z*`(\"])", one_line(item))
    return found


def is_claim(sentence: str) -> bool:
    """Return whether a sentence states what a tool does, as far as a rule can tell."""
    if _NO_STATEMENT.match(sentence) or sentence.endswith("?"):
        return False
    absolute = re.search(rf"\b{_TOOL}\b", sentence) and _ABSOLUTE.search(sentence)
    return bool(absolute or _DOES.search(sentence))


def register(path: Path = REGISTER) -> list[Claim]:
    """Return the entries of the register."""
    document = yaml_reader.load(path.read_text(encoding="utf-8"))
    return [
        Claim(notebook, cell, entry)
        for notebook, by_cell in document.items()
        for cell, entries in by_cell.items()
        for entry in entries
    ]


def unregistered(notebook: str, known: list[Claim]) -> list[str]:
    """Return the claims of a notebook that the register does not have."""
    mine = [claim for claim in known if claim.notebook == notebook]
    return [
        f"{notebook} {cell.id}: {sentence}"
        for cell in cells(notebook)
        if cell.kind == "markdown"
        for sentence in sentences(cell.text)
        if is_claim(sentence) and not any(claim.cell == cell.id and claim.says in sentence for claim in mine)
    ]


def _not_sourced(entry: dict[str, str]) -> str:
    """Return what a source lacks, or nothing."""
    if _MOVING.search(entry["source"]):
        return "a file on GitHub is named at a tag or in a directory of one version, not on a branch that moves"
    when = str(entry.get("looked_up", ""))
    dated = re.fullmatch(r"\d{4}-\d\d-\d\d", when) and when <= date.today().isoformat()
    complete = entry["source"].startswith("https://") and entry.get("version")
    return (
        "" if complete and dated else "a source has an https address, the version it is about, and when it was opened"
    )


def problem(claim: Claim) -> str:
    """Return what is wrong with an entry, or nothing."""
    here = {cell.id: cell for cell in cells(claim.notebook)}
    if claim.cell not in here or claim.says not in one_line(here[claim.cell].text):
        return f"the cell {claim.cell} does not say so any more"
    entry = claim.entry
    if "shown_by" in entry:
        notebook, _, cell = entry["shown_by"].rpartition("#")
        return _not_shown(notebook or claim.notebook, cell, entry.get("shows", ""))
    if "source" in entry:
        return _not_sourced(entry)
    return "" if entry.get("no_claim") else "it has neither shown_by nor source nor no_claim"


def _not_shown(notebook: str, cell: str, shows: str) -> str:
    found = next((one for one in cells(notebook) if one.id == cell and one.kind == "code"), None)
    if found is None:
        return f"{notebook} has no code cell {cell}"
    if not shows or one_line(shows) not in one_line(found.text):
        return f"the output of {cell} does not show {shows!r}"
    return ""

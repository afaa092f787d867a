"""Controls, and how far events and artifacts answer them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.compliance.audit import Action, Decision, Entry, Retention, Unfinished, once_on_record
from helpers.compliance.evidence import runs
from helpers.compliance.evidence.period import Period, time_text
from helpers.compliance.evidence.runs import Reports
from helpers.compliance.evidence.types import (
    ATTESTATIONS,
    Artifact,
    BadControls,
    Control,
    Coverage,
    Evidence,
    Requirement,
)
from helpers.core import yaml_reader
from helpers.core.paths import IAC

#: The course's own list.
DEFAULT = IAC / "compliance" / "controls.yaml"
#: The list of what is asked of the running platform: covered by recorded runs of the course's profile.
RUNNING = IAC / "compliance" / "running-controls.yaml"
NO_REPORTS = Reports()
_KEYS = {one.name for one in fields(Requirement)}


def load(path: Path = DEFAULT) -> tuple[Control, ...]:
    """Return the controls in a file.

    Raises:
        BadControls: it cannot be read, or says something that nothing can answer.
    """
    try:
        return parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(str(error)) from None


def parse(text: str) -> tuple[Control, ...]:
    """Return the controls in the text of ``controls.yaml``.

    Raises:
        BadControls: see `load`.
    """
    try:
        raw = yaml_reader.load(text)
        if raw["version"] != 1:
            raise _bad("version: 1 is the only one there is")
        found = tuple(
            Control(str(one["id"]), str(one["title"]), tuple(_requirement(r) for r in one["requirements"]))
            for one in raw["controls"]
        )
    except (yaml_reader.InvalidYaml, KeyError, TypeError, AttributeError) as error:
        raise _bad(f"{type(error).__name__}: {error}") from None
    ids = [one.id for one in found]
    if not found or len(set(ids)) != len(ids) or not all(one.requirements for one in found):
        raise _bad("each control has an id of its own and at least one requirement")
    return found


def _requirement(raw: Any) -> Requirement:
    if strange := set(raw) - _KEYS:
        raise _bad(f"unknown fields: {', '.join(sorted(map(str, strange)))}")
    one = Requirement(**{**raw, **{name: tuple(raw.get(name, ())) for name in ("decisions", "checks", "digests")}})
    actions = {str(action) for action in Action}
    if [bool(one.action), bool(one.artifact), bool(one.profile)].count(True) != 1:
        raise _bad(f"{one.name!r} needs an action, an artifact or a profile of controls")
    if one.profile:
        return _of_profile(one)
    if one.subject or one.checks or one.digests:
        raise _bad(f"{one.name!r}: subject, checks and digests go with a profile")
    if one.artifact and (one.artifact not in (*ATTESTATIONS, "signature") or not one.for_each):
        raise _bad(f"{one.name!r}: an artifact is signature, {', '.join(ATTESTATIONS)}, for_each event of an action")
    if one.action and (one.action not in actions or not one.decisions):
        raise _bad(f"{one.name!r}: action is one of {', '.join(sorted(actions))}, with its decisions")
    if set(one.decisions) - {str(decision) for decision in Decision} or one.order not in ("before", "after"):
        raise _bad(f"{one.name!r}: decisions are some of {', '.join(Decision)}; order is before or after")
    if one.for_each and one.for_each not in actions:
        raise _bad(f"{one.name!r}: for_each is one of {', '.join(sorted(actions))}")
    return one


def _of_profile(one: Requirement) -> Requirement:
    if not one.subject or not one.checks or one.decisions or one.for_each or one.may_be_none or one.other_actor:
        raise _bad(f"{one.name!r}: a profile has a subject and checks, may have digests, and has nothing else")
    return one


def _bad(why: str) -> BadControls:
    return BadControls("The list of controls is not valid", why=why, next="Correct controls.yaml.")


def coverage(
    controls: Sequence[Control],
    entries: Iterable[Entry],
    artifacts: Sequence[Artifact],
    at: str,
    period: Period | None = None,
    reports: Reports = NO_REPORTS,
) -> tuple[Coverage, ...]:
    """Return how far verified events and artifacts answer each control.

    Args:
        entries: events of the trail, oldest first. artifacts: whose signatures and statements were verified.
            A control that is asked for each apply or promotion has a gap for one that ended without an intent before
            it, and for one that began and never ended: what it did is not known.
        at: when the pack was made, RFC 3339; the time of evidence that is not an event.
        period: only what happened in it is asked about, by default all. What an event of the period needs, an approval
            before it or a review after it, may lie outside.
        reports: of runs of controls that are among the artifacts.
    """
    known = tuple(entries)
    loose, found = once_on_record(known), []
    for control in controls:
        evidence: list[Evidence] = []
        gaps: list[str] = []
        for asked in control.requirements:
            if asked.profile:
                rows, missing = runs.answer(control, asked, known, reports, period)
            else:
                rows, missing = _answer(control, asked, known, artifacts, at, period)
            evidence += rows
            gaps += missing
        gaps += [str(one) for one in of_controls(loose, [control], period)]
        found.append(Coverage(control, tuple(dict.fromkeys(evidence)), tuple(gaps)))
    return tuple(found)


def of_controls(
    loose: Iterable[Unfinished], controls: Iterable[Control], period: Period | None
) -> tuple[Unfinished, ...]:
    """Return those changes of a period, on record once, whose kind a control asks about."""
    asked = {one.for_each for control in controls for one in control.requirements}
    return tuple(one for one in in_period(loose, period) if one.entry.event.action in asked)


def in_period(loose: Iterable[Unfinished], period: Period | None) -> tuple[Unfinished, ...]:
    """Return those changes on record once whose event lies in a period; without one all of them."""
    return tuple(one for one in loose if period is None or one.entry.at in period)


def _answer(
    control: Control,
    asked: Requirement,
    known: Sequence[Entry],
    artifacts: Sequence[Artifact],
    at: str,
    period: Period | None,
) -> tuple[list[Evidence], list[str]]:
    inside = [one for one in known if period is None or one.at in period]
    if not asked.for_each:
        rows = [_of_entry(control, asked, one) for one in inside if _fits(asked, one)]
        return rows, [] if rows else [f"{asked.name}: the trail has no such event"]
    anchors = [one for one in inside if one.event.action == asked.for_each and one.event.decision == Decision.ACCEPTED]
    if not anchors:
        return [], [] if asked.may_be_none else [f"{asked.name}: the trail has no {asked.for_each}"]
    found, gaps = [], []
    for anchor in anchors:
        rows = list(_about(control, asked, anchor, known, artifacts, at))
        found += rows
        if not rows:
            gaps.append(f"{asked.name}: not for {asked.for_each} of {_subject(anchor).name} (entry {anchor.index})")
    return found, gaps


def _about(
    control: Control, asked: Requirement, anchor: Entry, known: Sequence[Entry], artifacts: Sequence[Artifact], at: str
) -> Iterator[Evidence]:
    """Yield what answers a requirement for one event: about its digest, or about the commit it names."""
    same = {_subject(anchor).digest, str(anchor.event.details.get("commit", ""))} - {""}
    if asked.artifact:
        for one in artifacts:
            if one.digest in same and one.has(asked.artifact):
                yield _of_artifact(control, asked, one, at)
        return
    for entry in known:
        placed = entry.index < anchor.index if asked.order == "before" else entry.index > anchor.index
        other = not asked.other_actor or entry.event.actor != anchor.event.actor
        if placed and other and _fits(asked, entry) and _subject(entry).digest in same:
            yield _of_entry(control, asked, entry)


def _fits(asked: Requirement, entry: Entry) -> bool:
    return entry.event.action == asked.action and entry.event.decision in asked.decisions


def _subject(entry: Entry) -> Any:
    return entry.event.subject


def _of_entry(control: Control, asked: Requirement, entry: Entry) -> Evidence:
    return Evidence(
        control.id,
        asked.name,
        time_text(entry.at),
        _subject(entry).digest,
        entry.signer,
        time_text(entry.keep_until),
        "audit/entries.jsonl",
        entry.index,
        entry.previous,
    )


def _of_artifact(control: Control, asked: Requirement, artifact: Artifact, at: str) -> Evidence:
    until = Retention().until("sign", datetime.fromisoformat(at))
    folder, suffix = ("signatures", "sigstore") if asked.artifact == "signature" else ("attestations", asked.artifact)
    return Evidence(
        control.id,
        asked.name,
        at,
        artifact.digest,
        artifact.signer,
        time_text(until),
        f"{folder}/{artifact.name}.{suffix}.json",
    )

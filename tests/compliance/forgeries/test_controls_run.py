"""Controls that ran: the pack covers what they are tagged with only by the last recorded run on that subject, then."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from helpers.compliance import running
from helpers.compliance.audit import Entry, Event, Subject
from helpers.compliance.evidence import Artifact, BadControls, Control, Coverage, EvidencePack, Period, verify
from helpers.compliance.evidence.controls import RUNNING, coverage, load, parse
from helpers.compliance.evidence.reading import sha256
from helpers.compliance.evidence.runs import Reports
from helpers.core import yaml_reader
from helpers.wrappers import inspec
from helpers.wrappers.inspec import ControlResult, InspecReport, ProfileControl, ProfileReport, WaiverData
from tests.compliance.forgeries.packs import PASSWORD, Frozen, Packs
from tests.compliance.forgeries.world import NOW, Lines, event

MONTH = f"{NOW - timedelta(days=30):%Y-%m-%d}/{NOW:%Y-%m-%d}"
ASKED = {"acme-net-01": "Internal services listen on loopback only", "acme-data-02": "Buckets are closed to the public"}
SOON, OVER = f"{NOW + timedelta(days=9):%Y-%m-%d}", f"{NOW - timedelta(days=9):%Y-%m-%d}"
#: A run: its report, when it was recorded, and by whom.
Run = tuple[InspecReport, float, str]


def control(id: str, status: str, days_ago: float, waiver: WaiverData | None = None) -> ProfileControl:
    at = (NOW - timedelta(days=days_ago)).isoformat(timespec="seconds")
    result = ControlResult(status, "is closed", 0.1, at, message="it is open" if status == "failed" else "")
    return ProfileControl(id, ASKED.get(id, id), "", 1.0, {"soc2": ["CC6.6"]}, (result,), waiver)


def report(*more: ProfileControl, days_ago: float = 2, subject: str = "platform", of: str = "acme-platform") -> Any:
    """Return the report of a run in which both controls passed, but for those that are given."""
    by_id = {id: control(id, "passed", days_ago) for id in ASKED} | {one.id: one for one in more}
    profile = ProfileReport(of, "1.0.0", "", "ab" * 32, tuple(by_id.values()))
    return InspecReport("testinfra", "10", {"name": "debian"}, (profile,), subject=subject)


GOOD: Run = (report(), 2, "controls")
OTHER = report(subject="training")
FAILED = report(control("acme-data-02", "failed", 1), days_ago=1)
WAIVED = report(control("acme-data-02", "failed", 2, WaiverData("The exhibition's, ada answers for it", True, SOON)))


def story(packs: Packs, runs: Sequence[Run]) -> Lines:
    lines = packs.story(25)
    for said, days_ago, by in runs:
        recorded: Event = replace(running.event_of(said), at=NOW - timedelta(days=days_ago))
        lines = packs.world.signed(lines, by, recorded)
    return packs.world.signed(lines, "pipeline", event("drift", "watch", "in-sync", days_ago=0.001))


def sealed(packs: Packs, runs: Sequence[Run], kept: Sequence[str]) -> Path:
    """Return a pack about the last month, with these reports in it."""
    pack = EvidencePack(packs._new(), controls=RUNNING, period=MONTH)
    for number, text in enumerate(kept):
        file = packs._new().with_suffix(".json")
        file.write_text(text, encoding="utf-8")
        pack.add(file, name=f"run-{number}.json")
    trail = Frozen(packs.world, story(packs, runs))
    return pack.seal(trail, key=packs.sealer, password=PASSWORD, sigstore=packs.sigstore)


def auditor(packs: Packs) -> Path:
    """Return the keys of an auditor who insists on the list of what is asked of the running platform."""
    keys = Path(shutil.copytree(packs.keys.directory, packs._new()))
    shutil.copyfile(RUNNING, keys / "controls.yaml")
    return keys


def answered(
    packs: Packs, root: Path, runs: Sequence[Run], kept: Sequence[str], asked: Sequence[Control] = ()
) -> Coverage:
    """Return how CC6.6 is answered by a trail and files, as it is worked out for a pack; nothing is sealed."""
    (root / "artifacts").mkdir(parents=True)
    artifacts = []
    for number, content in enumerate(kept):
        file = root / "artifacts" / f"run-{number}.json"
        file.write_text(content, encoding="utf-8")
        artifacts.append(Artifact(file.name, sha256(file)))
    known = [Entry.of(index, line) for index, line in enumerate(story(packs, runs))]
    at, period = NOW.isoformat(), Period.parse(MONTH)
    found = coverage(asked or load(RUNNING), known, artifacts, at, period, Reports.of(root, artifacts))
    (one,) = [one for one in found if one.control.id == "CC6.6"]
    return one


def covers(packs: Packs, pack: Path) -> Coverage:
    """Return how an auditor finds CC6.6 answered."""
    found = verify(pack, keys=auditor(packs), period=MONTH)
    assert found.status == "valid", found.text()
    (one,) = [one for one in found.coverage if one.control.id == "CC6.6"]
    return one


def text(said: InspecReport) -> str:
    return said.to_json()


FORGERIES: dict[str, tuple[Sequence[Run], Sequence[str], str]] = {
    "nothing ran": ((), (), "no run of acme-platform on platform"),
    "a report that nobody recorded": ((), (text(GOOD[0]),), "no run of acme-platform on platform"),
    "the pipeline vouches for itself": (((GOOD[0], 2, "pipeline"),), (text(GOOD[0]),), "recorded by controls"),
    "a control failed": (((FAILED, 1, "controls"),), (text(FAILED),), "acme-data-02 failed: it is open"),
    "the run that failed is left out": ((GOOD, (FAILED, 1, "controls")), (text(GOOD[0]),), "is not in the pack"),
    "a run that passed before one that failed": (
        (GOOD, (FAILED, 1, "controls")),
        (text(GOOD[0]), text(FAILED)),
        "acme-data-02 failed",
    ),
    "another subject": (
        ((OTHER, 2, "controls"),),
        (text(OTHER),),
        "no run of",
    ),
    "an edited report": ((GOOD,), (text(GOOD[0]).replace("debian", "Debian"),), "is not in the pack"),
    "a run before the period": (((GOOD[0], 31, "controls"),), (text(GOOD[0]),), "no run of"),
    "an old report recorded now": (
        ((report(days_ago=40), 2, "controls"),),
        (text(report(days_ago=40)),),
        "not in this period",
    ),
    "an older run that passed, recorded once more after one that failed": (
        (GOOD, (FAILED, 1, "controls"), (GOOD[0], 1, "controls")),
        (text(GOOD[0]), text(FAILED)),
        "it ran before the run of entry",
    ),
    "the same, and the run that failed is left out": (
        ((FAILED, 1, "controls"), (GOOD[0], 1, "controls")),
        (text(GOOD[0]),),
        "it ran before the run of entry",
    ),
    "a control was left out": (
        ((replace(GOOD[0], profiles=(replace(GOOD[0].profiles[0], controls=GOOD[0].controls[:1]),)), 2, "controls"),),
        (text(replace(GOOD[0], profiles=(replace(GOOD[0].profiles[0], controls=GOOD[0].controls[:1]),))),),
        "does not have acme-data-02",
    ),
}


def waived(end: str, reason: str = "ada answers for it", of: Sequence[str] = ("acme-data-02",)) -> InspecReport:
    said: InspecReport = report(*(control(id, "failed", 2, WaiverData(reason, True, end)) for id in of))
    return said


FORGERIES |= {
    name: (((said, 2, "controls"),), (text(said),), why)
    for name, said, why in (
        ("a waiver that was over", waived(OVER), "was over on"),
        ("a waiver without an end", waived(""), "has no end"),
        ("a waiver without a reason", waived(SOON, " "), "acme-data-02 failed"),
        ("everything is waived", waived(SOON, of=tuple(ASKED)), "all of its controls are waived"),
        ("it was skipped", report(control("acme-net-01", "skipped", 2)), "acme-net-01 skipped"),
        ("another profile", report(of="acme-easy"), "no run of acme-platform"),
    )
}


@pytest.mark.parametrize(
    ("result", "why"),
    [
        ({"status": "failed", "message": 5}, "acme-data-02 failed: 5"),
        ({"status": "failed", "message": " "}, "acme-data-02 failed: it does not say why"),
        ({"status": "passed", "start_time": 5}, "does not say when it ran"),
        ({"status": "passed", "start_time": "0001-01-01T00:00:00+14:00"}, "does not say when it ran"),
        ({"status": "passed", "start_time": "2026-01-01T00:00:00"}, "does not say when it ran"),
    ],
)
def test_a_report_with_odd_values_is_a_gap_and_never_a_fault_of_the_verifier(
    packs: Packs, tmp_path: Path, result: dict[str, Any], why: str
) -> None:
    raw = GOOD[0].to_dict()
    raw["profiles"][0]["controls"][1]["results"] = [result]
    odd = InspecReport.from_json(raw)
    file, recorded = json.dumps(raw), replace(running.event_of(odd), at=NOW - timedelta(days=2))
    subject = Subject("controls/run.json", hashlib.sha256(file.encode()).hexdigest())
    lines = packs.world.signed(packs.story(25), "controls", replace(recorded, subject=subject))
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts/run.json").write_text(file)
    artifact = Artifact("run.json", sha256(tmp_path / "artifacts/run.json"))
    known = [Entry.of(index, line) for index, line in enumerate(lines)]
    reports, period = Reports.of(tmp_path, [artifact]), Period.parse(MONTH)
    found = coverage(load(RUNNING), known, [artifact], NOW.isoformat(), period, reports)
    (one,) = [one for one in found if one.control.id == "CC6.6"]
    assert not one.covered and why in one.gaps[0], one.gaps


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery(packs: Packs, tmp_path: Path, name: str) -> None:
    runs, kept, why = FORGERIES[name]
    found = answered(packs, tmp_path / "made", runs, kept)
    assert not found.covered and not found.evidence and why in found.gaps[0], found.gaps


@pytest.mark.parametrize("name", ["the pipeline vouches for itself", "the run that failed is left out"])
def test_forgery_in_a_pack(packs: Packs, name: str) -> None:
    runs, kept, why = FORGERIES[name]
    found = covers(packs, sealed(packs, runs, kept))
    assert not found.covered and not found.evidence and why in found.gaps[0], found.gaps


def test_forgery_of_a_claim(packs: Packs) -> None:
    """The maker of a pack says that it is covered all the same, with the rows of a good one."""
    good = sealed(packs, [GOOD], [text(GOOD[0])])
    bad = sealed(packs, [GOOD, (FAILED, 1, "controls")], [text(GOOD[0]), text(FAILED)])
    (claim,) = [one.to_dict() for one in verify(good, keys=auditor(packs)).coverage if one.control.id == "CC6.6"]

    def lie(said: dict[str, Any]) -> None:
        said["controls"] = [claim if one["id"] == "CC6.6" else one for one in said["controls"]]

    found = verify(packs.resealed(lie, bad), keys=auditor(packs))
    assert {(one.kind, one.where) for one in found.findings} == {("wrong-claim", "CC6.6")}


@pytest.mark.parametrize(
    ("runs", "kept"),
    [
        ([GOOD], [GOOD[0]]),
        ([(FAILED, 3, "controls"), GOOD, (OTHER, 1, "controls")], [GOOD[0]]),
        ([(WAIVED, 2, "controls")], [WAIVED]),
        ([GOOD, (GOOD[0], 1.9, "controls")], [GOOD[0]]),
    ],
)
def test_honest_twin(packs: Packs, runs: Sequence[Run], kept: Sequence[InspecReport]) -> None:
    found = covers(packs, sealed(packs, runs, list(map(text, kept))))
    assert found.covered and len(found.evidence) == 2
    assert all(row.signer.startswith("controls+") and row.source == "artifacts/run-0.json" for row in found.evidence)
    assert any(f"is waived until {SOON}: The exhibition's" in row.requirement for row in found.evidence) is (
        kept[0] is WAIVED
    )


def test_the_list_asks_for_every_control_of_the_profile_that_is_tagged_so() -> None:
    tagged: dict[str, set[str]] = {}
    for one in inspec.load().controls:
        for id in one.soc2:
            tagged.setdefault(id, set()).add(one.id)
    assert {one.id: {id for r in one.requirements for id in r.checks} for one in load(RUNNING)} == tagged
    assert all(r.profile == inspec.load().name for one in load(RUNNING) for r in one.requirements)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("subject", "", "has a subject"),
        ("checks", [], "has a subject and checks"),
        ("decisions", ["accepted"], "nothing else"),
        ("action", "verify", "needs an action, an artifact or a profile"),
        ("profile", "", "needs an action"),
        ("run", "yes", "unknown fields"),
    ],
)
def test_a_requirement_that_nothing_can_answer_is_refused(field: str, value: Any, why: str) -> None:
    raw = yaml_reader.load(RUNNING.read_text())
    raw["controls"][1]["requirements"][0][field] = value
    with pytest.raises(BadControls, match=why):
        parse(yaml_reader.dump(raw))


def test_an_easier_profile_of_the_same_name_is_told_apart_by_its_digest(packs: Packs, tmp_path: Path) -> None:
    raw = yaml_reader.load(RUNNING.read_text())
    asked = raw["controls"][1]["requirements"][0]
    for digest, covered in (("ab" * 32, True), ("cd" * 32, False)):
        asked["digests"] = [digest]
        found = answered(packs, tmp_path / digest[:2], [GOOD], [text(GOOD[0])], parse(yaml_reader.dump(raw)))
        assert found.covered is covered
    assert "is another one than the list of controls names" in found.gaps[0]

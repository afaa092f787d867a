"""Hidden tests of Lab 3, notebook 05: the findings hold in this room alone, and no other way in is left open."""

from __future__ import annotations

import tempfile
from pathlib import Path

from helpers.course.checks import Unmet
from helpers.course.checks.lab3_incident import FINDINGS, KEYS, RESTORED, answers, case, entries
from helpers.course.labs import Lab
from helpers.course.scenarios import incident


def find(lab: Lab) -> None:
    """One entry less or one more is told apart, and the findings name no entry twice."""
    try:
        truth, said = case(lab), answers(lab)["log"]
        entries(truth, said)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None
    assert len(said) == len(truth.log), f"{FINDINGS}: an entry is named twice"
    for other in (said[1:], [*said, {"kind": "flipped", "index": len(truth.room.entries()) + 7}]):
        try:
            entries(truth, other)
        except Unmet:
            continue
        raise AssertionError(f"{FINDINGS}: the log's findings are not judged")


def contain(lab: Lab) -> None:
    """With the forged bytes in a restored package's place, no trusted key vouches for it."""
    try:
        truth = case(lab)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None
    keys, name = incident.read_keys(lab.path(KEYS)), truth.replaced.name
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / name
        incident.copy_file(lab.path(RESTORED) / name, package)
        assert incident.signer_of(package, keys)[0], f"{RESTORED}/{name} is not verified"
        package.write_bytes(truth.replaced.read_bytes())
        assert not incident.signer_of(package, keys)[0], "the forged package passes with the restored signature"

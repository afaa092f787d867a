"""Hidden tests of Lab 3, notebook 06: other faults, other stories, other ways to fool the verifier."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from helpers.checks import Unmet
from helpers.checks.lab3_pack import CODES, JOB, KEYS, PACK, Case, answer, cases, read, verified
from helpers.checks.lab3_trail import DOWN, one_bucket, rehearsal
from helpers.labs import Lab


def watch(lab: Lab) -> None:
    """A stack that was never applied with a cloud that is down is no crash; a trail that is down is told."""
    from helpers import services

    try:
        with rehearsal(lab, JOB, CODES) as room:
            (room.stack / "main.tf.json").write_text(one_bucket("acme-hidden-watch"))
            (room.stack / "terraform.tfstate").write_text("{ this is no state")
            room.run("", "could not tell", "a state that cannot be read", **DOWN)
            room.last("drift", "unknown", "a state that cannot be read")
            services.stop("audit")
            room.run("", "could not tell", "a trail that is down")
            (room.stack / "terraform.tfstate").unlink()
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None


def controls(lab: Lab) -> None:
    """Two releases, the second with the first one's approval; two broken glasses, the first reviewed late."""
    try:
        listed = read(lab)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None
    good = cases()[0].events
    second = ("learner", "promotion", "accepted", "stack")
    story = Case("CC8.1", "a second artifact had the approval of the first", (*good, second))
    assert answer(listed, story), f"{story.control} is covered although {story.about}"
    both = (*good, ("ada", "break-glass", "accepted", "stack"), ("bela", "verify", "accepted", "stack"))
    assert not answer(listed, Case("CC7.3", "each was reviewed", both)), "CC7.3 has a gap although each was reviewed"


def pack(lab: Lab) -> None:
    """What the auditor holds refuses each copy that was tampered with, and cannot tell without a key."""
    result = lab.result("pack")
    assert result.passed, result.reason
    package = next((lab.path(PACK) / "artifacts").iterdir()).name
    ways: dict[str, tuple[str, Callable[[Path], object]]] = {
        "a byte more": ("invalid", lambda home: (home / "pack/artifacts" / package).open("ab").write(b"x")),
        "an event less": ("invalid", lambda home: _shorter(home / "pack/audit/entries.jsonl")),
        "another's key": ("invalid", lambda home: _other(home / "keys")),
        "no pack": ("unknown", lambda home: shutil.rmtree(home / "pack")),
    }
    for what, (expected, way) in ways.items():
        with tempfile.TemporaryDirectory(prefix="mod208-h-") as folder:
            home = Path(folder)
            shutil.copytree(lab.path(PACK), home / "pack")
            shutil.copytree(lab.path(KEYS), home / "keys")
            way(home)
            said = verified(home / "pack", home / "keys")["status"]
        assert said == expected, f"a pack with {what} is {said}, not {expected}"


def _shorter(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def _other(keys: Path) -> None:
    shutil.copyfile(next((keys / "signers").glob("*.pub")), keys / "pack.pub")

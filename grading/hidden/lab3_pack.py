"""Hidden tests of Lab 3, notebook 06: other faults, other stories, other ways to fool the verifier."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from helpers.compliance.evidence import verify
from helpers.compliance.evidence.period import time_text
from helpers.compliance.evidence.types import FILES, PACK_TYPE, STATEMENT
from helpers.course.checks import Unmet
from helpers.course.checks.lab3_pack import CODES, JOB, KEYS, PACK, Case, answer, cases, read, verified
from helpers.course.checks.lab3_trail import DOWN, one_bucket, rehearsal
from helpers.course.labs import Lab
from helpers.runtime import services
from helpers.wrappers.cosign import Bundle, Cosign, KeyPair


def watch(lab: Lab) -> None:
    """A stack never applied or a cloud that is down does not crash the watch; a trail that is down is reported."""
    try:
        with rehearsal(lab, JOB, CODES) as room:
            (room.stack / "main.tf.json").write_text(one_bucket("acme-hidden-watch"))
            room.run("", "could not tell", "a stack that was never applied")
            room.last("drift", "unknown", "a stack that was never applied")
            (room.stack / "terraform.tfstate").write_text("{ this is not a state")
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
    """Each copy that was tampered with is refused, and what was done to it is named; the three exit codes differ."""
    result = lab.result("pack")
    assert result.passed, result.reason
    with tempfile.TemporaryDirectory(prefix="mod208-h-") as folder:
        stranger = Cosign(folder).generate_key_pair(password=_PASSWORD, name="stranger")
        for what, (kind, way) in WAYS.items():
            home = _copy(lab, Path(folder) / what)
            way(home, stranger)
            found = verify(home / "pack", keys=home / "keys")
            kinds = {one.kind for one in found.findings}
            assert kind in kinds, f"a pack with {what} is {found.status}: {sorted(kinds)}, not {kind}"
        # From the command line, as the auditor asks: the copies of before, and the pack itself.
        for what, code in ((_ARTIFACT, 1), (_NO_KEY, 3)):
            ended = verified(Path(folder) / what / "pack", Path(folder) / what / "keys")["exitCode"]
            assert ended == code, f"a pack with {what}: the verifier ends with {ended}, not with {code}"
    assert verified(lab.path(PACK), lab.path(KEYS))["exitCode"] == 0, "the pack itself is no longer valid"
    # A good pack, shown for a year in which there was no trail.
    older = verify(lab.path(PACK), keys=lab.path(KEYS), period="2020-01-01/2021-01-01")
    kinds = {one.kind for one in older.findings}
    open_left = any("before the trail begins" in one for one in older.not_checked)
    assert kinds == {"other-period"} or open_left, f"shown for another year, it is {older.status}: {sorted(kinds)}"


def _copy(lab: Lab, home: Path) -> Path:
    shutil.copytree(lab.path(PACK), home / "pack")
    shutil.copytree(lab.path(KEYS), home / "keys")
    return home


def _flipped(home: Path, _: KeyPair) -> None:
    log = home / "pack/audit/entries.jsonl"
    content = bytearray(log.read_bytes())
    content[content.index(b'"payload"') + 40] ^= 1
    log.write_bytes(bytes(content))


def _deleted(home: Path, _: KeyPair) -> None:
    log = home / "pack/audit/entries.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:1] + lines[2:]))


def _swapped_artifact(home: Path, _: KeyPair) -> None:
    next((home / "pack/artifacts").iterdir()).write_bytes(b"something else")


def _swapped_key(home: Path, stranger: KeyPair) -> None:
    shutil.copyfile(stranger.public, home / "keys/pack.pub")


def _shorter_retention(home: Path, stranger: KeyPair) -> None:
    """Let somebody who may seal packs claim that the evidence need not be kept for long."""
    pack = home / "pack"
    said = Bundle.read(pack / STATEMENT).predicate
    assert isinstance(said, dict)
    # Sealed again, it has another signed time, and says so: else an old pack would be refused for its date alone.
    made, said["madeAt"] = said["madeAt"], time_text(datetime.now(UTC))
    for row in (row for control in said["controls"] for row in control["evidence"]):
        row["at"] = said["madeAt"] if row["at"] == made else row["at"]
        row["keep_until"] = row["at"]
    (pack / STATEMENT).unlink()
    Cosign(pack).attest_blob(
        FILES, key=stranger, password=_PASSWORD, predicate=said, type=PACK_TYPE, bundle=STATEMENT, timestamp=True
    )
    _swapped_key(home, stranger)


def _undated(home: Path, _: KeyPair) -> None:
    """Take the signed time out: then the maker could name any date."""
    statement = home / "pack" / STATEMENT
    bundle = json.loads(statement.read_bytes())
    del bundle["verificationMaterial"]["timestampVerificationData"]
    statement.write_text(json.dumps(bundle))


_PASSWORD, _ARTIFACT, _NO_KEY = "of a stranger", "another artifact", "no key of the log"
#: What somebody did to a copy -> the kind of finding that names it, and how it is done.
WAYS: dict[str, tuple[str, Callable[[Path, KeyPair], object]]] = {
    "a bit of an event flipped": ("audit-flipped", _flipped),
    "an event less": ("audit-deleted", _deleted),
    _ARTIFACT: ("signature-tampered", _swapped_artifact),
    "a stranger's key for the sealer's": ("statement-wrong-key", _swapped_key),
    "a shorter retention": ("wrong-claim", _shorter_retention),
    "no signed time": ("statement-no-timestamp", _undated),
    _NO_KEY: ("unknown", lambda home, _: (home / "keys/log.pub").unlink()),
}

"""A stranger's verification: offline, by the program ``audit-log``, with nothing but public keys."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from helpers import _process, tools
from helpers.audit.errors import AuditError
from helpers.audit.types import Checkpoint, Entry, Finding, Proof, Verification


def verify_export(
    folder: Path | str, *, key: Path | str, collectors: Path | str | None = None, witnessed: Path | str | None = None
) -> Verification:
    """Verify an exported trail.

    Args:
        folder: what `Trail.export` wrote.
        key: file of the log's public key, had from elsewhere than the folder.
        collectors: file of the public keys of those who may sign events; without it, those in the folder are
            believed.
        witnessed: file of an earlier checkpoint: finds a history that the log's own key was used to change.

    Raises:
        AuditError: the verifier could not run.
    """
    options = ["--collectors", str(collectors)] if collectors else []
    options += ["--witnessed", str(witnessed)] if witnessed else []
    return _run(["--key", str(key), *options, str(folder)])


def verify_inclusion(proof: Proof, entry: Entry | bytes, *, key: Path | str) -> Verification:
    """Verify that the log holds an entry."""
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "entry"
        held.write_bytes(entry.raw if isinstance(entry, Entry) else entry)
        saved = proof.save(Path(folder) / "proof")
        return _run(["inclusion", "--key", str(key), "--entry", str(held), str(saved)])


def verify_consistency(proof: Proof, old: Checkpoint, *, key: Path | str) -> Verification:
    """Verify that the log of the checkpoint *old* is a prefix of the one that the proof leads to."""
    with tempfile.TemporaryDirectory() as folder:
        kept = old.save(Path(folder) / "old")
        saved = proof.save(Path(folder) / "proof")
        return _run(["consistency", "--key", str(key), "--old", str(kept), str(saved)])


def _run(args: Sequence[str]) -> Verification:
    argv: list[str | Path] = [tools.ensure("audit-log").path, "verify", *args]
    done = _process.run(argv, timeout=600, raw_stdout=True)
    if done.returncode not in (0, 1, 3) or not done.stdout.startswith("{"):
        raise AuditError("The verifier could not run", why=done.stderr, next="course tools install audit-log")
    said = json.loads(done.stdout)
    return Verification(
        said["status"],
        tuple(Finding(f["kind"], f.get("index"), f["message"], f.get("file", "")) for f in said["findings"]),
        said["origin"], said["size"], said["root"], tuple(said["checked"]), said["withheld"],
    )  # fmt: skip

"""A stranger's verification: offline, by the program ``audit-log``, with nothing but public keys."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from helpers.compliance.audit.errors import AuditError
from helpers.compliance.audit.types import AuditFinding, Checkpoint, Entries, Entry, Proof, Verification
from helpers.core import process
from helpers.runtime import tools


def verify_export(
    directory: Path | str,
    *,
    key: Path | str,
    collectors: Path | str | None = None,
    root: Path | str | None = None,
    witnessed: Path | str | Sequence[Path | str] | None = None,
    quorum: int | None = None,
) -> Verification:
    """Verify an exported trail.

    Args:
        directory: what `Trail.export` wrote.
        key: file of the log's public key, had from elsewhere than the directory.
        collectors: file of the list of functionaries that the verifier knows; a newer one in the export needs the
            root's signature.
        root: file of the public key that signs that list. Without it and without *collectors* nobody vouches for who
            may state what, and the answer is ``unknown``.
        witnessed: files of earlier checkpoints: they find a history that the log's own key was used to change.
        quorum: how many witnesses must have cosigned; by default as many as the list says, 0 asks for none.

    Raises:
        AuditError: the verifier could not run.
    """
    options = _list(collectors, root)
    kept = [witnessed] if isinstance(witnessed, Path | str) else witnessed or ()
    options += [word for file in kept for word in ("--witnessed", str(file))]
    options += [] if quorum is None else ["--quorum", str(quorum)]
    return _run(["--key", str(key), *options, str(directory)])


def entries_of(directory: Path) -> Entries:
    """Return the entries of an export; those past their retention are left out. Who relies on them verifies it first.

    Raises:
        ValueError, KeyError, OSError: it is not an export.
    """
    lines = (directory / "entries.jsonl").read_bytes().removesuffix(b"\n").split(b"\n")
    return Entries(Entry.of(index, line) for index, line in enumerate(lines) if line and not Entry.withheld(line))


def verify_inclusion(
    proof: Proof,
    entry: Entry | bytes,
    *,
    key: Path | str,
    collectors: Path | str | None = None,
    root: Path | str | None = None,
) -> Verification:
    """Verify that the log holds an entry.

    Args:
        key: file of the log's public key.
        collectors: file of the list of functionaries, signed by *root*: asks for the cosignatures of its witnesses, so
            that the proof is of the log that others see as well.
    """
    with tempfile.TemporaryDirectory() as directory:
        held = Path(directory) / "entry"
        held.write_bytes(entry.raw if isinstance(entry, Entry) else entry)
        saved = proof.save(Path(directory) / "proof")
        return _run(["inclusion", "--key", str(key), *_list(collectors, root), "--entry", str(held), str(saved)])


def verify_consistency(
    proof: Proof,
    old: Checkpoint,
    *,
    key: Path | str,
    collectors: Path | str | None = None,
    root: Path | str | None = None,
) -> Verification:
    """Verify that the log of the checkpoint *old* is a prefix of the one that the proof leads to.

    Args:
        key, collectors, root: as in `verify_inclusion`.
    """
    with tempfile.TemporaryDirectory() as directory:
        kept = old.save(Path(directory) / "old")
        saved = proof.save(Path(directory) / "proof")
        return _run(["consistency", "--key", str(key), *_list(collectors, root), "--old", str(kept), str(saved)])


def _list(collectors: Path | str | None, root: Path | str | None) -> list[str]:
    options = ["--collectors", str(collectors)] if collectors else []
    return options + (["--root", str(root)] if root else [])


def _run(args: Sequence[str]) -> Verification:
    argv: list[str | Path] = [tools.ensure("audit-log").path, "verify", *args]
    done = process.run(argv, timeout=600, raw_stdout=True)
    if done.returncode not in (0, 1, 3) or not done.stdout.startswith("{"):
        raise AuditError("The verifier could not run", why=done.stderr, next="course tools install audit-log")
    said = json.loads(done.stdout)
    return Verification(
        said["status"],
        tuple(AuditFinding(f["kind"], f.get("index"), f["message"], f.get("file", "")) for f in said["findings"]),
        said["origin"],
        said["size"],
        said["root"],
        tuple(said["checked"]),
        said["withheld"],
    )

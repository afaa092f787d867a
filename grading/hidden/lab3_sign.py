"""Hidden tests of Lab 3, notebook 03: other files, other signers, other moments."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from helpers.compliance.evidence import ATTESTATIONS
from helpers.course.checks import Unmet
from helpers.course.checks.lab3_sign import (
    ADA,
    BOM,
    INFERENCE,
    KEY,
    KEYRING,
    PACKAGE,
    POLICY,
    UNLOCKS,
    Case,
    cosign,
    judge,
    roots,
    rules,
)
from helpers.course.labs import Lab
from helpers.course.scenarios import build_platform
from helpers.wrappers.cosign import Cause, Cosign, Keyless, Keyring


def sign(lab: Lab) -> None:
    """A byte more is refused, so is another key, and a statement is of no use for another file."""
    try:
        run, believed = cosign(lab), roots(lab)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None
    with tempfile.TemporaryDirectory(prefix="mod208-h-") as folder:
        copy, there = Path(folder) / "copy", Cosign(folder)
        for name in (PACKAGE, POLICY):
            bundle = run.workdir / f"{name}.sigstore.json"
            copy.write_bytes((run.workdir / name).read_bytes() + b"\n")
            assert not there.verify_blob(copy, key=lab.path(KEY), bundle=bundle, roots=believed), f"{name} and a byte"
            shutil.copyfile(run.workdir / name, copy)
            assert there.verify_blob(copy, key=lab.path(KEY), bundle=bundle, roots=believed), name
            strange = Cosign(lab.private()).key_pair(name="laptop")
            assert not there.verify_blob(copy, key=strange, bundle=bundle, roots=believed), f"{name}, another key"
        for kind, key in (("sbom", lab.path(KEY)), ("provenance", build_platform.builder().key)):
            shutil.copyfile(run.workdir / POLICY, copy)
            bundle = run.workdir / f"{PACKAGE}.{kind}.json"
            found = there.verify_blob_attestation(copy, key=key, type=ATTESTATIONS[kind], bundle=bundle, roots=believed)
            assert not found, f"the {kind} is accepted for another file"


def keyless(lab: Lab) -> None:
    """Signers and subjects that the visible check does not have."""
    more = (
        Case("policies/admission", INFERENCE, False, "the inference pipeline signs a policy"),
        Case("modules/gpu-network", INFERENCE, False, "the inference pipeline states a module's SBOM", BOM),
        Case("policies-draft/admission", ADA, False, "ada signs something outside policies/"),
        Case("modules", ADA, False, "ada signs what is called modules"),
    )
    try:
        believed, policy = roots(lab), rules(lab)
        with tempfile.TemporaryDirectory(prefix="mod208-h-") as folder:
            run = Keyless(folder)
            (run.workdir / "file").write_bytes(b"hidden")
            for case in more:
                if case.statement:
                    run.attest_blob("file", identity=case.signer, predicate={}, type=case.statement, bundle="b.json")
                else:
                    run.sign_blob("file", identity=case.signer, bundle="b.json")
                judge(run, policy, case, "b.json", believed)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None


def rotate(lab: Lab) -> None:
    """Without its signed time even the new key's signature is refused, and a stranger's key is nobody's."""
    ring, believed = Keyring.read(lab.path(KEYRING)), roots(lab)
    with tempfile.TemporaryDirectory(prefix="mod208-h-") as folder:
        run, home = Cosign(folder), Cosign(lab.private())
        (run.workdir / "file").write_bytes(b"hidden")
        run.sign_blob("file", key=home.key_pair(name="release-2"), password=lab.secret(UNLOCKS))
        found = ring.verify_blob(run, "file", roots=believed)
        assert getattr(found, "cause", None) == Cause.NO_TIMESTAMP, "a signature without a time is accepted"
        stranger = run.generate_key_pair(password=lab.secret(UNLOCKS), name="stranger")
        run.sign_blob("file", key=stranger, password=lab.secret(UNLOCKS), timestamp=True)
        assert not ring.verify_blob(run, "file", roots=believed), "a stranger's key counts"

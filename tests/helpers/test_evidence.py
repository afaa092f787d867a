"""Evidence packs: what a stranger with the public keys finds out, for every way of tampering."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from helpers import services
from helpers.audit import Entry, Subject, Trail
from helpers.cli import course
from helpers.cosign import Cosign, KeyPair
from helpers.evidence import ATTESTATIONS, BadControls, BadEvidence, EvidencePack, Keys, controls, verify
from helpers.evidence.pack import sums
from helpers.evidence.types import FILES, PACK_TYPE, STATEMENT
from helpers.widgets.control_coverage import control_coverage_html

PASSWORD = "a password of tests"
pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class World:
    home: Path
    pack: Path
    keys: Path
    sealer: KeyPair
    signer: KeyPair

    def reseal(self, pack: Path, predicate: dict[str, Any] | None = None, key: KeyPair | None = None) -> None:
        """Write list and statement anew, as who has the key could."""
        said = predicate if predicate is not None else statement(pack)
        (pack / FILES).write_text(sums(pack))
        (pack / STATEMENT).unlink()
        Cosign(pack).attest_blob(
            FILES, key=key or self.sealer, password=PASSWORD, predicate=said, type=PACK_TYPE, bundle=STATEMENT
        )


def statement(pack: Path) -> dict[str, Any]:
    from helpers.cosign import Bundle

    said = Bundle.read(pack / STATEMENT).predicate
    assert isinstance(said, dict)
    return said


def record(trail: Trail, artifact: Path) -> None:
    subject = Subject.of(artifact.name, artifact)
    about: dict[str, Any] = {"subject": subject}
    trail.record("plan", actor="learner", decision="accepted", **about)
    trail.record("policy-decision", actor="gate", decision="accepted", **about)
    trail.record("policy-decision", actor="gate", decision="refused", subject=Subject.of("bad.tf", "bad"))
    trail.record("approval", actor="bela", decision="accepted", **about)
    trail.record("sign", actor="pipeline", decision="accepted", **about)
    trail.record("promotion", actor="learner", decision="accepted", **about)
    trail.record("drift", actor="pipeline", decision="in-sync", **about)
    trail.record("secret-access", actor="inference", decision="accepted", subject=Subject.of("registry", "path"))
    trail.record("break-glass", actor="ada", decision="accepted", reason="certificate", **about)
    trail.record("verify", actor="bela", decision="accepted", reason="reviewed the broken glass", **about)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("e")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        services.ensure("audit")
        try:
            cosign = Cosign(home)
            sealer = cosign.generate_key_pair(password=PASSWORD, name="pack")
            signer = cosign.generate_key_pair(password=PASSWORD, name="module")
            artifact = home / "network-1.0.0.tar.gz"
            artifact.write_bytes(b"a module package")
            record(Trail("pipeline"), artifact)
            pack = EvidencePack(home / "pack")
            pack.add(artifact, **signed(cosign, artifact, signer)).seal(Trail(), key=sealer, password=PASSWORD)
            keys = Keys.write(home / "keys", pack=sealer, signers=(signer,), controls=controls.DEFAULT)
        finally:
            services.stop()
        yield World(home, home / "pack", keys.folder, sealer, signer)


def signed(cosign: Cosign, artifact: Path, key: KeyPair, version: str = "1.0.0") -> dict[str, Path]:
    """Sign an artifact and two statements about it; return the bundles."""
    found = {"signature": cosign.sign_blob(artifact, key=key, password=PASSWORD).path}
    sbom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "x", "version": version}]}
    origin = {"buildDefinition": {"buildType": "https://acme.test/module/v1"}, "runDetails": {"builder": {"id": "ci"}}}
    for kind, predicate in (("sbom", sbom), ("provenance", origin)):
        target = artifact.with_name(f"{artifact.name}.{kind}.json")
        cosign.attest_blob(
            artifact, key=key, password=PASSWORD, predicate=predicate, type=ATTESTATIONS[kind], bundle=target
        )
        found[kind] = target
    return {name: Path(str(path)) for name, path in found.items()}


@pytest.fixture
def copy(world: World, tmp_path: Path) -> Path:
    """The pack on another machine."""
    return Path(shutil.copytree(world.pack, tmp_path / "pack"))


def test_a_pack_is_valid_and_every_control_is_covered(world: World) -> None:
    found = verify(world.pack, keys=world.keys)
    assert found.status == "valid", found.findings
    assert {one.control.id: one.covered for one in found.coverage} == dict.fromkeys(
        ("CC6.1", "CC6.6", "CC7.2", "CC7.3", "CC8.1"), True
    )
    assert len(found.checked) >= 7


def test_evidence_has_all_that_an_auditor_asks_for(world: World) -> None:
    rows = [row for one in verify(world.pack, keys=world.keys).coverage for row in one.evidence]
    assert all(row.control and row.at.endswith("Z") and row.digest and row.signer and row.keep_until for row in rows)
    events = [row for row in rows if row.index is not None]
    assert all(len(row.previous) == 64 and row.keep_until > row.at for row in events)
    assert {row.source for row in rows} >= {
        "audit/entries.jsonl", "signatures/network-1.0.0.tar.gz.sigstore.json",
        "attestations/network-1.0.0.tar.gz.sbom.json",
    }  # fmt: skip


def test_the_command_has_three_exit_codes(world: World, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_STATE", str(copy.parent / "nothing-here"))
    ask = ["evidence", "verify", str(copy), "--keys", str(world.keys)]
    valid = CliRunner().invoke(course, ask)
    assert valid.exit_code == 0, valid.output
    assert "CC8.1   covered" in valid.output
    as_json = CliRunner().invoke(course, [*ask, "--json"])
    assert json.loads(as_json.stdout)["status"] == "valid"
    (copy / "artifacts" / "network-1.0.0.tar.gz").write_bytes(b"another module")
    invalid = CliRunner().invoke(course, ask)
    assert (invalid.exit_code, "changed-file" in invalid.output) == (1, True)
    nothing = CliRunner().invoke(course, ["evidence", "verify", str(copy / "no"), "--keys", str(world.keys)])
    assert (nothing.exit_code, nothing.output.startswith("unknown")) == (3, True)
    assert not (copy.parent / "nothing-here" / "services").exists()


def flip(name: str) -> Callable[[Path], None]:
    def change(pack: Path) -> None:
        content = bytearray((pack / name).read_bytes())
        content[len(content) // 2] ^= 1
        (pack / name).write_bytes(bytes(content))

    return change


def remove(name: str) -> Callable[[Path], None]:
    return lambda pack: (pack / name).unlink()


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    def edit(pack: Path) -> None:
        log = pack / "audit" / "entries.jsonl"
        log.write_bytes(b"".join(change(log.read_bytes().splitlines(keepends=True))))

    return edit


def resize(pack: Path) -> None:
    note = (pack / "audit" / "checkpoint").read_text().splitlines(keepends=True)
    (pack / "audit" / "checkpoint").write_text("".join([note[0], "9\n", *note[2:]]))


ARTIFACT = "artifacts/network-1.0.0.tar.gz"


@pytest.mark.parametrize(
    ("tamper", "kinds"),
    [
        (flip(ARTIFACT), {"changed-file"}),
        (flip("signatures/network-1.0.0.tar.gz.sigstore.json"), {"changed-file"}),
        (flip("attestations/network-1.0.0.tar.gz.sbom.json"), {"changed-file"}),
        (flip("controls.yaml"), {"changed-file", "downgraded-policy"}),
        (resize, {"changed-file", "audit-edited-checkpoint"}),
        (flip("audit/collectors"), {"changed-file"}),
        (remove(ARTIFACT), {"missing-file"}),
        (remove(FILES), {"missing-file"}),
        (lambda pack: (pack / "notes.txt").write_text("x") and None, {"unknown-file"}),
        (lines(lambda all: all[:2] + all[3:]), {"changed-file", "audit-deleted"}),
        (lines(lambda all: all[:-1]), {"changed-file", "audit-truncated"}),
        (lines(lambda all: [all[1], all[0], *all[2:]]), {"changed-file", "audit-reordered"}),
        (lines(lambda all: [*all[:3], all[0], *all[3:]]), {"changed-file", "audit-replayed"}),
    ],
)  # fmt: skip
def test_what_was_done_to_the_files_is_named(
    world: World, copy: Path, tamper: Callable[[Path], None], kinds: set[str]
) -> None:
    tamper(copy)
    found = verify(copy, keys=world.keys)
    assert found.status == "invalid"
    assert kinds <= {one.kind for one in found.findings}, found.findings
    assert not found.coverage, "an invalid pack answers nothing"


def test_a_statement_that_was_changed_or_sealed_by_another(world: World, copy: Path, tmp_path: Path) -> None:
    flip(STATEMENT)(copy)
    assert any(one.kind.startswith("statement-") for one in verify(copy, keys=world.keys).findings)
    stranger = Cosign(tmp_path).generate_key_pair(password=PASSWORD, name="stranger")
    shutil.copyfile(world.pack / STATEMENT, copy / STATEMENT)
    world.reseal(copy, key=stranger)
    found = verify(copy, keys=world.keys)
    assert [one.kind for one in found.findings] == ["statement-wrong-key"]


def test_a_swapped_artifact_is_found_even_by_who_can_seal(world: World, copy: Path) -> None:
    (copy / ARTIFACT).write_bytes(b"another module")
    said = statement(copy)
    said["artifacts"][0]["digest"] = Subject.of("x", copy / ARTIFACT).digest
    world.reseal(copy, said)
    found = verify(copy, keys=world.keys)
    assert {one.kind for one in found.findings} == {"signature-tampered", "sbom-tampered", "provenance-tampered"}


def test_a_swapped_sbom_is_found_even_by_who_can_seal(world: World, copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "network-1.0.0.tar.gz"
    other.write_bytes(b"other content")
    bundles = signed(Cosign(tmp_path), other, world.signer)
    shutil.copyfile(bundles["sbom"], copy / "attestations" / "network-1.0.0.tar.gz.sbom.json")
    world.reseal(copy)
    assert [one.kind for one in verify(copy, keys=world.keys).findings] == ["sbom-tampered"]


def test_a_statement_that_passes_for_another_kind_is_found(world: World, copy: Path) -> None:
    folder = copy / "attestations"
    shutil.copyfile(folder / "network-1.0.0.tar.gz.provenance.json", folder / "network-1.0.0.tar.gz.sbom.json")
    world.reseal(copy)
    assert [one.kind for one in verify(copy, keys=world.keys).findings] == ["sbom-wrong-type"]


def test_a_weaker_list_of_controls_is_found_when_one_insists_on_another(world: World, copy: Path) -> None:
    (copy / "controls.yaml").write_text((copy / "controls.yaml").read_text().replace("other_actor: true", ""))
    world.reseal(copy)
    assert "downgraded-policy" in {one.kind for one in verify(copy, keys=world.keys).findings}


def test_a_claim_that_the_evidence_does_not_carry_is_found(world: World, copy: Path) -> None:
    said = statement(copy)
    said["controls"][0]["evidence"] = []
    world.reseal(copy, said)
    found = verify(copy, keys=world.keys)
    assert [(one.kind, one.where) for one in found.findings] == [("wrong-claim", "CC6.1")]


def test_a_retention_that_is_not_the_events_is_a_wrong_claim(world: World, copy: Path) -> None:
    said = statement(copy)
    said["controls"][-1]["evidence"][0]["keep_until"] = "2026-01-01T00:00:00Z"
    world.reseal(copy, said)
    found = verify(copy, keys=world.keys)
    assert [(one.kind, one.where) for one in found.findings] == [("wrong-claim", "CC8.1")]


def test_a_log_rewritten_with_its_own_key_is_found_by_an_earlier_checkpoint(world: World, tmp_path: Path) -> None:
    keys = Path(shutil.copytree(world.keys, tmp_path / "keys"))
    text = (world.pack / "audit" / "checkpoint").read_text().splitlines(keepends=True)
    (keys / "checkpoint").write_text("".join([text[0], "99\n", *text[2:]]))
    assert verify(world.pack, keys=keys).status != "valid"
    shutil.copyfile(world.pack / "audit" / "checkpoint", keys / "checkpoint")
    assert verify(world.pack, keys=keys).status == "valid"


@pytest.mark.parametrize("lost", ["log.pub", "collectors", "pack.pub", "signers/module.pub"])
def test_without_a_key_nobody_can_tell(world: World, tmp_path: Path, lost: str) -> None:
    keys = Path(shutil.copytree(world.keys, tmp_path / "keys"))
    (keys / lost).unlink()
    found = verify(world.pack, keys=keys)
    assert (found.status, found.exit_code) == ("unknown", 3)
    assert not found.coverage


def test_a_link_in_a_pack_is_no_file(world: World, copy: Path) -> None:
    (copy / ARTIFACT).unlink()
    (copy / ARTIFACT).symlink_to(world.pack / ARTIFACT)
    assert "changed-file" in {one.kind for one in verify(copy, keys=world.keys).findings}


def test_what_cannot_go_into_a_pack_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(BadEvidence, match="is there already"):
        EvidencePack(world.pack)
    pack = EvidencePack(tmp_path / "new")
    with pytest.raises(BadEvidence, match="is no file"):
        pack.add(tmp_path / "missing")
    with pytest.raises(BadEvidence, match="cannot be the name"):
        pack.add(world.pack / ARTIFACT, name="../escape")
    with pytest.raises(BadEvidence, match="no statement of kind"):
        pack.add(world.pack / ARTIFACT, recipe=world.pack / ARTIFACT)
    with pytest.raises(BadEvidence, match="nobody signed it"):
        pack.add(world.pack / ARTIFACT, sbom=world.pack / ARTIFACT)


# How far events answer controls.


def entries(world: World) -> list[Entry]:
    from helpers.evidence.reading import entries as read

    return list(read(world.pack / "audit"))


@pytest.mark.parametrize(
    ("left_out", "control", "gap"),
    [
        ("approval", "CC8.1", "approved by another person: not for promotion"),
        ("promotion", "CC8.1", "the trail has no promotion"),
        ("verify", "CC7.3", "a broken glass is reviewed: not for break-glass"),
        ("drift", "CC7.2", "the trail has no such event"),
    ],
)
def test_a_gap_is_named(world: World, left_out: str, control: str, gap: str) -> None:
    kept = [one for one in entries(world) if one.event.action != left_out]
    found = {one.control.id: one for one in controls.coverage(controls.load(), kept, (), "2026-01-01T00:00:00Z")}
    assert any(gap in said for said in found[control].gaps)
    assert "m-heat-gap" in control_coverage_html(list(found.values()))


def test_no_broken_glass_needs_no_review(world: World) -> None:
    kept = [one for one in entries(world) if one.event.action not in ("break-glass", "verify")]
    found = {one.control.id: one for one in controls.coverage(controls.load(), kept, (), "2026-01-01T00:00:00Z")}
    assert found["CC7.3"].covered


def test_an_approval_of_ones_own_change_is_none(world: World) -> None:
    from dataclasses import replace

    own = [
        replace(one, event=replace(one.event, actor="learner")) if one.event.action == "approval" else one
        for one in entries(world)
    ]
    found = {one.control.id: one for one in controls.coverage(controls.load(), own, (), "2026-01-01T00:00:00Z")}
    assert any("approved by another person" in gap for gap in found["CC8.1"].gaps)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "version: 2", "version: 1\ncontrols: []", "version: 1\ncontrols: [{id: A, title: t}]",
        "version: 1\ncontrols: [{id: A, title: t, requirements: [{name: n, action: fly, decisions: [accepted]}]}]",
        "version: 1\ncontrols: [{id: A, title: t, requirements: [{name: n, action: plan}]}]",
        "version: 1\ncontrols: [{id: A, title: t, requirements: [{name: n, artifact: sbom}]}]",
        "version: 1\ncontrols: [{id: A, title: t, requirements: [{name: n, actoin: plan}]}]", "a: [",
    ],
)  # fmt: skip
def test_a_list_of_controls_that_nothing_can_answer_is_refused(text: str) -> None:
    with pytest.raises(BadControls):
        controls.parse(text)

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

from helpers.cli import course
from helpers.compliance import provenance
from helpers.compliance.audit import Checkpoint, Entry, Subject, Trail, changing
from helpers.compliance.evidence import (
    ATTESTATIONS,
    BadBuilders,
    BadControls,
    BadEvidence,
    Builder,
    EvidencePack,
    Keys,
    controls,
    verify,
)
from helpers.compliance.evidence.pack import sums
from helpers.compliance.evidence.types import FILES, PACK_TYPE, STATEMENT
from helpers.compliance.provenance import Material
from helpers.runtime import services
from helpers.widgets.renderers.control_coverage import control_coverage_html
from helpers.wrappers.cosign import Cosign, KeyPair
from helpers.wrappers.cosign.sigstore import Sigstore

PASSWORD = "a password of tests"


@dataclass(frozen=True)
class World:
    home: Path
    pack: Path
    keys: Path
    sealer: KeyPair
    signer: KeyPair
    builder: KeyPair
    sigstore: Sigstore

    def reseal(self, pack: Path, predicate: dict[str, Any] | None = None, key: KeyPair | None = None) -> None:
        """Write list and statement anew, as who has the key could."""
        said = predicate if predicate is not None else statement(pack)
        (pack / FILES).write_text(sums(pack))
        (pack / STATEMENT).unlink()
        Cosign(pack, sigstore=self.sigstore).attest_blob(
            FILES,
            key=key or self.sealer,
            password=PASSWORD,
            predicate=said,
            type=PACK_TYPE,
            bundle=STATEMENT,
            timestamp=True,
        )


def statement(pack: Path) -> dict[str, Any]:
    from helpers.wrappers.cosign import Bundle

    said = Bundle.read(pack / STATEMENT).predicate
    assert isinstance(said, dict)
    return said


def record(trail: Trail, artifact: Path) -> None:
    subject = Subject.of(artifact.name, artifact)
    about: dict[str, Any] = {"subject": subject}
    trail.record("plan", actor="learner", decision="accepted", **about)
    trail.record("policy-decision", actor="gate", decision="accepted", **about)
    trail.record("policy-decision", actor="gate", decision="refused", subject=Subject.of("bad.tf", "bad"))
    Trail("forge").record("approval", actor="bela", decision="accepted", **about)
    trail.record("sign", actor="pipeline", decision="accepted", **about)
    with changing(trail, "promote", actor="learner", **about):
        pass  # what would be promoted
    trail.record("drift", actor="pipeline", decision="in-sync", **about)
    secret = Subject.of("registry", "path")
    Trail("vault").record("secret-access", actor="inference", decision="accepted", subject=secret)
    trail.record("break-glass", actor="ada", decision="accepted", reason="certificate", **about)
    trail.record("verify", actor="bela", decision="accepted", reason="reviewed the broken glass", **about)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("e")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        services.ensure("audit")
        sigstore = Sigstore.local()
        try:
            cosign = Cosign(home)
            sealer = cosign.generate_key_pair(password=PASSWORD, name="pack")
            signer = cosign.generate_key_pair(password=PASSWORD, name="module")
            builder = cosign.generate_key_pair(password=PASSWORD, name="pipeline")
            artifact = home / "network-1.0.0.tar.gz"
            artifact.write_bytes(b"a module package")
            record(Trail("pipeline"), artifact)
            pack = EvidencePack(home / "pack")
            pack.add(artifact, **signed(cosign, artifact, signer, builder)).seal(Trail(), key=sealer, password=PASSWORD)
            keys = Keys.write(
                home / "keys",
                pack=sealer,
                signers=(signer,),
                controls=controls.DEFAULT,
                builders=(built_by(builder),),
            )
        finally:
            services.stop("audit")
    yield World(home, home / "pack", keys.directory, sealer, signer, builder, sigstore)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        services.stop("all")


def built_by(key: KeyPair, id: str = provenance.BUILDER) -> Builder:
    return Builder(id, key.public, (provenance.MODULE_BUILD,))


def bill(artifact: Path, version: str = "1.0.0") -> dict[str, Any]:
    """Return a bill of materials about a file."""
    component = {"type": "library", "name": "x", "version": version, "purl": f"pkg:pypi/x@{version}"}
    hashes = [{"alg": "SHA-256", "content": Subject.of("x", artifact).digest}]
    about = {"type": "file", "name": artifact.name, "hashes": hashes}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": about},
        "components": [component],
    }


def origin(artifact: Path, builder: str = provenance.BUILDER) -> dict[str, Any]:
    """Return provenance of a file."""
    commit = Material("git+https://git.acme.test/modules", {"gitCommit": "ab" * 20})
    made = provenance.build(artifact, materials=[commit], builder=builder, parameters={"tag": "v1.0.0"})
    return dict(made.predicate)


def state(cosign: Cosign, artifact: Path, kind: str, key: KeyPair, predicate: dict[str, Any]) -> Path:
    """Sign a statement about an artifact; return the bundle."""
    target = artifact.with_name(f"{artifact.name}.{kind}.json")
    cosign.attest_blob(
        artifact, key=key, password=PASSWORD, predicate=predicate, type=ATTESTATIONS[kind], bundle=target
    )
    return target


def signed(cosign: Cosign, artifact: Path, key: KeyPair, builder: KeyPair) -> dict[str, Any]:
    """Sign an artifact and two statements about it; return the bundles."""
    signature = cosign.sign_blob(artifact, key=key, password=PASSWORD).path
    return {
        "signature": Path(str(signature)),
        "sbom": state(cosign, artifact, "sbom", key, bill(artifact)),
        "provenance": state(cosign, artifact, "provenance", builder, origin(artifact)),
    }


@pytest.fixture
def copy(world: World, tmp_path: Path) -> Path:
    """The pack on another machine."""
    return Path(shutil.copytree(world.pack, tmp_path / "pack"))


def test_a_pack_is_valid_and_every_control_is_covered(world: World) -> None:
    found = verify(world.pack, keys=world.keys)
    assert found.status == "valid", found.findings
    assert {one.control.id: one.covered for one in found.coverage} == dict.fromkeys(
        ("CC6.1", "CC6.8", "CC7.2", "CC7.3", "CC8.1"), True
    )
    assert len(found.checked) >= 7
    assert not any("before the trail" in one for one in found.not_checked)


def test_evidence_has_all_that_an_auditor_asks_for(world: World) -> None:
    rows = [row for one in verify(world.pack, keys=world.keys).coverage for row in one.evidence]
    assert all(row.control and row.at.endswith("Z") and row.digest and row.signer and row.keep_until for row in rows)
    events = [row for row in rows if row.index is not None]
    assert all(len(row.previous) == 64 and row.keep_until > row.at for row in events)
    assert {row.source for row in rows} >= {
        "audit/entries.jsonl",
        "signatures/network-1.0.0.tar.gz.sigstore.json",
        "attestations/network-1.0.0.tar.gz.sbom.json",
    }


def test_the_command_has_three_exit_codes(world: World, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_STATE", str(copy.parent / "nothing-here"))
    ask = ["evidence", "verify", str(copy), "--keys", str(world.keys)]
    valid = CliRunner().invoke(course, ask)
    assert valid.exit_code == 0, valid.output
    assert "CC8.1   covered" in valid.output
    as_json = CliRunner().invoke(course, [*ask, "--json"])
    said = json.loads(as_json.stdout)
    assert said["status"] == "valid" and said["sealedAt"] >= said["period"]["from"]
    period = "{from}/{until}".format(**said["period"])
    assert f"period {period}, sealed at" in valid.output and "not checked: whether the keys" in valid.output
    assert CliRunner().invoke(course, [*ask, "--period", period]).exit_code == 0
    earlier = CliRunner().invoke(course, [*ask, "--period", "2020-01-01/2020-02-01"])
    assert (earlier.exit_code, "other-period" in earlier.output) == (1, True)
    wrong = CliRunner().invoke(course, [*ask, "--period", "last month"])
    assert wrong.exit_code not in (0, 1, 3) or "not a period" in wrong.output + str(wrong.exception)
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
)
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
    bundles = signed(Cosign(tmp_path), other, world.signer, world.builder)
    shutil.copyfile(bundles["sbom"], copy / "attestations" / "network-1.0.0.tar.gz.sbom.json")
    world.reseal(copy)
    assert [one.kind for one in verify(copy, keys=world.keys).findings] == ["sbom-tampered"]


def test_a_statement_that_passes_for_another_kind_is_found(world: World, copy: Path, tmp_path: Path) -> None:
    artifact = tmp_path / "network-1.0.0.tar.gz"
    shutil.copyfile(world.pack / ARTIFACT, artifact)
    other = state(Cosign(tmp_path), artifact, "provenance", world.signer, origin(artifact))
    shutil.copyfile(other, copy / "attestations" / "network-1.0.0.tar.gz.sbom.json")
    world.reseal(copy)
    assert [one.kind for one in verify(copy, keys=world.keys).findings] == ["sbom-wrong-type"]


def test_a_statement_that_says_nothing_covers_no_control(world: World, copy: Path, tmp_path: Path) -> None:
    """Whoever may sign and may seal still has to say something: an empty list and a bare builder do not count."""
    artifact = tmp_path / "network-1.0.0.tar.gz"
    shutil.copyfile(world.pack / ARTIFACT, artifact)
    cosign = Cosign(tmp_path)
    for kind, key, said, word in (
        ("sbom", world.signer, {}, "not a bill of materials"),
        ("sbom", world.signer, {**bill(artifact), "components": []}, "no component"),
        ("provenance", world.builder, {"runDetails": {"builder": {"id": provenance.BUILDER}}}, "buildDefinition"),
    ):
        honest = world.pack / "attestations" / f"{artifact.name}.{kind}.json"
        shutil.copyfile(state(cosign, artifact, kind, key, said), copy / "attestations" / honest.name)
        world.reseal(copy)
        found = verify(copy, keys=world.keys)
        assert [(one.kind, word in one.message) for one in found.findings] == [(f"{kind}-says-nothing", True)]
        shutil.copyfile(honest, copy / "attestations" / honest.name)


def test_who_releases_cannot_state_where_the_release_comes_from(world: World, copy: Path, tmp_path: Path) -> None:
    artifact = tmp_path / "network-1.0.0.tar.gz"
    shutil.copyfile(world.pack / ARTIFACT, artifact)
    forged = state(Cosign(tmp_path), artifact, "provenance", world.signer, origin(artifact))
    shutil.copyfile(forged, copy / "attestations" / forged.name)
    world.reseal(copy)
    assert [one.kind for one in verify(copy, keys=world.keys).findings] == ["provenance-wrong-builder"]
    # A builder speaks for itself alone.
    other = state(Cosign(tmp_path), artifact, "provenance", world.builder, origin(artifact, "https://other.test/ci"))
    shutil.copyfile(other, copy / "attestations" / other.name)
    world.reseal(copy)
    assert [one.kind for one in verify(copy, keys=world.keys).findings] == ["provenance-says-nothing"]


def test_a_builder_with_the_key_of_a_signer_is_refused(world: World, tmp_path: Path) -> None:
    keys = Path(shutil.copytree(world.keys, tmp_path / "keys"))
    for key in (world.signer, world.sealer):
        shutil.copyfile(key.public, keys / "builders" / "pipeline.pub")
        found = verify(world.pack, keys=keys)
        assert (found.status, "has the key of somebody who signs" in found.findings[0].message) == ("unknown", True)
    (keys / "builders.yaml").unlink()
    without = verify(world.pack, keys=keys)
    assert (without.status, "has no builders.yaml" in without.findings[0].message) == ("unknown", True)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(BadBuilders, match="is not valid"):
        patch.setenv("MOD208_STATE", str(world.home / "s"))
        Keys.write(tmp_path / "new", pack=world.sealer, signers=(world.signer,), builders=(built_by(world.signer),))


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


@pytest.mark.parametrize(
    "lost", ["log.pub", "collectors", "pack.pub", "signers/module.pub", "roots.json", "controls.yaml"]
)
def test_without_a_key_nobody_can_tell(world: World, tmp_path: Path, lost: str) -> None:
    keys = Path(shutil.copytree(world.keys, tmp_path / "keys"))
    (keys / lost).unlink()
    found = verify(world.pack, keys=keys)
    assert (found.status, found.exit_code) == ("unknown", 3)
    assert not found.coverage


def test_keys_that_travel_with_the_pack_are_held_to_a_pin(world: World, tmp_path: Path) -> None:
    keys = Path(shutil.copytree(world.keys, tmp_path / "keys"))
    pin = Keys(world.keys).pin()
    assert verify(world.pack, keys=keys, pin=pin).status == "valid"
    assert verify(world.pack, keys=keys, pin=f"sha256:{pin.upper()}").status == "valid"
    for name in ("pack.pub", "signers/module.pub", "controls.yaml", "collectors", "signers/more.pub"):
        forged = Path(shutil.copytree(world.keys, tmp_path / name.replace("/", "-")))
        (forged / name).write_bytes(((forged / name).read_bytes() if (forged / name).exists() else b"") + b"\n")
        found = verify(world.pack, keys=forged, pin=pin)
        assert [one.kind for one in found.findings] == ["swapped-keys"] and found.exit_code == 1
    asked = ["evidence", "verify", str(world.pack), "--keys", str(keys), "--pin"]
    assert CliRunner().invoke(course, [*asked, pin]).exit_code == 0
    assert CliRunner().invoke(course, [*asked, "0" * 64]).exit_code == 1


@pytest.mark.parametrize(
    ("made", "kind"), [("2031-01-01T00:00:00Z", "future-date"), ("2020-01-01T00:00:00Z", "wrong-date")]
)
def test_a_pack_was_made_after_its_events_and_before_now(world: World, copy: Path, made: str, kind: str) -> None:
    said = statement(copy)
    said["madeAt"] = made
    world.reseal(copy, said)
    assert kind in {one.kind for one in verify(copy, keys=world.keys).findings}


def test_a_date_beyond_the_calendar_is_no_traceback(world: World, copy: Path) -> None:
    said = statement(copy)
    said["madeAt"] = "9999-12-31T23:59:59Z"
    world.reseal(copy, said)
    assert verify(copy, keys=world.keys).status == "invalid"


def test_an_older_pack_is_told_from_the_newest(world: World, tmp_path: Path) -> None:
    """The maker seals a state from before the last events: what the auditor kept has more."""
    lines = (world.pack / "audit" / "entries.jsonl").read_bytes().splitlines(keepends=True)
    kept = Checkpoint.parse((world.keys / "checkpoint").read_text())
    assert kept.size == len(lines)
    keys = Path(shutil.copytree(world.keys, tmp_path / "keys"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(world.home / "s"))
        services.ensure("audit")
        try:
            Trail("pipeline").record("drift", actor="pipeline", subject=Subject.of("x", "y"), decision="drifted")
            Trail().checkpoint().save(keys / "checkpoint")
        finally:
            services.stop("audit")
    found = verify(world.pack, keys=keys)
    assert [one.kind for one in found.findings] == ["audit-truncated"] and found.status == "invalid"
    assert verify(world.pack, keys=world.keys).status == "valid"


def test_a_link_in_a_pack_is_no_file(world: World, copy: Path) -> None:
    (copy / ARTIFACT).unlink()
    (copy / ARTIFACT).symlink_to(world.pack / ARTIFACT)
    assert "changed-file" in {one.kind for one in verify(copy, keys=world.keys).findings}


@pytest.mark.parametrize("name", ["SHA256SUMS", "pack.attestation.json"])
def test_a_link_does_not_pass_the_limits(world: World, copy: Path, name: str) -> None:
    with (copy / "artifacts" / "long").open("wb") as file:
        file.truncate(3 << 30)
    (copy / name).unlink()
    (copy / name).symlink_to(copy / "artifacts" / "long")
    assert [one.kind for one in verify(copy, keys=world.keys).findings] == ["changed-file"]


def test_what_cannot_go_into_a_pack_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(BadEvidence, match="is there already"):
        EvidencePack(world.pack)
    pack = EvidencePack(tmp_path / "new")
    with pytest.raises(BadEvidence, match="is not a file"):
        pack.add(tmp_path / "missing")
    with pytest.raises(BadEvidence, match="cannot be the name"):
        pack.add(world.pack / ARTIFACT, name="../escape")
    with pytest.raises(BadEvidence, match="no statement of kind"):
        pack.add(world.pack / ARTIFACT, recipe=world.pack / ARTIFACT)
    with pytest.raises(BadEvidence, match="nobody signed it"):
        pack.add(world.pack / ARTIFACT, sbom=world.pack / ARTIFACT)


# How far events answer controls.


def entries(world: World) -> list[Entry]:
    from helpers.compliance.evidence.reading import entries as read

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
        "",
        "[]",
        "version: 2",
        "version: 1\ncontrols: []",
        "version: 1\ncontrols: [{id: A, title: t}]",
        "version: 1\ncontrols: [{id: A, title: t, requirements: [{name: n, action: fly, decisions: [accepted]}]}]",
        "version: 1\ncontrols: [{id: A, title: t, requirements: [{name: n, action: plan}]}]",
        "version: 1\ncontrols: [{id: A, title: t, requirements: [{name: n, artifact: sbom}]}]",
        "version: 1\ncontrols: [{id: A, title: t, requirements: [{name: n, actoin: plan}]}]",
        "a: [",
    ],
)
def test_a_list_of_controls_that_nothing_can_answer_is_refused(text: str) -> None:
    with pytest.raises(BadControls):
        controls.parse(text)

"""Facts for a gate: three answers for each part, none of them from a claim."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.compliance.audit import Subject, Trail
from helpers.compliance.evidence import Builder, facts
from helpers.compliance.provenance import BUILDER
from helpers.core.errors import BadInput
from helpers.runtime import services
from helpers.wrappers.cosign import Cosign, Keyring
from tests.compliance.test_evidence import PASSWORD, built_by, origin, signed, state

Made = tuple[Path, dict[str, Path], Builder]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A directory with a signed package, the known keys, and who builds."""
    home = tmp_path_factory.mktemp("f")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        services.ensure("audit")
        cosign = Cosign(home)
        key = cosign.generate_key_pair(password=PASSWORD, name="release")
        other = cosign.generate_key_pair(password=PASSWORD, name="other")
        builder = cosign.generate_key_pair(password=PASSWORD, name="pipeline")
        package = home / "release" / "module.tar.gz"
        package.parent.mkdir()
        package.write_bytes(b"a module")
        signed(cosign, package, key, builder)
        trail, subject = Trail("pipeline"), Subject.of(package.name, package)
        trail.record("sign", actor="learner", subject=subject, decision="accepted")
        Trail("forge").record("approval", actor="bela", subject=subject, decision="accepted")
        Trail("forge").record("approval", actor="cleo", subject=subject, decision="refused")
        Trail("forge").record("approval", actor="dana", subject=Subject.of("x", b"other"), decision="accepted")
        yield package, {"release": key.public, "other": other.public}, built_by(builder)
        services.stop()


def asked(package: Path, signers: dict[str, Path], builder: Builder, parts: str = "") -> Any:
    found = facts(package, signers=signers, builders=[builder])
    return found[parts] if parts else found


def test_all_parts_are_verified_and_say_what_a_policy_asks(made: Made) -> None:
    found = asked(*made)
    assert {part: found[part]["status"] for part in ("signature", "sbom", "provenance", "trail")} == dict.fromkeys(
        ("signature", "sbom", "provenance", "trail"), "verified"
    )
    assert (found["signature"]["signer"], found["sbom"]["signer"]) == ("release", "release")
    assert found["sbom"]["components"] == 1
    assert (found["provenance"]["builder"], found["provenance"]["signer"]) == (BUILDER, BUILDER)
    assert found["provenance"]["materials"] == 1
    trail = found["trail"]
    assert (trail["planned_by"], trail["approved_by"], trail["refused_by"]) == (["learner"], ["bela"], ["cleo"])


def test_what_is_missing_or_swapped_is_refused(made: Made, tmp_path: Path) -> None:
    package, signers, builder = made
    folder = Path(shutil.copytree(package.parent, tmp_path / "r"))
    copy = folder / package.name
    copy.write_bytes(b"another module")
    found = asked(copy, signers, builder)
    assert {found[part]["status"] for part in ("signature", "sbom", "provenance")} == {"refused"}
    assert found["trail"]["approved_by"] == []
    copy.write_bytes(package.read_bytes())
    shutil.copyfile(folder / "module.tar.gz.provenance.json", folder / "module.tar.gz.sbom.json")
    assert asked(copy, signers, builder, "sbom")["status"] == "refused"
    (folder / "module.tar.gz.sigstore.json").unlink()
    assert "There is no module.tar.gz.sigstore.json" in asked(copy, signers, builder, "signature")["why"]
    (folder / "module.tar.gz.sbom.json").write_text("{")
    assert asked(copy, signers, builder, "sbom")["status"] == "refused"


def test_a_signed_list_of_nothing_and_an_origin_by_the_release_key_are_refused(made: Made, tmp_path: Path) -> None:
    package, signers, builder = made
    copy = Path(shutil.copytree(package.parent, tmp_path / "r")) / package.name
    cosign = Cosign(tmp_path)
    key = Cosign(package.parent.parent).key_pair(name="release")
    state(cosign, copy, "sbom", key, {})
    assert "not a bill of materials" in asked(copy, signers, builder, "sbom")["why"]
    state(cosign, copy, "provenance", key, origin(copy))
    assert asked(copy, signers, builder, "provenance")["status"] == "refused"
    assert facts(package, signers=signers)["provenance"]["status"] == "refused", "nobody was said to build"


def test_a_key_that_nobody_knows_is_refused(made: Made) -> None:
    package, signers, builder = made
    found = asked(package, {"other": signers["other"], "gone": package.with_name("gone.pub")}, builder, "signature")
    assert (found["status"], found["signer"]) == ("refused", "")


def test_with_a_keyring_a_signature_without_a_signed_time_does_not_count(made: Made) -> None:
    package, signers, builder = made
    cosign = Cosign(package.parent.parent)
    services.ensure("sigstore")
    roots = cosign.trusted_root("roots.json")
    ring = Keyring().add(cosign.key_pair(name="release"), name="release", owner="platform")
    more: dict[str, Any] = {"signers": signers, "builders": [builder], "roots": roots}
    assert facts(package, keyring=ring, **more)["signature"]["status"] == "refused"
    stamped = package.with_name("stamped.json")
    key = cosign.key_pair(name="release")
    cosign.sign_blob(package, key=key, password=PASSWORD, bundle=stamped, timestamp=True)
    assert facts(package, keyring=ring, signature=stamped, **more)["signature"]["status"] == "verified"
    lost = ring.revoke("release", reason="key-compromise")
    assert facts(package, keyring=lost, signature=stamped, **more)["signature"]["status"] == "refused"
    with pytest.raises(BadInput, match="go together"):
        facts(package, signers=signers, keyring=ring)


def test_a_trail_that_is_down_is_unknown(made: Made) -> None:
    services.stop("audit")
    try:
        found = facts(made[0], signers=made[1], trail=Trail(patience=0.2))["trail"]
        assert (found["status"], found["approved_by"]) == ("unknown", [])
    finally:
        services.ensure("audit")

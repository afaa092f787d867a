"""Facts for a gate: three answers for each part, none of them from a claim."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import services
from helpers.audit import Subject, Trail
from helpers.cosign import Cosign
from helpers.evidence import facts
from tests.helpers.test_evidence import PASSWORD, signed

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Path]]]:
    """A folder with a signed package, and the known keys."""
    home = tmp_path_factory.mktemp("f")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        services.ensure("audit")
        cosign = Cosign(home)
        key = cosign.generate_key_pair(password=PASSWORD, name="release")
        other = cosign.generate_key_pair(password=PASSWORD, name="other")
        package = home / "release" / "module.tar.gz"
        package.parent.mkdir()
        package.write_bytes(b"a module")
        signed(cosign, package, key)
        trail, subject = Trail("pipeline"), Subject.of(package.name, package)
        trail.record("sign", actor="learner", subject=subject, decision="accepted")
        trail.record("approval", actor="bela", subject=subject, decision="accepted")
        trail.record("approval", actor="cleo", subject=subject, decision="refused")
        trail.record("approval", actor="dana", subject=Subject.of("x", b"other"), decision="accepted")
        yield package, {"release": key.public, "other": other.public}
        services.stop()


def asked(package: Path, signers: dict[str, Path], parts: str = "") -> Any:
    found = facts(package, signers=signers)
    return found[parts] if parts else found


def test_all_parts_are_verified_and_say_what_a_policy_asks(made: tuple[Path, dict[str, Path]]) -> None:
    found = asked(*made)
    assert {part: found[part]["status"] for part in ("signature", "sbom", "provenance", "trail")} == dict.fromkeys(
        ("signature", "sbom", "provenance", "trail"), "verified"
    )
    assert found["signature"]["signer"] == "release"
    assert (found["sbom"]["components"], found["provenance"]["builder"]) == (1, "ci")
    trail = found["trail"]
    assert (trail["planned_by"], trail["approved_by"], trail["refused_by"]) == (["learner"], ["bela"], ["cleo"])


def test_what_is_missing_or_swapped_is_refused(made: tuple[Path, dict[str, Path]], tmp_path: Path) -> None:
    package, signers = made
    folder = Path(shutil.copytree(package.parent, tmp_path / "r"))
    copy = folder / package.name
    copy.write_bytes(b"another module")
    found = asked(copy, signers)
    assert {found[part]["status"] for part in ("signature", "sbom", "provenance")} == {"refused"}
    assert found["trail"]["approved_by"] == []
    copy.write_bytes(package.read_bytes())
    shutil.copyfile(folder / "module.tar.gz.provenance.json", folder / "module.tar.gz.sbom.json")
    assert asked(copy, signers, "sbom")["status"] == "refused"
    (folder / "module.tar.gz.sigstore.json").unlink()
    assert "There is no module.tar.gz.sigstore.json" in asked(copy, signers, "signature")["why"]
    (folder / "module.tar.gz.sbom.json").write_text("{")
    assert asked(copy, signers, "sbom")["status"] == "refused"


def test_a_key_that_nobody_knows_is_refused(made: tuple[Path, dict[str, Path]]) -> None:
    package, signers = made
    found = asked(package, {"other": signers["other"], "gone": package.with_name("gone.pub")}, "signature")
    assert (found["status"], found["signer"]) == ("refused", "")


def test_a_trail_that_is_down_is_unknown(made: tuple[Path, dict[str, Path]]) -> None:
    services.stop("audit")
    try:
        found = facts(made[0], signers=made[1], trail=Trail(patience=0.2))["trail"]
        assert (found["status"], found["approved_by"]) == ("unknown", [])
    finally:
        services.ensure("audit")

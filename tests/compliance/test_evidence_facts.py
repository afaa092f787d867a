"""Facts for a gate: three answers for each part, none of them from a claim."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from helpers.compliance.audit import Decision, Entries, Entry, Event, Subject, Trail, unfinished
from helpers.compliance.evidence import ATTESTATIONS, Builder, facts
from helpers.compliance.provenance import BUILDER
from helpers.core.errors import BadInput
from helpers.runtime import services
from helpers.wrappers.cosign import Cosign, Keyless, Keyring, SignerPolicy
from helpers.wrappers.policy import PolicyError, PolicyReport, PolicyResult
from tests.compliance.test_evidence import PASSWORD, bill, built_by, origin, signed, state

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


class TestChain:
    """The links that a gate asks besides: keyring, signer rules, a policy over the parts, intent and end."""

    LINKS = ("keyring", "identity", "policy")
    NAME = "modules/module"

    @pytest.fixture
    def stamped(self, made: Made, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
        """A copy of the release in which all has a signed time, and whom to ask about it."""
        package, signers, builder = made
        services.ensure("sigstore")
        copy = Path(shutil.copytree(package.parent, tmp_path / "release")) / package.name
        home, cosign = Cosign(package.parent.parent), Cosign(copy.parent)
        key = home.key_pair(name="release")
        cosign.sign_blob(copy.name, key=key, password=PASSWORD, timestamp=True)
        target, kind = copy.with_name(f"{copy.name}.sbom.json"), ATTESTATIONS["sbom"]
        cosign.attest_blob(
            copy.name, key=key, password=PASSWORD, predicate=bill(copy), type=kind, bundle=target, timestamp=True
        )
        self.sign_as(copy, "spiffe://acme.test/pipeline/modules")
        issuers = {"workloads": cosign.sigstore.workloads}
        rules = copy.with_name("signers.yaml")
        rules.write_text(
            'rules: [{subject: "modules/*", identities: ["spiffe://acme.test/pipeline/modules"], issuer: workloads}]'
        )
        return copy, {
            "signers": signers,
            "builders": [builder],
            "keyring": Keyring().add(
                key, name="release", owner="platform", valid_from=datetime(2020, 1, 1, tzinfo=UTC)
            ),
            "roots": home.trusted_root(tmp_path / "roots.json"),
            "rules": SignerPolicy.read(rules, issuers=issuers),
            "known_as": self.NAME,
            "policy": lambda said: report(said),
        }

    @staticmethod
    def sign_as(artifact: Path, identity: str) -> None:
        """Sign without a key."""
        Keyless(artifact.parent).sign_blob(artifact.name, identity=identity, bundle=f"{artifact.name}.keyless.json")

    def says(self, artifact: Path, asked: dict[str, Any], link: str) -> str:
        """Return the status of a link."""
        return str(facts(artifact, **asked)[link]["status"])

    def test_what_was_not_asked_is_unknown(self, made: Made) -> None:
        found = asked(*made)
        assert {found[link]["status"] for link in self.LINKS} == {"unknown"}
        with pytest.raises(BadInput, match="need the trusted root"):
            facts(made[0], signers=made[1], rules=SignerPolicy(()))

    def test_an_honest_release_has_every_link(self, stamped: tuple[Path, dict[str, Any]]) -> None:
        found = facts(stamped[0], **stamped[1])
        assert {found[link]["status"] for link in (*self.LINKS, "signature", "sbom")} == {"verified"}, found
        assert found["identity"]["signer"] == "spiffe://acme.test/pipeline/modules"
        assert found["trail"]["unfinished"] == []

    def test_a_key_that_was_replaced_before_it_signed(self, stamped: tuple[Path, dict[str, Any]]) -> None:
        artifact, about = stamped
        for at, reason in ((datetime(2021, 1, 1, tzinfo=UTC), "superseded"), (None, "key-compromise")):
            ring = about["keyring"].revoke("release", reason=reason, at=at)
            assert self.says(artifact, {**about, "keyring": ring}, "keyring") == "refused"
        assert self.says(artifact, {**about, "keyring": Keyring()}, "keyring") == "refused"

    def test_a_statement_without_a_signed_time(self, made: Made, stamped: tuple[Path, dict[str, Any]]) -> None:
        artifact, about = stamped
        shutil.copyfile(made[0].with_name("module.tar.gz.sbom.json"), artifact.with_name("module.tar.gz.sbom.json"))
        found = facts(artifact, **about)
        assert (found["sbom"]["status"], found["keyring"]["status"]) == ("verified", "refused")
        assert found["keyring"]["why"].startswith("SBOM: ")
        # A signature of the artifact is no statement on its parts, though the same key made it.
        beside = artifact.with_name(f"{artifact.name}.sigstore.json")
        shutil.copyfile(beside, artifact.with_name("module.tar.gz.sbom.json"))
        assert self.says(artifact, about, "keyring") == "refused"

    def test_somebody_signed_who_may_not(self, stamped: tuple[Path, dict[str, Any]]) -> None:
        artifact, about = stamped
        assert self.says(artifact, {**about, "known_as": "policies/admission"}, "identity") == "refused"
        self.sign_as(artifact, "spiffe://acme.test/pipeline/inference")
        assert self.says(artifact, about, "identity") == "refused"
        artifact.with_name(f"{artifact.name}.keyless.json").unlink()
        assert self.says(artifact, about, "identity") == "refused"

    def test_the_policy_is_asked_about_the_verified_list(self, stamped: tuple[Path, dict[str, Any]]) -> None:
        artifact, about = stamped
        seen: list[Any] = []

        def refuses(said: Any) -> PolicyReport:
            seen.append(said)
            return report(said, "SBM-1 x: AGPL is not cleared")

        assert self.says(artifact, {**about, "policy": refuses}, "policy") == "refused"
        assert seen[0]["components"] == bill(artifact)["components"]

        def fails(said: Any) -> PolicyReport:
            raise PolicyError("The policy cannot be read", why="", next="")

        assert self.says(artifact, {**about, "policy": fails}, "policy") == "unknown"
        artifact.with_name(f"{artifact.name}.sbom.json").write_text("{}")
        assert self.says(artifact, about, "policy") == "unknown"


def report(said: Any, *failures: str) -> PolicyReport:
    """Return what a policy says."""
    return PolicyReport(tuple(PolicyResult("sbom.json", "main", msg, "failure") for msg in failures), 1)


@pytest.mark.parametrize(
    ("decisions", "found"),
    [
        ((), 0),
        (("unknown", "accepted"), 0),
        (("unknown", "failed", "unknown", "accepted"), 0),
        (("refused",), 0),
        (("unknown",), 1),
        (("accepted",), 1),
        (("unknown", "accepted", "accepted"), 1),
        (("unknown", "unknown", "accepted"), 1),
        (("accepted", "unknown"), 2),
    ],
)
def test_an_apply_has_an_intent_and_an_end(decisions: tuple[str, ...], found: int) -> None:
    at, subject = datetime(2026, 1, 5, tzinfo=UTC), Subject.of("module", b"x")
    entries = [
        Entry(place, Event("apply", "learner", subject, Decision(one)), {}, "", at, "key", b"")
        for place, one in enumerate(decisions)
    ]
    assert len(unfinished(entries)) == found


def test_entries_that_nobody_verified_say_nothing(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log's API may answer something else than what is on its disk, which is verified."""
    digest = hashlib.sha256(made[0].read_bytes()).hexdigest()
    at, subject = datetime(2026, 1, 5, tzinfo=UTC), Subject("module.tar.gz", digest)
    lie = Entry(0, Event("approval", "mallory", subject, Decision.ACCEPTED), {}, "", at, "forge+0", b"")
    monkeypatch.setattr(Trail, "entries", lambda self, *_: Entries([lie]))
    found = asked(*made)["trail"]
    assert found["status"] == "verified" and "mallory" not in found["approved_by"]


def test_a_trail_that_is_down_is_unknown(made: Made) -> None:
    services.stop("audit")
    try:
        found = facts(made[0], signers=made[1], trail=Trail(patience=0.2))["trail"]
        assert (found["status"], found["approved_by"]) == ("unknown", [])
    finally:
        services.ensure("audit")

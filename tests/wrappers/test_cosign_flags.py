"""What each flag of cosign gives up: the forgery that passes with it, and is refused without it.

The service ``sigstore`` has no logs, so the logs here are of one entry, made with keys that the trusted root names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from helpers.runtime import services
from helpers.wrappers.cosign import Cosign, Keyless, Keyring
from tests.wrappers.sigstore_world import Log, Signer

ADA = "ada@acme.test"
PASSWORD = "correct-horse-208"
NO_TLOG, NO_SCT, TIMES = "--insecure-ignore-tlog=true", "--insecure-ignore-sct=true", "--use-signed-timestamps"
TEN = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class World:
    """A folder with ``file``, and a trusted root that names both logs."""

    keyless: Keyless
    certificates: Log
    signatures: Log

    def signer(self, begin: dt.timedelta = -TEN / 2, *, logged: bool = True) -> Signer:
        at = dt.datetime.now(dt.UTC) + begin
        return Signer(self.keyless.sigstore, ADA, at, at + TEN, self.certificates if logged else None)

    def passes(self, bundle: str, *flags: str) -> bool:
        """Let cosign itself verify with exactly these flags."""
        folder, people = self.keyless.workdir, self.keyless.sigstore.people
        (folder / "bundle.json").write_text(bundle)
        who = [f"--certificate-identity={ADA}", f"--certificate-oidc-issuer={people}"]
        root = f"--trusted-root={folder / 'roots.json'}"
        done = self.keyless._run(["verify-blob", "--bundle=bundle.json", root, *who, *flags, "--", "./file"])
        assert (done.returncode == 0) == ("Verified OK" in done.stderr), done.stderr
        return done.returncode == 0

    @property
    def content(self) -> bytes:
        return (self.keyless.workdir / "file").read_bytes()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("state")))
        keyless, certificates, signatures = Keyless(tmp_path_factory.mktemp("signed")), Log(), Log()
        folder, site, start = keyless.workdir, keyless.sigstore, "start-time=2024-01-01T00:00:00Z"
        (folder / "file").write_text("module workspace 1.0.0\n")
        ctfe, rekor = certificates.write(folder / "ctfe.pub"), signatures.write(folder / "rekor.pub")
        done = keyless._run(
            [
                "trusted-root",
                "create",
                *(f"--no-default-{name}" for name in ("fulcio", "ctfe", "rekor", "tsa")),
                f"--fulcio=url={site.fulcio},certificate-chain={site.fulcio_chain},{start}",
                f"--tsa=url={site.tsa},certificate-chain={site.tsa_chain},{start}",
                f"--ctfe=url=https://ct.acme.test,public-key={ctfe},{start}",
                f"--rekor=url=https://log.acme.test,public-key={rekor},{start},origin=log.acme.test - 1",
                "--out=roots.json",
            ]
        )
        assert done.returncode == 0, done.stderr
        yield World(keyless, certificates, signatures)
        services.stop("all")


def test_with_both_logs_no_flag_is_needed(world: World) -> None:
    bundle = world.signer().bundle(world.content, log=world.signatures)
    assert world.passes(bundle) and world.passes(bundle, TIMES)


def test_ignoring_the_log_of_certificates_lets_a_secret_certificate_pass(world: World) -> None:
    # Who has Fulcio's key can be Ada; in the log, Ada would see a certificate she never asked for.
    secret = world.signer(logged=False).bundle(world.content, log=world.signatures)
    assert not world.passes(secret)
    assert world.passes(secret, NO_SCT)
    stranger = Signer(world.keyless.sigstore, ADA, *_now(), Log()).bundle(world.content, log=world.signatures)
    assert not world.passes(stranger)
    assert world.passes(stranger, NO_SCT)


def test_ignoring_the_log_of_signatures_lets_a_secret_signature_pass(world: World) -> None:
    # Who took Ada's token for five minutes signs as Ada; in the log, Ada would see a signature she never made.
    secret = world.signer().bundle(world.content)
    assert not world.passes(secret, TIMES)
    assert world.passes(secret, TIMES, NO_TLOG)
    elsewhere = world.signer().bundle(world.content, log=Log())
    assert not world.passes(elsewhere, TIMES)
    assert world.passes(elsewhere, TIMES, NO_TLOG)


def test_without_signed_times_a_certificate_is_judged_by_the_clock(world: World) -> None:
    now = dt.datetime.now(dt.UTC)
    ended = world.signer(begin=-2 * TEN).bundle(world.content)
    kept = Signer(world.keyless.sigstore, ADA, now - TEN, now + 3650 * 144 * TEN, world.certificates)
    untimed = kept.bundle(world.content, timestamp=False)
    # Used after it had ended: refused either way. Never timed, and good for ten years: only a signed time asks when.
    assert not world.passes(ended, NO_TLOG) and not world.passes(ended, NO_TLOG, TIMES)
    assert world.passes(untimed, NO_TLOG)
    assert not world.passes(untimed, NO_TLOG, TIMES)


def test_the_wrapper_gives_up_the_logs_and_says_so(world: World) -> None:
    secret = world.signer(logged=False).bundle(world.content)
    (world.keyless.workdir / "secret.json").write_text(secret)
    found = world.keyless.verify_blob(
        "file", bundle="secret.json", certificate_identity=ADA, certificate_oidc_issuer=world.keyless.sigstore.people
    )
    assert found and [flag for flag in ("tlog", "sct") if any(f"ignore-{flag}" in w for w in found.not_checked)] == [
        "tlog",
        "sct",
    ]


def test_with_a_key_and_no_log_a_thief_signs_after_the_revocation(world: World) -> None:
    cosign, before = Cosign(world.keyless.workdir), dt.datetime.now(dt.UTC)
    key = cosign.generate_key_pair(password=PASSWORD)
    ring = Keyring().add(key, name="2025", owner=ADA, valid_from=before - TEN)
    revoked = ring.revoke("2025", reason="superseded", at=before)
    cosign.sign_blob("file", key=key, password=PASSWORD, timestamp=True)
    assert cosign.verify_blob("file", key=key), "a bare key knows no end"
    assert ring.verify_blob(cosign, "file", roots="roots.json")
    assert not revoked.verify_blob(cosign, "file", roots="roots.json")


def _now() -> tuple[dt.datetime, dt.datetime]:
    at = dt.datetime.now(dt.UTC) - TEN / 2
    return at, at + TEN

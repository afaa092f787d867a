"""Keyless signatures of images, in a real registry."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import services
from helpers.cosign import Cause, Keyless
from helpers.crane import BadReference, Crane
from tests.helpers.registry import registry

ADA, BOT = "ada@acme.test", "spiffe://acme.test/pipeline/inference"


@pytest.fixture
def keyless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyless]:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    yield Keyless(tmp_path)
    services.stop("all")


def test_an_image_is_signed_by_a_pipeline_and_by_nobody_else(keyless: Keyless, tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("1")
    with tarfile.open(tmp_path / "layer.tar", "w") as tar:
        tar.add(tmp_path / "weights", "weights")
    site = keyless.sigstore
    with registry() as host:
        image = Crane(tmp_path).append(["layer.tar"], f"{host}/acme/inference:1")
        none = keyless.verify(image, certificate_identity=BOT, certificate_oidc_issuer=site.workloads)
        assert not none and none.cause is Cause.NO_SIGNATURE
        with pytest.raises(BadReference):
            keyless.sign(f"{host}/acme/inference:1", identity=BOT)
        assert keyless.sign(image, identity=BOT) == image
        found = keyless.verify(image, certificate_identity=BOT, certificate_oidc_issuer=site.workloads)
        assert found and image.endswith(found.digest)
        other = keyless.verify(image, certificate_identity=ADA, certificate_oidc_issuer=site.workloads)
        assert not other and other.cause is Cause.WRONG_IDENTITY
        other = keyless.verify(image, certificate_identity=BOT, certificate_oidc_issuer=site.people)
        assert not other and other.cause is Cause.WRONG_ISSUER

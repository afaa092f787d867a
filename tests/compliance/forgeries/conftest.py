"""The world that the forgeries share: its keys are made once, each forgery writes exports of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.runtime import services
from helpers.wrappers.cosign.sigstore import Sigstore
from tests.compliance.forgeries.packs import Packs
from tests.compliance.forgeries.world import World


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("forgeries"))


@pytest.fixture
def world(_made: World) -> Iterator[World]:
    """The platform's keys; what a forgery did to the list of functionaries is undone."""
    before = _made.log.collectors.read_bytes()
    yield _made
    _made.log.collectors.write_bytes(before)
    _made.collectors = before


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packs]:
    """Who seals packs, with a timestamp authority that all forgeries of packs ask."""
    home = tmp_path_factory.mktemp("packs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "state"))
        sigstore = Sigstore.local()
    try:
        yield Packs(World(tmp_path_factory.mktemp("log")), home / "made", sigstore)
    finally:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MOD208_STATE", str(home / "state"))
            services.stop("all")

"""One registry with signed images, one repository with a signed first commit; each test gets a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.course.scenarios import story
from helpers.wrappers.cosign import Cosign
from helpers.wrappers.git import generate_ssh_key
from tests.compliance.gates.world import PASSWORD, Repository, World
from tests.wrappers.registry import registry


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    people = {name: generate_ssh_key(folder / name) for name in ("ada", "grace", "eve")}
    cosign = Cosign(folder)
    key = cosign.generate_key_pair("keys", password=PASSWORD)
    stranger = cosign.generate_key_pair("keys", password=PASSWORD, name="stranger")
    with registry() as address:
        # 1.2.0 is signed by somebody else, 1.3.0 by nobody.
        images = {version: story.push_image(address, version) for version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0")}
        for version, pair in (("1.0.0", key), ("1.1.0", key), ("1.2.0", stranger)):
            reference = f"{address}/vision/inference@{images[version]}"
            cosign.sign(reference, key=pair, password=PASSWORD)
        yield World(folder, address, people, key, stranger, images)


@pytest.fixture(scope="module")
def template(world: World) -> Path:
    trusted = {f"{name}@acme.test": world.people[name] for name in ("ada", "grace")}
    git = story.write_repository(world.folder / "template", signers=trusted, image_key=world.key.public)
    git.configure_identity(world.identity("ada"))
    # Kyverno takes seconds; it has tests of its own.
    file = git.workdir / "gates.yaml"
    file.write_text(file.read_text().replace("policy, kyverno, image", "policy, image"))
    git.add(all=True)
    git.commit("Start")
    return git.workdir


@pytest.fixture
def repository(template: Path, world: World, tmp_path: Path) -> Repository:
    return Repository(Path(shutil.copytree(template, tmp_path / "repository")), world)

"""What the tests of the gates work on: people, keys and images, and a repository with the shortest way to change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from helpers.compliance import gates
from helpers.compliance.gates import GateReport
from helpers.course.scenarios import story
from helpers.wrappers.cosign import KeyPair
from helpers.wrappers.git import Git, Identity, SshKey

PASSWORD = "gates-of-the-course-208"
HOST = story.IMAGE.partition("/")[0]


@dataclass(frozen=True)
class World:
    """What lies outside of the repository: people, keys, the registry with its images by version."""

    folder: Path
    registry: str
    people: dict[str, SshKey]
    key: KeyPair
    stranger_key: KeyPair
    images: dict[str, str]

    def identity(self, name: str) -> Identity:
        return Identity(name.title(), f"{name}@acme.test", self.people[name].private)


class Repository:
    """A copy of the repository on a branch, with the shortest way to change and judge it."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder, self.world, self.git = folder, world, Git(folder)
        self.base = self.git.rev_parse()
        self.git.switch("change", create=True)

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        file = self.folder / path
        before = file.read_text() if file.exists() else ""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(change(before))
        assert file.read_text() != before, f"{path} is as before"

    def replace(self, path: str, old: str, new: str) -> None:
        self.edit(path, lambda text: text.replace(old, new))

    def commit(self, message: str = "Change", person: str | None = "ada") -> str:
        if person is not None:
            self.git.configure_identity(self.world.identity(person))
        self.git.add(all=True)
        return self.git.commit(message, sign=person is not None).sha

    def promote(self, environment: str, version: str, old: str = "1.0.0") -> None:
        path = f"apps/inference/overlays/{environment}/kustomization.yaml"
        self.replace(path, self.world.images[old], self.world.images[version])

    def judge(self, **options: object) -> GateReport:
        given = {"base": self.base, "head": "change", "registries": {HOST: self.world.registry}, **options}
        return gates.run(self.folder, **given)  # type: ignore[arg-type]

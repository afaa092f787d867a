"""The platform team's repository of modules: who works in it, who may release, and the pipeline that does."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.clients.registry import Module, Registry
from helpers.compliance import module_docs, release
from helpers.compliance.release.judge import GATES
from helpers.core.files import write_atomic
from helpers.core.paths import IAC
from helpers.core.verdicts.gates import GateReport
from helpers.wrappers.base import StrPath
from helpers.wrappers.cosign import Cosign, KeyPair
from helpers.wrappers.git import AllowedSigner, Git, Identity, SshKey, generate_ssh_key

#: The module of the story, as it was at its first release.
MATERIAL = IAC / "lectures/unit5/docs/artifact-store"
MANAGER, DEVELOPER = "noa@acme.test", "vik@acme.test"


@dataclass(frozen=True)
class Releasing:
    """The repository, its people and the pipeline's keys.

    Attributes:
        git: the repository; the module is in ``modules/NAME``.
        name: of the module, as it is published.
        people: mail address -> key with which that person signs.
        signers: the pipeline's list of those who may release: only `MANAGER`.
        keys, password: the pipeline's cosign key.
    """

    git: Git
    name: str
    people: Mapping[str, SshKey]
    signers: Path
    keys: KeyPair
    password: str

    @property
    def module(self) -> Path:
        """The directory of the module in the work tree."""
        return self.git.workdir / "modules" / self.name

    @property
    def source(self) -> release.ModuleSource:
        """The module as it is in the work tree."""
        return release.in_worktree(self.git.workdir, self.name)

    def edit(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Replace texts in files of the module: file -> old -> new. The README's reference is written anew."""
        for file, texts in changes.items():
            path = self.module / file
            text = path.read_text(encoding="utf-8")
            for old, new in texts.items():
                text = text.replace(old, new)
            write_atomic(path, text)
        module_docs.write(self.module)

    def commit(self, message: str) -> None:
        """Commit everything as it is now."""
        self.git.add(all=True)
        self.git.commit(message)

    def note(self, version: str, text: str) -> None:
        """Write a changelog entry above the last one and commit it, as the release's own commit."""
        path = self.module / "CHANGELOG.md"
        before = path.read_text(encoding="utf-8")
        write_atomic(path, before.replace("## [", f"## [{version}]\n\n{text.strip()}\n\n## [", 1))
        self.commit(f"chore({self.name}): release {version}")

    def tag(self, version: str, *, who: str = MANAGER, message: str = "", sign: bool = True) -> str:
        """Tag what is committed as a version, signed by a person; return the tag's name."""
        name = f"{self.name}/v{version}"
        self.git.config("user.signingKey", str(self.people[who].private))
        self.git.tag(name, message=f"{self.name} {version}\n\n{message}".strip(), sign=sign)
        return name

    def untag(self, *versions: str) -> None:
        """Delete tags that were refused: a tag counts as the last release, whether it was published or not."""
        for version in versions:
            self.git.run(["tag", "--delete", f"{self.name}/v{version}"])

    def judge(self, tag: str, *gates: str, registry: Registry | None = None) -> GateReport:
        """Ask the gates about a tag, all of them or those named."""
        wanted = gates or GATES
        return release.judge(self.git.workdir, tag, signers=self.signers, registry=registry, gates=wanted)

    def publish(self, tag: str, registry: Registry) -> release.Released:
        """Let the pipeline publish a tag."""
        return release.publish(
            self.git.workdir,
            tag,
            registry,
            signers=self.signers,
            key=self.keys.private,
            password=self.password,
            evidence=self.git.workdir.parent / "evidence",
        )


def start(directory: StrPath, *, name: str = "artifact-store", registry: Registry | None = None) -> Releasing:
    """Set up the repository with the first version committed and, in *registry*, the pipeline's key.

    Args:
        directory: is removed and made again. name: under which the module is published.
    """
    root = Path(directory)
    shutil.rmtree(root, ignore_errors=True)
    git = Git(_made(root / "modules-repository")).init()
    people = {who: generate_ssh_key(root / who.partition("@")[0], comment=who) for who in (MANAGER, DEVELOPER)}
    signers = root / "release-signers"
    write_atomic(signers, AllowedSigner(MANAGER, people[MANAGER].text, 'namespaces="git"').line() + "\n")
    git.configure_identity(Identity("Vik", DEVELOPER, people[DEVELOPER].private))
    password = secrets.token_hex(16)
    keys = Cosign(root).generate_key_pair("pipeline", password=password)
    world = Releasing(git, name, people, signers, keys, password)
    shutil.copytree(MATERIAL, world.module)
    # One file outside of every module: a change of it belongs to no module's release.
    write_atomic(git.workdir / "README.md", "# acme's modules\n\nOne directory each, one series of tags each.\n")
    write_atomic(git.workdir / ".gitignore", ".terraform/\n*.tfstate*\n.terraform.lock.hcl\n")
    if name != MATERIAL.name:
        world.edit({"module.yaml": {f"name: {MATERIAL.name}": f"name: {name}"}})
        world.edit({"README.md": {f"lecture/{MATERIAL.name}/": f"lecture/{name}/"}})
    world.commit(f"feat({name}): a bucket for each team's artifacts")
    if registry is not None:
        registry.add_key("lecture", f"release-pipeline-{name}", keys.public)
    return world


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def shown(module: Module) -> list[tuple[str, str]]:
    """Return what the registry says of a published version, without what differs from run to run."""
    return [("version", module.version), ("signature", module.signature.status), ("support", module.support)]

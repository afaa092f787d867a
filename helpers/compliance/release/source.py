"""Where a module stands in its repository, and its files as they are at a tag: never those of a work tree."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpers.core import yaml_reader
from helpers.core.errors import CourseError
from helpers.wrappers.base import StrPath
from helpers.wrappers.git import Git
from helpers.wrappers.git_cliff import GitCliff

_TAG = re.compile(r"(?:(?P<name>[a-z0-9][a-z0-9_-]*)/)?v(?P<version>\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)")


class NoModule(CourseError):
    """A tag names no module of the repository, or is not the tag of a release."""

    code = "no-such-module"


@dataclass(frozen=True)
class ModuleSource:
    """One module of a repository.

    Attributes:
        repository: its root. name: of the module, empty when the repository is one module.
        path: of the module, relative to the root. version: that the tag names; empty without a tag.
    """

    repository: Path
    name: str
    path: str
    version: str = ""

    @property
    def prefix(self) -> str:
        """What the tags of the module begin with."""
        return f"{self.name}/v" if self.name else "v"

    @property
    def tag(self) -> str:
        """The tag of the version."""
        return f"{self.prefix}{self.version}"

    @property
    def folder(self) -> Path:
        """The directory of the module."""
        return self.repository / self.path

    @property
    def cliff(self) -> GitCliff:
        """git-cliff for the commits of this module."""
        include = () if self.path == "." else (f"{self.path}/**",)
        return GitCliff(self.repository, prefix=self.prefix, include=include)

    @property
    def address(self) -> str:
        """``NAMESPACE/NAME/PROVIDER`` of ``module.yaml``.

        Raises:
            NoModule: it has none.
        """
        try:
            data = yaml_reader.load((self.folder / "module.yaml").read_text(encoding="utf-8"))
            return "/".join(str(data[key]) for key in ("namespace", "name", "provider"))
        except (OSError, KeyError, TypeError, yaml_reader.InvalidYaml) as error:
            raise NoModule(
                f"{self.path} does not say what it is published as",
                why=f"module.yaml: {type(error).__name__}: {error}",
                next="Add namespace, name and provider to module.yaml.",
            ) from None


def in_worktree(repository: StrPath, name: str = "") -> ModuleSource:
    """Return a module as it is in the work tree.

    Raises:
        NoModule: there is none of that name below ``modules/``.
    """
    root = Path(repository).absolute()
    path = f"modules/{name}" if name else "."
    if not (root / path / "module.yaml").is_file():
        there = sorted(p.parent.name for p in root.glob("modules/*/module.yaml"))
        raise NoModule(
            f"There is no module {name or 'at the root'}",
            why=f"{path}/module.yaml does not exist; there is: {', '.join(there) or 'none'}.",
            next="A tag is NAME/vX.Y.Z for modules/NAME, or vX.Y.Z for a repository that is one module.",
        )
    return ModuleSource(root, name, path)


@contextmanager
def at_tag(repository: StrPath, tag: str) -> Iterator[ModuleSource]:
    """Check a tag out into a clone that is removed afterwards, and yield the module that it names.

    The clone has every tag but this one.

    Raises:
        NoModule: the tag is not one of a release, or names no module. UnknownRevision: there is no such tag.
    """
    found = _TAG.fullmatch(tag)
    if not found:
        raise NoModule(f"{tag!r} is not the tag of a release", why="Expected NAME/vX.Y.Z.", next="git tag -l")
    with tempfile.TemporaryDirectory(prefix="release-") as aside:
        git = Git.clone(Path(repository).absolute(), Path(aside) / "repository")
        git.switch(f"refs/tags/{tag}", detach=True)
        # It is not a release yet: what it brings is counted from the one before.
        git.run(["tag", "--delete", tag])
        module = in_worktree(git.workdir, found["name"] or "")
        yield ModuleSource(module.repository, module.name, module.path, found["version"])

"""git-cliff from Python: what conventional commits say about the next version, and the changelog made of them.

Source: git-cliff 2.14's documentation, Conventional Commits 1.0.0. A commit's kind is a claim of its author; whether an
interface broke is for `helpers.wrappers.module_interface` to say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from helpers.core import terminal
from helpers.core.errors import BadInput
from helpers.core.paths import IAC
from helpers.wrappers.base import StrPath, ToolFailed, Wrapper
from helpers.wrappers.module_interface import Bump

__all__ = ["CONFIG", "ConventionalCommit", "GitCliff", "Unconventional", "Unreleased"]

#: The configuration of the course's module repositories.
CONFIG = IAC / "release/cliff.toml"
_NOT_CONVENTIONAL = re.compile(r"Commit ([0-9a-f]+) is not conventional:\s*\n\s*\|\s*(.*)")


class Unconventional(ToolFailed):
    """A commit does not say its kind, so neither version nor changelog can be computed."""

    code = "unconventional-commit"


@dataclass(frozen=True)
class ConventionalCommit:
    """A commit as its message describes it.

    Attributes:
        kind: ``feat``, ``fix`` ... scope: in brackets, may be empty. breaking: it says so by ``!`` or a footer.
        migration: text of the ``BREAKING CHANGE`` footer; empty when there is none.
    """

    sha: str
    kind: str
    scope: str
    message: str
    breaking: bool
    migration: str = ""

    def __repr__(self) -> str:
        return f"ConventionalCommit({self.sha[:7]} {self.kind}{'!' if self.breaking else ''}: {self.message!r})"


@dataclass(frozen=True)
class Unreleased:
    """What was committed since the last release.

    Attributes:
        previous: tag of the last release, empty when there is none. version: that git-cliff proposes, without prefix.
        bump: part of the version that the messages ask for.
    """

    previous: str
    version: str
    bump: Bump
    commits: tuple[ConventionalCommit, ...]

    def __repr__(self) -> str:
        after = self.previous or "first release"
        return f"Unreleased({after} -> {self.version}, {self.bump}: {len(self.commits)} commits)"


class GitCliff(Wrapper):
    """git-cliff in a repository, for one series of tags.

    Args:
        workdir: the repository.
        prefix: of the tags, such as ``artifact-store/v`` where a repository holds several modules.
        include: patterns of paths that belong to the module, such as ``modules/artifact-store/**``.
        config: a git-cliff configuration.
    """

    tool = "git-cliff"
    refused: ClassVar[tuple[str, ...]] = ("GIT_CLIFF*",)

    def __init__(
        self,
        workdir: StrPath = ".",
        *,
        prefix: str = "v",
        include: Sequence[str] = (),
        config: StrPath = CONFIG,
        env: Mapping[str, str] | None = None,
        executable: StrPath | None = None,
        timeout: float | None = 60,
    ) -> None:
        super().__init__(workdir, env=env, executable=executable, timeout=timeout)
        if not re.fullmatch(r"[\w./-]*", prefix):
            raise BadInput(f"{prefix!r} is not the prefix of a tag", why="It has a sign that no tag has.", next='"v"')
        self.prefix, self.include, self._config = prefix, tuple(include), config

    def _fixed_env(self) -> dict[str, str]:
        # git-cliff wants the first tag of a series to have its form; a configuration cannot know the series.
        return {"GIT_CLIFF__BUMP__INITIAL_TAG": f"{self.prefix}1.0.0", "NO_COLOR": "1"}

    def unreleased(self) -> Unreleased | None:
        """Return what the commits since the last release of the series ask for; None when there is neither.

        A pre-release is not a release here: what led to it is told again with the version itself.

        Raises:
            Unconventional: a commit has no kind. ToolFailed: the directory is not a repository ...
        """
        said = self._said(["--unreleased", "--bump", "--context"])
        found = json.loads(said)
        releases = [item for item in found if item["commits"]]
        if not releases:
            # Nothing new: then the only entry is the last release itself.
            last = next((str(item["version"]) for item in found if item["version"]), "")
            return Unreleased(last, last.removeprefix(self.prefix), "patch", ()) if last else None
        (release,) = releases
        previous = (release.get("previous") or {}).get("version") or ""
        return Unreleased(
            previous,
            str(release["version"] or "").removeprefix(self.prefix),
            release.get("bump_type") or "patch",
            tuple(map(_commit, release["commits"])),
        )

    def changelog(self, *, tag: str | None = None, unreleased: bool = False) -> str:
        """Return the changelog as Markdown, newest release first.

        Args:
            tag: under which the unreleased commits are listed; by default the one computed.
            unreleased: only those.

        Raises: as `unreleased`.
        """
        args = ["--tag", tag] if tag else ["--bump"]
        text = self._said([*args, *(["--unreleased", "--strip=header"] if unreleased else [])])
        return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"

    def _said(self, args: Sequence[str]) -> str:
        # --no-exec: a configuration could else run commands on each commit. --offline: nobody is asked about authors.
        # Only tags in the history of HEAD count: a release of an older line has its own predecessor.
        options = ["--config", str(self._config), "--no-exec", "--offline", "--use-branch-tags"]
        options += [f"--tag-pattern=^{re.escape(self.prefix)}[0-9]+\\.[0-9]+\\.[0-9]+$"]
        options += [f"--include-path={pattern}" for pattern in self.include]
        done = self._run([*options, *args])
        if done.returncode == 0:
            return done.stdout
        if found := _NOT_CONVENTIONAL.search(terminal.plain(done.stderr)):
            raise Unconventional(
                f"Commit {found[1]} does not say its kind",
                why=f"Its message begins {found[2]!r}; expected is KIND(SCOPE): TEXT, with feat, fix, docs ...",
                next="git commit --amend   # before it is on main",
                completed=done,
            )
        raise self._failed(" ".join(args), done)


def _commit(raw: Mapping[str, Any]) -> ConventionalCommit:
    kind = re.match(r"\w+", raw.get("raw_message", "")) or [""]
    # Without a footer git-cliff gives the message itself as the description of the break.
    footer = next((f["value"] for f in raw.get("footers") or () if f["breaking"]), "")
    return ConventionalCommit(
        raw["id"], kind[0], raw.get("scope") or "", raw["message"], bool(raw["breaking"]), " ".join(footer.split())
    )

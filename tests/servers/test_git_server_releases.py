"""A tag that releases a module is judged when it is pushed: real pushes, the release's own gates."""

from __future__ import annotations

import shutil

import pytest

from helpers.clients.forge import Forge, PushRefused
from helpers.compliance import module_docs
from helpers.course.scenarios.releasing import MATERIAL
from helpers.runtime import services
from helpers.wrappers.git import Git

pytestmark = pytest.mark.timeout(900)
GATES = "version: 1\ngates: [secrets]\nplatform: [clusters]\n"
NAME, MODULE = "modules", "modules/artifact-store"


@pytest.fixture(scope="module")
def git(isolated: None, tmp_path_factory: pytest.TempPathFactory) -> Git:
    """A clone of the platform team's repository, its first release pushed and accepted."""
    services.ensure("git")
    Forge().create(NAME, policy={"gates": True, "approvals": 0})
    git = Forge().clone(NAME, tmp_path_factory.mktemp("forge") / "clone")
    shutil.copytree(MATERIAL, git.workdir / MODULE)
    (git.workdir / "gates.yaml").write_text(GATES)
    land(git, "feat(artifact-store): a bucket for each team's artifacts")
    git.tag("artifact-store/v1.0.0", message="First", sign=True)
    git.push("origin", "artifact-store/v1.0.0")
    return git


def land(git: Git, message: str, changes: dict[str, dict[str, str]] | None = None) -> None:
    for file, texts in (changes or {}).items():
        path = git.workdir / MODULE / file
        for old, new in texts.items():
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))
    if changes and "README.md" not in changes:
        module_docs.write(git.workdir / MODULE)
    git.add(all=True)
    git.commit(message)
    git.push("origin", "main")


def note(version: str) -> dict[str, dict[str, str]]:
    return {"CHANGELOG.md": {"## [1.0.0]": f"## [{version}]\n\n- Something.\n\n## [1.0.0]"}}


def refused(git: Git, *tags: str) -> str:
    """Push tags, and return what the terminal says; none of them is on the server, and the reason is recorded."""
    with pytest.raises(PushRefused) as error:
        git.push("origin", *tags)
    there = git.run(["ls-remote", "--tags", "origin"]).stdout
    assert not any(f"refs/tags/{tag}\n" in there for tag in tags)
    last = Forge().audit(NAME)[-1]
    assert (last.action, last.decision) == ("push", "refused") and last.reason
    text = "\n".join(error.value.lines)
    assert "Why:" in text and "Next: " in text
    return text


def tag(git: Git, name: str, *, sign: bool = True) -> str:
    git.tag(name, message="A release", sign=sign)
    return name


def test_what_is_no_release_is_judged_as_before(git: Git) -> None:
    git.push("origin", tag(git, "before-the-holidays"))
    # A repository of modules: the name is a slip.
    text = refused(git, tag(git, "artefact-store/v1.0.0"))
    assert "names no module" in text and "there is: artifact-store" in text


def test_a_tag_without_a_signature(git: Git) -> None:
    text = refused(git, tag(git, "artifact-store/v1.0.1", sign=False))
    assert "release gate tag said no" in text and "not signed" in text and "git tag -s artifact-store/v1.0.1" in text
    git.run(["tag", "--delete", "artifact-store/v1.0.1"])


def test_a_version_that_hides_a_break_and_one_that_tells_it(git: Git) -> None:
    renamed = {"outputs.tf": {'output "bucket" {': 'output "name" {'}}
    land(git, "fix(artifact-store): a clearer name for the output", renamed)
    land(git, "docs(artifact-store): the new name", {"README.md": {"artifacts.bucket": "artifacts.name"}})
    module_docs.write(git.workdir / MODULE)
    land(git, "chore(artifact-store): release 1.0.1", note("1.0.1"))
    text = refused(git, tag(git, "artifact-store/v1.0.1"))
    assert "must be 2.0.0, not 1.0.1" in text and "course release next artifact-store" in text
    # An earlier release pushed together with a later one is not forgotten.
    both = refused(git, "artifact-store/v1.0.1", tag(git, "artifact-store/v5.0.0"))
    assert both.count("the release gate version said no") == 2 and "since 5.0.0" in both
    git.run(["tag", "--delete", "artifact-store/v1.0.1", "artifact-store/v5.0.0"])
    # What runs the module is asked when the rest is right: here its README is not true.
    lie = {"CHANGELOG.md": {"[1.0.1]": "[2.0.0]", "- Something.": "- **Breaking.** Read `name`."}}
    land(git, "chore(artifact-store): release 2.0.0", {**lie, "README.md": {"team        =": "teem        ="}})
    text = refused(git, tag(git, "artifact-store/v2.0.0"))
    assert "release gate readme said no" in text and f"course docs check {MODULE}" in text


def test_a_policy_may_do_without(git: Git) -> None:
    Forge("ada").set_policy(NAME, {"gates": {"release": False}, "approvals": 0})
    git.push("origin", tag(git, "artifact-store/v7.0.0", sign=False))

"""A release from a signed tag: what is refused, and why; and one that goes through to the registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from helpers.cli.release import release as command
from helpers.clients.registry import Registry
from helpers.compliance import provenance, release
from helpers.core import yaml_reader
from helpers.core.paths import IAC
from helpers.course.scenarios import releasing
from helpers.course.scenarios.releasing import DEVELOPER, Releasing
from helpers.runtime import services
from helpers.wrappers.git import Git
from helpers.wrappers.git_cliff import Unconventional

OUTPUT = {"outputs.tf": {'output "bucket" {': 'output "name" {'}, "README.md": {"artifacts.bucket": "artifacts.name"}}
FIX = "fix(artifact-store): a clearer name for the output"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Releasing:
    """The repository with 1.0.0 tagged."""
    world = releasing.start(tmp_path_factory.mktemp("release") / "world")
    world.tag("1.0.0")
    return world


@pytest.fixture
def world(first: Releasing, tmp_path: Path) -> Releasing:
    """A copy of it for one test."""
    copy = tmp_path / "repository"
    shutil.copytree(first.git.workdir, copy)
    return Releasing(Git(copy), first.name, first.people, first.signers, first.keys, first.password)


def gate(world: Releasing, tag: str, name: str) -> tuple[str, str]:
    (answer,) = world.judge(tag, name).gates
    return answer.status, answer.reason


def test_a_fix_that_removes_an_output_is_refused_with_the_right_version(world: Releasing) -> None:
    world.edit(OUTPUT)
    world.commit(FIX)
    assert world.source.cliff.unreleased() is not None
    world.note("1.0.1", "- A clearer name.")
    status, reason = gate(world, world.tag("1.0.1"), "version")
    assert status == "failed" and "must be 2.0.0, not 1.0.1" in reason and "commits say patch" in reason
    assert "output bucket was renamed to name" in reason or "output bucket was removed" in reason


def test_the_right_version_must_also_say_that_it_breaks(world: Releasing) -> None:
    world.edit(OUTPUT)
    world.commit(FIX)
    world.note("2.0.0", "- A clearer name.")
    assert gate(world, world.tag("2.0.0"), "version")[0] == "failed"
    world.note("2.0.0", "- **Breaking.** Read `name` instead of `bucket`.")
    world.untag("2.0.0")
    assert gate(world, world.tag("2.0.0"), "version")[0] == "passed"


@pytest.mark.parametrize(
    ("message", "version", "status"),
    [
        ("feat(artifact-store): keep artifacts for a year", "1.1.0", "passed"),
        ("feat(artifact-store): keep artifacts for a year", "1.1.0-rc.1", "passed"),
        ("feat(artifact-store): keep artifacts for a year", "1.2.0", "failed"),
        ("feat(artifact-store): keep artifacts for a year", "1.0.1", "failed"),
        ("feat(artifact-store)!: keep artifacts for a year", "2.0.0", "passed"),
    ],
)
def test_the_version_is_the_higher_of_both(world: Releasing, message: str, version: str, status: str) -> None:
    world.edit({"variables.tf": {"<= 365": "<= 730", "1 to 365": "1 to 730"}})
    world.commit(message)
    assert gate(world, world.tag(version), "version")[0] == status


def test_a_person_decides_in_the_signed_tag(world: Releasing) -> None:
    world.edit({"outputs.tf": {"this.name": "this.id"}})
    world.commit("fix(artifact-store): the bucket's id is its name")
    report = world.judge(world.tag("1.0.1"), "version")
    (finding,) = report.gates[0].findings
    assert report.status == "failed" and "Interface-Decision: output-expression:bucket=" in finding.message
    world.untag("1.0.1")
    assert gate(world, world.tag("1.1.0"), "version")[0] == "failed"
    world.untag("1.1.0")
    tag = world.tag("1.0.1", message="Interface-Decision: output-expression:bucket=patch")
    assert gate(world, tag, "version")[0] == "passed"


@pytest.mark.parametrize("said", ["output-expression:bucket=patch", "output-expression:bucket=tiny", "bucket is fine"])
def test_decision_about_nothing_is_told_also_in_a_first_release(world: Releasing, said: str) -> None:
    world.untag("1.0.0")
    assert gate(world, world.tag("1.0.0"), "version") == ("passed", "it is the first release")
    world.untag("1.0.0")
    status, reason = gate(world, world.tag("1.0.0", message=f"Interface-Decision: {said}"), "version")
    assert status == "unknown" and "decides nothing" in reason


def test_who_may_tag(world: Releasing) -> None:
    assert gate(world, "artifact-store/v1.0.0", "tag") == ("passed", "signed by noa@acme.test")
    assert "not sign" in gate(world, world.tag("1.0.1", sign=False), "tag")[1]
    assert "may not release" in gate(world, world.tag("1.0.2", who=DEVELOPER), "tag")[1]
    world.git.run(["tag", "artifact-store/v1.0.3", "--no-sign"])
    assert gate(world, "artifact-store/v1.0.3", "tag")[0] == "failed"
    # A good tag under another name: the signature is over the old one.
    world.git.run(["update-ref", "refs/tags/artifact-store/v1.0.4", "refs/tags/artifact-store/v1.0.0"])
    assert "under the name artifact-store/v1.0.4" in gate(world, "artifact-store/v1.0.4", "tag")[1]
    # The repository's own list of signers does not count.
    world.git.allow_signer(DEVELOPER, world.people[DEVELOPER])
    assert gate(world, "artifact-store/v1.0.2", "tag")[0] == "failed"


def test_a_changed_tag_is_not_good(world: Releasing) -> None:
    raw = world.git.run(["cat-file", "tag", "artifact-store/v1.0.0"]).stdout
    forged = raw.replace("artifact-store 1.0.0\n", "artifact-store 1.0.0, honest\n", 1)
    made = world.git.run(["hash-object", "-t", "tag", "-w", "--stdin"], input=forged).stdout.strip()
    world.git.run(["update-ref", "refs/tags/artifact-store/v1.0.0", made])
    assert gate(world, "artifact-store/v1.0.0", "tag") == ("failed", "its signature is not good")


def test_a_commit_that_is_not_on_main_is_refused(world: Releasing) -> None:
    world.git.switch("hotfix", create=True)
    world.git.commit("fix(artifact-store): in a hurry", allow_empty=True)
    tag = world.tag("1.0.1")
    assert gate(world, tag, "branch")[0] == "failed"
    world.git.switch("main")
    world.git.merge("hotfix")
    assert gate(world, tag, "branch")[0] == "passed"
    world.git.run(["branch", "-m", "main", "trunk"])
    assert gate(world, tag, "branch")[0] == "unknown"


def test_each_module_has_its_own_series(world: Releasing) -> None:
    (world.git.workdir / "README.md").write_text("# Modules\n")
    world.commit("feat: something for another module")
    nothing = world.source.cliff.unreleased()
    assert nothing and (nothing.previous, nothing.commits) == ("artifact-store/v1.0.0", ())
    # A tag without a change is no first release, whatever its number.
    assert gate(world, world.tag("5.0.0"), "version") == (
        "failed",
        "no commit has touched the module since 1.0.0",
    )
    with pytest.raises(release.NoModule, match="other"):
        world.git.tag("other/v1.0.0", message="x", sign=False)
        world.judge("other/v1.0.0")
    with pytest.raises(release.NoModule, match="not the tag of a release"):
        world.judge("v1")


def test_a_first_release_follows_nothing(world: Releasing) -> None:
    status, reason = gate(world, "artifact-store/v1.0.0", "version")
    assert (status, reason) == ("passed", "it is the first release")
    world.untag("1.0.0")
    commits = world.source.cliff.unreleased()
    assert commits and (commits.previous, commits.version) == ("", "1.0.0")
    assert release.asked(world.source).version == ""


def test_a_commit_without_a_kind_stops_the_release(world: Releasing) -> None:
    world.edit({"main.tf": {"this": "this"}})
    (world.module / "NOTES.md").write_text("x\n")
    world.commit("Tidy up")
    with pytest.raises(Unconventional, match="does not say its kind"):
        world.source.cliff.unreleased()
    status, reason = gate(world, world.tag("1.0.1"), "version")
    assert status == "unknown" and "Tidy up" in reason


def test_the_changelog_is_made_of_the_commits(world: Releasing) -> None:
    world.edit({"variables.tf": {"<= 365": "<= 730"}})
    world.commit("feat(artifact-store)!: keep longer\n\nBREAKING CHANGE: set expire_days = 90 to keep what you have")
    (world.module / "main.tf").write_text((world.module / "main.tf").read_text() + "# end\n")
    world.commit("style: a comment")
    entry = world.source.cliff.changelog(unreleased=True)
    assert entry.startswith("## [2.0.0]\n\n### Added\n\n- **Breaking.** Keep longer. Set expire_days = 90")
    assert "comment" not in entry and "## [1.0.0]" in world.source.cliff.changelog()
    asked = CliRunner().invoke(
        command, ["next", "artifact-store", "--repository", str(world.git.workdir), "--changelog"]
    )
    assert asked.exit_code == 0 and asked.output.startswith("artifact-store/v2.0.0: the commits say major")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("state")))
        yield Registry.local()
        services.stop("all")


def test_from_a_signed_tag_to_the_registry(hub: Registry, first: Releasing, world: Releasing) -> None:
    hub.add_key("lecture", "pipeline", first.keys.public)
    tag = "artifact-store/v1.0.0"
    done = world.publish(tag, hub)
    assert done.module.version == "1.0.0" and done.module.signature.status == "verified" and done.report.passed
    assert [g.name for g in done.report.gates] == list(releasing.GATES)
    stated = provenance.verify(
        done.attestation.with_name(done.attestation.name.removesuffix(".attestation.json")),
        key=first.keys,
        bundle=done.attestation,
    )
    assert stated.statement and stated.statement.materials[0].digest["gitCommit"] == done.report.commit
    with pytest.raises(release.ReleaseRefused, match="a version never changes"):
        world.publish(tag, hub)
    # A README that is not true any more stops it, whatever the tag says.
    world.edit({"README.md": {"team        =": "teem        ="}})
    world.commit("fix(artifact-store): a hint")
    world.note("1.0.1", "- A hint.")
    with pytest.raises(release.ReleaseRefused) as refused:
        world.publish(world.tag("1.0.1"), hub)
    assert [g.name for g in refused.value.report.gates if not g.passed] == ["readme"]
    assert hub.versions("lecture/artifact-store/platform") == ("1.0.0",)


def test_the_hosted_pipeline_judges_the_tag_that_was_pushed(world: Releasing, tmp_path: Path) -> None:
    """actions/checkout leaves a lightweight tag where the signed one was (actions/checkout#882)."""
    world.git.commit("fix(artifact-store): one more", allow_empty=True)
    tag = world.tag("1.0.9")
    clone = Git.clone(str(world.git.workdir), tmp_path / "clone")
    subprocess.run(["git", "tag", "--force", tag, f"{tag}^{{}}"], cwd=clone.workdir, check=True, capture_output=True)

    def kind() -> str:
        asked = ["git", "cat-file", "-t", f"refs/tags/{tag}"]
        return subprocess.run(asked, cwd=clone.workdir, check=True, capture_output=True, text=True).stdout.strip()

    assert kind() == "commit"
    steps = yaml_reader.load((IAC / "release/workflow.yml").read_text())["jobs"]["release"]["steps"]
    (line,) = [step["run"] for step in steps if "git fetch" in step.get("run", "")]
    env = {**os.environ, "GITHUB_REF": f"refs/tags/{tag}"}
    subprocess.run(["bash", "-ec", line], cwd=clone.workdir, check=True, env=env, capture_output=True)
    assert kind() == "tag"


def test_the_hosted_pipeline_runs_the_same_commands(world: Releasing) -> None:
    flow: Any = yaml_reader.load((IAC / "release/workflow.yml").read_text())
    steps = flow["jobs"]["release"]["steps"]
    lines = [line.strip() for step in steps for line in step.get("run", "").splitlines() if "course" in line]
    assert [line.split()[:3] for line in lines] == [["course", "release", "check"], ["course", "release", "publish"]]
    known = {option for sub in command.commands.values() for p in sub.params for option in p.opts}
    used = {word for line in lines for word in line.split() if word.startswith("--")}
    assert used <= known and flow["permissions"] == {"contents": "read"}
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)
    assert any("pip install" in step.get("run", "") for step in steps), "`course` is not on a hosted runner"
    world.git.config("user.name", "x")
    args = ["check", "artifact-store/v1.0.1", "--repository", str(world.git.workdir), "--signers", str(world.signers)]
    world.git.commit("fix(artifact-store): nothing", allow_empty=True)
    world.tag("1.0.1", who=DEVELOPER)
    answer = CliRunner().invoke(command, args)
    assert answer.exit_code == 1 and "may not release" in answer.output

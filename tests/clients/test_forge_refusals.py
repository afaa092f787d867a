"""Everything the change gate refuses, with real pushes: the message at the terminal, and that nothing changed."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from helpers.clients.forge import Forge, MergeRefused, PushRefused
from helpers.core import process
from helpers.runtime import services
from helpers.wrappers.git import Git, Identity

_count = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def server(isolated: None) -> services.Service:
    return services.ensure("git")


@pytest.fixture
def name() -> str:
    return f"service-{next(_count)}"


def repository(name: str, folder: Path, **policy: object) -> Git:
    Forge().create(name, policy={"gates": False, "approvals": 0, **policy})
    git = Forge().clone(name, folder / "learner")
    commit(git, "one")
    git.push("origin", "main", set_upstream=True)
    return git


def commit(git: Git, text: str, file: str = "replicas", **options: object) -> str:
    (git.workdir / file).parent.mkdir(parents=True, exist_ok=True)
    (git.workdir / file).write_text(text)
    git.add(file)
    return git.commit(f"Set {file}", **options).sha  # type: ignore[arg-type]


def refused(git: Git, name: str, *refs: str) -> PushRefused:
    """Push, expect a refusal, and check that no branch moved and that the refusal was recorded."""
    before = Forge().repository(name).branches
    with pytest.raises(PushRefused) as error:
        git.push("origin", *(refs or ("main",)))
    assert Forge().repository(name).branches == before
    last = Forge().audit(name)[-1]
    assert (last.action, last.decision) == ("push", "refused") and last.reason
    assert any(line.startswith("Next: ") for line in error.value.lines)
    return error.value


def test_an_unsigned_commit(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    sha = commit(git, "two", sign=False)
    error = refused(git, name)
    assert f"Commit {sha[:10]} is not signed" in error.why and "git rebase --force-rebase --gpg-sign" in error.next
    done = process.run(["git", "push"], cwd=git.workdir)
    assert done.returncode != 0 and f"remote: Refused, main: Commit {sha[:10]} is not signed." in done.stderr
    # What the message says to do helps.
    assert (
        process.run(["git", "rebase", "--force-rebase", "--gpg-sign", "origin/main"], cwd=git.workdir).returncode == 0
    )
    git.push()


def test_an_unsigned_commit_below_a_signed_one(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    sha = commit(git, "two", sign=False)
    commit(git, "three")
    assert f"Commit {sha[:10]} is not signed" in refused(git, name).why


def test_a_signature_by_a_stranger(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    git.configure_identity(Forge("mallory").identity)
    commit(git, "two")
    error = refused(git, name)
    assert "is signed with an untrusted key" in error.why and "mallory@acme.test" in error.why and "enrol" in error.next


def test_a_stranger_with_somebody_elses_name(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    git.configure_identity(Identity("Ada", "ada@acme.test", Forge("mallory").identity.signing_key))
    commit(git, "two")
    assert "is signed with an untrusted key" in refused(git, name).why


def test_a_committer_who_did_not_sign(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    git.configure_identity(Identity("Ada", "ada@acme.test", Forge().identity.signing_key))
    commit(git, "two")
    error = refused(git, name)
    assert "names a committer who did not sign it" in error.why and "learner@acme.test signed it" in error.why
    assert "git config user.email learner@acme.test" in error.next


def test_a_commit_changed_after_it_was_signed(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    text = git.run(["cat-file", "commit", commit(git, "two")]).stdout
    changed = git.run(["hash-object", "-t", "commit", "-w", "--stdin"], input=text.replace("Set", "Unset")).stdout
    assert "does not match it" in refused(git, name, f"{changed.strip()}:refs/heads/main").why


def test_a_force_push_and_a_deletion(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    git.commit("Say it better", allow_empty=True)
    git.push()
    git.run(["reset", "--quiet", "--hard", "HEAD~1"])
    commit(git, "other")
    assert "would lose commits: this is not a fast-forward" in refused(git, name, "+main").why
    assert "main cannot be deleted" in refused(git, name, ":main").why
    git.push("origin", "main:feature")
    git.push("origin", "+main~1:feature")
    git.push("origin", ":feature")


def test_many_faults_are_told_at_once_and_all_references_stay(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path, approvals=1)
    for number in range(8):
        commit(git, str(number), sign=False)
    error = refused(git, name, "main", "main:feature")
    assert error.why.count("is not signed") == 5 and "3 more commits have" in error.why
    assert "no approval by another person" in error.why
    last = Forge().audit(name)[-2:]
    assert {entry.ref for entry in last} == {"refs/heads/main", "refs/heads/feature"}
    assert any("Another reference of the same push" in entry.reason for entry in last)


def test_another_protected_branch_is_no_way_around(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path, protected=["main", "release/*"], approvals=1)
    git.push("origin", "main:release/1")
    commit(git, "two")
    assert "would start with commits that were not approved" in refused(git, name, "main:release/2").why


@pytest.mark.parametrize("branch", ["main", "feature"])
def test_a_secret_is_refused_on_any_branch_even_when_taken_out_again(name: str, tmp_path: Path, branch: str) -> None:
    git = repository(name, tmp_path)
    secret = "AKIA" + "QWERTYUIOPASDFGH"
    commit(git, f"aws_access_key_id: {secret}\n", "deploy/values.yaml")
    error = refused(git, name, f"main:{branch}")
    assert "what looks like a secret" in error.why and "deploy/values.yaml:1" in error.why
    assert secret not in str(error) and secret not in (services.data("git") / "audit.jsonl").read_text()
    commit(git, "aws_access_key_id: from-vault\n", "deploy/values.yaml")
    assert "deploy/values.yaml:1" in refused(git, name, f"main:{branch}").why
    git.run(["reset", "--quiet", "--hard", "HEAD~2"])
    commit(git, "two")
    git.push("origin", f"main:{branch}")


def test_tags_stay_where_they_are(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    git.tag("v1", message="First")
    git.push("origin", "v1")
    git.tag("v2", message="Second")
    assert "would be moved or deleted" in refused(git, name, "+v2:refs/tags/v1").why
    assert "would be moved or deleted" in refused(git, name, ":refs/tags/v1").why


def test_a_tag_names_only_what_has_landed(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path, approvals=1)
    commit(git, "two")
    git.push("origin", "main:topic")
    git.tag("v1", message="Not judged")
    assert "would name what has not landed" in refused(git, name, "v1").why
    # The approval is missing, so main does not move, and the tag with it.
    assert "has no approval" in refused(git, name, "main", "v1").why
    git.run(["reset", "--quiet", "--hard", "origin/main"])
    git.tag("v2")
    git.run(["tag", "-m", "Of a tree", "tree", "HEAD^{tree}"])
    assert "would name what has not landed" in refused(git, name, "tree").why
    git.push("origin", "v2")


def test_first_push_may_bring_its_tag(name: str, tmp_path: Path) -> None:
    Forge().create(name, policy={"gates": False})
    git = Forge().clone(name, tmp_path / "learner")
    commit(git, "one")
    git.tag("v1", message="First")
    git.push("origin", "main", "v1")


IGNORES = "version: 1\ngates: [secrets]\nplatform: [clusters]\nsecrets: {ignore: ['fixtures/*']}\n"


def test_secret_under_a_path_that_is_not_searched_is_found_at_the_other(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path, approvals=0, gates=False)
    commit(git, IGNORES, "gates.yaml")
    git.push("origin", "main")
    secret = "aws: AKIA" + "QWERTYUIOPASDFGH\n"
    commit(git, secret, "fixtures/example.yaml")
    git.push("origin", "main")
    # The same content, already in the repository, at a path that is searched.
    commit(git, secret, "deploy/values.yaml")
    assert "deploy/values.yaml:1" in refused(git, name, "main").why
    git.run(["reset", "--quiet", "--hard", "HEAD~1"])
    # Both paths in one change.
    (git.workdir / "a").mkdir()
    (git.workdir / "a/values.yaml").write_text(secret + "# new\n")
    commit(git, secret + "# new\n", "fixtures/other.yaml")
    git.add("a/values.yaml")
    git.commit("Add another")
    assert "a/values.yaml:1" in refused(git, name, "main:topic").why


def test_large_file_is_searched_and_a_larger_one_refused(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    padding = "# nothing to see here\n" * 150_000
    commit(git, f"{padding}key: AKIA{'QWERTYUIOPASDFGH'}\n", "deploy/values.yaml")
    assert "deploy/values.yaml:150001" in refused(git, name, "main:topic").why
    git.run(["reset", "--quiet", "--hard", "HEAD~1"])
    commit(git, "x" * 32_000_001, "weights.txt")
    error = refused(git, name, "main:topic")
    assert "weights.txt is too large to be searched" in error.why and "bucket" in error.next


def test_tree_that_stands_for_millions_of_files_is_refused_in_time(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    (git.workdir / "leaf").write_text("x\n")
    git.add("leaf")
    blob = git.run(["hash-object", "-w", "leaf"]).stdout.strip()
    tree = git.run(["mktree"], input="".join(f"100644 blob {blob}\tf{n}\n" for n in range(20))).stdout.strip()
    for _ in range(7):
        listed = "".join(f"040000 tree {tree}\td{n}\n" for n in range(20))
        tree = git.run(["mktree"], input=listed).stdout.strip()
    bomb = git.run(["commit-tree", tree, "-p", "HEAD", "-m", "Bomb"]).stdout.strip()
    error = refused(git, name, f"{bomb}:refs/heads/bomb")
    assert "could not be searched" in error.why and "holds too many files" in error.why


def test_a_push_by_the_folder_does_not_say_who_pushes(name: str, tmp_path: Path) -> None:
    git = repository(name, tmp_path)
    git.remote_add("folder", services.data("git") / "repositories" / f"{name}.git")
    commit(git, "two")
    with pytest.raises(PushRefused, match="does not say who you are"):
        git.push("folder", "main")


GATES = "version: 1\ngates: [signature]\nplatform: [platform]\nsigners: trust/allowed_signers\n"


def with_gates(name: str, folder: Path, **policy: object) -> Git:
    """A repository whose own gates ask for the keys that it trusts; at first those of the forge."""
    Forge().create(name, policy={"approvals": 0, **policy})
    git = Forge().clone(name, folder / "learner")
    for file, text in (("gates.yaml", GATES), ("trust/allowed_signers", Forge().allowed_signers()), ("replicas", "1")):
        (git.workdir / file).parent.mkdir(exist_ok=True)
        (git.workdir / file).write_text(text)
    git.add(all=True)
    git.commit("Begin with gates")
    git.push("origin", "main", set_upstream=True)
    return git


def test_a_gate_that_passes_and_one_that_says_no(name: str, tmp_path: Path) -> None:
    git = with_gates(name, tmp_path)
    only_ada = "".join(line for line in Forge().allowed_signers().splitlines(True) if line.startswith("ada@"))
    commit(git, only_ada, "trust/allowed_signers")
    git.push()
    git.switch("more", create=True)
    commit(git, "two")
    error = refused(git, name, "more:main")
    assert "The gate signature said no" in error.why and "course gates" in error.next
    git.push("origin", "more")
    pull = Forge().open_pull(name, "more", title="Two")
    assert pull.gates is not None and pull.gates.status == "failed" and not pull.ready
    assert "signature" in (pull._repr_html_() or "")
    with pytest.raises(MergeRefused, match="The gate signature said no"):
        Forge().merge(name, 1)
    with pytest.raises(MergeRefused, match="The gate signature said no"):
        Forge("ada").break_glass(name, 1, "It has to go out now")
    Forge("ada").set_policy(name, {"approvals": 0, "break_glass": {"waives": ["approval", "gates"]}})
    assert Forge("ada").break_glass(name, 1, "It has to go out now").state == "merged"


def test_a_gate_that_cannot_tell_blocks(name: str, tmp_path: Path) -> None:
    Forge().create(name, policy={"approvals": 0})
    git = Forge().clone(name, tmp_path / "learner")
    commit(git, "one")
    with pytest.raises(PushRefused, match="could not tell") as error:
        git.push("origin", "main")
    assert "gates.yaml" in error.value.why
    Forge("ada").set_policy(name, {"approvals": 0, "gates": False})
    git.push("origin", "main")


def test_a_required_gate_that_nobody_asked_blocks_and_an_ignored_one_does_not(name: str, tmp_path: Path) -> None:
    git = with_gates(name, tmp_path)
    Forge("ada").set_policy(name, {"approvals": 0, "gates": {"image": True}})
    commit(git, "two")
    assert "The gate image could not tell" in refused(git, name).why
    git.push("origin", "main:more")
    assert "The gate image could not tell" in Forge().open_pull(name, "more", title="Two").blockers[0]
    Forge("ada").set_policy(name, {"approvals": 0, "gates": {"signature": False}})
    git.push()


def test_the_gates_must_have_run_for_this_very_head(name: str, tmp_path: Path) -> None:
    git = with_gates(name, tmp_path, approvals=1)
    git.switch("more", create=True)
    commit(git, "two")
    git.push("origin", "more")
    pull = Forge().open_pull(name, "more", title="Two")
    assert pull.gates is not None and pull.gates.passed and pull.gates.commit == pull.head
    assert Forge("bela").approve(name, 1).ready
    commit(git, "three")
    git.push("origin", "more")
    stale = Forge("bela").approve(name, 1)
    assert stale.gates is None and "The gates have not run" in stale.blockers[0]
    assert Forge().run_gates(name, 1).ready
    assert Forge().merge(name, 1).state == "merged"

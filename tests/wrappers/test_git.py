"""git, the real one: history, signatures and what they are worth, remotes, hostile names and messages."""

from __future__ import annotations

import datetime
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.core.errors import BadInput
from helpers.wrappers.base import RefusedVariable
from helpers.wrappers.git import (
    AlreadyExists,
    CannotSign,
    CannotVerify,
    Git,
    GitError,
    Identity,
    NotARepository,
    NothingToCommit,
    PushRejected,
    RemoteUnreachable,
    SshKey,
    UnknownRevision,
    generate_ssh_key,
)
from tests.repeats import examples

UTC = datetime.UTC
WHEN = datetime.datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SshKey]:
    folder = tmp_path_factory.mktemp("keys of people")
    return {name: generate_ssh_key(folder / name, comment=f"{name}@acme.test") for name in ("ada", "eve")}


@pytest.fixture
def git(tmp_path: Path, keys: dict[str, SshKey]) -> Git:
    (tmp_path / "a repo").mkdir()
    git = Git(tmp_path / "a repo").init()
    git.configure_identity(Identity("Ada", "ada@acme.test", keys["ada"].private))
    return git


def commit(git: Git, name: str = "file", text: str = "one", message: str = "Add a file", **options: object) -> str:
    (git.workdir / name).write_text(text)
    git.add(name)
    return git.commit(message, **options).sha  # type: ignore[arg-type]


def rewrite(git: Git, sha: str, old: str, new: str) -> str:
    """Store a copy of a commit with its bytes changed, signature and all."""
    content = git.run(["cat-file", "commit", sha]).stdout
    assert re.search(old, content, re.MULTILINE)
    changed = re.sub(old, new, content, count=1, flags=re.MULTILINE)
    return git.run(["hash-object", "-t", "commit", "-w", "--stdin"], input=changed).stdout.strip()


def test_history_is_typed_and_repeatable(git: Git) -> None:
    assert git.log() == () and git.status().clean and git.status().branch == "main"
    first = commit(git, sign=False, date=WHEN)
    author = Identity("Bob Ö", "bob@acme.test")
    (git.workdir / "file").write_text("two")
    second = git.commit("Change it\n\n# not a comment\nwhy", all=True, sign=False, author=author, date=WHEN)
    assert second.parents == (first,) and second.author == "Bob Ö" and second.committer == "Ada"
    assert second.subject == "Change it" and "# not a comment" in second.message and second.date == WHEN
    assert [c.sha for c in git.log()] == [second.sha, first] and second.signature == "not-checked"
    assert [c.sha for c in git.log("HEAD~1..HEAD")] == [second.sha] and len(git.log(files=["nowhere"])) == 0
    assert git.show("HEAD~1", "file") == "one" and git.rev_parse() == second.sha
    assert "Change it" in git.log()._repr_html_()
    again = Git(git.workdir.parent).init()
    again.configure_identity(Identity("Ada", "ada@acme.test"))
    assert commit(again, sign=False, date=WHEN) == first


def test_the_users_configuration_changes_nothing(git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    (home / "hooks" / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (home / "hooks" / "pre-commit").chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\nhooksPath = {home}/hooks\n[user]\nname = Mallory\n[log]\nshowSignature = true\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Mallory")
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    commit(git)
    assert git.log()[0].author == "Ada"
    with pytest.raises(RefusedVariable):
        Git(git.workdir, env={"GIT_DIR": "/"})


def test_a_hook_of_the_repository_runs(git: Git) -> None:
    hook = git.workdir / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho policy says no >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitError, match="policy says no"):
        commit(git)


def test_signatures_are_good_untrusted_unsigned_or_bad(git: Git, keys: dict[str, SshKey]) -> None:
    good = commit(git)
    with pytest.raises(CannotVerify):
        git.verify_commit(good)
    with pytest.raises(CannotVerify):
        git.log(signatures=True)
    git.allow_signer("ada@acme.test", keys["ada"])
    check = git.verify_commit(good)
    assert check and check.by_committer and check.signer == "ada@acme.test" and check.key == keys["ada"].fingerprint
    unsigned = commit(git, text="two", sign=False)
    git.configure_identity(Identity("Ada", "ada@acme.test", keys["eve"].private))
    untrusted = commit(git, text="three")
    changed = rewrite(git, good, "^Add a file", "Add a door")
    broken = rewrite(git, good, "^ U1N", " U1M")
    found = {name: git.verify_commit(name).status for name in (good, unsigned, untrusted, changed, broken)}
    assert list(found.values()) == ["good", "unsigned", "untrusted", "bad", "bad"]
    assert [c.signature for c in git.log(signatures=True)] == ["untrusted", "unsigned", "verified"]
    assert "refused" in (git.verify_commit(changed)._repr_html_() or "")
    assert not git.verify_commit(untrusted) and git.verify_commit(untrusted).key == keys["eve"].fingerprint


def test_trust_ends_with_time_and_by_withdrawal(git: Git, keys: dict[str, SshKey]) -> None:
    sha = commit(git)
    signer = git.allow_signer("ada@acme.test", keys["ada"], valid_before=datetime.datetime(2020, 1, 1))
    assert git.allowed_signers() == (signer,)
    expired = git.verify_commit(sha)
    assert expired.status == "untrusted" and "expired" in expired.reason
    git.disallow_signer("ada@acme.test")
    assert git.verify_commit(sha).status == "untrusted"
    git.allow_signer("bob@acme.test", keys["ada"].public)
    check = git.verify_commit(sha)
    assert check and not check.by_committer and "committer" in check.not_checked[0]
    (git.workdir / "revoked").write_text(keys["ada"].text + "\n")
    git.config("gpg.ssh.revocationFile", str(git.workdir / "revoked"))
    refused = git.verify_commit(sha)
    assert refused.status == "untrusted" and "revoked" in refused.reason and refused.key == keys["ada"].fingerprint
    (git.workdir / "revoked").unlink()
    for call in (lambda: git.verify_commit(sha), lambda: git.log(signatures=True)):
        with pytest.raises(CannotVerify, match="revoked"):
            call()


def test_no_answer_is_no_verdict(git: Git, keys: dict[str, SshKey]) -> None:
    sha = commit(git)
    git.allow_signer("ada@acme.test", keys["ada"])
    git.config("gpg.ssh.program", "/nowhere/ssh-keygen")
    with pytest.raises(CannotVerify):
        git.verify_commit(sha)
    with pytest.raises(CannotVerify):
        git.log(signatures=True)
    with pytest.raises(UnknownRevision):
        git.verify_commit("nowhere")
    with pytest.raises(UnknownRevision):
        git.verify_tag("nowhere")


def test_tags_are_signed_and_verified(git: Git, keys: dict[str, SshKey]) -> None:
    sha = commit(git)
    git.allow_signer("ada@acme.test", keys["ada"])
    assert git.tag("v1.10.0", message="First").annotated and git.verify_tag("v1.10.0")
    assert not git.tag("light").annotated and git.verify_tag("light").status == "unsigned"
    git.tag("v1.9.0", message="Plain", sign=False)
    assert git.verify_tag("v1.9.0").status == "unsigned"
    assert git.tag("v2.0.0", sign=True).subject == "v2.0.0" and git.verify_tag("v2.0.0").status == "good"
    assert [t.name for t in git.tags()] == ["light", "v1.9.0", "v1.10.0", "v2.0.0"]
    assert {t.target for t in git.tags()} == {sha}
    with pytest.raises(AlreadyExists):
        git.tag("light")


def test_a_missing_key_is_told(git: Git, tmp_path: Path) -> None:
    with pytest.raises(CannotSign):
        git.configure_identity(Identity("Ada", "ada@acme.test", tmp_path / "nowhere"))
    git.config("user.signingKey", str(tmp_path / "nowhere"))
    with pytest.raises(CannotSign):
        commit(git)


def test_status_and_diff_take_any_name(git: Git) -> None:
    for name in ("--force", "a b", "neu ü\n.txt", "gone"):
        (git.workdir / name).write_text("1\n" * 9)
        git.add(name)
    git.commit("Add strange names", sign=False)
    git.run(["mv", "--", "a b", "c d"])
    (git.workdir / "--force").write_text("2\n")
    (git.workdir / "-new").write_bytes(b"\0\xff")
    (git.workdir / "gone").unlink()
    found = {e.path: (e.kind, e.index + e.worktree, e.old_path) for e in git.status().entries}
    assert found == {
        "c d": ("renamed", "R.", "a b"),
        "--force": ("changed", ".M", ""),
        "gone": ("changed", ".D", ""),
        "-new": ("untracked", "..", ""),
    }
    git.add("-new")
    diff = git.diff("HEAD")
    assert {(f.path, f.status, f.added, f.removed) for f in diff.files} == {
        ("--force", "M", 1, 9),
        ("-new", "A", None, None),
        ("c d", "R", 0, 0),
        ("gone", "D", 0, 9),
    }
    assert "rename to c d" in diff.patch and "-new" in diff._repr_html_()
    assert [f.path for f in git.diff(staged=True, files=["-new"]).files] == ["-new"]
    assert not git.diff("HEAD", "HEAD") and "c d" in git.status()._repr_html_()


@examples(15)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200))
def test_any_message_is_kept(git: Git, message: str) -> None:
    if not message.strip():
        return
    kept = git.commit(message, allow_empty=True, sign=False).message
    assert kept.split() == message.split()


def test_huge_and_impossible_messages(git: Git) -> None:
    huge = "word " * 200_000
    assert len(git.commit("Big\n\n" + huge, allow_empty=True).message) > 900_000
    for message in ("", " \n", "a\0b", "a\udc80"):
        with pytest.raises(BadInput):
            git.commit(message, allow_empty=True)


def test_bytes_that_are_no_text_are_read(git: Git) -> None:
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin"}
    args = ["git", "-c", "i18n.commitEncoding=utf-8", "commit", "-q", "--allow-empty", "--no-gpg-sign", "-F", "-"]
    subprocess.run(args, cwd=git.workdir, env=env, input=b"caf\xe9 \xff", check=True, capture_output=True)
    assert git.log()[0].message.startswith("caf")


def test_faults_are_typed(git: Git, tmp_path: Path) -> None:
    with pytest.raises(NothingToCommit):
        git.commit("Nothing")
    commit(git)
    for call in (
        lambda: git.rev_parse("nowhere"),
        lambda: git.log("nowhere"),
        lambda: git.switch("nowhere"),
        lambda: git.merge("nowhere"),
        lambda: git.show("HEAD", "nowhere"),
        lambda: git.diff("nowhere"),
        lambda: git.branch("x", "nowhere"),
    ):
        with pytest.raises(UnknownRevision):
            call()
    for bad in ("--help", "", "a\nb"):
        with pytest.raises(BadInput):
            git.rev_parse(bad)
    with pytest.raises(BadInput):
        git.add()
    with pytest.raises(GitError):
        git.add("nowhere")
    with pytest.raises(AlreadyExists):
        git.branch("main")
    (tmp_path / "plain").mkdir()
    for call in (Git(tmp_path / "plain").status, Git(tmp_path / "plain").log, Git(tmp_path / "plain").verify_commit):
        with pytest.raises(NotARepository):
            call()


def test_branches_merge_and_conflict(git: Git) -> None:
    commit(git)
    git.switch("side", create=True)
    commit(git, "other", message="Side")
    git.switch("main")
    assert git.merge("side").outcome == "fast-forward" and git.merge("side").outcome == "up-to-date"
    git.branch("left")
    commit(git, text="main's")
    git.switch("left")
    commit(git, text="left's")
    clash = git.merge("main")
    assert not clash and clash.conflicts == ("file",)
    assert [e.kind for e in git.status().entries] == ["unmerged"]
    git.merge_abort()
    assert git.status().clean
    git.switch("side")
    commit(git, "third")
    assert git.merge("main", ff="never", message="Merge main").outcome == "merged"
    assert len(git.log()[0].parents) == 2 and git.branches() == ("left", "main", "side")
    with pytest.raises(GitError):
        git.merge("left", ff="only")


def test_remotes(git: Git, tmp_path: Path, keys: dict[str, SshKey]) -> None:
    (tmp_path / "central.git").mkdir()
    central = Git(tmp_path / "central.git").init(bare=True)
    sha = commit(git)
    git.remote_add("origin", central.workdir)
    git.push(set_upstream=True)
    git.tag("v1", message="v1")
    git.push("origin", "v1")
    copy = Git.clone(central.workdir, tmp_path / "a copy")
    assert copy.rev_parse() == sha and [t.name for t in copy.tags()] == ["v1"]
    copy.configure_identity(Identity("Eve", "eve@acme.test"))
    commit(copy, text="two", message="Theirs")
    copy.push()
    commit(git, text="mine", message="Mine")
    status = git.status()
    assert status.ahead == 1 and status.upstream == "origin/main"
    with pytest.raises(PushRejected):
        git.push()
    with pytest.raises(GitError):
        git.pull()
    git.fetch()
    assert git.status().behind == 1
    hook = central.workdir / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho unsigned commits are refused >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PushRejected, match="unsigned commits are refused"):
        copy.push("origin", "HEAD:refs/heads/other")
    with pytest.raises(RemoteUnreachable):
        git.push("nowhere")
    with pytest.raises(RemoteUnreachable):
        Git.clone(tmp_path / "nowhere", tmp_path / "x")
    with pytest.raises(AlreadyExists):
        Git.clone(central.workdir, tmp_path / "a copy")


def test_keys_are_private_and_checked(tmp_path: Path, git: Git) -> None:
    key = generate_ssh_key(tmp_path / "-key", comment="x y")
    assert key.private.stat().st_mode & 0o777 == 0o600 and key.fingerprint.startswith("SHA256:")
    with pytest.raises(BadInput):
        generate_ssh_key(tmp_path / "-key")
    for principal, text in (("a b", key), ("*", key), ("a@b", "ssh-ed25519 AAAA"), ("a@b", tmp_path / "nowhere")):
        with pytest.raises(BadInput):
            git.allow_signer(principal, text)

"""A repository made by an attacker: searching or judging it runs nothing of it, reads nothing outside, fetches nothing.

Who may lie: whoever made the directory, with all of Git's files in it. Each trap writes a file when it is sprung.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.compliance import leaks
from helpers.compliance.gates import fork_point
from helpers.compliance.gates._tree import Tree
from helpers.core.errors import CourseError
from helpers.wrappers.git.unconfigured import RefusedRepository

TOKEN = "ghp_" + "H0stile" * 6


def git(folder: Path, *args: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits: the first holds a secret and attributes that ask for a filter and a converter."""
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.txt").write_text(f"{TOKEN}\n")
    (folder / ".gitattributes").write_text("*.txt filter=trap diff=trap\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    (folder / "a.txt").write_text("clean\n")
    git(folder, "commit", "-qam", "two")
    return folder


def spring(tmp_path: Path) -> tuple[Path, Path]:
    """Return a program that says that it ran, by making a file, and the file."""
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f'#!/bin/sh\ntouch "{sprung}"\ncat\n')
    trap.chmod(0o755)
    return trap, sprung


def _hooks(folder: Path, trap: Path) -> None:
    for name in ("post-index-change", "post-checkout", "reference-transaction", "fsmonitor-watchman"):
        (folder / ".git/hooks").mkdir(exist_ok=True)
        (folder / ".git/hooks" / name).symlink_to(trap)


def _included(folder: Path, trap: Path) -> None:
    (folder.parent / "more").write_text(f'[filter "trap"]\n\tsmudge = {trap}\n')
    git(folder, "config", "include.path", str(folder.parent / "more"))


def _signed(folder: Path, trap: Path) -> None:
    commit = git(folder, "cat-file", "commit", "HEAD")
    head, _, message = commit.partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n\n{message}\n"
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        cwd=folder,
        input=signed,
        capture_output=True,
        text=True,
    )
    git(folder, "reset", "-q", "--hard", made.stdout.strip())
    for key in ("gpg.ssh.program", "gpg.program"):
        git(folder, "config", key, str(trap))


def _attributes(folder: Path, trap: Path) -> None:
    (folder / ".git/info").mkdir(exist_ok=True)
    (folder / ".git/info/attributes").write_text("* filter=trap\n")
    git(folder, "config", "filter.trap.process", str(trap))


TRAPS: dict[str, Callable[[Path, Path], object]] = {
    "core.sshCommand": lambda folder, trap: git(folder, "config", "core.sshCommand", str(trap)),
    "core.fsmonitor": lambda folder, trap: git(folder, "config", "core.fsmonitor", str(trap)),
    "core.hooksPath": lambda folder, trap: (
        _hooks(folder, trap),
        git(folder, "config", "core.hooksPath", str(folder / ".git/hooks")),
    ),
    "hooks": _hooks,
    "a filter": lambda folder, trap: git(folder, "config", "filter.trap.smudge", str(trap)),
    "a filter process": _attributes,
    "an included filter": _included,
    "textconv": lambda folder, trap: git(folder, "config", "diff.trap.textconv", str(trap)),
    "an external diff": lambda folder, trap: git(folder, "config", "diff.external", str(trap)),
    "a program that verifies": _signed,
}


def look(folder: Path, tmp_path: Path) -> leaks.LeakReport:
    """Do all that `course leaks` and the gates do with a repository."""
    report = leaks.scan(folder)
    tree = Tree(folder)
    head = tree.commit("HEAD")
    signers = tmp_path / "signers"
    signers.touch()
    tree.trust(signers)
    tree.checkout(head, tmp_path / "out")
    assert {"a.txt", ".gitattributes"} == tree.changed(None, head)
    assert len(tree.commits(None, head)) == 2 and len(list(tree.blobs(None, head))) == 3
    with contextlib.suppress(CourseError):
        tree.verify_commit(head)
    assert fork_point(folder) == head
    return report


@pytest.mark.parametrize("name", TRAPS)
def test_nothing_of_its_own_is_run(name: str, repository: Path, tmp_path: Path) -> None:
    trap, sprung = spring(tmp_path)
    TRAPS[name](repository, trap)
    report = look(repository, tmp_path)
    assert not sprung.exists(), f"{name} was run"
    assert report.commits and any(leak.file.endswith(":a.txt") for leak in report.leaks), "and it was read"
    assert (tmp_path / "out/a.txt").read_text() == "clean\n"


def test_a_partial_clone_fetches_nothing(repository: Path, tmp_path: Path) -> None:
    trap, sprung = spring(tmp_path)
    git(repository, "config", "uploadpack.allowFilter", "true")
    bare = tmp_path / "scan/partial.git"
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{repository}", str(bare))
    git(bare, "config", "remote.origin.url", "ssh://nobody@127.0.0.1/x")
    git(bare, "config", "core.sshCommand", str(trap))
    report = leaks.scan(tmp_path / "scan")
    assert not sprung.exists() and report.status == "unknown"
    assert any("partial clone" in item.why for item in report.unread)
    with pytest.raises(RefusedRepository):
        Tree(bare)
    for marker in (bare / "objects/pack").glob("*.promisor"):
        marker.unlink()
    assert leaks.scan(tmp_path / "scan").status == "unknown", "without the mark, objects are missing all the same"
    with pytest.raises(CourseError):
        list(Tree(bare).blobs(None, Tree(bare).commit("HEAD")))
    assert not sprung.exists()


def test_nothing_outside_is_read(repository: Path, tmp_path: Path) -> None:
    shared = tmp_path / "scan/shared"
    git(tmp_path, "clone", "-q", "--shared", str(repository), str(shared))
    (unread,) = leaks.scan(tmp_path / "scan").unread
    assert unread.file == "shared/.git" and "objects/info/alternates" in unread.why and "git repack" in unread.why
    with pytest.raises(RefusedRepository):
        Tree(shared)
    git(shared, "repack", "-qad")
    (shared / ".git/objects/info/alternates").unlink()
    assert leaks.scan(tmp_path / "scan").status == "leaked", "what the message says to type helps"


@pytest.mark.parametrize("place", ["refs/heads/x", "packed-refs", "logs/refs/heads/x"])
def test_references_are_files_and_no_links_or_pipes(place: str, repository: Path, tmp_path: Path) -> None:
    (repository / ".git" / place).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(repository / ".git" / place)
    (unread,) = leaks.scan(repository).unread
    assert unread.file == ".git" and "is not a plain file" in unread.why
    with pytest.raises(RefusedRepository):
        Tree(repository)
    if place != "packed-refs":
        (repository / ".git" / place).unlink()
        (repository / ".git" / place).symlink_to("/etc/passwd")
        assert "is a link" in leaks.scan(repository).unread[0].why


def test_no_replacement_graph_or_graft_hides_a_commit(repository: Path) -> None:
    first, last = git(repository, "rev-list", "--reverse", "main").split()
    git(repository, "replace", "--graft", last)
    git(repository, "reflog", "expire", "--expire=all", "--all")
    git(repository, "commit-graph", "write", "--reachable")
    report = leaks.scan(repository)
    assert any(leak.file == f"git {first[:7]}:a.txt" for leak in report.leaks)
    assert Tree(repository).commits(None, last) == (first, last)


def test_what_a_repository_may_be_is_read(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    (tmp_path / "linked/b.txt").write_text(TOKEN)
    git(tmp_path / "linked", "add", ".")
    git(tmp_path / "linked", "commit", "-qm", "aside")
    assert Tree(tmp_path / "linked").commit("HEAD") != Tree(repository).commit("HEAD")
    for folder in (repository, tmp_path / "linked"):
        report = leaks.scan(folder)
        assert report.commits == 3 and any(leak.file.endswith(":b.txt") for leak in report.leaks)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", str(tmp_path / "shallow"))
    assert leaks.scan(tmp_path / "shallow").commits == 1
    modern = tmp_path / "modern"
    modern.mkdir()
    git(modern, "init", "-q", "-b", "main", "--object-format=sha256")
    (modern / "x").write_text(TOKEN)
    git(modern, "add", ".")
    git(modern, "commit", "-qm", "one")
    assert leaks.scan(modern).commits == 1 and len(Tree(modern).commit("main")) == 64

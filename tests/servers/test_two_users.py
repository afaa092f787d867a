"""Two Unix users run the course's services on one machine at the same time."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.core.paths import ROOT, cache_dir
from helpers.runtime import tools
from tests.other_users import as_user, command_as, idle_uids


class User:
    """A user with a home, a cache of tools and a state of their own; what is temporary they share with everybody."""

    def __init__(self, uid: int, machine: Path) -> None:
        self.uid, self.home = uid, machine / f"home-{uid}"
        # Deep: the sockets of its services are in a short directory beside those of the other user.
        self.state = self.home / ("deep" * 25) / "state"
        for directory in (self.home, self.home / "cache", self.state.parent):
            directory.mkdir()
        for name in ("crane", "oci-store"):
            kept = tools.ensure(name, origin="cache").path.parent.parent
            shutil.copytree(kept, self.home / "cache" / kept.relative_to(cache_dir()))
        for path in (self.home, *self.home.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(machine / "tmp"),
            "MOD208_STATE": str(self.state),
            "MOD208_CACHE": str(self.home / "cache"),
            "MOD208_TOOLS": "cache",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        argv = command_as(uid, [sys.executable, "-m", "tests.servers.user_of_services"])
        self.process = subprocess.Popen(
            argv, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def asks(self, *words: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def told(self) -> Any:
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        assert "answer" in said, said
        return said["answer"]

    def does(self, *words: Any) -> Any:
        self.asks(*words)
        return self.told()


@pytest.fixture
def users() -> Iterator[tuple[User, User]]:
    machine = Path(tempfile.mkdtemp(prefix="m208-"))
    machine.chmod(0o755)
    (machine / "tmp").mkdir()
    (machine / "tmp").chmod(0o1777)
    made = [User(uid, machine) for uid in idle_uids(2)]
    yield made[0], made[1]
    for user in made:
        with contextlib.suppress(AssertionError):
            user.does("stop")
        assert user.process.stdin is not None
        user.process.stdin.close()
        user.process.wait(timeout=60)
    shutil.rmtree(machine)


@pytest.mark.timeout(900)
def test_neither_reads_changes_or_stops_anything_of_the_other(users: tuple[User, User]) -> None:
    ada, eve = users
    for user in users:
        user.asks("start")
    theirs = {user: user.told() for user in users}
    assert not {address for address, _ in theirs[ada].values()} & {address for address, _ in theirs[eve].values()}
    for one, other in ((ada, eve), (eve, ada)):
        assert one.does("attack", theirs[other], str(other.state)) == []
        assert as_user(one.uid, lambda other=other: legible(other.home.parent / "tmp", other)) == []  # type: ignore[misc]
        assert as_user(one.uid, lambda other=other: legible(other.state, other)) == []  # type: ignore[misc]
    for user in users:
        have = user.does("have")
        assert have["git"] == [f"of-{user.uid}"] and have["oci"] == [f"of/u{user.uid}"]
    assert eve.does("stop") > 0
    assert set(ada.does("have")["running"]) == {"git", "oci", "cloud"}


def legible(directory: Path, owner: User) -> list[str]:
    """Return what of the owner's below a directory can be read or written by whoever asks."""
    found = []
    for base, folders, files in os.walk(directory):
        for path in (Path(base) / name for name in (*folders, *files)):
            known = path.lstat().st_uid == owner.uid
            if known and (os.access(path, os.W_OK) or (path.is_file() and os.access(path, os.R_OK))):
                found.append(str(path))
    return found

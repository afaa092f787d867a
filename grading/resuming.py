"""What the judge's services begin with: what the learner's own have left, as data.

A cluster, a Git server, a vault and an audit log keep what was done in a lab, and a judge cannot do it again. So the
judge's own programs go on from the data that the learner's sandbox left when nothing ran in it any more. The learner
was the administrator of those services: what they remember (an approval, an event, an object of the cluster) is as true
as the learner was. What they do now (refuse, admit, sync, heal, verify) is done by the judge's programs.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from grading import data
from helpers.core.files import write_private

#: What is taken of the state, by its first directory. Journals, verdicts, tools' caches and start-up files are not.
PARTS = frozenset({"audit", "build-platform", "delivery", "private", "secrets", "services"})
#: Never taken: what would run or steer a program (a service writes it at each start, or makes it anew), and what is
#: offered to the judge's registry by its own rules (`grading.claims`).
LEFT = (
    # Of any place: a clone's repository, and what tells git or SSH which programs to start.
    re.compile(r"(.*/)?\.(git|gitconfig|gitattributes|gitmodules|ssh|gnupg|config|docker)"),
    # Argo CD and Flux: homes, clones that are under way, GnuPG's own settings, sockets of plugins.
    re.compile(r"services/(gitops|flux)/data/(config|gnupg|home|plugins|source|ssh|tls|tmp)"),
    re.compile(r"services/secret-sync/data/scratch"),
    re.compile(r"services/oci/docker"),
    re.compile(r"services/registry(/.*)?"),
    re.compile(r"services/[^/]+/(lock|log|log\.1|kubeconfig|bao\.hcl)"),
    # Whole, or what is left of a clone would be in the way of the judge's own.
    re.compile(r"(delivery|private)/[^/]+/clones"),
    # Of a repository: its hooks and settings name programs, the rest leads to other repositories.
    re.compile(r"services/git/data/repositories/[^/]+/(hooks|info|worktrees|config|config\.worktree|commondir|gitdir)"),
    re.compile(r"services/git/data/repositories/[^/]+/objects/info/(http-)?alternates"),
)
_REPOSITORY = "services/git/data/repositories"
#: Bytes of a record, at most: the grader itself reads it.
_RECORD_SIZE = 100_000
#: All that a repository of the Git server is told before the server adds its own settings.
_CONFIG = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
_NO_FILE = "it is not a regular file"
#: Directories that are made again, at most.
MOST = 20_000


def resume(state: Path, target: Path) -> list[str]:
    """Put into the judge's state *target* what its services go on from; return what was not taken, and why.

    Sockets and pipes are not named: services leave some, and there is nobody behind them any more.
    """
    taken = data.take(state, target, leave=_left)
    for name in PARTS:
        # A file there would be in the way of each service.
        _place(target / name)
    _directories(state, target)
    for record in (target / "services").glob("*/service.json"):
        if record.is_file():
            write_private(record, json.dumps(_record(record)).encode())
    for repository in (target / _REPOSITORY).glob("*.git"):
        if repository.is_dir():
            for name in ("objects", "refs"):
                _place(repository / name)
            write_private(repository / "config", _CONFIG)
    return [line for line in taken.left_out if not line.endswith(_NO_FILE)]


def _place(directory: Path) -> None:
    """Make a directory, in the place of a file that a learner may have put there."""
    if directory.is_file():
        directory.unlink()
    directory.mkdir(mode=0o700, exist_ok=True)


def _left(path: str) -> bool:
    return path.partition("/")[0] not in PARTS or any(one.fullmatch(path) for one in LEFT)


def _directories(state: Path, target: Path) -> None:
    """Make the directories that hold no file as well: a database may need one. All are their owner's alone."""
    made = 0
    for below, names, _ in os.walk(state, onerror=_stop):
        here = Path(below).relative_to(state)
        names[:] = [one for one in names if not _left((here / one).as_posix()) and not (Path(below) / one).is_symlink()]
        names[:] = [one for one in names if len(os.fsencode(here / one)) <= data.MAX_PATH]
        if len(here.parts) >= data.MAX_DEPTH:
            names.clear()
        for name in names:
            (target / here / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            (target / here / name).chmod(0o700)
            made += 1
            if made == MOST:
                return


def _stop(error: OSError) -> None:
    """Leave a directory that cannot be read: a learner's services may have made one."""


def _record(path: Path) -> dict[str, object]:
    """Return the ports of a service, and that nothing of it runs: where others expect it, there it is again."""
    try:
        if path.stat().st_size > _RECORD_SIZE:
            raise ValueError
        found = json.loads(path.read_text(encoding="utf-8"))["ports"]
        ports = {str(name): port for name, port in found.items() if _port(port)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        ports = {}
    return {"ports": ports, "processes": [], "started": 0.0, "urls": {}, "ready": False}


def _port(port: object) -> bool:
    return type(port) is int and 1024 <= port < 65536


__all__ = ["resume"]

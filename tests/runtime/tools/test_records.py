"""A tool of the cache is used only while it is, byte for byte, what was built."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.cli.tools import tools as command
from helpers.runtime import tools
from helpers.runtime.tools import build, records


@pytest.fixture
def hello(toolchain: Path) -> Path:
    """Build the tool, give it a shared file, and forget that it was seen."""
    tools.ensure("hello", progress=lambda line, share: None)
    folder = build.target_dir(tools.spec("hello"))
    (folder / "share" / "crds").mkdir(parents=True)
    (folder / "share" / "crds" / "app.yaml").write_text("kind: CustomResourceDefinition\n")
    records.write(folder, {name: str(value) for name, value in records.read(folder).items() if name != "files"})
    tools.forget()
    return folder


def settle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the files be old enough to be remembered."""
    newest = max(path.lstat().st_ctime for path in folder.rglob("*"))
    monkeypatch.setattr(time, "time", lambda: newest + records.SETTLED + 1)


def flip(path: Path) -> None:
    """Change one byte in the middle, and set size and time back to what they were."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o755)
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "one byte": (lambda folder: flip(folder / "bin/hello"), "bin/hello has changed"),
    "shared file": (lambda folder: flip(folder / "share/crds/app.yaml"), "share/crds/app.yaml has changed"),
    "missing file": (lambda folder: (folder / "share/crds/app.yaml").unlink(), "share/crds/app.yaml is missing"),
    "new file": (lambda folder: (folder / "share/crds/b.yaml").touch(), "share/crds/b.yaml was not there"),
    "link": (
        lambda folder: ((folder / "bin/hello").unlink(), (folder / "bin/hello").symlink_to("/bin/true")),
        "bin/hello has changed",
    ),
    "no record": (lambda folder: (folder / "made.json").unlink(), "made.json, is missing"),
    "half a record": (lambda folder: (folder / "made.json").write_text('{"sha'), "made.json, is missing"),
}


@pytest.mark.parametrize("seen", [False, True], ids=["first time", "remembered"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_not_used(hello: Path, change: str, seen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if seen:
        settle(hello, monkeypatch)
        assert tools.find("hello") is not None and list((hello.parents[2] / "checked").iterdir())
        tools.forget()
    alter, said = CHANGES[change]
    alter(hello)
    for use in (tools.find, tools.ensure):
        with pytest.raises(tools.ToolChanged) as caught:
            use("hello")
        assert said in caught.value.why and str(hello) in caught.value.why and "not run" in caught.value.what
        assert caught.value.next.startswith("course tools install hello")


@pytest.mark.parametrize("change", ["one byte", "no record"])
def test_install_says_what_has_changed_and_builds_it_again(
    hello: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "clean", lambda: 0)
    alter, said = CHANGES[change]
    alter(hello)
    listed = {row["name"]: row for row in json.loads(CliRunner().invoke(command, ["list", "--json"]).stdout)}
    assert listed["hello"]["status"] == "changed"
    done = CliRunner().invoke(command, ["install", "hello"])
    assert done.exit_code == 0, done.output
    assert said in done.stderr and "built again" in done.stderr
    assert tools.find("hello") is not None


def test_a_tool_is_read_once_and_not_again_while_its_files_are_the_same(
    hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(hello, monkeypatch)
    read: list[Path] = []
    whole = records.sha256
    monkeypatch.setattr(records, "sha256", lambda path: (read.append(path), whole(path))[1])
    for _ in range(3):
        tools.forget()
        assert tools.find("hello") is not None
    assert sorted(path.name for path in read) == ["app.yaml", "hello"]
    os.utime(hello / "bin" / "hello")
    tools.forget()
    assert tools.find("hello") is not None and len(read) == 4


def test_files_that_have_just_changed_are_read_again(hello: Path) -> None:
    assert tools.find("hello") is not None
    assert not (hello.parents[2] / "checked").exists()


def test_nothing_is_remembered_while_grading(hello: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(hello, monkeypatch)
    assert tools.find("hello") is not None
    tools.forget()
    monkeypatch.setenv("MOD208_GRADING", "1")
    monkeypatch.setattr(records, "sha256", lambda path: "0" * 64)
    with pytest.raises(tools.ToolChanged):
        tools.find("hello")


def test_record_and_memory_are_for_the_owner_only(hello: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(hello, monkeypatch)
    assert tools.find("hello") is not None
    for file in (hello / "made.json", *(hello.parents[2] / "checked").iterdir()):
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_record_of_the_executable_alone_is_completed(hello: Path) -> None:
    short = {name: value for name, value in records.read(hello).items() if name != "files"}
    (hello / "made.json").write_text(json.dumps(short))
    assert tools.find("hello") is not None
    assert set(records.read(hello)["files"]) == {"bin/hello", "share/crds/app.yaml"}
    (hello / "made.json").write_text(json.dumps(short))
    flip(hello / "bin" / "hello")
    tools.forget()
    with pytest.raises(tools.ToolChanged):
        tools.find("hello")

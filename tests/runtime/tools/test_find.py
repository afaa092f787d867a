"""Resolution: the user's own tool first, when its version is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.runtime import tools


def fake(folder: Path, name: str, prints: str) -> Path:
    folder.mkdir(exist_ok=True)
    script = folder / name
    script.write_text(f"#!/bin/sh\necho '{prints}'\n")
    script.chmod(0o755)
    return script


def test_path_comes_first(toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = fake(tmp_path / "own", "hello", "hello 1.9.0")
    monkeypatch.setenv("PATH", str(own.parent), prepend=":")
    tool = tools.find("hello")
    assert tool is not None
    assert (tool.origin, tool.version, tool.path) == ("path", "1.9.0", own)


@pytest.mark.parametrize("prints", ["hello 0.4.0", "no version here", ""])
def test_unsuitable_path_tool_is_passed_over_and_the_pinned_one_built(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prints: str
) -> None:
    own = fake(tmp_path / "own", "hello", prints)
    monkeypatch.setenv("PATH", str(own.parent), prepend=":")
    assert tools.find("hello") is None
    assert tools.ensure("hello", progress=lambda line, share: None).origin == "cache"


def test_old_system_tool_is_refused_with_the_way_out(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = fake(tmp_path / "own", "git", "git version 1.8.0")
    monkeypatch.setenv("PATH", str(own.parent), prepend=":")
    with pytest.raises(tools.UnsupportedVersion) as caught:
        tools.ensure("git")
    assert "1.8.0" in caught.value.what
    assert caught.value.next == "apt-get install git"


def test_missing_system_tool(toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tools.ToolMissing) as caught:
        tools.ensure("git")
    assert "git is missing" in caught.value.diagnostics()


def test_cache_only_mode_ignores_path(toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = fake(tmp_path / "own", "hello", "hello 1.9.0")
    monkeypatch.setenv("PATH", str(own.parent), prepend=":")
    monkeypatch.setenv("MOD208_TOOLS", "cache")
    assert tools.find("hello") is None


def test_replaced_executable_is_inspected_again(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = fake(tmp_path / "own", "hello", "hello 1.9.0")
    monkeypatch.setenv("PATH", str(own.parent), prepend=":")
    assert tools.find("hello").version == "1.9.0"  # type: ignore[union-attr]
    fake(tmp_path / "own", "hello", "hello 1.10.00")
    tools.forget()
    assert tools.find("hello").version == "1.10.00"  # type: ignore[union-attr]


def test_damaged_memory_of_versions_is_no_problem(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = fake(tmp_path / "own", "hello", "hello 1.9.0")
    monkeypatch.setenv("PATH", str(own.parent), prepend=":")
    (tmp_path / "cache" / "seen.json").write_text("{half")
    assert tools.find("hello") is not None


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BadInput) as caught:
        tools.spec("teraform")
    assert "terraform" in caught.value.why


@pytest.mark.parametrize("origin", ["path", "cache"])
def test_both_routes_to_terraform_run(origin: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PATH's Terraform and the wheel's are the same to us: same version JSON, same exit codes."""
    from helpers.core import process

    if origin == "path" and tools.find("terraform", origin="path") is None:
        # A machine without its own Terraform still has the route: the shim on PATH.
        made = tools.ensure("terraform", origin="cache")
        monkeypatch.setenv("PATH", str(made.path.parent), prepend=":")
        tools.forget()
    tool = tools.ensure("terraform", origin=origin)  # type: ignore[arg-type]
    (tmp_path / "main.tf").write_text('output "who" { value = "acme" }\n')
    assert process.run([tool.path, "init", "-input=false"], cwd=tmp_path).returncode == 0
    planned = process.run([tool.path, "plan", "-input=false", "-detailed-exitcode"], cwd=tmp_path)
    assert planned.returncode == 2, planned.stderr
    (tmp_path / "main.tf").write_text("nonsense")
    assert process.run([tool.path, "plan", "-detailed-exitcode"], cwd=tmp_path).returncode == 1

"""Terraform gets the provider that was built, byte for byte, or none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.cli.tools import tools as command
from helpers.runtime import tools
from helpers.runtime.tools import build, records
from helpers.wrappers.terraform import config


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the mirror's package of a provider that stands in for ours, in a cache of its own."""
    monkeypatch.setenv("MOD208_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(config, "_checked", set())
    program = tmp_path / "provider-platform"
    program.write_bytes(b"the provider")
    tool = tools.Tool(program.name, program, "0.1.0", "cache", records.sha256(program))
    monkeypatch.setattr(tools, "find", lambda name, **_: tool)
    root = config.mirror()
    assert root is not None
    config._checked.clear()
    return root / config.PROVIDER_SOURCE / "0.1.0" / config.target_platform()


def flip(file: Path) -> None:
    """Change one byte and set the time back; the size stays."""
    before = file.stat()
    file.chmod(0o755)
    file.write_bytes(b"THE provider")
    file.chmod(0o555)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def link(file: Path) -> None:
    """Put a link in its place, to a file with the same content."""
    file.rename(file.parents[1] / "elsewhere")
    file.symlink_to(file.parents[1] / "elsewhere")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "one byte": (flip, "does not have the digest of the one that was built"),
    "link": (link, "does not have the digest of the one that was built"),
    "another file": (lambda file: (file.parent / "more").touch(), "more is not part of it"),
    "missing": (lambda file: file.unlink(), "is missing"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_not_given_to_terraform(package: Path, change: str) -> None:
    alter, said = CHANGES[change]
    (provider,) = package.iterdir()
    alter(provider)
    for use in (config.mirror, config.write_cli_config):
        with pytest.raises(tools.ToolChanged) as caught:
            use()
        assert said in caught.value.why and str(package) in caught.value.why
        assert caught.value.next.startswith("course tools install provider-platform")


@pytest.mark.parametrize("change", CHANGES)
def test_install_says_what_has_changed_and_copies_it_again(
    package: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "clean", lambda: 0)
    alter, said = CHANGES[change]
    alter(next(package.iterdir()))
    done = CliRunner().invoke(command, ["install", "provider-platform"])
    assert done.exit_code == 0, done.output
    assert said in done.stderr and "built again" in done.stderr
    assert [file.read_bytes() for file in package.iterdir()] == [b"the provider"]


def test_it_is_read_once_in_a_process(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.mirror()
    monkeypatch.setattr(tools, "unchanged", lambda *_: pytest.fail("read again"))
    config.mirror()

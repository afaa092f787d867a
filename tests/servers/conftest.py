from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.clients.registry import Registry
from helpers.core import process
from helpers.runtime import services, tools

MODULE = {
    "main.tf": """terraform {
  required_version = ">= 1.5"
}

resource "terraform_data" "workspace" {
  input = { team = var.team, gpus = var.gpus }
}
""",
    "variables.tf": """variable "team" {
  type        = string
  description = "Team that owns the workspace."
}

variable "gpus" {
  type        = number
  description = "How many GPUs the workspace may use."
  default     = 1
}
""",
    "outputs.tf": """output "id" {
  description = "Identifier of the workspace."
  value       = terraform_data.workspace.id
}
""",
    "README.md": "# GPU workspace\n\n"
    + "A workspace in which one team trains its models on GPUs. " * 6
    + "\n\n<script>alert(1)</script>\n\n[bad](javascript:alert(1))\n",
    "CHANGELOG.md": "# Changelog\n\n## [1.0.0] - 2026-01-10\n\n- First release.\n",
    "module.yaml": """name: gpu-workspace
namespace: vision
provider: "null"
description: A place to train on GPUs.
versioning: Semantic versions; removing an input or output raises the major version.
support:
  team: vision platform
  contact: vision-platform@acme.test
  hours: Mon-Fri 09:00-17:00 CET
""",
    "examples/basic/main.tf": 'module "gpu-workspace" {\n  source = "../.."\n  team   = "vision"\n}\n',
    "tests/defaults.tftest.hcl": """run "defaults" {
  variables { team = "vision" }
  assert {
    condition     = var.gpus == 1
    error_message = "One GPU by default."
  }
}
""",
}


def trusting(registry: Registry) -> dict[str, str]:
    """Return the variable by which Terraform trusts this registry, whatever state the test has."""
    assert registry.authority is not None
    return {"SSL_CERT_DIR": str(registry.authority.parent)}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def shared_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One state folder for tests that only use services and leave them running."""
    folder = tmp_path_factory.mktemp("state")
    before = os.environ.get("MOD208_STATE")
    os.environ["MOD208_STATE"] = str(folder)
    yield folder
    os.environ["MOD208_STATE"] = str(folder)
    services.stop("all")
    if before is None:
        del os.environ["MOD208_STATE"]
    else:
        os.environ["MOD208_STATE"] = before
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publisher's key pair, without a password."""
    return make_key(tmp_path_factory.mktemp("key"))


def make_key(folder: Path) -> Path:
    process.run(
        [tools.ensure("cosign").path, "generate-key-pair"],
        cwd=folder,
        env=process.environment({"COSIGN_PASSWORD": ""}),
    )
    return folder / "cosign.key"


@pytest.fixture(scope="session")
def admin(shared_state: Path, key: Path) -> Registry:
    """A running registry, as its administrator; the key may sign for vision."""
    registry = Registry.local()
    registry.add_key("vision", "vision-release", key.with_suffix(".pub"))
    return registry


@pytest.fixture
def registry(admin: Registry, shared_state: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("MOD208_STATE", str(shared_state))
    return admin


@pytest.fixture
def module(tmp_path: Path) -> Callable[..., Path]:
    """Write the good module under another name, with some files changed or (``None``) left out."""

    def make(name: str, version: str = "1.0.0", **changed: str | None) -> Path:
        files: dict[str, str] = dict(MODULE)
        files["module.yaml"] = files["module.yaml"].replace("gpu-workspace", name)
        files["CHANGELOG.md"] += f"\n## [{version}]\n\n- Changes of {version}.\n" if version != "1.0.0" else ""
        for file, text in changed.items():
            if text is None:
                del files[file]
            else:
                files[file] = text
        return write(tmp_path / f"{name}-{version}", files)

    return make

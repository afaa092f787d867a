"""Small real projects on the built-in ``terraform_data``: no provider to install."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.runtime import tools
from helpers.wrappers.terraform import Terraform

MakeProject = Callable[..., Terraform]

BASIC = """
variable "size" {
  type    = number
  default = 1
}

variable "token" {
  type      = string
  sensitive = true
  default   = "sekret-of-the-plan"
}

resource "terraform_data" "pool" {
  count            = var.size
  input            = { index = count.index, token = var.token, "odd key" = [1, 2] }
  triggers_replace = [var.size]
}

resource "terraform_data" "user" {
  input = terraform_data.pool[0].id
}

output "user" {
  value = terraform_data.user.output
}

output "token" {
  value     = var.token
  sensitive = true
}
"""

#: Finishes ``fast`` at once and stays in ``slow`` until it is interrupted.
SLOW = """
resource "terraform_data" "fast" {}

resource "terraform_data" "slow" {
  depends_on = [terraform_data.fast]
  provisioner "local-exec" {
    command = "sleep 120"
  }
}
"""


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))


@pytest.fixture
def project(tmp_path: Path) -> MakeProject:
    """Return a function that writes files (``main.tf`` by default) and gives their `Terraform`."""

    def make(
        main: str = BASIC, *, name: str = "project", files: dict[str, str] | None = None, **options: object
    ) -> Terraform:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for path, text in {"main.tf": main, **(files or {})}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return Terraform(folder, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture(params=["path", "cache"], ids=["own", "wheel"])
def route(request: pytest.FixtureRequest) -> Path:
    """Both ways to Terraform: the user's own on PATH, and the course's from the wheel."""
    return tools.ensure("terraform", origin=request.param).path

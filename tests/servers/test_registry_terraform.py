"""Terraform itself takes modules from the registry, by version constraint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.clients.registry import Registry
from helpers.compliance.consumer import verify_module
from helpers.core import process
from helpers.core.errors import BadInput
from helpers.runtime import services, tools
from helpers.wrappers.terraform.config import REGISTRY_HOST
from tests.servers.conftest import trusting

PUBLISHED = ("1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.1.0-rc.1")


@pytest.fixture(scope="module")
def published(admin: Registry, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    from tests.servers.conftest import MODULE, write

    for version in PUBLISHED:
        files = {**MODULE, "module.yaml": MODULE["module.yaml"].replace("gpu-workspace", "consumed")}
        files["CHANGELOG.md"] += f"\n## [{version}]\n\n- Changes.\n"
        folder = write(tmp_path_factory.mktemp("m"), files)
        admin.publish(folder, version, namespace="vision", name="consumed", provider="null", key=key)
    return admin


@pytest.fixture
def init(published: Registry, registry: Registry, tmp_path: Path) -> Callable[..., process.Completed]:
    token = published.add_token("reader", ["vision"], ["read"])

    def run(constraint: str, name: str = "consumed", token: str = token) -> process.Completed:
        rc = tmp_path / "terraformrc"
        rc.write_text(
            f'host "{REGISTRY_HOST}" {{\n  services = {{ "modules.v1" = "{published.url}/v1/modules/" }}\n}}\n'
            f'credentials "{REGISTRY_HOST}" {{\n  token = "{token}"\n}}\n'
        )
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        (work / "main.tf").write_text(
            f'module "m" {{\n  source  = "{REGISTRY_HOST}/vision/{name}/null"\n  version = "{constraint}"\n'
            '  team    = "vision"\n}\n'
        )
        env = process.environment({"TF_CLI_CONFIG_FILE": str(rc), "CHECKPOINT_DISABLE": "1", **trusting(published)})
        return process.run([tools.ensure("terraform").path, "get", "-no-color"], cwd=work, env=env)

    return run


def chosen(work: Path) -> str:
    data = json.loads((work / ".terraform/modules/modules.json").read_text())
    return next(m["Version"] for m in data["Modules"] if m["Key"] == "m")


@pytest.mark.parametrize(
    ("constraint", "version"),
    [
        ("~> 1.0", "1.1.0"),
        ("~> 1.0.0", "1.0.1"),
        (">= 1.0", "2.0.0"),
        ("1.0.0", "1.0.0"),
        ("2.1.0-rc.1", "2.1.0-rc.1"),
    ],
)
def test_constraints_choose(
    init: Callable[..., process.Completed], tmp_path: Path, constraint: str, version: str
) -> None:
    done = init(constraint)
    assert done.returncode == 0, done.stderr
    assert chosen(tmp_path / "work") == version
    assert (tmp_path / "work/.terraform/modules/m/variables.tf").exists()


def test_an_unsatisfiable_constraint_is_explained(init: Callable[..., process.Completed]) -> None:
    done = init("~> 7.0")
    assert done.returncode == 1
    assert "Unresolvable module version constraint" in done.stderr


def test_a_module_that_is_not_there(init: Callable[..., process.Completed]) -> None:
    done = init("~> 1.0", name="nothing")
    assert done.returncode == 1 and "Module not found" in done.stderr


def test_a_wrong_token_is_refused(init: Callable[..., process.Completed]) -> None:
    done = init("~> 1.0", token="acme_wrong")
    assert done.returncode == 1 and "401" in done.stderr


def test_a_yanked_version_is_not_chosen(
    init: Callable[..., process.Completed], published: Registry, tmp_path: Path
) -> None:
    published.yank("vision/consumed/null", "2.0.0", "Breaks quotas.")
    try:
        assert init(">= 1.0").returncode == 0
        assert chosen(tmp_path / "work") == "1.1.0"
    finally:
        published.yank("vision/consumed/null", "2.0.0", None)


def test_an_archive_changed_on_disk_is_not_installed(
    init: Callable[..., process.Completed], published: Registry
) -> None:
    stored = services.data("registry") / "modules/vision/consumed/null/1.0.1/module.tar.gz"
    good = stored.read_bytes()
    stored.write_bytes(good + b"x")
    try:
        done = init("1.0.1")
        assert done.returncode == 1 and "500" in done.stderr
    finally:
        stored.write_bytes(good)


def test_what_terraform_installed_is_compared_with_what_was_signed(
    init: Callable[..., process.Completed], published: Registry, key: Path, tmp_path: Path
) -> None:
    assert init("1.0.1").returncode == 0
    asked = {"key": key.with_suffix(".pub"), "registry": published, "installed": tmp_path / "work"}
    verdict = verify_module("vision/consumed/null", "1.0.1", **asked)  # type: ignore[arg-type]
    assert verdict and len(verdict.installed) == 1
    with pytest.raises(BadInput, match="is not installed"):
        verify_module("vision/consumed/null", "1.1.0", **asked)  # type: ignore[arg-type]
    added = tmp_path / "work" / verdict.installed[0] / "more.tf"
    added.write_text("")
    changed = verify_module("vision/consumed/null", "1.0.1", **asked)  # type: ignore[arg-type]
    assert not changed and "more.tf" in changed.reason

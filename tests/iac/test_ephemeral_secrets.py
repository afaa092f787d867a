"""The two ways of a password, with the real Terraform and provider: what leaks, and what does not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.clients.aws.secrets_manager import SecretsManager
from helpers.compliance import leaks
from helpers.core.paths import IAC
from helpers.core.process import environment
from helpers.runtime import services, tools
from helpers.wrappers.terraform import Terraform, config
from helpers.wrappers.terraform.errors import TerraformError

ROOT = IAC / "lectures/unit4/secrets"
PASSWORD = "Wq7-canary-Lm2-of-the-registry"


@pytest.fixture(scope="module", autouse=True)
def cloud() -> Iterator[None]:
    services.ensure("cloud")
    yield
    services.stop("cloud")


def project(name: str, folder: Path) -> Terraform:
    shutil.copytree(ROOT / name, folder, dirs_exist_ok=True)
    terraform = Terraform(folder, variables={"password": PASSWORD})
    terraform.init()
    return terraform


def log(folder: Path, *args: str) -> Path:
    """Run Terraform as a pipeline would, without our masking, and keep what it prints."""
    env = environment({**config.environment_for("platform"), "TF_VAR_password": PASSWORD, "TF_IN_AUTOMATION": "1"})
    argv = [str(tools.ensure("terraform").path), *args]
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, check=True)
    target = folder / f"{args[0]}.log"
    target.write_bytes(done.stdout + done.stderr)
    return target


def test_both_are_formatted_and_valid(tmp_path: Path) -> None:
    assert Terraform(ROOT).fmt(check=True, recursive=True).formatted
    for name in ("leaking", "ephemeral"):
        assert project(name, tmp_path / name).validate().valid


def test_sensitive_hides_a_value_on_the_screen_only(tmp_path: Path) -> None:
    terraform = project("leaking", tmp_path)
    terraform.plan(out="first.tfplan")
    events = []
    applied = terraform.apply("first.tfplan", on_event=events.append)
    assert PASSWORD not in repr(applied) + "".join(str(event.raw) for event in events), "nothing on the screen"
    log(tmp_path, "show", "-json")
    report = leaks.terraform_clean(tmp_path, [PASSWORD])
    found = {leak.file for leak in report.leaks}
    assert report.status == "leaked" and {"terraform.tfstate", "first.tfplan!tfplan", "show.log"} <= found
    assert PASSWORD not in report.text()
    assert {leak.part for leak in leaks.scan(tmp_path).leaks if leak.rule == "secret-in-state"} >= {"output.login"}


def test_an_ephemeral_value_is_written_nowhere(tmp_path: Path) -> None:
    terraform = project("ephemeral", tmp_path)
    terraform.plan(out="first.tfplan")
    terraform.apply("first.tfplan")
    log(tmp_path, "plan", "-input=false", "-out=second.tfplan")
    log(tmp_path, "show", "-json", "second.tfplan")
    log(tmp_path, "output", "-json")
    report = leaks.terraform_clean(tmp_path, [PASSWORD])
    assert report.status == "clean", report.text()
    assert leaks.scan(tmp_path).status == "clean"
    for name in ("vision/u4-ephemeral", "vision/u4-ephemeral-staging"):
        assert SecretsManager().get(name).reveal() == PASSWORD, "it arrived, though nothing kept it"


def test_terraform_itself_refuses_to_keep_an_ephemeral_value(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "leaking", tmp_path, dirs_exist_ok=True)
    main = tmp_path / "main.tf"
    main.write_text(main.read_text().replace("sensitive   = true\n}", "sensitive   = true\n  ephemeral   = true\n}", 1))
    terraform = Terraform(tmp_path, variables={"password": PASSWORD})
    terraform.init()
    with pytest.raises(TerraformError) as refused:
        terraform.plan()
    assert "ephemeral" in str(refused.value).lower() and PASSWORD not in str(refused.value)

"""Each subcommand against the real tool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.core.process import call_async
from helpers.wrappers.base import RefusedVariable
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import (
    InvalidConfiguration,
    MissingVariable,
    StalePlan,
    TerraformError,
)

MakeProject = Callable[..., Terraform]
NESTED = {"modules/a/main.tf": 'resource "terraform_data" "x" {}\noutput "id" {\n  value = terraform_data.x.id\n}\n'}
CALLER = 'module "a" {\n  source = "./modules/a"\n}\n\nresource "terraform_data" "y" {\n  input = module.a.id\n}\n'


def test_both_routes_work_from_init_to_destroy(project: MakeProject, route: Path) -> None:
    tf = project(executable=route, variables={"size": 2})
    assert tf.version().terraform >= "1.11"
    assert tf.init().diagnostics == ()
    assert tf.validate().valid
    assert tf.apply(tf.plan()).added == 3
    assert tf.drift().status == "in-sync"
    assert set(tf.output()) == {"token", "user"}
    assert tf.destroy(auto_approve=True).destroyed == 3


def test_validate_says_where(project: MakeProject) -> None:
    result = project('resource "terraform_data" "a" {\n  input = var.nothing\n}\n').validate()
    assert not result.valid
    (error,) = result.errors
    assert error.where == "main.tf:2" and "var.nothing" in error.snippet


def test_fmt_checks_writes_and_shows_the_difference(project: MakeProject) -> None:
    tf = project("locals {\na=1\n}\n", files={"sub/more.tf": "locals {\nb=1\n}\n"})
    checked = tf.fmt(check=True, diff=True, recursive=True)
    assert sorted(checked.files) == ["main.tf", "sub/more.tf"] and "+  a = 1" in checked.diff
    assert "a=1" in (tf.workdir / "main.tf").read_text()
    assert tf.fmt().files == ("main.tf",)
    assert tf.fmt(check=True).formatted and not tf.fmt(check=True, recursive=True).formatted
    (tf.workdir / "main.tf").write_text("locals {")
    with pytest.raises(TerraformError):
        tf.fmt()


def test_modules_graph_and_blast_radius(project: MakeProject) -> None:
    tf = project(CALLER, files=NESTED)
    assert [(m.key, m.source) for m in tf.get()] == [("a", "./modules/a")]
    graph = tf.graph()
    assert ("terraform_data.y", "module.a.terraform_data.x") in graph.edges
    assert graph.dependents("module.a.terraform_data.x") == ("terraform_data.y",)
    assert "digraph" in graph.dot
    assert len(tf.graph(type="plan").edges) > len(graph.edges)


def test_state_list_show_and_import(project: MakeProject) -> None:
    tf = project(CALLER, files=NESTED)
    assert tf.state_list() == ()
    tf.init()
    tf.import_("terraform_data.y", "an-id")
    assert tf.state_list() == ("terraform_data.y",)
    tf.apply(auto_approve=True)
    assert tf.state_list("module.a") == ("module.a.terraform_data.x",)
    assert tf.state_show("module.a.terraform_data.x").module_address == "module.a"
    assert len(tf.show()) == 2
    with pytest.raises(BadInput, match=r"no terraform_data\.z"):
        tf.state_show("terraform_data.z")


def test_providers(project: MakeProject) -> None:
    tf = project()
    tf.init()
    assert tf.providers() == {}
    assert "terraform_data" in tf.providers_schema()["terraform.io/builtin/terraform"]["resource_schemas"]


def test_async_runs_side_by_side(project: MakeProject) -> None:
    projects = [project(name=f"p{i}", variables={"size": i + 1}) for i in range(3)]

    async def main() -> list[str]:
        plans = await asyncio.gather(*(call_async(tf.plan) for tf in projects))
        return [plan.summary for plan in plans]

    assert [text[0] for text in asyncio.run(main())] == ["2", "3", "4"]


def test_the_callers_environment_does_not_reach_terraform(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_LOG", "TRACE")
    monkeypatch.setenv("TF_VAR_size", "7")
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-destroy")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", "/nothing/there")
    assert project().plan().summary == "2 to add, 0 to change, 0 to destroy"


@pytest.mark.parametrize(
    "name", ["TF_LOG", "TF_LOG_CORE", "TF_INPUT", "TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_VAR_x", "TF_PLUGIN_CACHE_DIR"]
)
def test_refused_variables(project: MakeProject, name: str) -> None:
    with pytest.raises(RefusedVariable, match=name):
        project(env={name: "1"})


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a directory"):
        Terraform(tmp_path / "nothing")


def test_nothing_is_changed_without_a_plan_or_approval(project: MakeProject) -> None:
    tf = project()
    for call in (tf.apply, tf.destroy):
        with pytest.raises(BadInput, match="auto_approve"):
            call()
    assert not (tf.workdir / "terraform.tfstate").exists()


def test_invalid_configuration_names_file_and_line(project: MakeProject) -> None:
    with pytest.raises(InvalidConfiguration, match=r"main\.tf:2") as caught:
        project('resource "terraform_data" "a" {\n  inputs = 1\n}\n').plan()
    assert "inputs = 1" in caught.value.why


EPHEMERAL = """
variable "token" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "code" {
  type      = string
  sensitive = true
  default   = "sekret-of-the-plan"
}

resource "terraform_data" "user" {
  input = var.code
  provisioner "local-exec" {
    command     = "printf %s \\"$TOKEN\\" > token"
    environment = { TOKEN = var.token }
  }
}
"""


class TestApplyOfAPlanWithEphemeralVariables:
    def test_they_are_given_again(self, project: MakeProject) -> None:
        tf = project(EPHEMERAL, variables={"token": "first", "code": "one"})
        assert tf.apply(tf.plan()).added == 1
        assert (tf.workdir / "token").read_text() == "first"

    def test_from_a_file_and_with_another_value(self, project: MakeProject) -> None:
        tf = project(EPHEMERAL, files={"t.tfvars": 'token = "first"\n'}, var_files=["t.tfvars"])
        plan = tf.plan()
        (tf.workdir / "t.tfvars").write_text('token = "second"\n')
        assert tf.apply(plan).added == 1
        assert (tf.workdir / "token").read_text() == "second"

    def test_a_missing_one_is_named(self, project: MakeProject) -> None:
        plan = project(EPHEMERAL, variables={"token": "first"}).plan()
        with pytest.raises(MissingVariable, match="no plan keeps them") as caught:
            project(EPHEMERAL).apply(plan)
        assert caught.value.names == ("token",)

    def test_other_values_are_refused_and_not_shown(self, project: MakeProject) -> None:
        plan = project(EPHEMERAL, variables={"token": "t", "code": "hunter2-old"}).plan()
        other = project(EPHEMERAL, variables={"token": "t", "code": "hunter2-new"})
        with pytest.raises(StalePlan, match="plan again") as caught, other.apply_events(plan) as run:
            run.result()
        said = str(caught.value) + repr(caught.value.diagnostics_list) + repr([event.raw for event in run.events])
        assert '"code"' in said or "code" in said
        assert "hunter2" not in said

"""Lab 1 in Pulumi: what a learner writes around the component, right."""

from __future__ import annotations

from helpers.course.checks.support.component import COMPONENT
from helpers.course.labs import Lab

PROJECT = "name: %s\nruntime: python\n"
EXAMPLE = """import pulumi
from acme_workspace import GpuWorkspace, GpuWorkspaceArgs

config = pulumi.Config()
workspace = GpuWorkspace(
    "workspace",
    GpuWorkspaceArgs(
        team="vision",
        environment="dev",
        owner="vision@acme.test",
        cost_centre="cc-4021",
        network_cidr="10.20.0.0/20",
        registry_token=config.require_secret("registry_token"),
    ),
)
pulumi.export("hourly_cost_usd", workspace.hourly_cost_usd)
pulumi.export("bucket", workspace.bucket)
"""
LIVE = EXAMPLE.replace(
    "        registry_token=",
    '        gpu_kind=config.get("gpu_kind") or "l4",\n        gpu_nodes=config.get_int("gpu_nodes") or 1,\n'
    "        registry_token=",
).replace('"bucket", workspace.bucket', '"gpus", workspace.gpus')
ANSWERS = """first_plan_creates: 4
price_known_before_apply: true
largest_h100_pool: 2
quota_refused_by: module
token_in_plan: false
"""

#: Mocks that record, a table of refusals, an assertion for each rule.
UNIT = """from typing import Any

import pulumi
import pytest
from pulumi import runtime

DECLARED: list[Any] = []


class Recorder(runtime.Mocks):
    def new_resource(self, args):
        DECLARED.append(args)
        return f"{args.name}-id", {**args.inputs, "arn": f"arn:{args.name}"}

    def call(self, args):
        return {}


runtime.set_mocks(Recorder(), preview=False)

from acme_workspace import GpuWorkspace, GpuWorkspaceArgs

GOOD = dict(
    team="vision",
    environment="staging",
    owner="vision@acme.test",
    cost_centre="cc-4021",
    network_cidr="10.20.0.0/20",
    registry_token="a-token",
    gpu_nodes=2,
    data_retention_days=7,
)


def declared(kind):
    return next(dict(found.inputs) for found in reversed(DECLARED) if found.typ.endswith(":" + kind))


@runtime.test
def test_the_rules():
    workspace = GpuWorkspace("rules", GpuWorkspaceArgs(**GOOD))

    def judge(_):
        bucket, pool, token = declared("ArtifactBucket"), declared("GpuPool"), declared("Token")
        assert bucket["name"] == "acme-vision-staging-artifacts" and bucket["encryption"] == "aws:kms"
        assert bucket["public_access_blocked"] and bucket["versioning"] and bucket["expire_days"] == 7
        assert pool["quota"] == 16 and pool["size"] == 2 and pool["cost_centre"] == "cc-4021"
        for thing in (bucket, pool, token, declared("Network")):
            assert thing["tags"]["team"] == "vision" and thing["tags"]["module"] == "gpu-workspace"

    return pulumi.Output.all(workspace.bucket, workspace.pool, workspace.token_secret_arn).apply(judge)


@pytest.mark.parametrize(
    "bad",
    [
        {"team": "Vision"},
        {"environment": "production"},
        {"cost_centre": "4021"},
        {"network_cidr": "10.0.0.0/8"},
        {"gpu_kind": "h100", "gpu_nodes": 3},
    ],
)
def test_refused(bad):
    with pytest.raises(Exception):
        GpuWorkspace("refused", GpuWorkspaceArgs(**{**GOOD, **bad}))
"""
#: The program of a project in a temporary directory, run by the typed wrapper.
CLOUD = '''import os

from helpers import Pulumi

PROGRAM = """
import pulumi
from acme_workspace import GpuWorkspace, GpuWorkspaceArgs

made = GpuWorkspace(
    "tested",
    GpuWorkspaceArgs(
        team="tested",
        environment="dev",
        owner="vision@acme.test",
        cost_centre="cc-4021",
        network_cidr="10.20.0.0/20",
        registry_token="a-token",
        gpu_nodes=2,
    ),
)
for name in ("gpus", "hourly_cost_usd", "token_secret_arn"):
    pulumi.export(name, getattr(made, name))
"""


def test_a_workspace_is_made(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: tested\\nruntime: python\\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    path = {"PYTHONPATH": os.environ["PYTHONPATH"]}
    pulumi = Pulumi(tmp_path, stack="test", passphrase="only-for-this-test", account="vision", env=path)
    pulumi.stack_init()
    try:
        pulumi.up()
        outputs = pulumi.output()
        assert outputs["gpus"].value == 2
        assert outputs["hourly_cost_usd"].value == 1.6
        assert ":secret:tested-dev/registry-token" in outputs["token_secret_arn"].value
    finally:
        pulumi.destroy()
'''
README = f"""# acme-workspace

One workspace for a product team of acme, as a Pulumi component: a network, an artifact bucket, a GPU pool
and the secret for the model registry, named and tagged alike, encrypted, private, and bound to the team's
quota of GPUs.

## When to use it

For training and inference of one team in one environment. Start with [the example](examples/basic/__main__.py).

## When not to use it

Not for shared services, and not for data that has to outlive the retention that you set.

## Support

The platform team answers in #platform-help, Monday to Friday, 9 to 17.

```python
{EXAMPLE}```

## Inputs

| input | type | default |
|---|---|---|
| `team` | str | |
| `environment` | str | |
| `owner` | str | |
| `cost_centre` | str | |
| `network_cidr` | str | |
| `registry_token` | str, secret | |
| `gpu_kind` | str | `l4` |
| `gpu_nodes` | int | `1` |
| `gpu_quota` | int | `16` |
| `data_retention_days` | int | `30` |
| `tags` | dict | `{{}}` |

## Outputs

| output | what it is |
|---|---|
| `workspace_id` | TEAM-ENVIRONMENT |
| `bucket` | name of the bucket |
| `pool` | id of the pool |
| `network` | id of the network |
| `gpus` | number of GPUs |
| `hourly_cost_usd` | price of an hour |
| `token_secret_arn` | ARN of the secret |
"""
MANIFEST = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "acme-workspace"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = ["pulumi>=3.190,<4"]
maintainers = [{ name = "acme's platform team", email = "platform-team@acme.test" }]

[tool.setuptools]
packages = ["acme_workspace"]
"""
CHANGES = "# Changelog\n\n## [1.0.0] - 2026-01-01\n\n- First release.\n"
FILES = {
    f"{COMPONENT}/examples/basic/Pulumi.yaml": PROJECT % "example",
    f"{COMPONENT}/examples/basic/__main__.py": EXAMPLE,
    "live-pulumi/Pulumi.yaml": PROJECT % "vision",
    "live-pulumi/__main__.py": LIVE,
    "answers/plan.yaml": ANSWERS,
    f"{COMPONENT}/tests/test_unit.py": UNIT,
    f"{COMPONENT}/tests/test_cloud.py": CLOUD,
    f"{COMPONENT}/README.md": README,
    f"{COMPONENT}/CHANGELOG.md": CHANGES,
    f"{COMPONENT}/pyproject.toml": MANIFEST,
}


def edit(lab: Lab, file: str, old: str, new: str) -> None:
    """Replace a text that is there."""
    text = lab.read(file)
    assert old in text
    lab.write(file, text.replace(old, new))

"""The component `GpuWorkspace` on the local cloud: its unit tests, its objects, its policy, its backend in a bucket."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator

import pytest

from helpers.clients.aws import cloud
from helpers.core import process
from helpers.core.paths import IAC
from helpers.widgets import PlanViewer
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.pulumi import Pulumi, s3_backend
from helpers.wrappers.pulumi.errors import BackendUnreachable, ProgramFailed, PulumiError

TOKEN = "a-token-only-for-this-test"
PACKAGE, POLICY = IAC / "pulumi" / "gpu-workspace", IAC / "pulumi" / "policy"
NETWORK, BUCKET, POOL, SECRET = (
    f"GpuWorkspace.workspace.{name}"
    for name in (
        "Network.workspace-network",
        "ArtifactBucket.workspace-bucket",
        "GpuPool.workspace-pool",
        "Token.workspace-token",
    )
)


def test_the_components_own_unit_tests_pass() -> None:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", PACKAGE]
    done = process.run([*argv, PACKAGE / "tests"], env=process.environment({"PYTHONPATH": str(PACKAGE)}))
    assert done.returncode == 0, done.stdout
    assert "11 passed" in done.stdout


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """Vision's dev stack, up, its state in a bucket of the local cloud."""
    project = tmp_path_factory.mktemp("live") / "project"
    shutil.copytree(IAC / "pulumi" / "live", project)
    cloud.client("s3", "vision").create_bucket(
        Bucket="acme-pulumi-state", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    pulumi = Pulumi(
        project,
        backend=s3_backend("acme-pulumi-state", "vision"),
        passphrase="a-passphrase-for-the-test",
        account="vision",
        env={"PYTHONPATH": str(PACKAGE)},
    )
    pulumi.stack_init()
    pulumi.config_set("registry_token", TOKEN, secret=True)
    result = pulumi.up()
    assert result.added == 4
    yield pulumi
    assert pulumi.destroy().destroyed == 4


def test_the_objects_are_in_the_cloud(live: Pulumi) -> None:
    assert live.output()["gpus"].value == 1
    s3 = cloud.client("s3", "vision")
    rules = s3.get_bucket_encryption(Bucket="acme-vision-dev-artifacts")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    secrets = cloud.client("secretsmanager", "vision")
    assert secrets.get_secret_value(SecretId="vision-dev/registry-token")["SecretString"] == TOKEN
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="acme-pulumi-state")["Contents"]]
    assert any(key.startswith("vision/.pulumi/stacks/") for key in keys)
    for key in keys:
        assert TOKEN not in s3.get_object(Bucket="acme-pulumi-state", Key=key)["Body"].read().decode()


def test_the_same_again_changes_nothing_and_there_is_no_drift(live: Pulumi) -> None:
    assert not live.preview().has_changes
    assert live.drift().status == "in-sync"


def test_a_new_range_replaces_network_and_pool_and_the_policy_refuses(live: Pulumi) -> None:
    good = live.preview()
    live.config_set("network_cidr", "10.30.0.0/20")
    bad = live.preview()
    live.config_rm("network_cidr")
    actions = {c.address: str(c.action) for c in bad.resource_changes}
    assert actions == {NETWORK: "replace", BUCKET: "no-op", POOL: "replace", SECRET: "no-op"}
    (cidr,) = [a for a in bad[NETWORK].changed_attributes() if a.path == "cidr"]
    assert cidr.before == "10.20.0.0/20" and cidr.after == "10.30.0.0/20"
    (place,) = [a for a in bad[POOL].changed_attributes() if a.path == "network_id"]
    assert place.known_after_apply
    viewer = PlanViewer(bad)
    assert {risk.address for risk in viewer.risks} == {NETWORK, POOL}
    assert viewer.risks[0].json_path.endswith(".op") and "pulumi preview --json" in str(viewer.risk_table())
    policy = Conftest(POLICY.parent)
    assert policy.test(document=good.raw, filename="preview.json").passed
    refused = policy.test(document=bad.raw, filename="preview.json")
    assert [f.msg.split(":")[0] for f in refused.failures] == ["ACME-DEL-001 workspace-network"]


def test_what_somebody_else_changed_is_drift(live: Pulumi) -> None:
    scaling = cloud.client("autoscaling", "vision")
    scaling.update_auto_scaling_group(AutoScalingGroupName="vision-dev", MaxSize=4, DesiredCapacity=3)
    drift = live.drift()
    assert drift.status == "drifted"
    assert [(c.address, [a.path for a in c.changed_attributes()]) for c in drift.changes] == [(POOL, ["size"])]
    assert live.up(refresh=True).changed >= 1
    assert live.drift().status == "in-sync"


def test_a_quota_is_refused_before_anything_is_declared(live: Pulumi) -> None:
    live.config_set("gpu_kind", "h100")
    live.config_set("gpu_nodes", 3)
    with pytest.raises(PulumiError) as refused:
        live.preview()
    for key in ("gpu_kind", "gpu_nodes"):
        live.config_rm(key)
    assert "24 GPUs, over the quota of 16" in refused.value.why and not isinstance(refused.value, ProgramFailed)


def test_a_bucket_that_is_not_there_is_told(live: Pulumi) -> None:
    with pytest.raises(BackendUnreachable):
        Pulumi(live.workdir, backend=s3_backend("acme-no-such-bucket"), passphrase="x", account="vision").stacks()


def test_the_policies_of_the_preview_pass_their_own_tests() -> None:
    report = Conftest(POLICY.parent).verify()
    assert report.passed


def test_the_automation_api_uses_the_same_engine(live: Pulumi) -> None:
    """Pulumi's own Python API, which starts the command line: an inline program needs no language host at all."""
    import pulumi
    from pulumi import automation

    def program() -> None:
        pulumi.export("team", "vision")

    made = automation.create_or_select_stack(
        stack_name="inline",
        project_name="inline",
        program=program,
        opts=automation.LocalWorkspaceOptions(
            env_vars=live.environment(), pulumi_command=automation.PulumiCommand(root=str(live.install_root()))
        ),
    )
    result = made.up()
    assert result.outputs["team"].value == "vision"
    assert json.loads(json.dumps(result.summary.resource_changes)) == {"create": 1}
    made.destroy()
    made.workspace.remove_stack("inline")

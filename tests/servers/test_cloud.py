"""The local cloud: accounts apart from each other, and nothing lost by a kill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.exceptions
import psutil
import pytest

from helpers.clients.aws import cloud
from helpers.core import process
from helpers.core.errors import BadInput
from helpers.runtime import services, tools
from tests import running
from tests.repeats import times


@pytest.fixture
def local(shared_state: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MOD208_STATE", str(shared_state))
    monkeypatch.delenv("MOD208_CLOUD_URL", raising=False)
    cloud.reset()
    return services.ensure("cloud").url


def kill() -> None:
    running.kill(services.ensure("cloud").pid)
    services.start("cloud")


def health() -> dict[str, int]:
    facts: dict[str, int] = cloud.signed_request("GET", "/course/facts").json()
    return facts


def bucket(name: str, account: str = "platform") -> Any:
    s3 = cloud.client("s3", account)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": cloud.REGION})
    return s3


def fill() -> None:
    """Make something in every service the course uses."""
    s3 = bucket("models")
    s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two" * 50_000):
        s3.put_object(Bucket="models", Key="weights/ä b.bin", Body=body, Metadata={"under_score": "1"})
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="locks",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    dynamodb.put_item(TableName="locks", Item={"id": {"S": "a"}})
    cloud.client("secretsmanager", "vision").create_secret(Name="wandb", SecretString="hush-hush")
    ec2 = cloud.client("ec2", "vision")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, SubnetId=subnet)
    scaling = cloud.client("autoscaling", "vision")
    scaling.create_launch_configuration(LaunchConfigurationName="gpu", ImageId=image, InstanceType="g5.xlarge")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="pool", LaunchConfigurationName="gpu", MinSize=1, MaxSize=2, VPCZoneIdentifier=subnet
    )
    organizations = cloud.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    organizations.create_account(Email="speech@acme.test", AccountName="speech")
    cloud.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument="{}")
    cloud.client("kms").create_key()


def seen() -> str:
    """Everything a client can see, times and identifiers included."""
    vision, platform = (lambda s: cloud.client(s, "vision")), cloud.client
    s3 = platform("s3")
    got = [
        s3.list_object_versions(Bucket="models")["Versions"],
        s3.get_object(Bucket="models", Key="weights/ä b.bin")["Metadata"],
        s3.get_object(Bucket="models", Key="weights/ä b.bin")["Body"].read().decode(),
        s3.list_buckets()["Buckets"],
        platform("dynamodb").describe_table(TableName="locks")["Table"],
        platform("dynamodb").scan(TableName="locks")["Items"],
        vision("secretsmanager").describe_secret(SecretId="wandb")["ARN"],
        vision("secretsmanager").get_secret_value(SecretId="wandb")["SecretString"],
        vision("ec2").describe_vpcs()["Vpcs"],
        vision("ec2").describe_subnets()["Subnets"],
        vision("ec2").describe_instances()["Reservations"],
        platform("ec2").describe_vpcs()["Vpcs"],
        vision("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
        platform("organizations").list_accounts()["Accounts"],
        platform("iam").list_roles()["Roles"],
        platform("kms").list_keys()["Keys"],
        vision("sts").get_caller_identity()["Arn"],
    ]
    return json.dumps(got, default=str, sort_keys=True)


@pytest.mark.soak
def test_nothing_is_lost_by_kills(local: str) -> None:
    fill()
    before = seen()
    for _ in range(times(2, 40)):
        kill()
        assert services.ensure("cloud").url == local
        assert seen() == before
    assert health()["differing"] == 0


def test_a_read_before_the_first_change_does_not_change_the_replay(local: str) -> None:
    # The read loads the service and its account; in a replay the first change does.
    account = "208000000009"
    services.restart("cloud")
    ec2 = cloud.client("ec2", account)
    ec2.describe_vpcs()
    made = ec2.create_vpc(CidrBlock="10.9.0.0/20")["Vpc"]["VpcId"]
    kill()
    assert made in {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]}
    assert health()["differing"] == 0


def test_reads_do_not_grow_the_journal(local: str) -> None:
    fill()
    before = health()["journal_bytes"]
    seen()
    assert health()["journal_bytes"] == before


def test_a_reset_gives_the_same_identifiers_again(local: str) -> None:
    fill()
    before = cloud.client("ec2", "vision").describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    cloud.reset()
    assert health()["records"] == 0
    assert cloud.client("ec2", "vision").describe_instances()["Reservations"] == []
    fill()
    after = cloud.client("ec2", "vision").describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    assert after == before


def test_a_line_torn_by_the_kill_is_dropped(local: str) -> None:
    bucket("whole")
    services.stop("cloud")
    journal = services.data("cloud") / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"number": 99, "ti')
    services.start("cloud")
    bucket("later")
    kill()
    assert {b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"]} == {"later", "whole"}


def test_a_damaged_journal_is_said_and_kept(local: str) -> None:
    bucket("whole")
    services.stop("cloud")
    journal = services.data("cloud") / "journal.jsonl"
    good = journal.read_bytes()
    journal.write_bytes(b"rubbish\n" + good)
    with pytest.raises(services.CrashedOnStart, match="Line 1 of"):
        services.start("cloud")
    assert journal.read_bytes() == b"rubbish\n" + good
    journal.write_bytes(good)
    services.start("cloud")


def test_a_change_that_cannot_be_kept_is_not_seen(local: str) -> None:
    s3 = bucket("full")
    server = psutil.Process(services.ensure("cloud").pid)
    # The kernel refuses to let the journal grow, as it does when the disk is full.
    size = health()["journal_bytes"]
    server.rlimit(psutil.RLIMIT_FSIZE, (size + 100, size + 100))
    with pytest.raises(botocore.exceptions.BotoCoreError):
        s3.put_object(Bucket="full", Key="lost", Body=b"x" * 1000)
    server.wait(10)
    assert services.status()[0].status == "failed"
    assert "cannot be written down" in services.logs("cloud")
    assert cloud.client("s3").list_objects_v2(Bucket="full")["KeyCount"] == 0


def test_secrets_in_the_journal_are_private(local: str) -> None:
    assert oct((services.data("cloud") / "journal.jsonl").stat().st_mode & 0o777) == oct(0o600)


def test_accounts_cannot_see_each_others_buckets(local: str) -> None:
    bucket("vision-state", "vision").put_object(Bucket="vision-state", Key="k", Body=b"x")
    assert cloud.client("sts", "vision").get_caller_identity()["Account"] == "222222222222"
    assert cloud.client("s3", "speech").list_buckets()["Buckets"] == []
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        cloud.client("s3", "speech").get_object(Bucket="vision-state", Key="k")


def test_credentials_are_not_shown(local: str) -> None:
    held = cloud.assume("vision")
    assert held.secret_access_key not in repr(held) and held.session_token not in repr(held)
    assert cloud.assume("vision") is held


def test_terraform_state_survives_a_kill(local: str, tmp_path: Path) -> None:
    bucket("tfstate")
    settings = cloud.backend_config("tfstate", "gpu/terraform.tfstate")
    lines = "\n".join(f"    {k} = {json.dumps(v)}" for k, v in settings.items())
    (tmp_path / "main.tf").write_text(
        f'terraform {{\n  backend "s3" {{\n{lines}\n  }}\n}}\nresource "terraform_data" "x" {{\n  input = "kept"\n}}\n'
    )

    def terraform(*args: str) -> str:
        env = process.environment({**cloud.environment(), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"})
        done = process.run([tools.ensure("terraform").path, *args, "-no-color"], cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    terraform("init")
    terraform("apply", "-auto-approve")
    before = terraform("state", "pull")
    assert "kept" in before
    kill()
    assert terraform("state", "pull") == before
    assert "No changes" in terraform("plan")
    keys = [o["Key"] for o in cloud.client("s3").list_objects_v2(Bucket="tfstate")["Contents"]]
    assert keys == ["gpu/terraform.tfstate"]


def test_other_clouds_by_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for real in ("", "real"):
        monkeypatch.setenv("MOD208_CLOUD_URL", real)
        assert cloud.url() is None
        with pytest.raises(BadInput, match="Only the local cloud"):
            cloud.reset()
    monkeypatch.setenv("MOD208_CLOUD_URL", "http://127.0.0.1:4566/")
    assert cloud.url() == "http://127.0.0.1:4566"
    monkeypatch.setenv("MOD208_CLOUD_URL", "localhost")
    with pytest.raises(BadInput, match="not a URL"):
        cloud.url()


def test_accounts_by_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_ACCOUNTS", "vision=123456789012")
    assert cloud.account_id("vision") == "123456789012" and cloud.account_id("speech") == "333333333333"
    with pytest.raises(BadInput, match="Known accounts"):
        cloud.account_id("video")
    monkeypatch.setenv("MOD208_ACCOUNTS", "vision=12")
    with pytest.raises(BadInput, match="12 digits"):
        cloud.accounts()


def test_an_unreachable_cloud_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_CLOUD_URL", "http://127.0.0.1:9")
    with pytest.raises(cloud.CloudError, match="Cannot assume the role"):
        cloud.client("s3")

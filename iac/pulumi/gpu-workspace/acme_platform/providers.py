"""How the objects are made, read, changed and deleted: dynamic providers over the AWS API.

They run in a process of their own (``python -m pulumi.dynamic``), which the engine starts; it imports this module.
"""

from __future__ import annotations

import ipaddress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, ResourceProvider, UpdateResult

from acme_platform.catalogue import BY_INSTANCE, KINDS

MANAGER = "acme-gpu-workspace"
Props = dict[str, Any]


def client(service: str) -> Any:
    """Return a client; endpoint, region and credentials come from the environment, as for every AWS SDK."""
    return boto3.client(service, config=Config(s3={"addressing_style": "path"}))


def labels(props: Props) -> dict[str, str]:
    """Return the tags of an object: the caller's, and the platform's own facts."""
    facts = {"platform:managed-by": MANAGER, "platform:owner": props["owner"]}
    return {**props["tags"], **facts, "platform:cost-centre": props["cost_centre"]}


def pairs(tags: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    """Return tags as AWS wants them."""
    return [{"Key": key, "Value": value, **more} for key, value in sorted(tags.items())]


def own_tags(found: list[dict[str, str]], *hidden: str) -> dict[str, str]:
    """Return the caller's tags among those of an object."""
    return {
        t["Key"]: t["Value"] for t in found if not t["Key"].startswith(("platform:", "aws:")) and t["Key"] not in hidden
    }


def facts_of(found: list[dict[str, str]]) -> Props:
    """Return owner and cost centre from an object's tags."""
    tags = {t["Key"]: t["Value"] for t in found}
    return {"owner": tags.get("platform:owner"), "cost_centre": tags.get("platform:cost-centre")}


class PlatformProvider(ResourceProvider):
    """Compares inputs the same way for each kind of object."""

    #: Inputs that cannot change in place.
    fixed: tuple[str, ...] = ("name",)
    #: Inputs that are compared.
    inputs: tuple[str, ...] = ()

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        names = ("name", "owner", "cost_centre", "tags", *self.inputs)
        changed = [name for name in names if _olds.get(name) != _news.get(name)]
        replaces = [name for name in changed if name in self.fixed]
        # The names are taken as long as the old object lives.
        return DiffResult(changes=bool(changed), replaces=replaces, delete_before_replace=True)


class NetworkProvider(PlatformProvider):
    """A VPC and its first two subnets."""

    fixed = ("name", "cidr")
    inputs = ("cidr",)

    def create(self, props: Props) -> CreateResult:
        ec2 = client("ec2")
        spec = {"ResourceType": "vpc", "Tags": pairs({**labels(props), "Name": props["name"]})}
        vpc = ec2.create_vpc(CidrBlock=props["cidr"], TagSpecifications=[spec])["Vpc"]
        for block in list(ipaddress.IPv4Network(props["cidr"]).subnets(prefixlen_diff=2))[:2]:
            ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock=str(block))
        return CreateResult(vpc["VpcId"], {**props, "arn": f"arn:aws:ec2:::vpc/{vpc['VpcId']}"})

    def read(self, id_: str, props: Props) -> ReadResult:
        try:
            vpc = client("ec2").describe_vpcs(VpcIds=[id_])["Vpcs"][0]
        except ClientError as error:
            if "NotFound" in error.response["Error"]["Code"]:
                return ReadResult("", {})
            raise
        tags = vpc.get("Tags", [])
        name = next((t["Value"] for t in tags if t["Key"] == "Name"), "")
        seen = {"name": name, "cidr": vpc["CidrBlock"], "tags": own_tags(tags, "Name"), **facts_of(tags)}
        return ReadResult(id_, {**props, **seen})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        ec2 = client("ec2")
        if gone := [{"Key": key} for key in _olds["tags"] if key not in _news["tags"]]:
            ec2.delete_tags(Resources=[_id], Tags=gone)
        ec2.create_tags(Resources=[_id], Tags=pairs({**labels(_news), "Name": _news["name"]}))
        return UpdateResult({**_news, "arn": _olds["arn"]})

    def delete(self, _id: str, _props: Props) -> None:
        ec2 = client("ec2")
        for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [_id]}])["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        ec2.delete_vpc(VpcId=_id)


class BucketProvider(PlatformProvider):
    """A bucket with its settings."""

    inputs = ("encryption", "public_access_blocked", "versioning", "expire_days")

    def create(self, props: Props) -> CreateResult:
        s3, name = client("s3"), props["name"]
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
        self.settle(s3, props)
        return CreateResult(name, {**props, "arn": f"arn:aws:s3:::{name}"})

    def settle(self, s3: Any, props: Props) -> None:
        """Bring every setting of an existing bucket to what is wanted."""
        name, days = props["name"], int(props["expire_days"])
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": props["encryption"]}}
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        switches = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        block = {switch: bool(props["public_access_blocked"]) for switch in switches}
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
        status = "Enabled" if props["versioning"] else "Suspended"
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
        expiry = {"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": days}}
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [expiry]})
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(labels(props))})

    def read(self, id_: str, props: Props) -> ReadResult:
        s3 = client("s3")
        try:
            s3.head_bucket(Bucket=id_)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
                return ReadResult("", {})
            raise
        tags = _or_empty(lambda: s3.get_bucket_tagging(Bucket=id_)["TagSet"], [])
        block = _or_empty(lambda: s3.get_public_access_block(Bucket=id_)["PublicAccessBlockConfiguration"], {})
        rules = _or_empty(lambda: s3.get_bucket_lifecycle_configuration(Bucket=id_)["Rules"], [])
        seen = {
            "name": id_,
            "encryption": _or_empty(lambda: _encryption(s3, id_), "none"),
            "public_access_blocked": bool(block) and all(block.values()),
            "versioning": s3.get_bucket_versioning(Bucket=id_).get("Status") == "Enabled",
            "expire_days": next((rule["Expiration"]["Days"] for rule in rules if "Expiration" in rule), None),
            "tags": own_tags(tags),
            **facts_of(tags),
        }
        return ReadResult(id_, {**props, **seen})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        self.settle(client("s3"), _news)
        return UpdateResult({**_news, "arn": _olds["arn"]})

    def delete(self, _id: str, _props: Props) -> None:
        client("s3").delete_bucket(Bucket=_id)


def _encryption(s3: Any, name: str) -> str:
    rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    return str(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])


def _or_empty(ask: Any, empty: Any) -> Any:
    """Return what the cloud answers, *empty* where it says that there is no such setting."""
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"].startswith(("NoSuch", "ServerSideEncryptionConfigurationNotFound")):
            return empty
        raise


class PoolProvider(PlatformProvider):
    """A launch template and an Auto Scaling group."""

    fixed = ("name", "kind", "network_id")
    inputs = ("kind", "size", "quota", "network_id")

    def create(self, props: Props) -> CreateResult:
        ec2, scaling, name = client("ec2"), client("autoscaling"), props["name"]
        node = {"InstanceType": KINDS[props["kind"]].instance_type, "MetadataOptions": {"HttpTokens": "required"}}
        made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=node)["LaunchTemplate"]
        subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [props["network_id"]]}])["Subnets"]
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateId": made["LaunchTemplateId"], "Version": "$Latest"},
            VPCZoneIdentifier=",".join(sorted(subnet["SubnetId"] for subnet in subnets)),
            Tags=self.tags(props),
            **self.bounds(props),
        )
        group = self.group(name)
        return CreateResult(name, {**props, "arn": group["AutoScalingGroupARN"]})

    def tags(self, props: Props) -> list[dict[str, Any]]:
        """Return the tags of the group, which its nodes carry too."""
        facts = {**labels(props), "platform:gpu-quota": str(int(props["quota"]))}
        return pairs(facts, ResourceId=props["name"], ResourceType="auto-scaling-group", PropagateAtLaunch=True)

    def bounds(self, props: Props) -> dict[str, int]:
        """Return how many nodes run."""
        size = int(props["size"])
        return {"MinSize": 0, "MaxSize": size, "DesiredCapacity": size}

    def group(self, name: str) -> Any:
        """Return the group, None when it is gone."""
        found = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return found[0] if found else None

    def read(self, id_: str, props: Props) -> ReadResult:
        group = self.group(id_)
        if group is None:
            return ReadResult("", {})
        template = group["LaunchTemplate"]["LaunchTemplateId"]
        versions = client("ec2").describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Latest"])
        kind = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]["InstanceType"]
        quota = next((t["Value"] for t in group["Tags"] if t["Key"] == "platform:gpu-quota"), "0")
        seen = {"name": id_, "kind": BY_INSTANCE.get(kind, kind), "size": group["DesiredCapacity"], "quota": int(quota)}
        return ReadResult(id_, {**props, **seen, "tags": own_tags(group["Tags"]), **facts_of(group["Tags"])})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        scaling = client("autoscaling")
        scaling.update_auto_scaling_group(AutoScalingGroupName=_id, **self.bounds(_news))
        gone = [key for key in _olds["tags"] if key not in _news["tags"]]
        if gone:
            marks = {"ResourceId": _id, "ResourceType": "auto-scaling-group"}
            scaling.delete_tags(Tags=[{"Key": key, **marks} for key in gone])
        scaling.create_or_update_tags(Tags=self.tags(_news))
        return UpdateResult({**_news, "arn": _olds["arn"]})

    def delete(self, _id: str, _props: Props) -> None:
        if self.group(_id) is not None:
            client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=_id, ForceDelete=True)
        client("ec2").delete_launch_template(LaunchTemplateName=_id)


class TokenProvider(PlatformProvider):
    """A secret in Secrets Manager."""

    inputs = ("value",)

    def create(self, props: Props) -> CreateResult:
        made = client("secretsmanager").create_secret(
            Name=props["name"], SecretString=props["value"], Tags=pairs(labels(props))
        )
        return CreateResult(made["ARN"], {**props, "arn": made["ARN"]})

    def read(self, id_: str, props: Props) -> ReadResult:
        secrets = client("secretsmanager")
        try:
            found = secrets.describe_secret(SecretId=id_)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return ReadResult("", {})
            raise
        if "DeletedDate" in found:
            return ReadResult("", {})
        value = secrets.get_secret_value(SecretId=id_)["SecretString"]
        tags = found.get("Tags", [])
        return ReadResult(
            id_, {**props, "name": found["Name"], "value": value, "tags": own_tags(tags), **facts_of(tags)}
        )

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        secrets = client("secretsmanager")
        if _olds.get("value") != _news["value"]:
            secrets.put_secret_value(SecretId=_id, SecretString=_news["value"])
        if gone := [key for key in _olds["tags"] if key not in _news["tags"]]:
            secrets.untag_resource(SecretId=_id, TagKeys=gone)
        secrets.tag_resource(SecretId=_id, Tags=pairs(labels(_news)))
        return UpdateResult({**_news, "arn": _olds["arn"]})

    def delete(self, _id: str, _props: Props) -> None:
        client("secretsmanager").delete_secret(SecretId=_id, ForceDeleteWithoutRecovery=True)

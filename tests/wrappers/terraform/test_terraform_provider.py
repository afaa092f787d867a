"""One running provider for several Terraform runs."""

from __future__ import annotations

from collections.abc import Callable

import psutil
import pytest

from helpers.clients.aws import cloud as course_cloud
from helpers.runtime import services
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import ProviderNotAvailable
from helpers.wrappers.terraform.provider import ProviderProcess

MakeProject = Callable[..., Terraform]
HEAD = """
terraform {
  required_providers {
    platform = { source = "acme.test/platform/platform" }
  }
}

data "platform_account" "here" {}

output "id" {
  value = data.platform_account.here.account_id
}
"""


def test_runs_use_it_and_it_ends_with_the_block(project: MakeProject) -> None:
    with ProviderProcess() as provider:
        tf = project(HEAD, provider=provider)
        # Without init Terraform has no provider of its own to start.
        assert tf.validate().valid and tf.validate().valid
        assert psutil.pid_exists(provider.pid)
    assert not psutil.pid_exists(provider.pid)
    assert not tf.validate().valid


def test_init_still_checks_what_is_required(project: MakeProject) -> None:
    with ProviderProcess() as provider:
        tf = project(HEAD.replace('platform" }', 'platform", version = ">= 99" }'), provider=provider)
        assert tf.validate().valid
        with pytest.raises(ProviderNotAvailable, match="99"):
            tf.init()


def test_it_acts_where_its_own_environment_says(project: MakeProject) -> None:
    vision = course_cloud.environment("vision")
    try:
        with ProviderProcess(vision) as provider:
            tf = project(HEAD, provider=provider, env=course_cloud.environment("speech"))
            tf.apply(auto_approve=True)
            assert tf.output()["id"].value == "222222222222"
    finally:
        services.stop("cloud")

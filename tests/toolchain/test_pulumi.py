"""Pulumi's engine and its SDK are of one version."""

from __future__ import annotations

import importlib.metadata

from helpers.runtime import tools


def test_engine_and_sdk_are_of_one_version() -> None:
    assert tools.spec("pulumi").version == importlib.metadata.version("pulumi")


def test_the_engine_is_built_and_says_its_version() -> None:
    tool = tools.ensure("pulumi", origin="cache")
    assert tool.version == tools.spec("pulumi").version

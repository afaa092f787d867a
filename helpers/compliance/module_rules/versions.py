"""Semantic versions (semver.org 2.0.0) as the registry orders them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import semver

#: Terraform's rule for the parts of a module address (module registry protocol).
NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")


def parse(text: str) -> semver.Version | None:
    """Return the version, or nothing when it is not ``MAJOR.MINOR.PATCH[-PRERELEASE]``.

    Build metadata is not taken: two builds would have the same precedence.
    """
    if len(text) > 64:
        return None
    try:
        version = semver.Version.parse(text)
    except (ValueError, TypeError):
        return None
    return None if version.build else version


def not_taken(text: str) -> str:
    """Return why `parse` does not take a version."""
    try:
        built = semver.Version.parse(text).build
    except (ValueError, TypeError):
        return "it is not a semantic version"
    if built:
        return f"the build metadata +{built[:20]} does not order versions, so two packages would have the same version"
    return "it is longer than 64 characters"


def ordered(versions: Iterable[str]) -> list[str]:
    """Return versions, newest first."""
    return sorted(versions, key=semver.Version.parse, reverse=True)


def latest(versions: Iterable[str]) -> str | None:
    """Return the newest release, or the newest pre-release when there is no release."""
    every = ordered(versions)
    return next((v for v in every if not semver.Version.parse(v).prerelease), every[0] if every else None)


def before(version: str, versions: Iterable[str]) -> str | None:
    """Return the newest release below *version*: what its users upgrade from."""
    limit = semver.Version.parse(version)
    lower = [v for v in versions if not (p := semver.Version.parse(v)).prerelease and p < limit]
    return ordered(lower)[0] if lower else None

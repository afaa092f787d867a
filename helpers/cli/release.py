"""``course release``: which version comes next, is a tag fit to be released, and its release."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.clients.registry import Registry
from helpers.compliance import release as room
from helpers.compliance.release.asked import explained

_REPOSITORY = click.option(
    "--repository", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".", show_default=True
)
_SIGNERS = click.option(
    "--signers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Those who may release (git's allowed signers); a file of the pipeline, not of the tagged commit.",
)
_REGISTRY = click.option("--registry", "url", help="URL of the registry. Default: the one of this machine.")


@click.group()
def release() -> None:
    """Compute the next version of a module, judge the tag of a release, publish it."""


@release.command("next")
@click.argument("module", default="")
@_REPOSITORY
@click.option("--changelog", is_flag=True, help="Print the changelog's new entry as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def next_(module: str, repository: Path, changelog: bool, as_json: bool) -> None:
    """Say which version the changes of MODULE (modules/MODULE; none: the root) ask for, and why."""
    source = room.in_worktree(repository, module)
    found = room.asked(source)
    version = found.version or "1.0.0"
    why = explained(found) if found.previous else "it is the first release"
    entry = source.cliff.changelog(tag=f"{source.prefix}{version}", unreleased=True) if changelog else ""
    data = {"version": version, "bump": found.bump, "previous": found.previous, "why": why, "changelog": entry}
    emit(data, as_json, "\n".join(filter(None, [f"{source.prefix}{version}: {why}", entry])))


@release.command()
@click.argument("tag")
@_REPOSITORY
@_SIGNERS
@click.option("--branch", default="main", show_default=True, help="Branch on which the commit has to be.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(tag: str, repository: Path, signers: Path, branch: str, as_json: bool) -> None:
    """Ask every gate about TAG; publish nothing.

    Exit code 0: it may be released. 1: a gate failed. 3: a gate could not tell, which stops it as well.
    """
    report = room.judge(repository, tag, signers=signers, branch=branch)
    emit(report.to_dict(), as_json, report.text())
    sys.exit(report.exit_code)


@release.command()
@click.argument("tag")
@_REPOSITORY
@_SIGNERS
@_REGISTRY
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="cosign key.")
@click.option("--evidence", type=click.Path(file_okay=False, path_type=Path), default="evidence", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def publish(
    tag: str, repository: Path, signers: Path, url: str | None, key: Path, evidence: Path, as_json: bool
) -> None:
    """Judge TAG and publish what it names. COSIGN_PASSWORD and REGISTRY_TOKEN come from the environment."""
    token = os.environ.get("REGISTRY_TOKEN", "")
    registry = Registry(url, token) if url else Registry.local(token or None)
    password = os.environ.get("COSIGN_PASSWORD", "")
    done = room.publish(repository, tag, registry, signers=signers, key=key, password=password, evidence=evidence)
    data = {"source": done.module.source, "version": done.module.version, "commit": done.report.commit}
    emit(data, as_json, repr(done))

"""``course registry``: what a consumer of modules asks before Terraform installs one."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.clients.registry import Registry
from helpers.compliance.consumer import verify_module


@click.group()
def registry() -> None:
    """Verify modules of the registry with a key of your own."""


@registry.command()
@click.argument("module")
@click.argument("version")
@click.option(
    "--key", required=True, type=click.Path(path_type=Path), help="The publisher's public key, got from the publisher."
)
@click.option(
    "--installed",
    type=click.Path(path_type=Path),
    metavar="ROOT",
    help="After terraform init: compare what it installed in this root module, too.",
)
@click.option("--url", default="", help="Of the registry. Default: the one on this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(module: str, version: str, key: Path, installed: Path | None, url: str, as_json: bool) -> None:
    """Verify the signature of MODULE (NAMESPACE/NAME/PROVIDER) in an exact VERSION.

    As a gate: course registry verify MODULE VERSION --key cosign.pub && terraform init

    Exit code 0: verified. 1: refused. 2: could not be asked.
    """
    source = Registry(url) if url else None
    verdict = verify_module(module, version, key=key, registry=source, installed=installed)
    emit(verdict.to_dict(), as_json, verdict.text())
    sys.exit(0 if verdict else 1)

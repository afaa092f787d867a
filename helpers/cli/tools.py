"""``course tools``: list, install and clean the tools."""

from __future__ import annotations

import shutil
from typing import Any

import click

from helpers.cli import emit
from helpers.core.paths import cache_dir
from helpers.runtime import tools as room
from helpers.runtime.tools import build
from helpers.wrappers.terraform import config


@click.group()
def tools() -> None:
    """List, install and clean the tools of the course."""


def describe(name: str) -> dict[str, Any]:
    """Return what is known of one tool, here or not."""
    spec = room.spec(name)
    here, changed = None, False
    try:
        here = room.find(name)
    except room.ToolChanged:
        changed = True
    seen = room.candidates(spec)
    status = "ready" if here else "changed" if changed else "unsupported" if seen else "missing"
    best = here or (seen[0] if seen else None)
    return {
        "name": name,
        "purpose": spec.purpose,
        "core": spec.core,
        "accepts": spec.accepts,
        "pinned": spec.version,
        "status": status,
        "origin": best.origin if best else "",
        "version": best.version if best else "",
        "path": str(best.path) if best else "",
        "sha256": best.sha256 if best else "",
        "build_seconds": spec.build_seconds,
    }


@tools.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List every tool with origin, version and digest."""
    rows = [describe(name) for name in room.specs()]
    lines = [f"{'tool':26}{'status':13}{'origin':8}{'version':12}{'sha256':14}purpose"]
    for row in rows:
        lines.append(
            f"{row['name']:26}{row['status']:13}{row['origin']:8}{row['version']:12}{row['sha256'][:12]:14}{row['purpose']}"
        )
    emit(rows, as_json, "\n".join(lines))


@tools.command()
@click.argument("names", nargs=-1)
@click.option("--core", is_flag=True, help="Only the tools the first lecture needs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def install(names: tuple[str, ...], core: bool, as_json: bool) -> None:
    """Get the named tools, or all; what is there already is kept, unless it has changed since it was built.

    The compiler's private caches are dropped at the end.
    """
    wanted = list(names) or [n for n, s in room.specs().items() if s.core or not core]
    cache_dir().mkdir(parents=True, exist_ok=True)
    before = shutil.disk_usage(cache_dir()).free
    for name in wanted:
        _get(name)
    build.clean()
    after = shutil.disk_usage(cache_dir()).free
    rows = [describe(name) for name in wanted]
    text = "\n".join(f"{r['name']} {r['version']} ({r['origin']}) {r['path']}" for r in rows)
    text += f"\nDisk free: {before / 1e9:.1f} GB before, {after / 1e9:.1f} GB after."
    emit({"tools": rows, "disk_free_before": before, "disk_free_after": after}, as_json, text)


def _get(name: str) -> None:
    """Get one tool, and of the provider the copy in Terraform's mirror; what has changed is dropped first, and said."""
    try:
        room.ensure(name)
    except room.ToolChanged as changed:
        _say(changed)
        room.discard(name)
        room.ensure(name)
    if name != config.PROVIDER_TOOL:
        return
    try:
        config.mirror()
    except room.ToolChanged as changed:
        _say(changed)
        config.discard_mirror()
        config.mirror()


def _say(changed: room.ToolChanged) -> None:
    click.echo(f"{changed.what}.\n{changed.why}\nIt is removed and built again.", err=True)


@tools.command()
@click.option("--all", "everything", is_flag=True, help="Drop the built tools too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def clean(everything: bool, as_json: bool) -> None:
    """Free the disk the compiler's caches take."""
    freed = build.clean(tools=everything)
    emit({"freed": freed}, as_json, f"Freed {freed / 1e6:,.0f} MB.")

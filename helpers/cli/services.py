"""``course services``: start, stop and look at the local services."""

from __future__ import annotations

from collections.abc import Sequence

import click

from helpers.cli import emit
from helpers.runtime import services as room
from helpers.runtime.tools.progress import shown

_NAME = click.argument("name", type=click.Choice([*room.catalog.SPECS, "all"]), default="all")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def services() -> None:
    """Start, stop and look at the local services: clouds, registries, Git, Kubernetes, Argo CD."""


def _names(name: str) -> list[str]:
    return list(room.catalog.SPECS) if name == "all" else [name]


def _start(name: str, port: int | None = None) -> room.Service:
    with shown(f"Starting {name}", name) as progress:
        return room.start(name, port=port, progress=progress)


def _show(found: Sequence[room.Service], as_json: bool) -> None:
    lines = [f"{'service':16}{'status':10}{'pid':>8}  {'url':26}purpose"]
    for service in found:
        pid = str(service.pid or "-")
        lines.append(f"{service.name:16}{service.status:10}{pid:>8}  {service.url or '-':26}{service.purpose}")
        if service.notice:
            lines.append(f"{'':10}{service.notice}")
        if service.status == "failed":
            lines.append(f"{'':10}It was killed or crashed: course services start {service.name}")
    emit([service.to_dict() for service in found], as_json, "\n".join(lines))


@services.command()
@_NAME
@click.option("--port", type=click.IntRange(1, 65535), help="Insist on this port (one service only).")
@_JSON
def start(name: str, port: int | None, as_json: bool) -> None:
    """Start a service, or all; one that runs is left alone."""
    if port and name == "all":
        raise click.UsageError("--port needs the name of one service.")
    _show([_start(one, port) for one in _names(name)], as_json)


@services.command()
@_JSON
def status(as_json: bool) -> None:
    """Show every service."""
    _show(room.status(), as_json)


@services.command()
@_NAME
@_JSON
def stop(name: str, as_json: bool) -> None:
    """Stop a service, or all; data and ports are kept."""
    _show(room.stop(name), as_json)


@services.command()
@_NAME
@_JSON
def restart(name: str, as_json: bool) -> None:
    """Stop and start a service with those that need it, or all, on the same ports when they are free."""
    if name == "all":
        room.stop()
        _show([_start(one) for one in _names(name)], as_json)
    else:
        _show([room.restart(name)], as_json)


@services.command()
@click.argument("name", type=click.Choice(list(room.catalog.SPECS)))
@click.option("--lines", "-n", default=50, show_default=True, type=click.IntRange(1), help="How many lines.")
@_JSON
def logs(name: str, lines: int, as_json: bool) -> None:
    """Print the end of a service's log."""
    text = room.logs(name, lines)
    emit({"name": name, "lines": text.splitlines()}, as_json, text or f"{name} has no log yet.")

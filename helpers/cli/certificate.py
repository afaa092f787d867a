"""``course certificate``: issue, revoke and verify certificates."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from helpers.cli import emit
from helpers.compliance import certificates as room
from helpers.compliance.certificates import Issuer
from helpers.core.errors import BadInput
from helpers.core.files import write_atomic
from helpers.course import awards, gradebook, outline

_keys = click.option(
    "--keys", "directory", type=click.Path(path_type=Path), required=True, help="The issuer's directory."
)
# No MOD208_ name: those are handed to every process that the course starts.
_password = click.option(
    "--password", envvar="CERTIFICATE_PASSWORD", prompt=True, hide_input=True, help="Of the issuer's private key."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def certificate() -> None:
    """Certificates of competencies: signed, and verified offline (Open Badges 3.0)."""


@certificate.command()
@click.argument("directory", type=click.Path(path_type=Path))
@_password
@_json
def keys(directory: Path, password: str, as_json: bool) -> None:
    """Make an issuer in a new DIRECTORY: a key pair, and an empty list of what is revoked.

    Give issuer.pub and the newest status.jwt to those who verify; keep issuer.key and issued.json.
    """
    Issuer.make(directory, password, **_who())
    emit({"issuer": str(directory)}, as_json, f"{directory} is an issuer. Publish issuer.pub and status.jwt.")


@certificate.command()
@click.argument("learner")
@_keys
@click.option("--competency", "wanted", multiple=True, help="Only this one; may be repeated. Default: all.")
@click.option("--days", default=room.CERTIFICATE_DAYS, type=click.IntRange(1, 3650), help="How long it is in force.")
@click.option("--to", "target", type=click.Path(path_type=Path), help="Where to write it (default: LEARNER.jwt).")
@_password
@_json
def issue(
    learner: str,
    directory: Path,
    wanted: tuple[str, ...],
    days: int,
    target: Path | None,
    password: str,
    as_json: bool,
) -> None:
    """Issue LEARNER's certificate from the gradebook; refuses when evidence is missing, and says what."""
    target = target or Path(f"{Path(learner).name}.jwt")
    if _there(target):
        raise BadInput(f"{target} is there already", why="It is not written over.", next="Choose another: --to FILE")
    if not target.parent.is_dir():
        # Before it is in the register: a certificate that nobody has could only be revoked.
        raise BadInput(f"{target.parent} is not a directory", next="Choose another: --to FILE")
    issuer = _issuer(directory, password)
    line, text = issuer.issue(learner, awards.claims(gradebook.graded(learner), wanted), days=days)
    write_atomic(target, text)
    emit({"file": str(target), **asdict(line)}, as_json, f"{target}: {line.id}, in force until {line.until}")


@certificate.command()
@click.argument("identity")
@_keys
@click.option("--reason", required=True, help="Why; for the issuer's register only.")
@_password
@_json
def revoke(identity: str, directory: Path, reason: str, password: str, as_json: bool) -> None:
    """Revoke the certificate with the id IDENTITY, for good, and sign a new list."""
    line = _issuer(directory, password).revoke(identity, reason)
    emit(asdict(line), as_json, f"{line.id} of {line.learner} is revoked since {line.revoked}. Publish status.jwt.")


@certificate.command()
@_keys
@_password
@_json
def renew(directory: Path, password: str, as_json: bool) -> None:
    """Sign the list of what is revoked anew: it is in force for 30 days."""
    _issuer(directory, password).renew()
    emit({"issuer": str(directory)}, as_json, "status.jwt is in force for 30 days from now. Publish it.")


@certificate.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--issuer", "key", type=click.Path(path_type=Path), required=True, help="Public key, not the file's.")
@click.option(
    "--status", type=click.Path(path_type=Path), help="The issuer's newest list (default: status.jwt beside the key)."
)
@click.option("--learner", default="", help="Whose certificate it must be.")
@click.option("--gradebook", "book", is_flag=True, help="Compare with the gradebook too; needs --learner.")
@_json
def verify(file: Path, key: Path, status: Path | None, learner: str, book: bool, as_json: bool) -> None:
    """Verify a certificate offline, with nothing but the issuer's public key and list.

    Exit code 0: valid. 1: invalid, each fault is named. 3: could not tell, so do not rely on it.
    """
    if book and not learner:
        raise click.UsageError("--gradebook needs --learner: whose grades to look at")
    held = awards.held(gradebook.graded(learner)) if book else None
    found = room.verify(file, issuer=key, status=status, learner=learner, held=held)
    emit(found.to_dict(), as_json, found.text())
    sys.exit(found.exit_code)


def _there(target: Path) -> bool:
    try:
        return target.exists()
    except OSError as error:
        why = f"{error.strerror}: the name has {len(target.name)} characters."
        raise BadInput("The certificate cannot be written there", why=why, next="Choose another: --to FILE") from None


def _issuer(directory: Path, password: str) -> Issuer:
    return Issuer(directory, password, **_who())


def _who() -> dict[str, Any]:
    module = outline.load()["module"]
    return {"name": f"{module['id']} {module['title']}", "email": module["support"]}

"""Passwords that a lab needs and nobody should see."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path

from helpers.core.errors import BadInput
from helpers.core.files import read_private
from helpers.core.paths import state_dir
from helpers.core.redact import add_secrets


def secret(lab: str, name: str) -> str:
    """Return the password of that name, made and stored (mode 0600) when there is none yet."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise BadInput(f"{name!r} is not a valid name of a secret", next="Use lower-case letters, digits and hyphens.")
    folder = state_dir() / "secrets" / lab
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        descriptor, aside = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
        # A link fails when the name is taken: of two cells that run at once, one makes the password.
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
        Path(aside).unlink()
    value = read_private(path)
    add_secrets(value)
    return value

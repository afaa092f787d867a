"""A Pulumi component as a package: its wheel, built, pushed to an OCI registry as an artifact, pulled and installed."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

from helpers.core import process
from helpers.core.errors import BadInput
from helpers.wrappers.crane import Crane, write_layer

#: Time that stands in a wheel's archive (1 January 2026, UTC), so that the same sources give the same bytes.
_EPOCH = "1767225600"
_QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "SOURCE_DATE_EPOCH": _EPOCH}


def build(package: Path, into: Path) -> Path:
    """Build the wheel of a Python project and return its path; the same sources give the same bytes.

    Raises:
        BadInput: pip cannot build it.
    """
    argv = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = process.run([*argv, "--wheel-dir", str(into), str(package)], env=process.environment(_QUIET))
    found = sorted(into.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    if done.returncode or not found:
        raise BadInput("The component cannot be packed", why=done.stderr[-2000:], next="Correct its pyproject.toml.")
    return found[-1]


def push(crane: Crane, wheel: Path, reference: str) -> str:
    """Push a wheel as the one layer of an artifact, and return it as ``REPOSITORY@DIGEST``."""
    layer = write_layer(wheel.with_suffix(".tar"), {wheel.name: wheel.read_bytes()})
    return crane.append([layer], reference)


def pull(crane: Crane, reference: str, into: Path) -> Path:
    """Pull the wheel of an artifact into a directory and return its path.

    Raises:
        RegistryError: see `helpers.wrappers.crane`. BadInput: the artifact is not one wheel.
    """
    image = crane.pull(reference, "pulled", format="oci")
    layers = crane.manifest(reference).layers
    for layer in layers:
        with tarfile.open(image / "blobs" / "sha256" / layer.digest.removeprefix("sha256:")) as tar:
            tar.extractall(into, filter="data")
    found = sorted(into.glob("*.whl")) if into.is_dir() else []
    if len(found) != 1:
        why = f"It has {len(layers)} layers with {len(found)} wheels."
        raise BadInput(f"{reference} is not one wheel", why=why, next="Push the wheel as the artifact's one layer.")
    return found[0]


def install(wheel: Path, target: Path) -> Path:
    """Install a wheel alone, without its dependencies, into a directory of its own, which is returned.

    Raises:
        BadInput: pip refuses it.
    """
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    done = process.run([*argv, str(wheel)], env=process.environment(_QUIET))
    if done.returncode:
        raise BadInput("The wheel cannot be installed", why=done.stderr[-2000:], next="Build it again.")
    return target

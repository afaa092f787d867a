"""What a learner calls in Lab 1 done in Pulumi: docs/lab1-pulumi.md. The checks are those of the lab."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from helpers.course import wheels
from helpers.course.checks.support.component import COMPONENT, PLATFORM
from helpers.course.checks.support.component_package import REFERENCE, WHEEL
from helpers.course.workspace import Workspace
from helpers.runtime import services
from helpers.wrappers.crane import Crane
from helpers.wrappers.pulumi import Pulumi


def project(lab: Workspace, directory: str, **options: Any) -> Pulumi:
    """Return Pulumi in a project of the workspace; its programs find the component and the platform's package.

    Args:
        directory: of the project, below the workspace.
        options: of `Pulumi`; by default it acts in vision's account, with a passphrase that is made once.
    """
    path = os.pathsep.join([str(lab.path(COMPONENT)), str(PLATFORM.parent)])
    given = {"account": "vision", "passphrase": lab.secret("pulumi-passphrase"), **options}
    return Pulumi(lab.path(directory), env={"PYTHONPATH": path, **given.pop("env", {})}, **given)


def build_wheel(lab: Workspace) -> Path:
    """Build the component's wheel into ``dist/``; the same files give the same bytes.

    Raises:
        BadInput: pip cannot build it.
    """
    into = lab.path(WHEEL).parent
    into.mkdir(exist_ok=True)
    return wheels.build(lab.path(COMPONENT), into)


def push(lab: Workspace) -> str:
    """Push the wheel to the course's OCI registry, and return it as ``REPOSITORY@DIGEST``.

    Raises:
        RegistryError: see `helpers.wrappers.crane`.
    """
    registry = services.ensure("oci").address
    return wheels.push(Crane(lab.work), lab.path(WHEEL), f"{registry}/{REFERENCE}")

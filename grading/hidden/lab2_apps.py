"""Hidden tests of Lab 2, notebook 02: the fence, the root and the quota hold where the check did not look."""

from __future__ import annotations

from grading.hidden.lab2_repository import judged
from helpers.course.checks import Unmet
from helpers.course.checks.lab2_apps import APPLICATIONS, counted, refused
from helpers.course.checks.support import gitops as kit
from helpers.course.labs import Lab


def project(lab: Lab) -> None:
    """Namespaces that look like the team's are refused as well."""
    with judged("The fence has a hole"):
        world = kit.platform(lab)
        for namespace in ("inference-prod-2", "inference", "default"):
            refused(world, namespace)


def root(lab: Lab) -> None:
    """What runs is what main says: every child follows the repository's main at its newest commit."""
    with judged("The applications do not follow main"):
        world = kit.platform(lab)
        for name in APPLICATIONS:
            app = world.argocd.application(name, refresh="normal")
            if app.target_revision != "main":
                raise Unmet(f"{name} follows {app.target_revision or 'nothing'}, not main")


def tenants(lab: Lab) -> None:
    """The quota is not a matter of one more GPU only."""
    with judged("The quota does not hold"):
        world = kit.platform(lab)
        counted(world, "prod", 64)

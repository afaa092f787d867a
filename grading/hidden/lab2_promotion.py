"""Hidden tests of Lab 2, notebook 04: refusals, pods that run what Git says, and breaking the glass."""

from __future__ import annotations

import contextlib

from grading.hidden.lab2_repository import judged
from helpers.clients.forge import ForgeError, MergeRefused
from helpers.course.checks import Unmet
from helpers.course.checks.lab2_promotion import frozen_project, releases, stops
from helpers.course.checks.support import gitops as kit
from helpers.course.delivery import REPOSITORY, Platform
from helpers.course.labs import Lab


def change(lab: Lab) -> None:
    """An approval alone lands nothing: the image that nobody signed is refused, and the reason is the image."""
    with judged("The gate of the image is open"):
        world = kit.platform(lab)
        pull = world.release("6.6.6", "dev", approve="bela")
        try:
            if pull.state == "merged":
                raise Unmet("an image that nobody signed was released into dev")
            world.forge().merge(REPOSITORY, pull.number)
            raise Unmet("the forge lands a release of an image that nobody signed")
        except MergeRefused as refused:
            if not any("image" in blocker for blocker in refused.blockers):
                raise Unmet("the forge refuses the image that nobody signed, but not for its signature") from None
        finally:
            with contextlib.suppress(ForgeError):
                world.forge().close(REPOSITORY, pull.number)


def promote(lab: Lab) -> None:
    """The workloads in the cluster run the digest, and no pod is missing."""
    with judged("The cluster does not run what was promoted"):
        world = kit.platform(lab)
        for environment in kit.ENVIRONMENTS:
            _serves(world, environment)


def rollback(lab: Lab) -> None:
    """The history keeps the broken release: it was reverted, not erased."""
    with judged("The way back was not by Git"):
        world = kit.platform(lab)
        known = [one.digest for one in releases(world, "prod")]
        if world.image("1.2.0").partition("@")[2] not in known:
            raise Unmet("the history of main does not tell of the broken release")
        _serves(world, "prod")


def window(lab: Lab) -> None:
    """No window is open any more, and the rehearsed freeze holds a second time."""
    with judged("The freeze is not what was asked for"):
        world = kit.platform(lab)
        if any(one.active and one.kind == "deny" for one in world.argocd.sync_windows("vision")):
            raise Unmet("Argo CD's project vision is still frozen")
        stops(world, frozen_project(lab))


def _serves(world: Platform, environment: str) -> None:
    digest = world.digest(environment)
    live = world.cluster.get("Deployment", "inference", namespace=f"inference-{environment}").raw
    image = kit.container(live).get("image", "")
    if not image.endswith(digest):
        raise Unmet(f"the pods of {environment} are to run {image}, main says {digest[:19]}")
    wanted, ready = live["spec"]["replicas"], (live.get("status") or {}).get("readyReplicas", 0)
    if ready < wanted:
        raise Unmet(f"{ready} of {wanted} pods are ready in {environment}")

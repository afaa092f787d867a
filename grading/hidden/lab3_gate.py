"""Hidden tests of Lab 3, notebook 04: evidence that is missing in other ways, and a service that is down."""

from __future__ import annotations

import copy
import os
import signal
from typing import Any

from helpers.clients.kubernetes import KubernetesError
from helpers.course.checks import Unmet
from helpers.course.checks.lab3_gate import GOOD, cluster, image, judge, named, workload
from helpers.course.labs import Lab
from helpers.runtime import services


def gate(lab: Lab) -> None:
    """Two yeses and the author's own are a yes; nothing at all, and a plan of nobody, are none."""
    try:
        good: dict[str, Any] = copy.deepcopy(dict(GOOD))
        good["trail"]["approved_by"] = ["bela", "learner"]
        assert judge(lab, good).passed, "an approval by another person counts, whoever approves as well"
        assert not judge(lab, {}).passed, "no facts at all are let through"
        nobody: dict[str, Any] = copy.deepcopy(dict(GOOD))
        nobody["trail"]["planned_by"] = []
        assert not judge(lab, nobody).passed, "an approval of something that nobody planned or signed is let through"
        for link in ("keyring", "identity", "policy"):
            weaker: dict[str, Any] = copy.deepcopy(dict(GOOD))
            weaker[link] = {"status": True, "why": "somebody looked"}
            assert not judge(lab, weaker).passed, f"the chain holds without its link {link}"
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None


def admission(lab: Lab) -> None:
    """While verification is unavailable, nothing is admitted; afterwards all is as before."""
    try:
        world, space, signed = cluster(lab), named(lab), image(lab, "1.0.0")
        pid = services.ensure("image-admission").pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        try:
            world.apply(workload("Pod", space, signed), dry_run=True)
        except KubernetesError:
            pass
        else:
            raise AssertionError("with nobody to ask, the API server admits the image")
        finally:
            services.ensure("image-admission")
        world.apply(workload("Pod", space, signed), dry_run=True)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None

"""The way of a change in the labs: from the learner's files over a pull request into the cluster.

>>> from helpers import Platform
>>> platform = Platform(lab)
>>> platform.open()
>>> pull = platform.deliver("apps/inference", message="Serve the model in dev")
"""

from __future__ import annotations

from helpers.course.delivery.errors import DeliveryError, NoRelease, NothingToDeliver, UnknownVersion
from helpers.course.delivery.platform import ENVIRONMENTS, REPOSITORY, Platform

__all__ = [
    "ENVIRONMENTS",
    "REPOSITORY",
    "DeliveryError",
    "NoRelease",
    "NothingToDeliver",
    "Platform",
    "UnknownVersion",
]

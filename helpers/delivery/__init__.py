"""The way of a change in the labs: from the learner's files over a pull request into the cluster.

>>> from helpers.delivery import Platform
>>> platform = Platform(lab)
>>> platform.open()
>>> pull = platform.deliver("apps/inference", message="Serve the model in dev")
"""

from __future__ import annotations

from helpers.delivery.errors import DeliveryError, NoRelease, NothingToDeliver, UnknownVersion
from helpers.delivery.platform import ENVIRONMENTS, REPOSITORY, Platform

__all__ = [
    "ENVIRONMENTS", "REPOSITORY", "DeliveryError", "NoRelease", "NothingToDeliver", "Platform", "UnknownVersion",
]  # fmt: skip

"""The forge of the course, service ``git``: repositories, pull requests, approvals, the change gate, the audit log.

>>> from helpers import forge, services
>>> services.ensure("git")
>>> learner = forge.Forge("learner")
>>> learner.create("inference", policy={"gates": {"image": False}})
>>> git = learner.clone("inference", "work/inference")
>>> pull = learner.open_pull("inference", "more-gpus", title="Give the model two GPUs")
>>> forge.Forge("bela").approve("inference", pull.number)
>>> learner.merge("inference", pull.number)
"""

from __future__ import annotations

from helpers.clients.forge.client import Forge
from helpers.clients.forge.errors import (
    ApprovalRefused,
    Exists,
    ForgeError,
    ForgeNotFound,
    MergeRefused,
    PermissionRefused,
    UnknownPerson,
)
from helpers.clients.forge.policy import BadPolicy, Policy
from helpers.clients.forge.types import Approval, AuditEntry, Credentials, Person, PullRequest, Repository
from helpers.wrappers.git import GitServerDown, PushRefused

__all__ = [
    "Approval",
    "ApprovalRefused",
    "AuditEntry",
    "BadPolicy",
    "Credentials",
    "Exists",
    "Forge",
    "ForgeError",
    "ForgeNotFound",
    "GitServerDown",
    "MergeRefused",
    "PermissionRefused",
    "Person",
    "Policy",
    "PullRequest",
    "PushRefused",
    "Repository",
    "UnknownPerson",
]

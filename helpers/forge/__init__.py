"""The forge of the course, service ``git``: repositories, pull requests, approvals, the change gate, the audit log.

>>> from helpers import services
>>> from helpers.forge import Forge
>>> services.ensure("git")
>>> forge = Forge("learner")
>>> forge.create("inference", policy={"gates": {"image": False}})
>>> git = forge.clone("inference", "work/inference")
>>> pull = forge.open_pull("inference", "more-gpus", title="Give the model two GPUs")
>>> Forge("bela").approve("inference", pull.number)
>>> forge.merge("inference", pull.number)
"""

from __future__ import annotations

from helpers.forge.client import Forge
from helpers.forge.errors import (
    ApprovalRefused,
    Exists,
    ForgeError,
    MergeRefused,
    NotFound,
    PermissionRefused,
    UnknownPerson,
)
from helpers.forge.policy import BadPolicy, Policy
from helpers.forge.types import Approval, AuditEntry, Credentials, Person, PullRequest, Repository
from helpers.git import GitServerDown, PushRefused

__all__ = [
    "Approval", "ApprovalRefused", "AuditEntry", "BadPolicy", "Credentials", "Exists", "Forge", "ForgeError",
    "GitServerDown", "MergeRefused", "NotFound", "PermissionRefused", "Person", "Policy", "PullRequest", "PushRefused",
    "Repository", "UnknownPerson",
]  # fmt: skip

"""A module's release, from a signed tag to the registry: judged by gates, published only when all are open.

The commits say what their authors meant, the interface says what callers get; the version must satisfy both. The same
functions run on a laptop, in `course release` and in a hosted CI (``iac/release/workflow.yml``).
"""

from helpers.compliance.release.asked import Asked, asked
from helpers.compliance.release.judge import judge
from helpers.compliance.release.publish import Released, ReleaseRefused, publish
from helpers.compliance.release.source import ModuleSource, NoModule, at_tag, in_worktree

__all__ = [
    "Asked",
    "ModuleSource",
    "NoModule",
    "ReleaseRefused",
    "Released",
    "asked",
    "at_tag",
    "in_worktree",
    "judge",
    "publish",
]

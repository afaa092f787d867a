"""An approval as a statement that is signed: the text of an annotated tag on the very commit that was approved.

It names repository, pull request, target and commit, so that it is worth nothing anywhere else. Format of the object:
https://git-scm.com/docs/git-mktag; of the signature: ``ssh-keygen -Y sign -n git``, as ``git tag -s`` makes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_TAG = re.compile(
    r"object (?P<commit>[0-9a-f]{40,64})\ntype commit\ntag approvals/(?P<pull>[1-9][0-9]{0,8})/(?P<person>[a-z0-9-]+)\n"
    r"tagger (?P<name>[^<>\n]+) <(?P<email>[^<>\s]+)> (?P<at>[0-9]{1,12}) \+0000\n\n"
    r"Approve pull request (?P=pull) of (?P<repository>[a-z0-9._-]+)\n\n"
    r"Repository: (?P=repository)\nPull-request: (?P=pull)\nTarget: (?P<target>[^\s]+)\nCommit: (?P=commit)\n"
    r"(?P<signature>-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]+-----END SSH SIGNATURE-----\n)?"
)


@dataclass(frozen=True)
class Statement:
    """What an approving person says and signs.

    Attributes:
        repository, pull, target: the pull request and the branch it goes to.
        commit: the approved head, an object id.
        person, name, email: who approves.
        at: when, UTC, whole seconds.
    """

    repository: str
    pull: int
    target: str
    commit: str
    person: str
    name: str
    email: str
    at: datetime

    def text(self) -> str:
        """Return what is signed; the signature goes right behind it."""
        return (
            f"object {self.commit}\ntype commit\ntag approvals/{self.pull}/{self.person}\n"
            f"tagger {self.name} <{self.email}> {int(self.at.timestamp())} +0000\n\n"
            f"Approve pull request {self.pull} of {self.repository}\n\n"
            f"Repository: {self.repository}\nPull-request: {self.pull}\nTarget: {self.target}\nCommit: {self.commit}\n"
        )


def parse(tag: str) -> Statement | None:
    """Return the statement in a tag object, signed or not; nothing when it is any other tag."""
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    try:
        at = datetime.fromtimestamp(int(found["at"]), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return Statement(
        found["repository"],
        int(found["pull"]),
        found["target"],
        found["commit"],
        found["person"],
        found["name"],
        found["email"],
        at,
    )

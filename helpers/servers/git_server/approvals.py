"""Approvals: signed tags under ``refs/approvals/NUMBER/PERSON``, verified each time they count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from helpers.clients.forge.statement import parse
from helpers.servers.git_server.people import People
from helpers.servers.git_server.problems import RequestRefused
from helpers.servers.git_server.repositories import Bare
from helpers.wrappers.git.types import CannotVerify

PREFIX = "refs/approvals"


@dataclass(frozen=True)
class Vote:
    """One approval as it stands.

    Attributes:
        person, commit, at: who approved which commit, and when.
        pull, target: the pull request, and the branch it goes to.
        fault: why it does not count for that commit; empty when it does.
    """

    person: str
    commit: str
    at: datetime
    pull: int
    target: str
    fault: str = ""


def judge(bare: Bare, people: People, tag: str, sha: str) -> Vote | None:
    """Return what the approval in a tag object is worth; nothing when the object is not an approval.

    Args:
        tag: text of the object. sha: its id; the object is in the repository already.
    """
    said = parse(tag)
    if said is None:
        return None
    vote = Vote(said.person, said.commit, said.at, said.pull, said.target)
    return Vote(vote.person, vote.commit, vote.at, vote.pull, vote.target, _fault(bare, people, tag, sha))


def _fault(bare: Bare, people: People, tag: str, sha: str) -> str:
    said = parse(tag)
    person = people.find(said.person) if said else None
    if said is None or person is None:
        return "nobody of that name has an account"
    if said.repository != bare.name:
        return f"it was given for the repository {said.repository}"
    try:
        check = bare.verify_tag_object(sha, f"approval of {said.person}")
    except CannotVerify as error:
        return f"its signature could not be judged ({error.what})"
    if not check:
        words = {"unsigned": "it is not signed", "bad": "its signature does not match it"}
        return words.get(check.status, "it is signed with a key that is not in allowed_signers")
    if not check.by_committer or check.signer != person.email:
        return f"it is signed by {check.signer}, not by {person.name}"
    try:
        pull = bare.read_pull(said.pull)
    except RequestRefused:
        return f"there is no pull request {said.pull}"
    if pull["state"] == "closed":
        return f"pull request {said.pull} was closed"
    if pull["target"] != said.target:
        return f"it was given for {said.target}"
    return f"{person.name} wrote the change" if pull["author"] == person.name else ""


def votes(bare: Bare, people: People, *, pull: int = 0, commit: str = "") -> list[Vote]:
    """Return the approvals of a pull request, or those of a commit, whatever they are worth."""
    found = []
    for ref, sha, target in bare.refs(f"{PREFIX}/{pull}" if pull else PREFIX):
        if commit and target != commit:
            continue
        kind, text = bare.content(sha)
        vote = judge(bare, people, text, sha) if kind == "tag" else None
        # A reference that was put elsewhere by hand is not an approval.
        if vote is not None and ref == f"{PREFIX}/{vote.pull}/{vote.person}":
            found.append(vote)
    return found

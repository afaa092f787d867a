"""What a change must satisfy before it lands on a protected branch: the same for a push and for a merge."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from helpers.servers.git_server import approvals, gating
from helpers.servers.git_server.people import People
from helpers.servers.git_server.problems import Refusal, printable
from helpers.servers.git_server.repositories import Bare
from helpers.wrappers.git.types import CannotVerify, Commit, GitError

#: How many commits are named in one refusal.
SHOWN = 5


@dataclass(frozen=True)
class BranchUpdate:
    """What somebody wants to land.

    Attributes:
        branch: the protected branch. base: its tip now, empty when there is no such branch yet.
        head: the commit that is to become its tip.
        pull: number of the pull request, 0 for a push.
    """

    branch: str
    base: str
    head: str
    pull: int = 0


@dataclass(frozen=True)
class Verdict:
    """What stands against a change, and what the gates said."""

    refusals: tuple[Refusal, ...]
    gates: tuple[dict[str, Any], ...] = field(default=())


def judge(bare: Bare, people: People, change: BranchUpdate, *, gates: bool = True) -> Verdict:
    """Judge a change of a protected branch.

    Args:
        gates: run the gates; else only what is quickly known is judged.

    Raises:
        RequestRefused: the repository's policy cannot be understood.
    """
    policy = bare.policy()
    if not change.base and (tips := _protected_tips(bare)):
        return Verdict(tuple(_new_branch(bare, change, tips)))
    if refusals := forward(bare, change):
        return Verdict(tuple(refusals))
    refusals, signers = signatures(bare, people, change)
    # The first push into an empty repository has nothing to be a change of.
    if change.base:
        refusals += approved(bare, people, change, policy.approvals, signers)
    rows = gating.run(bare, change.base, change.head, policy) if gates else []
    return Verdict((*refusals, *gating.blockers(rows)), tuple(rows))


def _protected_tips(bare: Bare) -> list[str]:
    policy = bare.policy()
    found = ((name.removeprefix("refs/heads/"), sha) for name, sha, _ in bare.refs("refs/heads"))
    return [sha for name, sha in found if policy.protects(name)]


def _new_branch(bare: Bare, change: BranchUpdate, tips: Collection[str]) -> list[Refusal]:
    """A further protected branch begins at what was judged before: else it would be a way around the gate."""
    if any(bare.contains(tip, change.head) for tip in tips):
        return []
    return [
        Refusal(
            "new-branch",
            f"{change.branch} would start with commits that were not approved",
            "A new protected branch starts from a commit that is on a protected branch already.",
            f"Land the change on a protected branch first, then: git push origin COMMIT:refs/heads/{change.branch}",
        )
    ]


def forward(bare: Bare, change: BranchUpdate) -> list[Refusal]:
    """Return why a change is not a step forward from the branch's tip."""
    if not change.base or bare.contains(change.head, change.base):
        return []
    return [
        Refusal(
            "force-push",
            f"{change.branch} would lose commits: this is not a fast-forward",
            f"The tip {change.base[:10]} is not in the history of {change.head[:10]}. Landed commits stay.",
            f"git pull --rebase origin {change.branch}   # then push, and have the new commit approved",
        )
    ]


def signatures(bare: Bare, people: People, change: BranchUpdate) -> tuple[list[Refusal], set[str]]:
    """Return what is wrong with the signatures of the new commits, and the persons who signed them."""
    try:
        commits = bare.log(f"{change.base}..{change.head}" if change.base else change.head, signatures=True)
    except (CannotVerify, GitError) as error:
        return [
            Refusal(
                "signature-unknown",
                "A signature could not be judged",
                f"{error.what}. {error.why}",
                error.next,
            )
        ], set()
    people_of = {person.email: person.name for person in people.all()}
    bad = [refusal for commit in commits if (refusal := _signature(commit, change))]
    if len(bad) > SHOWN:
        bad[SHOWN:] = [
            Refusal(
                "signature",
                f"{len(bad) - SHOWN} more commits have the same problem or another",
                "Only the newest are shown.",
                bad[0].next,
            )
        ]
    return bad, {people_of.get(commit.signer.lower(), commit.signer) for commit in commits if commit.signer}


def _signature(commit: Commit, change: BranchUpdate) -> Refusal | None:
    name = f"Commit {commit.sha[:10]}"
    by = f"{printable(repr(commit.subject), 80)} by {printable(commit.committer_email, 80)}"
    again = f"git rebase --force-rebase --gpg-sign {f'origin/{change.branch}' if change.base else '--root'}"
    if commit.signature == "unsigned":
        return Refusal(
            "unsigned",
            f"{name} is not signed",
            f"{change.branch} accepts only signed commits. It is {by}.",
            f"{again}   # signs each commit again",
        )
    if commit.signature == "untrusted":
        return Refusal(
            "stranger",
            f"{name} is signed with an untrusted key",
            f"The key belongs to nobody this server trusts. It is {by}.",
            "Sign with the key you enrolled, or ask the platform team for one: Forge().enrol(PERSON)",
        )
    if commit.signature != "verified":
        return Refusal(
            "bad-signature",
            f"The signature of commit {commit.sha[:10]} does not match it",
            f"The commit was changed after it was signed. It is {by}.",
            again,
        )
    if commit.signer.lower() != commit.committer_email.lower():
        return Refusal(
            "committer",
            f"{name} names a committer who did not sign it",
            f"It is {by}, but {commit.signer} signed it.",
            f"git config user.email {commit.signer}; {again}",
        )
    return None


def approved(bare: Bare, people: People, change: BranchUpdate, needed: int, signers: Collection[str]) -> list[Refusal]:
    """Return what is missing in approvals of the very commit that is to land."""
    if not needed:
        return []
    good, notes = set(), []
    for vote in approvals.votes(bare, people, pull=change.pull, commit="" if change.pull else change.head):
        if fault := vote_fault(vote, change, signers):
            notes.append(f"The approval of {vote.person} does not count: {fault}.")
        else:
            good.add(vote.person)
    if len(good) >= needed:
        return []
    who = "another person" if needed == 1 else f"{needed} other persons"
    have = f" ({len(good)} so far)" if good else ""
    todo = (
        f'Forge(PERSON).approve("{bare.name}", {change.pull})'
        if change.pull
        else (
            f'Forge().open_pull("{bare.name}", BRANCH, target="{change.branch}", title=...)   # then have it approved'
        )
    )
    return [
        Refusal(
            "approval",
            f"Commit {change.head[:10]} has no approval by {who}{have}",
            "\n".join(notes)
            or f"{change.branch} accepts a change only when another person has approved that exact commit.",
            todo,
        )
    ]


def vote_fault(vote: approvals.Vote, change: BranchUpdate, signers: Collection[str]) -> str:
    """Return why an approval does not count for a change; empty when it does."""
    if vote.fault:
        return vote.fault
    if vote.commit != change.head:
        return f"it is outdated, as it was for {vote.commit[:10]} and the head is {change.head[:10]} now"
    if vote.target != change.branch:
        return f"it was given for {vote.target}"
    return f"{vote.person} signed a commit of the change" if vote.person in signers else ""

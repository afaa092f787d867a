"""Pull requests: open, look at, approve, run the gates, merge, close, break the glass."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers.clients.forge.policy import Policy
from helpers.core.files import write_private
from helpers.servers.git_server import approvals, audit, gating, names
from helpers.servers.git_server.audit import Decision
from helpers.servers.git_server.judge import BranchUpdate, Verdict, forward, judge, signatures, vote_fault
from helpers.servers.git_server.people import People, Person
from helpers.servers.git_server.problems import Refusal, RequestRefused
from helpers.servers.git_server.repositories import POLICY, Bare, Repositories
from helpers.wrappers.git.types import GitError


class Reviews:
    """The pull requests of all repositories; one change at a time in each."""

    def __init__(self, data: Path, repositories: Repositories, people: People) -> None:
        self._data, self._repositories, self._people = data, repositories, people
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def create(self, who: Person, name: object, policy: Policy) -> Bare:
        """Make a repository."""
        who.need("member", "admin", to="create repositories")
        bare = self._repositories.create(name, policy)
        self._record(bare, who, "create", "accepted", "")
        return bare

    def set_policy(self, who: Person, repository: str, policy: Policy) -> Bare:
        """Replace the policy of a repository; only an admin may."""
        bare = self._repositories.open(repository)
        self._allow(bare, who, "policy", "admin", to="change a policy")
        self._record(bare, who, "policy", "accepted", str(policy.to_dict()))
        write_private(bare.workdir / POLICY, policy.yaml().encode())
        return bare

    def open(self, who: Person, repository: str, data: dict[str, Any]) -> dict[str, Any]:
        """Open a pull request and run its gates.

        Raises:
            RequestRefused: 403 a reader; 404 no such branch; 409 there is nothing to land, or it is open already.
        """
        bare = self._repositories.open(repository)
        self._allow(bare, who, "open", "member", "admin", to="open pull requests")
        source, target = names.branch(data.get("source")), names.branch(data.get("target", "main"))
        title = names.text(data.get("title"), "title", 200)
        with self._locks[repository]:
            head, base = _tip(bare, source), _tip(bare, target)
            pulls = bare.pulls()
            if bare.contains(base, head):
                raise RequestRefused(
                    409,
                    "nothing-new",
                    f"{source} has nothing that {target} has not",
                    why="All its commits have landed.",
                    next="Commit and push first.",
                )
            twin = next((p for p in pulls if (p["source"], p["target"], p["state"]) == (source, target, "open")), None)
            if twin:
                raise RequestRefused(
                    409,
                    "exists",
                    f"Pull request {twin['number']} does that already",
                    why="It is open and follows its branch.",
                    next=f'Forge().pull("{repository}", {twin["number"]})',
                )
            number = max((p["number"] for p in pulls), default=0) + 1
            pull = {
                "number": number,
                "title": title,
                "author": who.name,
                "source": source,
                "target": target,
                "head": head,
                "state": "open",
                "opened": _now(),
                "gates": None,
            }
            self._record(bare, who, "open", "accepted", title, head, pull=pull)
            bare.write_pull(pull)
        return self.run_gates(who, repository, number)

    def all(self, repository: str) -> list[dict[str, Any]]:
        """Return every pull request, oldest first."""
        bare = self._repositories.open(repository)
        return [self._view(bare, pull) for pull in bare.pulls()]

    def one(self, repository: str, number: int) -> dict[str, Any]:
        """Return a pull request."""
        bare = self._repositories.open(repository)
        return self._view(bare, bare.read_pull(number))

    def run_gates(self, who: Person, repository: str, number: int) -> dict[str, Any]:
        """Run the gates on the head of a pull request and keep what they say."""
        bare = self._repositories.open(repository)
        pull = _need_open(bare, number)
        self._allow(bare, who, "gates", "member", "admin", to="run gates", pull=pull)
        base, head = _tip(bare, pull["target"]), _tip(bare, pull["source"])
        rows = gating.run(bare, base, head, bare.policy())
        with self._locks[repository]:
            pull = _need_open(bare, number)
            pull |= {"gates": {"base": base, "commit": head, "gates": rows}}
            bare.write_pull(pull)
        said = ", ".join(f"{row['name']} {row['status']}" for row in rows)
        self._record(bare, who, "gates", "refused" if gating.blockers(rows) else "accepted", said, head, pull=pull)
        return self._view(bare, pull)

    def approve(self, who: Person, repository: str, number: int, tag: object) -> dict[str, Any]:
        """Take an approval: the text of a signed tag on the head of the pull request (`clients.forge.statement`).

        Raises:
            RequestRefused: 403 one's own change, a stranger's key, a reader; 409 it is of another commit than the head.
        """
        bare = self._repositories.open(repository)
        with self._locks[repository]:
            pull = _need_open(bare, number)
            head, base = _tip(bare, pull["source"]), _tip(bare, pull["target"])
            change = BranchUpdate(pull["target"], base, head, number)
            self._allow(bare, who, "approve", "member", "admin", to="approve", commit=head, pull=pull)
            try:
                sha = self._judge_approval(bare, who, change, tag)
            except RequestRefused as error:
                self._record(bare, who, "approve", "refused", f"{error.what}. {error.why}", head, pull=pull)
                raise
            self._record(bare, who, "approve", "accepted", f"signed tag {sha}", head, pull=pull)
            bare.move(f"{approvals.PREFIX}/{number}/{who.name}", sha)
        return self._view(bare, pull)

    def _judge_approval(self, bare: Bare, who: Person, change: BranchUpdate, tag: object) -> str:
        """Return the id of the approval's object, once it is sure that it counts."""
        try:
            sha = bare.store_tag(str(tag)) if isinstance(tag, str) and len(tag) < 8192 else ""
        except (GitError, UnicodeError):
            sha = ""
        vote = approvals.judge(bare, self._people, str(tag), sha) if sha else None
        if vote is None or vote.pull != change.pull:
            raise RequestRefused(
                400,
                "bad-approval",
                "That is not an approval of this pull request",
                why="Expected: a signed tag as approve() makes it.",
                next=f'Forge(PERSON).approve("{bare.name}", {change.pull})',
            )
        if vote.person != who.name:
            raise RequestRefused(
                403,
                "other-person",
                f"{who.name} cannot approve for {vote.person}",
                why="Everybody approves for themselves only.",
                next=f'Forge("{vote.person}").approve(...)',
            )
        fault = vote_fault(vote, change, signatures(bare, self._people, change)[1])
        if not fault:
            return sha
        if vote.commit != change.head:
            raise RequestRefused(
                409,
                "outdated",
                "The branch has moved on since you looked",
                why=f"The approval: {fault}.",
                next="Look at it again, then approve the new head.",
            )
        own = vote.person == bare.read_pull(change.pull)["author"] or "signed a commit" in fault
        raise RequestRefused(
            403,
            "own-change" if own else "not-trusted",
            f"The approval of {who.name} does not count",
            why=f"{fault[0].upper()}{fault[1:]}.",
            next="Ask another person to look at it and approve.",
        )

    def merge(self, who: Person, repository: str, number: int, glass: str = "") -> dict[str, Any]:
        """Land a pull request: move the target to its head, if nothing stands against it.

        Args:
            glass: reason to break the glass: what the policy lets it waive does not count then.

        Raises:
            RequestRefused: 403 not a person who may; 409 with every blocker.
        """
        action = "break-glass" if glass else "merge"
        bare = self._repositories.open(repository)
        with self._locks[repository]:
            pull = _need_open(bare, number)
            head, base = _tip(bare, pull["source"]), _tip(bare, pull["target"])
            roles = ("admin",) if glass else ("member", "admin")
            to = "break the glass" if glass else "merge"
            self._allow(bare, who, action, *roles, to=to, commit=head, pull=pull, reason=glass)
            verdict = self._verdict(bare, BranchUpdate(pull["target"], base, head, number))
            pull["gates"] = {"base": base, "commit": head, "gates": list(verdict.gates)}
            waived = [r for r in verdict.refusals if glass and _kind(r) in bare.policy().break_glass]
            left = [r for r in verdict.refusals if r not in waived]
            if left:
                bare.write_pull(pull)
                self._record(bare, who, action, "refused", "; ".join(r.line() for r in left), head, pull=pull)
                raise RequestRefused(
                    409,
                    "blocked",
                    f"Pull request {number} cannot land",
                    why="See the blockers.",
                    next=left[0].next,
                    blockers=left,
                )
            said = f"{glass} (waived: {'; '.join(r.what for r in waived) or 'nothing'})" if glass else pull["title"]
            self._record(bare, who, action, "accepted", said, head, pull=pull)
            if glass:
                pull["break_glass"] = {"by": who.name, "reason": glass, "waived": [r.line() for r in waived]}
            self._land(bare, who, pull, base, head, action)
        return self._view(bare, pull)

    def _verdict(self, bare: Bare, change: BranchUpdate) -> Verdict:
        if bare.policy().protects(change.branch):
            verdict = judge(bare, self._people, change)
            secrets = gating.secrets(bare, change.base, change.head)
            return Verdict((*verdict.refusals, *secrets), verdict.gates)
        return Verdict((*forward(bare, change), *gating.secrets(bare, change.base, change.head)))

    def _land(self, bare: Bare, who: Person, pull: dict[str, Any], base: str, head: str, action: str) -> None:
        try:
            # Only from the tip that was judged: a push in between wins, and this one is judged again.
            bare.move(f"refs/heads/{pull['target']}", head, base)
        except GitError as error:
            self._record(bare, who, action, "failed", error.what, head, pull=pull)
            raise RequestRefused(
                409,
                "moved",
                f"{pull['target']} has moved meanwhile",
                why="Somebody else landed a change.",
                next="git pull --rebase, push, and have the new commit approved.",
            ) from None
        bare.write_pull(pull | {"state": "merged", "head": head, "merged_by": who.name, "closed": _now()})
        pull |= bare.read_pull(pull["number"])

    def close(self, who: Person, repository: str, number: int) -> dict[str, Any]:
        """Close a pull request without landing it; its author or an admin may."""
        bare = self._repositories.open(repository)
        with self._locks[repository]:
            pull = _need_open(bare, number)
            if who.name != pull["author"]:
                self._allow(bare, who, "close", "admin", to="close a pull request of another person", pull=pull)
            pull |= {"state": "closed", "head": bare.tip(pull["source"]) or pull["head"], "closed": _now()}
            self._record(bare, who, "close", "accepted", pull["title"], pull["head"], pull=pull)
            bare.write_pull(pull)
        return self._view(bare, pull)

    def refused_request(self, who: Person, repository: str, number: int, action: str, error: RequestRefused) -> None:
        """Record a refusal that came before the pull request was looked at."""
        bare = self._repositories.open(repository)
        self._record(bare, who, action, "refused", error.what, pull=bare.read_pull(number))

    def audit(self, repository: str) -> list[dict[str, object]]:
        """Return what was decided in a repository, oldest first."""
        return list(audit.entries(self._data, self._repositories.open(repository).name))

    def _view(self, bare: Bare, pull: dict[str, Any]) -> dict[str, Any]:
        """Return a pull request as it stands now: its head, what its approvals are worth, what blocks it."""
        head, base = bare.tip(pull["source"]) or pull["head"], bare.tip(pull["target"])
        if pull["state"] == "open" and base and bare.contains(base, head):
            pull = self._landed_elsewhere(bare, pull, head)
        is_open = pull["state"] == "open"
        head = head if is_open else pull["head"]
        change = BranchUpdate(pull["target"], base if is_open else "", head, pull["number"])
        signers = signatures(bare, self._people, change)[1] if is_open else set()
        votes = approvals.votes(bare, self._people, pull=pull["number"])
        rows = [
            {"person": v.person, "commit": v.commit, "at": v.at.isoformat(), "fault": vote_fault(v, change, signers)}
            for v in sorted(votes, key=lambda v: (v.at, v.person))
        ]
        fresh = pull["gates"] if pull["gates"] and pull["gates"]["commit"] == head else None
        blockers = self._blockers(bare, change, pull, fresh) if is_open else []
        shown = fresh if fresh and fresh["gates"] else None
        return {**pull, "head": head, "gates": shown, "approvals": rows, "blockers": [asdict(b) for b in blockers]}

    def _landed_elsewhere(self, bare: Bare, pull: dict[str, Any], head: str) -> dict[str, Any]:
        """Note that a pull request landed by a push, or that the server was killed before it was written down."""
        with self._locks[bare.name]:
            pull = bare.read_pull(pull["number"])
            if pull["state"] == "open":
                pull |= {"state": "merged", "head": head, "closed": _now()}
                bare.write_pull(pull)
        return pull

    def _blockers(
        self, bare: Bare, change: BranchUpdate, pull: dict[str, Any], gates: dict[str, Any] | None
    ) -> list[Refusal]:
        """Return what stands against landing, by the last run of the gates."""
        if not bare.tip(pull["source"]):
            return [Refusal("no-source", f"The branch {pull['source']} is gone", "It was deleted.", "Push it again.")]
        policy = bare.policy()
        if not policy.protects(change.branch):
            return forward(bare, change)
        found = list(judge(bare, self._people, change, gates=False).refusals)
        if gates:
            return found + gating.blockers(gates["gates"])
        if policy.gates:
            found.append(
                Refusal(
                    "gates",
                    f"The gates have not run for {change.head[:10]}",
                    "The branch has moved.",
                    f'Forge().run_gates("{bare.name}", {change.pull})',
                )
            )
        return found

    def _allow(
        self,
        bare: Bare,
        who: Person,
        action: str,
        *roles: str,
        to: str,
        commit: str = "",
        pull: dict[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        """Check a permission; that it is missing is recorded.

        Raises:
            RequestRefused: 403.
        """
        try:
            who.need(*roles, to=to)
        except RequestRefused as error:
            self._record(bare, who, action, "refused", f"{error.what}. {reason}".strip(), commit, pull=pull)
            raise

    def _record(
        self,
        bare: Bare,
        who: Person,
        action: str,
        decision: Decision,
        reason: str,
        commit: str = "",
        pull: dict[str, Any] | None = None,
    ) -> None:
        ref = f"refs/heads/{pull['target']}" if pull else ""
        number = int(pull["number"]) if pull else 0
        audit.record(self._data, audit.Entry(bare.name, who.name, action, decision, reason, commit, ref, number))


def _kind(refusal: Refusal) -> str:
    return "gates" if refusal.rule.startswith("gate-") else refusal.rule


def _need_open(bare: Bare, number: int) -> dict[str, Any]:
    pull = bare.read_pull(number)
    if pull["state"] != "open":
        raise RequestRefused(
            409,
            "not-open",
            f"Pull request {number} is {pull['state']}",
            why="Nothing more happens to it.",
            next="Open a new one.",
        )
    return pull


def _tip(bare: Bare, branch: str) -> str:
    tip = bare.tip(branch)
    if not tip:
        raise RequestRefused(
            404,
            "no-branch",
            f"There is no branch {branch} in {bare.name}",
            why="Nobody pushed it yet.",
            next=f"git push origin {branch}",
        )
    return tip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

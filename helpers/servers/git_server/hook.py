"""The pre-receive hook: ``python -m helpers.servers.git_server.hook DATA``, started by git in the bare repository.

Standard input has a line for each reference (old id, new id, name; https://git-scm.com/docs/githooks#pre-receive). The
pushed objects are in a quarantine that git names in its variables; they enter the repository only if all is accepted.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from helpers.servers.git_server import approvals, audit, gating, names, releases
from helpers.servers.git_server.judge import BranchUpdate, judge
from helpers.servers.git_server.people import People
from helpers.servers.git_server.problems import Refusal, RequestRefused, printable
from helpers.servers.git_server.repositories import Bare, Repositories

#: Variable in which the server says who pushes.
ACTOR = "MOD208_FORGE_ACTOR"
#: git's own variables for the quarantine of a push.
_QUARANTINE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")
MAX_INPUT = 1024 * 1024
_LINE = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs/[^\x00-\x20\x7f~^:?*\[\\]+)")


@dataclass(frozen=True)
class Update:
    """One reference that a push wants to change; an empty id stands for "not there"."""

    old: str
    new: str
    ref: str


def parse_updates(given: bytes) -> list[Update]:
    """Read the hook's standard input.

    Raises:
        RequestRefused: it is not what git writes.
    """
    found = []
    for line in given.decode("utf-8", "surrogateescape").split("\n")[:-1]:
        match = _LINE.fullmatch(line)
        if match is None:
            raise _malformed()
        old, new = ("" if set(sha) == {"0"} else sha for sha in match.group(1, 2))
        found.append(Update(old, new, match[3]))
    if not found or not given.endswith(b"\n") or len({u.ref for u in found}) != len(found):
        raise _malformed()
    return found


def _malformed() -> RequestRefused:
    return RequestRefused(
        400,
        "bad-push",
        "The push cannot be understood",
        why="Its list of references is malformed.",
        next="Push again; course services logs git",
    )


class Gate:
    """The change gate for one push.

    Args:
        bare: the repository, with the quarantine. people: who has an account. actor: who pushes.
    """

    def __init__(self, bare: Bare, people: People, actor: str) -> None:
        self.bare, self.people, self.actor = bare, people, actor
        #: New tips of protected branches in the same push, by branch: it is accepted or refused as a whole.
        self.landing: dict[str, str] = {}
        #: New tags of the push.
        self.tags: dict[str, str] = {}

    def judge(self, update: Update) -> list[Refusal]:
        """Return what stands against changing one reference."""
        kind, _, name = update.ref.removeprefix("refs/").partition("/")
        if kind == "tags":
            return self._tag(update, name)
        if kind != "heads":
            return [
                Refusal(
                    "reference",
                    f"{printable(update.ref)} cannot be pushed",
                    "People push branches and tags; approvals are given by approve().",
                    "git push origin BRANCH",
                )
            ]
        if not names.is_branch(name):
            return [
                Refusal(
                    "bad-name",
                    f"{printable(name)!r} is not a valid name of a branch",
                    "Use letters, digits, `-`, `.`, `_`, `+` and `/`.",
                    "git branch -m NEW-NAME",
                )
            ]
        policy = self.bare.policy()
        if not update.new:
            return [_deletion(name)] if policy.protects(name) else []
        if self.bare.content(update.new)[0] != "commit":
            return [Refusal("reference", f"{name} would not be a commit", "A branch points to a commit.", "git log")]
        refusals = self._secrets(update)
        if policy.protects(name):
            refusals += judge(self.bare, self.people, BranchUpdate(name, update.old, update.new)).refusals
        return refusals

    def _tag(self, update: Update, name: str) -> list[Refusal]:
        if update.old:
            return [
                Refusal(
                    "tag",
                    f"The tag {printable(name)} would be moved or deleted",
                    "A published tag is never changed.",
                    "git tag NEW-NAME   # and push that",
                )
            ]
        if fault := self._tag_name_fault(name):
            return [Refusal("bad-name", f"{printable(name)!r} is not taken as the name of a tag", *fault)]
        head = self.bare.rev_parse(f"{update.new}^{{}}")
        if self.bare.content(head)[0] != "commit" or not self._landed(head):
            return [
                Refusal(
                    "tag",
                    f"The tag {printable(name)} would name what has not landed",
                    "A tag is what others fetch; it may name only a commit of a protected branch, which was judged.",
                    "Land the change first, then: git push origin TAG",
                )
            ]
        found = self._secrets(update)
        return found or releases.refusals(self.bare, self.people.signers, name, self.tags, self._heads())

    def _tag_name_fault(self, name: str) -> tuple[str, str] | None:
        """Return why nobody may have a tag of this name, and what to do: git takes it for an option or a branch."""
        new = "git tag NEW-NAME COMMIT   # and push that"
        if not names.is_branch(name) or name.startswith("refs/"):
            return "Use letters, digits, `-`, `.`, `_`, `+` and `/`.", new
        if name in self.bare.policy().protected or name in self._heads():
            return "A protected branch has that name, and git prefers the tag of two: git checkout, git log.", new
        return None

    def _heads(self) -> dict[str, str]:
        """Return the tips of the protected branches as they will be."""
        policy = self.bare.policy()
        tips = {ref.removeprefix("refs/heads/"): sha for ref, sha, _ in self.bare.refs("refs/heads")}
        return {name: sha for name, sha in tips.items() if policy.protects(name)} | self.landing

    def _landed(self, commit: str) -> bool:
        return any(self.bare.contains(tip, commit) for tip in self._heads().values())

    def _secrets(self, update: Update) -> list[Refusal]:
        base = update.old if update.ref.startswith("refs/heads/") else ""
        head = self.bare.rev_parse(f"{update.new}^{{}}")
        if not base or not self.bare.contains(head, base):
            # What is here already was searched when it came.
            tips = {sha for _, sha, _ in self.bare.refs("refs/heads")}
            base = self.bare.common_base(head, sorted(tips)) if tips else ""
        return [] if base == head else gating.secrets(self.bare, base, head)

    def notices(self, update: Update) -> list[str]:
        """Return what the pusher should know of an update that is accepted: approvals that are outdated by it."""
        branch = update.ref.removeprefix("refs/heads/")
        found = []
        for pull in self.bare.pulls() if update.ref.startswith("refs/heads/") else ():
            if pull["state"] != "open" or pull["source"] != branch:
                continue
            old = [
                v.person for v in approvals.votes(self.bare, self.people, pull=pull["number"]) if v.commit != update.new
            ]
            if old:
                found.append(
                    f"Pull request {pull['number']}: the approval of {', '.join(old)} is outdated by this push.\n"
                    f'Next: Forge(PERSON).approve("{self.bare.name}", {pull["number"]})'
                )
        return found


def _deletion(name: str) -> Refusal:
    return Refusal("deletion", f"{name} cannot be deleted", "It is a protected branch.", "git push origin OTHER-BRANCH")


def decide(data: Path, gate: Gate, updates: list[Update]) -> tuple[bool, str]:
    """Judge a push as a whole, record what was decided, and return it with the text for the pusher."""
    policy = gate.bare.policy()
    branches = [u for u in updates if u.new and u.ref.startswith("refs/heads/")]
    tips = {u.ref.removeprefix("refs/heads/"): u.new for u in branches}
    gate.landing = {name: new for name, new in tips.items() if policy.protects(name)}
    gate.tags = {u.ref.removeprefix("refs/tags/"): u.new for u in updates if u.new and u.ref.startswith("refs/tags/")}
    found = [(update, gate.judge(update)) for update in updates]
    accepted = not any(refusals for _, refusals in found)
    # Before anything is recorded: a fault must not come after the decision.
    texts = [notice for update in updates for notice in gate.notices(update)] if accepted else []
    for update, refusals in found:
        reason = "; ".join(refusal.line() for refusal in refusals)
        if not accepted and not refusals:
            reason = "Another reference of the same push was refused."
        audit.record(
            data,
            audit.Entry(
                gate.bare.name,
                gate.actor,
                "push",
                "accepted" if accepted else "refused",
                reason,
                update.new or update.old,
                printable(update.ref),
            ),
        )
        for refusal in refusals:
            texts.append(f"Refused, {printable(update.ref.removeprefix('refs/heads/'), 80)}: {refusal.text()}")
    return accepted, "\n\n".join(texts)


def quarantine() -> dict[str, str]:
    """Return git's variables of the push under way, with absolute paths."""
    found = {name: os.environ[name] for name in _QUARANTINE if name in os.environ}
    return {
        name: os.pathsep.join(str(Path(p).resolve()) for p in value.split(os.pathsep)) for name, value in found.items()
    }


def main(argv: list[str] | None = None) -> int:
    """Judge the push on standard input; 0 lets it in."""
    data = Path((argv or sys.argv[1:])[0])
    try:
        people = People(data)
        actor = people.find(os.environ.get(ACTOR, ""))
        if actor is None:
            raise RequestRefused(
                401,
                "who-are-you",
                "The push does not say who you are",
                why="It did not come through the server.",
                next="Forge(PERSON).clone(...)",
            )
        actor.need("member", "admin", to="push")
        bare = Repositories(data, people.signers).open(Path.cwd().name.removesuffix(".git"), quarantine())
        accepted, text = decide(data, Gate(bare, people, actor.name), parse_updates(sys.stdin.buffer.read(MAX_INPUT)))
    except RequestRefused as error:
        accepted, text = False, error.text()
    # A fault of ours must not let anything in, and its details are for the operator.
    except Exception as error:
        with (data.parent / "log").open("a") as log:
            traceback.print_exception(error, file=log)
        accepted, text = (
            False,
            Refusal(
                "fault",
                "The change gate failed, so nothing was accepted",
                type(error).__name__,
                "course services logs git",
            ).text(),
        )
    if text:
        sys.stderr.write(text + "\n")
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main())

"""The promotion record: whether what it says adds up, and whether gates.yaml and the audit trail say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from helpers.compliance.audit import Action, Decision, Entry, Subject
from helpers.compliance.contracts.types import Fault
from helpers.compliance.gates.settings import Settings

Release = Mapping[str, Any]
_COLLECT = "collect.forge(REPOSITORY), and export the trail again."


@dataclass(frozen=True)
class Judge:
    """Judges a record that keeps its schema.

    Attributes:
        where: the file. record: its content. settings: of ``gates.yaml``, None when that cannot be read.
        events: of the audit trail, None when that cannot be read.
    """

    where: str
    record: Mapping[str, Any]
    settings: Settings | None
    events: Sequence[Entry] | None

    def faults(self) -> Iterator[Fault]:
        """Yield everything that is wrong."""
        yield from self._environments()
        for place, release in enumerate(self.record["releases"]):
            at = f"{self.where}: releases.{place}"
            yield from self._approved(at, release)
            yield from self._rolled_back(at, place, release)
        for name in self.record["environments"]:
            yield from self._standing(name)

    def _environments(self) -> Iterator[Fault]:
        listed, current = list(self.record["environments"]), set(self.record["current"])
        where = f"{self.where}: environments"
        used = {one["environment"] for one in self.record["releases"]} | current
        if used != set(listed):
            why = f"Listed: {', '.join(listed)}. With releases or current: {', '.join(sorted(used))}."
            yield Fault("environments", where, "Not every environment has releases and a current digest", why)
        if self.settings is not None and list(self.settings.environments) != listed:
            why = f"gates.yaml has {', '.join(self.settings.environments)}, the record {', '.join(listed)}."
            fix = "Make the record again from the repository that this gates.yaml is of."
            yield Fault("environments", where, "They are not those of gates.yaml, in their order", why, fix)

    def _approved(self, at: str, release: Release) -> Iterator[Fault]:
        pull, commit = release["pull"], release["commit"]
        if pull["head"] != commit:
            why = f"Pull request {pull['number']} landed {pull['head'][:10]}, the release is {commit[:10]}."
            yield Fault("other-commit", at, "Its pull request is about another commit", why)
            return
        if pull["break_glass"]:
            yield from self._glass(at, pull, commit)
            return
        votes = [one for one in pull["approvals"] if one["valid"] and one["commit"] == commit]
        others = [one["person"] for one in votes if one["person"] != pull["author"]]
        fix = "Have somebody else approve the commit that lands."
        if not others:
            kind = "self-approval" if votes else "not-approved"
            why = f"{pull['author']} made it; approved by: {', '.join(v['person'] for v in votes) or 'nobody'}."
            yield Fault(kind, at, "It was not approved by another person than its author", why, fix)
        elif not self._recorded(Action.APPROVAL, others, commit):
            why = f"The trail has no accepted approval of {commit[:10]} by {' or '.join(others)}."
            yield Fault(
                "not-in-trail",
                at,
                "The audit trail does not know of its approval",
                why,
                "collect.forge(REPOSITORY), and export the trail again.",
            )

    def _glass(self, at: str, pull: Mapping[str, Any], commit: str) -> Iterator[Fault]:
        who, _, reason = str(pull["break_glass"]).partition(": ")
        if who == pull["author"] or not reason.strip():
            why = f"The glass was broken by {who or 'nobody'}, for the reason {reason!r}."
            yield Fault("self-approval", at, "Its author broke the glass, or nobody said why", why)
        elif not self._recorded(Action.BREAK_GLASS, [who], commit):
            why = f"The trail has no break-glass of {commit[:10]} by {who}."
            yield Fault("not-in-trail", at, "The audit trail does not know of the broken glass", why, _COLLECT)

    def _recorded(self, action: Action, actors: Sequence[str], commit: str) -> bool:
        if self.events is None:
            return True  # Why the trail cannot be read is a fault of its own.
        return any(
            entry.event.action == action
            and entry.event.decision == Decision.ACCEPTED
            and entry.event.actor in actors
            and isinstance(entry.event.subject, Subject)
            and entry.event.subject.digest == commit
            for entry in self.events
        )

    def _before(self, environment: str, place: int) -> list[Release]:
        """Return the releases to an environment before a place in the list."""
        return [one for one in self.record["releases"][:place] if one["environment"] == environment]

    def _rolled_back(self, at: str, place: int, release: Release) -> Iterator[Fault]:
        if release["kind"] != "rollback":
            return
        ran = [one["digest"] for one in self._before(release["environment"], place)]
        if release["digest"] not in ran[:-1] or release["digest"] == ran[-1]:
            why = f"{release['environment']} ran before: {', '.join(one[:19] for one in ran) or 'nothing'}."
            yield Fault("never-ran", at, f"It goes back to {release['digest'][:19]}, which did not run before", why)

    def _standing(self, name: str) -> Iterator[Fault]:
        listed = self.record["releases"]
        places = [place for place, one in enumerate(listed) if one["environment"] == name]
        said = self.record["current"].get(name)
        if not places or said is None:
            return  # _environments says so.
        at, last = f"{self.where}: current.{name}", listed[places[-1]]
        if said["digest"] != last["digest"]:
            why = f"The last release brought {last['digest'][:19]}."
            yield Fault("wrong-current", at, f"It says {said['digest'][:19]}", why, "Make the record again.")
            return
        yield from self._gated(f"{self.where}: releases.{places[-1]}", last)
        yield from self._came(at, places, last)
        yield from self._way_back(at, said, [listed[place] for place in places])

    def _gated(self, at: str, release: Release) -> Iterator[Fault]:
        report = release["pull"]["gates"]
        if report is None:
            yield Fault("not-gated", at, "What runs now passed no gate", next="Switch the gates on, and release again.")
            return
        bad = [one["name"] for one in report["gates"] if one["status"] != "passed"]
        asked = {one["name"] for one in report["gates"]}
        wanted = set(self.settings.gates) if self.settings is not None else set()
        if bad or not report["gates"] or report["status"] != "passed" or not report["passed"]:
            why = f"Not passed: {', '.join(bad) or 'the whole, which claims something else than its gates'}."
            yield Fault("not-gated", at, "What runs now did not pass the gates", why)
        elif report["commit"] != release["commit"]:
            why = f"They judged {report['commit'][:10]}, which is not {release['commit'][:10]}."
            yield Fault("not-gated", at, "The gates judged another commit", why)
        elif missing := sorted(wanted - asked):
            why = f"gates.yaml asks for {', '.join(missing)} as well."
            yield Fault("not-gated", at, "Not every gate was asked about what runs now", why, "Release again.")

    def _came(self, at: str, places: Sequence[int], last: Release) -> Iterator[Fault]:
        order = list(self.record["environments"])
        stage = order.index(last["environment"])
        before = [one["digest"] for one in self._before(last["environment"], places[-1])]
        if stage == 0 or (last["kind"] == "rollback" and last["digest"] in before):
            return
        previous = order[stage - 1]
        tried = self._before(previous, places[-1])
        # The first delivery brings every environment in one commit: there was nothing to promote from.
        first = len(places) == 1 and any(
            (one["commit"], one["digest"]) == (last["commit"], last["digest"])
            for one in self.record["releases"]
            if one["environment"] == previous
        )
        if not first and last["digest"] not in [one["digest"] for one in tried]:
            why = f"{previous} did not run {last['digest'][:19]} before."
            fix = f"Promote what runs in {previous}."
            yield Fault("skipped-stage", at, f"It was not tried in {previous}", why, fix)

    def _way_back(self, at: str, said: Mapping[str, Any], releases: Sequence[Release]) -> Iterator[Fault]:
        ran = [one["digest"] for one in releases]
        earlier = [one for one in ran if one != said["digest"]]
        back = said["rollback"]
        fit = [one for one in earlier if one not in abandoned(releases)]
        if back is None and not fit:
            return
        if back is None:
            yield Fault("no-way-back", at, "It names nothing to go back to", f"{fit[-1][:19]} ran before.")
        elif back not in earlier:
            why = f"Ran before: {', '.join(dict.fromkeys(one[:19] for one in earlier)) or 'nothing else'}."
            yield Fault("never-ran", at, f"It would go back to {back[:19]}, which was never promoted here", why)
        elif back in abandoned(releases):
            why = "A rollback took it out, and nobody brought it again."
            yield Fault("known-bad", at, f"It would go back to {back[:19]}, which was rolled back", why)


def abandoned(releases: Sequence[Release]) -> set[str]:
    """Return the digests of one environment that a rollback took out and that did not come again."""
    bad: set[str] = set()
    for before, after in pairwise(releases):
        bad.discard(after["digest"])
        if after["kind"] == "rollback":
            bad.add(before["digest"])
    return bad


def way_back(releases: Sequence[Release]) -> str | None:
    """Return the digest to go back to: the last other one that ran there and was not rolled back."""
    now, bad = releases[-1]["digest"], abandoned(releases)
    fit = [one["digest"] for one in releases if one["digest"] != now and one["digest"] not in bad]
    return str(fit[-1]) if fit else None

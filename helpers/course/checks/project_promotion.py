"""Checks of the project, notebook 03: one digest from dev to prod by approved changes, and the way back at night."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from helpers.clients.forge import Forge
from helpers.core import yaml_reader
from helpers.core.verdicts.checks import require
from helpers.course.checks import step
from helpers.course.checks.support import project as kit
from helpers.course.checks.support.project import DELIVERED, GATES, RECORD
from helpers.course.scenarios import training
from helpers.course.workspace import Workspace
from helpers.wrappers.git import Git

Release = Mapping[str, Any]
#: Gates that the project asks for at least.
_GATES = ("signature", "secrets")
_PLACES = ("promotion/", "pipeline/", "audit")


@step(
    "project",
    "promotion",
    hints=(
        "Who may approve what you propose, and what does the next environment get: a build, or a digest?",
        "Forge().create, a first commit with gates.yaml and trust/allowed_signers, then one pull request for each "
        "environment that sets its release file; collect.forge, Trail().export and contracts.promotion_record write "
        "what is handed over.",
        'pull = forge.open_pull("training", branch, title="Promote trainer 1.1.0 from dev to staging"); '
        'Forge("bela").approve("training", pull.number); forge.merge("training", pull.number)',
    ),
)
def promotion(lab: Workspace) -> str:
    """The new release came to dev, staging and prod, in this order, each by an approved change of its own."""
    record = kept(lab)
    git = kit.clone(lab)
    asks = Forge("ada").repository(training.REPOSITORY).policy.gates
    require(asks, f"the forge asks no gates before it lands a change of {training.REPOSITORY}")
    gated(yaml_reader.load(lab.read(f"{DELIVERED}/{GATES}"))["gates"])
    came = [arrived(record, name, training.image(training.NEW)) for name in training.ENVIRONMENTS]
    pulls = [release["pull"]["number"] for release in came]
    require(len(set(pulls)) == len(pulls), f"pull request {pulls[-1]} brought {training.NEW} to several environments")
    order = git.lines(["rev-list", "--reverse", "HEAD"])
    for before, after in itertools.pairwise(came):
        late = order.index(before["commit"]) < order.index(after["commit"])
        require(late, f"{training.NEW} came to {after['environment']} before it came to {before['environment']}")
    heads = [pull.head for pull in Forge("ada").pulls(training.REPOSITORY) if pull.state == "merged"]
    for release in came:
        approved(release)
        alone(touched(git, release["commit"], heads), release)
        ran = earlier(record, release)
        stable = training.image(training.STABLE)
        require(
            stable in ran, f"{release['environment']} never ran {training.STABLE}, so there is nothing to go back to"
        )
    return f"{training.NEW} went from dev over staging to prod by pull requests {', '.join(map(str, pulls))}"


def kept(lab: Workspace) -> dict[str, Any]:
    """Return the promotion record, which keeps the contract and is that of the repository.

    Raises:
        Unmet: it is not.
    """
    kit.delivered(lab, RECORD, GATES)
    kit.keeps(lab, *_PLACES, repository=kit.clone(lab).workdir)
    record = kit.data(lab, RECORD)
    said = (record["application"], record["repository"], tuple(record["environments"]))
    wanted = (training.APPLICATION, training.REPOSITORY, training.ENVIRONMENTS)
    require(
        said == wanted, f"{DELIVERED}/{RECORD} is about {said[0]} in {said[1]}, not about {wanted[0]} in {wanted[1]}"
    )
    return record


def arrived(record: Mapping[str, Any], environment: str, digest: str) -> Release:
    """Return the first release of a digest to an environment; raise `Unmet` when there is none."""
    listed: Sequence[Release] = record["releases"]
    found = [one for one in listed if (one["environment"], one["digest"]) == (environment, digest)]
    require(found, f"{DELIVERED}/{RECORD}: {environment} never got {training.NEW} ({digest[:19]})")
    return found[0]


def gated(gates: Sequence[str]) -> None:
    """Raise `Unmet` unless the gates that every repository has to ask are asked."""
    missing = [name for name in _GATES if name not in gates]
    require(not missing, f"{DELIVERED}/{GATES} does not ask the gate {' and '.join(missing)}")


def approved(release: Release) -> None:
    """Raise `Unmet` when a release came by a broken glass: that is for an emergency in which nobody can approve."""
    glass, number = release["pull"]["break_glass"], release["pull"]["number"]
    require(
        not glass, f"pull request {number} broke the glass on the way to {release['environment']}: nobody approved it"
    )


def touched(git: Git, commit: str, heads: Collection[str]) -> list[str]:
    """Return the files that a pull request changed, in all of its commits together.

    Args:
        commit: the one that landed. heads: those that landed by pull requests of this repository.
    """
    before = [one for one in git.lines(["rev-list", "--topo-order", commit]) if one in heads and one != commit]
    return git.lines(
        ["diff", "--name-only", "--no-renames", before[0], commit]
        if before
        else ["ls-tree", "-r", "--name-only", commit]
    )


def alone(touched: Sequence[str], release: Release) -> None:
    """Raise `Unmet` when a release changed more than what its environment runs."""
    own = f"apps/{training.APPLICATION}/overlays/{release['environment']}/release/"
    more = [path for path in touched if not path.startswith(own)]
    where = f"pull request {release['pull']['number']}, which brought {training.NEW} to {release['environment']}"
    require(not more, f"{where}, changes {', '.join(more[:3])} as well")


def earlier(record: Mapping[str, Any], release: Release) -> list[str]:
    """Return the digests that an environment ran before a release."""
    listed: list[Release] = record["releases"]
    before = listed[: listed.index(release)]
    return [str(one["digest"]) for one in before if one["environment"] == release["environment"]]


@step(
    "project",
    "rollback",
    hints=(
        "Which environment does the page name? What does main say that it runs?",
        "Set the release file of that one environment back to what ran there before, by a pull request whose title "
        "begins with Roll back; then collect the forge's decisions, export the trail and make the record again.",
        'land("Roll back trainer in " + brief.incident, {brief.incident: training.image("1.0.0")})',
    ),
)
def rollback(lab: Workspace) -> str:
    """The environment of the incident runs what was good there, by an approved change; the others were left alone."""
    asked, record = training.brief(), kept(lab)
    stable, new = training.image(training.STABLE), training.image(training.NEW)
    for name in training.ENVIRONMENTS:
        now = record["current"][name]["digest"]
        if name == asked.incident:
            require(now != new, f"{name} still runs {training.NEW}: no rollback was made")
            require(now == stable, f"{name} runs {now[:19]}, which is not {training.STABLE}")
        else:
            require(
                now == new, f"{name} does not run {training.NEW} any more; the incident is in {asked.incident} alone"
            )
    last = [one for one in record["releases"] if one["environment"] == asked.incident][-1]
    say = (
        f'pull request {last["pull"]["number"]} is a {last["kind"]}, not a rollback: its title begins with "Roll back"'
    )
    require(last["kind"] == "rollback", say)
    approved(last)
    return f"pull request {last['pull']['number']} took {training.NEW} out of {asked.incident}; the others still run it"

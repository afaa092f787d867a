"""Checks of notebook 04 of Lab 2: a release through the gates, its promotion, the way back, and a freeze.

They ask the forge who let a change in, Argo CD what runs, and `main` in which order it came.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.clients.argocd import ArgoError, ArgoNotFound, SyncRefused, TimedOut
from helpers.core import yaml_reader
from helpers.core.yaml_reader import InvalidYaml
from helpers.course.checks import Unmet, require, step
from helpers.course.checks.lab2_apps import SERVER, fenced
from helpers.course.checks.support import gitops as kit
from helpers.course.delivery import REPOSITORY, Platform
from helpers.course.workspace import Workspace
from helpers.wrappers.git import GitError
from helpers.wrappers.kustomize import Kustomize, KustomizeError

if TYPE_CHECKING:
    from helpers.clients.argocd.types import Application
    from helpers.clients.forge import PullRequest
    from helpers.wrappers.git import Git

NEW, BROKEN = "1.1.0", "1.2.0"
PROJECTS, FREEZE = "projects/kustomization.yaml", "projects/freeze/kustomization.yaml"
SPACE = "inference-{}"


@dataclass(frozen=True)
class Release:
    """One commit on ``main`` that set what an environment runs."""

    commit: str
    digest: str


@step(
    "lab2",
    "change",
    hints=(
        "Who may approve a change of yours? And what has to be looked at once it has landed?",
        'platform.release("1.1.0", "dev") opens the pull request; bela approves its number; you merge it; then wait '
        "until Argo CD calls inference-dev Synced and Healthy.",
        'pull = platform.release("1.1.0", "dev"), platform.forge("bela").approve("platform", pull.number), '
        'platform.forge("learner").merge("platform", pull.number), argo.wait("inference-dev")',
    ),
)
def change(lab: Workspace) -> str:
    """Release 1.1.0 came into dev by a signed, approved and gated pull request, and runs there."""
    world = kit.platform(lab)
    require(world.forge().repository(REPOSITORY).policy.gates, "the forge asks no gates: notebook 03 switches them on")
    digest = _digest(world, NEW)
    found = first(releases(world, "dev"), digest)
    require(found, f"no pull request released {NEW} to dev: main never had it there")
    assert found is not None
    pull = landed(world, found, f"{NEW} into dev")
    require(pull.gates is not None and pull.gates.passed, f"the gates did not pass for pull request {pull.number}")
    running(world, "dev", world.digest("dev"))
    return f"pull request {pull.number} released {NEW} to dev: signed, approved by another person, every gate passed"


@step(
    "lab2",
    "promote",
    hints=(
        "What exactly was tried in dev? What is the least that has to change, so that staging runs the very same?",
        'platform.promote("dev", to="staging", approve="bela", merge=True), wait for it, and the same from staging to '
        "prod. Production waits for a person: sync it.",
        'platform.promote("staging", to="prod", approve="bela", merge=True), '
        'argo.application("inference-prod", refresh="normal"), argo.sync("inference-prod"), argo.wait(...)',
    ),
)
def promote(lab: Workspace) -> str:
    """One digest went from dev over staging to prod, alone in its commits, and runs everywhere."""
    world = kit.platform(lab)
    digests = {environment: world.digest(environment) for environment in kit.ENVIRONMENTS}
    for environment in ("staging", "prod"):
        require(
            digests[environment] == digests["dev"],
            f"{environment} runs {named(world, digests[environment])}, dev runs {named(world, digests['dev'])}",
        )
    require(digests["prod"] == _digest(world, NEW), f"prod runs {named(world, digests['prod'])}, not {NEW}")
    came = {environment: _promoted(world, environment, digests["dev"]) for environment in kit.ENVIRONMENTS}
    git = world.clone()
    for before, after in itertools.pairwise(kit.ENVIRONMENTS):
        line = git.lines(["rev-list", came[after].commit])
        require(came[before].commit in line, f"{NEW} came into {after} before it came into {before}")
    for environment in kit.ENVIRONMENTS:
        running(world, environment, digests["dev"])
    return f"dev, staging and prod run one digest, {digests['dev'][:19]}, and Argo CD calls each Synced and Healthy"


def _promoted(world: Platform, environment: str, digest: str) -> Release:
    """Return how a digest came into an environment: by a pull request that changed nothing else.

    Raises:
        Unmet: it did not.
    """
    found = first(releases(world, environment), digest)
    require(found, f"main never said that {environment} runs {named(world, digest)}")
    assert found is not None
    landed(world, found, f"{named(world, digest)} into {environment}")
    touched = world.clone().lines(["diff-tree", "--no-commit-id", "--name-only", "-r", found.commit])
    more = sorted(set(touched) - {kit.release(environment)})
    require(not more, f"the commit that released {NEW} to {environment} changes {', '.join(more)} as well")
    return found


@step(
    "lab2",
    "rollback",
    hints=(
        "What does Git say that prod runs, right now? What will the next sync do, if that stays so?",
        'platform.rollback("prod", ...) reverts the last change of the release file; it needs an approval like any '
        "change, and production waits for your sync.",
        'platform.rollback("prod", approve="bela", merge=True), argo.application("inference-prod", refresh="normal"), '
        'argo.sync("inference-prod"), argo.wait("inference-prod")',
    ),
)
def rollback(lab: Workspace) -> str:
    """The broken release was in prod, a revert by pull request took it out, and prod is healthy again."""
    world = kit.platform(lab)
    known, bad = releases(world, "prod"), _digest(world, BROKEN)
    places = [place for place, one in enumerate(known) if one.digest == bad]
    require(places, f"no rollback was made: prod never ran {BROKEN}; run the cell that releases it")
    require(places[-1] < len(known) - 1, f"no rollback was made: main still says that prod runs {BROKEN}")
    before, back = known[places[-1] - 1], known[places[-1] + 1]
    require(
        back.digest == before.digest,
        f"after {BROKEN} prod got {named(world, back.digest)}; before, it ran {named(world, before.digest)}",
    )
    pull = landed(world, back, "the rollback")
    app = running(world, "prod", world.digest("prod"))
    order = [entry.revision for entry in app.history]
    require(back.commit in order, "Argo CD never deployed the rollback: sync inference-prod")
    return f"pull request {pull.number} took {BROKEN} out of prod, which runs {named(world, back.digest)} again"


@step(
    "lab2",
    "window",
    hints=(
        "Which application must nobody sync now, not even by hand? And which must go on as always?",
        f"The patch in {kit.ROOT}/{FREEZE} adds syncWindows under spec of the AppProject vision; freeze goes into the "
        "components of projects/kustomization.yaml, and out of them again; ada lands that second pull request.",
        'syncWindows: - {kind: deny, schedule: "* * * * *", duration: 1h, applications: [inference-prod]}; then '
        'platform.forge("ada").break_glass("platform", pull.number, "why, in a sentence")',
    ),
)
def window(lab: Workspace) -> str:
    """The freeze stops prod only, as Argo CD judges it; it was lifted by breaking the glass, and is over."""
    spec = frozen_project(lab)
    fenced(lab, spec)
    world = kit.platform(lab)
    stops(world, spec)
    pull = lifted(world)
    require(
        world.argocd.can_sync(SPACE.format("prod")), "Argo CD still refuses to sync inference-prod: lift the freeze"
    )
    running(world, "prod", world.digest("prod"))
    return f"the freeze stops prod and nothing else; pull request {pull.number} lifted it: {pull.break_glass}"


def frozen_project(lab: Workspace) -> dict[str, Any]:
    """Return the spec of the project vision with the learner's freeze switched on, rendered in a copy.

    Raises:
        Unmet: there is no freeze, or it cannot be rendered.
    """
    kit.manifest(lab, FREEZE, "Component")
    with kit.copied(lab) as root:
        file = root / PROJECTS
        content = yaml_reader.load(file.read_text()) or {}
        content["components"] = list(dict.fromkeys([*(content.get("components") or []), "freeze"]))
        file.write_text(yaml_reader.dump(content))
        try:
            found = Kustomize(root).build("projects")
        except KustomizeError as error:
            said = " ".join(error.why.split())
            raise Unmet(f"{kit.ROOT}/{FREEZE}: {error.what}. {said}"[:600]) from None
    spec = kit.one(found, "AppProject", "vision")["spec"]
    require(spec.get("syncWindows"), f"{kit.ROOT}/{FREEZE} adds no sync window to the project vision")
    return dict(spec)


def stops(world: Platform, spec: Mapping[str, Any], held: Sequence[str] = ("prod",)) -> None:
    """Raise `Unmet` unless Argo CD, given these windows, refuses to sync the environments *held*, and no other."""
    with _rehearsed(world, spec) as names:
        for environment, name in names.items():
            free = world.argocd.can_sync(name)
            if environment not in held:
                require(free, f"{kit.ROOT}/{FREEZE}: the freeze stops inference-{environment} as well")
                continue
            why = "is kind deny, is it open now, does it name the application, and is manualSync off?"
            require(not free, f"{kit.ROOT}/{FREEZE}: Argo CD lets a person sync inference-{environment}: {why}")
            try:
                world.argocd.sync(name, dry_run=True)
            except SyncRefused:
                continue
            raise Unmet(f"{kit.ROOT}/{FREEZE}: Argo CD syncs inference-{environment} during the freeze")


@contextlib.contextmanager
def _rehearsed(world: Platform, spec: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Give throw-away applications of a throw-away project with the same windows; they are never synced."""
    project, url, argo = "check-freeze", world.forge().url(REPOSITORY), world.argocd
    windows = [
        {**one, "applications": [f"{project}-{name}" for name in one.get("applications") or ()]}
        for one in spec["syncWindows"]
    ]
    names = {environment: f"{project}-{SPACE.format(environment)}" for environment in kit.ENVIRONMENTS}
    try:
        argo.apply(_manifest("AppProject", project, {**spec, "sourceRepos": [url], "syncWindows": windows}))
        for environment, name in names.items():
            source = {"repoURL": url, "path": f"{kit.OVERLAYS}/{environment}", "targetRevision": "main"}
            target = {"server": SERVER, "namespace": SPACE.format(environment)}
            argo.apply(_manifest("Application", name, {"project": project, "source": source, "destination": target}))
        yield names
    except ArgoError as error:
        said = f"{error.what}. {' '.join(error.why.split())}"
        raise Unmet(f"{kit.ROOT}/{FREEZE}: Argo CD does not take it: {said}"[:600]) from None
    finally:
        for name in names.values():
            with contextlib.suppress(ArgoError):
                argo.delete(name, cascade=False)
        with contextlib.suppress(ArgoError):
            argo.delete_project(project)


def _manifest(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    meta = {"name": name, "namespace": "argocd"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": meta, "spec": dict(spec)}


def lifted(world: Platform) -> PullRequest:
    """Return the pull request that lifted the freeze in an emergency.

    Raises:
        Unmet: there was no freeze, it is still on, or it ended some other way.
    """
    git = world.clone()
    commits = git.lines(["log", "--format=%H", "--reverse", "--", PROJECTS])
    on = [commit for commit in commits if _frozen(git, commit)]
    require(
        on, f"main never had the freeze: list it among the components of {kit.ROOT}/{PROJECTS}, and deliver projects"
    )
    require(
        not _frozen(git, "HEAD"), f"main still has the freeze: take it out of {kit.ROOT}/{PROJECTS}, deliver projects"
    )
    kit.merged(world, [FREEZE])
    ends = [commit for commit in commits if not _frozen(git, commit) and _frozen(git, f"{commit}^")]
    pulls = [pull for pull in world.forge().pulls(REPOSITORY) if pull.state == "merged" and pull.head in ends]
    glass = [pull for pull in pulls if pull.break_glass]
    require(
        glass, "the freeze was lifted, but not by breaking the glass: ada does that for a pull request not approved"
    )
    pull = glass[-1]
    who, _, reason = pull.break_glass.partition(": ")
    require(len(reason.split()) >= 4, f"{who} broke the glass with the reason {reason!r}: that is not a sentence")
    return pull


def _frozen(git: Git, commit: str) -> bool:
    """Does a commit have the freeze switched on?"""
    try:
        content = yaml_reader.load(git.show(commit, PROJECTS))
    except (GitError, InvalidYaml):
        return False
    listed = content.get("components") if isinstance(content, dict) else ()
    return any(str(one).strip("./") == "freeze" for one in listed or ())


def releases(world: Platform, environment: str) -> tuple[Release, ...]:
    """Return every commit on ``main`` that set what an environment runs, oldest first."""
    git, path = world.clone(), kit.release(environment)
    found: list[Release] = []
    for commit in git.lines(["log", "--format=%H", "--reverse", "--", path]):
        try:
            digest = str(yaml_reader.load(git.show(commit, path))["images"][0]["digest"])
        except (GitError, InvalidYaml, KeyError, IndexError, TypeError):
            continue
        found.append(Release(commit, digest))
    return tuple(found)


def first(known: Sequence[Release], digest: str) -> Release | None:
    """Return the release that brought a digest; None when none did."""
    return next((one for one in known if one.digest == digest), None)


def landed(world: Platform, release: Release, what: str) -> PullRequest:
    """Return the pull request that landed a commit, signed, and approved by somebody else.

    Raises:
        Unmet: there is none such.
    """
    pulls = world.forge().pulls(REPOSITORY)
    pull = next((one for one in pulls if one.state == "merged" and one.head == release.commit), None)
    require(pull, f"no pull request released {what}: commit {release.commit[:10]} came another way")
    assert pull is not None
    others = [vote.person for vote in pull.approvals if vote.valid and vote.person != pull.author]
    require(others, f"pull request {pull.number} released {what} without an approval by another person")
    check = world.clone().verify_commit(release.commit)
    require(check, f"the commit of pull request {pull.number} has no trusted signature ({check.status})")
    return pull


def running(world: Platform, environment: str, digest: str) -> Application:
    """Return the application of an environment, which Argo CD calls Synced and Healthy on that digest.

    Raises:
        Unmet: Argo CD says something else.
    """
    name, argo = SPACE.format(environment), world.argocd
    try:
        argo.application(name, refresh="normal")
        app = argo.wait(name, timeout=60)
    except ArgoNotFound:
        raise Unmet(f"Argo CD has no Application {name}: notebook 02 comes first") from None
    except TimedOut as error:
        now = error.application or argo.application(name)
        why = " ".join(error.why.split())[:300]
        raise Unmet(f"Argo CD calls {name} {now.sync} and {now.health}, not Synced and Healthy. {why}") from None
    require(
        any(image.endswith(digest) for image in app.images),
        f"{name} runs {', '.join(app.images) or 'no image'}, not {digest[:19]}",
    )
    return app


def named(world: Platform, digest: str) -> str:
    """Return the version of a digest, or its beginning."""
    return next((v for v in ("1.0.0", NEW, BROKEN, "6.6.6") if _digest(world, v) == digest), digest[:19])


def _digest(world: Platform, version: str) -> str:
    return world.image(version).partition("@")[2]

"""Hidden tests of the project, notebook 03: the forge itself is asked, and a change that nobody approved is tried."""

from __future__ import annotations

import uuid

from helpers.clients.forge import Forge, MergeRefused
from helpers.course.checks import require
from helpers.course.checks.project_promotion import kept
from helpers.course.checks.support import project as kit
from helpers.course.scenarios import training
from helpers.course.workspace import Workspace


def promotion(lab: Workspace) -> None:
    """The record has as many releases as main, and the forge lands nothing that nobody approved."""
    record = kept(lab)
    merged = {pull.head for pull in Forge("ada").pulls(training.REPOSITORY) if pull.state == "merged"}
    require({one["commit"] for one in record["releases"]} <= merged, "a release is not a pull request of the forge")
    git, branch = kit.clone(lab), f"check-{uuid.uuid4().hex[:8]}"
    git.switch(branch, create=True)
    (git.workdir / "NOTES.md").write_text(f"{branch}\n")
    git.add(all=True)
    git.commit("Try to land without an approval")
    git.push("origin", branch)
    pull = Forge("ada").open_pull(training.REPOSITORY, branch, title="Try to land without an approval")
    try:
        Forge("ada").merge(training.REPOSITORY, pull.number)
    except MergeRefused:
        return
    raise AssertionError("the forge lands a change that nobody approved")


def rollback(lab: Workspace) -> None:
    """What to go back to now is known in each environment that has a way back."""
    record, asked = kept(lab), training.brief()
    for name in training.ENVIRONMENTS:
        back = record["current"][name]["rollback"]
        if name == asked.incident:
            require(back != training.image(training.NEW), f"{name} would go back to what was taken out of it")
        else:
            require(back == training.image(training.STABLE), f"{name} would go back to {back}")

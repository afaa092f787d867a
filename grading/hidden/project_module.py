"""Hidden tests of the project, notebook 01: other jobs on both sides of the lines, and where the token ends up."""

from __future__ import annotations

from pathlib import Path

from helpers.course.checks import require
from helpers.course.checks.project_module import TOKEN, judged, opened
from helpers.course.checks.support import project as kit
from helpers.course.checks.support.module_probes import Probe, ask, learners_fault
from helpers.course.checks.support.project import CONTRACT, DELIVERED, PACKAGE, Case
from helpers.course.checks.support.terraform_runs import one_provider, terraform
from helpers.course.scenarios import training
from helpers.course.workspace import Workspace
from helpers.wrappers.module_interface import read


def module(lab: Workspace) -> None:
    """The package is not only text: it reads as a module with a network, a bucket, GPUs and a token."""
    with opened(lab) as folder:
        made = declared(folder)
    kinds = ("platform_network", "platform_artifact_bucket", "platform_gpu_pool", "platform_secret")
    missing = [kind for kind in kinds if kind not in made]
    require(not missing, f"{DELIVERED}/{PACKAGE} makes no {', '.join(missing)}")


def declared(folder: Path) -> set[str]:
    """Return the kinds of resources that a module and the modules in it declare; words in a comment make nothing."""
    rooms = {path.parent for pattern in ("*.tf", "*.tf.json") for path in folder.rglob(pattern)}
    own = [room for room in rooms if "examples" not in room.relative_to(folder).parts]
    return {one.type for room in own for one in read(room).resources if one.mode == "managed"}


def contract(lab: Workspace) -> None:
    """Jobs that the learner has not seen are answered rightly, and the token is in no state."""
    asked, said = training.brief(), kit.data(lab, CONTRACT)
    more = (
        Case("a job with 2 nodes in dev", {"gpu": {"nodes": 2}, "environment": "dev"}),
        Case(f"a job with {asked.nodes - 1} nodes", {"gpu": {"nodes": asked.nodes - 1, "kind": asked.scarce}}),
        Case(f"a job with {asked.nodes + 7} nodes in dev", {"gpu": {"nodes": asked.nodes + 7}}, "spec.gpu.nodes"),
        Case("a job of another cost centre", {"costCentre": "cc-9999"}),
    )
    judged(lab, asked, said, more)
    job = training.job(asked, gpu={"kind": "l4", "nodes": 1})
    with opened(lab) as folder, one_provider(), learners_fault(f"{DELIVERED}/{PACKAGE}"):
        terraform(folder).init()
        probe = Probe("applied", kit.inputs(said, job, TOKEN), apply=True)
        found = ask(folder, [probe], {}, mock={}, details=True)
    require(not found.failed(), "the module does not apply with a job that the brief allows")
    require(TOKEN not in repr(found.states["applied"]) + repr(found.outputs["applied"]), "the token is in the state")

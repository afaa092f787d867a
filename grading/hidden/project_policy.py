"""Hidden tests of the project, notebook 02: other jobs, over two lines at once, or just under one."""

from __future__ import annotations

from helpers.course.checks.project_policy import judged
from helpers.course.checks.support.project import Case
from helpers.course.scenarios import training
from helpers.course.workspace import Workspace


def policy(lab: Workspace) -> None:
    """The rules hold for jobs that nobody showed."""
    asked = training.brief()
    large, plain = {"gpu": {"kind": asked.scarce, "nodes": asked.nodes}}, {"gpu": {"kind": "l4"}}
    more = (
        Case("a job in dev that names no GPU", {"environment": "dev"}),
        Case("a job in prod with all that the brief has", large),
        Case("a job in dev with all that the brief has", {**large, "environment": "dev"}, "two lines"),
        Case("a job of somebody else at acme.test", {**plain, "owner": "on-call.2@acme.test"}),
        Case("a job of an owner at notacme.test", {**plain, "owner": "ada@notacme.test"}, "owner"),
        Case("a job with an empty data class", {**plain, "labels": {"data-class": ""}}, "data class"),
        Case("a job with more labels", {**plain, "labels": {"data-class": "internal", "run": "nightly"}}),
    )
    judged(lab, more)

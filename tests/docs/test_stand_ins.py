"""Where a program of the course plays another one, one cell says what it is, what the real one does more, and the way.

README says so for each of them; here the cells are named, and what each must say.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

from helpers.core.paths import ROOT
from helpers.runtime.services.catalog import DECLARATIONS


@dataclass(frozen=True)
class StandIn:
    """A service of ours that plays a product: where that is said, who it plays, what that does more, how to swap.

    Attributes:
        service: its name in the catalogue, or a part of that service.
        says, more, swap: words of the cell.
        readme: words of README.
    """

    service: str
    notebook: str
    cell: str
    says: str
    more: str
    swap: str
    readme: str


STAND_INS = (
    StandIn(
        "kubernetes",
        "notebooks/unit3/02-tenants.ipynb",
        "md-the-object-exists-and-nothing",
        "simulated by *kwok*",
        "container runtime, a CNI plugin and a GPU driver would do is missing",
        "To swap them in, join a real node",
        "nodes and pods are simulated by kwok",
    ),
    StandIn(
        "git",
        "notebooks/unit3/03-change-approval.ipynb",
        "md-the-git-server-stands-in",
        "the course's own program",
        "poorer in many",
        "To swap one in: push the repository there",
        "the Git forge",
    ),
    StandIn(
        "flux",
        "notebooks/unit3/04-argo-and-flux.ipynb",
        "md-one-thing-must-be-said",
        "The course's small program stands in for it",
        "The real source-controller does more",
        "To swap it in, install it",
        "Flux's source-controller",
    ),
    StandIn(
        "secret-sync",
        "source/lab2-gitops/06-secrets.ipynb",
        "stand-in",
        "A small controller of the course stands in",
        "The real one does more",
        "To swap it in: install its chart",
        "the External Secrets Operator",
    ),
    StandIn(
        "image-admission",
        "notebooks/unit4/01-image-and-signature-verification.ipynb",
        "md-three-holes-each-open-because",
        "stands in: it is the course's own",
        "Those do more",
        "To swap one in: install its chart",
        "the admission of images",
    ),
    StandIn(
        "cloud",
        "notebooks/00-welcome.ipynb",
        "md-change-something-put-batch-into",
        "The cloud is an *emulator*",
        "it is laxer than AWS",
        "set `MOD208_CLOUD_URL=real`",
        "cloud is an emulator (moto)",
    ),
)
#: Services of ours that play no other product: they are what a company would write, or store what others made.
OWN = {"oci": "a front of the registry's own program", "registry": "speaks Terraform's protocol", "audit": "is a log"}


def cells(notebook: str) -> dict[str, str]:
    """Return the text of a notebook's Markdown cells, without line breaks, by their ids."""
    found = json.loads((ROOT / notebook).read_text(encoding="utf-8"))["cells"]
    return {c["id"]: " ".join("".join(c["source"]).split()) for c in found if c["cell_type"] == "markdown"}


@pytest.mark.parametrize("one", STAND_INS, ids=lambda one: one.service)
def test_its_cell_says_what_it_is_and_what_the_real_one_is(one: StandIn) -> None:
    text = cells(one.notebook)[one.cell]
    for words in (one.says, one.more, one.swap):
        assert words in text


def test_readme_names_each() -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert not [one.service for one in STAND_INS if one.readme not in readme]


def test_no_service_of_ours_plays_a_product_unsaid() -> None:
    ours = {name for name, place in DECLARATIONS.items() if place.startswith("helpers.servers.")}
    assert ours == {one.service for one in STAND_INS if one.service != "kubernetes"} | set(OWN)


def test_a_table_compares_the_approvals_with_those_of_others() -> None:
    (forge,) = (one for one in STAND_INS if one.service == "git")
    text = cells(forge.notebook)[forge.cell]
    head = re.search(r"\| \| this Git server \|(.*?)\|---", text)
    assert head and [name.strip() for name in head[1].split("|")[:3]] == ["GitHub", "GitLab", "gittuf"]

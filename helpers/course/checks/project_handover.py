"""Checks of the project, notebook 04: the pack for the auditor, and the whole handover as an operator takes it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from helpers.clients.kubernetes import KubernetesError
from helpers.compliance import contracts
from helpers.core import identity, yaml_reader
from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks import step
from helpers.course.checks.lab3_pack import private, verified
from helpers.course.checks.project_module import admitted
from helpers.course.checks.project_policy import denied
from helpers.course.checks.support import project as kit
from helpers.course.checks.support.project import BUNDLE, CONTRACT, DELIVERED, KEYS, PACKAGE, RECORD
from helpers.course.scenarios import training
from helpers.course.workspace import Workspace

PACK, GAPS, PAGE = "handover/pack", "handover/gaps.yaml", "handover/ONBOARDING.md"
#: No gap may stay open longer than this.
LONGEST = dt.timedelta(days=366)
#: A fenced block of YAML, as Markdown has it: three backticks or tildes, and as many at its end.
_BLOCK = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[ \t]*ya?ml\b[^\n]*\n(?P<text>.*?)^ {0,3}(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_FIELDS = ("control", "owner", "until", "plan")


@step(
    "project",
    "pack",
    hints=(
        "What did you sign that an auditor would want to hold, and which control has nothing to show for itself yet?",
        "EvidencePack(...).add(file, signature=).seal(Trail(), key=, password=); evidence.verify says which controls "
        "have a gap; handover/gaps.yaml names an owner, a day and a plan for each of them.",
        "- {control: CC7.2, owner: vision@acme.test, until: 2027-03-01, plan: run the drift job of Lab 2 each morning}",
    ),
)
def pack(lab: Workspace) -> str:
    """MOD-209 takes the pack; it holds what was signed; each of its gaps has an owner, a day and a plan."""
    require(lab.path(PACK).is_dir(), f"{PACK} does not exist")
    require(not private(lab), f"{', '.join(private(lab))} holds a private key: never hand one over")
    found = contracts.validate(lab.path(PACK), keys=lab.path(KEYS), contract="mod-209")
    require(found, f"{PACK}: " + " | ".join(f"{one.where}: {one.what} {one.why}" for one in found.faults[:3])[:500])
    held = {hashlib.sha256(file.read_bytes()).hexdigest() for file in lab.path(f"{PACK}/artifacts").iterdir()}
    for path in (PACKAGE, BUNDLE):
        file = lab.path(f"{DELIVERED}/{path}")
        there = file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() in held
        require(there, f"{PACK} does not hold {DELIVERED}/{path} as it is now")
    said = verified(lab.path(PACK), lab.path(KEYS))
    open_ = {one["id"] for one in said["controls"] if one["gaps"]}
    named = gaps(lab)
    missing, invented = sorted(open_ - set(named)), sorted(set(named) - open_)
    require(not missing, f"{GAPS} does not name {', '.join(missing)}, which the pack does not answer")
    require(not invented, f"{GAPS} names {', '.join(invented)}, which has no gap in the pack")
    return f"{len(said['controls'])} controls, verified elsewhere; {len(named)} gaps have an owner and a day"


def gaps(lab: Workspace) -> dict[str, Mapping[str, Any]]:
    """Return control -> what is planned for its gap; raise `Unmet` when a plan says nothing."""
    try:
        listed = yaml_reader.load(lab.read(GAPS)) or []
    except yaml_reader.InvalidYaml as error:
        raise Unmet(f"{GAPS} is not YAML: {' '.join(str(error).split())[:200]}") from None
    whole = isinstance(listed, list) and all(isinstance(one, Mapping) and set(one) == set(_FIELDS) for one in listed)
    require(whole, f"{GAPS} is a list; each entry has {', '.join(_FIELDS)}")
    # Graded a month later, a plan for next week was a plan. A cell that is run again counts from today.
    begins, today = identity.handed_in(), dt.datetime.now(dt.UTC).date()
    for one in listed:
        name, until = one["control"], _day(one["until"])
        require(until is not None, f"{GAPS}: {name}: until is {one['until']}, not a day")
        assert until is not None
        require(begins <= until <= today + LONGEST, f"{GAPS}: {name}: until {until} is over, or more than a year away")
        require(str(one["owner"]).endswith("@acme.test"), f"{GAPS}: {name}: nobody at acme.test owns it")
        require(len(str(one["plan"]).split()) >= 5, f"{GAPS}: {name}: the plan says next to nothing")
    return {str(one["control"]): one for one in listed}


def _day(said: object) -> dt.date | None:
    """Return the day that a plan names, with or without quotes; None when it names none."""
    if isinstance(said, dt.date):
        return said.date() if isinstance(said, dt.datetime) else said
    try:
        return dt.date.fromisoformat(str(said))
    except ValueError:
        return None


@step(
    "project",
    "handover",
    hints=(
        "What does an operator do with your files, in which order? What would make it stop?",
        "course contract validate deliverables --keys handover/keys --repository CLONE says what is left; then write "
        "the page for the team's first job: one that runs, and one that is refused, each as a block of yaml.",
        "Put training.job(brief) as YAML into a fenced block of handover/ONBOARDING.md, and below it the same with one "
        "node too many in dev; say why it is refused, and whom to ask.",
    ),
)
def handover(lab: Workspace) -> str:
    """The whole keeps the contract; an operator runs the page's first job, and refuses the second."""
    kit.delivered(lab, BUNDLE, CONTRACT, PACKAGE, RECORD)
    found = kit.keeps(lab, repository=kit.clone(lab).workdir)
    require(found, f"the contract says {found.status}")
    runs, refused = page(lab)
    image = consumed(lab, runs)
    require(not isinstance(image, Refused), f"{PAGE}: the first job does not run: {image}")
    other = consumed(lab, refused)
    require(isinstance(other, Refused), f"{PAGE}: the second job is not refused by anything")
    return f"an operator runs the page's job with {image}, and refuses the other: {other}"[:300]


class Refused(str):
    """Why an operator does not run a job."""

    __slots__ = ()


def page(lab: Workspace) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two jobs of the page for newcomers; raise `Unmet` when it does not have them."""
    text = lab.read(PAGE)
    require(text, f"{PAGE} does not exist")
    blocks = [found["text"] for found in _BLOCK.finditer(text)]
    require(len(blocks) == 2, f"{PAGE} has {len(blocks)} blocks of yaml: one job that runs, one that is refused")
    # The owner of an example answers for the example.
    require("@acme.test" in _BLOCK.sub("", text), f"{PAGE} does not say whom to ask")
    jobs = []
    for number, block in enumerate(blocks, 1):
        try:
            job = yaml_reader.load(block)
        except yaml_reader.InvalidYaml as error:
            raise Unmet(f"{PAGE}: block {number} is not YAML: {' '.join(str(error).split())[:200]}") from None
        kind = job.get("kind") if isinstance(job, dict) else None
        require(kind == training.CRD["kind"], f"{PAGE}: block {number} is not a TrainingJob")
        jobs.append(job)
    return jobs[0], jobs[1]


def consumed(lab: Workspace, job: Mapping[str, Any]) -> str | Refused:
    """Do what an operator does with a job: return the digest that it would run, or why it refuses."""
    try:
        given = admitted(training.serve(), job)
    except KubernetesError as error:
        return Refused(f"the API server: {' '.join(error.why.split())[:200]}")
    (said,) = denied(lab, [given])
    if said:
        return Refused(f"the policy: {'; '.join(said)}")
    for field, reason in kit.refusals(kit.data(lab, CONTRACT), given):
        return Refused(f"the contract: {field}: {reason}")
    environment = given["spec"]["environment"]
    return str(kit.data(lab, RECORD)["current"][environment]["digest"])

"""Checks of Lab 3, notebook 04: a gate that asks for evidence, and an API server that asks for a signature."""

from __future__ import annotations

import contextlib
import copy
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.clients.image_admission.client import LABEL
from helpers.clients.kubernetes import AdmissionRefused, Cluster
from helpers.core import yaml_reader
from helpers.core.yaml_reader import InvalidYaml
from helpers.course.checks import Unmet, require, step
from helpers.course.checks.support.rego import learners_rego, require_noticed, without_id, without_rule
from helpers.course.checks.support.terraform_runs import each
from helpers.course.scenarios import story
from helpers.course.workspace import Workspace
from helpers.runtime import services
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.cosign import BadKeyring, BadSigners, Cosign, Keyring, SignerPolicy
from helpers.wrappers.policy import PolicyError, PolicyReport
from helpers.wrappers.rego_rules import rules_in

POLICY, TESTS, DATA, NAMESPACE = "gate/evidence.rego", "gate/evidence_test.rego", "gate/data", "cluster/namespace.yaml"
#: What notebooks 02 and 03 leave in the workspace, and the gate asks.
KEYRING, SIGNERS = "signing/keyring.yaml", "signing/signers.yaml"
PARTS, LISTS = "sbom/policy/parts.rego", "sbom/policy/data/parts.yaml"
NOTHING_CHECKED = f"{POLICY}: no rule was evaluated: it needs deny in package main"
BUILDER = "https://ci.acme.test/pipeline"
#: What the verifiers say of an artifact that may go to production.
GOOD: Mapping[str, Any] = {
    "artifact": {"name": "gpu-workspace-1.0.0.tar.gz", "digest": "ab" * 32},
    "signature": {"status": "verified", "signer": "release", "why": ""},
    "sbom": {"status": "verified", "signer": "release", "why": "", "components": 3},
    "provenance": {"status": "verified", "signer": BUILDER, "why": "", "builder": BUILDER},
    "keyring": {"status": "verified", "why": ""},
    "identity": {"status": "verified", "signer": "spiffe://acme.test/pipeline/modules", "why": ""},
    "policy": {"status": "verified", "why": ""},
    "trail": {
        "status": "verified",
        "why": "",
        "planned_by": ["learner"],
        "approved_by": ["bela"],
        "refused_by": [],
        "unfinished": [],
    },
}
#: Leaves a part out.
_GONE = object()


@dataclass(frozen=True)
class Case:
    """Facts with one thing wrong. *rule* is the id that the message must carry."""

    rule: str
    about: str
    path: tuple[str, ...]
    value: Any

    @property
    def facts(self) -> dict[str, Any]:
        """The facts."""
        made: dict[str, Any] = copy.deepcopy(dict(GOOD))
        *way, last = self.path
        place = made
        for name in way:
            place = place[name]
        if self.value is _GONE:
            del place[last]
        else:
            place[last] = self.value
        return made


def _part(rule: str, part: str, name: str) -> list[Case]:
    """The ways in which a verified part can be none."""
    return [
        Case(rule, f"{name} that was refused", (part, "status"), "refused"),
        Case(rule, f"{name} that could not be verified", (part, "status"), "unknown"),
        # A word of tomorrow: what is not said to be good is not good.
        Case(rule, f"{name} in a state that nobody knows", (part, "status"), "expired"),
        Case(rule, f"{name} of which no state is known", (part, "status"), _GONE),
        Case(rule, f"no {name.partition(' ')[2]} at all", (part,), _GONE),
    ]


CASES = (
    *_part("EVD-1", "signature", "a signature"),
    Case("EVD-1", "a signature by somebody who may not sign releases", ("signature", "signer"), "mallory"),
    *_part("EVD-2", "sbom", "an SBOM"),
    Case("EVD-2", "an SBOM that lists nothing", ("sbom", "components"), 0),
    Case("EVD-2", "an SBOM of which nobody knows what it lists", ("sbom", "components"), _GONE),
    Case("EVD-2", "an SBOM by somebody who may not sign releases", ("sbom", "signer"), "mallory"),
    *_part("EVD-3", "provenance", "a provenance"),
    Case("EVD-3", "provenance of a laptop", ("provenance", "builder"), "https://laptop.test/ada"),
    Case(
        "EVD-3", "provenance of a builder whose name begins alike", ("provenance", "builder"), f"{BUILDER}-of-mallory"
    ),
    Case("EVD-3", "provenance that the release key states itself", ("provenance", "signer"), "release"),
    *_part("EVD-4", "trail", "a trail"),
    Case("EVD-4", "an apply that began and never ended", ("trail", "unfinished"), ["entry 7: an apply by ada"]),
    Case("EVD-4", "facts that do not say what is unfinished", ("trail", "unfinished"), _GONE),
    Case("EVD-5", "nobody's approval", ("trail", "approved_by"), []),
    Case("EVD-5", "the author's own approval", ("trail", "approved_by"), ["learner"]),
    Case("EVD-6", "somebody's no beside a yes", ("trail", "refused_by"), ["cleo"]),
    Case("EVD-6", "facts that do not say whether anybody refused", ("trail", "refused_by"), _GONE),
    *_part("EVD-7", "keyring", "a key"),
    *_part("EVD-8", "identity", "an identity"),
    *_part("EVD-9", "policy", "a bill of materials"),
)
#: Whom another team trusts, and the good facts there: the lists are data, not words of the policy.
ELSEWHERE = {"trusted": {"signers": ["releases-of-speech"], "builders": ["https://ci.speech.test/build"]}}


def chain(lab: Workspace, *, known_as: str, exceptions: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:
    """Return whom `evidence.facts` asks besides: what the learner made in notebooks 02 and 03.

    What is not made yet is left out, and so is unknown to the gate.

    Args:
        known_as: what the signer rules call the artifact. exceptions: more than the learner's list of parts has.
    """
    found: dict[str, Any] = {}
    if lab.path(KEYRING).is_file() and lab.path(SIGNERS).is_file():
        home = Cosign(lab.private())
        issuers = {"people": home.sigstore.people, "workloads": home.sigstore.workloads}
        with contextlib.suppress(BadKeyring, BadSigners):
            found = {
                "keyring": Keyring.read(lab.path(KEYRING)),
                "rules": SignerPolicy.read(lab.path(SIGNERS), issuers=issuers),
                "known_as": known_as,
                "roots": home.trusted_root("roots.json"),
            }
    if lab.path(PARTS).is_file() and lab.path(LISTS).is_file():
        found["policy"] = lambda bill: _parts(lab, bill, exceptions)
    return found


def _parts(lab: Workspace, bill: Mapping[str, Any], exceptions: Sequence[Mapping[str, str]]) -> PolicyReport:
    """Judge a bill of materials by the learner's policy over parts, with some exceptions more."""
    try:
        lists = yaml_reader.load(lab.read(LISTS))
        lists["parts"]["exceptions"] = [*lists["parts"]["exceptions"], *exceptions]
    except (KeyError, TypeError, InvalidYaml) as error:
        why = str(error) if isinstance(error, InvalidYaml) else "It has no list parts.exceptions."
        raise PolicyError(f"{LISTS} is not a list of parts", why=why, next="Run the cell that writes it.") from None
    with tempfile.TemporaryDirectory(prefix="mod208-check-") as aside:
        data = Path(aside) / "parts.json"
        data.write_text(json.dumps(lists))
        asked = Path(PARTS).parent
        return Conftest(lab.work).test(document=bill, filename="sbom.json", policies=(str(asked),), data=(data,))


def judge(lab: Workspace, facts: Mapping[str, Any], data: Path | None = None) -> PolicyReport:
    """Judge facts by the learner's policy, with the learner's lists or with *data*."""
    with learners_rego(NOTHING_CHECKED):
        used = DATA if data is None else data
        return Conftest(lab.work).test(document=facts, filename="facts.json", policies=("gate",), data=(used,))


def by_the_lists(lab: Workspace) -> None:
    """Raise `Unmet` unless whom the policy trusts is what the lists say, whoever that is."""
    theirs = copy.deepcopy(dict(GOOD))
    theirs["signature"]["signer"] = theirs["sbom"]["signer"] = ELSEWHERE["trusted"]["signers"][0]
    theirs["provenance"]["signer"] = theirs["provenance"]["builder"] = ELSEWHERE["trusted"]["builders"][0]
    with tempfile.TemporaryDirectory(prefix="mod208-check-") as aside:
        lists = Path(aside) / "trusted.json"
        lists.write_text(json.dumps(ELSEWHERE))
        said = "; ".join(found.msg for found in judge(lab, theirs, lists).failures)
        require(not said, f"{POLICY}: with other names in data.trusted it refuses what they signed and built: {said}")
        ours = [found.msg for found in judge(lab, GOOD, lists).failures]
        for rule in ("EVD-1", "EVD-2", "EVD-3"):
            require(any(rule in msg for msg in ours), f"{POLICY}: {rule} trusts somebody who is not in data.trusted")


@step(
    "lab3",
    "gate",
    unaided=True,
    reads=("gate",),
    hints=(
        "What does your rule say of facts in which the SBOM is not even mentioned? An undefined value refuses nothing.",
        "Write what must hold as a rule of its own (signed if {...}, known if {...}), and refuse when it does not: "
        '`deny contains "EVD-1 ..." if not signed`. So a missing part is refused: `not` of undefined is true.',
    ),
)
def gate(lab: Workspace) -> str:
    """Whatever is missing, refused or unknown is refused by its own rule; the tests hold every rule."""
    require(lab.path(POLICY).is_file(), f"{POLICY} does not exist: run the cell that writes it")
    report = judge(lab, GOOD)
    objections = "; ".join(found.msg for found in report.failures)
    require(report.passed, f"{POLICY} refuses an artifact with all its evidence: {objections}")
    each(lambda case: refused(lab, case), CASES)
    by_the_lists(lab)
    count = held(lab)
    return f"{len(CASES)} ways to lack evidence are refused, each by its rule, and the tests hold {count} rules"


def refused(lab: Workspace, case: Case) -> None:
    """Raise `Unmet` unless the policy refuses a case, with its id and the artifact's name."""
    found = [one.msg for one in judge(lab, case.facts).failures]
    require(found, f"{POLICY} lets through {case.about} ({case.rule})")
    said = [msg for msg in found if set(re.findall(r"EVD-\d", msg)) == {case.rule}]
    require(
        said, f'{POLICY}: the message for "{case.about}" does not carry the id {case.rule}, and no other: {found[0]}'
    )
    name = GOOD["artifact"]["name"]
    require(any(name in msg for msg in said), f"{POLICY}: the message of {case.rule} does not name {name}: {said[0]}")


def held(lab: Workspace) -> int:
    """Return how many rules the learner's tests hold; raise `Unmet` when one can go unnoticed."""
    require(lab.path(TESTS).is_file() and "test_" in lab.read(TESTS), f"{TESTS} has no test")
    with learners_rego(NOTHING_CHECKED):
        report = Conftest(lab.work).verify(policies=("gate",), data=(DATA,))
    first = next(iter(report.failures), None)
    require(first is None, f"{TESTS}: {first.name if first else ''} fails")
    rules = [rule for rule in rules_in([lab.path(POLICY)]) if rule.name.startswith("deny")]
    text = lab.read(POLICY)
    removed = "no test fails when this rule is removed"
    mutants = {without_rule(rule, text): f"{POLICY}:{rule.line}: {removed}" for rule in rules}
    for id in sorted({case.rule for case in CASES}):
        mutants[without_id(rules, text, id)] = f"{TESTS}: no test fails when {id} never fires"
    everything = text + '\ndeny contains "refused without a reason"\n'
    mutants[everything] = f"{TESTS}: no test fails when everything is refused: show good facts passing"
    require_noticed(lab, POLICY, mutants, policies=("gate",), data=(DATA,))
    return len({case.rule for case in CASES})


@step(
    "lab3",
    "admission",
    hints=(
        "How does the API server know which namespaces it has to ask about? And which key vouches for which images?",
        "The namespace carries the label acme.test/signed-images: required. ImageAdmission().enforce maps a pattern of "
        "image names to the file of a public key.",
        'ImageAdmission().enforce({"images.acme.test/vision/*": image_key.public}), and '
        'cluster.apply(lab.path("cluster/namespace.yaml"))',
    ),
)
def admission(lab: Workspace) -> str:
    """The API server refuses unsigned images in the labelled namespace, and all of them while it cannot verify."""
    world = cluster(lab)
    space, signed, unsigned = named(lab), image(lab, "1.0.0"), image(lab, "6.6.6")
    for kind, bad, why in (
        ("Pod", unsigned, "an unsigned image"),
        ("Deployment", unsigned, "an unsigned image in a Deployment"),
        ("Pod", f"{signed.partition('@')[0]}:1.0.0", "an image by its tag"),
    ):
        try:
            world.apply(workload(kind, space, bad), dry_run=True)
        except AdmissionRefused as error:
            require(
                "signed-images" in error.diagnostics(), f"{why} is refused, but not for its signature: {error.what}"
            )
        else:
            raise Unmet(f"the API server takes {why} in {space}: is the label set, and admission on?")
    try:
        world.apply(workload("Pod", space, signed), dry_run=True)
    except AdmissionRefused as error:
        raise Unmet(f"the API server refuses the signed image in {space}: {error.why or error.what}") from None
    return f"in {space} the API server takes the signed image, and refuses unsigned ones and tags"


def cluster(lab: Workspace) -> Any:
    """Return the cluster with its services running."""
    for name in ("oci", "kubernetes", "image-admission"):
        services.ensure(name)
    return Cluster()


def named(lab: Workspace) -> str:
    """Return the name of the learner's namespace; raise `Unmet` unless it is in the cluster, with the label."""
    require(lab.path(NAMESPACE).is_file(), f"{NAMESPACE} does not exist: run the cell that writes it")
    try:
        meta = (yaml_reader.load(lab.read(NAMESPACE)) or {}).get("metadata") or {}
    except (InvalidYaml, AttributeError):
        raise Unmet(f"{NAMESPACE} is not a manifest") from None
    label, wanted = next(iter(LABEL.items()))
    said = (meta.get("labels") or {}).get(label)
    require(said == wanted, f"{NAMESPACE}: the label {label} is {said!r}, not {wanted!r}: nobody asks for signatures")
    name = str(meta.get("name") or "")
    world = cluster(lab)
    require(name and world.exists("Namespace", name), f"{NAMESPACE}: the namespace {name!r} is not in the cluster")
    live = (world.get("Namespace", name).raw["metadata"].get("labels") or {}).get(label)
    require(live == wanted, f"the live namespace {name} has no label {label}: apply {NAMESPACE}")
    return name


def image(lab: Workspace, version: str) -> str:
    """Return an image of the story, pushed to the registry unless it is there, by its digest."""
    registry = services.ensure("oci").address
    return f"{story.IMAGE}@{story.push_image(registry, version)}"


def workload(kind: str, namespace: str, image: str) -> dict[str, Any]:
    """Return a Pod or a Deployment that runs an image, and passes restricted pod security."""
    meta: dict[str, Any] = {"name": "check-signed", "namespace": namespace}
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    pod = {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "server", "image": image, "securityContext": safe}],
    }
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, "metadata": meta, "spec": pod}
    labels = {"app": "check-signed"}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}

"""Checks of Lab 3, notebook 04: a gate that asks for evidence, and an API server that asks for a signature."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from helpers._rego import Rule, rules_in
from helpers.checks import Unmet, require, step
from helpers.checks._module import scratch
from helpers.checks._runs import each
from helpers.conftest import Conftest
from helpers.labs import Lab
from helpers.policy import NothingChecked, PolicyError, PolicyReport

POLICY, TESTS, DATA, NAMESPACE = "gate/evidence.rego", "gate/evidence_test.rego", "gate/data", "cluster/namespace.yaml"
#: What the verifiers say of an artifact that may go to production.
GOOD: Mapping[str, Any] = {
    "artifact": {"name": "gpu-workspace-1.0.0.tar.gz", "digest": "ab" * 32},
    "signature": {"status": "verified", "signer": "release", "why": ""},
    "sbom": {"status": "verified", "signer": "release", "why": "", "components": 3},
    "provenance": {"status": "verified", "signer": "release", "why": "", "builder": "https://ci.acme.test/pipeline"},
    "trail": {
        "status": "verified", "why": "", "planned_by": ["learner"], "approved_by": ["bela"], "refused_by": [],
    },
}  # fmt: skip
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
        Case(rule, f"{name} nobody could tell of", (part, "status"), "unknown"),
        Case(rule, f"no {name.partition(' ')[2]} at all", (part,), _GONE),
    ]


CASES = (
    *_part("EVD-1", "signature", "a signature"),
    Case("EVD-1", "a signature by somebody who may not sign releases", ("signature", "signer"), "mallory"),
    *_part("EVD-2", "sbom", "an SBOM"),
    Case("EVD-2", "an SBOM that lists nothing", ("sbom", "components"), 0),
    *_part("EVD-3", "provenance", "a provenance"),
    Case("EVD-3", "provenance of a laptop", ("provenance", "builder"), "https://laptop.test/ada"),
    *_part("EVD-4", "trail", "a trail"),
    Case("EVD-5", "nobody's approval", ("trail", "approved_by"), []),
    Case("EVD-5", "the author's own approval", ("trail", "approved_by"), ["learner"]),
    Case("EVD-6", "somebody's no beside a yes", ("trail", "refused_by"), ["cleo"]),
)


@contextlib.contextmanager
def learners_rego() -> Iterator[None]:
    """Turn what OPA says of the learner's Rego into `Unmet`."""
    try:
        yield
    except NothingChecked:
        raise Unmet(f"{POLICY}: no rule was evaluated: it needs deny in package main") from None
    except PolicyError as error:
        raise Unmet(f"{error.what}: {error.why}") from None


def judge(lab: Lab, facts: Mapping[str, Any]) -> PolicyReport:
    """Judge facts by the learner's policy."""
    with learners_rego():
        return Conftest(lab.work).test(document=facts, filename="facts.json", policies=("gate",), data=(DATA,))


@step(
    "lab3",
    "gate",
    reads=("gate",),
    hints=(
        "What does your rule say of facts in which the SBOM is not even mentioned? An undefined value refuses nothing.",
        "Write what must hold as a rule of its own (signed if {...}, known if {...}), and refuse when it does not: "
        '`deny contains "EVD-1 ..." if not signed`. So a missing part is refused: `not` of undefined is true.',
        'signed if {\n\tinput.signature.status == "verified"\n\tinput.signature.signer in data.trusted.signers\n}\n\n'
        'deny contains sprintf("EVD-1 %s: not signed by whom we trust", [name]) if not signed',
    ),
)
def gate(lab: Lab) -> str:
    """Whatever is missing, refused or unknown is refused by its own rule; the tests hold every rule."""
    require(lab.path(POLICY).is_file(), f"{POLICY} is not there: run the cell that writes it")
    report = judge(lab, GOOD)
    objections = "; ".join(found.msg for found in report.failures)
    require(report.passed, f"{POLICY} refuses an artifact with all its evidence: {objections}")
    each(lambda case: refused(lab, case), CASES)
    count = held(lab)
    return f"{len(CASES)} ways to lack evidence are refused, each by its rule, and the tests hold {count} rules"


def refused(lab: Lab, case: Case) -> None:
    """Raise `Unmet` unless the policy refuses a case, with its id and the artifact's name."""
    found = [one.msg for one in judge(lab, case.facts).failures]
    require(found, f"{POLICY} lets through {case.about} ({case.rule})")
    said = [msg for msg in found if case.rule in msg]
    require(said, f'{POLICY}: the message for "{case.about}" does not carry the id {case.rule}: {found[0]}')
    name = GOOD["artifact"]["name"]
    require(any(name in msg for msg in said), f"{POLICY}: the message of {case.rule} does not name {name}: {said[0]}")


def held(lab: Lab) -> int:
    """Return how many rules the learner's tests hold; raise `Unmet` when one can go unnoticed."""
    require(lab.path(TESTS).is_file() and "test_" in lab.read(TESTS), f"{TESTS} has no test")
    with learners_rego():
        report = Conftest(lab.work).verify(policies=("gate",), data=(DATA,))
    first = next(iter(report.failures), None)
    require(first is None, f"{TESTS}: {first.name if first else ''} fails")
    rules = [rule for rule in rules_in([lab.path(POLICY)]) if rule.name.startswith("deny")]
    mutants = {_without(rule, lab): f"{POLICY}:{rule.line}: no test fails when this rule is removed" for rule in rules}
    everything = lab.read(POLICY) + '\ndeny contains "refused without a reason"\n'
    mutants[everything] = f"{TESTS}: no test fails when everything is refused: show good facts passing"
    each(lambda text: require(_noticed(lab, text), mutants[text]), mutants)
    return len(rules)


def _without(rule: Rule, lab: Lab) -> str:
    lines = lab.read(POLICY).splitlines()
    lines[rule.line - 1] = "removed_" + lines[rule.line - 1]
    return "\n".join([*lines, 'deny contains "nothing" if false', ""])


def _noticed(lab: Lab, text: str) -> bool:
    with scratch(lab, "gate") as room:
        (room / POLICY).write_text(text)
        try:
            return not Conftest(room).verify(policies=("gate",), data=(DATA,)).passed
        except PolicyError:
            return True


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
def admission(lab: Lab) -> str:
    """The real API server refuses unsigned images in the labelled namespace, and refuses when nobody can tell."""
    from helpers.kubernetes import AdmissionRefused

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


def cluster(lab: Lab) -> Any:
    """Return the cluster with its services running."""
    from helpers import services
    from helpers.kubernetes import Cluster

    for name in ("oci", "kubernetes", "image-admission"):
        services.ensure(name)
    return Cluster()


def named(lab: Lab) -> str:
    """Return the name of the learner's namespace; raise `Unmet` unless it is in the cluster, with the label."""
    import yaml

    from helpers.image_admission.client import LABEL

    require(lab.path(NAMESPACE).is_file(), f"{NAMESPACE} is not there: run the cell that writes it")
    try:
        meta = (yaml.safe_load(lab.read(NAMESPACE)) or {}).get("metadata") or {}
    except (yaml.YAMLError, AttributeError):
        raise Unmet(f"{NAMESPACE} is no manifest") from None
    label, wanted = next(iter(LABEL.items()))
    said = (meta.get("labels") or {}).get(label)
    require(said == wanted, f"{NAMESPACE}: the label {label} is {said!r}, not {wanted!r}: nobody asks for signatures")
    name = str(meta.get("name") or "")
    world = cluster(lab)
    require(name and world.exists("Namespace", name), f"{NAMESPACE}: the namespace {name!r} is not in the cluster")
    live = (world.get("Namespace", name).raw["metadata"].get("labels") or {}).get(label)
    require(live == wanted, f"the live namespace {name} has no label {label}: apply {NAMESPACE}")
    return name


def image(lab: Lab, version: str) -> str:
    """Return an image of the story, pushed to the registry unless it is there, by its digest."""
    from helpers import services
    from helpers.gates import story

    registry = services.ensure("oci").url.removeprefix("http://")
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

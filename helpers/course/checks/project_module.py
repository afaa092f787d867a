"""Checks of the project, notebook 01: a module that is published and signed, and what an operator may ask of it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.clients.kubernetes import Cluster
from helpers.clients.registry import Module, Registry, RegistryNotFound
from helpers.compliance import module_docs
from helpers.compliance.module_rules import archive
from helpers.core import yaml_reader
from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks import step
from helpers.course.checks.support import project as kit
from helpers.course.checks.support.module_probes import Probe, ask_all, learners_fault
from helpers.course.checks.support.project import CONTRACT, DELIVERED, PACKAGE, Case
from helpers.course.checks.support.terraform_runs import one_provider, terraform
from helpers.course.scenarios import training
from helpers.course.scenarios.training import Brief
from helpers.course.workspace import Workspace
from helpers.wrappers.cosign.bundle import fingerprint
from helpers.wrappers.module_interface import read

#: Stands for a token; no check asks a registry with it.
TOKEN = "a-token-for-the-check"  # noqa: S105


@step(
    "project",
    "module",
    hints=(
        "What does a registry ask of a package before another team may install it? Lab 1 had each of these.",
        "course new module gpu-training --team TEAM makes one that passes; change inputs, tests, README and CHANGELOG. "
        "Registry.add_key and publish_package take it, signed; the same bytes lie in deliverables/module.",
        'package.write_bytes(pack(lab.path("modules/gpu-training"))); cosign.sign_blob(package, key=release, '
        'password=password); registry.publish_package(package.read_bytes(), bundle, "0.1.0", brief.module)',
    ),
)
def module(lab: Workspace) -> str:
    """The registry serves the delivered package, signed by the learner; its tests pass and its README is true."""
    asked = training.brief()
    kit.delivered(lab, PACKAGE)
    package = lab.path(f"{DELIVERED}/{PACKAGE}")
    with opened(lab) as folder:
        said = _manifest(folder)
        address = "/".join(str(said.get(part, "")) for part in ("namespace", "name", "provider"))
        require(address == asked.module, f"{DELIVERED}/{PACKAGE}: module.yaml says {address}, not {asked.module}")
        shown = served(asked.module, hashlib.sha256(package.read_bytes()).hexdigest())
        signed_by(lab, shown)
        kit.keeps(lab, PACKAGE)
        shape = read(folder)
        kept_nowhere = [one.name for one in shape.variables if one.ephemeral]
        require(
            kept_nowhere, f"{DELIVERED}/{PACKAGE}: no input is ephemeral: the token would be in a plan or the state"
        )
        runs = _tests(folder)
        untrue = module_docs.check(folder, version=shown.version).findings
        require(not untrue, "; ".join(f"README.md:{one.line}: {one.what} {one.fix}" for one in untrue)[:500])
    return f"{asked.module} {shown.version} is published and signed; {runs} of its own tests pass; its README is true"


@contextlib.contextmanager
def opened(lab: Workspace) -> Iterator[Path]:
    """Give the delivered package, unpacked into a directory that is gone afterwards."""
    files = kit.unpacked(lab, PACKAGE)
    with tempfile.TemporaryDirectory(prefix="mod208-check-") as name:
        folder = Path(name).resolve() / "module"
        folder.mkdir()
        archive.write(files, folder)
        yield folder


def _manifest(folder: Path) -> Mapping[str, Any]:
    file = folder / "module.yaml"
    require(file.is_file(), f"{DELIVERED}/{PACKAGE} has no module.yaml")
    try:
        said = yaml_reader.load(file.read_text(encoding="utf-8"))
    except (yaml_reader.InvalidYaml, UnicodeDecodeError) as error:
        raise Unmet(f"{DELIVERED}/{PACKAGE}: module.yaml is not YAML: {error}"[:300]) from None
    require(isinstance(said, Mapping), f"{DELIVERED}/{PACKAGE}: module.yaml says nothing")
    return dict(said)


def served(address: str, digest: str) -> Module:
    """Return the version that the registry serves with this digest; raise `Unmet` when there is none."""
    registry = Registry.local()
    try:
        listed = [registry.show(address, version) for version in registry.versions(address)]
    except RegistryNotFound:
        raise Unmet(f"the registry has no {address}: it was not published") from None
    fit = [one for one in listed if str(one.digest).removeprefix("sha256:") == digest]
    require(fit, f"the registry serves other bytes of {address} than {DELIVERED}/{PACKAGE}")
    return fit[-1]


def signed_by(lab: Workspace, shown: Module) -> None:
    """Raise `Unmet` unless a version is signed, and by a key that the handover names."""
    require(shown.signature.status == "verified", f"the registry calls the signature {shown.signature.status}")
    public = lab.path(f"{kit.KEYS}/signers").glob("*.pub")
    known = [base64.b64decode(fingerprint(path.read_bytes())).hex() for path in public]
    require(shown.signature.key_id in known, f"the registry knows another key than those in {kit.KEYS}/signers")


def _tests(folder: Path) -> int:
    with one_provider():
        tool = terraform(folder)
        with learners_fault(f"{DELIVERED}/{PACKAGE}"):
            tool.init()
            summary = tool.test()
    bad = [run.name for run in summary.runs if run.status != "pass"]
    require(not bad, f"{DELIVERED}/{PACKAGE}: its own tests fail: {', '.join(bad)}")
    require(summary.runs, f"{DELIVERED}/{PACKAGE}: it has no test of its own")
    return len(summary.runs)


@step(
    "project",
    "contract",
    hints=(
        "Where does the value of each input come from: a field, a constant, a Secret? Which values may an operator "
        "pass on, and who refuses the others first?",
        "contracts.module_contract(package, module=, version=, crd=, inputs=, status=) writes it; accepts says in JSON "
        "Schema what the brief allows, and the module's validation blocks say the same.",
        'inputs["gpu_nodes"] = {"field": "spec.gpu.nodes", "accepts": {"type": "integer", "minimum": 1, '
        '"maximum": brief.nodes}}; inputs["registry_token"] = {"secret": "spec.tokenSecret", "key": "token"}',
    ),
)
def module_contract(lab: Workspace) -> str:
    """What the API server admits and the brief allows, contract and module take; what it does not allow, neither."""
    asked = training.brief()
    kit.delivered(lab, PACKAGE, CONTRACT)
    kit.keeps(lab, PACKAGE, CONTRACT)
    said = kit.data(lab, CONTRACT)
    asked_for(said)
    found = judged(lab, asked, said, cases(asked))
    return f"{found} jobs of {asked.team} get the answer of the brief, from the contract and from the module alike"


def asked_for(said: Mapping[str, Any]) -> None:
    """Raise `Unmet` unless a contract takes the token from the job's Secret, and shows what the module returns."""
    where = f"{DELIVERED}/{CONTRACT}"
    tokens = {name: one["key"] for name, one in said["inputs"].items() if one.get("secret") == "spec.tokenSecret"}
    require(tokens, f"{where}: no input takes the token from the Secret that the job names (spec.tokenSecret)")
    ephemeral = {one["name"] for one in said["interface"]["inputs"] if one["ephemeral"]}
    for name, key in tokens.items():
        require(
            key == training.SECRET_KEY, f"{where}: {name} takes the key {key} of the Secret; the token is elsewhere"
        )
        require(name in ephemeral, f"{where}: {name} takes the token, and a plan or state of the module would keep it")
    missing = sorted({"status.bucket", "status.gpus"} - set(said["status"].values()))
    require(not missing, f"{where}: no output of the module is shown in {' and '.join(missing)}")


def cases(asked: Brief) -> tuple[Case, ...]:
    """Return jobs at both sides of each line that the brief draws."""
    other = next(kind for kind in ("t4", "a100", "h100") if kind not in asked.kinds)
    return (
        Case("a job that names no GPU"),
        *(Case(f"a job with one {kind}", {"gpu": {"kind": kind}}) for kind in asked.kinds),
        *(
            Case(f"a job with {asked.nodes} nodes of {kind}", {"gpu": {"kind": kind, "nodes": asked.nodes}})
            for kind in asked.kinds
        ),
        Case(f"a job with {asked.nodes + 1} nodes", {"gpu": {"nodes": asked.nodes + 1}}, "spec.gpu.nodes"),
        Case("a job with 64 nodes", {"gpu": {"nodes": 64}}, "spec.gpu.nodes"),
        Case(f"a job with an {other}", {"gpu": {"kind": other}}, "spec.gpu.kind"),
        *(Case(f"a job in {one}", {"environment": one}) for one in training.ENVIRONMENTS),
    )


def judged(lab: Workspace, asked: Brief, said: Mapping[str, Any], told: Sequence[Case]) -> int:
    """Return how many jobs were answered as the brief wants, by the contract and by Terraform.

    Raises:
        Unmet: a job was answered otherwise.
    """
    by_field = {one["field"]: name for name, one in said["inputs"].items() if "field" in one}
    missing = [path for path in ("spec.gpu.nodes", "spec.gpu.kind", "spec.team") if path not in by_field]
    require(not missing, f"{DELIVERED}/{CONTRACT}: no input takes {', '.join(missing)}: the operator would drop it")
    probes = []
    cluster = training.serve()
    for number, case in enumerate(told):
        job = admitted(cluster, training.job(asked, f"case-{number}", **case.spec))
        refused = dict(kit.refusals(said, job))
        if case.allowed:
            require(not refused, f"{DELIVERED}/{CONTRACT}: {case.about} is refused: {refused}")
        else:
            require(
                case.field in refused, f"{DELIVERED}/{CONTRACT}: {case.about} is accepted; the brief does not allow it"
            )
        probes.append(
            Probe(
                f"case_{number}",
                kit.inputs(said, job, TOKEN),
                refused=() if case.allowed else (by_field[case.field],),
                say=f"the contract {'accepts' if case.allowed else 'refuses'} {case.about}, the module does not",
            )
        )
    with opened(lab) as folder, one_provider():
        with learners_fault(f"{DELIVERED}/{PACKAGE}"):
            terraform(folder).init()
        ask_all(folder, f"{DELIVERED}/{PACKAGE}", probes, {}, mock={})
    return len(probes)


def admitted(cluster: Cluster, job: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job as the API server would keep it, with the defaults of the definition."""
    (found,) = cluster.diff([dict(job)])
    assert found.desired is not None
    return dict(found.desired)


__all__ = ["admitted", "asked_for", "cases", "judged", "module", "module_contract", "opened", "served", "signed_by"]

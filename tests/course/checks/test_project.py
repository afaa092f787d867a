"""Checks of the project with the mistakes learners make, in the world that the walk of the model solution left."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grading.hidden import project_handover, project_module, project_policy, project_promotion
from helpers.compliance import contracts
from helpers.core import yaml_reader
from helpers.core.identity import HANDED_IN
from helpers.core.verdicts.checks import Unmet
from helpers.course.checks import project_handover as handover
from helpers.course.checks import project_promotion as promotion
from helpers.course.checks.support import project as kit
from helpers.course.checks.support.project import BUNDLE, CONTRACT, DELIVERED, KEYS, PACKAGE, RECORD
from helpers.course.labs import Lab
from helpers.course.scenarios import training
from helpers.wrappers.cosign import Cosign
from helpers.wrappers.module_package import pack
from helpers.wrappers.opa import Opa
from tests import worlds
from tests.course.checks.judged import said

HIDDEN = {
    "module": project_module.module,
    "contract": project_module.contract,
    "policy": project_policy.policy,
    "promotion": project_promotion.promotion,
    "rollback": project_promotion.rollback,
    "pack": project_handover.pack,
    "handover": project_handover.handover,
}
MODULE, RULES, TESTS = "modules/gpu-training", "policy/jobs.rego", "policy/jobs_test.rego"


@pytest.fixture(scope="module")
def solved() -> Path:
    return worlds.lab_world("project").upto("handover")


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Iterator[Lab]:
    """A copy of the solved workspace, with its services."""
    shutil.copytree(solved, tmp_path / "work", symlinks=True)
    with worlds.lab_world("project").entered():
        yield Lab("project", work=tmp_path / "work")


def sign(lab: Lab, path: str) -> None:
    """Sign a deliverable with the learner's key: a mistake is signed like anything else."""
    file = lab.path(f"{DELIVERED}/{path}")
    bundle = file.with_name(f"{file.name}.sigstore.json")
    bundle.unlink(missing_ok=True)
    cosign = Cosign(lab.private())
    cosign.sign_blob(file, key=cosign.key_pair(name="release"), bundle=bundle, password=lab.secret("release-key"))


def edit(lab: Lab, path: str, old: str, new: str) -> None:
    text = lab.read(path)
    assert old in text
    lab.path(path).write_text(text.replace(old, new))


def rewritten(lab: Lab, path: str, change: Callable[[Any], object]) -> None:
    """Change a delivered JSON file, and sign it."""
    data = kit.data(lab, path)
    change(data)
    lab.path(f"{DELIVERED}/{path}").write_text(json.dumps(data))
    sign(lab, path)


def rebuilt(lab: Lab, revision: str = "1.0.1") -> None:
    """Build and sign the bundle anew."""
    Opa(lab.work).build("policy", output=lab.path(f"{DELIVERED}/{BUNDLE}"), revision=revision)
    sign(lab, BUNDLE)


@pytest.mark.parametrize("step", HIDDEN)
def test_the_solution_passes_hidden_tests(lab: Lab, step: str) -> None:
    HIDDEN[step](lab)


def test_a_neighbours_numbers_differ_and_ones_own_stay() -> None:
    found = {training.brief(f"learner-{number}") for number in range(200)}
    assert len(found) > 100
    assert {one.incident for one in found} == {"staging", "prod"}
    assert training.brief("ada") == training.brief("ada")
    assert all(one.dev_nodes < one.nodes and one.scarce != "l4" for one in found)


def test_bytes_that_the_registry_does_not_serve(lab: Lab) -> None:
    edit(lab, f"{MODULE}/README.md", "no spare nodes", "no spare nodes at all")
    lab.path(f"{DELIVERED}/{PACKAGE}").write_bytes(pack(lab.path(MODULE)))
    sign(lab, PACKAGE)
    assert "serves other bytes" in said(lab, "module")


def test_a_key_that_nobody_was_given(lab: Lab) -> None:
    other = Cosign(lab.work).generate_key_pair(password="a password of tests", name="other")
    (signer,) = lab.path(f"{KEYS}/signers").iterdir()
    shutil.copyfile(other.public, signer)
    assert "the registry knows another key" in said(lab, "module")


def test_a_package_that_is_none(lab: Lab) -> None:
    lab.path(f"{DELIVERED}/{PACKAGE}").write_bytes(b"a module")
    assert "cannot be opened" in said(lab, "module")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c["inputs"]["gpu_nodes"]["accepts"].update(maximum=64), "nodes is accepted; the brief does not"),
        (lambda c: c["inputs"]["gpu_kind"]["accepts"].pop("enum"), "is accepted; the brief does not"),
        (lambda c: c["inputs"]["gpu_kind"]["accepts"].update(enum=["l4"]), "is refused"),
        (lambda c: c["inputs"].update(gpu_nodes={"value": 1}), "no input takes spec.gpu.nodes"),
        (lambda c: c["inputs"].update(registry_token={"value": "abc"}), "A secret would stand in the resource"),
    ],
)
def test_a_line_in_the_wrong_place(lab: Lab, change: Callable[[Any], object], why: str) -> None:
    rewritten(lab, CONTRACT, change)
    assert why in said(lab, "contract")


def test_a_contract_changed_after_it_was_signed(lab: Lab) -> None:
    edit(lab, f"{DELIVERED}/{CONTRACT}", '"0.1.0"', '"0.2.0"')
    assert "Its signature is refused" in said(lab, "contract")


def test_a_module_that_believes_its_caller(lab: Lab) -> None:
    asked = training.brief()
    limits = {"locals": {"kinds": list(asked.kinds), "nodes": 1000}}
    lab.path(f"{MODULE}/limits.tf.json").write_text(json.dumps(limits))
    package = pack(lab.path(MODULE))
    lab.path(f"{DELIVERED}/{PACKAGE}").write_bytes(package)
    sign(lab, PACKAGE)
    was = kit.data(lab, CONTRACT)
    given = {name: was[name] for name in ("module", "version", "crd", "inputs", "status")}
    lab.path(f"{DELIVERED}/{CONTRACT}").write_text(json.dumps(contracts.module_contract(package, **given)))
    sign(lab, CONTRACT)
    assert f"refuses a job with {asked.nodes + 1} nodes, the module does not" in said(lab, "contract")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("not classified", 'not input.spec.labels["data-class"] in classes', "without a data class is not denied"),
        ("not endswith(input.spec.owner", "not contains(input.spec.owner", "in the middle is not denied"),
        ("nodes > dev_nodes", "nodes >= dev_nodes", "is denied"),
        ('!= "prod"', '== "dev"', "a job in staging with an"),
        ('"public", "internal"', '"public", "internal", "restricted"', "restricted data is not denied"),
    ],
)
def test_a_rule_beside_the_line(lab: Lab, old: str, new: str, why: str) -> None:
    edit(lab, RULES, old, new)
    rebuilt(lab)
    assert why in said(lab, "policy")


def test_a_rule_that_no_test_holds(lab: Lab) -> None:
    edit(lab, TESTS, "test_the_owner if", "todo_the_owner if")
    assert "no test fails without this rule" in said(lab, "policy")


def test_a_bundle_of_other_policies(lab: Lab) -> None:
    edit(lab, RULES, "ask for an l4", "ask for an l4, please")
    assert "build and sign it again" in said(lab, "policy")


def test_a_bundle_without_a_version(lab: Lab) -> None:
    rebuilt(lab, "latest")
    assert "revision" in said(lab, "policy")


def test_a_record_that_says_what_the_repository_does_not(lab: Lab) -> None:
    rewritten(lab, RECORD, lambda record: record["releases"].pop(1))
    assert "It is not the whole history" in said(lab, "promotion")


def test_an_approval_that_was_never_given(lab: Lab) -> None:
    def mine(record: Any) -> None:
        for vote in record["releases"][-1]["pull"]["approvals"]:
            vote["person"] = "learner"

    rewritten(lab, RECORD, mine)
    assert "not approved by another person" in said(lab, "promotion")


def test_other_gates_than_the_repositorys(lab: Lab) -> None:
    edit(lab, f"{DELIVERED}/{kit.GATES}", "gates: [signature, secrets]", "gates: [secrets]")
    assert "The repository has another gates.yaml" in said(lab, "promotion")


def test_a_release_that_brings_something_else(lab: Lab) -> None:
    release = {"environment": "prod", "pull": {"number": 4}}
    promotion.alone(["apps/trainer/overlays/prod/release/kustomization.yaml"], release)
    with pytest.raises(Unmet, match=r"changes gates\.yaml as well"):
        promotion.alone(["gates.yaml"], release)


def test_a_release_that_an_environment_never_got(lab: Lab) -> None:
    with pytest.raises(Unmet, match="dev never got"):
        promotion.arrived(kit.data(lab, RECORD), "dev", "sha256:0")


def test_the_page_of_somebody_else(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = training.brief().incident
    other = next(name for name in map(str, range(99)) if training.brief(name).incident != mine)
    monkeypatch.setenv("MOD208_LEARNER", other)
    assert "no rollback was made" in said(lab, "rollback") or "is in" in said(lab, "rollback")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rows: rows.pop(), "does not name CC"),
        (lambda rows: rows.append({**rows[0], "control": "CC6.8"}), "which has no gap"),
    ],
)
def test_gaps_that_are_not_those_of_the_pack(lab: Lab, change: Callable[[Any], object], why: str) -> None:
    rows = yaml_reader.load(lab.read(handover.GAPS))
    change(rows)
    lab.path(handover.GAPS).write_text(yaml_reader.dump(rows))
    assert why in said(lab, "pack")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("until", "2020-01-01", "is over"),
        ("until", "2999-01-01", "more than a year away"),
        ("until", "soon", "not a day"),
        ("owner", "somebody", "nobody at acme.test owns it"),
        ("plan", "later", "says next to nothing"),
        ("who", "ada", "each entry has control, owner"),
    ],
)
def test_a_gap_that_nobody_owns(lab: Lab, field: str, value: str, why: str) -> None:
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).date().isoformat()
    row = {"control": "CC7.2", "owner": "a@acme.test", "until": soon, "plan": "one two three four five"}
    text = "".join(f"  {name}: {said}\n" for name, said in {**row, field: value}.items())
    lab.path(handover.GAPS).write_text(f"-\n{text}")
    with pytest.raises(Unmet, match=why):
        handover.gaps(lab)


def test_a_plan_may_be_over_when_it_is_graded_and_not_when_it_is_handed_in(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_in = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=30)
    monkeypatch.setenv(HANDED_IN, f"{handed_in} 10:00:00 UTC")
    for days, over in ((7, False), (0, False), (-1, True), (30 + 365, False), (30 + 367, True)):
        until = handed_in + dt.timedelta(days=days)
        row = f"control: CC7.2, owner: a@acme.test, until: {until}, plan: one two three four five"
        lab.path(handover.GAPS).write_text(f"- {{{row}}}\n")
        with pytest.raises(Unmet, match="is over") if over else contextlib.nullcontext():
            assert list(handover.gaps(lab)) == ["CC7.2"]


def test_a_pack_of_an_older_package(lab: Lab) -> None:
    lab.path(f"{DELIVERED}/{PACKAGE}").write_bytes(b"newer")
    assert "does not hold" in said(lab, "pack")


def test_a_private_key_in_the_handover(lab: Lab) -> None:
    shutil.copyfile(lab.private() / "release.key", lab.path(f"{KEYS}/release.key"))
    assert "holds a private key" in said(lab, "pack")


def test_a_page_whose_examples_are_the_wrong_way_round(lab: Lab) -> None:
    first, one, middle, two, last = lab.read(handover.PAGE).split("```")
    lab.path(handover.PAGE).write_text("```".join([first, two, middle, one, last]))
    assert "the first job does not run: the policy" in said(lab, "handover")
    lab.path(handover.PAGE).write_text("```".join([first, one, middle, one, last]))
    runs, other = handover.page(lab)
    assert runs == other and not isinstance(handover.consumed(lab, other), handover.Refused)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not exist"),
        ("ask a@acme.test", "0 blocks of yaml"),
        ("```yaml\nkind: TrainingJob\n```\n```yaml\nkind: Pod\n```\na@acme.test", "block 2 is not a TrainingJob"),
        ("```yaml\nkind: [\n```\n```yaml\n```\na@acme.test", "block 1 is not YAML"),
        ("```yaml\nkind: TrainingJob\n```\n```yaml\nkind: TrainingJob\n```", "whom to ask"),
    ],
)
def test_a_page_that_helps_nobody(lab: Lab, text: str, why: str) -> None:
    lab.path(handover.PAGE).write_text(text)
    with pytest.raises(Unmet, match=why):
        handover.page(lab)

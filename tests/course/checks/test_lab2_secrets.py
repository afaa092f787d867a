"""Notebook 06 of Lab 2 with the mistakes learners make: each gets a reason that names what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grading.hidden import lab2_secrets as hidden
from helpers.clients.vault import Vault
from helpers.course.checks import Unmet
from helpers.course.checks.lab2_secrets import EXTERNAL, PATH, POLICY, ROOT, RULES, RUNBOOK, asks, policy_file, seconds
from helpers.course.delivery import Platform
from helpers.course.labs import Lab
from tests.worlds import LabWorld


def mistake(lab: Lab, file: str, old: str, new: str) -> None:
    text = lab.read(f"{ROOT}/{file}")
    assert old in text
    lab.path(f"{ROOT}/{file}").write_text(text.replace(old, new, 1))


def said(lab: Lab, step: str) -> str:
    result = lab.result(step)
    assert not result.passed
    return result.reason


@pytest.fixture
def runbook(tmp_path: Path) -> Lab:
    made = Lab("lab2", work=tmp_path / "work")
    made.write(
        f"{ROOT}/{RUNBOOK}",
        "first: rotate\ndelete_is_enough: false\norder: [rotate, audit, remove, prevent, write-down]\n",
    )
    assert made.result("leak").passed
    return made


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("first: rotate", "first: remove", "everyone with a copy can use the value"),
        ("first: rotate", "first:", "first is not answered"),
        ("false", "true", "delete_is_enough is not false"),
        ("[rotate, audit, remove", "[audit, rotate, remove", "does not begin with rotate"),
        ("audit, remove", "remove, audit", "remove comes before audit"),
        ("prevent, write-down", "write-down, prevent", "after write-down nothing may follow"),
        (", prevent", "", "does not hold each of"),
        ("order: [", "order: {", "this is not valid YAML"),
    ],
)
def test_runbooks_that_do_not_stop_the_leak(runbook: Lab, old: str, new: str, reason: str) -> None:
    mistake(runbook, RUNBOOK, old, new)
    assert reason in said(runbook, "leak")


@pytest.fixture
def files(tmp_path: Path) -> Lab:
    """A workspace with the two files of the step external, as in the notebook; no service runs."""
    from helpers.course.labs import _cells

    made = Lab("lab2", work=tmp_path / "work")
    for cell in _cells.solution_cells(made.spec, made.spec.step("external")):
        if cell.path:
            made.write(cell.path, cell.body)
    return made


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("vision/inference", "vision/*", "is a pattern: it covers more than one secret"),
        ('["read"]', '["read", "list"]', "allows list"),
        ('["read"]', '["create", "read", "update"]', "allows create, update"),
    ],
)
def test_policies_that_give_more_than_reading_one_secret(files: Lab, old: str, new: str, reason: str) -> None:
    policy_file(files)
    mistake(files, POLICY, old, new)
    with pytest.raises(Unmet) as caught:
        policy_file(files)
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("refreshInterval: 5s", "refreshInterval: 1h", "stay in use for longer than 60 s"),
        ("refreshInterval: 5s", 'refreshInterval: "0"', "0 is never"),
        ("    name: vault", "    name: other", "secretStoreRef.name is 'other'"),
        ("secretKey: token", "secretKey: hub-token", "no entry of spec.data has secretKey: token"),
        ("key: vision/inference", "key: speech/inference", "remoteRef.key is 'speech/inference'"),
        ("property: hub-token", "property: user", "remoteRef.property is not hub-token"),
        ("kind: ExternalSecret", "kind: Secret", "has no ExternalSecret; it has Secret"),
        ("  name: model-hub", "  name: hub", "has no ExternalSecret 'model-hub'; it has hub"),
    ],
)
def test_external_secrets_that_ask_for_something_else(files: Lab, old: str, new: str, reason: str) -> None:
    assert asks(files) == 5
    mistake(files, EXTERNAL, old, new)
    with pytest.raises(Unmet) as caught:
        asks(files)
    assert reason in caught.value.reason


@pytest.mark.parametrize(("text", "value"), [("1m30s", 90), ("500ms", 0.5), ("2h", 7200), ("0", 0), ("soon", 0)])
def test_durations_are_read_as_go_writes_them(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.fixture(scope="module")
def solved(lab2: LabWorld) -> Platform:
    """The shared world, in which the step external is solved and the next one is not."""
    lab2.upto("external")
    return Platform(lab2.lab).open()


@pytest.fixture
def vault(solved: Platform) -> Iterator[Vault]:
    """The vault; its policy is the learner's again afterwards."""
    yield Vault()
    Vault().write_policy(RULES, solved.lab.read(f"{ROOT}/{POLICY}"))


def test_without_a_rotation_nothing_was_rotated(solved: Platform, lab2: LabWorld) -> None:
    assert "was not rotated: the vault has 1 version" in said(solved.lab, "rotate")
    lab2.upto("rotate")


def test_the_solution_passes_the_hidden_tests_too(solved: Platform) -> None:
    for step in ("external", "rotate"):
        result = solved.lab.result(step)
        assert result.passed, result.reason
    hidden.external(solved.lab)
    hidden.rotate(solved.lab)


def test_a_policy_in_the_vault_that_is_not_the_file_is_seen(solved: Platform, vault: Vault) -> None:
    vault.write_policy(RULES, 'path "secret/data/*" { capabilities = ["read"] }')
    assert "is not what platform/vault/inference.policy says" in said(solved.lab, "external")


def test_a_value_written_into_a_file_is_found_and_not_shown(solved: Platform, vault: Vault) -> None:
    value = vault.get(PATH).reveal("hub-token")
    file = solved.lab.path(f"{ROOT}/notes.txt")
    file.write_text(f"the token is {value}\n")
    try:
        reason = said(solved.lab, "external")
    finally:
        file.unlink()
    assert "platform/notes.txt holds the secret value itself" in reason
    assert value not in reason


def test_a_controller_that_was_stopped_is_no_mistake_of_the_learner(solved: Platform) -> None:
    from helpers.runtime import services

    services.stop("secret-sync")
    Vault().rotate(PATH, "hub-token")
    assert solved.lab.result("rotate").passed

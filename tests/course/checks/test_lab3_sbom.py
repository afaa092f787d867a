"""Checks of notebook 02 of Lab 3 with the mistakes learners make."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grading.hidden import lab3_sbom as hidden
from helpers.course.checks.lab3_sbom import ANSWERS, BILLS, CLEARED, DATA, MODULE, POLICY, TESTS, real
from helpers.course.checks.support.worker_image import PACKAGES, image
from helpers.course.labs import Lab
from helpers.wrappers.sbom import Syft
from tests.course.checks.judged import said

STEPS = ("sbom", "policy", "diff")


def swap(lab: Lab, path: str, old: str, new: str) -> None:
    text = lab.read(path)
    assert old in text
    lab.path(path).write_text(text.replace(old, new))


@pytest.mark.parametrize("step", STEPS)
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    result = lab.result(step)
    assert result.passed, result.reason
    getattr(hidden, {"diff": "differs"}.get(step, step))(lab)


def _drop(raw: dict[str, Any]) -> None:
    raw["components"] = [part for part in raw["components"] if part["name"] != "acme-queue-client"]


def _newer(raw: dict[str, Any]) -> None:
    _client(raw).update(version="1.5.0")


def _licence(raw: dict[str, Any]) -> None:
    _client(raw)["licenses"] = [{"license": {"id": "MIT"}}]


def _purl(raw: dict[str, Any]) -> None:
    _client(raw)["purl"] = "pkg:pypi/acme-queue-client-safe@1.4.1"


def _extra(raw: dict[str, Any]) -> None:
    raw["components"].append({**_client(raw), "name": "left-pad"})


def _nameless(raw: dict[str, Any]) -> None:
    raw["metadata"]["component"]["name"] = "ranking/other"


def _unbound(raw: dict[str, Any]) -> None:
    raw["metadata"]["component"]["version"] = "1.0.0"


def _client(raw: dict[str, Any]) -> dict[str, Any]:
    return next(part for part in raw["components"] if part["name"] == "acme-queue-client")


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (_drop, "does not list acme-queue-client 1.4.1, which Syft finds"),
        (_newer, "was edited: it lists acme-queue-client 1.4.1 as 1.5.0"),
        (_licence, "was edited: it says MIT of acme-queue-client, the author says Apache-2.0"),
        (_purl, "was edited: acme-queue-client is not as Syft writes it"),
        (_extra, "lists left-pad 1.4.1, which Syft does not find"),
        (_nameless, "is about ranking/other, not about ranking/worker"),
        (_unbound, "is about no digest"),
    ],
)
def test_an_edited_list_is_named(lab: Lab, edit: Callable[[dict[str, Any]], None], reason: str) -> None:
    path = lab.path("sbom/worker.cdx.json")
    raw = json.loads(path.read_bytes())
    edit(raw)
    path.write_text(json.dumps(raw))
    assert reason in said(lab, "sbom")


def test_another_hash_of_the_same_version(lab: Lab) -> None:
    path = lab.path("sbom/module.spdx.json")
    path.write_text(path.read_text().replace("terraform:h1=h1:", "terraform:h1=h1:" + "A" * 40, 1))
    assert "was edited: acme.test/platform/platform is not as Syft writes it" in said(lab, "sbom")


def test_a_list_of_another_artifact(lab: Lab) -> None:
    Syft(lab.work).image(image("1.1.0")).write(lab.path("sbom/worker.cdx.json"))
    assert "sbom/worker.cdx.json is about another artifact" in said(lab, "sbom")


def test_a_list_from_before_a_change(lab: Lab) -> None:
    swap(lab, f"{MODULE}/main.tf", "Who pays.", "Who pays?")
    assert "sbom/module.cdx.json is about another artifact" in said(lab, "sbom")


def test_a_folder_listed_in_place_of_its_package(lab: Lab) -> None:
    Syft(lab.work).directory(MODULE).write(lab.path("sbom/module.cdx.json"))
    assert "is about no digest" in said(lab, "sbom")


def test_a_version_that_is_only_a_wish(lab: Lab) -> None:
    lab.path(f"{MODULE}/.terraform.lock.hcl").unlink()
    for format, path in (("cyclonedx", "sbom/module.cdx.json"), ("spdx", "sbom/module.spdx.json")):
        bill = Syft(lab.work).module(MODULE, name="gpu-workspace", version="1.0.0", format=format)  # type: ignore[arg-type]
        bill.write(lab.path(path))
    assert "the version of acme.test/platform/platform is not known" in said(lab, "sbom")


def test_files_that_are_missing_swapped_or_broken(lab: Lab) -> None:
    path = lab.path("sbom/worker.spdx.json")
    kept = path.read_bytes()
    path.write_bytes(lab.path("sbom/worker.cdx.json").read_bytes())
    assert "is in the format cyclonedx, not spdx" in said(lab, "sbom")
    path.write_text("{}")
    assert "is not a bill of materials" in said(lab, "sbom")
    path.unlink()
    assert "sbom/worker.spdx.json does not exist" in said(lab, "sbom")
    path.write_bytes(kept)
    assert lab.result("sbom").passed


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("\tnot cleared(text)\n", '\ttext == "AGPL-3.0-only"\n', "a licence given by name (SBM-1)"),
        ("\tcount(licences(part)) == 0\n", "\tnot part.licenses\n", "lets through an empty list of licences (SBM-2)"),
        (">= 0\n\tnot fixed", "> 0\n\tnot fixed", "lets through the first bad version (SBM-3)"),
        (
            'bad(part, _) if not semver.is_valid(object.get(part, "version", ""))',
            "",
            "lets through a version that cannot be compared (SBM-3)",
        ),
        (
            "\tsame(part, entry)\n\tbad",
            "\tsame(part, entry)\n\tentry.fixed\n\tbad",
            "lets through a component of which every version is bad (SBM-3)",
        ),
        ("\texception.expires >= today\n", "", "lets through an exception that ended yesterday (SBM-1)"),
        ("\texception.rule == id\n", "\tid\n", "lets through an exception for another rule (SBM-1)"),
        (
            "\texception.purl == base(part)\n",
            "\tstartswith(base(part), exception.purl)\n",
            "lets through an exception for another component (SBM-1)",
        ),
        ("\tcomplete(exception)\n\texception.expires", "\texception.expires", "without an owner that still excuses"),
        ('exception.owner != ""', "exception.owner", "lets through an exception whose owner is empty (SBM-4)"),
        (
            "\tregex.match(`^\\d{4}-\\d{2}-\\d{2}$`, exception.expires)\n",
            "\texception.expires\n",
            "lets through an exception that ends never (SBM-4)",
        ),
        ("\tcount(parts) > 0\n", "", "lets through a bill without components (SBM-5)"),
        ('\tnot excused(part, "SBM-1")\n', "", "refuses a licence with an exception that has an owner and holds"),
        ('split(text, " OR ")', 'split(text, " or ")', "refuses a choice of licences"),
        ("SBM-2 %s", "SBM-7 %s", "does not carry the id SBM-2"),
        ('sprintf("SBM-2 %s: its licence is not known", [title(part)])', '"SBM-2: a licence"', "does not name"),
        ("deny contains", "refuse contains", "no rule was evaluated"),
        ("if not readable", "if not readable(", "rego"),
    ],
)
def test_a_hole_in_the_policy_is_named(lab: Lab, old: str, new: str, reason: str) -> None:
    swap(lab, POLICY, old, new)
    assert reason in said(lab, "policy").replace("Rego", "rego")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('test_unknown_licence if refused({"licenses": []}, [], "SBM-2")', "", "when this rule is removed"),
        (
            'test_exception_ends if refused(agpl, [object.union(exception, {"expires": "2020-01-31"})], "SBM-1")',
            "",
            "no test fails when an exception never ends",
        ),
        (
            'test_exception_holds if not refused(agpl, [exception], "SBM-1")',
            "",
            "no test fails when no exception holds",
        ),
        (
            "test_good_passes if count(main.deny) == 0 with input as bill({}) with data.parts as lists",
            "",
            "no test fails when everything is refused",
        ),
        ('[], "SBM-3")', '[], "SBM-2")', "fails"),
        ("test_", "check_", "has no test"),
    ],
)
def test_tests_that_hold_nothing_are_found(lab: Lab, old: str, new: str, reason: str) -> None:
    swap(lab, TESTS, old, new)
    assert reason in said(lab, "policy")


def test_tests_that_mock_the_date_hold_as_well(lab: Lab) -> None:
    old = 'test_exception_ends if refused(agpl, [object.union(exception, {"expires": "2020-01-31"})], "SBM-1")'
    new = 'test_exception_ends if refused(agpl, [exception], "SBM-1") with main.today as "3000-01-01"'
    swap(lab, TESTS, old, new)
    assert lab.result("policy").passed, lab.result("policy").reason


def test_the_word_today_in_a_message_is_a_word(lab: Lab) -> None:
    """Else the faults with fixed dates do not parse, and every test notices what cannot be read."""
    swap(lab, POLICY, "is not cleared", "is not cleared today")
    assert lab.result("policy").passed, lab.result("policy").reason
    ends = 'test_exception_ends if refused(agpl, [object.union(exception, {"expires": "2020-01-31"})], "SBM-1")'
    swap(lab, TESTS, ends, "")
    assert "no test fails when an exception never ends" in said(lab, "policy")


def test_a_clock_of_its_own_is_named(lab: Lab) -> None:
    swap(
        lab,
        POLICY,
        "exception.expires >= today",
        "time.parse_rfc3339_ns(sprintf(`%sT23:59:59Z`, [exception.expires])) >= time.now_ns()",
    )
    assert "it has a clock of its own" in said(lab, "policy")


def test_a_parenthesis_hides_no_licence(lab: Lab) -> None:
    swap(lab, POLICY, '\tnot contains(text, "(")\n', "")
    assert lab.result("policy").passed
    with pytest.raises(AssertionError, match="a licence hidden by parentheses"):
        hidden.policy(lab)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "upgraded: [acme-feature-store,",
            "upgraded: [acme-feature-store, acme-queue-client,",
            "upgraded: acme-queue-client does not belong there",
        ),
        ("added: [msgspec, quick-ranker]", "added: [msgspec]", "added: 1 of 2 not named"),
        ("relicensed: [vector-tiles]", "relicensed: []", "a licence is part of a version"),
        (
            "blocked_by: [acme-queue-client, quick-ranker, vector-tiles]",
            "blocked_by: [acme-queue-client]",
            "blocked_by: 2 of 3 not named",
        ),
        ("promote: false", "promote: true", "although something stands against it"),
        ("promote: false", "promote: later", "promote is not answered"),
        ("removed: [pyyaml]", "removed: pyyaml", "removed is not answered"),
        ("added: [", "added: [[", "is not valid YAML"),
    ],
)
def test_a_wrong_answer_is_named(lab: Lab, old: str, new: str, reason: str) -> None:
    swap(lab, ANSWERS, old, new)
    assert reason in said(lab, "diff")


def test_all_wrong_answers_are_named_at_once(lab: Lab) -> None:
    swap(lab, ANSWERS, "added: [msgspec, quick-ranker]", "added: [msgspec]")
    swap(lab, ANSWERS, "removed: [pyyaml]", "removed: []")
    reason = said(lab, "diff")
    assert "added: 1 of 2 not named" in reason and "removed: 1 of 1 not named" in reason
    swap(lab, ANSWERS, "removed: []", "removed: pyyaml")
    swap(lab, ANSWERS, "promote: false", "promote: later")
    reason = said(lab, "diff")
    assert "removed is not answered" in reason and "promote is not answered" in reason


def test_the_story_has_every_kind_of_change(lab: Lab) -> None:
    found = real(lab)
    assert found.added and found.removed and found.of("upgraded") and found.of("downgraded") and found.licences
    assert {part.name for part in found.old.components} == set(PACKAGES["1.0.0"])


def test_the_lists_of_the_notebook_are_those_of_the_check(lab: Lab) -> None:
    import yaml

    lists = yaml.safe_load(lab.read(f"{DATA}/parts.yaml"))["parts"]
    assert set(lists["licences"]) == CLEARED
    assert isinstance(lists["exceptions"][0]["expires"], str)


def test_a_check_leaves_the_workspace_as_it_is(lab: Lab) -> None:
    def files() -> dict[str, bytes]:
        return {str(f): f.read_bytes() for f in sorted(lab.path("sbom").rglob("*")) if f.is_file()}

    before = files()
    for step in STEPS:
        lab.result(step)
    assert files() == before and set(BILLS) <= {str(Path(f).relative_to(lab.work)) for f in before}

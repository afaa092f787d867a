"""Checks of Lab 3, notebook 02: bills of materials that are true, a policy over them, what an upgrade brings."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from helpers._rego import Rule, rules_in
from helpers.checks import Unmet, _bills, require, step
from helpers.checks._bills import Bill
from helpers.checks._module import scratch
from helpers.checks._runs import each
from helpers.checks._worker import image
from helpers.conftest import Conftest
from helpers.labs import Lab
from helpers.policy import NothingChecked, PolicyError, PolicyReport
from helpers.sbom import Component, MalformedSbom, Sbom, SbomDiff, Syft, diff, read

MODULE, NAME = "sbom/module", "gpu-workspace"
OLD, NEW = "1.0.0", "1.1.0"
#: File -> what it is about, and the format.
BILLS: Mapping[str, tuple[str, str]] = {
    f"sbom/{what}.{ending}.json": (what, format)
    for what in ("module", "worker")
    for ending, format in (("cdx", "cyclonedx"), ("spdx", "spdx"))
}
POLICY, TESTS, DATA = "sbom/policy/parts.rego", "sbom/policy/parts_test.rego", "sbom/policy/data"
ANSWERS = "sbom/diff.yaml"
#: Licences that are cleared for the worker, and the range of its client that is known to be bad.
CLEARED = frozenset({"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"})
BAD = ("acme-queue-client", "1.2.0", "1.4.1")


@step(
    "lab3",
    "sbom",
    hints=(
        "What did Syft look at when it wrote the file, and would it say the same today, of these very bytes?",
        "Syft(lab.path('sbom')).module('module', name=..., version='1.0.0', format=...) lists the package of the "
        "module, .image(worker, format=...) the image. Both have .write(PATH). Write each again after a change.",
        'for format, ending in (("cyclonedx", "cdx"), ("spdx", "spdx")):\n'
        '    syft.image(worker, format=format).write(lab.path(f"sbom/worker.{ending}.json"))\n    ...',
    ),
)
def sbom(lab: Lab) -> str:
    """Each file says what Syft says now of the same bytes, and names their digest."""
    require(lab.path(f"{MODULE}/main.tf").is_file(), f"{MODULE}/main.tf is not there: run the cell that writes it")
    kept = {path: opened(lab, path) for path in BILLS}
    worker = image(OLD)
    fresh = dict(zip(BILLS, each(lambda path: listed(lab, worker, *BILLS[path]), BILLS), strict=True))
    for path, given in kept.items():
        same(path, given, fresh[path])
    count = sum(len(kept[path].components) for path in BILLS if path.endswith(".cdx.json"))
    return f"both formats name the digests of module and image, and list the {count} components Syft finds there"


def opened(lab: Lab, path: str) -> Sbom:
    """Return a bill of materials of the learner's; raise `Unmet` unless it is one, in its format."""
    require(lab.path(path).is_file(), f"{path} is not there")
    try:
        given = read(lab.path(path))
    except MalformedSbom as error:
        raise Unmet(f"{path}: {error.what}: {error.why}") from None
    wanted = BILLS[path][1]
    require(given.format == wanted, f"{path} is in the format {given.format}, not {wanted}")
    return given


def listed(lab: Lab, worker: str, what: str, format: Any) -> Sbom:
    """Return what Syft says now of the module or of the image."""
    syft = Syft(lab.work)
    if what == "module":
        return syft.module(MODULE, name=NAME, version=OLD, format=format)
    return syft.image(worker, format=format)


def same(path: str, given: Sbom, fresh: Sbom) -> None:
    """Raise `Unmet` unless a bill is about the same bytes and says the same as a fresh one."""
    require(given.digest, f"{path} is about no digest: it may be shown for anything")
    require(
        given.digest == fresh.digest,
        f"{path} is about another artifact: it names {given.digest[:19]}..., this one has {fresh.digest[:19]}...",
    )
    found = diff(fresh, given)
    require(not found.removed, f"{path} does not list {_words(found.removed)}, which Syft finds")
    require(not found.added, f"{path} lists {_words(found.added)}, which Syft does not find")
    for change in found.changed:
        about = f"{change.old.name} {change.old.version}"
        other = "with another hash" if change.direction == "replaced" else f"as {change.new.version}"
        raise Unmet(f"{path} was edited: it lists {about} {other}")
    for licence in found.licences:
        says = ", ".join(licence.new) or "no licence"
        raise Unmet(f"{path} was edited: it says {says} of {licence.name}, the author says {', '.join(licence.old)}")
    for ours, theirs in zip(fresh.components, given.components, strict=True):
        require(ours == theirs, f"{path} was edited: {theirs.name} is not as Syft writes it: {theirs.purl}")
    name, wanted = _subject(given), _subject(fresh)
    require(name == wanted, f"{path} is about {name}, not about {wanted}")
    vague = [part.name for part in given.components if not part.version]
    require(not vague, f"{path}: the version of {', '.join(vague)} is not known: terraform init locks it")


def _subject(bill: Sbom) -> str:
    """Return name and version; an image goes by its repository, wherever its registry is."""
    return f"{re.sub(r'^[^/]+:[0-9]+/', '', bill.subject)} {bill.version}".strip()


def _words(parts: tuple[Component, ...]) -> str:
    return ", ".join(f"{part.name} {part.version}".strip() for part in parts)


@contextlib.contextmanager
def learners_rego() -> Iterator[None]:
    """Turn what OPA says of the learner's Rego into `Unmet`."""
    try:
        yield
    except NothingChecked:
        raise Unmet(f"{POLICY}: no rule was evaluated: it needs deny in package main") from None
    except PolicyError as error:
        raise Unmet(f"{error.what}: {error.why}") from None


def judge(lab: Lab, bill: Bill) -> PolicyReport:
    """Judge a bill of materials by the learner's policy and the bill's own lists."""
    with tempfile.TemporaryDirectory(prefix="mod208-check-") as aside, learners_rego():
        lists = Path(aside) / "parts.json"
        lists.write_text(json.dumps({"parts": bill.lists}))
        return Conftest(lab.work).test(
            document=bill.document, filename="sbom.json", policies=("sbom/policy",), data=(lists,)
        )


@step(
    "lab3",
    "policy",
    reads=("sbom/policy",),
    hints=(
        "Which of the ways to write a licence does your rule see? And who reads an exception after its last day?",
        "Give each idea a rule of its own, and refuse when it does not hold: cleared(text), bad(part, entry), "
        "complete(exception), excused(part, id). A missing field is undefined: `not` of undefined is true.",
        "excused(part, id) if {\n\tsome exception in data.parts.exceptions\n\texception.purl == base(part)\n"
        "\texception.rule == id\n\tcomplete(exception)\n\texception.expires >= today\n}\n\n"
        'deny contains sprintf("SBM-1 %s: %s is not cleared", [title(part), text]) if {\n\tsome part in parts\n'
        '\tsome text in licences(part)\n\tnot cleared(text)\n\tnot excused(part, "SBM-1")\n}',
    ),
)
def policy(lab: Lab) -> str:
    """Good bills pass, each bad one is refused by its rule, exceptions end, and the tests hold every rule."""
    require(lab.path(POLICY).is_file(), f"{POLICY} is not there: run the cell that writes it")
    good, bad = _bills.good(), _bills.bad()
    each(lambda bill: passes(lab, bill), good)
    each(lambda bill: refused(lab, bill), bad)
    count = held(lab)
    return f"{len(bad)} bad bills are refused, each by its rule, {len(good)} good ones pass, tests hold {count} rules"


def passes(lab: Lab, bill: Bill) -> None:
    """Raise `Unmet` unless the policy lets a good bill through."""
    report = judge(lab, bill)
    objections = "; ".join(found.msg for found in report.failures)
    require(report.passed, f"{POLICY} refuses {bill.about}: {objections}")


def refused(lab: Lab, bill: Bill) -> None:
    """Raise `Unmet` unless the policy refuses a bill, with the rule's id and the component's name."""
    found = [one.msg for one in judge(lab, bill).failures]
    said = [msg for msg in found if bill.rule in msg]
    if not said and found:
        raise Unmet(f'{POLICY}: the message for "{bill.about}" does not carry the id {bill.rule}: {found[0]}')
    require(said, f"{POLICY} lets through {bill.about} ({bill.rule})")
    named = any(bill.name in msg for msg in said)
    require(named, f"{POLICY}: the message of {bill.rule} does not name {bill.name}: {said[0]}")


def held(lab: Lab) -> int:
    """Return how many rules the learner's tests hold; raise `Unmet` when a fault in one goes unnoticed."""
    require(lab.path(TESTS).is_file() and "test_" in lab.read(TESTS), f"{TESTS} has no test")
    with learners_rego():
        report = Conftest(lab.work).verify(policies=("sbom/policy",), data=(DATA,))
    first = next(iter(report.failures), None)
    require(first is None, f"{TESTS}: {first.name if first else ''} fails")
    text = lab.read(POLICY)
    rules = [rule for rule in rules_in([lab.path(POLICY)]) if rule.name.startswith("deny")]
    mutants = {_without(rule, text): f"{POLICY}:{rule.line}: no test fails when this rule is removed" for rule in rules}
    for date, fault in (("0000-00-00", "an exception never ends"), ("9999-99-99", "no exception holds")):
        mutants[_dated(text, date)] = f"{TESTS}: no test fails when {fault}"
    everything = text + '\ndeny contains "refused without a reason"\n'
    mutants[everything] = f"{TESTS}: no test fails when everything is refused: show a good bill passing"
    mutants.pop(text, None)
    each(lambda mutant: require(_noticed(lab, mutant), mutants[mutant]), mutants)
    return len(rules)


def _dated(text: str, date: str) -> str:
    """Return the policy with a fixed date wherever it asks for today's; a test cannot mock that away."""
    return re.sub(r"(?m)^(?!\s*#)(.+)$", lambda line: re.sub(r"\btoday\b(?!\s*:=)", f'"{date}"', line[0]), text)


def _without(rule: Rule, text: str) -> str:
    lines = text.splitlines()
    lines[rule.line - 1] = "removed_" + lines[rule.line - 1]
    # The set stays defined: a test must not fail only because the name is gone.
    return "\n".join([*lines, 'deny contains "nothing" if false', ""])


def _noticed(lab: Lab, text: str) -> bool:
    with scratch(lab, "sbom/policy") as room:
        (room / POLICY).write_text(text)
        try:
            return not Conftest(room).verify(policies=("sbom/policy",), data=(DATA,)).passed
        except PolicyError:
            return True


#: What is asked -> how the answer is found in the real difference.
QUESTIONS: Mapping[str, Callable[[SbomDiff], set[str]]] = {
    "added": lambda found: {part.name for part in found.added},
    "removed": lambda found: {part.name for part in found.removed},
    "upgraded": lambda found: {change.new.name for change in found.of("upgraded")},
    "downgraded": lambda found: {change.new.name for change in found.of("downgraded")},
    "relicensed": lambda found: {change.name for change in found.licences},
    "blocked_by": lambda found: {part.name for part in found.new.components if blocks(part)},
}
_POINTERS: Mapping[str, str] = {
    "downgraded": "compare the numbers of each version, one by one",
    "relicensed": "a licence is part of a version, and changes with it",
    "blocked_by": "the new image's components against the rules: licence cleared, licence known, not known-bad; an "
    "exception counts to its last day",
}


@step(
    "lab3",
    "diff",
    hints=(
        "A version that is other than before: is it newer? And does it come under the terms it had?",
        "diff(old, new) has added, removed, changed (each with a direction) and licences. For blocked_by ask your "
        "policy about the new image, and look at the day on which the exception ended.",
        "added: [msgspec, ...]\nremoved: [pyyaml]\ndowngraded: [acme-queue-client]\npromote: ...",
    ),
)
def differs(lab: Lab) -> str:
    """The answers are those of the two images in the registry."""
    given, found = answers(lab), real(lab)
    for question, truth in QUESTIONS.items():
        told, right = given[question], truth(found)
        pointer = f": {_POINTERS[question]}" if question in _POINTERS else ""
        extra = sorted(told - right)
        require(not extra, f"{ANSWERS}: {question}: {', '.join(extra)} does not belong there{pointer}")
        missing = len(right - told)
        require(not missing, f"{ANSWERS}: {question}: {missing} of {len(right)} not named{pointer}")
    allowed = not QUESTIONS["blocked_by"](found)
    require(
        given["promote"] is allowed,
        f"{ANSWERS}: promote is {str(given['promote']).lower()}, although something stands against it",
    )
    return f"{len(found.added) + len(found.removed) + len(found.changed)} changes are named, and what stands against it"


def answers(lab: Lab) -> dict[str, Any]:
    """Return the learner's answers: sets of names, and promote; raise `Unmet` unless all are given."""
    import yaml

    require(lab.path(ANSWERS).is_file(), f"{ANSWERS} is not there: run the cell that writes it")
    try:
        said = yaml.safe_load(lab.read(ANSWERS))
    except yaml.YAMLError as error:
        raise Unmet(f"{ANSWERS} is no YAML: {str(error).splitlines()[0]}") from None
    require(isinstance(said, dict), f"{ANSWERS} has no answers")
    for question in QUESTIONS:
        names = said.get(question)
        listed = isinstance(names, list) and all(isinstance(name, str) for name in names)
        require(listed, f"{ANSWERS}: {question} is not answered: a list of names, maybe an empty one")
        said[question] = set(names)
    require(isinstance(said.get("promote"), bool), f"{ANSWERS}: promote is not answered: true or false")
    return dict(said)


def real(lab: Lab) -> SbomDiff:
    """Return what has changed between the two images."""
    old, new = each(lambda version: Syft(lab.work).image(image(version)), (OLD, NEW))
    return diff(old, new)


def blocks(part: Component) -> bool:
    """Say whether a component of the worker must not be promoted."""
    from packaging.version import Version

    name, introduced, fixed = BAD
    if part.name == name and Version(introduced) <= Version(part.version) < Version(fixed):
        return True
    return not part.licences or any(CLEARED.isdisjoint(text.split(" OR ")) for text in part.licences)

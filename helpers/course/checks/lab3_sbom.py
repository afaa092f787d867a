"""Checks of Lab 3, notebook 02: bills of materials that are true, a policy over them, what an upgrade brings."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.version import Version

from helpers.core import yaml_reader
from helpers.core.yaml_reader import InvalidYaml
from helpers.course.checks import Unmet, every, item, require, settled, step
from helpers.course.checks.support import sboms
from helpers.course.checks.support.rego import learners_rego, require_noticed, without_id, without_rule
from helpers.course.checks.support.sboms import Bill
from helpers.course.checks.support.terraform_runs import each
from helpers.course.checks.support.worker_image import image
from helpers.course.workspace import Workspace
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.crane import Crane
from helpers.wrappers.rego_rules import rules_in
from helpers.wrappers.sbom import Component, MalformedSbom, Sbom, SbomDiff, Syft, diff, read

MODULE, NAME = "sbom/module", "gpu-workspace"
OLD, NEW = "1.0.0", "1.1.0"
#: File -> what it is about, and the format.
BILLS: Mapping[str, tuple[str, str]] = {
    f"sbom/{what}.{ending}.json": (what, format)
    for what in ("module", "worker")
    for ending, format in (("cdx", "cyclonedx"), ("spdx", "spdx"))
}
POLICY, TESTS, DATA = "sbom/policy/parts.rego", "sbom/policy/parts_test.rego", "sbom/policy/data"
NOTHING_CHECKED = f"{POLICY}: no rule was evaluated: it needs deny in package main"
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
def sbom(lab: Workspace) -> str:
    """Each file says what Syft says now of the same bytes, and names their digest."""
    require(lab.path(f"{MODULE}/main.tf").is_file(), f"{MODULE}/main.tf does not exist: run the cell that writes it")
    kept = {}
    for path in BILLS:
        with item("Files", path):
            kept[path] = opened(lab, path)
    settled()
    worker = image(OLD)
    fresh = dict(zip(BILLS, each(lambda path: listed(lab, worker, *BILLS[path]), BILLS), strict=True))
    for path, given in kept.items():
        with item("What the files say", path):
            same(path, given, fresh[path])
    settled()
    count = sum(len(kept[path].components) for path in BILLS if path.endswith(".cdx.json"))
    return f"both formats name the digests of module and image, and list the {count} components Syft finds there"


def opened(lab: Workspace, path: str) -> Sbom:
    """Return a bill of materials of the learner's; raise `Unmet` unless it is one, in its format."""
    require(lab.path(path).is_file(), f"{path} does not exist")
    try:
        given = read(lab.path(path))
    except MalformedSbom as error:
        raise Unmet(f"{path}: {error.what}: {error.why}") from None
    wanted = BILLS[path][1]
    require(given.format == wanted, f"{path} is in the format {given.format}, not {wanted}")
    return given


def listed(lab: Workspace, worker: str, what: str, format: Any) -> Sbom:
    """Return what Syft says now of the module or of the image."""
    if what == "module":
        return Syft(lab.work).module(MODULE, name=NAME, version=OLD, format=format)
    return of_image(lab, worker, format)


#: Image, its digest now, and format -> what Syft said of it: bytes of one digest are always the same.
_KNOWN: dict[tuple[str, str, str], Sbom] = {}


def of_image(lab: Workspace, reference: str, format: Any = "cyclonedx") -> Sbom:
    """Return what Syft says of an image; it looks (1.5 s of processor time) once at each digest."""
    key = (reference, Crane(lab.work).digest(reference), str(format))
    if key not in _KNOWN:
        found = Syft(lab.work).image(reference, format=format)
        if found.digest != key[1]:
            return found
        _KNOWN[key] = found
    return _KNOWN[key]


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


def objections(lab: Workspace, bills: Sequence[Bill]) -> list[list[str]]:
    """Return for each bill of materials what the learner's policy says against it, by the bill's own lists.

    Bills with the same lists are judged in one run.

    Raises:
        Unmet: the policy cannot be evaluated for one of them.
    """
    runs: dict[str, list[int]] = {}
    for number, bill in enumerate(bills):
        runs.setdefault(json.dumps({"parts": bill.lists}), []).append(number)
    found: list[list[str]] = [[] for _ in bills]

    def judge(run: tuple[str, list[int]]) -> None:
        lists, numbers = run
        with tempfile.TemporaryDirectory(prefix="mod208-check-") as aside, learners_rego(NOTHING_CHECKED):
            data = Path(aside) / "parts.json"
            data.write_text(lists)
            files = {str(Path(aside) / f"sbom-{number}.json"): number for number in numbers}
            for file, number in files.items():
                Path(file).write_text(json.dumps(bills[number].document))
            report = Conftest(lab.work).test(*files, policies=("sbom/policy",), data=(data,))
            for result in report.failures:
                found[files[result.file]].append(result.msg)

    each(judge, runs.items())
    return found


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
def policy(lab: Workspace) -> str:
    """Good bills pass, each bad one is refused by its rule, exceptions end, and the tests hold every rule."""
    require(lab.path(POLICY).is_file(), f"{POLICY} does not exist: run the cell that writes it")
    # Before it is evaluated: a clock of its own may not even know the dates that it is tried with.
    own = "a clock of its own, which no test can set: ask `today`"
    require(not _own_clock(lab.read(POLICY)), f"{POLICY}: it has {own}")
    good, bad = sboms.good(), sboms.bad()
    try:
        found = objections(lab, [*good, *bad])
    except Unmet:
        # One by one, so that the first bill it goes wrong with gives the reason.
        each(lambda bill: passes(lab, bill), good)
        each(lambda bill: refused(lab, bill), bad)
        raise
    for bill, said in zip(good, found, strict=False):
        with item("Good lists", bill.about):
            lets_through(bill, said)
    for bill, said in zip(bad, found[len(good) :], strict=True):
        with item("Bad lists", bill.about):
            refuses(bill, said)
    settled()
    count = held(lab)
    return f"{len(bad)} bad bills are refused, each by its rule, {len(good)} good ones pass, tests hold {count} rules"


def passes(lab: Workspace, bill: Bill) -> None:
    """Raise `Unmet` unless the policy lets a good bill through."""
    lets_through(bill, *objections(lab, [bill]))


def lets_through(bill: Bill, said: Sequence[str]) -> None:
    """Raise `Unmet` if something is said against a good bill."""
    require(not said, f"{POLICY} refuses {bill.about}: {'; '.join(said)}")


def refused(lab: Workspace, bill: Bill) -> None:
    """Raise `Unmet` unless the policy refuses a bill, with the rule's id and the component's name."""
    refuses(bill, *objections(lab, [bill]))


def refuses(bill: Bill, found: Sequence[str]) -> None:
    """Raise `Unmet` unless what is said against a bad bill has the rule's id and the component's name."""
    said = [msg for msg in found if set(re.findall(r"SBM-\d", msg)) == {bill.rule}]
    if not said and found:
        raise Unmet(
            f'{POLICY}: the message for "{bill.about}" does not carry the id {bill.rule}, and no other: {found[0]}'
        )
    require(said, f"{POLICY} lets through {bill.about} ({bill.rule})")
    named = any(bill.name in msg for msg in said)
    require(named, f"{POLICY}: the message of {bill.rule} does not name {bill.name}: {said[0]}")


def held(lab: Workspace) -> int:
    """Return how many rules the learner's tests hold; raise `Unmet` when a fault in one goes unnoticed."""
    require(lab.path(TESTS).is_file() and "test_" in lab.read(TESTS), f"{TESTS} has no test")
    with learners_rego(NOTHING_CHECKED):
        report = Conftest(lab.work).verify(policies=("sbom/policy",), data=(DATA,))
    first = next(iter(report.failures), None)
    require(first is None, f"{TESTS}: {first.name if first else ''} fails")
    text = lab.read(POLICY)
    rules = [rule for rule in rules_in([lab.path(POLICY)]) if rule.name.startswith("deny")]
    removed = "no test fails when this rule is removed"
    mutants = {without_rule(rule, text): f"{POLICY}:{rule.line}: {removed}" for rule in rules}
    for id in sorted({bill.rule for bill in sboms.bad()}):
        mutants[without_id(rules, text, id)] = f"{TESTS}: no test fails when {id} never fires"
    for date, fault in (("0000-00-00", "an exception never ends"), ("9999-99-99", "no exception holds")):
        mutants[_dated(text, date)] = f"{TESTS}: no test fails when {fault}"
    everything = text + '\ndeny contains "refused without a reason"\n'
    mutants[everything] = f"{TESTS}: no test fails when everything is refused: show a good bill passing"
    mutants.pop(text, None)
    require_noticed(lab, POLICY, mutants, policies=("sbom/policy",), data=(DATA,))
    return len({bill.rule for bill in sboms.bad()})


def _dated(text: str, date: str) -> str:
    """Return the policy with a fixed date wherever it asks for today's; a test cannot mock that away.

    What stands in a string or a comment is left alone: there the word is only a word.
    """
    return _TOKEN.sub(lambda found: f'"{date}"' if found["asked"] else found[0], text)


def _own_clock(text: str) -> bool:
    """Does anything but the rule `today` ask for the time?"""
    code = _TOKEN.sub(lambda found: "" if found["text"] else found[0], text)
    return any("time.now_ns" in line for line in code.splitlines() if not re.match(r"\s*today\s*:=", line))


#: Strings and comments of Rego, and each use of `today`.
_TOKEN = re.compile(r'(?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`|#[^\n]*)|(?P<asked>\btoday\b(?!\s*:=))')
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
def differs(lab: Workspace) -> str:
    """The answers are those of the two images in the registry."""
    given, found = answers(lab), real(lab)
    with every("Answers"):
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


def answers(lab: Workspace) -> dict[str, Any]:
    """Return the learner's answers: sets of names, and promote; raise `Unmet` unless all are given."""
    require(lab.path(ANSWERS).is_file(), f"{ANSWERS} does not exist: run the cell that writes it")
    try:
        said = yaml_reader.load(lab.read(ANSWERS))
    except InvalidYaml as error:
        raise Unmet(f"{ANSWERS} is not valid YAML: {str(error).splitlines()[0]}") from None
    require(isinstance(said, dict), f"{ANSWERS} has no answers")
    for question in QUESTIONS:
        with item("Answers", question):
            names = said.get(question)
            listed = isinstance(names, list) and all(isinstance(name, str) for name in names)
            require(listed, f"{ANSWERS}: {question} is not answered: a list of names, maybe an empty one")
            said[question] = set(names)
    with item("Answers", "promote"):
        require(isinstance(said.get("promote"), bool), f"{ANSWERS}: promote is not answered: true or false")
    settled()
    return dict(said)


def real(lab: Workspace) -> SbomDiff:
    """Return what has changed between the two images."""
    old, new = each(lambda version: of_image(lab, image(version)), (OLD, NEW))
    return diff(old, new)


def blocks(part: Component) -> bool:
    """Say whether a component of the worker must not be promoted."""
    name, introduced, fixed = BAD
    if part.name == name and Version(introduced) <= Version(part.version) < Version(fixed):
        return True
    return not part.licences or any(CLEARED.isdisjoint(text.split(" OR ")) for text in part.licences)

"""Did a change of ``validation`` blocks refuse what was accepted? Terraform itself evaluates both on sample values.

Where a condition only compares the value, its length or its whole part with constants, a sample on, between and beyond
all constants is a proof. Patterns, prefixes and lists of strings are compared as languages (hcl-reader's request
``accepts``): it looks at every string, so none refused is a proof, and one refused is a sample for Terraform. Elsewhere
a sample that is refused now proves a break, and none found proves nothing: then a person decides.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from helpers.wrappers.module_interface.change import Change, undecided
from helpers.wrappers.module_interface.expression import Condition, Expression
from helpers.wrappers.module_interface.hcl_reader import ask
from helpers.wrappers.module_interface.interface import Variable
from helpers.wrappers.module_interface.type_constraint import TypeConstraint
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform._run import literal

#: Values that names, ranges and patterns tend to tell apart.
_TEXTS = (
    *("", " ", "a", "A", "1", "-", "_", ".", "ab", "a1", "1a", "a-b", "-ab", "ab-", "a_b", "a.b", "A-B", "a b", "é"),
    *("acme", "vision", "team-x", "us-east-1", "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24", "0.0.0.0/0", "a@b.c"),
    *("x" * n for n in (3, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 32, 33, 63, 64, 65, 128, 129, 256)),
)
_NUMBERS = (-1, 0, 1, 2, 3, 10, 100, 1000, 1_000_000, 0.5)
_LONGEST = 512


@dataclass(frozen=True)
class _Job:
    """One input whose conditions differ: values to try, and what accepted and accepts them."""

    name: str
    samples: tuple[Any, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]
    exact: bool
    hidden: bool
    text: bool = False


def changes(
    pairs: Sequence[tuple[Variable, Variable]], said: Mapping[str, Expression], types: Mapping[str, TypeConstraint]
) -> Iterator[Change]:
    """Yield what became of the validation of inputs that are in both versions.

    Args:
        pairs: old and new. said: what is known of each condition. types: of each type that is written.

    Raises:
        TerraformError: the conditions cannot be evaluated at all.
    """
    jobs = []
    for old, new in pairs:
        before = {said[text].normal: said[text] for text in old.validations or ()}
        after = {said[text].normal: said[text] for text in new.validations or ()}
        if before.keys() == after.keys():
            continue
        if not after.keys() - before.keys():
            yield Change("validation-loosened", old.name, f"variable {old.name} is checked less", "minor")
        elif job := _job(new, before, after, types[new.type]):
            jobs.append(job)
        else:
            yield _open(new.name)
    jobs = _searched(jobs)
    for job, answers in zip(jobs, _evaluate(jobs), strict=True):
        yield _verdict(job, answers)


def _open(name: str) -> Change:
    text = f"the validation of variable {name} changed; whether it refuses what it accepted cannot be told"
    return undecided("validation-changed", name, text)


def _job(
    variable: Variable, before: Mapping[str, Expression], after: Mapping[str, Expression], type: TypeConstraint
) -> _Job | None:
    added = [after[n].condition for n in after.keys() - before.keys()]
    gone = [before[n].condition for n in before.keys() - after.keys()]
    subjects = {c.subject if c else "" for c in (*added, *gone)}
    if len(subjects) != 1 or "" in subjects:
        return None
    (subject,) = subjects
    every = [e.condition for e in (*before.values(), *after.values()) if e.condition and e.condition.subject == subject]
    old = tuple(e.condition.function for e in before.values() if e.condition in every and e.condition)
    new = tuple(e.condition.function for e in after.values() if e.condition in every and e.condition)
    kind, optional = _type_of(subject.split(".")[2:], type)
    nullable = variable.nullable if subject.count(".") == 1 else optional
    samples, complete = _samples(kind, every)
    exact = complete and all(c.exact for c in every)
    every_one = (*samples, *([None] if nullable else []))
    return _Job(variable.name, every_one, old, new, exact, variable.sensitive, kind == "string")


def _searched(jobs: Sequence[_Job]) -> list[_Job]:
    """Return the jobs with what a search of all strings found: more samples, and whether they are a proof now."""
    asked = [job for job in jobs if job.text and not job.exact]
    requests = [{"op": "accepts", "old": list(job.old), "new": list(job.new)} for job in asked]
    answers = dict(zip(map(id, asked), ask(requests), strict=True))

    def found(job: _Job) -> _Job:
        answer = answers.get(id(job), {})
        if not answer.get("decided"):
            return job
        examples = [answer[name] for name in ("refused", "gained") if name in answer]
        # What it refuses may be no string that Terraform knows, so Terraform has to say it too.
        return replace(job, samples=(*job.samples, *examples), exact="refused" not in answer)

    return [found(job) for job in jobs]


def _type_of(path: Sequence[str], type: TypeConstraint) -> tuple[str, bool]:
    """Return the kind of an attribute of a type, and whether it may be null."""
    optional = False
    for name in path:
        attribute = type.attributes.get(name)
        if attribute is None:
            return "any", True
        type, optional = attribute.type, attribute.optional and not attribute.default
    return type.kind, optional


def _samples(kind: str, conditions: Sequence[Condition]) -> tuple[list[Any], bool]:
    """Return values to try, and whether they stand for all values of the type, given conditions that are exact."""
    constants = [constant for c in conditions for constant in c.constants]
    numbers = sorted({c for c in constants if isinstance(c, int | float) and not isinstance(c, bool)})
    texts = [c for c in constants if isinstance(c, str)]
    by_length = any(c.by_length for c in conditions)
    lengths = sorted({n for c in numbers for n in (int(c) - 1, int(c), int(c) + 1) if 0 <= n <= _LONGEST} | {0, 1})
    in_reach = all(0 <= c < _LONGEST for c in numbers)
    if kind == "bool":
        return [True, False], True
    if kind == "number":
        near = {n for c in numbers for n in (c - 1, c - 0.5, c, c + 0.5, c + 1)}
        between = {(a + b) / 2 for a, b in pairwise(numbers)}
        return sorted({*near, *between, *_NUMBERS}), not texts and not by_length
    if kind == "string":
        fresh = [letter * n for n in lengths for letter in "qz"]
        return list(dict.fromkeys([*texts, *fresh, *_TEXTS])), in_reach if by_length else not numbers
    if kind in ("list", "set"):
        return [[str(n) for n in range(length)] for length in lengths], by_length and in_reach and not texts
    if kind == "map":
        return [{f"k{n}": "v" for n in range(length)} for length in lengths], by_length and in_reach and not texts
    return [*constants, *_TEXTS, *_NUMBERS], False


def _evaluate(jobs: Sequence[_Job]) -> list[list[tuple[bool, bool]]]:
    """Return for each job and sample whether the old and whether the new conditions accept it; Terraform decides."""
    if not jobs:
        return []
    lines = [f"  job{n} = [for candidate in {literal(list(job.samples))} : {_both(job)}]" for n, job in enumerate(jobs)]
    names = ", ".join(f"local.job{n}" for n in range(len(jobs)))
    with tempfile.TemporaryDirectory(prefix="conditions-") as folder:
        Path(folder, "main.tf").write_text("locals {\n" + "\n".join(lines) + "\n}\n", encoding="utf-8")
        # There is nothing here that a cloud would be asked for.
        said = Terraform(folder, env={"AWS_PROFILE": "unused"}).console(f"jsonencode([{names}])")
    found = json.loads(json.loads(said))
    return [[(bool(old), bool(new)) for old, new in answers] for answers in found]


def _both(job: _Job) -> str:
    def accepts(conditions: Sequence[str]) -> str:
        # A condition that fails on a value refuses it. In brackets, as it may go over several lines.
        return f"alltrue([{', '.join(f'try(tobool(({text})), false)' for text in conditions)}])"

    return f"[{accepts(job.old)}, {accepts(job.new)}]"


def _verdict(job: _Job, answers: Sequence[tuple[bool, bool]]) -> Change:
    tried = list(zip(job.samples, answers, strict=True))
    refused = [value for value, (old, new) in tried if old and not new]
    if refused:
        shown = "a value" if job.hidden else _shown(min(refused, key=lambda v: len(json.dumps(v))))
        text = f"the validation of variable {job.name} refuses {shown}, which it accepted"
        return Change("validation-tightened", job.name, text, "major")
    if not job.exact:
        return _open(job.name)
    if any(new and not old for _, (old, new) in tried):
        return Change("validation-loosened", job.name, f"the validation of variable {job.name} accepts more", "minor")
    text = f"the validation of variable {job.name} was rewritten and accepts the same"
    return Change("validation-rewritten", job.name, text, "patch")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:40]}... ({len(value)} characters)"

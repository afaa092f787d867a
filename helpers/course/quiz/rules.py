"""What every question file has to keep to; a test asks this of all files, an author by ``--check FILE``."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from helpers.core.errors import BadInput
from helpers.course.quiz.draws import domain, draw, every
from helpers.course.quiz.questions import LETTERS, Choice, Number, Question, condition, drawable, with_values
from helpers.course.quiz.sealing import load, secret_of

#: Part of all keys of a unit that one letter may have; and part of its questions whose right option is the longest.
MOST_LETTER, MOST_LONGEST = 0.35, 0.5
#: Right options are, on average, this many times as long as wrong ones; outside of it length gives the key away.
LENGTHS = (0.75, 1.35)
#: Fewer choices than this show no pattern.
FEWEST = 4
#: Fewest different sets of values, and keys, of a question with numbers; so many combinations are tried at most.
LEAST_DRAWS, LEAST_KEYS, MOST_TRIED = 20, 4, 800
#: A number may differ from the key by this part of it at most.
MOST_TOLERANCE = Fraction(1, 10)
SEEN = {
    "id",
    "kind",
    "text",
    "options",
    "draw",
    "where",
    "let",
    "material",
    "unit",
    "tolerance",
    "plan",
    "shows",
    "action",
    "of",
}


def problems(path: Path) -> list[str]:
    """Return what is wrong with a question file: nothing when it is fine."""
    sections = load(path)
    items = [item for section in sections.values() for item in section]
    found = [
        f"{name} is the id of several questions"
        for name, n in Counter(str(item.get("id")) for item in items).items()
        if n > 1
    ]
    for section, item in ((section, item) for section, own in sections.items() for item in own):
        try:
            said = list(_of_one(item))
        except (BadInput, KeyError, TypeError, ValueError) as error:
            said = [f"it cannot be asked: {type(error).__name__} {error} {getattr(error, 'why', '')}".strip()]
        found += [f"{section}/{item.get('id')}: {text}" for text in said]
    return found + list(_of_all([item for item in items if item.get("kind", "choice") == "choice"]))


def _of_one(item: dict[str, Any]) -> Iterator[str]:
    secret = secret_of(item)
    unknown = set(item) - SEEN - {"sealed", *secret}
    if unknown:
        yield f"nobody reads {', '.join(sorted(unknown))}"
    if not secret.get("because"):
        yield "there is no reason for the right answer"
    kind = item.get("kind", "choice")
    if kind in ("choice", "several"):
        yield from _of_options(item, secret)
    made = list(itertools.islice(questions(item), MOST_TRIED))
    if item.get("draw"):
        yield from _of_draws(item, made)
    if kind == "number":
        yield from _of_numbers(item, secret, made)
    if kind in ("action", "address"):
        missing = {str(c.action) for q in made if q.plan for c in q.plan.resource_changes} - set(secret["because"])
        if missing:
            yield f"there is no reason for {', '.join(sorted(missing))}"
        if len({(tuple(q.options), q.key) for q in made if isinstance(q, Choice)}) < 2:
            yield "every learner has the same key"
    if item.get("plan") and item.get("shows", "symbols") not in ("symbols", "attributes", "json"):
        yield f"a plan is not shown as {item['shows']}"


def questions(item: dict[str, Any]) -> Iterator[Question]:
    """Yield a question with each combination of values; with values of many learners where there are too many."""
    spec, holds = drawable(item), condition(item)
    size = 1
    for values in spec.values():
        size *= len(domain(values))
    names = (str(number) for number in range(MOST_TRIED))
    drawn = every(spec, holds) if size <= MOST_TRIED else (draw(spec, (name, str(item["id"])), holds) for name in names)
    yield from (with_values(item, values, ("rules",)) for values in drawn)


def _of_options(item: dict[str, Any], secret: dict[str, Any]) -> Iterator[str]:
    options, because = item.get("options", {}), secret.get("because", {})
    if list(options) != list(LETTERS[: len(options)]) or not 3 <= len(options) <= len(LETTERS):
        yield f"the options are {LETTERS[:3]} or {LETTERS}, not {''.join(options)}"
    if set(options) != set(because) or not all(str(text).strip() for text in because.values()):
        yield "not every option has its reason"
    if len(set(options.values())) != len(options):
        yield "two options are the same"
    answer = secret.get("answer", ())
    if not answer or not set(answer) < set(options):
        yield f"the key {answer!r} is not some of the options"


def _of_draws(item: dict[str, Any], made: list[Question]) -> Iterator[str]:
    different = len({(question.text, question.material) for question in made})
    if different < LEAST_DRAWS:
        yield f"only {different} different questions can be drawn; {LEAST_DRAWS} are wanted"
    if any("{" + name + "}" in question.text for name in item["draw"] for question in made[:1]):
        yield "a value is not filled in"


def _of_numbers(item: dict[str, Any], secret: dict[str, Any], made: list[Question]) -> Iterator[str]:
    if not secret.get("wrong"):
        yield "no wrong computation is named"
    numbers = [question for question in made if isinstance(question, Number)]
    if (item.get("draw") or item.get("plan")) and len({question.key for question in numbers}) < LEAST_KEYS:
        yield f"fewer than {LEAST_KEYS} different keys can be drawn"
    for question in numbers:
        if said := _of_number(question, len(secret.get("wrong", ()))):
            yield f"{said} (with {dict(question.values)})"
            return


def _of_number(question: Number, named: int) -> str:
    if not 0 <= question.tolerance <= abs(question.key) * MOST_TOLERANCE:
        return f"the tolerance {float(question.tolerance):g} is too large for {float(question.key):g}"
    close = [result for result in question.wrong if abs(result - question.key) <= 2 * question.tolerance]
    if close:
        return f"a wrong computation gives the right number, {float(question.key):g}"
    return "two wrong computations give the same number" if len(question.wrong) < named else ""


def _of_all(choices: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what the choices of a unit give away together: by their letters, by their lengths."""
    if len(choices) < FEWEST:
        return
    keys = Counter(secret_of(item).get("answer") for item in choices)
    for letter, times in sorted(keys.items(), key=str):
        if times > MOST_LETTER * len(choices):
            yield f"{letter} is right {times} times in {len(choices)}"
    pairs = [_lengths(item) for item in choices if secret_of(item).get("answer") in item.get("options", {})]
    longest = sum(right > max(wrong) for right, wrong in pairs)
    if longest > MOST_LONGEST * len(pairs):
        yield f"the right option is the longest {longest} times in {len(pairs)}"
    right = sum(length for length, _ in pairs) / max(len(pairs), 1)
    wrong = sum(sum(lengths) / len(lengths) for _, lengths in pairs) / max(len(pairs), 1)
    if pairs and not LENGTHS[0] <= right / wrong <= LENGTHS[1]:
        yield f"right options have {right:.0f} characters, wrong ones {wrong:.0f}"


def _lengths(item: dict[str, Any]) -> tuple[int, list[int]]:
    key = secret_of(item)["answer"]
    lengths = {letter: len(str(text)) for letter, text in item["options"].items()}
    return lengths.pop(key), list(lengths.values())

"""Questions as one learner meets them: values drawn, text filled in, and who judges an answer.

What an author writes is in CONTRIBUTING.md, "Questionnaires".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, cast

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.course.quiz import numbers
from helpers.course.quiz.draws import draw
from helpers.course.quiz.expressions import evaluate, fill, show
from helpers.course.quiz.plans import plans
from helpers.course.quiz.sealing import secret_of
from helpers.wrappers.terraform.types import Action, Plan

LETTERS = "ABCD"
#: The options of a question for an action, by the plan reader's word.
ACTIONS = {
    "create": "It is created; nothing of it exists yet.",
    "update": "It is changed in place and stays the same object.",
    "replace": "It is destroyed and made once more.",
    "delete": "It is destroyed.",
}
OTHERWISE = "None of the usual slips gives this number. Go through it step by step, one object at a time."


@dataclass(frozen=True)
class Answer:
    """A verdict: what was answered, whether it is right, and why."""

    question: str
    choice: str
    right: bool
    because: str

    def __repr__(self) -> str:
        return f"{self.choice}: {'right' if self.right else 'not right'}. {self.because}"


@dataclass(frozen=True)
class Scope:
    """What the expressions and texts of one question can speak of: drawn values, a plan, what is shown."""

    values: Mapping[str, Any]
    plan: Plan | None = None
    material: str = ""

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """The functions of a key: they read what the learner reads."""
        return {"count": self._count, "lines": self._lines, "documents": self._documents}

    def value(self, expression: object) -> Any:
        """Return the value of an expression."""
        return evaluate(expression, self.values, self.functions)

    def fill(self, text: object) -> str:
        """Return a text with its values."""
        return fill(str(text).strip(), self.values, self.functions)

    def _count(self, *actions: str) -> int:
        """Return how many resources of the plan undergo one of *actions*."""
        if self.plan is None:
            raise ValueError("count() needs a plan")
        return self.plan.count(*(Action(action) for action in actions))

    def _lines(self, pattern: str) -> int:
        """Return how many lines of what is shown match *pattern*."""
        return sum(bool(re.search(pattern, line)) for line in self.material.splitlines())

    def _documents(self, path: str, value: Any) -> int:
        """Return how many YAML documents of what is shown have *value* at *path* (names, with points between them)."""
        return sum(_at(document, path) == value for document in yaml_reader.load_all(self.material))


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


@dataclass(frozen=True)
class Question:
    """One question for one learner.

    Attributes:
        id: unique in its unit.
        kind: ``choice``, ``several``, ``number``, ``action`` or ``address``.
        text: the question, one paragraph.
        options: letter -> text; none for a number.
        unit: of a number; may be empty.
        material: text to read, such as a manifest or a log; may be empty.
        plan, shows: the plan to read, and how it is shown: ``symbols``, ``attributes`` or ``json``.
        values: what was drawn for this learner.
        fingerprint: of everything that decides the values and the key; another one is another question.
    """

    id: str
    kind: str
    text: str
    options: dict[str, str]
    fingerprint: str
    unit: str = ""
    material: str = ""
    plan: Plan | None = None
    shows: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def answer(self, given: object) -> Answer:
        """Return the verdict on an answer, with the reason that belongs to it.

        Raises:
            BadInput: it does not answer this question: no such option, or not a number.
        """
        raise NotImplementedError

    def solution(self) -> Answer:
        """Return the right answer, with its reason."""
        raise NotImplementedError

    def _letter(self, given: object) -> str:
        letter = str(given).strip().upper()
        if letter not in self.options:
            raise BadInput(f"{given!r} is not an option", why="The options are " + ", ".join(self.options) + ".")
        return letter


@dataclass(frozen=True)
class Choice(Question):
    """One option is right; each has its reason."""

    key: str = ""
    because: Mapping[str, str] = field(default_factory=dict)

    def answer(self, given: object) -> Answer:
        """Judge one letter."""
        letter = self._letter(given)
        return Answer(self.id, letter, letter == self.key, self.because[letter])

    def solution(self) -> Answer:
        """Return the right letter."""
        return self.answer(self.key)


@dataclass(frozen=True)
class Several(Question):
    """All options that are right have to be chosen, and no other."""

    key: frozenset[str] = frozenset()
    because: Mapping[str, str] = field(default_factory=dict)

    def answer(self, given: object) -> Answer:
        """Judge letters together, such as ``AC`` or ``A, C``; the reasons are of those that were misjudged."""
        parts = re.findall(r"\w+", str(given)) if re.search(r"[\s,]", str(given).strip()) else list(str(given).strip())
        chosen = {self._letter(part) for part in parts}
        if not chosen:
            raise BadInput("Nothing is chosen", why="At least one option is right.", next='For example: "A, C"')
        misjudged = sorted(chosen ^ self.key)
        told = [f"{letter}: {self.because[letter]}" for letter in misjudged or sorted(chosen)]
        return Answer(self.id, ", ".join(sorted(chosen)), not misjudged, " ".join(told))

    def solution(self) -> Answer:
        """Return the right letters."""
        return self.answer(", ".join(sorted(self.key)))


@dataclass(frozen=True)
class Number(Question):
    """A number; the usual wrong computations are known by their results.

    Attributes:
        key: the right number.
        tolerance: how far from it an answer may be.
        wrong: result of a wrong computation -> its name.
    """

    key: Fraction = Fraction(0)
    tolerance: Fraction = Fraction(0)
    because: str = ""
    wrong: Mapping[Fraction, str] = field(default_factory=dict)
    otherwise: str = OTHERWISE

    def answer(self, given: object) -> Answer:
        """Judge a number, see `numbers.read` for its spellings."""
        value = numbers.read(given, self.unit)
        shown = show(value)
        if abs(value - self.key) <= self.tolerance:
            return Answer(self.id, shown, True, self.because)
        slips = (why for result, why in self.wrong.items() if abs(value - result) <= self.tolerance)
        return Answer(self.id, shown, False, next(slips, self.otherwise))

    def solution(self) -> Answer:
        """Return the right number."""
        return Answer(self.id, show(self.key), True, self.because)


def build(item: dict[str, Any], name: str, learner: str) -> Question:
    """Return a question of a file as *learner* meets it in the questionnaire *name*.

    Raises:
        BadInput: the question is not well-formed.
    """
    seed = (learner, name, str(item["id"]))
    return with_values(item, draw(drawable(item), seed, condition(item)), seed)


def drawable(item: dict[str, Any]) -> dict[str, Any]:
    """Return what is drawn for a question: its values, and which variant of its plan."""
    spec = dict(item.get("draw", {}))
    return spec | {"plan": list(plans(item["plan"]))} if item.get("plan") else spec


def condition(item: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
    """Return what says whether values may be used: ``where`` of a question, which may read its plan and material."""
    where = item.get("where")
    return lambda drawn: not where or bool(_scope(item, drawn).value(where))


def with_values(item: dict[str, Any], drawn: dict[str, Any], seed: tuple[str, ...]) -> Question:
    """Return a question with chosen values; *seed* draws what the values leave open: the address to ask for."""
    kind, secret, scope = str(item.get("kind", "choice")), secret_of(item), _scope(item, drawn)
    if kind == "action":
        asked = [change.address for change in _planned(item, scope).resource_changes if str(change.action) in ACTIONS]
        values = {**scope.values, **draw({"address": asked}, (*seed, str(drawn["plan"])))}
        scope = Scope(values, scope.plan, scope.material)
    plan = scope.plan
    kinds = {"choice": _choice, "several": _several, "number": _number, "action": _action, "address": _address}
    if kind not in kinds:
        raise BadInput(f"Question {item['id']}: there is no kind {kind!r}", why="Kinds: " + ", ".join(kinds) + ".")
    own = kinds[kind](item, secret, scope)
    common = {
        "id": str(item["id"]),
        "kind": kind,
        "text": scope.fill(item["text"]),
        "unit": str(item.get("unit", "")),
        "material": scope.material,
        "plan": plan,
        "shows": str(item.get("shows", "symbols")) if plan else "",
        "values": scope.values,
    }
    made = own.pop("type")
    options = own.pop("options", {})
    decides = [kind, options, own["key"], own.get("tolerance", 0), scope.values, scope.material, _seen(plan)]
    return cast(Question, made(fingerprint=_digest(decides), options=options, **common, **own))


def _scope(item: dict[str, Any], drawn: dict[str, Any]) -> Scope:
    values, plan = dict(drawn), plans(item["plan"])[drawn["plan"]] if item.get("plan") else None
    bare = Scope(values, plan)
    for name, expression in item.get("let", {}).items():
        values[name] = bare.value(expression)
    return Scope(values, plan, bare.fill(item.get("material", "")))


def _choice(item: dict[str, Any], secret: dict[str, Any], scope: Scope) -> dict[str, Any]:
    return {**_lettered(item, secret, scope), "type": Choice, "key": str(secret["answer"])}


def _several(item: dict[str, Any], secret: dict[str, Any], scope: Scope) -> dict[str, Any]:
    return {**_lettered(item, secret, scope), "type": Several, "key": frozenset(secret["answer"])}


def _lettered(item: dict[str, Any], secret: dict[str, Any], scope: Scope) -> dict[str, Any]:
    filled = {letter: scope.fill(text) for letter, text in item["options"].items()}
    return {"options": filled, "because": {k: scope.fill(text) for k, text in secret["because"].items()}}


def _number(item: dict[str, Any], secret: dict[str, Any], scope: Scope) -> dict[str, Any]:
    key = Fraction(scope.value(secret["answer"]))
    wrong = {Fraction(scope.value(one["value"])): scope.fill(one["because"]) for one in secret.get("wrong", ())}
    return {
        "type": Number,
        "key": key,
        "tolerance": _tolerance(item.get("tolerance", 0), key),
        "because": scope.fill(secret["because"]),
        "wrong": wrong,
        "otherwise": scope.fill(secret.get("otherwise", OTHERWISE)),
    }


def _tolerance(given: object, key: Fraction) -> Fraction:
    text = str(given)
    return abs(key) * Fraction(text.rstrip(" %")) / 100 if text.endswith("%") else Fraction(text)


def _action(item: dict[str, Any], secret: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """Ask what happens to one address; the key is what the plan reader says."""
    plan = _planned(item, scope)
    letters = dict(zip(LETTERS, ACTIONS, strict=True))
    key = next(k for k, action in letters.items() if plan[scope.values["address"]].action == action)
    because = {k: scope.fill(secret["because"][action]) for k, action in letters.items()}
    return {
        "type": Choice,
        "options": dict(zip(LETTERS, ACTIONS.values(), strict=True)),
        "key": key,
        "because": because,
    }


def _address(item: dict[str, Any], secret: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """Ask for the one address that undergoes an action; the key is what the plan reader says."""
    changes = _planned(item, scope).resource_changes
    wanted = Action(item["action"])
    found = [change for change in changes if change.action is wanted]
    if len(found) != 1 or len(changes) > 8:
        why = f"{len(found)} of {len(changes)} addresses have the action {wanted}; one of at most 8 can be asked for."
        raise BadInput(f"Question {item['id']} has not one answer", why=why)
    options = {chr(ord("A") + place): change for place, change in enumerate(changes)}
    because = {
        k: fill(str(secret["because"][str(change.action)]), {**scope.values, "address": change.address})
        for k, change in options.items()
    }
    key = next(k for k, change in options.items() if change is found[0])
    return {"type": Choice, "options": {k: c.address for k, c in options.items()}, "key": key, "because": because}


def _planned(item: dict[str, Any], scope: Scope) -> Plan:
    if scope.plan is None:
        raise BadInput(f"Question {item['id']} needs a plan", next="plan: unit1/pools")
    return scope.plan


def _seen(plan: Plan | None) -> list[tuple[str, str]]:
    return [(change.address, str(change.action)) for change in plan.resource_changes] if plan else []


def _digest(decides: list[Any]) -> str:
    def plain(value: Any) -> Any:
        return sorted(value) if isinstance(value, frozenset) else str(value)

    return hashlib.sha256(json.dumps(decides, sort_keys=True, default=plain).encode()).hexdigest()[:12]

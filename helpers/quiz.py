"""Questionnaires that end a lecture: questions in a YAML file, answers judged here, a widget to click.

They are for practice and give no points. The answers lie sealed in the file, so that they are not read by accident;
that is no secret, and needs to be none. To write questions, add ``answer`` and ``because`` in the clear and run
``python -m helpers.quiz FILE``; ``python -m helpers.quiz --open FILE`` prints them.
"""

from __future__ import annotations

import base64
import json
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers._paths import ROOT, workspace_dir
from helpers.errors import BadInput

LETTERS = "ABCD"


@dataclass(frozen=True)
class Question:
    """One question with four options.

    Attributes:
        id: unique in its file.
        text: the question, one paragraph.
        options: letter -> text.
    """

    id: str
    text: str
    options: dict[str, str]
    sealed: str

    def answer(self, letter: str) -> Answer:
        """Return the verdict on one option, with the reason that belongs to that option.

        Raises:
            BadInput: there is no such option.
        """
        choice = letter.strip().upper()
        if choice not in self.options:
            raise BadInput(f"{letter!r} is no option", why="The options are " + ", ".join(self.options) + ".")
        key = unseal(self.sealed)
        return Answer(self.id, choice, choice == key["answer"], key["because"][choice])


@dataclass(frozen=True)
class Answer:
    """A verdict: the chosen letter, whether it is right, and why."""

    question: str
    choice: str
    right: bool
    because: str

    def __repr__(self) -> str:
        return f"{self.choice}: {'right' if self.right else 'not right'}. {self.because}"


class Quiz:
    """The questionnaire of one lecture.

    Args:
        name: ``unit1/01`` is section ``01`` of ``notebooks/unit1/questions.yaml``.

    Raises:
        BadInput: there is no such questionnaire.
    """

    def __init__(self, name: str) -> None:
        unit, _, section = name.partition("/")
        found = load(ROOT / "notebooks" / unit / "questions.yaml").get(section)
        if not found:
            raise BadInput(f"There is no questionnaire {name!r}", why="A name is UNIT/SECTION, for example unit1/01.")
        self.name = name
        self.questions = tuple(_question(item) for item in found)
        self.answers: dict[int, Answer] = {}
        self._recall()

    def answer(self, number: int, letter: str) -> Answer:
        """Answer question *number* (from 1): the way without a mouse.

        Raises:
            BadInput: there is no such question or option.
        """
        if not 1 <= number <= len(self.questions):
            raise BadInput(f"There is no question {number}", why=f"There are {len(self.questions)}.")
        given = self.questions[number - 1].answer(letter)
        # The first answer counts: the later ones have read the reason.
        if number not in self.answers:
            self.answers[number] = given
            self._keep()
        return given

    @property
    def _file(self) -> Path:
        return workspace_dir() / "lectures" / "answers" / f"{self.name.replace('/', '-')}.json"

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        given = {self.questions[number - 1].id: answer.choice for number, answer in self.answers.items()}
        self._file.write_text(json.dumps(given, sort_keys=True), encoding="utf-8")

    def _recall(self) -> None:
        if not self._file.is_file():
            return
        given = json.loads(self._file.read_text(encoding="utf-8"))
        for number, question in enumerate(self.questions, 1):
            if given.get(question.id) in question.options:
                self.answers[number] = question.answer(given[question.id])

    def forget(self) -> None:
        """Start over: no question is answered."""
        self.answers.clear()
        self._file.unlink(missing_ok=True)

    @property
    def right(self) -> int:
        """How many were right at the first answer."""
        return sum(answer.right for answer in self.answers.values())

    def __repr__(self) -> str:
        return f"Quiz({self.name}: {len(self.questions)} questions)"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from helpers.widgets.quiz import QuizPanel

        return QuizPanel(self)._repr_mimebundle_(include, exclude)


def load(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the sections of a file of questions; nothing when there is no such file."""
    import yaml

    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _question(item: dict[str, Any]) -> Question:
    return Question(str(item["id"]), str(item["text"]).strip(), dict(item["options"]), str(item["sealed"]))


def seal(answer: str, because: dict[str, str]) -> str:
    """Return an answer and its reasons as text that says nothing to the eye."""
    plain = json.dumps({"answer": answer, "because": because}, sort_keys=True).encode()
    return base64.b85encode(zlib.compress(plain, 9)).decode()


def unseal(sealed: str) -> dict[str, Any]:
    """Return ``answer`` and ``because`` of a sealed text."""
    return dict(json.loads(zlib.decompress(base64.b85decode(sealed))))


def balance(items: list[dict[str, Any]]) -> dict[str, int]:
    """Return how often each letter is the right one."""
    keys = [unseal(item["sealed"])["answer"] for item in items]
    return {letter: keys.count(letter) for letter in LETTERS}


def _rewrite(path: Path, *, open_it: bool) -> str:
    import yaml

    sections = load(path)
    for item in (item for items in sections.values() for item in items):
        if open_it:
            item.update(unseal(item.pop("sealed")))
        elif "answer" in item:
            item["sealed"] = seal(item.pop("answer"), item.pop("because"))
    return str(yaml.safe_dump(sections, sort_keys=False, allow_unicode=True, width=110))


def _main(arguments: list[str]) -> None:
    path = Path(arguments[-1])
    text = _rewrite(path, open_it="--open" in arguments)
    if "--open" in arguments:
        print(text)
    else:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _main(sys.argv[1:])

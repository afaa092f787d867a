"""The questionnaire of one lecture, for one learner: answers judged at once, remembered in the learner's workspace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from helpers.core.errors import BadInput
from helpers.core.files import write_atomic
from helpers.core.identity import learner as who
from helpers.core.paths import ROOT, workspace_dir
from helpers.course.quiz.questions import Answer, Question, build
from helpers.course.quiz.sealing import load


class Quiz:
    """The questionnaire of one lecture. It is for practice and gives no points.

    Args:
        name: ``unit1/01`` is section ``01`` of ``notebooks/unit1/questions.yaml``.
        learner: for whom values are drawn; by default the learner at this machine (`helpers.core.identity`).

    Attributes:
        answers: the first answer to each question that has one, by its number.
        changed: numbers of questions that were answered when they had other values or another key. Such an answer
            counts no more: the question was changed, or the learner had another name.

    Raises:
        BadInput: there is no such questionnaire, or a question of it is not well-formed.
    """

    #: Where questions are, beside the lectures of a unit, and where answers are, in the learner's workspace.
    FILE: ClassVar[str] = "questions.yaml"
    NOTES: ClassVar[str] = "answers"

    def __init__(self, name: str, *, learner: str = "") -> None:
        unit, _, section = name.partition("/")
        found = load(ROOT / "notebooks" / unit / self.FILE).get(section)
        if not found:
            what = type(self).__name__.lower().replace("quiz", "questionnaire")
            raise BadInput(f"There is no {what} {name!r}", why=f"A name is UNIT/SECTION of notebooks/UNIT/{self.FILE}.")
        self.name = name
        self.learner = learner or who()
        self.questions: tuple[Question, ...] = tuple(build(item, name, self.learner) for item in found)
        self.answers: dict[int, Answer] = {}
        self.changed: tuple[int, ...] = ()
        self._look()

    def answer(self, number: int, given: object) -> Answer:
        """Answer question *number* (from 1): the way without a mouse.

        Args:
            given: a letter, letters such as ``"A, C"``, or a number, as the question asks.

        Raises:
            BadInput: there is no such question or option, or it is not a number.
        """
        answer = self._question(number).answer(given)
        self._look()
        # The first answer counts: the later ones have read the reason.
        if number not in self.answers:
            self.answers[number] = answer
            self.changed = tuple(other for other in self.changed if other != number)
            self._keep()
        return answer

    def solution(self, number: int) -> Answer:
        """Return the right answer of a question that was answered before.

        Raises:
            BadInput: there is no such question, or it was not tried yet.
        """
        question = self._question(number)
        if number not in self.answers:
            raise BadInput(f"Question {number} was not answered yet", next=f"quiz.answer({number}, ...)")
        return question.solution()

    def _question(self, number: int) -> Question:
        if not 1 <= number <= len(self.questions):
            raise BadInput(f"There is no question {number}", why=f"There are {len(self.questions)}.")
        return self.questions[number - 1]

    @property
    def _file(self) -> Path:
        return workspace_dir() / "lectures" / self.NOTES / f"{self.name.replace('/', '-')}.json"

    def _look(self) -> None:
        """Recall what is kept: another tab or kernel may have answered meanwhile. What is not notes is put aside."""
        if not self._file.is_file():
            return
        try:
            self.recall(json.loads(self._file.read_text(encoding="utf-8")))
        except (ValueError, LookupError, TypeError, AttributeError):
            self._file.replace(self._file.with_suffix(".damaged"))

    def _keep(self) -> None:
        answered = [(self.questions[number - 1], answer) for number, answer in self.answers.items()]
        given = {question.id: {"given": a.choice, "question": question.fingerprint} for question, a in answered}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        notes = {"learner": self.learner, "answers": given}
        write_atomic(self._file, json.dumps(notes, sort_keys=True, indent=1))

    def recall(self, notes: Mapping[str, Any]) -> None:
        """Judge the answers of a learner's notes once more; see `changed` for those that fit no more."""
        # Notes of earlier releases are letters by question, without what was asked.
        given = notes.get("answers", notes)
        self.answers, changed = {}, []
        for number, question in enumerate(self.questions, 1):
            if (kept := given.get(question.id)) is None:
                continue
            kept = kept if isinstance(kept, dict) else {"given": kept, "question": question.fingerprint}
            try:
                if kept["question"] != question.fingerprint:
                    raise BadInput("It is another question now")
                self.answers[number] = question.answer(kept["given"])
            except BadInput:
                changed.append(number)
        self.changed = tuple(changed)

    def forget(self) -> None:
        """Start over: no question is answered."""
        self.answers.clear()
        self.changed = ()
        self._file.unlink(missing_ok=True)

    @property
    def right(self) -> int:
        """How many were right at the first answer."""
        return sum(answer.right for answer in self.answers.values())

    def __repr__(self) -> str:
        return f"Quiz({self.name}: {len(self.questions)} questions)"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from helpers.widgets.quiz import QuizPanel  # it loads ipywidgets, 0.5 s: only to show a quiz

        return QuizPanel(self)._repr_mimebundle_(include, exclude)


def regrade(notes: Path) -> Quiz:
    """Return a learner's questionnaire, judged once more from the notes that it left.

    The values are those that the learner named in the notes had; nothing is written.

    Args:
        notes: ``unit1-01.json`` of ``lectures/answers`` in the learner's workspace.

    Raises:
        BadInput: it names no learner, or no questionnaire.
    """
    kept = json.loads(notes.read_text(encoding="utf-8"))
    if not kept.get("learner"):
        raise BadInput(f"{notes.name} names no learner", why="Notes of earlier releases did not.")
    quiz = Quiz(notes.stem.replace("-", "/", 1), learner=str(kept["learner"]))
    quiz.recall(kept)
    return quiz

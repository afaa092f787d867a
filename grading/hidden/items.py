"""Item statistics of the final quiz after grading: which questions are too easy, too hard, or perhaps wrong.

``python -m grading.hidden.items [autograded] [--json]`` reads what each graded submission answered and judges it again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from grading.hidden import assessment as judge
from helpers.course.assessment.exam import FILE, counted, drawn

#: Fewer learners than this tell nothing about a question.
FEWEST = 8
#: Shares of right answers outside of which a question is too easy or too hard.
EASY, HARD = 0.95, 0.25
#: Least difference between the shares of the better and the weaker half of the learners.
LEAST = 0.1


@dataclass(frozen=True)
class Item:
    """One question, over all learners who were asked it.

    Attributes:
        asked, right: learners. share: of right answers.
        apart: share of the better half less that of the weaker half, by the whole quiz; ``None`` with too few.
        wrong: the most frequent wrong answer, as the pool has it, and how often it was given.
        remark: what its author should look at; empty when there is nothing, or nothing can be told.
    """

    id: str
    unit: str
    asked: int
    right: int
    share: float
    apart: float | None
    wrong: tuple[str, int] | None
    remark: str


def statistics(answers: Mapping[str, Any]) -> list[Item]:
    """Return the statistics of every question that was asked.

    Args:
        answers: learner -> what the learner's file of answers holds.
    """
    marked = {learner: _marked(learner, notes) for learner, notes in answers.items()}
    order = sorted(marked, key=lambda learner: (sum(right for right, _ in marked[learner].values()), learner))
    better = set(order[(len(order) + 1) // 2 :])
    weaker = set(order[: len(order) // 2])
    units = {str(item["id"]): unit for unit, items in judge.pool().items() for item in items}
    found = []
    for name, unit in units.items():
        mine = {learner: got[name] for learner, got in marked.items() if name in got}
        if mine:
            found.append(_item(name, unit, mine, better, weaker))
    return found


def _marked(learner: str, notes: Any) -> dict[str, tuple[bool, str]]:
    """Return question -> whether it was answered right, and the answer by the pool's letter."""
    questions = drawn(learner)
    given = counted(notes, learner, questions)
    found = {}
    for question in questions:
        answer = given.get(question.id, "")
        right = bool(answer) and judge.right(question, answer)
        found[question.id] = (right, question.letters.get(answer, answer))
    return found


def _item(name: str, unit: str, mine: Mapping[str, tuple[bool, str]], better: set[str], weaker: set[str]) -> Item:
    right = sum(ok for ok, _ in mine.values())
    # A number has values of its learner, so equal wrong numbers are not one mistake.
    letters = Counter(answer for ok, answer in mine.values() if not ok and answer in set("ABCD"))
    wrong = letters.most_common(1)[0] if letters else None
    halves = [[mine[learner][0] for learner in half if learner in mine] for half in (better, weaker)]
    apart = None
    if len(mine) >= FEWEST and all(halves):
        apart = sum(halves[0]) / len(halves[0]) - sum(halves[1]) / len(halves[1])
    share = right / len(mine)
    return Item(name, unit, len(mine), right, share, apart, wrong, _remark(len(mine), right, share, apart, wrong))


def _remark(asked: int, right: int, share: float, apart: float | None, wrong: tuple[str, int] | None) -> str:
    if asked < FEWEST:
        return ""
    if wrong and wrong[1] > right:
        return f"{wrong[0]} is chosen more often than the key: is the key right?"
    if apart is not None and apart < 0:
        return "the weaker half does better: is it clear what is asked?"
    if share > EASY:
        return "too easy to tell anybody apart"
    if share < HARD:
        return "too hard, or not taught"
    return "tells good from weak hardly apart" if apart is not None and apart < LEAST else ""


def read(autograded: Path) -> dict[str, Any]:
    """Return learner -> answers of all graded submissions below a directory; what cannot be read counts as none."""
    found: dict[str, Any] = {}
    for folder in sorted(autograded.glob("*/assessment")):
        file = folder / "work" / FILE
        try:
            large = file.is_symlink() or file.stat().st_size > judge.MAX_FILE
            found[folder.parent.name] = None if large else json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            found[folder.parent.name] = None
    return found


def text(items: Sequence[Item], learners: int) -> str:
    """Return the statistics as a table."""
    lines = [f"{len(items)} questions were asked of {learners} learners."]
    lines += [f"{'question':28} {'unit':5} {'asked':>5} {'right':>6} {'apart':>6}  remark"]
    for item in items:
        apart = "" if item.apart is None else f"{item.apart:+.2f}"
        row = f"{item.id:28} {item.unit:5} {item.asked:5} {item.share:6.0%} {apart:>6}  {item.remark}"
        lines.append(row.rstrip())
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code: 1 when there is no graded submission."""
    parser = argparse.ArgumentParser(
        prog="python -m grading.hidden.items", description="Item statistics of the final quiz."
    )
    parser.add_argument("autograded", type=Path, nargs="?", default=Path("autograded"))
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(argv)
    answers = read(options.autograded)
    if not answers:
        print(f"There is no graded submission below {options.autograded}.", file=sys.stderr)
        return 1
    items = statistics(answers)
    print(json.dumps([asdict(item) for item in items], indent=2) if options.json else text(items, len(answers)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

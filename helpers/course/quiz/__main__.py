"""For authors of questions: seal, open, check and look at them.

.. code-block:: shell

   python -m helpers.course.quiz FILE                     # seal what is written in the clear
   python -m helpers.course.quiz --open FILE              # print with the answers
   python -m helpers.course.quiz --check FILE ...         # what the tests will ask
   python -m helpers.course.quiz --show unit1/01 NAME     # as the learner NAME meets it, with the key
   python -m helpers.course.quiz --plans unit1/pools      # run Terraform for the plans of a scene
   python -m helpers.course.quiz --regrade NOTES.json     # judge a learner's answers once more
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from helpers.core.errors import CourseError
from helpers.core.files import write_atomic
from helpers.course.quiz import plans, rules
from helpers.course.quiz.quiz import Quiz, regrade
from helpers.course.quiz.sealing import rewritten


def main(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m helpers.course.quiz", description="Questions of the lectures.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--open", action="store_true", help="print the file with its answers")
    what.add_argument("--check", action="store_true", help="say what is wrong with the files")
    what.add_argument("--show", action="store_true", help="print a questionnaire with its key: UNIT/SECTION LEARNER")
    what.add_argument("--plans", action="store_true", help="run Terraform for the plans of scenes: UNIT/NAME")
    what.add_argument("--regrade", action="store_true", help="judge a learner's notes once more")
    parser.add_argument("names", nargs="+")
    given = parser.parse_args(arguments)
    chosen = next((name for name in ("open", "check", "show", "plans", "regrade") if getattr(given, name)), "seal")
    try:
        return {"open": _open, "check": _check, "show": _show, "plans": _plans, "regrade": _regrade, "seal": _seal}[
            chosen
        ](given.names)
    except CourseError as error:
        print(error.diagnostics(), file=sys.stderr)
        return 2


def _seal(names: list[str]) -> int:
    for path in map(Path, names):
        write_atomic(path, rewritten(path, open_it=False))
    return _check(names)


def _open(names: list[str]) -> int:
    for path in map(Path, names):
        print(rewritten(path, open_it=True))
    return 0


def _check(names: list[str]) -> int:
    found = [f"{path}: {said}" for path in names for said in rules.problems(Path(path))]
    print("\n".join(found) or "Nothing is wrong.")
    return 1 if found else 0


def _show(names: list[str]) -> int:
    quiz = Quiz(names[0], learner=names[1] if len(names) > 1 else "")
    for number, question in enumerate(quiz.questions, 1):
        print(f"{number}. [{question.id}] {question.text}")
        print(*(f"   {letter}: {text}" for letter, text in question.options.items()), sep="\n")
        print(f"   {question.solution()}")
    return 0


def _plans(names: list[str]) -> int:
    for scene in names:
        print(plans.write(scene))
    return 0


def _regrade(names: list[str]) -> int:
    for path in names:
        quiz = regrade(Path(path))
        changed = f"; changed since: {', '.join(map(str, quiz.changed))}" if quiz.changed else ""
        print(f"{quiz.learner} {quiz.name}: {quiz.right} of {len(quiz.questions)} right{changed}")
        print(*(f"  {number}. {answer!r}" for number, answer in sorted(quiz.answers.items())), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Questionnaires that end a lecture: questions in a YAML file, answers judged here, a widget to click.

They are for practice and give no points; see `sealing` for what sealed answers are worth. How to write questions is in
CONTRIBUTING.md, "Questionnaires".
"""

from helpers.course.quiz.prediction import Prediction as Prediction
from helpers.course.quiz.questions import LETTERS as LETTERS
from helpers.course.quiz.questions import Answer as Answer
from helpers.course.quiz.questions import Question as Question
from helpers.course.quiz.quiz import Quiz as Quiz
from helpers.course.quiz.quiz import regrade as regrade
from helpers.course.quiz.sealing import load as load
from helpers.course.quiz.sealing import seal as seal
from helpers.course.quiz.sealing import unseal as unseal

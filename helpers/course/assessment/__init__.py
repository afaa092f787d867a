"""The assessment: the final quiz as a learner meets it, and the rubric of the governance presentation.

No key is here. What learners get of the quiz is ``iac/assessment/quiz.yaml``, made by `grading.hidden.pool` from the
questions with their keys, which only the judge reads.
"""

from helpers.course.assessment.exam import Exam as Exam
from helpers.course.assessment.rubric import Rubric as Rubric

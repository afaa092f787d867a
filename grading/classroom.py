"""nbgrader's settings in the directory of a class: the course's, and what ``class.yaml`` says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grading.submission import LearnersOwn
from helpers.core.paths import ROOT
from helpers.course.classroom import klass


def configure(c: Any, load_subconfig: Callable[[str], None], root: Path) -> None:
    """Fill nbgrader's configuration *c* for the class in *root*.

    Raises:
        BadClass: ``class.yaml`` cannot be used.
    """
    course = ROOT / "nbgrader_config.py"
    if not course.is_file():
        raise FileNotFoundError(f"{course} is missing: grading needs the course's directory (MOD208_HOME)")
    load_subconfig(str(course))
    room = klass.load(root)
    c.CourseDirectory.course_id = room.course
    c.CourseDirectory.root = str(root)
    c.CourseDirectory.db_url = room.database
    c.Exchange.root = str(room.exchange)
    c.Autograde.exclude_overwriting = LearnersOwn(root / "source", list(c.CourseDirectory.ignore))
    # Who is not on the roster is told of, not enrolled.
    c.Autograde.create_student = False
    c.AssignLatePenalties.plugin_class = "grading.late.SharePerDay"
    c.SharePerDay.grace, c.SharePerDay.a_day, c.SharePerDay.most = room.late.grace, room.late.a_day, room.late.most
    # Code that is imported while it grades may ask where the class is.
    os.environ["MOD208_CLASS"] = str(root)


__all__ = ["configure"]

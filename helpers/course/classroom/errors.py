"""What can go wrong with a class, so that an instructor knows what to type next."""

from __future__ import annotations

from helpers.core.errors import BadInput, CourseError


class NoClass(BadInput):
    """There is no class here."""

    code = "no-class"


class ClassExists(BadInput):
    """A class of that name, or with that id on the exchange, is there already."""

    code = "class-exists"


class BadClass(BadInput):
    """``class.yaml`` says something that cannot be."""

    code = "bad-class"


class BadRoster(BadInput):
    """The list of students cannot be used."""

    code = "bad-roster"


class BadExchange(BadInput):
    """The exchange cannot be used."""

    code = "bad-exchange"


class ReleasedAlready(BadInput):
    """Learners have another version of the assignment already."""

    code = "released-already"


class TooEarly(BadInput):
    """A stage before this one has not been done."""

    code = "too-early"


class Archived(BadInput):
    """The class has ended."""

    code = "archived"


class Busy(CourseError):
    """The class is being graded already."""

    code = "busy"


class StageFailed(CourseError):
    """nbgrader refused a stage; its own words are the reason."""

    code = "stage-failed"

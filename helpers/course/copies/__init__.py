"""The learner's own copies of lectures and labs, and how an update of the course reaches them."""

from helpers.course.copies.copying import Update, refresh
from helpers.course.copies.merging import merge

__all__ = ["Update", "merge", "refresh"]

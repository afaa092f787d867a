"""What a learner takes home: modules, policies, pipelines, profiles and decision records that pass the gates at once.

The templates are the files below ``templates/``, with ``@@NAME@@`` and its like in their texts and names.
"""

from __future__ import annotations

from helpers.course.starters.making import KINDS, AlreadyThere, Made, make

__all__ = ["KINDS", "AlreadyThere", "Made", "make"]

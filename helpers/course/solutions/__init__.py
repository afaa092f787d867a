"""The solutions as a repository of their own: exported from ``source/``, judged by its own CI, known here by digest."""

from helpers.course.solutions.exporting import AlreadyThere, NoSource, Solution, digest, export, solutions
from helpers.course.solutions.recording import METADATA, CiFailed, Record, read, record, run_ci

__all__ = [
    "METADATA",
    "AlreadyThere",
    "CiFailed",
    "NoSource",
    "Record",
    "Solution",
    "digest",
    "export",
    "read",
    "record",
    "run_ci",
    "solutions",
]

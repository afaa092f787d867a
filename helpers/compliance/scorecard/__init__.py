"""A module's scorecard: what tools say of it, row by row, each with its evidence and how to improve it."""

from __future__ import annotations

from helpers.compliance.scorecard.measuring import measure
from helpers.compliance.scorecard.mutants import Mutant, Mutation, mutate
from helpers.compliance.scorecard.types import Row, Scorecard

__all__ = ["Mutant", "Mutation", "Row", "Scorecard", "measure", "mutate"]

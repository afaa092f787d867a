"""Mutants of a Terraform module: copies with one small fault each, to ask whether tests notice."""

from helpers.wrappers.hcl_mutants.mutants import HclMutant, hcl_mutants
from helpers.wrappers.hcl_mutants.operators import OPERATORS

__all__ = ["OPERATORS", "HclMutant", "hcl_mutants"]

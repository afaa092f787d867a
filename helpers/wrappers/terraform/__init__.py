"""Terraform from Python: one method a subcommand, typed options, results parsed from JSON."""

from helpers.wrappers.terraform.errors import TerraformError
from helpers.wrappers.terraform.terraform import Terraform

__all__ = ["Terraform", "TerraformError"]

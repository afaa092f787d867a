"""Terraform from Python: one method a subcommand, typed options, results parsed from JSON."""

from helpers.terraform.errors import TerraformError
from helpers.terraform.terraform import Terraform

__all__ = ["Terraform", "TerraformError"]

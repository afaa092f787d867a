"""Terraform from Python: one method a subcommand, typed options, results parsed from JSON."""

"""The module registry: Terraform's module registry protocol, publishing with rules, and pages for people."""

"""Leaked secrets in a workspace: files, notebooks and their outputs, state, plans, packages, Git history."""

from helpers.compliance.leaks.scan import scan, terraform_clean
from helpers.compliance.leaks.spellings import NOT_LOOKED_FOR
from helpers.compliance.leaks.types import Leak, LeakReport, Unread

__all__ = ["NOT_LOOKED_FOR", "Leak", "LeakReport", "Unread", "scan", "terraform_clean"]

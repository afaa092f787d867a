"""Leaked secrets in a workspace: files, notebooks and their outputs, state, plans, packages, Git history."""

from helpers.leaks.scan import scan, terraform_clean
from helpers.leaks.types import Leak, LeakReport, Unread

__all__ = ["Leak", "LeakReport", "Unread", "scan", "terraform_clean"]

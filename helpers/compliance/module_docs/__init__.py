"""Is a module's README true? Its generated part is compared with the code, and every example in it is executed."""

from helpers.compliance.module_docs.truth import check, write
from helpers.compliance.module_docs.types import Example, Finding, ReadmeReport

__all__ = ["Example", "Finding", "ReadmeReport", "check", "write"]

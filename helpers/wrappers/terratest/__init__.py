"""Terratest from Python: a Go test suite compiled once, run with its events as they come, and swept afterwards."""

from helpers.wrappers.terratest.build import prepare
from helpers.wrappers.terratest.errors import NothingTested, SuiteNotCompiled, SuiteStopped, TerratestError
from helpers.wrappers.terratest.terratest import Terratest
from helpers.wrappers.terratest.types import GoTest, Left, SuiteRun

__all__ = [
    "GoTest",
    "Left",
    "NothingTested",
    "SuiteNotCompiled",
    "SuiteRun",
    "SuiteStopped",
    "Terratest",
    "TerratestError",
    "prepare",
]

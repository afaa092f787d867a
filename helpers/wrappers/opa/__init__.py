"""OPA: evaluates, tests, checks and formats Rego."""

from helpers.wrappers.opa.opa import Opa
from helpers.wrappers.opa.results import Annotation, Bundle, CheckReport, EvalResult, FmtReport, Undefined
from helpers.wrappers.opa.server import OpaServer

__all__ = [
    "Annotation",
    "Bundle",
    "CheckReport",
    "EvalResult",
    "FmtReport",
    "Opa",
    "OpaServer",
    "Undefined",
]

"""A JUnit report of a suite, as CI servers read it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as xml

from helpers.core.files import write_atomic
from helpers.wrappers.base import StrPath
from helpers.wrappers.terratest.types import SuiteRun


def write_junit(run: SuiteRun, name: str, target: StrPath) -> Path:
    """Write the report.

    Args:
        run: the result. name: of the suite. target: the file; its directory must exist.

    Returns:
        The file. What a run left behind is a failed test case of its own, so that no CI server shows it green.
    """
    bad = [test for test in run.tests if test.outcome not in ("pass", "skip")]
    left = run.left is not None
    suite = xml.Element("testsuite", name=name, time=f"{run.seconds:.3f}")
    suite.set("tests", str(len(run.tests) + left))
    suite.set("failures", str(len(bad) + left))
    suite.set("skipped", str(run.count("skip")))
    for test in run.tests:
        case = xml.SubElement(suite, "testcase", classname=name, name=test.name, time=f"{test.seconds:.3f}")
        if test.outcome == "skip":
            xml.SubElement(case, "skipped")
        elif test.outcome != "pass":
            message = ": ".join(part for part in (test.where, test.message) if part)
            xml.SubElement(case, "failure", type=test.outcome, message=_clean(message)).text = _clean(test.output)
    if run.left is not None:
        case = xml.SubElement(suite, "testcase", classname=name, name="nothing is left behind", time="0")
        message = ", ".join(run.left.resources) or run.left.why
        xml.SubElement(case, "failure", type="left", message=_clean(message)).text = _clean(run.left.why)
    path = Path(target)
    write_atomic(path, xml.tostring(suite, encoding="unicode", xml_declaration=True) + "\n")
    return path


def _clean(text: str) -> str:
    """Return text without the control characters that XML cannot hold."""
    return "".join(c for c in text if c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff" and c < "\ufffe"))

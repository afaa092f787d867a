"""Hidden tests of Lab 3, notebook 02: other forgeries, other bills, and an answer that fits no other upgrade."""

from __future__ import annotations

import dataclasses

from helpers.course.checks import Unmet
from helpers.course.checks.lab3_sbom import (
    BILLS,
    NEW,
    OLD,
    QUESTIONS,
    answers,
    listed,
    opened,
    passes,
    real,
    refused,
    same,
)
from helpers.course.checks.support.sboms import at, bill, day, exception
from helpers.course.checks.support.worker_image import image
from helpers.course.labs import Lab
from helpers.wrappers.sbom import diff

BUSL = {"licenses": [{"license": {"id": "BUSL-1.1"}}]}


def sbom(lab: Lab) -> None:
    """Both formats say the same, and none of the bills stands for the next version of its artifact."""
    try:
        for what in ("module", "worker"):
            cdx, spdx = (opened(lab, f"sbom/{what}.{ending}.json") for ending in ("cdx", "spdx"))
            assert diff(cdx, spdx).same, f"the two bills of the {what} do not say the same"
        path = "sbom/worker.cdx.json"
        others = listed(lab, image(NEW), *BILLS[path])
        forged = dataclasses.replace(others, digest=listed(lab, image(OLD), *BILLS[path]).digest)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None
    for other in (others, forged):
        try:
            same(path, opened(lab, path), other)
        except Unmet:
            continue
        raise AssertionError(f"{path} passes for another image")


def policy(lab: Lab) -> None:
    """Parentheses are not read, the range has sharp ends, an exception is for one rule and one component."""
    known = exception(purl="pkg:pypi/acme-queue-client", rule="SBM-3", expires=day(1))
    wrong = {**known, "rule": "SBM-1"}
    two = {"type": "library", "name": "other", "version": "1.0.0", "purl": "pkg:pypi/other@1.0.0", **BUSL}
    must_fail = (
        bill(
            "SBM-1",
            "a licence hidden by parentheses",
            {"licenses": [{"expression": "BUSL-1.1 AND (AGPL-3.0-only OR MIT OR SSPL-1.0)"}]},
        ),
        bill("SBM-1", "a second component under a licence that is not cleared", {"name": "other"}, two),
        bill("SBM-3", "a version in the middle of the bad range", at("1.3.9")),
        bill("SBM-3", "a bad version excused for its licence only", at("1.3.0"), exceptions=[wrong]),
        bill("SBM-2", "an unknown licence excused as a known one", {"licenses": []}, exceptions=[exception()]),
        bill("SBM-1", "an exception that ended years ago", BUSL, exceptions=[exception(expires="2020-02-29")]),
    )
    must_pass = (
        bill("", "a bad version with an exception for it", at("1.3.0"), exceptions=[known]),
        bill("", "two exceptions of which one holds", BUSL, exceptions=[exception(expires=day(-9)), exception()]),
    )
    try:
        for case in must_fail:
            refused(lab, case)
        for case in must_pass:
            passes(lab, case)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None


def differs(lab: Lab) -> None:
    """The answers are about this upgrade: the way back has others, and promotion is refused for a reason."""
    try:
        given, found = answers(lab), real(lab)
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None
    back = diff(found.new, found.old)
    assert all(given[question] == truth(found) for question, truth in QUESTIONS.items())
    assert any(given[question] != truth(back) for question, truth in QUESTIONS.items())
    assert given["promote"] is (not given["blocked_by"])

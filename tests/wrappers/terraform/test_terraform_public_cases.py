"""Messages of Terraform from public trackers: each has a next step that leads on."""

from __future__ import annotations

import json

import pytest

from helpers.core.errors import CourseError
from helpers.wrappers.cosign.bundle import Bundle
from helpers.wrappers.terraform.errors import LockFileMismatch, build_error
from helpers.wrappers.terraform.types import Diagnostic

PLAN = (
    "the cached package for acme.test/platform/platform 0.1.0 (in .terraform/providers) does not match any of the\n"
    "checksums recorded in the dependency lock file"
)
INIT = (
    "Error while installing acme.test/platform/platform v0.1.0: the local package for acme.test/platform/platform\n"
    "0.1.0 doesn't match any of the checksums previously recorded in the dependency lock file (this might be because\n"
    "the available checksums are for packages targeting different platforms)"
)


@pytest.mark.parametrize(
    ("command", "summary", "detail"),
    [("plan", "Required plugins are not installed", PLAN), ("init", "Failed to install provider", INIT)],
)
def test_a_checksum_in_the_lock_file_is_no_dead_end(command: str, summary: str, detail: str) -> None:
    error = build_error(command, (Diagnostic("error", summary, detail),))
    assert isinstance(error, LockFileMismatch)
    assert "delete its block from .terraform.lock.hcl, then tf.init()" in error.next


def test_a_bundle_of_an_old_cosign_says_so() -> None:
    old = {"base64Signature": "MEUC", "cert": "LS0t", "rekorBundle": {}}
    with pytest.raises(CourseError, match=r".") as caught:
        Bundle.parse(json.dumps(old).encode())
    assert "older versions of cosign" in caught.value.diagnostics() and "KeyError" not in caught.value.diagnostics()

"""Messages of Terraform from public trackers: each has a next step that leads on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.core.errors import CourseError
from helpers.runtime import tools
from helpers.wrappers.cosign.bundle import Bundle
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import (
    InvalidAddress,
    LockFileMismatch,
    LockFileUnreadable,
    ModuleVersionNotFound,
    StateLocked,
    StateTooNew,
    TerraformCrashed,
    TerraformStopped,
    build_error,
)
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

MakeProject = Callable[..., Terraform]
CRASH = """
!!!!!!!!!!!!!!!!!!!!!!!!!!! TERRAFORM CRASH !!!!!!!!!!!!!!!!!!!!!!!!!!!!

Terraform crashed! This is always indicative of a bug within Terraform.
Please report the crash with Terraform[1] so that we can fix this.

runtime error: invalid memory address or nil pointer dereference
goroutine 1 [running]:
runtime/debug.Stack()
"""


def stand_in(path: Path, case: str) -> Path:
    """Return a program that does *case* (``show) ...``), and for the rest is Terraform."""
    path.write_text(f'#!/bin/sh\ncase "$1" in\n{case};;\n*) exec {tools.ensure("terraform").path} "$@";;\nesac\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_a_crash_is_told_without_its_banner_and_its_stack(project: MakeProject, tmp_path: Path, command: str) -> None:
    (tmp_path / "crash").write_text(CRASH)
    program = stand_in(tmp_path / "terraform", f"{command}) cat {tmp_path}/crash >&2; exit 11")
    with pytest.raises(TerraformCrashed) as caught:
        getattr(project(executable=program), command)()
    assert caught.value.what.startswith(f"terraform {command} crashed")
    assert caught.value.why == "runtime error: invalid memory address or nil pointer dereference"
    assert "undo your last change" in caught.value.next


def test_a_show_that_is_killed_says_by_what(project: MakeProject, tmp_path: Path) -> None:
    program = stand_in(tmp_path / "terraform", "show) kill -9 $$")
    with pytest.raises(TerraformStopped, match="killed by signal 9"):
        project(executable=program).plan()


def test_a_state_of_a_later_terraform_is_not_called_damaged(project: MakeProject) -> None:
    tf = project()
    tf.apply(auto_approve=True)
    state = tf.workdir / "terraform.tfstate"
    state.write_text(json.dumps({**json.loads(state.read_text()), "version": 5}))
    with pytest.raises(StateTooNew, match="format version 5") as caught:
        tf.plan()
    assert "not older" in caught.value.next


def test_marks_of_a_merge_in_the_lock_file_have_a_way_out(project: MakeProject) -> None:
    tf = project()
    lock = tf.workdir / ".terraform.lock.hcl"
    lock.write_text("<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    for run in (tf.init, tf.plan):
        with pytest.raises(LockFileUnreadable) as caught:
            run()
        assert "delete the file, then tf.init()" in caught.value.next
    lock.unlink()
    tf.init()


@pytest.mark.parametrize("address", ["not a target!", "terraform_data"])
def test_a_bad_address_says_where_the_good_ones_are(project: MakeProject, address: str) -> None:
    for asked in ({"target": [address]}, {"replace": [address]}):
        with pytest.raises(InvalidAddress, match="Invalid") as caught:
            project().plan(**asked)
        assert "tf.state_list()" in caught.value.next


def test_a_module_that_has_only_pre_releases_is_no_file_to_correct() -> None:
    detail = 'Module "registry.acme.test/vision/pool/null" (main.tf:1) has no versions available on registry.acme.test.'
    error = build_error("init", (Diagnostic("error", "Module has no versions", detail, "main.tf", 1),))
    assert isinstance(error, ModuleVersionNotFound) and "named exactly" in error.next


def test_only_a_lock_that_outlives_its_run_is_to_be_unlocked() -> None:
    info = (
        "Lock Info:\n  ID:        6f-1\n  Path:      states/a\n  Operation: OperationTypeApply\n  Who:       ada@ci\n"
    )
    for said, advice in (
        ("PreconditionFailed: StatusCode: 412", 'tf.force_unlock("6f-1")'),
        ("resource temporarily unavailable", "ends with its process"),
    ):
        found = Diagnostic("error", "Error acquiring the state lock", f"Error message: {said}\n{info}")
        error = build_error("plan", (found,))
        assert isinstance(error, StateLocked) and advice in error.next and error.lock.who == "ada@ci"
        assert ("force_unlock" in error.next) is ("412" in said)


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

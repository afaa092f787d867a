"""Faults of real runs: each is a typed error with a reason and a next step; none leaves the state locked."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.core.process import call_async
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import (
    ApplyFailed,
    BackendError,
    DiskFull,
    InitRequired,
    InvalidConfiguration,
    InvalidVariable,
    MissingVariable,
    ModuleNotAvailable,
    ModuleVersionNotFound,
    NoPermission,
    ProviderNotAvailable,
    StalePlan,
    StateDamaged,
    StateLocked,
    StateNotSaved,
    TerraformError,
    TerraformStopped,
    build_error,
    parse_text,
)
from helpers.wrappers.terraform.types import Diagnostic, Event

MakeProject = Callable[..., Terraform]

SLOW = """
resource "terraform_data" "fast" {}

resource "terraform_data" "slow" {
  depends_on = [terraform_data.fast]
  provisioner "local-exec" {
    command = "sleep 120"
  }
}
"""


def unlocked(tf: Terraform) -> bool:
    """Terraform itself says so: planning takes the lock."""
    tf.plan()
    return not (tf.workdir / ".terraform.tfstate.lock.info").exists()


def in_background(tf: Terraform) -> tuple[threading.Thread, list[BaseException], threading.Event]:
    """Apply in a thread; the event is set once the slow resource is at work."""
    errors: list[BaseException] = []
    working = threading.Event()

    def on_event(event: Event) -> None:
        if event.type == "provision_start":
            working.set()

    def work() -> None:
        try:
            tf.apply(auto_approve=True, on_event=on_event)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, errors, working


class TestCancel:
    def test_apply_on_both_routes(self, project: MakeProject, route: Path) -> None:
        tf = project(SLOW, executable=route)
        with pytest.raises(TerraformStopped) as caught, tf.apply_events(auto_approve=True) as run:
            for event in run:
                if event.type == "provision_start":
                    for _ in range(3):
                        threading.Thread(target=run.cancel).start()
            run.result()
        assert caught.value.applied == (("terraform_data.fast", "create"),)
        assert "terraform_data.fast (create)" in caught.value.why and "unlocked" in caught.value.why
        assert not caught.value.killed
        assert unlocked(tf)
        assert "terraform_data.fast" in tf.state_list()

    def test_plan_on_both_routes(self, project: MakeProject, route: Path) -> None:
        # An external read that never answers: a named pipe nobody writes to.
        main = 'data "terraform_remote_state" "x" {\n  backend = "local"\n  config = { path = "pipe" }\n}\n'
        tf = project(main, executable=route)
        os.mkfifo(tf.workdir / "pipe")

        async def main_() -> None:
            task = asyncio.create_task(call_async(tf.plan))
            lock = tf.workdir / ".terraform.tfstate.lock.info"
            while not lock.exists():
                await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.sleep(0.1)
            # The reader wakes up, and finds that it was cancelled.
            os.close(os.open(tf.workdir / "pipe", os.O_RDWR))
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not lock.exists()

        asyncio.run(main_())

    def test_leaving_the_events_early_cancels(self, project: MakeProject) -> None:
        tf = project(SLOW)
        with tf.apply_events(auto_approve=True) as run:
            for event in run:
                if event.type == "provision_start":
                    break
        assert unlocked(tf)

    def test_stop_in_the_notebook(self, project: MakeProject) -> None:
        tf = project(SLOW)
        code = (
            "from helpers import CourseError, Terraform\nimport sys\n"
            f"tf = Terraform({str(tf.workdir)!r})\n"
            "def show(event): print(event.type, flush=True)\n"
            "try: tf.apply(auto_approve=True, on_event=show)\n"
            "except KeyboardInterrupt as error: print(isinstance(error, CourseError), error)\n"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for line in child.stdout:
                if line.startswith("provision_start"):
                    child.send_signal(signal.SIGINT)
                    break
            rest = child.stdout.read()
        assert "True terraform apply was cancelled" in rest
        assert "terraform_data.fast (create). The state is unlocked" in rest
        assert unlocked(tf)

    def test_time_limit(self, project: MakeProject) -> None:
        tf = project(SLOW, timeout=3)
        with pytest.raises(TerraformStopped, match="took too long") as caught:
            tf.apply(auto_approve=True)
        assert caught.value.reason == "timed-out"
        assert unlocked(project(SLOW))


class TestLock:
    def test_a_second_run_is_refused_and_told_who_holds_it(self, project: MakeProject) -> None:
        first, second = project(SLOW), project(SLOW)
        with first.apply_events(auto_approve=True) as run:
            for event in run:
                if event.type == "provision_start":
                    break
            with pytest.raises(StateLocked) as caught:
                second.plan()
            lock = caught.value.lock
            assert "@" in lock.who and lock.operation == "OperationTypeApply" and lock.created
            # Nobody else can end the lock of a local state.
            assert lock.id in caught.value.why and "ends with its process" in caught.value.next
        assert unlocked(second)

    def test_a_lock_of_a_dead_run_can_be_removed(self, project: MakeProject, tmp_path: Path) -> None:
        tf = project('terraform {\n  backend "local" {\n    path = "s.tfstate"\n  }\n}\n' + SLOW)
        tf.init()
        thread, errors, working = in_background(tf)
        assert working.wait(30)
        for process in _children(str(tf.workdir)):
            os.kill(process, signal.SIGKILL)
        thread.join(30)
        (error,) = errors
        assert isinstance(error, TerraformStopped) and error.killed
        # The kernel drops a local lock with its process, so the next run just works.
        assert tf.plan().has_changes

    def test_force_unlock_of_nothing(self, project: MakeProject) -> None:
        with pytest.raises(TerraformError, match="not locked"):
            project().force_unlock("no-such-lock")


def _children(workdir: str) -> Iterator[int]:
    import psutil

    for process in psutil.Process().children(recursive=True):
        try:
            if process.cwd() == workdir:
                yield process.pid
        except psutil.Error:
            continue


class TestInput:
    def test_missing_variable_is_named_with_what_to_type(self, project: MakeProject) -> None:
        with pytest.raises(MissingVariable) as caught:
            project('variable "team" {}\nvariable "size" {}\n').plan()
        assert sorted(caught.value.names) == ["size", "team"]
        assert 'variables={"' in caught.value.next and '"team": ...' in caught.value.next

    def test_wrong_type_undeclared_and_refused_by_validation(self, project: MakeProject) -> None:
        main = (
            'variable "n" {\n  type    = number\n  default = 1\n'
            '  validation {\n    condition     = var.n < 5\n    error_message = "n must be below 5"\n  }\n}\n'
        )
        with pytest.raises(InvalidVariable, match="a number is required"):
            project(main, variables={"n": "many"}).plan()
        with pytest.raises(InvalidVariable, match='named "m"'):
            project(main, variables={"m": 1}).plan()
        with pytest.raises(InvalidVariable, match="must be below 5"):
            project(main, variables={"n": 9}).plan()

    def test_a_wrong_secret_value_is_not_quoted_back(self, project: MakeProject) -> None:
        main = 'variable "t" {\n  type      = number\n  sensitive = true\n}\n'
        with pytest.raises(InvalidVariable) as caught:
            project(main, variables={"t": "hunter2-hunter2"}).plan()
        assert "hunter2" not in str(caught.value) + repr(caught.value.diagnostics_list)

    def test_sensitive_value_in_a_failing_condition(self, project: MakeProject) -> None:
        main = (
            'variable "t" {\n  sensitive = true\n}\n'
            'resource "terraform_data" "a" {\n  input = var.t\n  lifecycle {\n    precondition {\n'
            '      condition     = var.t == "x"\n      error_message = "no"\n    }\n  }\n}\n'
        )
        with pytest.raises(TerraformError) as caught:
            project(main, variables={"t": "hunter2-hunter2"}).plan()
        assert "hunter2" not in str(caught.value) + repr(caught.value.diagnostics_list)

    def test_a_resource_that_fails_is_told_with_what_was_done(self, project: MakeProject) -> None:
        tf = project(SLOW.replace("sleep 120", "exit 3"))
        with pytest.raises(ApplyFailed, match="exit status 3") as caught:
            tf.apply(auto_approve=True)
        assert caught.value.applied == (("terraform_data.fast", "create"),)

    def test_stale_and_vanished_plan(self, project: MakeProject) -> None:
        tf = project()
        old, plan = tf.plan(), tf.plan()
        tf.apply(plan)
        with pytest.raises(StalePlan, match="stale"):
            tf.apply(old)
        assert old.path is not None
        old.path.unlink()
        with pytest.raises(StalePlan):
            tf.apply(old)


class TestInit:
    def test_init_required_for_modules_providers_backend(self, project: MakeProject) -> None:
        module = {"m/main.tf": ""}
        with pytest.raises(InitRequired, match=r"tf\.init\(\)"):
            project('module "m" {\n  source = "./m"\n}\n', files=module).plan()
        with pytest.raises(InitRequired):
            project(_provider("nowhere.test/a/b"), name="provider").plan()
        with pytest.raises(InitRequired):
            project('terraform {\n  backend "local" {}\n}\n', name="backend").plan()

    def test_provider_that_cannot_be_had(self, project: MakeProject) -> None:
        with pytest.raises(ProviderNotAvailable, match=r"nowhere\.invalid/a/b"):
            project(_provider("nowhere.invalid/a/b")).init()

    def test_module_that_cannot_be_had(self, project: MakeProject) -> None:
        with pytest.raises(ModuleNotAvailable):
            project('module "m" {\n  source = "./nothing"\n}\n').init()
        remote = 'module "m" {\n  source  = "registry.invalid/a/b/c"\n  version = "1.0.0"\n}\n'
        with pytest.raises(ModuleNotAvailable, match=r"main\.tf:1"):
            project(remote).init()

    def test_backend_that_lacks_a_setting(self, project: MakeProject) -> None:
        with pytest.raises(BackendError, match='"key"'):
            project('terraform {\n  backend "s3" {\n    bucket = "b"\n    region = "us-east-1"\n  }\n}\n').init()

    def test_broken_configuration(self, project: MakeProject) -> None:
        with pytest.raises(InvalidConfiguration, match=r"main\.tf:1"):
            project("locals {").init()


def _provider(source: str) -> str:
    return f'terraform {{\n  required_providers {{\n    p = {{ source = "{source}" }}\n  }}\n}}\nprovider "p" {{}}\n'


class TestDisk:
    def test_no_permission(self, project: MakeProject) -> None:
        tf = project()
        # Root may write anywhere, unless it gives that capability up.
        drop = "setpriv --bounding-set=-dac_override,-dac_read_search" if os.geteuid() == 0 else ""
        script = _script(tf.workdir.parent / "terraform", f'exec {drop} {tf.executable} "$@"')
        tf.workdir.chmod(0o555)
        try:
            with pytest.raises(NoPermission, match="permission denied") as caught:
                Terraform(tf.workdir, executable=script).apply(auto_approve=True)
        finally:
            tf.workdir.chmod(0o755)
        assert "ls -ld" in caught.value.next

    def test_full_disk_keeps_the_state_until_there_is_room(self, project: MakeProject) -> None:
        big = "x" * 100
        tf = project(
            'resource "terraform_data" "kept" {}\n'
            'variable "token" {\n  sensitive = true\n}\n'
            'resource "terraform_data" "big" {\n'
            f'  input = {{ t = var.token, b = [for i in range(1000) : "{big}"] }}\n}}\n',
            variables={"token": "sekret-in-the-state"},
        )
        tf.apply(auto_approve=True, target=["terraform_data.kept"])
        # The limit on the size of a file stops the state from being written, as a full disk would.
        script = _script(tf.workdir.parent / "terraform", "ulimit -f 64", f'exec {tf.executable} "$@"')
        small = Terraform(tf.workdir, executable=script, variables={"token": "sekret-in-the-state"})
        events: list[Event] = []
        with pytest.raises(StateNotSaved, match="file too large") as caught:
            small.apply(auto_approve=True, on_event=events.append)
        assert "df -h" in caught.value.next and "recover_state" in caught.value.next
        assert "sekret" not in str(caught.value) + json.dumps([event.raw for event in events])
        with pytest.raises(StateDamaged):
            tf.plan()
        small._runner.executable = tf.executable
        small.recover_state()
        assert tf.state_list() == ("terraform_data.big", "terraform_data.kept")
        assert not tf.plan().has_changes
        with pytest.raises(BadInput):
            small.recover_state()


def _script(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


class TestRules:
    @pytest.mark.parametrize(
        ("summary", "detail", "kind"),
        [
            ("Unresolvable module version constraint", "There is no available version", ModuleVersionNotFound),
            ("Failed to write plan file", "write x: no space left on device", DiskFull),
            ("Failed to save state", "open terraform.tfstate: permission denied", NoPermission),
            ("Error acquiring the state lock", "Error message: no space left on device", DiskFull),
            ("Something nobody knows", "", TerraformError),
        ],
    )
    def test_by_summary(self, summary: str, detail: str, kind: type[TerraformError]) -> None:
        assert type(build_error("plan", (Diagnostic("error", summary, detail),))) is kind

    def test_no_reason_at_all(self) -> None:
        assert "no reason" in build_error("plan", ()).why

    def test_text_for_people(self) -> None:
        text = "\x1b[31m╷\x1b[0m\n│ Error: First thing\n│ \n│ its detail\n╵\n╷\n│ Warning: Second\n╵\n"
        assert parse_text(text) == (
            Diagnostic("error", "First thing", "its detail"),
            Diagnostic("warning", "Second", ""),
        )

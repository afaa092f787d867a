"""The course is silent until somebody asks, and what it logs shows no secret."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import helpers
from helpers.core import logs, process
from helpers.core.redact import MASK, add_secrets

SECRET = "correct-horse-battery-staple"


@pytest.fixture
def shown() -> Iterator[io.StringIO]:
    stream, root = io.StringIO(), logging.getLogger(logs.ROOT)
    before = root.level
    handler = logs.show(logging.DEBUG, stream)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def test_a_record_says_which_module_and_masks_secrets(shown: io.StringIO) -> None:
    add_secrets(SECRET)
    log = logs.logger("helpers.tests.some")
    log.info("token %s of %s", SECRET, {"password": SECRET})
    assert SECRET not in shown.getvalue()
    assert f"INFO helpers.tests.some: token {MASK} of {{'password': '{MASK}'}}" in shown.getvalue()


def test_a_traceback_masks_secrets(shown: io.StringIO) -> None:
    add_secrets(SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logs.logger("helpers.tests.some").exception("it failed")
    assert "Traceback" in shown.getvalue() and f"ValueError: {MASK}" in shown.getvalue()
    assert SECRET not in shown.getvalue()


def test_a_handler_of_somebody_else_sees_no_secret_either(caplog: pytest.LogCaptureFixture) -> None:
    add_secrets(SECRET)
    with caplog.at_level(logging.INFO):
        logs.logger("helpers.tests.other").info("token %s", SECRET)
    assert SECRET not in caplog.text and MASK in caplog.text


def test_a_process_is_logged_without_its_secrets(shown: io.StringIO) -> None:
    process.run([sys.executable, "-c", "pass", SECRET], secrets=[SECRET])
    assert "helpers.core.process.running: start pid=" in shown.getvalue()
    assert SECRET not in shown.getvalue()


def test_nothing_is_printed_when_nobody_asked() -> None:
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("helpers").handlers)
    code = "import helpers; from helpers.core import logs; logs.logger('helpers.x').error('a fault')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert helpers.__name__ == logs.ROOT


@pytest.mark.parametrize(("flags", "said"), [([], False), (["-v"], True), (["-vv"], True), (["--verbose"], True)])
def test_the_command_turns_it_on(flags: list[str], said: bool) -> None:
    course = [str(Path(sys.executable).with_name("course")), *flags, "tools", "list"]
    done = subprocess.run(course, capture_output=True, text=True, check=True)
    assert ("INFO helpers.runtime.tools: git " in done.stderr) == said
    assert "terraform" in done.stdout

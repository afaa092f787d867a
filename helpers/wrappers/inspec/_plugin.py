"""A pytest plugin: one test for each case of a request, and a file with what came of each.

Loaded by name in the pytest process that `testinfra_engine` starts, never in another.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the request and where to write the answers."""
    parser.addoption("--controls-request", required=True)
    parser.addoption("--controls-answers", required=True)


def pytest_configure(config: pytest.Config) -> None:
    """Collect answers."""
    config.pluginmanager.register(Answers(Path(config.getoption("--controls-answers"))))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test a case."""
    request = json.loads(Path(metafunc.config.getoption("--controls-request")).read_text(encoding="utf-8"))
    metafunc.parametrize("case", request, ids=[one["control"] for one in request])


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Without a case there is no test, not a skipped one."""
    items[:] = [item for item in items if isinstance(item.callspec.params["case"], dict)]


class Answers:
    """What came of each case, written when the session ends."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.found: list[dict[str, Any]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Keep the answer of the test itself; an error around it means that nobody could look."""
        report = yield
        if call.when == "call" or call.excinfo is not None:
            error = call.excinfo.value if call.excinfo else None
            met = not isinstance(error, AssertionError) and error is not None
            self.found.append(
                {
                    "case": item.callspec.params["case"]["number"],
                    "status": "failed" if error else "passed",
                    "message": str(error) if error else "",
                    "exception": type(error).__name__ if met or (error and call.when != "call") else "",
                    "run_time": round(call.duration, 6),
                    "start_time": datetime.fromtimestamp(call.start, UTC).isoformat(timespec="seconds"),
                }
            )
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the answers, and the machine they are about."""
        import testinfra  # type: ignore[import-untyped]  # only here, after the session: it loads every module of testinfra

        info = testinfra.get_host("local://").system_info
        platform = {"name": info.distribution or info.type, "release": info.release or ""}
        said = {"platform": platform, "answers": self.found}
        self.file.write_text(json.dumps(said), encoding="utf-8")

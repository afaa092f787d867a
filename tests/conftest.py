"""No test meets the user's own state or workspace, and none leaves a service behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

# A run in the background may begin with SIGINT ignored, and every program started here would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest modules first, so that no worker ends with one of them alone."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a failed test at once: a run that is cut off has then said what it found."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        crash = getattr(report.longrepr, "reprcrash", None)
        print(f"\n{report.when} failed: {report.nodeid}\n{getattr(crash, 'message', '')[:500]}", flush=True)


@pytest.fixture(scope="module", autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """State and workspace of each test module; its services are stopped at the end. The cache of tools is shared."""
    from helpers import _redact

    room = tmp_path_factory.mktemp("isolated")
    # What one module calls a secret is an ordinary word in the next.
    known = _redact._patterns
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(room / "state"))
        patch.setenv("MOD208_WORKSPACE", str(room / "workspace"))
        for name in ("MOD208_GRADING", "MOD208_CLASS", "MOD208_EXCHANGE", "MOD208_DB_URL"):
            patch.delenv(name, raising=False)
        yield
        if (room / "state" / "services").is_dir():
            from helpers import services

            services.stop()
        _redact._patterns = known

"""No test meets the user's own state or workspace, and none leaves a service behind.

Each module has a state of its own (`isolated`); what several modules share is listed in ``tests/worlds.py``.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.core import process
from tests import durations, repeats, worlds

# A run in the background may begin with SIGINT ignored, and every program started here would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
repeats.register_profile()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the choice of ``make test-fast``."""
    parser.addoption("--fast", action="store_true", help="only short modules that start no service and no browser")


def pytest_configure(config: pytest.Config) -> None:
    """Keep durations where the reports arrive: in the only process, or in the one that directs the workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(durations.Durations())
    costs = durations.Costs()
    process.spawn = costs.watch(process.spawn)
    config.pluginmanager.register(costs)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage among what is imported and collected, then or later: it is a fifth of the time it takes."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark property tests for ``make soak``; choose for ``--fast``; under xdist run the longest scopes first."""
    known = durations.read()
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("soak")
    if config.getoption("--fast"):
        left_out = [item for item in items if not durations.is_fast(item, known)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if durations.is_fast(item, known)]
    worlds.together(items)
    if (worker := getattr(config, "workerinput", None)) is not None:
        durations.longest_first(items, known, worlds.unit_of, workers=worker["workercount"])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a worker all modules that share an environment; otherwise as ``--dist loadscope`` does."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling  # without xdist there is no such hook

    class ByUnit(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return worlds.unit_of(nodeid)

    return ByUnit(config, log)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After the fixtures of the last test that uses it, end a shared environment."""
    worlds.leave(item, nextitem)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a failed test at once: a run that is cut off has then said what it found."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        crash = getattr(report.longrepr, "reprcrash", None)
        print(f"\n{report.when} failed: {report.nodeid}\n{getattr(crash, 'message', '')[:500]}", flush=True)


@pytest.fixture(scope="module", autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """State and workspace of each test module; its services are stopped at the end. The cache of tools is shared."""
    from helpers.core import redact

    room = tmp_path_factory.mktemp("isolated")
    # What one module calls a secret is an ordinary word in the next.
    known = redact._patterns
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(room / "state"))
        patch.setenv("MOD208_WORKSPACE", str(room / "workspace"))
        for name in ("MOD208_GRADING", "MOD208_CLASS", "MOD208_EXCHANGE", "MOD208_DB_URL"):
            patch.delenv(name, raising=False)
        yield
        if (room / "state" / "services").is_dir():
            from helpers.runtime import services

            services.stop()
        redact._patterns = known


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of its own; whatever runs in it is stopped."""
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    from helpers.runtime import services

    yield tmp_path / "state"
    services.stop("all")


@pytest.fixture(scope="module")
def shared(isolated: None, request: pytest.FixtureRequest) -> Iterator[worlds.World]:
    """The workspace and services that this module's unit shares; see ``tests/worlds.py`` for who they are."""
    world = worlds.of_module(request.node.nodeid)
    with world.entered():
        yield world


@pytest.fixture(scope="module")
def lab2(isolated: None) -> Iterator[worlds.LabWorld]:
    """The world of Lab 2, which the modules of its unit share."""
    world = worlds.lab_world("lab2")
    with world.entered():
        yield world

"""Environments that several test modules share: started once in a process that runs tests, ended when the last is done.

A module may share one when it only uses it: it works in a copy of the workspace or in names of its own, and what it
changes outside it puts back. Modules that kill or restart services, count what is there, or are about the first start
keep a state of their own (``isolated`` in ``tests/conftest.py``).

All modules of a unit run in one worker, in the order given here, also when only some of them are chosen.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from helpers.course import outline
from helpers.course.labs import Lab, proof
from helpers.runtime import services
from tests.durations import module_of, scope_of

#: Other solutions of Lab 2's steps, right and wrong.
_OTHERS = "tests/course/checks/test_lab2_live_alternatives.py"
#: Unit -> its scopes (a module, or a class of one) in the order in which they meet the environment. Lab 2 is walked
#: step by step; each of these tests the checks of one notebook right after its last step.
UNITS: dict[str, tuple[str, ...]] = {
    "lab2": (
        f"{_OTHERS}::TestRepository",
        "tests/course/checks/test_lab2_apps.py",
        f"{_OTHERS}::TestApps",
        "tests/course/checks/test_lab2_gates.py",
        f"{_OTHERS}::TestGates",
        "tests/course/checks/test_lab2_promotion.py",
        "tests/course/checks/test_lab2_drift.py",
        f"{_OTHERS}::TestDrift",
        "tests/course/checks/test_lab2_secrets.py",
        f"{_OTHERS}::TestSecrets",
        "tests/e2e/test_proof.py::TestLab2",
    ),
    # The project is walked once; its checks meet what the whole walk left.
    "project": (
        "tests/course/checks/test_project.py",
        "tests/course/checks/test_project_platform.py",
        "tests/e2e/test_proof.py::TestProject",
    ),
    # One control plane and one Argo CD. Each test has a namespace or an application of its own. The last module kills
    # the API server at its end, after which controllers need half a minute.
    "cluster": (
        "tests/clients/kubernetes/test_kubernetes_cluster.py",
        "tests/clients/kubernetes/test_kubernetes_refusals.py",
        "tests/clients/argocd/test_argocd_refresh.py",
        "tests/clients/argocd/test_argocd_refusals.py",
        "tests/clients/argocd/test_argocd_live.py",
        "tests/clients/kubernetes/test_kubernetes_watch.py",
    ),
    # One Flux: the first module has a source and a namespace for each test, the second one kills it and its cluster.
    "flux": ("tests/clients/test_flux.py", "tests/servers/test_flux.py"),
    # One Argo CD for the scenarios of two lectures, which clear away what they made; the first one measures.
    "lectures of unit 3": (
        "tests/course/lectures/test_unit3_scale.py",
        "tests/course/lectures/test_unit3_tenants.py::TestLive",
    ),
}
_UNIT_OF = {scope: unit for unit, scopes in UNITS.items() for scope in scopes}
_PLACE = {scope: place for scopes in UNITS.values() for place, scope in enumerate(scopes)}


def unit_of(nodeid: str) -> str:
    """Return what one worker runs in one piece: the unit of a test's scope, else the scope itself."""
    scope = scope_of(nodeid)
    return _UNIT_OF.get(scope, scope)


def together(items: list[pytest.Item]) -> None:
    """Move the tests of a unit to where its first one is, in the unit's order; all others stay where they are."""
    first: dict[str, int] = {}
    keys: dict[pytest.Item, tuple[int, int, int]] = {}
    for at, item in enumerate(items):
        scope = scope_of(item.nodeid)
        shared = scope in _UNIT_OF
        keys[item] = (first.setdefault(_UNIT_OF[scope], at) if shared else at, _PLACE.get(scope, 0), at)
    items.sort(key=keys.__getitem__)


class World:
    """A workspace and services that modules share.

    Args:
        home: directory of both.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Let this process use the world's workspace and services."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MOD208_WORKSPACE", str(self.home))
            patch.setenv("MOD208_STATE", str(self.home / "state"))
            patch.delenv("MOD208_GRADING", raising=False)
            yield

    def end(self) -> None:
        """Stop its services and remove it."""
        with self.entered():
            services.stop("all")
        shutil.rmtree(self.home, ignore_errors=True)


class LabWorld(World):
    """A lab walked in a learner's order, each step proved on the way.

    Args:
        name: the lab. home: see `World`.
    """

    def __init__(self, name: str, home: Path) -> None:
        super().__init__(home)
        self.proofs: dict[str, proof.Proof] = {}
        with self.entered():
            self.lab = Lab(name, work=home / outline.lab(name).assignment / "work")
        self._walk = proof.walk(self.lab, self.lab.spec)

    def upto(self, step: str) -> Path:
        """Walk until a step is solved, if it is not yet, and return the workspace; it fails where the walk does."""
        self.lab.spec.step(step)
        with self.entered():
            while step not in self.proofs:
                found = next(self._walk, None)
                assert found is not None, f"the walk of {self.lab.id} ended before {step}"
                self.proofs[found.step] = found
        failed = {name: one.problem for name, one in self.proofs.items() if not one.proved}
        assert not failed, failed
        return self.lab.work

    def walked(self) -> dict[str, proof.Proof]:
        """Return what was found about each step, proved or not."""
        with self.entered():
            self.proofs.update({found.step: found for found in self._walk})
        return self.proofs


#: How the directory of a world is called, before the number of the process that has made it.
_NAME = "mod208-world-"
#: The worlds of this process, by the name of their lab or unit.
_open: dict[str, World] = {}


def lab_world(name: str) -> LabWorld:
    """Return the world of a lab; the first call makes it."""
    if name not in _open:
        _open[name] = LabWorld(name, _home())
    found = _open[name]
    assert isinstance(found, LabWorld)
    return found


def of_module(module: str) -> World:
    """Return the world that a module (or a class in it) shares; the first call makes it, without any service."""
    unit = next((unit for scope, unit in _UNIT_OF.items() if module_of(scope) == module), "")
    assert unit, f"{module} shares nothing: list it in tests/worlds.py"
    if unit not in _open:
        _open[unit] = World(_home())
    return _open[unit]


def _home() -> Path:
    end_abandoned()
    # A short path: GnuPG, which Argo CD runs, cannot work below one as long as pytest's.
    return Path(tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-")).resolve()


def end_abandoned() -> None:
    """End the worlds of processes that were killed: their services run on, and their directories stay."""
    for home in Path(tempfile.gettempdir()).glob(f"{_NAME}*-*"):
        owner = home.name.removeprefix(_NAME).partition("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdigit() and not psutil.pid_exists(int(owner)) and home.stat().st_uid == os.getuid():
                World(home.resolve()).end()


def leave(item: pytest.Item, following: pytest.Item | None) -> None:
    """End the worlds after the last test of a unit."""
    if _open and (following is None or unit_of(following.nodeid) != unit_of(item.nodeid)):
        while _open:
            _open.popitem()[1].end()

"""Names that are loaded at their first use, listed in a stub."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import helpers
from helpers import widgets
from helpers.core import lazy


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package with a stub: a function by another name, a module, and a name that its module does not have."""
    folder = tmp_path / "lazily"
    folder.mkdir()
    (folder / "__init__.pyi").write_text(
        "from lazily import late as late\n"
        "from lazily.late import work as start\n"
        "from lazily.late import nothing as nothing\n"
        "from nowhere_at_all import gone as gone\n"
    )
    (folder / "__init__.py").write_text(
        "from helpers.core import lazy\n__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)\n"
    )
    (folder / "late.py").write_text("def work() -> str:\n    return 'done'\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("lazily", "lazily.late"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("lazily")


def test_a_name_is_loaded_at_its_first_use_and_kept(package: ModuleType) -> None:
    assert "lazily.late" not in sys.modules
    assert package.start() == "done"
    assert vars(package)["start"] is sys.modules["lazily.late"].work
    assert package.late is sys.modules["lazily.late"]


def test_all_and_dir_list_the_stub(package: ModuleType) -> None:
    assert package.__all__ == ["gone", "late", "nothing", "start"]
    assert {"late", "start", "__name__"} <= set(dir(package))


def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="module 'lazily' has no attribute 'strat'"):
        _ = package.strat
    with pytest.raises(ImportError):
        exec("from lazily import strat")
    assert not hasattr(package, "strat")


@pytest.mark.parametrize("name", ["nothing", "gone"])
def test_a_name_that_does_not_resolve_is_an_error(package: ModuleType, name: str) -> None:
    with pytest.raises(ImportError):
        getattr(package, name)


@pytest.mark.parametrize("facade", [helpers, widgets], ids=lambda module: module.__name__)
def test_the_facade_lists_only_names_that_resolve(facade: ModuleType) -> None:
    assert len(facade.__all__) > 20
    for name in facade.__all__:
        assert getattr(facade, name) is not None, name


@pytest.mark.parametrize("facade", [helpers, widgets], ids=lambda module: module.__name__)
def test_the_stub_lists_each_name_once(facade: ModuleType) -> None:
    assert facade.__file__ is not None
    lines = Path(facade.__file__).with_suffix(".pyi").read_text().splitlines()
    names = [line.rpartition(" ")[2] for line in lines if line.startswith("from ")]
    assert sorted(names) == sorted(set(names)) == facade.__all__


def test_an_unknown_name_of_the_facade_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'helpers' has no attribute 'Terrafrom'"):
        _ = helpers.Terrafrom  # type: ignore[attr-defined]


def test_importing_the_facade_loads_no_room() -> None:
    code = "import sys, helpers; print(sorted(m for m in sys.modules if m.startswith('helpers')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['helpers', 'helpers.core', 'helpers.core.lazy']"
    assert lazy.__name__ in done.stdout

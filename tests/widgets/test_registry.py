"""Every displayed type has a display: the table names a function that exists, and it shows an example safely."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import helpers
from helpers import widgets
from helpers.compliance.audit import Proof
from helpers.core import display
from helpers.core.display import Displayed, NoDisplay, renderer_of
from helpers.widgets.registry import PANELS, RENDERERS
from tests.widgets.examples import EXAMPLES, HIDDEN
from tests.widgets.test_static import HOSTILE, assert_safe

#: Types that show themselves, and why the table has no line for them.
SELF_DISPLAYING = {
    "helpers.core.display.Displayed": "the base of the types in the table",
    "helpers.course.assessment.exam.Exam": "words of the course; the table knows no type of a higher floor",
    "helpers.course.assessment.rubric.Calibration": "words of the course; the table knows no type of a higher floor",
    "helpers.course.assessment.rubric.Criterion": "words of the course; the table knows no type of a higher floor",
    "helpers.course.assessment.rubric.Rubric": "words of the course; the table knows no type of a higher floor",
    "helpers.course.handing.notebook.NothingToDo": "words of the course; the table knows no type of a higher floor",
    "helpers.course.labs._lab.Graded": "words of the course; the table knows no type of a higher floor",
    "helpers.course.quiz.prediction.Prediction": "shows its widget or the static twin of that, as a questionnaire does",
    "helpers.course.class_run.ClassRun": "words of the course; the table knows no type of a higher floor",
    "helpers.course.quiz.quiz.Quiz": "shows its widget or the static twin of that, whichever the front end can",
    "helpers.course.labs._lab.Restored": "words of the course; the table knows no type of a higher floor",
    "helpers.course.labs._lab.Lab": "shows its progress; the table knows no type of a higher floor",
    "helpers.course.labs._progress.Hint": "words of the course; the table knows no type of a higher floor",
    "helpers.course.labs._progress.Progress": "words of the course; the table knows no type of a higher floor",
    "helpers.course.teaching.Shown": "carries the HTML that it is made of",
    "helpers.course.teaching.expect_error": "a context manager around the display of the error it caught",
    "helpers.widgets.base.Interactive": "the base of the widgets",
}
#: Types whose display shows numbers and words of ours only.
NUMBERS_ONLY = (Proof,)
#: The floors below the widgets, and beside them.
BELOW = ("core", "runtime", "wrappers", "clients", "compliance", "servers")
#: Methods that Jupyter asks for a display.
METHODS = ("_repr_html_", "_repr_mimebundle_", "_repr_markdown_", "_ipython_display_")


def modules() -> list[types.ModuleType]:
    """Import and return every module of the package but its programs."""
    found = []
    for info in pkgutil.walk_packages(helpers.__path__, "helpers."):
        if not info.name.endswith("__main__"):
            found.append(importlib.import_module(info.name))
    return found


def name_of(shown: type) -> str:
    return f"{shown.__module__}.{shown.__qualname__}"


def classes() -> Iterator[type]:
    """Return the classes of the package, each where it is defined."""
    for module in modules():
        for _, found in inspect.getmembers(module, inspect.isclass):
            if found.__module__ == module.__name__:
                yield found


CLASSES = tuple(classes())
DISPLAYED = tuple(found for found in CLASSES if issubclass(found, Displayed) and found is not Displayed)


def test_the_walk_finds_the_types() -> None:
    assert len(DISPLAYED) >= 60


def test_every_displayed_type_stands_in_the_table_and_nothing_else_does() -> None:
    assert sorted(RENDERERS) == sorted(map(name_of, DISPLAYED))


@pytest.mark.parametrize("entry", sorted({*RENDERERS.values(), *PANELS.values()}))
def test_every_entry_of_the_tables_names_something_that_exists(entry: str) -> None:
    module, _, attribute = entry.partition(":")
    assert callable(getattr(importlib.import_module(module), attribute))


def test_every_panel_is_found_by_its_name() -> None:
    for name, entry in PANELS.items():
        assert name_of(display.panel(name)) == entry.replace(":", ".")
    with pytest.raises(NoDisplay):
        display.panel("no such panel")


def test_every_displayed_type_has_an_example() -> None:
    assert sorted(map(name_of, EXAMPLES)) == sorted(map(name_of, DISPLAYED)), "add one to tests/widgets/examples.py"


@pytest.mark.parametrize("shown", EXAMPLES, ids=name_of)
class TestEachType:
    def test_static_and_text_form(self, shown: type) -> None:
        value = EXAMPLES[shown]("vision")
        assert type(value) is shown and isinstance(value, Displayed)
        outline = assert_safe(value._repr_html_())
        assert "vision" in outline.text or shown in NUMBERS_ONLY
        line = repr(value)
        assert line.strip() and "\n" not in line and " object at 0x" not in line

    def test_the_same_value_looks_the_same(self, shown: type) -> None:
        first, second = (renderer_of(shown)(EXAMPLES[shown]("vision")) for _ in range(2))
        assert first == second
        assert not re.search(r"0x[0-9a-f]{6,}|object at", first)
        assert " id=" not in first, "an id could meet its twin in another output"

    def test_hostile_values_stay_text(self, shown: type) -> None:
        for text in HOSTILE:
            html = renderer_of(shown)(EXAMPLES[shown](text))
            outline = assert_safe(html)
            assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\ud800]", html), ascii(text[:18])
            assert text not in html or not re.search("[<>'\"]", text), ascii(text[:18])
            if text == HOSTILE[0] and shown not in NUMBERS_ONLY:
                assert "<script>" in outline.text, "the value is not shown"

    def test_masked_values_stay_masked(self, shown: type) -> None:
        value = EXAMPLES[shown]("vision")
        assert HIDDEN not in renderer_of(shown)(value)
        assert HIDDEN not in repr(value)


def test_only_the_table_and_the_named_types_have_a_display() -> None:
    own = {name_of(c) for c in CLASSES if any(method in vars(c) for method in METHODS)}
    assert own == set(SELF_DISPLAYING)


def imported(file: Path) -> Iterator[str]:
    """Yield the full names that a file imports, inside functions too."""
    source = file.read_text(encoding="utf-8")
    # Most files do not name the widgets at all.
    for node in ast.walk(ast.parse(source)) if "widgets" in source else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield from (f"{module}{alias.name}." for alias in node.names)


def test_nothing_below_imports_the_widgets() -> None:
    root = Path(helpers.__path__[0])
    files = [file for room in BELOW for file in (root / room).rglob("*.py")]
    assert len(files) > 100
    assert not [str(f) for f in files if any(name.startswith("helpers.widgets.") for name in imported(f))]


def test_a_displayed_type_without_an_entry_is_a_fault() -> None:
    class Unknown(Displayed):
        pass

    with pytest.raises(NoDisplay, match="RENDERERS does not say how"):
        Unknown()._repr_html_()


def test_a_subtype_is_shown_like_its_base() -> None:
    base = next(iter(EXAMPLES))
    assert renderer_of(type("Special", (base,), {})) is renderer_of(base)


@pytest.fixture
def registrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what a test registers."""
    monkeypatch.setattr(display, "_added", {})
    monkeypatch.setattr(display, "_resolved", {})


@pytest.mark.usefixtures("registrations")
class TestThirdParty:
    def test_one_line_adds_a_display_for_a_type(self) -> None:
        class Report(Displayed):
            pass

        widgets.register(Report, lambda report: "<p>mine</p>")
        assert Report()._repr_html_() == "<p>mine</p>"

    def test_one_line_replaces_a_display(self) -> None:
        shown = next(iter(EXAMPLES))
        widgets.register(shown, lambda value: "<p>other</p>")
        assert renderer_of(shown)(EXAMPLES[shown]("x")) == "<p>other</p>"

    def test_names_are_imported_when_they_are_needed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "acme_reports.py").write_text(
            "from helpers.core.display import Displayed\nclass Report(Displayed): pass\n", encoding="utf-8"
        )
        (tmp_path / "acme_displays.py").write_text("def report_html(report): return '<p>acme</p>'\n", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        widgets.register("acme_reports.Report", "acme_displays:report_html")
        assert not {"acme_reports", "acme_displays"} & set(sys.modules)
        assert importlib.import_module("acme_reports").Report()._repr_html_() == "<p>acme</p>"

    def test_a_display_that_does_not_exist_says_so(self) -> None:
        class Report(Displayed):
            pass

        widgets.register(Report, "helpers.widgets.renderers.tables:no_such_html")
        with pytest.raises(NoDisplay, match="does not exist"):
            Report()._repr_html_()

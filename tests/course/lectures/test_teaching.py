"""What lectures stand on: fresh material, shown errors, edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.errors import BadInput, CourseError
from helpers.core.paths import IAC, ROOT
from helpers.course import journey, teaching, welcome
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import InvalidVariable


def test_an_expected_error_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with teaching.expect_error(hide=[r"id \d+"]) as shown:
        raise BadInput("Bad <id 77>", why="Reason.", next="Do this.")
    assert "id 77" not in shown._repr_html_() + repr(shown)
    assert "Bad &lt;…&gt;" in shown._repr_html_() and "Do this." in shown._repr_html_()
    assert "BadInput" in capsys.readouterr().out


def test_no_error_is_an_error() -> None:
    with pytest.raises(BadInput, match="Expected CourseError"), teaching.expect_error():
        pass


def test_another_error_goes_through() -> None:
    with pytest.raises(ZeroDivisionError), teaching.expect_error():
        print(1 / 0)
    with pytest.raises(CourseError, match="other"), teaching.expect_error(InvalidVariable):
        raise BadInput("other")


def test_material_is_fresh_and_what_was_applied_is_destroyed() -> None:
    first = teaching.material("unit1/first-plan")
    (first / "mine.tf").write_text("# mine\n")
    terraform = Terraform(first)
    terraform.init()
    assert terraform.apply(terraform.plan()).added == 4
    again = teaching.material("unit1/first-plan")
    assert again == first
    assert sorted(p.name for p in again.iterdir()) == ["main.tf"]


def test_unknown_material_is_named() -> None:
    with pytest.raises(BadInput, match="first-plan"):
        teaching.material("unit1/nothing")


def test_an_edit_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "main.tf"
    file.write_text("a = 1\na = 2\n")
    with pytest.raises(BadInput, match="2 times"):
        teaching.edit(file, {"1": "3", "a =": "b ="})
    assert file.read_text() == "a = 1\na = 2\n"
    shown = teaching.edit(file, {"a = 1": "a = <1>"})
    assert "-a = 1" in repr(shown) and "<ins>+a = &lt;1&gt;</ins>" in shown._repr_html_()


def test_a_block_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "main.tf"
    file.write_text('a "x" {\n  b = 1\n}\n\na "y" {\n}\n')
    assert "b = 1" in repr(teaching.source(file, 'a "x"')) and "y" not in repr(teaching.source(file, 'a "x"'))
    with pytest.raises(BadInput, match="no block"):
        teaching.source(file, "z")


def test_the_material_is_formatted() -> None:
    assert Terraform(IAC / "lectures").fmt(check=True, recursive=True).formatted


def test_the_map_leads_to_notebooks() -> None:
    import re

    html = welcome.course_map()._repr_html_()
    links = re.findall(r'href="([^"]+)"', html)
    assert "unit1/01-architecture-patterns.ipynb" in links
    assert all((ROOT / "notebooks" / link).is_file() for link in links)
    assert not any(link.startswith("/") for link in links)


def test_progress_names_every_lecture_and_lab_and_where_to_go_on() -> None:
    shown = welcome.progress()
    text, html = repr(shown), shown._repr_html_()
    for path in (ROOT / "notebooks").glob("unit*/*.ipynb"):
        assert journey.title(path) in text, path
    for lab in ("Lab 1", "Lab 2", "Lab 3"):
        assert text.count(lab) >= 6
    assert "← next" in text and "Next: " in text and "continue here" in html

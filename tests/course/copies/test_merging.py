"""An update of a notebook: the learner's text is never lost, graded cells are the course's, all else is brought in."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from helpers.course.copies import merge
from helpers.course.copies.merging import text

LOCKED = {"nbgrader": {"locked": True, "grade": True, "grade_id": "t"}}


def cell(name: str, source: str, metadata: dict[str, Any] | None = None, outputs: list[Any] | None = None) -> Any:
    return {
        "cell_type": "code",
        "id": name,
        "source": source,
        "metadata": metadata or {},
        "outputs": outputs or [],
        "execution_count": None,
    }


def book(*cells: Any) -> Any:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def texts(merged: Any) -> list[str]:
    return [text(one) for one in merged.notebook["cells"]]


def test_what_the_learner_did_not_touch_becomes_the_courses() -> None:
    base, new = book(cell("a", "1"), cell("b", "2")), book(cell("a", "1"), cell("c", "new"), cell("b", "two"))
    assert texts(merge(base, base, new)) == ["1", "new", "two"]


def test_what_the_learner_wrote_stays_with_its_outputs() -> None:
    shown = [{"output_type": "stream", "name": "stdout", "text": "hi"}]
    base, own = book(cell("a", "1"), cell("b", "2")), book(cell("a", "mine", outputs=shown), cell("b", "2"))
    done = merge(base, own, book(cell("a", "1"), cell("b", "two")))
    assert texts(done) == ["mine", "two"] and done.kept == ()
    assert done.notebook["cells"][0]["outputs"] == shown


def test_a_cell_that_both_changed_keeps_the_learners_text_and_shows_the_courses() -> None:
    base, own = book(cell("a", "1"), cell("b", "2")), book(cell("a", "mine"), cell("b", "2"))
    done = merge(base, own, book(cell("a", "theirs"), cell("b", "2")))
    mine, note, last = done.notebook["cells"]
    assert text(mine) == "mine" and "theirs" in text(note) and text(last) == "2"
    assert note["cell_type"] == "markdown" and done.kept == ("a",)


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    done = merge(book(cell("a", "1")), book(cell("a", "2")), book(cell("a", "2")))
    assert texts(done) == ["2"] and done.kept == ()


def test_cells_of_the_learners_stand_where_they_stood() -> None:
    base = book(cell("a", "1"), cell("b", "2"), cell("c", "3"))
    own = book(
        cell("x", "first"), cell("a", "1"), cell("y", "behind a"), cell("z", "and z"), cell("b", "2"), cell("c", "3")
    )
    new = book(cell("n", "new"), cell("a", "1"), cell("b", "two"), cell("c", "3"))
    assert texts(merge(base, own, new)) == ["first", "new", "1", "behind a", "and z", "two", "3"]


def test_a_removed_cell_stays_removed_and_a_graded_one_comes_back() -> None:
    base = book(cell("a", "1"), cell("t", "test", LOCKED))
    assert texts(merge(base, book(), book(cell("a", "one"), cell("t", "test", LOCKED)))) == ["test"]


def test_a_cell_the_course_dropped_goes_unless_the_learner_wrote_in_it() -> None:
    base = book(cell("a", "1"), cell("b", "2"))
    assert texts(merge(base, base, book(cell("a", "1")))) == ["1"]
    assert texts(merge(base, book(cell("a", "1"), cell("b", "mine")), book(cell("a", "1")))) == ["1", "mine"]


def test_a_locked_cell_is_always_the_courses() -> None:
    base, own = book(cell("t", "test", LOCKED)), book(cell("t", "pass", LOCKED))
    done = merge(base, own, book(cell("t", "better test", LOCKED)))
    assert texts(done) == ["better test"] and done.kept == ()


names = st.sampled_from("abcdef")
notebooks = st.dictionaries(names, st.text("xyz", max_size=2), max_size=6).map(
    lambda cells: book(*(cell(name, source) for name, source in cells.items()))
)


@given(notebooks, notebooks, notebooks)
def test_nothing_the_learner_wrote_is_ever_lost(base: Any, own: Any, new: Any) -> None:
    done = merge(base, own, new).notebook["cells"]
    ids = [one["id"] for one in done]
    assert len(ids) == len(set(ids))
    was = {one["id"]: text(one) for one in base["cells"]}
    there = {one["id"]: text(one) for one in done}
    for one in own["cells"]:
        if text(one) != was.get(one["id"]):
            assert there[one["id"]] == text(one)


@given(notebooks, notebooks)
def test_a_learner_who_wrote_nothing_gets_the_course(base: Any, new: Any) -> None:
    assert merge(base, base, new).notebook["cells"] == new["cells"]


@given(notebooks, notebooks)
def test_without_an_update_the_copy_stays_as_it_is(base: Any, own: Any) -> None:
    merged = {one["id"]: text(one) for one in merge(base, own, base).notebook["cells"]}
    assert merged == {one["id"]: text(one) for one in own["cells"]}

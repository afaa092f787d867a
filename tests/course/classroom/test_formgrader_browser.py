"""The formgrader of a class in a real browser: it opens, shows the work, takes points. And the assignment list."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from helpers.core import process
from helpers.course.classroom import book, edition, founding, nb, stages
from helpers.course.classroom.klass import Classroom
from tests.browser import ARGS, CHROMIUM, LabServer
from tests.course.classroom import small
from tests.course.classroom.test_stages import NAME, forked
from tests.klass import cell

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
MARK = "window.name='owned'"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """A class with one submission as grading leaves it: nothing is run here."""
    here = tmp_path_factory.mktemp("formgrader")
    (here / "s.csv").write_text("id,last_name,first_name\neva,Ex,Eva\n")
    one = founding.found(here / "spring", "2027", here / "s.csv", exchange=here / "exchange")
    small.make(one.root / "source" / NAME, both=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nb, "process", SimpleNamespace(run=forked, environment=process.environment))
        stages.release(one, NAME)
    graded = Path(shutil.copytree(one.root / "release" / NAME, one.root / "autograded" / "eva" / NAME))
    (graded / "work").mkdir()
    (graded / "work" / "two.tf").write_text("# written in an editor\n")
    found = nbformat.read(graded / small.SECOND, 4)
    cell(found, "why").source = f"Because of **gravity**. <img src=x onerror={MARK}>"
    html = nbformat.v4.new_output("display_data", {"text/html": f"<script>{MARK}</script><b>shown</b>"})
    cell(found, "two-test").outputs = [html]
    nbformat.write(found, graded / small.SECOND)
    shutil.copytree(graded, one.root / "submitted" / "eva" / NAME)
    with book.opened(one) as gradebook:
        gradebook.add_submission(NAME, "eva")
        gradebook.find_grade("why", "02-second", NAME, "eva").needs_manual_grade = True
        gradebook.db.commit()
    return one


@pytest.fixture(scope="module")
def server(room: Classroom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    one = LabServer(tmp_path_factory.mktemp("server"), room.root, nb.environment(room))
    yield one
    one.stop()


@pytest.fixture(scope="module")
def page(server: LabServer) -> Iterator[Page]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        found = browser.new_page()
        found.set_default_timeout(120_000)
        found.goto(f"{server.url}/formgrader?token={server.token}")
        yield found
        browser.close()


def test_the_formgrader_opens_on_the_class(page: Page) -> None:
    expect(page.get_by_role("link", name=NAME, exact=True).first).to_be_visible()


def test_a_person_gives_points_and_a_comment(page: Page, server: LabServer, room: Classroom) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{server.url}/formgrader/gradebook/{NAME}/02-second")
    page.get_by_role("link", name="Submission #1").click()
    expect(page.get_by_text("gravity")).to_be_visible()
    expect(page.get_by_text("shown", exact=True)).to_be_visible()
    expect(page.get_by_text("# written in an editor")).to_be_visible()
    score = page.locator("input.score").last
    score.fill("3")
    with page.expect_response(lambda answer: "/api/grade/" in answer.url and answer.request.method == "PUT"):
        score.blur()
    page.locator("textarea.comment").last.fill("Well said.")
    with page.expect_response(lambda answer: "/api/comment/" in answer.url and answer.request.method == "PUT"):
        page.locator("textarea.comment").last.blur()
    with book.opened(room) as gradebook:
        grade = gradebook.find_grade("why", "02-second", NAME, "eva")
        assert (grade.manual_score, bool(grade.needs_manual_grade)) == (3.0, False)
        assert gradebook.find_comment("why", "02-second", NAME, "eva").comment == "Well said."
    assert page.evaluate("window.name") != "owned"
    assert not [url for url in requested if not url.startswith((server.url, "data:"))]


def test_the_assignment_list_of_a_learner_has_the_copy_that_is_handed_in(room: Classroom, tmp_path: Path) -> None:
    text = edition.settings(room.course, str(room.exchange))
    (tmp_path / "nbgrader_config.py").write_text(text)
    shutil.copytree(room.root / "release" / NAME, tmp_path / "workspace" / NAME)
    (tmp_path / "home").mkdir()
    server = LabServer(
        tmp_path / "home",
        tmp_path,
        {"MOD208_WORKSPACE": str(tmp_path / "workspace"), "JUPYTER_CONFIG_PATH": str(tmp_path)},
    )
    try:
        listed = server.api("GET", f"/assignments?course_id={room.course}")
        assert listed["success"], listed["value"]
        (one,) = [entry for entry in listed["value"] if entry["assignment_id"] == NAME]
        assert (one["status"], one["path"]) == ("fetched", f"workspace/{NAME}")
    finally:
        server.stop()

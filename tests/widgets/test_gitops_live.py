"""The widgets of GitOps without a browser: following, stopping, time limits, questions before harm."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from helpers.core.errors import BadInput, CourseError
from helpers.widgets import ApplicationTree, DriftBoard, GatePanel, PromotionBoard, Timeline, settled
from helpers.widgets.base import VIEW
from tests.widgets import gitops
from tests.widgets.gitops_fakes import Cluster, Forge, Stream
from tests.widgets.test_interactive import live, settle, states

__all__ = ["live"]


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    waiter = threading.Event()
    for _ in range(600):
        if true():
            return
        waiter.wait(0.02)
    raise AssertionError("it never came")


def healthy() -> tuple[Any, ...]:
    return tuple(replace(a, sync="Synced", health="Healthy", operation=None) for a in gitops.family())


# Following.


def test_snapshot_needs_no_thread_and_has_both_twins(live: None) -> None:
    tree = ApplicationTree(gitops.family())
    bundle = tree._repr_mimebundle_()
    assert VIEW in bundle and "Tree of 13 nodes" in bundle["text/html"]
    assert bundle["text/plain"] == "ApplicationTree(4 applications, 2 not Synced and Healthy)"
    assert tree._stop_button.layout.display == "none", "there is nothing to stop"


def test_without_a_front_end_it_waits_for_the_end() -> None:
    answers = [gitops.family(), gitops.family(), healthy()]
    tree = ApplicationTree(lambda: answers.pop(0), every=0.01, until=settled)
    bundle = tree._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "Healthy 4" in bundle["text/html"] and answers == []
    assert all(a.health == "Healthy" for a in tree.result())


def test_time_limit_ends_the_watch_and_says_so() -> None:
    tree = ApplicationTree(gitops.family, every=0.01, limit=0.05, until=settled)
    assert "the time limit was reached" in tree.html()
    assert len(tree.result()) == 4, "what is known is given all the same"


def test_events_are_followed_until_the_source_ends() -> None:
    tree = ApplicationTree(iter(gitops.stream()))
    assert {a.name: a.sync for a in tree.result()} == {"inference-prod": "Synced", "inference-dev": "Synced"}


def test_deleted_applications_go() -> None:
    first = gitops.stream()[0]
    assert len(ApplicationTree(gitops.stream()).value) == 2, "events that are all there need no following"
    assert ApplicationTree(iter([first, replace(first, kind="DELETED")])).result() == ()


def test_stop_button_ends_a_source_that_blocks(live: None) -> None:
    source = Stream(gitops.stream())
    tree = ApplicationTree(source, limit=600)
    assert tree.widget
    source.let(1)
    until(lambda: len(tree.value) == 1)
    assert not tree._ended.is_set()
    tree._stop_button.click()
    assert tree._ended.is_set() and "you stopped watching" in tree._note.value
    until(source.closed.is_set)
    source.let(1)
    assert len(tree.result()) == 1, "what comes later is not taken in"


def test_live_drawing_follows_the_events(live: None) -> None:
    source = Stream(gitops.stream())
    tree = ApplicationTree(source, limit=600)
    assert tree.widget and "watching" in tree._head.value
    source.let(1)
    until(lambda: "Missing" in tree._view.value)
    source.let(6)
    until(lambda: "Missing" not in tree._view.value and "inference-dev" in tree._view.value)
    tree.stop()
    assert "watching" not in tree._head.value


def test_an_answer_that_fails_marks_the_old_one_as_old(live: None) -> None:
    answers: list[Any] = [gitops.family(), CourseError("The API server does not answer")]
    gate = threading.Event()

    def ask() -> Any:
        if len(answers) == 1:
            gate.wait(30)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Exception):
            raise found
        return found

    tree = ApplicationTree(ask, every=0.01, limit=600)
    assert tree.widget
    until(lambda: len(tree.value) == 4)
    assert "may be old" not in tree._note.value
    gate.set()
    until(lambda: "may be old: The API server does not answer" in tree._note.value)
    answers[0] = healthy()
    until(lambda: "may be old" not in tree._note.value)
    tree.stop()


def test_a_source_that_breaks_is_raised_and_shown() -> None:
    def broken() -> Any:
        raise ZeroDivisionError("division by zero")

    tree = ApplicationTree(broken)
    with pytest.raises(ZeroDivisionError):
        tree.result()
    assert "ZeroDivisionError" in tree.html()


@pytest.mark.parametrize("options", [{"every": 0}, {"limit": -1}])
def test_times_must_be_more_than_nothing(options: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        ApplicationTree(gitops.family, **options)  # type: ignore[arg-type]


# The tree.


def test_tree_lists_filters_and_opens_an_application() -> None:
    tree = ApplicationTree(gitops.family(), tree=lambda name: gitops.tree())
    assert tree.widget
    assert [name for _, name in tree._list.options] == ["inference-dev", "inference-prod", "inference-staging", "root"]
    assert tree._list.options[1][0] == "inference-prod  ✗ Degraded  ≠ OutOfSync"
    tree._filter.value = "trouble"
    assert [name for _, name in tree._list.options] == ["inference-prod", "inference-staging"]
    tree._list.value = "inference-prod"
    assert "SyncError" in tree._detail.value and "Secret model-key" in tree._detail.value
    tree._pods.click()
    settle(tree)
    assert "Pod inference-6d5f-0" in tree._detail.value and not tree._pods.disabled


def test_fault_of_the_resource_tree_is_shown() -> None:
    def tree_of(name: str) -> Any:
        raise CourseError(f"Argo CD does not know {name}", next="course services status")

    tree = ApplicationTree(gitops.family(), tree=tree_of)
    assert tree.widget
    tree._pods.click()
    settle(tree)
    assert "course services status" in tree._detail.value and not tree._pods.disabled


def test_what_did_not_change_is_not_drawn_again(live: None) -> None:
    tree = ApplicationTree(gitops.family, every=0.01, limit=600)
    assert tree.widget
    until(lambda: "inference-prod" in tree._detail.value or tree._list.value == "inference-dev")
    tree._list.value = "inference-staging"
    seen: list[Any] = []
    for one in (tree._view, tree._list, tree._detail):
        one.observe(seen.append)
    tree._redraw()
    assert seen == [] and tree._list.value == "inference-staging"
    tree.stop()


# Promotion.


def test_promotion_asks_first_and_shows_the_new_board() -> None:
    forge = Forge()
    board = PromotionBoard(forge, promote=forge.promote, every=0.01)
    assert board.widget
    until(lambda: len(board._buttons.children) == 1)
    (ready,) = board._buttons.children
    assert ready.description == "Promote inference 1.5.0 from dev to staging…"
    board._question.yes.click()
    assert forge.board == gitops.board(), "nobody asked yet"
    ready.click()
    assert "from dev to staging?" in board._note.value and board._question.box.layout.display == ""
    board._question.no.click()
    assert forge.board == gitops.board() and board._question.box.layout.display == "none"
    ready.click()
    board._question.yes.click()
    settle(board)
    assert "merged inference" in board._note.value
    until(lambda: "the same on both sides" in board._view.value)
    assert board.value.stage("staging", "inference").version == "1.5.0"
    board.stop()


def test_promotion_that_is_refused_is_shown_and_can_be_tried_again() -> None:
    def refuse(step: Any) -> Any:
        raise CourseError("The forge refused the merge", why="no approval")

    board = PromotionBoard(gitops.board(), promote=refuse)
    assert board.widget
    board._buttons.children[0].click()
    board._question.yes.click()
    settle(board)
    assert "The forge refused the merge" in board._note.value
    assert len(board._buttons.children) == 1


def test_board_without_a_promoter_has_no_buttons() -> None:
    board = PromotionBoard(gitops.board())
    assert board.widget and board._buttons.children == ()
    assert repr(board) == "PromotionBoard(Board(dev -> staging -> prod; 1 ready, 2 blocked))"


# Drift.


def drift_board() -> tuple[DriftBoard, Cluster]:
    cluster = Cluster()
    board = DriftBoard(cluster, heal=cluster.heal, adopt=cluster.adopt, unknown=gitops.UNKNOWN)
    assert board.widget
    return board, cluster


def pick(board: DriftBoard, part: str) -> None:
    board._list.value = next(name for _, name in board._list.options if part in name)


def test_heal_asks_first_and_compares_anew() -> None:
    board, cluster = drift_board()
    pick(board, "Deployment")
    board._question.yes.click()
    board._heal.click()
    assert "Overwrite the live Deployment inference-prod/inference with the state of Git?" in board._note.value
    board._question.no.click()
    assert cluster.done == []
    board._heal.click()
    board._question.yes.click()
    settle(board)
    assert cluster.done == ["healed Deployment"] and "healed inference" in board._note.value
    pick(board, "Deployment")
    assert "The cluster matches Git." in board._detail.value and board._heal.disabled


def test_adopt_writes_the_live_state() -> None:
    board, cluster = drift_board()
    pick(board, "Deployment")
    board._adopt.click()
    board._question.yes.click()
    settle(board)
    assert cluster.done == ["adopted Deployment"]
    assert cluster.diffs[0].desired is not None and cluster.diffs[0].desired["spec"]["replicas"] == 9


def test_nobody_decides_on_what_is_not_known() -> None:
    board, cluster = drift_board()
    for part, off in (("HorizontalPodAutoscaler", True), ("Service", True), ("Deployment", False)):
        pick(board, part)
        assert board._heal.disabled == off and board._adopt.disabled == off
    pick(board, "Deployment")
    board._heal.click()
    pick(board, "HorizontalPodAutoscaler")
    assert board._question.box.layout.display == "none", "the question was about another resource"
    board._question.yes.click()
    assert cluster.done == []


def test_comparison_that_fails_leaves_no_old_answer() -> None:
    board, cluster = drift_board()
    assert repr(board) == "DriftBoard(3 drifted, 1 could not tell, 1 in sync)"
    cluster.fault = CourseError("The repo server does not answer", next="course services start gitops")
    board._again.click()
    settle(board)
    assert repr(board) == "DriftBoard(0 drifted, 1 could not tell, 0 in sync)"
    assert "course services start gitops" in board._detail.value and board._heal.disabled
    assert "could not tell" in board.html() and "✓" not in board.html()


def test_heal_that_fails_is_shown() -> None:
    board, cluster = drift_board()
    cluster.heal = None  # type: ignore[assignment, method-assign]
    board._acts["heal"] = lambda item: (_ for _ in ()).throw(CourseError("Admission refused it"))
    pick(board, "Deployment")
    board._heal.click()
    board._question.yes.click()
    settle(board)
    assert "Admission refused it" in board._note.value and not board._heal.disabled


def test_filter_of_the_drift_board() -> None:
    board, _ = drift_board()
    board._filter.value = "unknown"
    assert [label for label, _ in board._list.options] == [
        "? could not tell  HorizontalPodAutoscaler inference-prod/inference"
    ]
    assert "did not answer" in board._detail.value


def test_no_secret_goes_to_the_front_end() -> None:
    board, _ = drift_board()
    state = ""
    for _, name in board._list.options:
        board._list.value = name
        state += states(board.widget)
    assert gitops.SECRET not in state and "sensitive value" in state


# Gates and the timeline.


def test_gates_run_again() -> None:
    panel = GatePanel(gitops.gates(), run=gitops.all_passed)
    assert panel.widget and "the change is stopped" in panel._body.value
    panel._again.click()
    settle(panel)
    assert "the change may go on" in panel._body.value
    assert repr(panel) == "GatePanel(passed: signature passed, policy passed)"


def test_gates_that_cannot_run_leave_no_old_verdict() -> None:
    def run() -> Any:
        raise CourseError("conftest is not there", next="course tools build conftest")

    panel = GatePanel(gitops.all_passed(), run=run)
    assert panel.widget
    panel._again.click()
    settle(panel)
    assert "✓" not in panel._body.value and "no verdict" in panel._body.value
    assert "course tools build conftest" in panel._note.value


def test_timeline_grows_with_the_events(live: None) -> None:
    source = Stream(gitops.stream())
    line = Timeline(source, limit=600)
    assert line.widget and "No events yet" in line._view.value
    source.let(7)
    until(lambda: "the cluster changed, Git did not" in line._view.value)
    line.stop()
    assert repr(line) == f"Timeline({len(line.value)} events)"


def test_timeline_of_a_question_shows_the_last_answer_only() -> None:
    answers = [list(gitops.trail()[:1]), list(gitops.trail())]
    line = Timeline(lambda: answers.pop(0), every=0.01, until=lambda found: len(found) == 4)
    assert len(line.result()) == 4


def test_displays_do_not_import_the_wrappers_of_a_cluster() -> None:
    script = (
        "import sys, helpers.widgets\n"
        "heavy = ('helpers.kubernetes', 'helpers.argocd', 'kubernetes', 'yaml', 'ipywidgets', 'networkx')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""The widgets without a browser: filters, hints, questions before harm, a real apply, headless runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.core.errors import BadInput
from helpers.course.checks import CheckResult
from helpers.runtime import tools
from helpers.widgets import (
    ApplyProgress,
    CheckPanel,
    PlanViewer,
    PolicyTable,
    RegistryCard,
    SignaturePanel,
    ToolProgress,
)
from helpers.widgets.apply_state import ApplyState
from helpers.widgets.base import VIEW, Interactive, front_end
from helpers.wrappers.policy import PolicyReport, PolicyResult
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import TerraformStopped
from helpers.wrappers.terraform.types import Event, Plan
from tests.widgets.plans import SLOW, FileLab, module, platform_plan, refused, report, verified


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_WIDGETS", "widget")


def states(widget: Any) -> str:
    """Return the state of a widget and all below it, as it goes to the front end."""
    seen: dict[str, Any] = {}
    todo = [widget]
    while todo:
        one = todo.pop()
        if one.model_id in seen:
            continue
        seen[one.model_id] = one.get_state()
        todo += getattr(one, "children", ())
    return json.dumps(seen, default=str)


def settle(panel: Interactive) -> None:
    assert panel._work is not None
    panel._work.join(30)
    assert not panel._work.is_alive()


def test_without_a_front_end_there_is_only_the_static_twin() -> None:
    assert not front_end()
    bundle = PlanViewer(platform_plan())._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == "PlanViewer(2 to add, 2 to change, 2 to destroy; 3 risky)"


def test_with_a_front_end_both_go_along(live: None) -> None:
    viewer = PlanViewer(platform_plan())
    bundle = viewer._repr_mimebundle_()
    assert bundle[VIEW]["model_id"] == viewer.widget.model_id
    assert "Terraform plan" in bundle["text/html"]
    assert viewer._repr_mimebundle_()[VIEW] == bundle[VIEW], "shown twice, it is still one widget"


def test_plan_viewer_filters_and_selects() -> None:
    viewer = PlanViewer(platform_plan())
    assert viewer.widget
    assert len(viewer._list.options) == 5
    viewer._filter.value = "risky"
    assert [value for _, value in viewer._list.options] == [
        "module.vision.platform_artifact_bucket.models",
        "module.vision.platform_gpu_pool.train",
        "module.speech.platform_network.main",
    ]
    viewer._list.value = "module.vision.platform_gpu_pool.train"
    assert "forces replacement" in viewer._diff.value and "h100" in viewer._diff.value
    viewer._search.value = "speech"
    assert viewer._list.value == "module.speech.platform_network.main"
    viewer._search.value = "nothing like it"
    assert "0 resources" in viewer._count.value and "Nothing to show" in viewer._diff.value
    viewer._search.value, viewer._filter.value = "", "all"
    assert len(viewer._list.options) == 6


def test_each_line_of_the_list_has_symbol_and_word() -> None:
    viewer = PlanViewer(platform_plan())
    assert viewer.widget
    labels = [label for label, _ in viewer._list.options]
    assert "± replace !  platform_gpu_pool.train  in module.vision" in labels


def test_no_secret_goes_to_the_front_end(real_plan: Plan, real: tuple[dict[str, Any], str]) -> None:
    from tests.widgets.plans import SECRET

    viewer = PlanViewer(real_plan, dot=real[1])
    state = states(viewer.widget)
    for change in real_plan.resource_changes:
        viewer._filter.value = "all"
        viewer._list.value = change.address
        state += states(viewer.widget)
    assert SECRET not in state and "(sensitive value)" in state


def check_panel(tmp_path: Path) -> tuple[CheckPanel, FileLab]:
    lab = FileLab(tmp_path)
    panel = CheckPanel(lab.result("interface"), lab)
    assert panel.widget
    return panel, lab


def test_hints_come_one_at_a_time(tmp_path: Path) -> None:
    panel, lab = check_panel(tmp_path)
    for shown in range(4):
        assert [hint in panel._hints.value for hint in lab.HINTS] == [i < shown for i in range(3)]
        assert panel._hint.disabled == (shown == 3)
        panel._hint.click()


def test_check_again_sees_the_files_as_they_are(tmp_path: Path) -> None:
    panel, lab = check_panel(tmp_path)
    assert "not yet" in panel._verdict.value
    lab.file.write_text("done")
    panel._check.click()
    settle(panel)
    assert "pass" in panel._verdict.value and panel.result.passed
    assert panel._hint.layout.display == "none"
    assert not panel._check.disabled


def test_reset_and_solve_ask_first(tmp_path: Path) -> None:
    panel, lab = check_panel(tmp_path)
    lab.file.write_text("mine")
    panel._question.yes.click()
    assert lab.file.read_text() == "mine", "nobody asked yet"
    panel._reset.click()
    assert "Put the starter files" in panel._note.value and panel._question.box.layout.display == ""
    panel._question.no.click()
    assert lab.file.read_text() == "mine" and panel._question.box.layout.display == "none"
    panel._solve.click()
    panel._question.yes.click()
    settle(panel)
    assert lab.file.read_text() == "done" and panel.result.passed


def test_a_fault_of_the_machinery_is_shown_and_the_buttons_live_on(tmp_path: Path) -> None:
    panel, lab = check_panel(tmp_path)
    lab.fault = BadInput("The cloud does not answer", next="course services start cloud")
    panel._check.click()
    settle(panel)
    assert "course services start cloud" in panel._note.value
    assert not panel._check.disabled and not panel.result.passed


def test_two_presses_judge_once(tmp_path: Path) -> None:
    panel, lab = check_panel(tmp_path)
    lab.gate = threading.Event()
    panel._check.click()
    panel._check.click()
    lab.gate.set()
    settle(panel)
    assert lab.judged == 2, "once for the panel, once for the two presses"


def test_panel_without_a_lab_has_hints_only() -> None:
    panel = CheckPanel(CheckResult("s", "S", False, "no", ("a", "b", "c")))
    assert panel._repr_mimebundle_()["text/html"].count("<details>") == 3
    labels = [
        b.description
        for row in panel.widget.children
        for b in getattr(row, "children", ())
        if hasattr(b, "description")
    ]
    assert labels == ["Hint 1 of 3: nudge", "Yes", "No, keep my files"]


def test_policy_table_shows_the_rule_of_the_finding_picked(tmp_path: Path) -> None:
    rule = tmp_path / "bucket.rego"
    rule.write_text("package main\n\ndeny_public contains msg if {\n}\n\nwarn_tags contains msg if {\n}\n")
    table = PolicyTable(report(rule))
    assert table.widget
    assert "&gt;    3 deny_public" in table._detail.value
    table._filter.value = "warning"
    assert [label for label, _ in table._list.options] == ["! warning  no owner tag"]
    assert "&gt;    6 warn_tags" in table._detail.value


def test_policy_table_of_a_clean_run() -> None:
    table = PolicyTable(PolicyReport((), 4, ("plan.json",)))
    assert table.widget and "No findings" in table._detail.value
    assert "success 4" in table.html()


def test_policy_rule_file_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    table = PolicyTable(
        PolicyReport((PolicyResult("p", "main", "no", "failure", "deny", {}, (str(tmp_path / "x"), 1)),), 0)
    )
    assert table.widget and "cannot be read" in table._detail.value


def test_registry_card_follows_the_version() -> None:
    card = RegistryCard(module())
    assert card.widget
    assert "~&gt; 1.2" in card._body.value
    card._version.value = "1.1.0"
    assert "~&gt; 1.1" in card._body.value and "those of 1.2.0" in card._body.value


def test_signature_panel_verifies_again() -> None:
    panel = SignaturePanel(verified(), verify=refused)
    assert panel.widget and "✓" in panel._body.value
    panel._again.click()
    settle(panel)
    assert "refused" in panel._body.value and "not what was signed" in panel._body.value
    assert repr(panel).startswith("SignaturePanel(refused")


def test_tool_progress_never_goes_back(live: None, monkeypatch: pytest.MonkeyPatch) -> None:
    progress = ToolProgress("Building conftest")
    assert progress.widget
    progress._drawn = -1e9
    progress("compiling", 0.5)
    progress._drawn = -1e9
    progress("linking", 0.2)
    assert 'aria-valuenow="50"' in progress._body.value
    with pytest.raises(RuntimeError), progress:
        raise RuntimeError
    assert progress.state == "failed" and 'aria-valuenow="50"' in progress.html()
    with progress:
        pass
    assert progress.state == "done" and 'aria-valuenow="100"' in progress._body.value


def slow_project(folder: Path) -> Terraform:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(SLOW)
    tf = Terraform(folder, executable=tools.ensure("terraform").path)
    tf.init()
    return tf


def test_apply_without_a_front_end_waits_and_shows_the_end(tmp_path: Path) -> None:
    tf = slow_project(tmp_path)
    (tmp_path / "go").touch()
    progress = ApplyProgress(tf.apply_events(tf.plan()))
    html = progress._repr_mimebundle_()["text/html"]
    assert "Apply: 3 added, 0 changed, 0 destroyed" in html
    assert " s</" not in html, "times would make each run look different"
    assert progress.result().added == 3
    assert repr(progress) == "ApplyProgress(3 of 3 done)"


@pytest.fixture
def stopped(live: None, tmp_path: Path) -> Iterator[tuple[ApplyProgress, Terraform]]:
    """An apply whose second resource would wait for ever, with its first one done."""
    tf = slow_project(tmp_path)
    progress = ApplyProgress(tf.apply_events(tf.plan()))
    assert progress.widget
    done = threading.Event()
    while progress.state.count("done") < 1 and not progress._finished.is_set():
        done.wait(0.05)
    yield progress, tf
    progress.stop()
    progress._finished.wait(60)


def test_stop_ends_a_real_apply_once_and_says_what_was_applied(stopped: tuple[ApplyProgress, Terraform]) -> None:
    progress, tf = stopped
    calls = []
    cancel = progress._run.cancel
    progress._run.cancel = lambda: (calls.append(1), cancel())  # type: ignore[method-assign, func-returns-value]
    for _ in range(5):
        progress._stop_button.click()
    assert progress._stop_button.disabled and progress._stop_button.description == "Stopping…"
    with pytest.raises(TerraformStopped) as caught:
        progress.result()
    assert calls == [1]
    assert ("terraform_data.first", "create") in caught.value.applied
    progress._draw()
    assert "terraform_data.first (create)" in progress._view.value and "stopped" in progress._view.value
    assert progress._stop_button.layout.display == "none"
    assert tf.state_list() and tf.plan().count("create") >= 1, "the state is unlocked and tells what is left"


def event(kind: str, address: str = "a.b", action: str = "create") -> Event:
    hook = {"resource": {"addr": address}, "action": action}
    return Event(kind, "said", raw={"hook": hook} if kind != "planned_change" else {"change": hook})


def test_apply_state_keeps_its_own_clock() -> None:
    now = [10.0]
    state = ApplyState(lambda: now[0])
    state.feed(event("planned_change"))
    assert state.operations["a.b"].state == "waiting" and state.operations["a.b"].seconds(99) == 0
    state.feed(event("apply_start"))
    now[0] = 13.0
    assert state.operations["a.b"].seconds(now[0]) == 3
    state.feed(event("apply_complete"))
    now[0] = 50.0
    assert state.operations["a.b"].seconds(now[0]) == 3 and state.count("done") == 1


def test_apply_state_tolerates_what_it_does_not_know() -> None:
    state = ApplyState(lambda: 0.0)
    for kind in ("apply_new_in_2031", "something", "text", ""):
        state.feed(Event(kind, "hello"))
    assert not state.operations and state.message == "hello"


def test_apply_state_says_what_was_cut_off() -> None:
    state = ApplyState(lambda: 1.0)
    state.feed(event("apply_start"))
    state.end()
    assert state.operations["a.b"].state == "cancelled"

"""The wrapper on Pulumi's own engine; the language host is ours, the objects are files."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from helpers.core.sensitive import Sensitive
from helpers.wrappers.base import RefusedVariable
from helpers.wrappers.pulumi import Pulumi
from helpers.wrappers.pulumi.errors import (
    MissingPassphrase,
    NoProject,
    NoStack,
    ProgramFailed,
    ProtectedResource,
    PulumiStopped,
    StackExists,
    StackLocked,
    StackNotEmpty,
    UpdateFailed,
    WrongPassphrase,
)
from tests.waits import until
from tests.wrappers.pulumi import boxes

PASSPHRASE, SECRET = "correct-horse-battery", "s3cr3t-value-of-the-token"
#: What displays call the two boxes.
FIRST, SECOND = "Shelf.shelf.Box.first", "Shelf.shelf.Box.second"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return boxes.write(tmp_path_factory.mktemp("boxes") / "project")


def stack(project: Path, name: str, **options: object) -> Pulumi:
    """Return a new stack of the project, with a directory of its own for its files."""
    where = project.parent / name
    where.mkdir()
    pulumi = Pulumi(project, stack=name, passphrase=PASSPHRASE, **options)  # type: ignore[arg-type]
    pulumi.stack_init()
    pulumi.config_set("where", str(where))
    return pulumi


@pytest.fixture(scope="module")
def dev(project: Path) -> Iterator[Pulumi]:
    """A stack that is up, with a secret in its configuration, its state and its outputs."""
    pulumi = stack(project, "dev")
    pulumi.config_set("secret", SECRET, secret=True)
    pulumi.config_set("token", "true")
    preview = pulumi.preview()
    assert {c.address: str(c.action) for c in preview.resource_changes} == {
        FIRST: "create",
        SECOND: "create",
        "Shelf.shelf.Box.token": "create",
    }
    assert preview.summary == "3 to create, 0 to update, 0 to replace, 0 to delete"
    assert (SECOND, FIRST) in preview.dependencies if preview.dependencies else False
    result = pulumi.up()
    assert (result.added, result.changed, result.destroyed) == (3, 0, 0)
    assert dict(result.applied)[FIRST] == "create"
    yield pulumi


def test_an_update_makes_what_the_preview_said(dev: Pulumi) -> None:
    assert (dev.workdir.parent / "dev" / "second.txt").read_text() == "hello too"
    assert dev.output()["text"].value == "hello too"
    assert [s.name for s in dev.stacks() if s.resources] == ["dev"]
    preview = dev.preview()
    assert not preview.has_changes and preview.count("no-op") == 3
    assert dev.version() == "3.190.0"


def test_a_change_in_place_and_one_that_replaces(dev: Pulumi) -> None:
    dev.config_set("first", "renamed")
    preview = dev.preview()
    change = preview[FIRST]
    assert str(change.action) == "replace"
    (path,) = [a for a in change.changed_attributes() if a.path == "path"]
    assert path.after.endswith("renamed.txt") and preview.step(FIRST).op == "replace"
    dev.config_rm("first")
    dev.config_set("text", "goodbye")
    preview = dev.preview()
    assert str(preview[FIRST].action) == "update"
    (text,) = preview[FIRST].changed_attributes()
    assert (text.path, text.before, text.after) == ("text", "hello", "goodbye")
    dev.config_rm("text")


def test_a_secret_is_nowhere_in_clear(dev: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    from helpers.core import process

    real = process.run

    def watching(argv: list[str], **options: object) -> process.Completed:
        seen.append(" ".join(map(str, argv)))
        return real(argv, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("helpers.wrappers.pulumi._run.process.run", watching)
    dev.config_set("other", SECRET + "-2", secret=True)
    # Objects that were not told the secret, so that nothing of ours masks it.
    plain = Pulumi(dev.workdir, stack="dev", passphrase=PASSPHRASE)
    preview = plain.preview()
    token = plain.output()["token"]
    assert isinstance(token.value, Sensitive) and token.reveal() == SECRET and SECRET not in repr(token)
    texts = {
        "argv": "\n".join(seen),
        "configuration": (dev.workdir / "Pulumi.dev.yaml").read_text(),
        "preview": json.dumps(preview.raw) + repr(preview) + str(preview.resource_changes),
        "state": json.dumps(plain.export().raw),
        "files of the backend": "".join(p.read_text() for p in (dev.workdir / ".pulumi").rglob("*.json")),
        "config": repr(plain.config()),
    }
    for where, text in texts.items():
        assert text and SECRET not in text, where
        assert PASSPHRASE not in text, where
    assert dev.config()["secret"].secret and dev.config()["secret"].value is None
    assert "ciphertext" in texts["state"]
    # The object itself has it: what is encrypted is Pulumi's copy.
    assert (dev.workdir.parent / "dev" / "token.txt").read_text() == SECRET
    dev.config_rm("other")


def test_drift_has_three_answers(dev: Pulumi) -> None:
    file = dev.workdir.parent / "dev" / "first.txt"
    assert dev.drift().status == "in-sync"
    file.write_text("somebody was here")
    # A preview trusts the state.
    assert not dev.preview().has_changes
    drift = dev.drift()
    assert drift.status == "drifted"
    (change,) = drift.changes
    (text,) = change.changed_attributes()
    assert change.address == FIRST and (text.before, text.after) == ("hello", "somebody was here")
    closed = Pulumi(dev.workdir, stack="dev", passphrase=PASSPHRASE, env={"BOXES_CLOSED": "1"})
    unknown = closed.drift()
    assert unknown.status == "unknown" and "the shop is closed" in unknown.why
    healed = dev.up(refresh=True)
    assert healed.changed >= 1 and file.read_text() == "hello"


def test_faults_are_typed(dev: Pulumi, tmp_path: Path) -> None:
    with pytest.raises(MissingPassphrase):
        Pulumi(dev.workdir, stack="dev").preview()
    with pytest.raises(WrongPassphrase) as wrong:
        Pulumi(dev.workdir, stack="dev", passphrase="not-the-passphrase").preview()
    assert "not-the-passphrase" not in str(wrong.value)
    with pytest.raises(NoStack, match="nowhere"):
        Pulumi(dev.workdir, stack="nowhere", passphrase=PASSPHRASE).preview()
    with pytest.raises(NoProject):
        Pulumi(tmp_path, passphrase=PASSPHRASE).preview()
    with pytest.raises(StackExists, match="dev"):
        dev.stack_init()
    with pytest.raises(StackNotEmpty):
        dev.stack_rm()
    with pytest.raises(RefusedVariable):
        Pulumi(dev.workdir, env={"PULUMI_CONFIG_PASSPHRASE": "x"})


def test_a_failed_program_is_told_by_its_line(dev: Pulumi) -> None:
    dev.config_set("broken", "true")
    with pytest.raises(ProgramFailed) as failed:
        dev.preview()
    dev.config_rm("broken")
    lines = (dev.workdir / "__main__.py").read_text().splitlines()
    error = failed.value
    assert error.file == "__main__.py" and lines[error.line - 1].strip() == 'raise ValueError("the shelf is broken")'
    assert error.error == "ValueError: the shelf is broken"
    assert "runpy" not in error.traceback and "Traceback" not in str(error)


def test_a_failed_operation_says_what_was_done_before(project: Path) -> None:
    pulumi = stack(project, "fails")
    pulumi.config_set("text", "refused")
    with pytest.raises(UpdateFailed) as failed:
        pulumi.up()
    assert "the shop has no such box" in failed.value.why
    assert failed.value.applied == ()


def test_protection_retention_and_destroy(project: Path) -> None:
    pulumi = stack(project, "guarded")
    for key in ("protect", "retain"):
        pulumi.config_set(key, "true")
    pulumi.up()
    with pytest.raises(ProtectedResource):
        pulumi.destroy()
    file = project.parent / "guarded" / "first.txt"
    # The engine deletes dependants first, and meets the guard after it: the second box is gone.
    assert file.exists() and not file.with_name("second.txt").exists()
    pulumi.unprotect(str(pulumi.export().find("first")["urn"]))
    preview = pulumi.preview(destroy=True)
    assert str(preview[FIRST].action) == "forget" and preview.count("delete") == 0
    pulumi.destroy()
    assert file.exists() and not file.with_name("second.txt").exists()
    pulumi.stack_rm()
    assert "guarded" not in [s.name for s in pulumi.stacks()]


def test_a_killed_run_leaves_a_lock_and_a_pending_operation(project: Path) -> None:
    pulumi = stack(project, "killed", timeout=120)
    pulumi.config_set("slow", "true")
    begun = project.parent / "killed" / "second.begun"
    killed: list[int] = []
    plugins: dict[psutil.Process, str] = {}

    def kill(event: object) -> None:
        # The second box is under way once its provider has begun; the engine records that before it asks. Its event
        # may be read long after that: whether it was killed already is what tells the first event from the rest.
        if killed or "second" not in str(getattr(event, "urn", "")):
            return
        until(begun.exists, "the slow box is begun")
        killed.append(engine_of(pulumi))
        plugins.update({one: " ".join(one.cmdline()) for one in psutil.Process(killed[0]).children(recursive=True)})
        os.kill(killed[0], signal.SIGKILL)

    with pytest.raises(PulumiStopped) as stopped:
        pulumi.up(on_event=kill)
    assert stopped.value.killed and dict(stopped.value.applied)
    # A killed engine ends none of its plugins: each notices it, the provider in the middle of its work as well.
    assert any("pulumi_language.dynamic" in command for command in plugins.values()), plugins
    until(lambda: not any(map(lives, plugins)), "no plugin of the killed engine is left")
    pulumi.config_set("slow", "false")
    with pytest.raises(StackLocked):
        pulumi.up()
    pulumi.cancel()
    state = pulumi.export()
    assert [op for op, urn in state.pending if urn.endswith("::second")] == ["creating"]
    pulumi.refresh(clear_pending=True)
    assert not pulumi.export().pending
    assert pulumi.up().added == 1


def lives(one: psutil.Process) -> bool:
    try:
        return one.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def engine_of(pulumi: Pulumi) -> int:
    """Return the process id of the engine that holds the lock, as its lock file says."""
    (lock,) = (pulumi.workdir / ".pulumi" / "locks").rglob("*.json")
    return int(json.loads(lock.read_text())["pid"])


def test_a_target_leaves_the_rest_as_it_is(project: Path) -> None:
    pulumi = stack(project, "target")
    # On an empty stack the parent has to be named too.
    pulumi.up(target=["**::shelf", "**::first"])
    folder = project.parent / "target"
    assert (folder / "first.txt").exists() and not (folder / "second.txt").exists()

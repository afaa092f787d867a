"""What a graded kernel is given, and what of a submission is taken away before nbgrader looks at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grading.room import Room


def test_nothing_that_opens_a_door_reaches_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "JUPYTER_TOKEN": "of-the-instructor",
        "JUPYTERHUB_API_TOKEN": "of-the-hub",
        "MOD208_DB_URL": "postgresql://grader:pass@db/grades",
        "HTTPS_PROXY": "http://grader:pass@proxy:3128",
        "http_proxy": "http://grader:pass@proxy:3128",
    }
    for name, value in {**secrets, "HTTP_PROXY": "http://proxy:3128", "JUPYTER_DATA_DIR": "/data"}.items():
        monkeypatch.setenv(name, value)
    env = Room(tmp_path).environment()
    assert not secrets.keys() & env.keys() and not set(secrets.values()) & set(env.values())
    assert env["HTTP_PROXY"] == "http://proxy:3128" and env["JUPYTER_DATA_DIR"] == "/data"


def test_a_kernel_knows_whose_work_is_graded(tmp_path: Path) -> None:
    assert Room(tmp_path / "ada" / "lab1-module").environment()["MOD208_LEARNER"] == "ada"


def test_links_that_lead_outside_are_removed_directories_too(tmp_path: Path) -> None:
    """nbgrader changes the mode of what it finds: through a link that would be the instructor's own directory."""
    outside, folder = tmp_path / "outside", tmp_path / "autograded"
    (outside / "sub").mkdir(parents=True)
    (outside / "notes").write_text("the instructor's")
    (folder / "work/own").mkdir(parents=True)
    (folder / "work/own/file").write_text("x")
    for name, target in {"dir": outside, "file": outside / "notes", "up": Path(".."), "gone": Path("nowhere")}.items():
        (folder / name).symlink_to(target)
    (folder / "work/inside").symlink_to("own")
    Room(folder).drop_links()
    assert sorted(p.name for p in folder.rglob("*") if p.is_symlink()) == ["inside"]
    assert (outside / "notes").read_text() == "the instructor's" and (outside / "sub").is_dir()

"""Canaries are planted in each kind of place: each is found, and none is repeated."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.cli import course
from helpers.compliance import leaks
from helpers.compliance.leaks import LeakReport, _pieces
from helpers.core.errors import BadInput
from helpers.wrappers.terraform import Terraform

TOKEN = "ghp_" + "C4n4ry" * 6
PASSWORD = "Zq8!canary-Vx2#"
NAMED = "sekret-of-the-canary"


def silent(report: LeakReport) -> LeakReport:
    """Return the report, after making sure that nothing of it repeats a canary."""
    shown = (report.text(), repr(report), json.dumps(report.to_dict()), report._repr_html_(), repr(report.leaks))
    for canary in (TOKEN, PASSWORD, NAMED, TOKEN[4:20]):
        assert not any(canary in text for text in shown)
    return report


def places(report: LeakReport) -> set[str]:
    return {leak.where for leak in report.leaks}


def test_an_ordinary_workspace_is_clean(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "terraform_data" "x" {\n  input = var.token\n}\n')
    report = leaks.scan(tmp_path)
    assert report and report.status == "clean" and report.exit_code == 0 and report.files == 1
    assert "no secret was found" in report.text()


def test_text_and_logs_by_line(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work/run.log").write_text(f"start\nusing {TOKEN}\n")
    (tmp_path / "settings.yaml").write_text(f'a: 1\ndb_password: "{PASSWORD}"\n')
    (tmp_path / "windows.txt").write_bytes(f"token {TOKEN}".encode("utf-16"))
    report = silent(leaks.scan(tmp_path))
    assert places(report) == {"work/run.log:2", "settings.yaml:2", "windows.txt:1"}
    (settings,) = (leak for leak in report.leaks if leak.file == "settings.yaml")
    assert (settings.rule, settings.excerpt) == ("assigned-secret", "db_password : ...")
    assert report.exit_code == 1


def test_a_finding_does_not_repeat_the_line_before(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(f"{NAMED}\npassword = '{PASSWORD}'\n")
    (leak,) = silent(leaks.scan(tmp_path)).leaks
    assert (leak.line, leak.message) == (2, "The value of password looks like a secret (15 characters).")


def test_cells_and_outputs_of_notebooks(tmp_path: Path) -> None:
    coloured = f"\x1b[31m{TOKEN[:9]}\x1b[0m{TOKEN[9:]}"
    outputs = [
        {"output_type": "stream", "text": ["fine\n", f"got {TOKEN}\n"]},
        {"output_type": "display_data", "data": {"text/html": f"<b>{TOKEN}</b>", "application/json": {"t": TOKEN}}},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": [coloured]},
    ]
    cells = [
        {"cell_type": "code", "source": [f'x = "{TOKEN}"'], "outputs": []},
        *({"cell_type": "code", "source": "show()", "outputs": [output]} for output in outputs),
        {"cell_type": "markdown", "source": f"see {TOKEN}"},
    ]
    (tmp_path / "book.ipynb").write_text(json.dumps({"cells": cells}))
    found = {leak.part for leak in silent(leaks.scan(tmp_path)).leaks}
    assert found == {"cell 1", "cell 2 output", "cell 3 output", "cell 4 output", "cell 5"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real state and a real plan that hold the secret; the plan is for another value."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "main.tf").write_text(
        'variable "token" {\n  sensitive = true\n}\nresource "terraform_data" "db" {\n  input = var.token\n}\n'
        'output "token" {\n  value     = var.token\n  sensitive = true\n}\n'
    )
    terraform = Terraform(folder, variables={"token": NAMED})
    terraform.init()
    terraform.apply(auto_approve=True)
    terraform.plan(out="change.tfplan", destroy=True)
    return folder


def test_state_and_plan_of_terraform(project: Path) -> None:
    report = silent(leaks.scan(project))
    marked = {leak.where for leak in report.leaks if leak.rule == "secret-in-state"}
    assert "terraform.tfstate (output.token)" in marked
    assert any(place.startswith("terraform.tfstate (terraform_data.db.input") for place in marked)
    assert any(place.startswith("change.tfplan!tfstate") for place in marked), "what a plan carries along"
    named = {leak.file for leak in silent(leaks.scan(project, secrets=[NAMED])).leaks if leak.rule == "known-secret"}
    assert {"terraform.tfstate", "change.tfplan!tfstate", "change.tfplan!tfplan"} <= named


def test_terraform_clean_looks_at_what_terraform_wrote(project: Path, tmp_path: Path) -> None:
    report = silent(leaks.terraform_clean(project, [NAMED]))
    assert not report and {leak.rule for leak in report.leaks} == {"known-secret"}
    assert leaks.terraform_clean(project, ["quite-another-value"]).status == "clean"
    shutil.copy(project / "main.tf", tmp_path)
    (tmp_path / "x.tfvars").write_text(f'token = "{NAMED}"\n')
    nothing = leaks.terraform_clean(tmp_path, [NAMED])
    assert nothing.status == "unknown" and nothing.exit_code == 3, "nothing was applied, so nothing is known"
    (tmp_path / "terraform.tfstate").write_text('{"version": 4}')
    assert leaks.terraform_clean(tmp_path, [NAMED]).status == "clean", "inputs may hold it"
    (tmp_path / "run.log").write_text("eA" + "==\nc2Vr" + "cmV0LW9mLXRoZS1jYW5hcnk=\n")
    assert silent(leaks.terraform_clean(tmp_path, [NAMED])).status == "leaked", "base64 hides nothing"
    for wrong in ([], ["abc"]):
        with pytest.raises(BadInput):
            leaks.terraform_clean(tmp_path, wrong)


def test_members_of_packages(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "module.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("env/prod.yaml")
        member.size = len(TOKEN)
        tar.addfile(member, io.BytesIO(TOKEN.encode()))
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as archive:
        archive.writestr("inner.gz", gzip.compress(f"x\n{TOKEN}".encode()))
    assert places(silent(leaks.scan(tmp_path))) == {"module.tar.gz!env/prod.yaml:1", "bundle.zip!inner.gz!content:2"}


def packed(name: str, content: bytes, after: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue() + after)


def test_nothing_hides_beside_the_members_of_an_archive(tmp_path: Path) -> None:
    secret = f"\n{TOKEN}\n".encode()
    # Tools that unpack it end at the zeros, and so would the search.
    (tmp_path / "after.tar.gz").write_bytes(packed("a", b"x", secret))
    (tmp_path / "empty.tar.gz").write_bytes(gzip.compress(bytes(1024) + secret))
    with zipfile.ZipFile(tmp_path / "note.zip", "w") as archive:
        archive.writestr("a", "x")
        archive.comment = secret
    with zipfile.ZipFile(tmp_path / "after.zip", "w") as archive:
        archive.writestr("a", "x")
    (tmp_path / "after.zip").write_bytes((tmp_path / "after.zip").read_bytes() + secret)
    (tmp_path / "ordinary.tar.gz").write_bytes(packed("a", b"x"))
    report = silent(leaks.scan(tmp_path, history=False))
    assert {leak.file.partition("!")[0] for leak in report.leaks} == {
        "after.tar.gz",
        "empty.tar.gz",
        "note.zip",
        "after.zip",
    }
    assert not report.unread


def test_what_is_too_large_is_named_and_does_not_stop_the_search(tmp_path: Path) -> None:
    (tmp_path / "known.log").write_text(TOKEN)
    for name in ("sparse.log", "sparse.tfstate", "sparse.zip"):
        with (tmp_path / name).open("wb") as file:
            file.write(b"PK\x03\x04" if name.endswith("zip") else b"x")
            file.truncate(1_000_000_000_000)
    # A part of what it holds looks like the whole.
    (tmp_path / "long.tar.gz").write_bytes(packed("a", bytes(65_000_000), f"\n{TOKEN}".encode()))
    os.mkfifo(tmp_path / "pipe.log")
    report = silent(leaks.scan(tmp_path, history=False))
    assert places(report) == {"known.log:1"}
    assert {one.file for one in report.unread} == {"sparse.log", "sparse.tfstate", "sparse.zip", "long.tar.gz"}
    assert report.exit_code == 1


def test_a_file_that_becomes_a_pipe_keeps_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(_pieces.CannotRead, match="not a plain file"):
        _pieces.content_of(tmp_path / "pipe")
    with pytest.raises(OSError, match="symbolic links"):
        _pieces.content_of(tmp_path / "link")


def git(folder: Path, *args: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True)


def test_history_keeps_what_was_removed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    assert leaks.scan(tmp_path).commits == 0
    (tmp_path / "ä b.yaml").write_text(f"a\nb\nkey: {TOKEN}\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    (tmp_path / "ä b.yaml").write_text("a\nb\n")
    git(tmp_path, "commit", "-qam", f"remove {TOKEN}")
    (tmp_path / "ä b.yaml").write_text(f"{TOKEN}\n")
    git(tmp_path, "stash", "-q")
    (tmp_path / "gone").write_text(TOKEN)
    git(tmp_path, "add", "gone")
    git(tmp_path, "commit", "-qm", "three")
    git(tmp_path, "reset", "-q", "--hard", "HEAD~1")
    report = silent(leaks.scan(tmp_path))
    found = {re.sub(r"^git [0-9a-f]{7}:?", "", place) for place in places(report)}
    assert {"ä b.yaml:3", "ä b.yaml:1", "gone:1", " (message, line 1)"} == found, "removed, stashed, reset, said"
    assert leaks.scan(tmp_path, history=False).status == "clean", "the files themselves are"


def test_repositories_inside_are_searched_too(tmp_path: Path) -> None:
    inner = tmp_path / "lab2/work"
    inner.mkdir(parents=True)
    git(inner, "init", "-q", "-b", "main")
    (inner / "x").write_text(TOKEN)
    git(inner, "add", ".")
    git(inner, "commit", "-qm", "one")
    git(inner, "rm", "-qf", "x")
    git(inner, "commit", "-qm", "two")
    git(tmp_path, "clone", "-q", "--bare", str(inner), "forge.git")
    report = silent(leaks.scan(tmp_path))
    assert report.commits == 4
    assert {re.sub("[0-9a-f]{7}:", "", leak.file) for leak in report.leaks} == {"lab2/work git x", "forge.git git x"}
    git(tmp_path, "init", "-q", "-b", "main")
    (inner / ".git/HEAD").write_text("nonsense")
    assert "lab2/work/.git" in {item.file for item in leaks.scan(tmp_path).unread}


def test_no_content_hides_in_the_history(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "x.bin").write_bytes(
        b"\x01\x02\0\xff\ndiff --git a/y b/y\n@@ \n" + f"+{TOKEN}\n".encode() + b"\x02\x01\r\n"
    )
    (tmp_path / "old-mac.txt").write_bytes(f"a\r-{TOKEN}\rb\n".encode())
    (tmp_path / ".gitattributes").write_text("*.bin binary -diff\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    (tmp_path / "x.bin").unlink()
    (tmp_path / "old-mac.txt").unlink()
    git(tmp_path, "commit", "-qam", "two")
    report = silent(leaks.scan(tmp_path))
    assert report.commits == 2 and {leak.file.partition(":")[2] for leak in report.leaks} == {"x.bin", "old-mac.txt"}


def test_what_cannot_be_read_is_no_clean(tmp_path: Path) -> None:
    (tmp_path / "broken.tfplan").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "book.ipynb").write_text("{")
    (tmp_path / "terraform.tfstate").write_text("half of a {")
    report = leaks.scan(tmp_path)
    assert {item.file for item in report.unread} == {"broken.tfplan", "book.ipynb", "terraform.tfstate"}
    assert (report.status, report.exit_code) == ("unknown", 3) and not report
    (tmp_path / "book.ipynb").write_text(f"{{ {TOKEN}")
    assert silent(leaks.scan(tmp_path)).exit_code == 1, "what was found is found, whatever could not be read"


@pytest.mark.parametrize(
    "state",
    [
        "[]",
        "3",
        '{"resources": 3}',
        '{"resources": [3]}',
        '{"outputs": [1]}',
        '{"resources": [{"instances": [{"sensitive_attributes": [3]}]}]}',
    ],
)
def test_a_state_of_another_shape_is_no_traceback(tmp_path: Path, state: str) -> None:
    (tmp_path / "terraform.tfstate").write_text(state)
    assert leaks.scan(tmp_path).status in ("unknown", "clean")


def test_an_empty_folder_and_no_folder(tmp_path: Path) -> None:
    assert leaks.scan(tmp_path).status == "unknown", "nothing was searched"
    with pytest.raises(BadInput):
        leaks.scan(tmp_path / "none")


def test_links_and_fetched_things_are_left_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "sub").mkdir(parents=True)
    (outside / "sub/x.log").write_text(TOKEN)
    folder = tmp_path / "work"
    (folder / ".terraform/providers").mkdir(parents=True)
    (folder / ".terraform/providers/x.log").write_text(TOKEN)
    (folder / "main.tf").touch()
    (folder / "link.log").symlink_to(outside / "sub/x.log")
    (folder / "folder").symlink_to(outside / "sub")
    (folder / "known.log").write_text(TOKEN)
    assert places(leaks.scan(folder)) == {"known.log:1"}
    assert leaks.scan(folder, ignore=["*.log"]).status == "clean"


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.tf").touch()
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path))
    runner = CliRunner()
    clean = runner.invoke(course, ["leaks"])
    assert clean.exit_code == 0 and "1 files searched" in clean.output
    (tmp_path / "run.log").write_text(TOKEN)
    found = runner.invoke(course, ["leaks", str(tmp_path), "--json"])
    assert found.exit_code == 1 and json.loads(found.stdout)["leaks"][0]["rule"] == "github-token"
    assert TOKEN not in found.output
    assert runner.invoke(course, ["leaks", str(tmp_path), "--ignore", "*.log"]).exit_code == 0
    (tmp_path / "run.log").write_bytes(b"PK\x03\x04")
    assert runner.invoke(course, ["leaks", str(tmp_path), "--no-history"]).exit_code == 3
    missing = [sys.executable, "-c", "from helpers.cli import main; main()", "leaks", str(tmp_path / "none")]
    done = subprocess.run(missing, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr

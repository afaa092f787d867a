"""Notebooks 05 to 07 of Lab 1, as far as no service is needed to judge them: other right work, other wrong work."""

from __future__ import annotations

from pathlib import Path

import pytest

from grading.hidden import lab1_publish as hidden
from helpers.course.checks import lab1_publish as publish
from helpers.course.checks.support.gpu_workspace import MODULE, SPEC
from helpers.course.labs import Lab

KEY, PUBLIC = "keys/cosign.key", "keys/cosign.pub"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab("lab1", work=tmp_path / "work")


@pytest.mark.parametrize(
    "lines", [KEY, "/keys/*.key", "**/*.key", "cosign.key", "*.key\n!other.key", "keys/*\n!keys/cosign.pub"]
)
def test_git_itself_says_that_the_key_stays_out(lab: Lab, lines: str) -> None:
    lab.write(".gitignore", f".terraform/\n{lines}\n")
    assert publish.git_ignores(lab, KEY, PUBLIC) == {KEY}


@pytest.mark.parametrize(
    ("lines", "ignored"),
    [
        ("keys/", {KEY, PUBLIC}),
        ("# keys/cosign.key", set()),
        ("*.key\n!keys/cosign.key", set()),
        ("key/cosign.key", set()),
    ],
)
def test_and_that_it_does_not(lab: Lab, lines: str, ignored: set[str]) -> None:
    lab.write(".gitignore", f"{lines}\n")
    assert publish.git_ignores(lab, KEY, PUBLIC) == ignored


def test_a_changed_module_goes_on_as_the_next_patch(lab: Lab) -> None:
    """A published version never changes: the way on is a package of its own."""
    assert publish.released(lab) == ("1.0.0", publish.PACKAGE, publish.BUNDLE)
    for version in ("1.0.0", "1.0.2", "1.0.10", "1.1.0"):
        lab.write(f"dist/gpu-workspace-{version}.tar.gz", "")
    assert publish.released(lab)[0] == "1.0.10"
    assert publish.released(lab)[1:] == (
        "dist/gpu-workspace-1.0.10.tar.gz",
        "dist/gpu-workspace-1.0.10.sigstore.json",
    )


def test_a_renamed_output_is_renamed_in_the_example_too(lab: Lab) -> None:
    lab.write(f"{MODULE}/outputs.tf", 'output "bucket" {\n  value = 1\n}\n')
    lab.write(f"{MODULE}/examples/basic/main.tf", 'output "b" {\n  value = module.workspace.bucket\n}\n')
    changed = publish.renamed(lab)
    assert changed["outputs.tf"].startswith('output "bucket_name"')
    assert "module.workspace.bucket_name\n" in changed["examples/basic/main.tf"]


def readme(lab: Lab, own: str) -> None:
    reference = "\n".join(SPEC)
    lab.write(f"{MODULE}/README.md", f"{own}\n<!-- BEGIN_TF_DOCS -->\n{reference}\n<!-- END_TF_DOCS -->\n")


@pytest.mark.parametrize(
    "own",
    ["Run `terraform show -json plan | conftest test -`.", "| kind | price |\n|---|---|\n| `gpu_kind` l4 | 0.80 USD |"],
)
def test_a_pipe_and_a_table_of_ones_own_repeat_nothing(lab: Lab, own: str) -> None:
    readme(lab, own)
    hidden.docs(lab)


def test_a_copy_of_the_reference_does(lab: Lab) -> None:
    readme(lab, "\n".join(f"| {name} | string |" for name in SPEC))
    with pytest.raises(AssertionError, match="repeats the table"):
        hidden.docs(lab)

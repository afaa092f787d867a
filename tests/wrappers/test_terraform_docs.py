"""terraform-docs, the real one: the reference, and whether a README has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.wrappers.terraform_docs import BEGIN, END, CannotDocument, TerraformDocs

VARIABLES = 'variable "team" {\n  type        = string\n  description = "Whose it is."\n}\n'


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "-a module"
    folder.mkdir()
    (folder / "variables.tf").write_text(VARIABLES)
    (folder / "README.md").write_text(f"# Mine ü\n\n{BEGIN}\n{END}\nafter\n")
    return folder


def test_the_reference_is_written_and_checked(module: Path) -> None:
    docs = TerraformDocs(module)
    stale = docs.check()
    assert not stale and '+| <a name="input_team"' in stale.diff and "input_team" in stale._repr_html_()
    before = (module / "README.md").read_text()
    assert docs.inject().diff == stale.diff and docs.check().up_to_date and not docs.inject().diff
    after = (module / "README.md").read_text()
    assert after.startswith("# Mine ü\n") and after.endswith(f"{END}\nafter\n") and after != before
    (module / "outputs.tf").write_text('output "id" {\n  value = 1\n}\n')
    assert '+| <a name="output_id"' in docs.check().diff
    (module / "README.md").write_text(after.replace("Whose it is.", "Anything."))
    assert not docs.check()


def test_line_ends_are_kept(module: Path) -> None:
    (module / "README.md").write_bytes(f"# Mine\r\n{BEGIN}\r\n{END}\r\n".encode())
    TerraformDocs(module).inject()
    text = (module / "README.md").read_bytes()
    assert b"\r\n" in text and b"\n" not in text.replace(b"\r\n", b"") and TerraformDocs(module).check()


def test_it_writes_what_the_tool_itself_would(module: Path) -> None:
    docs = TerraformDocs(module)
    docs.inject()
    done = docs._run(
        [
            "markdown",
            "table",
            "--hide=providers,modules",
            "--sort-by=required",
            "--output-file=README.md",
            "--output-check",
            ".",
        ]
    )
    assert done.returncode == 0, done.stderr


def test_data_and_formats(module: Path) -> None:
    docs = TerraformDocs(module)
    (found,) = docs.json()["inputs"]
    assert found["name"] == "team" and found["required"] is True
    assert "## Required Inputs" in docs.markdown(format="document", hide=[])
    assert "Inputs" not in docs.markdown(hide=["inputs"])


def test_a_configuration_cannot_replace_the_reference(module: Path) -> None:
    (module / ".terraform-docs.yml").write_text('content: "All is well."\n')
    assert "team" in TerraformDocs(module).markdown()
    assert TerraformDocs(module, config_file=".terraform-docs.yml").markdown() == "All is well."


@pytest.mark.parametrize(
    "readme",
    [
        None,
        b"",
        b"no markers",
        BEGIN.encode(),
        f"{END}\n{BEGIN}\n".encode(),
        b"\xff\n" + f"{BEGIN}\n{END}".encode(),
    ],
)
def test_a_readme_without_place_is_told_and_kept(module: Path, readme: bytes | None) -> None:
    path = module / "README.md"
    path.unlink()
    if readme is not None:
        path.write_bytes(readme)
    for call in (TerraformDocs(module).check, TerraformDocs(module).inject):
        with pytest.raises(BadInput):
            call()
    assert readme is None or path.read_bytes() == readme


def test_a_broken_module_is_told(module: Path) -> None:
    (module / "variables.tf").write_text('variable "team" {')
    for call in (TerraformDocs(module).check, TerraformDocs(module).json):
        with pytest.raises(CannotDocument, match="Unclosed"):
            call()

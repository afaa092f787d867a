"""Compares a module's README with the module: its reference, its links, its versions, and every example in it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from helpers.compliance.module_docs import examples, readme, shell
from helpers.compliance.module_docs.examples import Published
from helpers.compliance.module_docs.types import Example, Finding, Ran, ReadmeReport, in_order
from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath
from helpers.wrappers.terraform_docs import BEGIN, END, DocsCheck, TerraformDocs

FILE = "README.md"
_HEADING = re.compile(r"^##\s+\[?v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)\]?", re.MULTILINE)
_HUNK = re.compile(r"^@@ -(\d+)")


def check(
    directory: StrPath, *, version: str = "", env: Mapping[str, str] | None = None, execute: bool = True
) -> ReadmeReport:
    """Say what is not true in the README of a module.

    Args:
        directory: of the module.
        version: that the README describes; by default that of ``module.yaml``, else the newest of CHANGELOG.md.
        env: for Terraform and the shell examples, such as access to an account of the local cloud.
        execute: False reads and compares only; the examples are then ``not run``, and said to be.

    Raises:
        BadInput: there is no such directory, or no README. TerraformError, CannotDocument: no answer can be given.
    """
    module = Path(directory)
    text = _text(module)
    seen = readme.read(text)
    published = _published(module, version)
    findings = [*_reference(module, text), *readme.dead(seen, module)]
    if not any(example.language in readme.HCL for example in seen.examples):
        what = "There is no example that Terraform can run."
        findings.append(Finding("no-example", 1, what, "Add a fenced block `hcl` that calls the module."))
    ran: list[tuple[Example, Ran]] = []
    with tempfile.TemporaryDirectory(prefix="readme-") as aside:
        for number, example in enumerate(seen.examples):
            room = Path(aside) / str(number)
            found, state = _run(example, module, published, room, env) if execute else ([], "not run")
            findings += found
            ran.append((example, state))
    return ReadmeReport(module.resolve().name, in_order(findings), tuple(ran))


def write(directory: StrPath) -> DocsCheck:
    """Write the generated part of a module's README between its markers; return what changed.

    Raises:
        BadInput: there is no README, or it has no markers. CannotDocument: the module does not parse.
    """
    return TerraformDocs(directory).inject(FILE)


def _run(
    example: Example, module: Path, published: Published, room: Path, env: Mapping[str, str] | None
) -> tuple[list[Finding], Ran]:
    room.mkdir()
    examples.copy_module(module, room / "module")
    if example.language in readme.SHELL:
        return shell.run(example, room / "module", env)
    return examples.run(example, module, published, room / "example", env)


def _text(module: Path) -> str:
    if not module.is_dir():
        raise BadInput(f"{module.name} is not a directory", why="A module is one.", next="course docs check DIR")
    path = module / FILE
    if not path.is_file():
        raise BadInput(f"{module.name} has no {FILE}", why="It is what is checked.", next=f"Write {FILE}.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{FILE} is not UTF-8 text", why=str(error), next="Save it as UTF-8.") from None


def _published(module: Path, version: str) -> Published:
    manifest = module / "module.yaml"
    try:
        data = yaml_reader.load(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
    except yaml_reader.InvalidYaml as error:
        raise BadInput("module.yaml cannot be read", why=str(error), next="Correct module.yaml.") from None
    facts = data if isinstance(data, dict) else {}
    parts = [str(facts.get(key, "")) for key in ("namespace", "name", "provider")]
    changelog = module / "CHANGELOG.md"
    newest = _HEADING.search(changelog.read_text(encoding="utf-8")) if changelog.is_file() else None
    found = version or str(facts.get("version", "")) or (newest[1] if newest else "")
    return Published("/".join(parts) if all(parts) else "", found)


def _reference(module: Path, text: str) -> Iterator[Finding]:
    """Yield where the generated part differs from the code; tables and sections are both right."""
    if BEGIN not in text or END not in text.partition(BEGIN)[2]:
        what = "There is no generated reference of inputs and outputs."
        yield Finding("no-reference", 1, what, f"Add the lines {BEGIN} and {END}, then: course docs write.")
        return
    config = ".terraform-docs.yml" if (module / ".terraform-docs.yml").is_file() else None
    docs = TerraformDocs(module, config_file=config)
    answers = [docs.check(FILE), docs.check(FILE, format="document")]
    if any(answers):
        return
    nearest = min(answers, key=lambda answer: answer.diff.count("\n"))
    line, said = _first_difference(nearest.diff)
    yield Finding("stale-reference", line, f"The reference is not what the code says: {said}.", "course docs write")


def _first_difference(diff: str) -> tuple[int, str]:
    """Return line and text of the first difference of a unified diff."""
    number = 1
    for line in diff.splitlines()[2:]:
        if hunk := _HUNK.match(line):
            number = int(hunk[1])
        elif line.startswith(("-", "+")):
            return number, f"{'has' if line[0] == '-' else 'lacks'} `{line[1:].strip()}`"
        else:
            number += 1
    return number, "it differs"

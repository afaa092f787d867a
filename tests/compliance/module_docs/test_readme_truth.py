"""A README that is broken in any one way is told with its line; right ones in other styles pass."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.cli.docs import docs
from helpers.compliance import module_docs
from helpers.core.errors import BadInput
from helpers.core.paths import IAC
from helpers.wrappers.terraform_docs import BEGIN, END, TerraformDocs

#: Modules of the course that are published, each with a README.
OURS = sorted(file.parent for file in IAC.rglob("module.yaml"))

MAIN = """terraform {
  required_version = ">= 1.9"
}

variable "team" {
  type        = string
  description = "Whose it is."
}

variable "size" {
  type        = number
  description = "How large."
  default     = 1
}

resource "terraform_data" "this" {
  input = "${var.team}-${var.size}"
}

output "name" {
  description = "What it is called."
  value       = terraform_data.this.output
}
"""
README = f"""# pool

What it is for. See the [changelog](CHANGELOG.md) and the [reference](#reference).

```hcl
module "pool" {{
  source  = "registry.acme.test/speech/pool/platform"
  version = "~> 1.2"
  team    = "speech"
}}

output "name" {{
  value = module.pool.name
}}
```

```console
$ terraform fmt -check
$ ls examples
basic
```

## Reference

{BEGIN}
{END}
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return make(tmp_path / "pool")


def make(folder: Path, readme: str = README) -> Path:
    for name, text in {
        "main.tf": MAIN,
        "README.md": readme,
        "CHANGELOG.md": "# Changelog\n\n## [1.2.3]\n\n- More.\n",
        "module.yaml": "name: pool\nnamespace: speech\nprovider: platform\n",
        "examples/basic/main.tf": 'module "pool" {\n  source = "../.."\n  team = "x"\n}\n',
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    if BEGIN in readme:
        module_docs.write(folder)
    return folder


def replaced(module: Path, old: str, new: str) -> int:
    """Replace a text of the README and return the line on which it stands."""
    path = module / "README.md"
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_a_true_readme_passes_and_says_what_ran(module: Path) -> None:
    report = module_docs.check(module)
    assert report.ok and [ran for _, ran in report.examples] == ["planned", "executed"], report.text()
    assert not list(module.rglob(".terraform*")), "the module itself was not touched"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("  team    =", "  teem    =", "example-invalid"),
        ("module.pool.name", "module.pool.nmae", "example-invalid"),
        ('team    = "speech"\n}', 'team    = "speech"', "example-invalid"),
        ("$ terraform fmt -check", "$ terraform fmt -chek", "example-invalid"),
        ("basic\n", "advanced\n", "output-differs"),
        ("$ ls examples", "$ ls exampels", "example-invalid"),
        ("$ ls examples", "$ terraform apply -auto-approve", "not-allowed"),
        ("$ ls examples", "$ ls examples | wc -l", "not-allowed"),
        ("$ ls examples", "$ cat ../../etc/passwd", "not-allowed"),
        ("$ ls examples", "$ curl http://acme.test/install", "not-allowed"),
    ],
)
def test_an_example_that_does_not_work_is_named_with_its_line(module: Path, old: str, new: str, kind: str) -> None:
    line = replaced(module, old, new)
    report = module_docs.check(module)
    assert kind in {finding.kind for finding in report.findings}, report.text()
    assert min(abs(finding.line - line) for finding in report.findings) <= 4 and report.findings[0].line >= 5


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('"~> 1.2"', '"~> 1.3"', "wrong-version"),
        ('"~> 1.2"', '"=> 1.2"', "wrong-version"),
        ("/speech/pool/", "/vision/pool/", "wrong-source"),
    ],
)
def test_a_wrong_address_or_version_is_named(module: Path, old: str, new: str, kind: str) -> None:
    line = replaced(module, old, new)
    (finding,) = module_docs.check(module).findings
    assert (finding.kind, finding.line) == (kind, line)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("(CHANGELOG.md)", "(HISTORY.md)", "dead-link"),
        ("(CHANGELOG.md)", "(../other/README.md)", "dead-link"),
        ("(#reference)", "(#references)", "missing-anchor"),
        ("(CHANGELOG.md)", "(CHANGELOG.md#9)", "missing-anchor"),
        ("How large.", "How big.", "stale-reference"),
        ("```hcl", "```text", "no-example"),
        (BEGIN, "<!-- inputs -->", "no-reference"),
    ],
)
def test_what_is_read_only_is_named_too(module: Path, old: str, new: str, kind: str) -> None:
    line = replaced(module, old, new)
    report = module_docs.check(module, execute=False)
    (finding,) = (f for f in report.findings if f.kind == kind)
    assert finding.line == line or kind in ("no-example", "no-reference")
    assert all(ran == "not run" for _, ran in report.examples), "what did not run is never said to have run"


def test_code_that_moved_on_makes_the_reference_stale(module: Path) -> None:
    (module / "main.tf").write_text(
        MAIN.replace('variable "size"', 'variable "nodes"').replace("var.size", "var.nodes")
    )
    (finding,) = module_docs.check(module, execute=False).findings
    assert (
        finding.kind == "stale-reference"
        and "size" in (module / "README.md").read_text().splitlines()[finding.line - 1]
    )


LIST_STYLE = f"""pool
====

- Use it by a path:

  ~~~terraform
  variable "team" {{
    type = string
  }}

  module "pool" {{
    source = "../../"
    team   = var.team
  }}
  ~~~

<a id="inputs"></a>
Inputs are [below](#inputs "of this module").

{BEGIN}
{END}
"""
GIT_STYLE = f"""# pool {{#1}}

## How to use it, and why?

By [tag](#how-to-use-it-and-why), see the [example](./examples/basic/main.tf) and <https://acme.test/nowhere>:

```tf
module "pool" {{
  # A tag never moves here.
  source = "git::https://git.acme.test/platform/terraform-platform-pool.git?ref=v1.2.3"

  team = "speech"
  size = 2
}}
```

```bash
# Check it:
terraform init -backend=false
terraform validate -no-color
```

```text
anything | may > stand here
```

{BEGIN}
{END}
"""
SECTIONS = README.replace("```console", "```shell-session").replace("$ ls", "% ls")


@pytest.mark.parametrize("readme", [LIST_STYLE, GIT_STYLE, SECTIONS], ids=["list", "git", "document"])
def test_right_readmes_in_other_styles_pass(tmp_path: Path, readme: str) -> None:
    folder = make(tmp_path / "pool", readme)
    if readme is SECTIONS:
        docs_ = TerraformDocs(folder)
        text = (folder / "README.md").read_text()
        head = text.partition(BEGIN)[0]
        (folder / "README.md").write_text(f"{head}{BEGIN}\n{docs_.markdown(format='document')}\n{END}\n")
    report = module_docs.check(folder)
    assert report.ok, report.text()


@pytest.mark.parametrize("module", OURS, ids=lambda path: path.parts[-2])
def test_the_readmes_of_the_course_are_true(module: Path, tmp_path: Path) -> None:
    report = module_docs.check(module)
    assert report.ok and report.examples, report.text()
    assert all(ran in ("planned", "executed") for _, ran in report.examples)


def test_the_command_has_an_exit_code_and_json(module: Path) -> None:
    asked = CliRunner()
    assert asked.invoke(docs, ["check", "--read-only", str(module)]).exit_code == 0
    replaced(module, "How large.", "How big.")
    failed = asked.invoke(docs, ["check", "--read-only", "--json", str(module)])
    assert failed.exit_code == 1 and json.loads(failed.output)[0]["findings"][0]["kind"] == "stale-reference"
    assert "How large." in asked.invoke(docs, ["write", str(module)]).output
    assert asked.invoke(docs, ["check", "--read-only", str(module)]).exit_code == 0


def test_what_cannot_be_checked_is_an_error(module: Path) -> None:
    shutil.move(module / "README.md", module / "readme.txt")
    with pytest.raises(BadInput, match=r"has no README\.md"):
        module_docs.check(module)
    (module / "README.md").write_bytes(b"\xff")
    with pytest.raises(BadInput, match="UTF-8"):
        module_docs.check(module)

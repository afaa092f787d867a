"""A program in other hands: a virtual environment of its own, a component tree, nested secrets, async faults."""

from __future__ import annotations

import site
import sys
from pathlib import Path

import pytest

from helpers.core import process
from helpers.core.sensitive import WITHHELD, Sensitive
from helpers.wrappers.pulumi import Pulumi
from helpers.wrappers.pulumi.errors import ProgramFailed, PulumiError, build_error
from tests.wrappers.pulumi import boxes

SECRET = "s3cr3t-value-of-the-token"
YAML = """
name: elsewhere
main: src/infra
runtime:
  name: python
  options: {toolchain: pip, virtualenv: venv}
"""
PROGRAM = """
import asyncio, os, sys
import only_here
import pulumi
from boxes import Box

mode = pulumi.Config().get("mode")
secret = pulumi.Config().require_secret("token")


class Outer(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("elsewhere:index:Outer", name, None, opts)
        under = pulumi.ResourceOptions(parent=self)
        self.boxes = [Box(f"{name}-{n}", f"{os.getcwd()}/{n}.txt", only_here.TEXT, under) for n in ("ä", "東京")]
        self.texts = pulumi.Output.all(*[box.text for box in self.boxes]).apply(",".join)
        self.register_outputs({"texts": self.texts})


async def later():
    await asyncio.sleep(0)
    if mode == "async":
        raise KeyError("nobody there")
    return "later"


if mode == "exit":
    sys.exit(3)
print("x" * 100_000)
pulumi.export("nested", {"list": [1, {"deep": secret}]})
pulumi.export("secret", secret)
pulumi.export("later", pulumi.Output.from_input(later()))
pulumi.export("texts", Outer("outer").texts)
pulumi.export("python", sys.prefix)
"""


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> Pulumi:
    project = tmp_path_factory.mktemp("elsewhere")
    boxes.write(project / "src" / "infra")
    (project / "src" / "infra" / "Pulumi.yaml").unlink()
    (project / "src" / "infra" / "__main__.py").write_text(PROGRAM)
    (project / "Pulumi.yaml").write_text(YAML)
    made = Pulumi(project, passphrase="a-passphrase")
    made.stack_init()
    made.config_set("token", SECRET, secret=True)
    with pytest.raises(PulumiError, match="python3 -m venv venv"):
        made.preview()
    process.run([sys.executable, "-m", "venv", "--without-pip", project / "venv"])
    with pytest.raises(PulumiError, match="has no Pulumi SDK: venv/bin/pip install"):
        made.preview()
    (packages,) = (project / "venv").glob("lib/python*/site-packages")
    (packages / "only_here.py").write_text("TEXT = 'from the environment'\n")
    (packages / "sdk.pth").write_text(f"{site.getsitepackages()[0]}\n")
    # As somebody who was not told the secret.
    return Pulumi(project, passphrase="a-passphrase")


def test_it_runs_in_its_environment_and_no_secret_inside_an_output_is_shown(pulumi: Pulumi) -> None:
    result = pulumi.up()
    assert result.added == 2 and result.outputs["texts"].value == "from the environment,from the environment"
    assert Path(result.outputs["python"].value) == pulumi.workdir / "venv" and result.outputs["later"].value == "later"
    for name in ("secret", "nested"):
        assert result.outputs[name].value == Sensitive(WITHHELD)
    outputs = pulumi.output()
    assert outputs["secret"].reveal() == SECRET and outputs["nested"].reveal() == {"list": [1, {"deep": SECRET}]}
    assert SECRET not in repr(outputs) and outputs["nested"].sensitive and not outputs["texts"].sensitive
    assert pulumi.drift().status == "in-sync"
    assert (pulumi.workdir / "src" / "infra" / "東京.txt").read_text() == "from the environment"


def test_faults_of_a_program_that_ends_early(pulumi: Pulumi) -> None:
    pulumi.config_set("mode", "async")
    with pytest.raises(ProgramFailed) as failed:
        pulumi.preview()
    assert (failed.value.file, failed.value.error) == ("src/infra/__main__.py", "KeyError: 'nobody there'")
    pulumi.config_set("mode", "exit")
    with pytest.raises(ProgramFailed, match="ended itself") as ended:
        pulumi.up()
    assert "exit code: 3" in ended.value.why


LIBRARY = """Program failed with an unhandled exception:
Traceback (most recent call last):
  File "/env/lib/python3.11/site-packages/pulumi/runtime/stack.py", line 148, in wait_for_rpcs
    await task
KeyError: 'async'
"""


def test_a_traceback_without_a_line_of_the_program_blames_no_line_of_a_library() -> None:
    error = build_error("up", LIBRARY, "/project")
    assert isinstance(error, ProgramFailed) and error.error == "KeyError: 'async'" and not error.file
    assert "site-packages" not in str(error) and "KeyError: 'async'" in error.why
    # A program that is one file is told by its name alone.
    alone = build_error("up", LIBRARY.replace("/env/lib/python3.11/site-packages/pulumi/runtime/", ""), "/project")
    assert isinstance(alone, ProgramFailed) and (alone.file, alone.line) == ("stack.py", 148)

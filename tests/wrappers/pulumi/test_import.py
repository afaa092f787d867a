"""Import: by a provider plugin it works; a dynamic resource has no provider before it is in the state."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from helpers.wrappers.pulumi import Pulumi
from helpers.wrappers.pulumi.errors import PluginMissing, PulumiError
from tests.wrappers.pulumi import boxes


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> Pulumi:
    room = tmp_path_factory.mktemp("import")
    plugin = room / "bin" / "pulumi-resource-files"
    plugin.parent.mkdir()
    program = Path(__file__).with_name("files_plugin.py")
    plugin.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -u {shlex.quote(str(program))}\n")
    plugin.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{plugin.parent}:{os.environ['PATH']}")
        made = Pulumi(boxes.write(room / "project"), passphrase="a-passphrase")
        made.stack_init()
    return made


def test_an_object_is_taken_into_the_state(pulumi: Pulumi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{pulumi.workdir.parent / 'bin'}:{os.environ['PATH']}")
    file = tmp_path / "old.txt"
    file.write_text("made by hand")
    result = pulumi.import_("files:index:File", "old", str(file))
    assert dict(result.applied) == {"File.old": "import"}
    entry = pulumi.export().find("old")
    assert entry["inputs"]["text"] == "made by hand" and entry["protect"]
    pulumi.unprotect(str(entry["urn"]))
    assert pulumi.destroy().destroyed == 1 and not file.exists()


def test_what_cannot_be_imported(pulumi: Pulumi) -> None:
    with pytest.raises(PulumiError) as failed:
        pulumi.import_("pulumi-python:dynamic/boxes:Box", "old", "old.txt")
    assert "__provider" in failed.value.why or "import" in failed.value.why
    with pytest.raises(PluginMissing, match="elsewhere"):
        pulumi.import_("elsewhere:index:Thing", "old", "old.txt")

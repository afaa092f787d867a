"""A program that is started by its module's name is there: nothing imports it, so no import would fail."""

from __future__ import annotations

import re
from importlib.util import find_spec

from helpers.core.paths import ROOT


def test_every_module_that_is_run_by_name_exists() -> None:
    named = {
        name.rstrip(".")
        for file in (ROOT / "helpers").rglob("*.py")
        for name in re.findall(r"-m (helpers[\w.]+)", file.read_text(encoding="utf-8"))
    }
    assert "helpers.servers.git_server.hook" in named
    assert not [name for name in named if find_spec(name) is None]

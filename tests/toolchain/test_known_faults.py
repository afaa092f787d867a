"""Known vulnerabilities of what the tools are compiled from: looked up without a network, in a copy that is pinned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.core.errors import CourseError
from helpers.runtime import tools
from scripts import known_faults


@pytest.fixture(scope="module")
def store() -> Path:
    """A small program of ours."""
    return tools.ensure("oci-store").path


#: Tools whose modules had known faults, and the one that serves strangers.
REPAIRED = ("oci-store", "hcl-reader", "crane", "audit-log")


@pytest.mark.parametrize("name", REPAIRED)
def test_nothing_is_known_of_what_was_repaired(name: str) -> None:
    copy = tools.ensure("govulncheck").share / "osv"
    assert len(list(copy.glob("GO-*.json"))) > 4000
    assert known_faults.inside(tools.ensure(name, origin="cache").path) == []


def test_what_is_known_of_a_module_that_is_in_it_is_found(store: Path, tmp_path: Path) -> None:
    def know(module: str, function: str = "Server.Serve") -> list[known_faults.Fault]:
        affected: dict[str, Any] = {
            "package": {"ecosystem": "Go", "name": module},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "99.0.0"}]}],
            "ecosystem_specific": {"imports": [{"path": "net/http", "symbols": [function]}]},
        }
        said = {"id": "GO-2026-0001", "modified": "2026-01-01T00:00:00Z", "affected": [affected]}
        (tmp_path / "GO-2026-0001.json").write_text(json.dumps(said))
        return known_faults.inside(store, tmp_path)

    (found,) = know("stdlib")
    assert (found.id, found.module, found.fixed) == ("GO-2026-0001", "stdlib", "v99.0.0")
    assert found.inside
    assert know("golang.org/x/nowhere") == []
    # The program serves, and never asks as a client: of that the linker left everything out.
    (found,) = know("stdlib", "ServeTLS")
    assert not found.inside


def test_no_database_is_no_verdict(store: Path, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="no advisories"):
        known_faults.inside(store, tmp_path)


def test_exit_code_and_what_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    row = known_faults.Fault("GO-2026-0001", "stdlib", "v1.26.8", "v1.26.9")
    monkeypatch.setattr(known_faults, "inside", lambda path: [row])
    assert known_faults.main(["oci-store"]) == 1
    assert "GO-2026-0001  stdlib v1.26.8: fixed in v1.26.9" in capsys.readouterr().out
    monkeypatch.setattr(known_faults, "inside", lambda path: [])
    assert known_faults.main(["oci-store"]) == 0
    monkeypatch.setattr(known_faults, "inside", lambda path: [replace(row, inside=False)])
    assert known_faults.main(["oci-store"]) == 0
    assert "nothing known of functions in it, 1 of functions that are not" in capsys.readouterr().out
    assert known_faults.main(["oci-stor"]) == 2

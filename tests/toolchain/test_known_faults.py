"""Known vulnerabilities of what the tools are compiled from: looked up without a network, in a copy that is pinned."""

from __future__ import annotations

import json
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


def test_our_program_has_nothing_that_is_known_but_of_go_itself(store: Path) -> None:
    copy = tools.ensure("govulncheck").share / "osv"
    assert len(list(copy.glob("GO-*.json"))) > 4000
    assert {row.module for row in known_faults.inside(store)} <= {"stdlib"}


def test_what_is_known_of_a_module_that_is_in_it_is_found(store: Path, tmp_path: Path) -> None:
    def know(module: str) -> list[known_faults.Fault]:
        affected: dict[str, Any] = {
            "package": {"ecosystem": "Go", "name": module},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "99.0.0"}]}],
            "ecosystem_specific": {"imports": [{"path": "net/http", "symbols": ["Serve"]}]},
        }
        said = {"id": "GO-2026-0001", "modified": "2026-01-01T00:00:00Z", "affected": [affected]}
        (tmp_path / "GO-2026-0001.json").write_text(json.dumps(said))
        return known_faults.inside(store, tmp_path)

    (found,) = know("stdlib")
    assert (found.id, found.module, found.fixed) == ("GO-2026-0001", "stdlib", "v99.0.0")
    assert know("golang.org/x/nowhere") == []


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
    assert known_faults.main(["oci-stor"]) == 2

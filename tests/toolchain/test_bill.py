"""What the course is pinned to can be looked up without a network: nothing that is pinned is missing from the list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from helpers.cli import course
from helpers.core import process
from helpers.core.paths import ROOT
from helpers.runtime import tools
from scripts import bill


@pytest.fixture(scope="module")
def parts() -> set[str]:
    return set(bill.parts())


def test_every_python_package_is_listed_and_has_hashes(parts: set[str]) -> None:
    found = 0
    for file in [*ROOT.glob("requirements*.lock"), *(ROOT / "toolchain").glob("*/requirements.txt")]:
        entries = file.read_text().replace("\\\n", " ").splitlines()
        for entry in (line for line in entries if line.strip() and not line.strip().startswith("#")):
            name, _, version = entry.split(";")[0].split()[0].partition("==")
            assert f"pkg:pypi/{name}@{version}" in parts, f"{file.name}: {entry[:60]}"
            assert "--hash=sha256:" in entry, f"{file.name}: {entry[:60]}"
            found += 1
    assert found > 150


def test_every_go_module_is_listed_as_go_itself_reads_it(parts: set[str]) -> None:
    go, files = tools.ensure("go").path, sorted((ROOT / "toolchain").rglob("go.mod"))
    for file in files:
        done = process.run([go, "mod", "edit", "-json", file], env=process.environment({"GOWORK": "off"}))
        read = json.loads(done.stdout)
        used = [*(read.get("Require") or ()), *(row["New"] for row in read.get("Replace") or ())]
        wanted = {f"pkg:golang/{row['Path']}@{row['Version']}" for row in used if row.get("Version")}
        assert wanted <= parts, f"{file.parent.name}: {sorted(wanted - parts)[:3]}"
        assert not wanted or file.with_name("go.sum").is_file()
    assert len(files) > 10


@pytest.mark.parametrize("ecosystem", ["PyPI", "Go"])
def test_advisory_about_a_pinned_version_is_found(tmp_path: Path, parts: set[str], ecosystem: str) -> None:
    start = "pkg:pypi/urllib3@" if ecosystem == "PyPI" else "pkg:golang/golang.org/x/net@"
    purl = next(part for part in sorted(parts) if part.startswith(start))
    name = purl.split("/", 1)[1].rpartition("@")[0]
    (tmp_path / "bill.json").write_text(json.dumps(bill.document()))

    def ask(fixed: str) -> int:
        kind = "ECOSYSTEM" if ecosystem == "PyPI" else "SEMVER"
        events = {"type": kind, "events": [{"introduced": "0"}, {"fixed": fixed}]}
        said: dict[str, Any] = {
            "id": "TEST-1",
            "modified": "2026-01-01T00:00:00Z",
            "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "ranges": [events]}],
        }
        (tmp_path / "known").mkdir(exist_ok=True)
        (tmp_path / "known/TEST-1.json").write_text(json.dumps(said))
        asked = ["advisories", str(tmp_path / "bill.json"), "--database", str(tmp_path / "known")]
        return CliRunner().invoke(course, asked).exit_code

    assert ask("9999.0.0") == 1
    assert ask("0.0.1") == 0

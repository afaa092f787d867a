"""Known vulnerabilities: found however a part is spelt, by its ecosystem's ranges; answered by a signed reason only."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from helpers.cli import course
from helpers.compliance import advisories
from helpers.compliance.advisories import BadAdvisory, BadVex
from helpers.compliance.advisories.database import DEFAULT, Range
from helpers.compliance.advisories.matching import _pep440, _semver, _within
from helpers.compliance.advisories.vex import VALID_FOR, _parsed
from helpers.widgets.renderers.advisories import advisories_html
from helpers.wrappers import sbom
from helpers.wrappers.cosign import Cosign
from tests.compliance.test_evidence import PASSWORD

QUEUE = "ACME-2026-0001"


def bill(*parts: dict[str, Any], digest: str = "ab" * 32) -> sbom.Sbom:
    about = {"name": "worker", "hashes": [{"alg": "SHA-256", "content": digest}]}
    return sbom.parse({"bomFormat": "CycloneDX", "metadata": {"component": about}, "components": list(parts)})


def part(name: str, version: str, purl: str = "", **more: Any) -> dict[str, Any]:
    return {"type": "library", "name": name, "version": version, **({"purl": purl} if purl else {}), **more}


def client(version: str, **more: Any) -> dict[str, Any]:
    return part("acme-queue-client", version, f"pkg:pypi/acme-queue-client@{version}", **more)


def found(*parts: dict[str, Any]) -> list[tuple[str, str]]:
    report = advisories.match(bill(*parts), advisories.load())
    return [(one.advisory, one.status) for one in report.matches]


@pytest.mark.parametrize(
    "component",
    [
        client("1.2.0"),
        client("1.4.0"),
        client("1.4.1rc1"),
        client("1.3.0", type="file"),
        part("Acme_Queue.Client", "1.3.0"),
        part("x", "1.3.0", "pkg:pypi/Acme_Queue.Client@1.3.0?arch=any"),
        part("x", "1.3.0", "pkg:pypi/acme%2Dqueue%2Dclient@1.3.0"),
        part("outer", "1.0.0", "pkg:pypi/outer@1.0.0", components=[client("1.3.0")]),
        part("x", "v1.3.0", "pkg:golang/acme.test/platform/queue-client@v1.3.0"),
        # The field says the version that is repaired, the URL the one that is there; or the other way.
        part("acme-queue-client", "1.4.1", "pkg:pypi/acme-queue-client@1.3.0"),
        part("acme-queue-client", "1.3.0", "pkg:pypi/acme-queue-client@1.4.1"),
        part("acme-queue-client", "1.3.0", type="file"),
    ],
)
def test_a_vulnerable_part_is_found_however_it_is_told(component: dict[str, Any]) -> None:
    assert found(component) == [(QUEUE, "affected")]


def test_a_part_is_found_wherever_the_list_puts_it() -> None:
    about = {"name": "worker", "hashes": [{"alg": "SHA-256", "content": "ab" * 32}], "components": [client("1.3.0")]}
    inside = sbom.parse({"bomFormat": "CycloneDX", "metadata": {"component": about}, "components": []})
    refs = [{"referenceType": "purl", "referenceLocator": "pkg:pypi/acme-queue-client@1.3.0"}]
    hidden = {"name": "acme-queue-client", "SPDXID": "SPDXRef-b", "versionInfo": "1.3.0", "externalRefs": refs}
    packages = [{"name": "worker", "SPDXID": "SPDXRef-a"}, hidden]
    # Called a subject beside the subject.
    beside = sbom.parse(
        {"spdxVersion": "SPDX-2.3", "documentDescribes": ["SPDXRef-a", "SPDXRef-b"], "packages": packages}
    )
    for one in (inside, beside):
        assert [hit.advisory for hit in advisories.match(one, advisories.load()).matches] == [QUEUE]


@pytest.mark.parametrize(
    "component",
    [client("1.1.9"), client("1.4.1"), client("1.10.0"), part("x", "1.3.0", "pkg:npm/acme-queue-client@1.3.0")],
)
def test_other_versions_and_other_ecosystems_are_not(component: dict[str, Any]) -> None:
    assert found(component) == []


@pytest.mark.parametrize("version", ["", "main", "1.3.x"])
def test_a_version_that_cannot_be_compared_is_said_and_never_dropped(version: str) -> None:
    report = advisories.match(bill(client(version)), advisories.load())
    assert [one.status for one in report.matches] == ["unknown"]
    assert (report.exit_code, bool(report), "could not tell" in advisories_html(report)) == (3, False, True)


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ((("introduced", "0"), ("fixed", "1.0.0")), ["0.0.1", "0.9.9"], ["1.0.0", "2.0.0"]),
        ((("introduced", "0"), ("last_affected", "1.0.0")), ["1.0.0"], ["1.0.1"]),
        # Two branches, not in order: the last event that is not above the version decides.
        (
            (("fixed", "2.1.0"), ("introduced", "2.0.0"), ("fixed", "1.5.0"), ("introduced", "1.0.0")),
            ["1.0.0", "1.4.9", "2.0.0", "2.0.9"],
            ["0.9.0", "1.5.0", "1.9.0", "2.1.0"],
        ),
        ((("introduced", "1.0.0"), ("limit", "3.0.0")), ["2.9.9"], ["3.0.0"]),
    ],
)
@pytest.mark.parametrize("order", [_pep440, _semver])
def test_a_range_is_read_as_osv_says(events: Any, inside: list[str], outside: list[str], order: Any) -> None:
    asked = Range("ECOSYSTEM", events)
    assert all(_within(version, asked, order) for version in inside)
    assert not any(_within(version, asked, order) for version in outside)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "OTHER"},
        {"affected": []},
        {"affected": [{"package": {"ecosystem": "PyPI"}}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "x"}}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": [{"type": "SEMVER", "events": []}]}]},
        {"modified": None},
    ],
)
def test_a_file_that_is_no_advisory_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    honest = json.loads((DEFAULT / f"{QUEUE}.json").read_text())
    (tmp_path / f"{QUEUE}.json").write_text(json.dumps({**honest, **change}))
    with pytest.raises(BadAdvisory, match="is not an advisory"):
        advisories.load(tmp_path)
    with pytest.raises(BadAdvisory, match="no advisory"):
        advisories.load(tmp_path / "nothing")


def test_a_signed_answer_counts_for_its_artifact_its_version_and_a_limited_time(tmp_path: Path) -> None:
    package = tmp_path / "worker.tar.gz"
    package.write_bytes(b"a worker")
    cosign = Cosign(tmp_path)
    security, release = (cosign.generate_key_pair(password=PASSWORD, name=name) for name in ("security", "release"))
    digest = provenance_digest(package)
    report = advisories.match(bill(client("1.3.0"), digest=digest), advisories.load())
    now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    why = "vulnerable_code_not_in_execute_path"
    purl = "pkg:pypi/acme-queue-client@1.3.0"
    said = advisories.vex(QUEUE, purl, "not_affected", why, author="security@acme.test", at=now)
    bundle = tmp_path / "worker.tar.gz.vex.json"
    advisories.sign_vex(package, said, key=release, password=PASSWORD)
    with pytest.raises(BadVex, match="does not count"):
        advisories.read_vex(package, bundle, key=security.public)
    advisories.sign_vex(package, said, key=security, password=PASSWORD)
    answer = advisories.read_vex(package, bundle, key=security.public)
    answered = report.answered([answer], now=now)
    assert (report.exit_code, answered.exit_code) == (1, 0)
    assert [(one.status, one.why, one.answered_by) for one in answered.matches] == [
        ("not_affected", why, "security@acme.test")
    ]
    assert report.answered([answer], now=now + dt.timedelta(days=89)).exit_code == 0
    for later, word in ((dt.timedelta(days=90), "it expired on 2026-05-30"), (dt.timedelta(days=-1), "a time to come")):
        late = report.answered([answer], now=now + later)
        assert (late.exit_code, word in late.text(), word in advisories_html(late)) == (1, True, True)
    other = advisories.match(bill(client("1.3.0"), digest="cd" * 32), advisories.load()).answered([answer], now=now)
    assert (other.exit_code, "about another artifact" in other.text()) == (1, True)
    newer = advisories.match(bill(client("1.4.0"), digest=digest), advisories.load()).answered([answer], now=now)
    assert newer.exit_code == 1, "an answer is about one version"


@pytest.mark.parametrize(
    ("purl", "component", "closed"),
    [
        ("pkg:pypi/acme-queue-client@1.3.0", client("1.3.0"), True),
        ("pkg:pypi/acme-queue-client@1.3.0", part("acme-queue-client", "1.3.0", "pkg:pypi/acme-queue-client"), True),
        ("pkg:pypi/acme-queue-client@1.2.0", part("acme-queue-client", "1.3.0", "pkg:pypi/acme-queue-client"), False),
        ("pkg:pypi/acme-queue-client@1.3", client("1.3.0"), False),
        ("pkg:pypi/acme-queue-client-lite@1.3.0", client("1.3.0"), False),
        ("pkg:npm/acme-queue-client@1.3.0", client("1.3.0"), False),
        ("pkg:pypi/acme-queue-client@1.3.0", part("acme-queue-client", "1.3.0"), False),
    ],
)
def test_an_answer_is_about_one_product_in_one_version(purl: str, component: dict[str, Any], closed: bool) -> None:
    at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    said = advisories.vex(QUEUE, purl, "not_affected", "component_not_present", author="security@acme.test", at=at)
    report = advisories.match(bill(component), advisories.load())
    assert report.answered([_parsed(said, "ab" * 32, VALID_FOR)], now=at).exit_code == (0 if closed else 1)


@pytest.mark.parametrize("purl", ["", "?", "pkg:pypi/acme-queue-client", "acme-queue-client@1.3.0"])
def test_an_answer_about_every_version_or_none_is_none(purl: str) -> None:
    with pytest.raises(BadVex, match="a package URL with a version"):
        advisories.vex(QUEUE, purl, "not_affected", "component_not_present", author="security@acme.test")


def test_two_answers_about_one_thing_in_one_document_are_none() -> None:
    purl, author = "pkg:pypi/acme-queue-client@1.3.0", "security@acme.test"
    said = advisories.vex(QUEUE, purl, "affected", "upgrade", author=author)
    more = advisories.vex(QUEUE, f"{purl}?arch=any", "not_affected", "component_not_present", author=author)
    with pytest.raises(BadVex, match="two things of one vulnerability"):
        _parsed({**said, "statements": said["statements"] + more["statements"]}, "ab" * 32, VALID_FOR)


def provenance_digest(file: Path) -> str:
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize(("status", "why"), [("not_affected", ""), ("affected", ""), ("harmless", "x"), ("", "x")])
def test_an_answer_without_a_reason_is_none(status: Any, why: str) -> None:
    with pytest.raises(BadVex, match="is not OpenVEX"):
        advisories.vex(QUEUE, "pkg:pypi/x@1", status, why, author="security@acme.test")


def test_the_command_has_three_exit_codes(tmp_path: Path) -> None:
    for component, code in ((client("1.4.1"), 0), (client("1.3.0"), 1), (client("main"), 3)):
        path = bill(component).write(tmp_path / "sbom.json")
        ended = CliRunner().invoke(course, ["advisories", str(path)])
        assert (ended.exit_code, "1 components looked up" in ended.output) == (code, True), ended.output
    as_json = CliRunner().invoke(course, ["advisories", str(path), "--json"])
    assert json.loads(as_json.stdout)["matches"][0]["advisory"] == QUEUE

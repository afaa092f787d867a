"""What counts as a bill of materials and as provenance: each field that is missing or wrong is refused, in words."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.evidence import Builder
from helpers.compliance.evidence.predicates import Unreadable, origin, parts

HEX, COMMIT = "ab" * 32, "cd" * 20
BUILDER = Builder("https://ci.acme.test/pipeline", Path("ci.pub"), ("https://acme.test/build/terraform-module/v1",))
GONE = object()


def statement(kind: str, predicate: Any, **more: Any) -> dict[str, Any]:
    about = [{"name": "x", "digest": {"sha256": HEX}}]
    return {"_type": "https://in-toto.io/Statement/v1", "subject": about, "predicateType": kind, **more} | {
        "predicate": predicate
    }


def bill() -> dict[str, Any]:
    part = {"type": "library", "name": "x", "version": "1.0.0", "purl": "pkg:pypi/x@1.0.0"}
    about = {"name": "x", "hashes": [{"alg": "SHA-256", "content": HEX}]}
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": about}, "components": [part]}


def spdx() -> dict[str, Any]:
    refs = [{"referenceType": "purl", "referenceLocator": "pkg:pypi/x@1.0.0"}]
    about = {"name": "it", "SPDXID": "SPDXRef-it", "checksums": [{"algorithm": "SHA256", "checksumValue": HEX}]}
    part = {"name": "x", "SPDXID": "SPDXRef-x", "versionInfo": "1.0.0", "externalRefs": refs}
    return {"spdxVersion": "SPDX-2.3", "documentDescribes": ["SPDXRef-it"], "packages": [about, part]}


def built() -> dict[str, Any]:
    return {
        "buildDefinition": {
            "buildType": BUILDER.build_types[0],
            "externalParameters": {"tag": "v1.0.0"},
            "resolvedDependencies": [{"uri": "git+https://git.acme.test/x", "digest": {"gitCommit": COMMIT}}],
        },
        "runDetails": {"builder": {"id": BUILDER.id}},
    }


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(document)
    *way, last = path.split("/")
    place: Any = made
    for name in way:
        place = place[int(name)] if name.isdigit() else place[name]
    if value is GONE:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return made


BOM, SPDX, SLSA = "https://cyclonedx.org/bom", "https://spdx.dev/Document", "https://slsa.dev/provenance/v1"


def test_honest_statements_are_read() -> None:
    assert [part.name for part in parts(statement(BOM, bill()), HEX).components] == ["x"]
    assert [part.name for part in parts(statement(SPDX, spdx()), HEX).components] == ["x"]
    found = origin(statement(SLSA, built()), HEX, BUILDER)
    assert (found.builder, found.parameters, found.materials) == (BUILDER.id, ("tag",), 1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("bomFormat", GONE),
        ("components", GONE),
        ("components", []),
        ("components", [{"type": "file", "name": "/etc/passwd"}]),
        ("components", [{"type": "library", "name": "x"}]),
        ("components", [{"type": "library", "name": "", "version": "1"}]),
        ("components", "everything"),
        ("metadata", GONE),
        ("metadata/component/hashes/0/content", "cd" * 32),
        (
            "metadata/component/hashes",
            [{"alg": alg, "content": x * 32} for alg, x in (("SHA256", "cd"), ("SHA-256", "ab"))],
        ),
        ("metadata/component/version", f"sha256:{'cd' * 32}"),
        (
            "components",
            [{"type": "library", "name": "it", "version": "1", "hashes": [{"alg": "SHA256", "content": HEX}]}],
        ),
    ],
)
def test_a_bill_of_materials_that_says_nothing_of_this_artifact_is_refused(path: str, value: Any) -> None:
    with pytest.raises(Unreadable):
        parts(statement(BOM, changed(bill(), path, value)), HEX)


def test_a_list_of_nothing_but_the_artifact_itself_is_refused() -> None:
    itself = {"name": "network", "version": "1.0.0"}
    about = {**itself, "hashes": [{"alg": "SHA-256", "content": HEX}]}
    alone = bill() | {"metadata": {"component": about}, "components": [{"type": "library", **itself}]}
    with pytest.raises(Unreadable, match="no component but the artifact itself"):
        parts(statement(BOM, alone), HEX)
    # Beside a part it does no harm.
    assert len(
        parts(statement(BOM, alone | {"components": bill()["components"] + alone["components"]}), HEX).components
    )


@pytest.mark.parametrize("predicate", [None, [], "x", {}, {"components": [{"name": "x", "version": "1"}]}])
def test_what_is_no_document_is_refused(predicate: Any) -> None:
    with pytest.raises(Unreadable):
        parts(statement(BOM, predicate), HEX)
    with pytest.raises(Unreadable):
        origin(statement(SLSA, predicate), HEX, BUILDER)


def test_the_type_of_a_statement_is_that_of_its_document() -> None:
    with pytest.raises(Unreadable, match="in the format spdx"):
        parts(statement(BOM, spdx()), HEX)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("buildDefinition", GONE),
        ("buildDefinition/externalParameters", GONE),
        ("buildDefinition/externalParameters", {}),
        ("buildDefinition/externalParameters", ["tag"]),
        ("buildDefinition/buildType", GONE),
        ("buildDefinition/buildType", "https://acme.test/build/image/v1"),
        ("buildDefinition/resolvedDependencies", []),
        ("buildDefinition/resolvedDependencies", [{"uri": "x"}]),
        ("buildDefinition/resolvedDependencies", [{"uri": "x", "digest": {"sha256": "12"}}]),
        ("runDetails", GONE),
        ("runDetails/builder/id", GONE),
        ("runDetails/builder/id", "ci"),
        ("runDetails/builder/id", "https://ci.acme.test/pipeline/evil"),
    ],
)
def test_provenance_without_what_slsa_asks_for_is_refused(path: str, value: Any) -> None:
    with pytest.raises(Unreadable):
        origin(statement(SLSA, changed(built(), path, value)), HEX, BUILDER)


@pytest.mark.parametrize(
    "more",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicateType": "https://slsa.dev/provenance/v0.2"},
        {"subject": []},
        {"subject": "x"},
        {"subject": [{"name": "x", "digest": {"sha256": "cd" * 32}}]},
        {"subject": [{"name": "x", "digest": {"sha256": HEX, "sha512": "cd" * 64}}]},
        {"subject": [{"name": "x", "digest": {"SHA256": HEX}}]},
        {"subject": [{"name": "x", "digest": {"sha256": HEX.upper()}}]},
        {"subject": [{"name": "x", "digest": {"sha256": HEX[:40]}}]},
        {"subject": [{"name": name, "digest": {"sha256": HEX}} for name in "xy"]},
    ],
)
def test_a_statement_of_another_form_or_about_something_else_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        origin(statement(SLSA, built(), **more), HEX, BUILDER)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=6,
)
FIELDS = ["buildDefinition", "runDetails", "buildDefinition/externalParameters", "buildDefinition/resolvedDependencies"]


@given(field=st.sampled_from([*FIELDS, "runDetails/builder", "runDetails/builder/id"]), value=JSON)
def test_no_other_value_of_a_field_ends_in_anything_but_a_refusal(field: str, value: Any) -> None:
    if field.endswith("externalParameters") and isinstance(value, dict) and value:
        return
    with pytest.raises(Unreadable):
        origin(statement(SLSA, changed(built(), field, value)), HEX, BUILDER)


@given(field=st.sampled_from(["components", "metadata", "metadata/component", "bomFormat"]), value=JSON)
def test_no_other_value_in_a_bill_is_taken_for_one(field: str, value: Any) -> None:
    with pytest.raises(Unreadable):
        parts(statement(BOM, changed(bill(), field, value)), HEX)

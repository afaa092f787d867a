"""Two bills of materials are compared by what they say, whatever they were written in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.wrappers import sbom
from helpers.wrappers.sbom import Component, MalformedSbom, Sbom, diff
from helpers.wrappers.sbom._parse import _conjuncts, h1_hex


def one(*components: Component) -> Sbom:
    return Sbom("x", "", components)


def part(name: str, version: str, *licences: str, hash: str = "") -> Component:
    return Component(name, version, "pypi", "", licences, (("SHA-256", hash),) if hash else ())


def test_every_kind_of_change_is_named() -> None:
    old = one(
        part("up", "v1.9.0"),
        part("down", "2.0.0"),
        part("gone", "1.0"),
        part("commit", "abc"),
        part("swapped", "1.0", hash="aa"),
        part("relicensed", "1.0", "MIT"),
        part("same", "1.0", "MIT", hash="bb"),
    )
    new = one(
        part("up", "v1.10.0"),
        part("down", "1.9.9"),
        part("came", "1.0"),
        part("commit", "def"),
        part("swapped", "1.0", hash="cc"),
        part("relicensed", "1.1", "BUSL-1.1"),
        part("same", "1.0", "MIT", hash="bb"),
    )
    found = diff(old, new)
    assert [c.name for c in found.added] == ["came"] and [c.name for c in found.removed] == ["gone"]
    assert {c.new.name: c.direction for c in found.changed} == {
        "up": "upgraded",
        "down": "downgraded",
        "commit": "changed",
        "swapped": "replaced",
        "relicensed": "upgraded",
    }
    assert [(c.name, c.old, c.new) for c in found.licences] == [("relicensed", ("MIT",), ("BUSL-1.1",))]
    assert not found.same and [c.new.name for c in found.of("replaced")] == ["swapped"]


def test_several_versions_of_one_name() -> None:
    found = diff(one(part("x", "1.0"), part("x", "2.0")), one(part("x", "2.0"), part("x", "2.1"), part("x", "3.0")))
    assert [(c.old.version, c.new.version) for c in found.changed] == [("1.0", "2.1")]
    assert [c.version for c in found.added] == ["3.0"] and not found.removed


def test_the_same_name_elsewhere_is_another_component() -> None:
    found = diff(one(Component("x", "1", "pypi")), one(Component("x", "1", "npm")))
    assert len(found.added) == len(found.removed) == 1


def test_a_hash_of_one_side_only_says_nothing() -> None:
    assert diff(one(part("x", "1.0")), one(part("x", "1.0", hash="aa"))).same


COMPONENTS = st.lists(
    st.builds(part, st.sampled_from("abc"), st.sampled_from(["1.0", "2.0", "x", ""]), st.sampled_from(["MIT", "ISC"])),
    max_size=6,
    unique_by=lambda c: (c.name, c.version),
)


@given(COMPONENTS, COMPONENTS)
def test_a_diff_accounts_for_every_component(before: list[Component], after: list[Component]) -> None:
    found = diff(one(*before), one(*after))
    back = diff(one(*after), one(*before))
    assert found.same == (set(before) == set(after))
    assert set(found.added) == set(back.removed) and set(found.removed) == set(back.added)
    assert len(after) - len(before) == len(found.added) - len(found.removed)
    assert len(found.of("upgraded")) == len(back.of("downgraded"))


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("MIT", ["MIT"]),
        ("(Apache-2.0 AND MIT)", ["Apache-2.0", "MIT"]),
        ("MIT OR ISC", ["MIT OR ISC"]),
        ("MIT AND (ISC OR 0BSD)", ["MIT", "ISC OR 0BSD"]),
        ("MIT AND ISC OR 0BSD", ["MIT AND ISC OR 0BSD"]),
        ("(A AND B) OR (C AND D)", ["(A AND B) OR (C AND D)"]),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only WITH Classpath-exception-2.0"]),
    ],
)
def test_licences_that_all_hold_are_told_apart(expression: str, parts: list[str]) -> None:
    assert _conjuncts(expression) == parts


def test_a_directory_hash_is_32_bytes() -> None:
    assert h1_hex("h1:" + "A" * 43 + "=") == "00" * 32
    assert h1_hex("h1:AAAA") == h1_hex("zh:00") == h1_hex("h1:%%") == ""


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"bomFormat": "SPDX"}',
        '{"bomFormat": "CycloneDX", "components": [{}]}',
        '{"spdxVersion": "SPDX-3.0"}',
        '{"spdxVersion": "SPDX-2.3", "packages": 3}',
        "[" * 100_000,
    ],
)
def test_other_documents_are_refused(document: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(document)
    for call in (lambda: sbom.parse(document), lambda: sbom.read(tmp_path / "x.json")):
        with pytest.raises(MalformedSbom):
            call()
    with pytest.raises(MalformedSbom, match="cannot be read"):
        sbom.read(tmp_path / "none.json")


FIELDS = (
    "components",
    "packages",
    "name",
    "metadata",
    "component",
    "licenses",
    "purl",
    "hashes",
    "externalRefs",
    "relationships",
    "version",
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
)


@given(VALUES)
def test_no_document_ends_in_a_traceback(rest: Any) -> None:
    for start in ({"bomFormat": "CycloneDX"}, {"spdxVersion": "SPDX-2.3"}):
        document = {**(rest if isinstance(rest, dict) else {"components": rest, "packages": rest}), **start}
        try:
            found = sbom.parse(json.dumps(document))
        except MalformedSbom:
            continue
        assert isinstance(found, Sbom)

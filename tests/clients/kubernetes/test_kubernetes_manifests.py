"""Manifests from outside: read as Kubernetes reads them, or refused with the line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpers.clients.kubernetes.manifests import MAX_DEPTH, read
from helpers.clients.kubernetes.types import Object
from helpers.core.errors import BadInput, CourseError

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def refused(given: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read(given)
    assert caught.value.why
    assert caught.value.next
    return str(caught.value)


def data(text: str) -> Any:
    (one,) = read(HEAD + f"data: {text}\n")
    return one.raw["data"]


def test_documents_lists_and_empty_documents() -> None:
    listed = "{apiVersion: v1, kind: Pod, metadata: {name: b}}"
    text = f"---\n---\n{HEAD}---\n# nothing\n---\nkind: List\napiVersion: v1\nitems: [{listed}]\n"
    assert [(one.ref.kind, one.ref.name, one.place) for one in read(text)] == [
        ("ConfigMap", "a", "line 3"),
        ("Pod", "b", "line 9"),
    ]


@pytest.mark.parametrize("text", ["", "---\n---\n", "# only words\n", "null\n"])
def test_nothing_to_apply(text: str) -> None:
    assert "There is no manifest" in refused(text)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"{HEAD}data:\n\tb: c\n", 5, "tab"),
        (f"{HEAD}data: {{a: 1, b: 2, a: 3}}\n", 4, "a is there twice"),
        (f"{HEAD}---\njust words\n", 5, "a text"),
        (f"{HEAD}---\n- a\n- b\n", 5, "a list"),
        (f"{HEAD}---\nkind: Pod\nmetadata: {{name: a}}\n", 5, "apiVersion"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", 1, "metadata.name"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a/../b}\n", 1, "a/../b"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: '..'}\n", 1, "not a valid name"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: [x]}\n", 1, "metadata.namespace"),
        (f"{HEAD}data: {{on: x}}\n", 4, "on is not text"),
        (f"{HEAD}data: {{1: x}}\n", 4, "1 is not text"),
        (f"{HEAD}data: {{? [a] : x}}\n", 4, "is not text"),
        (f"{HEAD}data: {{a: .nan}}\n", 4, "not a number in JSON"),
        (f"{HEAD}data: {{a: 12e4567}}\n", 4, "not a number in JSON"),
        (f"{HEAD}data: {{a: !!python/object:os.system x}}\n", 4, "python/object"),
        (f"{HEAD}data: {{a: !!binary aGk=}}\n", 4, "!!binary"),
        (f"{HEAD}data: {{a: [}}\n", 4, "Not YAML"),
        (f"{HEAD}data: &x {{a: *x}}\n", 4, "holds itself"),
        (f"{HEAD}data: *nobody\n", 4, "undefined alias"),
        (f"{HEAD}data: '\x07'\n", 4, "character"),
        (f"{HEAD}data: " + "[" * 5000 + "]" * 5000, 4, "too deeply"),
        (f"{HEAD}data:\n" + "- " * 5000 + "a\n", 5, "too deeply"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    assert said in refused(text)
    assert f"line {line}" in refused(text)
    file = tmp_path / "web.yaml"
    file.write_text(text)
    assert f"web.yaml, line {line}" in refused(file)


def test_an_alias_bomb_is_refused_before_it_is_written_out() -> None:
    levels = "".join(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]\n" for i in range(1, 12))
    assert "Too large" in refused(f"{HEAD}x0: &x0 [lol, lol]\n{levels}")
    chain = "".join(f"x{i}: &x{i} [*x{i - 1}]\n" for i in range(1, 300))
    assert "Too large" in refused(f"{HEAD}x0: &x0 a\n{chain}")


def test_values_are_read_as_kubernetes_reads_them() -> None:
    assert data("{a: 2001-01-01, b: 22:22, c: 1e3, d: 0x10, e: yes, f: ~, g: 1_000, h: 017, i: -1, j: .5}") == {
        "a": "2001-01-01",
        "b": "22:22",
        "c": 1000.0,
        "d": 16,
        "e": True,
        "f": None,
        "g": 1000,
        "h": 15,
        "i": -1,
        "j": 0.5,
    }
    (one,) = read(HEAD + "x: &x {a: '1'}\ny: {<<: *x, b: '2'}\n")
    assert one.raw["y"] == {"a": "1", "b": "2"}


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(HEAD.replace("name: a", "name: b"))
    (tmp_path / "a.json").write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}))
    (tmp_path / "README.md").write_text("no manifest")
    assert [(one.ref.name, one.place) for one in read(tmp_path)] == [("a", "a.json, line 1"), ("b", "b.yaml, line 1")]
    assert len(read([tmp_path, HEAD])) == 3

    assert "README.md" in refused(tmp_path / "README.md")
    assert "cannot be read" in refused(tmp_path / "none.yaml")
    assert 'Path("b.yaml")' in refused("b.yaml")
    (tmp_path / "c.yaml").write_bytes(b"a: \xff\xfe")
    assert "UTF-8" in refused(tmp_path / "c.yaml")
    (tmp_path / "kustomization.yaml").write_text("resources: [b.yaml]")
    assert "Kustomize" in refused(tmp_path)
    (tmp_path / "empty").mkdir()
    assert "no manifest in empty" in refused(tmp_path / "empty")


@pytest.mark.parametrize("given", [1, None, b"a: b", [1], {"apiVersion": "v1"}, {"kind": {1, 2}}, {"a": float("nan")}])
def test_what_is_no_manifest(given: Any) -> None:
    refused(given)


def test_a_live_secret_goes_back_as_it_is_and_not_as_its_mask() -> None:
    raw = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "uid": "1", "managedFields": []}}
    live = Object.from_json({**raw, "data": {"k": "aGk="}, "status": {}})
    (one,) = read(live)
    assert one.raw == {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "aGk="}}
    (masked,) = read(live.raw)
    assert masked.raw["data"] == {"k": "aGk="}


def test_what_is_read_is_nobody_elses() -> None:
    given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    (one,) = read(given)
    one.raw["data"]["k"] = "changed"
    assert given["data"] == {"k": "v"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(json_values)
def test_json_data_survives_the_way_through_yaml(value: Any) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": value}
    (one,) = read(manifest)
    assert one.raw == manifest
    # JSON with escapes is YAML; surrogates alone are no text to send.
    text = json.dumps(manifest)
    if "\\ud" not in text:
        (read_back,) = read(text)
        assert read_back.raw == manifest


@given(st.dictionaries(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))), json_values))
def test_what_yaml_writes_is_read_or_refused(value: dict[str, Any]) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": value}
    try:
        text = yaml.safe_dump(manifest, allow_unicode=True)
        text.encode()
        (one,) = read(text)
    except (BadInput, UnicodeEncodeError):
        return
    assert one.raw.keys() == manifest.keys()


@given(st.text(alphabet="ab:-[]{}&*!|>?#,%@`'\"\n\t <~1.0", max_size=80) | st.text(max_size=40))
def test_any_text_is_objects_or_a_typed_error(text: str) -> None:
    try:
        found = read(text)
    except CourseError as error:
        assert isinstance(error, BadInput)
        assert error.next
        return
    assert all(one.ref.kind and one.ref.name for one in found)


@given(st.integers(1, 2 * MAX_DEPTH), st.sampled_from(["[", "- ", "{a: ", "? "]))
def test_depth_never_exhausts_the_stack(depth: int, opening: str) -> None:
    try:
        read(HEAD + "data:\n  " + opening * depth)
    except BadInput:
        return

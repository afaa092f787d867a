"""YAML is read safely, by limited depth, with one kind of error."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from helpers.core import yaml_reader
from helpers.core.yaml_reader import InvalidYaml


def test_one_document_and_many() -> None:
    assert yaml_reader.load("a: [1, two]") == {"a": [1, "two"]}
    assert yaml_reader.load(b"") is None
    assert yaml_reader.load_all("a: 1\n---\n---\n[]\n") == [{"a": 1}, None, []]


def test_a_dump_reads_back_in_the_order_given() -> None:
    value = {"b": ["ü", {"c": None}], "a": "yes"}
    text = yaml_reader.dump(value)
    assert text == "b:\n- ü\n- c: null\na: 'yes'\n"
    assert yaml_reader.load(text) == value
    assert yaml_reader.load_all(yaml_reader.dump_all([value, 1])) == [value, 1]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1", 1),
        ("a: 1\nb: 'open", 2),
        ("a: 1\n\tb: 2", 2),
        ("a: 1\n---\nb: 2", 2),
        ("a: !!python/object/apply:os.system [ls]", 1),
        ("a: \0", 0),
        (b"\xff\xfe\xff", 0),
        ("when: 2024-99-99", 0),
        ("n: !!int x", 0),
        ("n: !!float []", 1),
        ("{[]: 1}", 1),
        ("? {a: 1}\n: 2", 1),
        ("*nobody", 1),
    ],
)
def test_what_cannot_be_read_is_one_kind_of_error(text: str | bytes, line: int) -> None:
    with pytest.raises(InvalidYaml) as caught:
        yaml_reader.load(text)
    assert str(caught.value)
    if line:
        assert caught.value.line == line


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000 + "}" * 100_000])
def test_deep_nesting_is_refused_and_does_not_end_the_process(text: str) -> None:
    with pytest.raises(InvalidYaml, match="levels of nesting"):
        yaml_reader.load(text)
    with pytest.raises(InvalidYaml, match="levels of nesting"):
        yaml_reader.nodes(text)


def test_what_is_not_plain_data_has_no_form() -> None:
    with pytest.raises(ValueError, match="no form in YAML"):
        yaml_reader.dump({"a": object()})


def test_an_import_does_not_load_the_library() -> None:
    code = "import sys; from helpers.core import yaml_reader; print('yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(("text", "line"), [("a: [", 1), ("a: [\n", 1), ("a: 1\nb: {", 2)])
def test_a_text_that_ends_too_early_is_wrong_on_its_last_line(text: str, line: int) -> None:
    with pytest.raises(yaml_reader.InvalidYaml) as caught:
        yaml_reader.load(text)
    assert caught.value.line == line


BOMB = "a0: &a0 [x, x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


@pytest.mark.parametrize("read", [yaml_reader.load, yaml_reader.load_all, yaml_reader.nodes])
@pytest.mark.parametrize("text", [BOMB, BOMB.replace("[x, x, x]", "{k: x}")])
def test_aliases_that_stand_for_millions_are_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(yaml_reader.InvalidYaml, match="aliases") as caught:
        read(text)
    assert caught.value.line > 1


def test_aliases_as_people_write_them_stay() -> None:
    text = "base: &base {cpu: 1, gpus: 4}\nteams:\n" + "".join(f"- {{<<: *base, name: t{n}}}\n" for n in range(500))
    assert len(yaml_reader.load(text)["teams"]) == 500
    assert yaml_reader.load("list: [" + "1, " * 60_000 + "1]\nstar: '*'\n")["star"] == "*"

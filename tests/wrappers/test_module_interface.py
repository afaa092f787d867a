"""A module's interface, read by the real hcl-reader, and what each change of it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.core import process
from helpers.core.errors import BadInput
from helpers.wrappers.base import ToolFailed
from helpers.wrappers.module_interface import (
    Interface,
    InvalidConstraint,
    InvalidModule,
    ProviderRequirement,
    Variable,
    compare,
    read,
)
from helpers.wrappers.module_interface.hcl_reader import HclReader
from helpers.wrappers.module_interface.type_constraint import narrowed, parse
from helpers.wrappers.module_interface.version_constraint import refused

MODULE = """terraform {
  required_version = ">= 1.9"
  required_providers {
    platform = {
      source  = "acme.test/platform/platform"
      version = "~> 1.0"
    }
  }
}

variable "team" {
  description = "Whose it is."
  type        = string
}

variable "pool" {
  description = "GPUs."
  type = object({
    kind  = string
    count = optional(number, 2) # nodes
  })
  default = { kind = "l4" }
}

variable "token" {
  type      = string
  default   = "hunter2-hunter2"
  sensitive = true
}

output "bucket" {
  description = "Where results go."
  value       = var.team
}

output "secret" {
  value     = var.token
  sensitive = true
}

module "tags" {
  source  = "registry.acme.test/acme/tags/platform"
  version = "1.2.0"
}

resource "terraform_data" "x" {
}
"""


def module(folder: Path, text: str = MODULE) -> Interface:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(text)
    return read(folder)


def test_the_interface_is_typed(tmp_path: Path) -> None:
    found = module(tmp_path / "-gpu workspace")
    assert found.name == "-gpu workspace" and found.required == ("team",)
    team, pool, token = found.variable("team"), found.variable("pool"), found.variable("token")
    assert team and (team.type, team.description, team.file, team.line) == ("string", "Whose it is.", "main.tf", 11)
    assert pool and pool.default == {"kind": "l4"} and not pool.required
    assert token and token.sensitive and token.default is None
    bucket, secret = found.output("bucket"), found.output("secret")
    assert bucket and bucket.description == "Where results go." and secret and secret.sensitive
    assert [(p.name, p.source, p.version_constraints) for p in found.providers] == [
        ("platform", "acme.test/platform/platform", ("~> 1.0",))
    ]
    assert found.required_version == (">= 1.9",) and [r.address for r in found.resources] == ["terraform_data.x"]
    assert [(m.name, m.version, m.where) for m in found.module_calls] == [("tags", "1.2.0", "main.tf:41")]
    assert [r.where for r in found.of_type("terraform_data")] == ["main.tf:46"] and not found.of_type("other")
    assert pool.defaults_to({"kind": "l4"}) and not pool.defaults_to({}) and not team.defaults_to(None)
    assert token.defaults_to("hunter2-hunter2") and not token.defaults_to(None)
    html = found._repr_html_() or ""
    assert "bucket" in html and "hunter2" not in html + repr(found) + repr(found.variables)


@pytest.mark.parametrize(
    ("old", "new", "kind", "bump"),
    [
        ('variable "team"', 'variable "squad"', "variable-renamed", "major"),
        ('output "bucket"', 'output "bucket_name"', "output-renamed", "major"),
        ("type        = string\n}", 'type        = string\n  default     = "x"\n}', "variable-now-optional", "minor"),
        ('  default   = "hunter2-hunter2"\n', "", "variable-now-required", "major"),
        ('"hunter2-hunter2"', '"hunter3-hunter3"', "default-changed", "major"),
        ("type        = string", "type        = number", "type-changed", "major"),
        ("type        = string", "type        = list(string)", "type-changed", "major"),
        ("type        = string", "type        = any", "type-widened", "minor"),
        ("kind  = string", "kind  = string\n    zone = string", "type-narrowed", "major"),
        ("kind  = string", "kind  = string\n    zone = optional(string)", "type-widened", "minor"),
        ("optional(number, 2)", "number", "type-narrowed", "major"),
        ("optional(number, 2)", "optional(number, 4)", "type-narrowed", "major"),
        ("    count = optional(number, 2) # nodes\n", "", "type-narrowed", "major"),
        ('">= 1.9"', '">= 1.11"', "required_version-raised", "major"),
        ('">= 1.9"', '">= 1.9, < 2"', "required_version-raised", "major"),
        ('">= 1.9"', '">= 1.5"', "required_version-widened", "minor"),
        ('"~> 1.0"', '"~> 1.4"', "provider-version-raised", "major"),
        ('"~> 1.0"', '">= 1.0"', "provider-version-widened", "minor"),
        ("acme.test/platform/platform", "acme.test/other/platform", "provider-source", "major"),
        ("  value       = var.team\n", "  value       = var.team\n  sensitive   = true\n", "output-sensitive", "major"),
        ('"Whose it is."', '"The owner."', "description", "patch"),
        ('version = "1.2.0"', 'version = "1.3.0"', "module-changed", "minor"),
        ("\n    count = optional(number, 2) # nodes", ",\n    count = optional(number,2)", None, "patch"),
    ],
)
def test_each_change_asks_for_its_version(tmp_path: Path, old: str, new: str, kind: str | None, bump: str) -> None:
    assert old in MODULE
    diff = compare(module(tmp_path / "m"), module(tmp_path / "m", MODULE.replace(old, new, 1)))
    assert [c.kind for c in diff.changes] == ([kind] if kind else []) and diff.bump == bump
    assert "hunter" not in repr(diff) + "".join(map(str, diff.changes)) + diff._repr_html_()


def test_added_and_removed(tmp_path: Path) -> None:
    small = module(tmp_path / "m", 'variable "a" {\n  type = string\n}\n\noutput "o" {\n  value = 1\n}\n')
    more = module(
        tmp_path / "m",
        'variable "a" {\n  type = string\n}\n\noutput "o" {\n  value = 1\n}\n'
        'variable "retention" {\n  default = 1\n}\nvariable "needed" {\n  type = bool\n}\n'
        'output "extra" {\n  value = 1\n}\n',
    )
    assert {c.kind: c.name for c in compare(small, more).changes} == {
        "variable-added": "retention",
        "variable-new-required": "needed",
        "output-added": "extra",
    }
    assert {c.kind for c in compare(more, small).changes} == {"variable-removed", "output-removed"}
    assert [c.breaking for c in compare(small, more).changes] == [True, False, False]
    assert compare(small, small).bump == "patch" and not compare(small, small).changes


def test_the_next_version_follows_semantic_versioning(tmp_path: Path) -> None:
    old = module(tmp_path / "m")
    breaking = compare(old, module(tmp_path / "m", MODULE.replace('output "secret"', 'output "zzz"')))
    minor = compare(old, module(tmp_path / "m", MODULE + 'output "new" {\n  value = 1\n}\n'))
    assert breaking.next_version("1.4.2") == "2.0.0" and breaking.next_version("0.4.2") == "0.5.0"
    assert minor.next_version("v1.4.2") == "1.5.0" and compare(old, old).next_version("1.4.2") == "1.4.3"
    assert (
        breaking.allows("1.4.2", "2.0.0") and not breaking.allows("1.4.2", "1.5.0") and minor.allows("1.0.0", "2.0.0")
    )
    assert breaking.allows("1.4.2", "2.0.0-rc.1") and not breaking.allows("1.4.2", "1.5.0-rc.1")
    with pytest.raises(BadInput):
        minor.next_version("one")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'variable "x" {', "Unclosed"),
        (b'variable "x" {\n  description = "\xff"\n}\n', "UTF-8"),
        (b'variable "x" {\n}\nvariable "x" {\n}\n', "already"),
        (b'variable "x" {\n  default = upper("x")\n}\n', "Functions"),
    ],
)
def test_a_broken_module_is_told_with_its_line(tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "main.tf").write_bytes(text)
    with pytest.raises(InvalidModule, match=said) as caught:
        read(tmp_path)
    assert caught.value.found[0].file == "main.tf" and caught.value.found[0].line > 0
    assert read(tmp_path, allow_errors=True).diagnostics


def test_no_module_is_told(tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    with pytest.raises(InvalidModule):
        read(tmp_path)
    with pytest.raises(BadInput):
        read(tmp_path / "nowhere")
    (tmp_path / "main.tf").symlink_to("nowhere")
    with pytest.raises(InvalidModule):
        read(tmp_path)


def test_overrides_and_json_are_read(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('variable "x" {\n}\n')
    (tmp_path / "x_override.tf").write_text('variable "x" {\n  default = 1\n}\n')
    (tmp_path / "more.tf.json").write_text('{"variable": {"y": {"type": "string"}}}')
    assert [v.name for v in read(tmp_path).variables] == ["x", "y"]


@pytest.mark.parametrize(
    ("old", "new", "breaks"),
    [
        ("number", "string", False),
        ("string", "bool", True),
        ("any", "string", True),
        ("", "any", False),
        ("list(number)", "list(string)", False),
        ("list(string)", "list(number)", True),
        ("set(string)", "list(string)", False),
        ("list(string)", "set(string)", True),
        ("map(any)", "map(string)", True),
        ("list", "list(any)", False),
        ('"string"', "string", False),
        ("tuple([string, number])", "tuple([string, string])", False),
        ("tuple([string])", "tuple([string, string])", True),
        ("object({ a = object({ b = string }) })", "object({ a = object({ b = number }) })", True),
        ("object({ a = string })", 'object({ a = optional(string, "x)") })', False),
        ("list(\n  object({\n    a = string, // why\n  })\n)", "list(object({ a = string }))", False),
        ("nonsense(", "string", True),
        (
            "object({ a = optional(object({ b = any }), { b = 1 }) })",
            "object({a=optional(object({b=any}),{b:1})})",
            False,
        ),
        ("object({ a = optional(object({ b = optional(string) }), {}) })", "object({ a = optional(any, {}) })", False),
        ("object({ a = optional(number, 2) })", "object({ a = optional(string, 2) })", False),
        ('object({ a = optional(number, "2") })', "object({ a = optional(number, 2) })", False),
        ('object({ a = optional(map(any), { x = "}" }) })', 'object({a=optional(map(any),{"x"="}"})})', False),
        ("object({ a = optional(list(number), [1, 2]) })", "object({ a = optional(list(number), [2, 1]) })", True),
        ("object({ a = string # not , b = bool\n})", "object({ a = /* any */ string })", False),
        ("object({ a = optional(string, <<-E\n  x\n  E\n) })", 'object({ a = optional(string, "x\\n") })', False),
        ("object({ a = optional(string, null) })", "object({ a = optional(string) })", False),
        ("object({ a = optional(any) })", "object({ a = optional(any, null) })", False),
        ("object({ a = optional(number, 1.50) })", "object({ a = optional(number, 1.5) })", False),
        ("object({ a = optional(number, 1e2) })", "object({ a = optional(number, 100) })", False),
        ("list(string) // was set", "list(string)", False),
        # Terraform refuses these: attribute names are not quoted, a list has one element type.
        ('object({ "a" = string })', "object({ a = string })", True),
        ("list(string,)", "list(string)", False),
        ("list(string, number)", "list(string)", True),
    ],
)
def test_types_are_compared_by_what_they_accept(old: str, new: str, breaks: bool) -> None:
    assert bool(narrowed(parse(old), parse(new))) is breaks


TYPES = st.recursive(
    st.sampled_from(["string", "number", "bool", "any"]),
    lambda inner: (
        st.builds("{}({})".format, st.sampled_from(["list", "set", "map"]), inner)
        | st.lists(inner, max_size=3).map(lambda items: f"tuple([{', '.join(items)}])")
        | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3).map(
            lambda d: "object({\n" + "\n".join(f"{k} = {v}" for k, v in d.items()) + "\n})"
        )
    ),
    max_leaves=6,
)


@given(TYPES)
def test_a_type_reads_as_it_is_written(text: str) -> None:
    read_back = parse(text)
    assert read_back.kind != "unknown" and parse(str(read_back)) == read_back
    assert narrowed(read_back, read_back) == [] and narrowed(read_back, parse("any")) == []


@given(st.text(max_size=40) | st.text('objectlist()[]{}=,\n# "optional', max_size=40))
def test_any_text_is_read_without_a_crash(text: str) -> None:
    found = parse(text)
    assert narrowed(found, found) == []


@pytest.mark.parametrize(
    ("old", "new", "version"),
    [
        (">= 1.0", ">= 1.0", ""),
        (">= 1.0", "~> 1.0", "2.0.0"),
        ("~> 1.2", "~> 1.2.0", "1.3.0"),
        ("~> 1.2.0", "~> 1.2", ""),
        ("", ">= 1.5", "0.0.0"),
        ("1.2.3", ">= 1.2.3", ""),
        (">= 1.0, != 1.5.0", ">= 1.0", ""),
        (">= 1.0", ">= 1.0, != 1.5.0", "1.5.0"),
        ("< 2", "< 3", ""),
        ("< 3", "< 2", "2.0.0"),
        (">= 1.2, != 1.3.0", ">= 1.2", ""),
        (">= 1.2", ">= 1.2, != 1.3.0", "1.3.0"),
        ("  1.2.3  ", "= 1.2.3", ""),
        (" 1.2 ", "1.2.1", "1.2.0"),
        ("1.0.0-beta", "1.0.0", "1.0.0-beta"),
        ("~> 1.0.0-beta", "~> 1.0.0", "1.0.0-beta"),
        ("~> 1.0.0", "~> 1.0.0-beta", "1.0.0"),
        ("~> 1", "~> 1.0", "2.0.0"),
        ("< 3", "< 2.9999999", "2.9999999.0"),
        ("1.2.3.4", "1.2.3.5", "1.2.3.4"),
    ],
)
def test_version_constraints_are_compared_by_what_they_accept(old: str, new: str, version: str) -> None:
    assert refused([old] if old else [], [new]) == version


@pytest.mark.parametrize(
    ("old", "new", "version"),
    [
        ("~> 1", "~> 1.0", ""),
        (">= 1", "~> 1", "2.0.0"),
        (">= 1.0.0-rc1", ">= 1.0.0", ""),
        ("1.0.0-beta1", "1.0.0-beta1, >= 0", ""),
        ("1.0.0-beta1", "1.0.0-beta2", "1.0.0-beta1"),
    ],
)
def test_constraints_of_a_provider_are_read_by_its_rules(old: str, new: str, version: str) -> None:
    assert refused([old], [new], provider=True) == version
    before = Interface("m", providers=(ProviderRequirement("p", version_constraints=(old,)),))
    after = Interface("m", providers=(ProviderRequirement("p", version_constraints=(new,)),))
    assert [c.kind for c in compare(before, after).changes] == (["provider-version-raised"] if version else [])


@pytest.mark.parametrize("text", ["=> 2", "newest", "", "1.0,, 2.0", ">= 1.0 < 2.0", "~> 1.x"])
def test_a_constraint_that_cannot_be_parsed_is_an_error_and_a_breaking_change(text: str) -> None:
    for old, new in (([text], [">= 1.0"]), ([">= 1.0"], [text]), ([">= 0.1", text], [text])):
        with pytest.raises(InvalidConstraint, match="cannot be parsed"):
            refused(old, new)
    before = Interface("m", providers=(ProviderRequirement("p", version_constraints=(">= 1.0",)),))
    after = Interface("m", providers=(ProviderRequirement("p", version_constraints=(text,)),), required_version=(text,))
    changes = compare(before, after).changes
    assert [c.kind for c in changes] == ["provider-version-unparsable", "required_version-unparsable"]
    assert all(c.breaking and text in c.text for c in changes) and not compare(after, after).changes


def test_one_run_answers_all_questions_of_a_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = module(tmp_path / "m")
    text = (
        MODULE.replace("kind  = string", "kind  = any").replace('">= 1.9"', '">= 1.8"').replace('"~> 1.0"', '">= 1.0"')
    )
    new = module(tmp_path / "m", text.replace("type        = string", "type        = number"))
    runs = []
    run = HclReader._run

    def counted(self: HclReader, *args: Any, **options: Any) -> process.Completed:
        runs.append(args)
        return run(self, *args, **options)

    monkeypatch.setattr(HclReader, "_run", counted)
    assert len(compare(old, new).changes) == 4 and len(runs) == 1
    assert not compare(old, old).changes and len(runs) == 1


def test_numbers_of_many_digits_are_compared_digit_by_digit_or_told(tmp_path: Path) -> None:
    def declared(name: str, default: str) -> Interface:
        return module(tmp_path / name, f'variable "x" {{\n  type    = number\n  default = {default}\n}}\n')

    (change,) = compare(declared("a", "9007199254740992"), declared("b", "9007199254740993")).changes
    assert change.kind == "default-changed" and "9007199254740993" in change.text
    assert not compare(declared("c", "100"), declared("d", "1e2")).changes
    for number in ("1e400", "1e5000"):
        with pytest.raises(InvalidModule, match="cannot be read") as caught:
            declared(f"huge-{number}", number)
        assert "cannot unmarshal number" in str(caught.value) and "goroutine" not in str(caught.value)


def test_the_largest_version_there_is_has_no_next(tmp_path: Path) -> None:
    def asks(name: str, version: str) -> Interface:
        text = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "%s" }\n  }\n}\n'
        return module(tmp_path / name, text % version)

    largest = f"~> {2**63 - 1}"
    assert compare(asks("a", "~> 1.0"), asks("b", largest)).changes
    assert not compare(asks("c", largest), asks("d", largest)).changes


def test_a_reader_without_an_answer_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "main.tf").touch()
    with pytest.raises(ToolFailed):
        read(tmp_path, executable="/bin/false")
    with pytest.raises(ToolFailed):
        read(tmp_path, executable="/bin/true")


def test_declarations_are_found_however_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text(
        '/* variable "x" {} */\nvariable x {}\noutput "o" {\n  value = <<E\nvariable "x" {\nE\n}\n'
    )
    assert not read(tmp_path).diagnostics
    (tmp_path / "b.tf.json").write_text('{"variable": {"x": {}}}')
    with pytest.raises(InvalidModule, match=r'b.tf.json:1: Duplicate variable "x". It is declared at a.tf:2 already'):
        read(tmp_path)


def test_sensitive_defaults_never_show() -> None:
    shown = repr(Variable("x", sensitive=True, default=None, default_digest="abc"))
    assert "abc" not in shown

"""Each kind of breaking change is caught, no compatible one is called so, what cannot be told goes to a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.wrappers.module_interface import Interface, InterfaceDiff, compare, read

MODULE = """terraform {
  required_version = ">= 1.9"
  required_providers {
    platform = {
      source  = "acme.test/platform/platform"
      version = ">= 1.2, < 3.0"
    }
  }
}

variable "team" {
  description = "Whose it is."
  type        = string
  nullable    = true
  validation {
    condition     = can(regex("^[a-z0-9-]+$", var.team)) # a name
    error_message = "A name."
  }
}

variable "nodes" {
  type    = number
  default = 2
  validation {
    condition     = var.nodes >= 1 && var.nodes <= 16 && floor(var.nodes) == var.nodes
    error_message = "1 to 16."
  }
}

variable "kind" {
  type     = string
  default  = "l4"
  nullable = false
  validation {
    condition     = contains(["l4", "h100"], var.kind)
    error_message = "No such GPU."
  }
}

variable "pool" {
  type = object({
    zone = string
    size = optional(number, 2)
  })
  default = { zone = "a" }
}

variable "token" {
  type      = string
  default   = null
  sensitive = true
  ephemeral = true
}

resource "platform_bucket" "this" {
  name = var.team
}

resource "platform_pool" "old" {
  for_each = { a = 1 }
}

moved {
  from = platform_bucket.main
  to   = platform_bucket.this
}

output "bucket" {
  value = platform_bucket.this.name
}

output "summary" {
  value = {
    team  = var.team
    nodes = var.nodes
  }
}

output "label" {
  value = "acme-${var.team}"
}
"""

NEW_REQUIRED = 'variable "zone" {\n  type = string\n}\n'
RENAMED = 'resource "platform_bucket" "data"'
BREAKING = [
    ('variable "pool" {', 'variable "gone" {', "variable-"),
    ("type    = number\n  default = 2", "type    = bool\n  default = true", "type-changed"),
    ("output", NEW_REQUIRED + "output", "variable-new-required"),
    ('  default = { zone = "a" }\n', "", "variable-now-required"),
    ("default = 2", "default = 4", "default-changed"),
    ("nullable    = true", "nullable    = false", "nullable-tightened"),
    ("  nullable = false\n", "", "nullable-loosened"),
    ('output "label" {\n  value = "acme-${var.team}"\n}\n', "", "output-removed"),
    ("value = platform_bucket.this.name", "value = platform_bucket.this.name\n  sensitive = true", "output-sensitive"),
    ("value = platform_bucket.this.name", "value = platform_bucket.this.name\n  ephemeral = true", "output-ephemeral"),
    ("    nodes = var.nodes\n", "", "output-retyped"),
    ("nodes = var.nodes\n  }", 'nodes = "${var.nodes} nodes"\n  }', "output-retyped"),
    ('"acme-${var.team}"', "[var.team]", "output-retyped"),
    ("var.nodes <= 16", "var.nodes <= 8", "validation-tightened"),
    ("var.nodes >= 1", "var.nodes > 1", "validation-tightened"),
    ('["l4", "h100"]', '["l4"]', "validation-tightened"),
    ('"^[a-z0-9-]+$"', '"^[a-z]+$"', "validation-tightened"),
    ('"^[a-z0-9-]+$"', '"^[a-z0-9](-?[a-z0-9])*$"', "validation-tightened"),
    ('"^[a-z0-9-]+$"', '"^[a-z0-9-]{1,900}$"', "validation-tightened"),
    ('"^[a-z0-9-]+$"', '"^([a-z0-9-]{2,}|[a-pr-z0-9-])$"', "validation-tightened"),
    ('>= 1.2, < 3.0"', '>= 2.0, < 3.0"', "provider-version-raised"),
    ('>= 1.2, < 3.0"', '>= 1.2, < 2.0"', "provider-version-raised"),
    ("acme.test/platform/platform", "acme.test/fork/platform", "provider-source"),
    ('< 3.0"\n', '< 3.0"\n      configuration_aliases = [platform.west]\n', "provider-alias-added"),
    ('">= 1.9"', '">= 1.11"', "required_version-raised"),
    ("  ephemeral = true\n", "", "variable-ephemeral"),
    ("size = optional(number, 2)", "size = number", "type-narrowed"),
    ('resource "platform_bucket" "this"', RENAMED, "resource-removed"),
    ("  for_each = { a = 1 }\n", "  count = 2\n", "resource-readdressed"),
    ("moved {\n  from = platform_bucket.main\n  to   = platform_bucket.this\n}\n", "", "moved-dropped"),
    ("output", 'import {\n  to = platform_bucket.this\n  id = "b"\n}\noutput', "import-block"),
    ("to   = platform_bucket.this", "to   = platform_bucket.other", "moved-dropped"),
]
FORGET = "removed {\n  from = platform_pool.old\n  lifecycle {\n    destroy = false\n  }\n}\n"
POOL = 'resource "platform_pool" "old" {\n  for_each = { a = 1 }\n}\n'
COMPATIBLE = [
    ("output", 'variable "zone" {\n  type    = string\n  default = "a"\n}\noutput', "minor"),
    ("size = optional(number, 2)", "size = optional(number, 2)\n    spot = optional(bool, false)", "minor"),
    ('"Whose it is."', '"The team that pays."', "patch"),
    (POOL, "", None),
    ("  type    = number\n  default = 2\n", "  default = 2\n  type    =   number # nodes\n", None),
    ("var.nodes <= 16", "var.nodes <= 64", "minor"),
    ('["l4", "h100"]', '["l4", "h100", "b200"]', "minor"),
    ("var.nodes >= 1 && var.nodes <= 16", "!(var.nodes < 1 || 16 < var.nodes)", "patch"),
    ("output", 'output "zone" {\n  value = var.pool.zone\n}\noutput', "minor"),
    ('>= 1.2, < 3.0"', '>= 1.1, < 4.0"', "minor"),
    ('">= 1.9"', '">= 1.8"', "minor"),
    ("    nodes = var.nodes\n", "    nodes = var.nodes\n    kind  = var.kind\n", "minor"),
    ('"acme-${var.team}"', '"acme-${lower(var.team)}"', "patch"),
    ('"^[a-z0-9-]+$"', '"^[a-z0-9_-]+$"', "minor"),
    ('"^[a-z0-9-]+$"', '"^[-0-9a-z]{1,}$"', "patch"),
    ('contains(["l4", "h100"], var.kind)', 'can(regex("^[a-z]+[0-9]+$", var.kind))', "minor"),
    ('can(regex("^[a-z0-9-]+$", var.team))', 'length(regexall("^[a-z0-9-]+$", var.team)) > 0', "patch"),
    ('can(regex("^[a-z0-9-]+$", var.team)) # a name', 'can(\n      regex("^[a-z0-9-]+$", var.team)\n    )', None),
]


def interface(folder: Path, text: str) -> Interface:
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(text)
    return read(folder)


def changed(folder: Path, old: str, new: str) -> InterfaceDiff:
    assert old in MODULE
    return compare(interface(folder / "a", MODULE), interface(folder / "b", MODULE.replace(old, new, 1)))


@pytest.mark.parametrize(("old", "new", "kind"), BREAKING)
def test_a_breaking_change_asks_for_a_major_version(tmp_path: Path, old: str, new: str, kind: str) -> None:
    found = changed(tmp_path, old, new)
    assert found.bump == "major" and found.next_version("1.4.2") == "2.0.0"
    assert any(change.kind.startswith(kind) for change in found.changes if change.bump == "major"), found.changes
    assert found.breaking


@pytest.mark.parametrize(("old", "new", "bump"), COMPATIBLE)
def test_a_compatible_change_is_not_called_breaking(tmp_path: Path, old: str, new: str, bump: str | None) -> None:
    if new == "":
        # Reordering: the block goes to the end of the file.
        text = MODULE.replace(old, "") + old
        found = compare(interface(tmp_path / "a", MODULE), interface(tmp_path / "b", text))
    else:
        found = changed(tmp_path, old, new)
    assert not found.breaking and not found.undecided, found.changes
    assert found.bump == (bump or "patch") and bool(found.changes) is (bump is not None)


def test_a_rename_with_a_moved_block_is_compatible(tmp_path: Path) -> None:
    text = MODULE.replace('resource "platform_bucket" "this"', RENAMED).replace(".this.name", ".data.name")
    text += "moved {\n  from = platform_bucket.this\n  to   = platform_bucket.data\n}\n"
    found = compare(interface(tmp_path / "a", MODULE), interface(tmp_path / "b", text))
    assert [c.kind for c in found.changes] == ["resource-moved"] and found.bump == "patch"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('can(regex("^[a-z0-9-]+$", var.team))', "var.team == lower(trimspace(var.team))", "validation-"),
        ('can(regex("^[a-z0-9-]+$", var.team))', 'length(regexall("[aeiou]", var.team)) < 200', "validation-changed"),
        ("value = platform_bucket.this.name", "value = platform_bucket.this.id", "output-expression"),
        ("\n  name = var.team\n", "\n  count = var.nodes\n  name = var.team\n", "resource-counted"),
        ("{ a = 1 }", "var.pool.pools", "resource-repeated"),
        ("output", 'module "tags" {\n  source = "./tags"\n}\noutput', None),
    ],
)
def test_what_cannot_be_told_is_never_silently_compatible(tmp_path: Path, old: str, new: str, kind: str | None) -> None:
    found = changed(tmp_path, old, new)
    if kind is None:
        assert [c.kind for c in found.changes] == ["resource-added"] and found.bump == "minor"
        return
    (change,) = found.changes
    assert change.kind.startswith(kind) and change.undecided and found.bump == "minor" and not found.breaking
    for bump in ("patch", "minor", "major"):
        decided = found.decided({change.key: bump})
        assert decided.bump == bump and bool(decided.breaking) is (bump == "major")
        assert not decided.undecided and "decided" in decided.changes[0].text


def test_a_decision_for_another_diff_is_refused(tmp_path: Path) -> None:
    found = changed(tmp_path, "default = 2", "default = 4")
    with pytest.raises(BadInput, match="decides nothing"):
        found.decided({"default-changed:nodes": "patch"})


def test_a_moved_block_that_leads_nowhere_saves_nothing(tmp_path: Path) -> None:
    text = MODULE.replace('resource "platform_bucket" "this"', RENAMED).replace(".this.name", ".data.name")
    text += "moved {\n  from = platform_bucket.this\n  to   = platform_bucket.elsewhere\n}\n"
    found = compare(interface(tmp_path / "a", MODULE), interface(tmp_path / "b", text))
    assert "moved-dangling" in [c.kind for c in found.breaking]


def test_a_forgotten_resource_and_its_dropped_block(tmp_path: Path) -> None:
    forgot = MODULE.replace(POOL, FORGET)
    found = compare(interface(tmp_path / "a", MODULE), interface(tmp_path / "b", forgot))
    assert [c.kind for c in found.breaking] == ["resource-forgotten"]
    later = compare(interface(tmp_path / "c", forgot), interface(tmp_path / "d", MODULE.replace(POOL, "")))
    assert [c.kind for c in later.breaking] == ["removed-dropped"]


def test_the_example_of_a_sensitive_variable_is_not_shown(tmp_path: Path) -> None:
    head = 'variable "token" {\n  type = string\n  sensitive = true\n  validation {\n    error_message = "No."\n'
    old = head + '    condition = contains(["alpha-key", "beta-key"], var.token)\n  }\n}\n'
    new = head + '    condition = contains(["beta-key"], var.token)\n  }\n}\n'
    (change,) = compare(interface(tmp_path / "a", old), interface(tmp_path / "b", new)).changes
    assert change.breaking and "alpha-key" not in change.text


def test_several_inputs_are_evaluated_in_one_run(tmp_path: Path) -> None:
    text = MODULE.replace("var.nodes <= 16", "var.nodes <= 8").replace('["l4", "h100"]', '["l4", "h100", "b200"]')
    found = compare(interface(tmp_path / "a", MODULE), interface(tmp_path / "b", text))
    assert {c.name: c.kind for c in found.changes} == {"nodes": "validation-tightened", "kind": "validation-loosened"}
    assert "16" in found.breaking[0].text or "9" in found.breaking[0].text


@pytest.mark.parametrize(
    ("override", "kinds"),
    [
        ('variable "nodes" {\n  description = "How many."\n}\n', ["description"]),
        ('output "label" {\n  description = "What is shown."\n}\n', ["description"]),
        ('resource "platform_queue" "this" {\n  name = "q"\n}\n', []),
        ('variable "nodes" {\n  default = 4\n}\n', ["default-changed"]),
        ('variable "nodes" {\n  type = bool\n}\n', ["type-changed"]),
        ('variable "team" {\n  default = "vision"\n}\n', ["variable-now-optional"]),
    ],
)
def test_an_override_file_changes_what_it_says_and_nothing_else(
    tmp_path: Path, override: str, kinds: list[str]
) -> None:
    text = MODULE + 'resource "platform_queue" "this" {\n  for_each = { a = 1 }\n  name     = each.key\n}\n'
    old = interface(tmp_path / "a", text)
    interface(tmp_path / "b", text)
    (tmp_path / "b" / "more_override.tf").write_text(override)
    new = read(tmp_path / "b")
    assert [change.kind for change in compare(old, new).changes] == kinds


def test_a_number_that_becomes_a_string_keeps_its_default_and_retypes_its_output(tmp_path: Path) -> None:
    text = 'variable "n" {\n  type    = number\n  default = 3\n}\noutput "n" {\n  value = VALUE\n}\n'
    for value, kinds in (
        ("var.n", ["output-retyped", "type-widened"]),
        ("[var.n]", ["output-expression", "type-widened"]),
        ('"${var.n} nodes"', ["type-widened"]),
    ):
        was = text.replace("VALUE", value)
        now = was.replace("number", "string").replace("= 3", '= "3"')
        found = compare(interface(tmp_path / "a", was), interface(tmp_path / "b", now))
        assert sorted(change.kind for change in found.changes) == kinds, value
    assert found.bump == "minor" and not found.undecided


INNER = 'terraform {\n  required_version = ">= 1.9"\n}\nresource "platform_queue" "q" {\n}\n'


@pytest.mark.parametrize(
    ("inner", "kinds"),
    [
        (INNER.replace('"q"', '"r"'), ["resource-removed"]),
        (INNER.replace("1.9", "1.12"), ["required_version-raised"]),
        (INNER.replace("{\n}", "{\n  for_each = { a = 1 }\n}"), ["resource-readdressed"]),
        (INNER.replace('"q"', '"r"') + "moved {\n  from = platform_queue.q\n  to = platform_queue.r\n}\n", []),
        (INNER + 'variable "n" {\n}\noutput "n" {\n  value = var.n\n}\n', []),
    ],
)
def test_what_an_inner_module_loses_is_lost_for_the_callers_too(tmp_path: Path, inner: str, kinds: list[str]) -> None:
    found = compare(outside(tmp_path / "a", INNER, ""), outside(tmp_path / "b", inner, ""))
    assert [change.kind for change in found.breaking] == kinds and not found.undecided
    assert all(change.name.startswith("module.queue.") for change in found.changes)


def test_what_the_outer_module_may_have_moved_goes_to_a_person(tmp_path: Path) -> None:
    move = "moved {\n  from = module.queue.platform_queue.q\n  to = module.queue.platform_queue.r\n}\n"
    new = outside(tmp_path / "b", INNER.replace('"q"', '"r"'), move)
    found = compare(outside(tmp_path / "a", INNER, ""), new)
    assert not found.breaking and [change.key for change in found.undecided][-1].startswith("resource-removed:module.")


def outside(folder: Path, inner: str, more: str) -> Interface:
    """Return a module that calls one of its own directories."""
    (folder / "queue").mkdir(parents=True)
    (folder / "queue" / "main.tf").write_text(inner)
    return interface(folder, MODULE + 'module "queue" {\n  source = "./queue"\n}\n' + more)

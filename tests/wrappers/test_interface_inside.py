"""Repetition, guards and locals inside a module are judged by what they come to, not by how they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.wrappers.module_interface import Interface, compare, read

MODULE = """variable "team" {
  type = string
  validation {
    condition     = can(regex(local.name, var.team))
    error_message = "A name."
  }
}

variable "nodes" {
  type = number
}

variable "zones" {
  type    = tuple([string, string])
  default = ["a", "b"]
}

locals {
  name   = "^[a-z]{2,8}$"
  prefix = "acme"
  label  = "${local.prefix}-${var.team}"
  teams  = toset(["vision", "speech"])
  tags   = { team = var.team, label = local.label }
}

resource "platform_pool" "this" {
  count = 2
  lifecycle {
    precondition {
      condition     = var.nodes <= 16
      error_message = "16 at most."
    }
    postcondition {
      condition     = self.id != ""
      error_message = "No id."
    }
  }
}

resource "platform_bucket" "this" {
  for_each = local.teams
}

resource "platform_cache" "this" {
  for_each = { a = var.nodes, b = 2 }
}

resource "platform_queue" "this" {
}

module "tags" {
  source = "./tags"
}

output "label" {
  value = local.label
}

output "tags" {
  value = local.tags
}

output "first" {
  value = platform_pool.this[0].id
  precondition {
    condition     = var.nodes > 0
    error_message = "One at least."
  }
}
"""
QUEUE = 'resource "platform_queue" "this" {\n'
TAGS = 'module "tags" {\n'
POST = '    postcondition {\n      condition     = self.id != ""\n      error_message = "No id."\n    }\n'
MOVED = "moved {\n  from = platform_queue.this\n  to   = platform_queue.jobs\n}\n"
BREAKING = [
    ("count = 2", "count = 1", "resource-count"),
    ('toset(["vision", "speech"])', 'toset(["vision"])', "resource-keys"),
    ("{ a = var.nodes, b = 2 }", "{ a = var.nodes, c = 2 }", "resource-keys"),
    (QUEUE, QUEUE + "  count = 0\n", "resource-counted"),
    (QUEUE, QUEUE + '  for_each = toset(["a"])\n', "resource-readdressed"),
    (TAGS, TAGS + "  count  = 1\n", "resource-readdressed"),
    ('resource "platform_queue" "this"', 'resource "platform_queue" "jobs"', "resource-removed"),
    ('"^[a-z]{2,8}$"', '"^[a-z]{3,8}$"', "validation-tightened"),
    (", label = local.label }", " }", "output-retyped"),
    ("  count = 2\n", "", "resource-counted"),
    ("type    = tuple([string, string])", "type    = list(bool)", "type-changed"),
]
COMPATIBLE = [
    ("local.label", "local.title", None),
    ("local.name", "local.pattern", None),
    ("local.teams", "local.names", None),
    ("value = local.label", 'value = "${local.prefix}-${var.team}"', None),
    ("  for_each = local.teams", '  for_each = toset(["vision", "speech"])', None),
    ("count = 2", "count = local.nodes", None),
    ('"^[a-z]{2,8}$"', '"^[a-z]{2,12}$"', "minor"),
    ('"^[a-z]{2,8}$"', '"^[a-z][a-z]{1,7}$"', "patch"),
    ("tuple([string, string])", "list(string)", "minor"),
    ("count = 2", "count = 3", "minor"),
    ('["vision", "speech"]', '["speech", "vision"]', "patch"),
    ('["vision", "speech"]', '["vision", "speech", "robots"]', "minor"),
    ("{ a = var.nodes, b = 2 }", "{ a = var.nodes, b = 3 }", "patch"),
    (QUEUE, QUEUE + "  count = 1\n", "patch"),
    (POST, "", "minor"),
    ('platform_queue" "this" {\n}\n', f'platform_queue" "jobs" {{\n}}\n{MOVED}', "patch"),
]
OPEN = [
    ("count = 2", "count = var.nodes", "resource-repeated"),
    ("count = 2", "count = var.nodes > 4 ? 2 : 1", "resource-repeated"),
    ("for_each = local.teams", "for_each = toset(var.zones)", "resource-repeated"),
    (QUEUE, QUEUE + "  count = var.nodes\n", "resource-counted"),
    ("var.nodes <= 16", "var.nodes <= 8", "guard-changed"),
    ('self.id != ""', 'startswith(self.id, "pool-")', "guard-changed"),
    ("var.nodes > 0", "var.nodes > 1", "guard-changed"),
    (POST, POST + POST.replace('""', '"x"'), "guard-changed"),
    ('prefix = "acme"', "prefix = platform_queue.this.id", None),
    ('source = "./tags"', 'source = "./labels"', "module-changed"),
]


def interface(directory: Path, text: str) -> Interface:
    directory.mkdir(exist_ok=True)
    (directory / "main.tf").write_text(text)
    return read(directory)


def edited(old: str, new: str) -> str:
    """Return the module with an edit; a local that is called otherwise is so everywhere."""
    assert old in MODULE
    text = MODULE.replace(old, new) if old.startswith("local.") else MODULE.replace(old, new, 1)
    if old.startswith("local."):
        text = text.replace(f"  {old[6:]} ", f"  {new[6:]} ", 1)
    return text.replace("locals {\n", "locals {\n  nodes = 2\n", 1) if "local.nodes" in new else text


@pytest.mark.parametrize(("old", "new", "kind"), BREAKING)
def test_what_destroys_or_refuses_asks_for_a_major_version(tmp_path: Path, old: str, new: str, kind: str) -> None:
    found = compare(interface(tmp_path / "a", MODULE), interface(tmp_path / "b", edited(old, new)))
    assert kind in [change.kind for change in found.breaking] and found.bump == "major", found.changes


def queue(repetition: str, *moves: tuple[str, str], name: str = "this") -> str:
    """Return a module of one resource, with what has moved."""
    blocks = "".join(f"moved {{\n  from = platform_queue.{a}\n  to   = platform_queue.{b}\n}}\n" for a, b in moves)
    return f'resource "platform_queue" "{name}" {{\n  {repetition}\n}}\n{blocks}'


ONE, TWO, THREE = "", "count = 2", "count = 3"
KEYS = 'for_each = toset(["a", "b"])'


@pytest.mark.parametrize(
    ("old", "new", "bump"),
    [
        (queue(THREE), queue(KEYS, ("this[0]", 'this["a"]')), "major"),
        (queue(TWO), queue(KEYS, ("this[0]", 'this["a"]'), ("this[1]", 'this["b"]')), "patch"),
        (queue(ONE), queue(KEYS, ("this", 'this["a"]')), "patch"),
        (queue(ONE), queue(KEYS, ("this", 'this["z"]')), "major"),
        (queue(KEYS), queue('for_each = toset(["a", "c"])', ('this["b"]', 'this["z"]')), "major"),
        (queue(KEYS), queue('for_each = toset(["a"])', ('this["b"]', 'this["a"]')), "major"),
        (queue(KEYS), queue('for_each = toset(["a", "c"])', ('this["b"]', 'this["c"]')), "minor"),
        (queue(THREE), queue(ONE, ("this", "jobs"), name="jobs"), "major"),
        (queue(THREE), queue(TWO, ("this", "jobs"), name="jobs"), "major"),
        (queue(THREE), queue(ONE, ("this[0]", "jobs"), name="jobs"), "major"),
        (queue(THREE), queue(THREE, ("this", "jobs"), name="jobs"), "patch"),
        (queue(KEYS), queue(KEYS, ("this", "tasks"), ("tasks", "jobs"), name="jobs"), "patch"),
        # Terraform follows from an address to its first index by itself, but not where a moved block led to.
        (queue(ONE), queue("count = 1", ("this", "jobs"), name="jobs"), "major"),
    ],
)
def test_moved_blocks_have_to_lead_every_object_to_a_place_of_its_own(
    tmp_path: Path, old: str, new: str, bump: str
) -> None:
    found = compare(interface(tmp_path / "a", old), interface(tmp_path / "b", new))
    assert found.bump == bump and not found.undecided, found.changes


@pytest.mark.parametrize(
    ("value", "kinds", "bump"),
    [
        ("platform_queue.this", {"output-retyped"}, "major"),
        ("{ all = platform_queue.this }", {"output-expression"}, "minor"),
        ("platform_queue.this[*].id", set(), "patch"),
        ('"platform_queue.this"', set(), "patch"),
    ],
)
def test_an_output_of_a_resource_that_becomes_a_list_is_another_one(
    tmp_path: Path, value: str, kinds: set[str], bump: str
) -> None:
    shown = f'output "queue" {{\n  value = {value}\n}}\n'
    found = compare(
        interface(tmp_path / "a", queue(ONE) + shown), interface(tmp_path / "b", queue("count = 1") + shown)
    )
    assert {one.kind for one in found.changes} == {"resource-counted", *kinds} and found.bump == bump, found.changes


def test_moves_of_objects_that_cannot_be_counted_are_for_a_person(tmp_path: Path) -> None:
    head, many = 'variable "n" {\n  type = number\n}\n', "count = var.n"
    old = interface(tmp_path / "a", head + queue(many))
    renamed = interface(tmp_path / "b", head + queue(many, ("this", "jobs"), name="jobs"))
    assert compare(old, renamed).bump == "patch" and not compare(old, renamed).undecided
    first = interface(tmp_path / "c", head + queue(KEYS, ("this[0]", 'this["a"]')))
    assert [change.kind for change in compare(old, first).undecided] == ["resource-moved"]
    call = interface(tmp_path / "d", 'module "tags" {\n  source = "./tags"\n}\n')
    move = "moved {\n  from = module.tags.platform_queue.this\n  to   = platform_queue.this\n}\n"
    pulled = compare(call, interface(tmp_path / "e", queue(ONE) + move))
    (moved,) = [change for change in pulled.undecided if change.kind == "resource-moved"]
    assert moved.name == "module.tags" and "every object" in moved.text


@pytest.mark.parametrize(("old", "new", "bump"), COMPATIBLE)
def test_what_keeps_every_object_is_not_called_breaking(tmp_path: Path, old: str, new: str, bump: str | None) -> None:
    found = compare(interface(tmp_path / "a", MODULE), interface(tmp_path / "b", edited(old, new)))
    assert not found.breaking and not found.undecided, found.changes
    assert found.bump == (bump or "patch") and bool(found.changes) is (bump is not None), found.changes


@pytest.mark.parametrize(("old", "new", "kind"), OPEN)
def test_what_depends_on_values_is_for_a_person(tmp_path: Path, old: str, new: str, kind: str | None) -> None:
    found = compare(interface(tmp_path / "a", MODULE), interface(tmp_path / "b", edited(old, new)))
    if kind is None:
        # The label is a text as before, and so are the tags: only how it is made changed.
        assert found.changes and found.bump == "patch" and not found.undecided, found.changes
        return
    assert [change.kind for change in found.changes] == [kind] and found.undecided, found.changes
    assert not found.breaking and found.bump == "minor"


def test_a_local_of_locals_that_grows_without_end_is_compared_all_the_same(tmp_path: Path) -> None:
    head = 'locals {\n  a0 = "x"\n'
    grown = head + "".join(f'  a{n} = "${{local.a{n - 1}}}${{local.a{n - 1}}}"\n' for n in range(1, 40))
    text = grown + '}\noutput "o" {\n  value = local.a39\n}\nlocals {\n  round = local.trip\n  trip  = local.round\n}\n'
    old, new = interface(tmp_path / "a", text), interface(tmp_path / "b", text.replace('"x"', '"y"'))
    assert not compare(old, old).changes and compare(old, new).changes


def test_a_pattern_is_judged_for_an_attribute_and_for_null_too(tmp_path: Path) -> None:
    text = 'variable "pool" {\n  type = object({\n    zone = %s\n  })\n  validation {\n    error_message = "No."\n'
    text += "    condition     = %s\n  }\n}\n"

    def kinds(zone: str, old: str, new: str) -> list[str]:
        pair = (interface(tmp_path / name, text % (zone, rule)) for name, rule in (("a", old), ("b", new)))
        return [change.kind for change in compare(*pair).changes]

    one, two = 'can(regex("^[a-z]+$", var.pool.zone))', 'can(regex("^[a-z0-9]+$", var.pool.zone))'
    assert kinds("string", one, two) == ["validation-loosened"]
    assert kinds("string", two, one) == ["validation-tightened"]
    either = f"var.pool.zone == null || {one}"
    assert kinds("optional(string)", either, one) == ["validation-tightened"]
    assert kinds("optional(string)", one, either) == ["validation-loosened"]

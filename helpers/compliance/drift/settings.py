"""Reads ``drift.yaml``: which stacks there are, who owns them, and which noise is kept out until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from helpers.compliance.drift.types import BadDriftFile, DriftSettings, IgnoreRule, Stack
from helpers.core import yaml_reader

_TOP = {"version", "stacks", "ignore", "parallel", "timeout", "lock_timeout"}
_STACK = {"name", "path", "owner", "contact", "account"}
_RULE = {"stack", "resource", "attribute", "owner", "reason", "until"}


def load(file: Path) -> DriftSettings:
    """Return what ``drift.yaml`` says; paths are relative to it.

    Raises:
        BadDriftFile: it cannot be read, has no stack, or a stack or rule lacks an owner, a reason or an end.
    """
    try:
        raw = yaml_reader.load(file.read_text(encoding="utf-8"))
        if raw["version"] != 1:
            raise _bad("version: 1 is the only one there is")
        _known(raw, _TOP, "drift.yaml")
        stacks = tuple(_stack(one, file.parent) for one in raw["stacks"] or ())
        rules = tuple(_rule(one) for one in raw.get("ignore") or ())
        parallel, timeout = int(raw.get("parallel", 4)), float(raw.get("timeout", 300))
    except (OSError, UnicodeDecodeError, yaml_reader.InvalidYaml) as error:
        raise _bad(str(error)) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _bad(f"{type(error).__name__}: {error}") from None
    names = [one.name for one in stacks]
    if not stacks or len(set(names)) != len(names):
        raise _bad("there is a stack at least, and each has a name of its own")
    if parallel < 1 or timeout <= 0:
        raise _bad("parallel is 1 or more, timeout more than 0")
    return DriftSettings(stacks, rules, parallel, timeout, str(raw.get("lock_timeout", "30s")))


def _stack(raw: Mapping[str, Any], root: Path) -> Stack:
    _known(raw, _STACK, f"stack {raw.get('name')}")
    if not str(raw["owner"]).strip():
        raise _bad(f"stack {raw['name']}: nobody owns it")
    directory = root / str(raw["path"])
    return Stack(
        str(raw["name"]), directory, str(raw["owner"]), str(raw.get("contact", "")), str(raw.get("account", ""))
    )


def _rule(raw: Mapping[str, Any]) -> IgnoreRule:
    _known(raw, _RULE, "a rule under ignore")
    words = {name: str(raw[name]).strip() for name in ("stack", "resource", "attribute", "owner", "reason")}
    if lacking := [name for name, said in words.items() if not said]:
        raise _bad(f"a rule under ignore has no {', '.join(lacking)}")
    if words["resource"] == "*" and words["attribute"] == "*":
        raise _bad("a rule that ignores every attribute of every resource ends drift detection")
    until = raw["until"]
    return IgnoreRule(**words, until=until if type(until) is date else date.fromisoformat(str(until)))


def _known(raw: Mapping[str, Any], names: set[str], where: str) -> None:
    if strange := set(raw) - names:
        raise _bad(f"{where}: unknown fields {', '.join(sorted(map(str, strange)))}")


def _bad(why: str) -> BadDriftFile:
    return BadDriftFile("The file of stacks is not valid", why=why, next="Correct drift.yaml.")

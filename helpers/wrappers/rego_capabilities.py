"""What Rego may use here: everything of OPA but what reaches out of the evaluation.

A policy may come from a learner, a pull request or a bundle of somebody else. By OPA's own default it may send HTTP
requests, look names up and read the environment of the process that evaluates it.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

from helpers.core import process
from helpers.core.files import write_atomic
from helpers.core.paths import cache_dir
from helpers.runtime import tools
from helpers.wrappers.base import ToolFailed

#: Built-in functions that reach out: the network, names, the environment and settings of the process, and (a schema may
#: be given as ``{"$ref": "file:///..."}``) the files of whoever evaluates.
FORBIDDEN = ("http.send", "net.lookup_ip_addr", "opa.runtime", "json.match_schema", "json.verify_schema")
#: Bytes of memory that an evaluation may have: ``numbers.range(0, 1000000000)`` alone would take a machine's.
MEMORY = 1_000_000_000


def restricted() -> Path:
    """Return a capabilities file for OPA and Conftest without the functions in `FORBIDDEN` and without any network.

    It is made from what the course's own OPA says it can do, once for each build of it.

    Raises:
        ToolFailed: OPA does not say.
    """
    held = tools.ensure("opa")
    file = cache_dir() / "rego" / f"capabilities-{held.version}-{held.sha256[:16]}.json"
    if not _restricts(file):
        done = process.run([held.path, "capabilities", "--current"], timeout=60)
        if done.returncode != 0:
            raise ToolFailed("opa capabilities failed", why=done.stderr, next="course doctor", completed=done)
        known = json.loads(done.stdout)
        known["builtins"] = [one for one in known["builtins"] if one["name"] not in FORBIDDEN]
        # Without this list every host may be reached by what loads a schema.
        known["allow_net"] = []
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps(known))
    return file


def _restricts(file: Path) -> bool:
    """Return whether a file of ours is there and still is one: that it exists says nothing about what is in it."""
    try:
        found = file.stat()
        return _read(file, found.st_ino, found.st_mtime_ns, found.st_size)
    except OSError:
        return False


@functools.lru_cache(maxsize=4)
def _read(file: Path, *_state: int) -> bool:
    try:
        known = json.loads(file.read_bytes())
        names = {one["name"] for one in known["builtins"]}
        return known["allow_net"] == [] and bool(names) and names.isdisjoint(FORBIDDEN)
    except (ValueError, KeyError, TypeError):
        return False


def why_forbidden(message: str) -> str:
    """Return why a function is unknown that OPA has, for a message about Rego; empty when it is about none of them."""
    named = next((name for name in FORBIDDEN if name in message), "")
    return f"{named} reaches out of the evaluation, so no policy may call it here." if named else ""

"""``module.yaml``: what a module says of itself that Terraform has no place for.

::

    name: gpu-workspace
    namespace: vision
    provider: aws
    version: 1.2.0            # optional; when it is there it must be the published one
    description: A place to train on GPUs.
    versioning: Semantic versions. Inputs and outputs are the interface; removing one raises the major version.
    support:
      team: vision platform
      contact: vision-platform@acme.test      # address, URL or #channel
      hours: Mon-Fri 09:00-17:00 CET
"""

from __future__ import annotations

import re
from typing import Any

from helpers.services.registry_server.problems import Problem

FILE = "module.yaml"
_CONTACT = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|https?://\S+|#[\w-]+")
_MAX = 64 * 1024


def check(files: dict[str, bytes], module: str, version: str) -> tuple[dict[str, Any], list[Problem]]:
    """Return the manifest as plain text fields, and its problems.

    Args:
        files: of the module.
        module: ``NAMESPACE/NAME/PROVIDER`` it is published as.
        version: it is published as.
    """
    if FILE not in files:
        fix = "Add module.yaml with name, namespace, provider, versioning and support (team, contact, hours)."
        return {}, [Problem("manifest", FILE, "The file is missing.", fix), _no_support()]
    data = _load(files[FILE])
    if not isinstance(data, dict):
        return {}, [Problem("manifest", FILE, "It is no YAML mapping.", "Write `key: value` lines.")]
    problems = []
    for key, wanted in zip(("namespace", "name", "provider"), module.split("/"), strict=True):
        if str(data.get(key, "")) != wanted:
            what = f"`{key}` is {str(data.get(key, 'missing'))[:60]!r}, but it is published as {wanted!r}."
            problems.append(Problem("manifest", f"{FILE}: {key}", what, f"Write `{key}: {wanted}`."))
    if "version" in data and str(data["version"]) != version:
        what = f"`version` is {str(data['version'])[:60]!r}, but it is published as {version!r}."
        problems.append(Problem("manifest", f"{FILE}: version", what, f"Write `version: {version}`, or leave it out."))
    if len(str(data.get("versioning") or "")) < 20:
        what = "It does not say how versions are chosen."
        fix = "Write `versioning:` with a sentence: what counts as a breaking change, and how long a major is kept."
        problems.append(Problem("versioning-policy", f"{FILE}: versioning", what, fix))
    problems += _support(data.get("support"))
    return _plain(data), problems


def _load(raw: bytes) -> Any:
    import yaml

    # Anchors could make a small file large; a manifest needs none.
    if len(raw) > _MAX or re.search(rb"(^|[\s\[{,:])[&*]\w", raw):
        return None
    try:
        return yaml.safe_load(raw)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError, TypeError):
        return None


def _support(support: Any) -> list[Problem]:
    if not isinstance(support, dict):
        return [_no_support()]
    problems = []
    for key, fix in (
        ("team", "Write who answers, such as `team: vision platform`."),
        ("contact", "Write an address, a URL or a #channel."),
        ("hours", "Write when somebody answers, such as `hours: Mon-Fri 09:00-17:00 CET`."),
    ):
        value = str(support.get(key) or "")
        if not value or (key == "contact" and not _CONTACT.fullmatch(value)):
            what = f"`{key}` is missing." if not value else f"`{value[:60]}` is no way to reach somebody."
            problems.append(Problem("support-contact", f"{FILE}: support.{key}", what, fix))
    return problems


def _no_support() -> Problem:
    fix = "Add `support:` with team, contact (address, URL or #channel) and hours to module.yaml."
    return Problem("support-contact", f"{FILE}: support", "Nobody can be asked for help.", fix)


def _plain(data: dict[Any, Any]) -> dict[str, Any]:
    support = data.get("support")
    return {
        "description": str(data.get("description") or "")[:500],
        "versioning": str(data.get("versioning") or "")[:2000],
        "support": {str(k): str(v)[:300] for k, v in support.items()} if isinstance(support, dict) else {},
    }

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

That is form 1 of the support block; form 2 says what is promised: see `helpers.compliance.module_support`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from helpers.clients.registry.errors import PackageProblem
from helpers.compliance import module_support
from helpers.compliance.module_support import SupportModel, SupportPolicy
from helpers.core import yaml_reader

FILE = "module.yaml"
_CONTACT = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|https?://\S+|#[\w-]+")
_MAX = 64 * 1024


def check(
    files: dict[str, bytes], module: str, version: str, policy: SupportPolicy, today: dt.date
) -> tuple[dict[str, Any], list[PackageProblem]]:
    """Return the manifest as plain text fields, and its problems.

    Args:
        files: of the module.
        module: ``NAMESPACE/NAME/PROVIDER`` it is published as.
        version: it is published as.
        policy: what the namespace demands of support models.
        today: the day that dates of a support model are compared with.
    """
    if FILE not in files:
        fix = "Add module.yaml with name, namespace, provider, versioning and support (team, contact, hours)."
        return {}, [PackageProblem("manifest", FILE, "The file is missing.", fix), _no_support()]
    try:
        data = _load(files[FILE])
    except yaml_reader.InvalidYaml:
        _, problems = module_support.read(files[FILE], policy, version=version, today=today)
        return {}, problems
    if not isinstance(data, dict):
        return {}, [PackageProblem("manifest", FILE, "It is not a YAML mapping.", "Write `key: value` lines.")]
    problems = []
    for key, wanted in zip(("namespace", "name", "provider"), module.split("/"), strict=True):
        if str(data.get(key, "")) != wanted:
            what = f"`{key}` is {str(data.get(key, 'missing'))[:60]!r}, but it is published as {wanted!r}."
            problems.append(PackageProblem("manifest", f"{FILE}: {key}", what, f"Write `{key}: {wanted}`."))
    if "version" in data and str(data["version"]) != version:
        what = f"`version` is {str(data['version'])[:60]!r}, but it is published as {version!r}."
        problems.append(
            PackageProblem("manifest", f"{FILE}: version", what, f"Write `version: {version}`, or leave it out.")
        )
    if len(str(data.get("versioning") or "")) < 20:
        what = "It does not say how versions are chosen."
        fix = "Write `versioning:` with a sentence: what counts as a breaking change, and how long a major is kept."
        problems.append(PackageProblem("versioning-policy", f"{FILE}: versioning", what, fix))
    model, broken = module_support.read(files[FILE], policy, version=version, today=today)
    support = data.get("support")
    if not isinstance(support, dict) or "form" not in support:
        problems += _support(support)
    return {**_plain(data), **_shown(model, support, policy)}, [*problems, *broken]


def _load(raw: bytes) -> Any:
    # Anchors could make a small file large; a manifest needs none.
    if len(raw) > _MAX or re.search(rb"(^|[\s\[{,:])[&*]\w", raw):
        return None
    return yaml_reader.load(raw)


def _support(support: Any) -> list[PackageProblem]:
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
            what = f"`{key}` is missing." if not value else f"`{value[:60]}` is not a contact."
            problems.append(PackageProblem("support-contact", f"{FILE}: support.{key}", what, fix))
    return problems


def _no_support() -> PackageProblem:
    fix = "Add `support:` with team, contact (address, URL or #channel) and hours to module.yaml."
    return PackageProblem("support-contact", f"{FILE}: support", "There is no support contact.", fix)


def _shown(model: SupportModel | None, support: Any, policy: SupportPolicy) -> dict[str, Any]:
    """Return what the registry shows of the model: its data as it was written, and what nobody could check."""
    if model is None or model.form < 2:
        return {"support_model": None}
    unknown = [] if policy.teams is not None else ["the owner: this registry has no directory of teams"]
    return {"support_model": json.loads(json.dumps(support, default=str)), "support_unknown": unknown}


def _plain(data: dict[Any, Any]) -> dict[str, Any]:
    support = data.get("support")
    return {
        "description": str(data.get("description") or "")[:500],
        "versioning": str(data.get("versioning") or "")[:2000],
        "support": {str(k): str(v)[:300] for k, v in support.items() if isinstance(v, (str, int))}
        if isinstance(support, dict)
        else {},
    }

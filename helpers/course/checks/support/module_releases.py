"""Later releases of the learner's module, made as the platform team would make them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from helpers.clients.registry import LEFT_OUT, STATE, Registry
from helpers.course.checks.support.gpu_workspace import MODULE
from helpers.course.workspace import Workspace
from helpers.wrappers.terraform_docs import TerraformDocs

ADDRESS = "acme/gpu-workspace/platform"
#: What version 1.1.0 adds: an optional input, which breaks nobody.
PROJECT = {
    "project.tf": 'variable "project" {\n  description = "Project the costs are booked on."\n  type        = string\n'
    '  default     = "none"\n}\n'
}


def renamed(lab: Workspace) -> dict[str, str]:
    """Return the learner's outputs with ``bucket`` renamed to ``bucket_name``, and the example that reads it."""
    folder = lab.path(MODULE)
    changed = {
        "outputs.tf": re.sub(r'(?m)^output\s+"bucket"', 'output "bucket_name"', lab.read(f"{MODULE}/outputs.tf"))
    }
    for file in sorted(folder.glob("examples/*/*.tf")):
        text = file.read_text(encoding="utf-8")
        changed[file.relative_to(folder).as_posix()] = re.sub(r"(module\.\w+\.)bucket\b", r"\1bucket_name", text)
    return changed


def release(lab: Workspace, version: str, what: str, changes: Mapping[str, str]) -> str:
    """Release the learner's module with some files changed, as the platform team would; return what was published.

    Args:
        lab: whose module and key.
        version: to publish; one that is there already is left alone.
        what: changelog entry.
        changes: path in the module -> new text.
    """
    registry = Registry.local()
    if version in registry.versions(ADDRESS):
        return f"{ADDRESS} {version} is there already"
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name) / "module"
        shutil.copytree(lab.path(MODULE), folder, ignore=shutil.ignore_patterns(*LEFT_OUT, *STATE))
        for path, text in changes.items():
            (folder / path).write_text(text)
        log = folder / "CHANGELOG.md"
        entry = f"# Changelog\n\n## [{version}]\n\n- {what}\n"
        log.write_text(log.read_text().replace("# Changelog\n", entry, 1))
        if "<!-- BEGIN_TF_DOCS -->" in (folder / "README.md").read_text():
            TerraformDocs(folder).inject()
        registry.publish(
            folder,
            version,
            namespace="acme",
            name="gpu-workspace",
            provider="platform",
            key=lab.path("keys/cosign.key"),
            password=lab.secret("release-key"),
        )
    return f"published {ADDRESS} {version}"

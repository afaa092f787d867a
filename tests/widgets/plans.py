"""Material for the tests of the displays. Also imported by the notebooks that the browser tests open."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from helpers.clients.registry import Module, Signature
from helpers.course.checks import CheckResult
from helpers.wrappers.cosign.result import Cause, Refused, Verified
from helpers.wrappers.policy import PolicyReport, PolicyResult
from helpers.wrappers.terraform.types import Plan

SECRET = "correct-horse-battery"

MAIN = f"""
variable "size" {{ type = number }}
variable "extra" {{
  type    = bool
  default = false
}}
variable "password" {{
  type      = string
  sensitive = true
  default   = "{SECRET}"
}}
locals {{ base = terraform_data.base.output }}
resource "terraform_data" "base" {{ input = var.size }}
resource "terraform_data" "pool" {{
  input            = {{ password = var.password, base = local.base }}
  triggers_replace = [var.size]
}}
resource "terraform_data" "still" {{ input = "same" }}
resource "terraform_data" "extra" {{
  count = var.extra ? 1 : 0
  input = "to be destroyed"
}}
module "child" {{
  source = "./child"
  given  = terraform_data.pool.id
}}
resource "terraform_data" "new" {{
  for_each = var.size > 1 ? {{ "eu.west" = 1 }} : {{}}
  input    = module.child.made
}}
output "made" {{ value = module.child.made }}
output "hidden" {{
  value     = terraform_data.pool.output.password
  sensitive = true
}}
"""

CHILD = """
variable "given" {}
resource "terraform_data" "inner" { input = var.given }
output "made" { value = terraform_data.inner.output }
"""


def change(own: str, before: Any, after: Any, *, module: str = "", **more: Any) -> dict[str, Any]:
    """Return one entry of ``resource_changes``; the actions follow from before and after unless given."""
    kind, name = own.split("[")[0].split(".")[:2]
    guessed = "create" if before is None else "delete" if after is None else "update" if before != after else "no-op"
    top = {"action_reason": more.pop("action_reason")} if "action_reason" in more else {}
    inner = {"actions": more.pop("actions", [guessed]), "before": before, "after": after, **more}
    return {
        "address": f"{module}.{own}" if module else own,
        "module_address": module,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "acme.test/acme/platform",
        "change": inner,
        **top,
    }


BUCKET = {"name": "vision-models", "encryption": "AES256", "public_access_blocked": True, "owner": "vision"}


def platform_document() -> dict[str, Any]:
    """Return a plan of the platform provider's types that holds one of each risk."""
    opened = {**BUCKET, "encryption": None, "public_access_blocked": False}
    pool = {"name": "train", "kind": "a100", "size": 4, "cost_centre": "ml-17"}
    network = {"cidr": "10.0.0.0/16"}
    secret = {"name": "registry", "value": SECRET}
    changes = [
        change("platform_artifact_bucket.models", BUCKET, opened, module="module.vision"),
        change(
            "platform_gpu_pool.train",
            pool,
            {**pool, "kind": "h100"},
            module="module.vision",
            actions=["delete", "create"],
            replace_paths=[["kind"]],
            action_reason="replace_because_cannot_update",
        ),
        change("platform_network.main", network, None, module="module.speech"),
        change(
            "platform_secret.registry",
            secret,
            {**secret, "value": f"{SECRET}-2"},
            before_sensitive={"value": True},
            after_sensitive={"value": True},
        ),
        change(
            "platform_artifact_bucket.logs",
            None,
            {**BUCKET, "name": "logs"},
            module='module.ranking["eu.west"]',
            after_unknown={"arn": True},
        ),
        change("platform_team_account.vision", {"email": "v@acme.test"}, {"email": "v@acme.test"}),
    ]
    refs = {"network_id": {"references": ["module.speech.network_id", "module.speech"]}}
    vision = {
        "resources": [
            {"address": "platform_artifact_bucket.models", "expressions": {}},
            {
                "address": "platform_gpu_pool.train",
                "expressions": {
                    "bucket": {"references": ["platform_artifact_bucket.models.name"]},
                    "network": {"references": ["var.network_id"]},
                },
            },
        ]
    }
    speech = {
        "resources": [{"address": "platform_network.main", "expressions": {}}],
        "outputs": {
            "network_id": {"expression": {"references": ["platform_network.main.id", "platform_network.main"]}}
        },
    }
    account = {"account": {"references": ["platform_team_account.vision.id", "platform_team_account.vision"]}}
    ranking = {"resources": [{"address": "platform_artifact_bucket.logs", "expressions": {}}]}
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": changes,
        "configuration": {
            "root_module": {
                "resources": [
                    {"address": "platform_team_account.vision", "expressions": {}},
                    {"address": "platform_secret.registry", "expressions": account},
                ],
                "module_calls": {
                    "vision": {"module": vision, "expressions": refs, "depends_on": ["platform_team_account.vision"]},
                    "speech": {"module": speech, "expressions": {}},
                    "ranking": {
                        "module": ranking,
                        "expressions": {},
                        "for_each_expression": {"references": ["var.regions"]},
                    },
                },
            }
        },
    }


def platform_plan() -> Plan:
    """Return the same as the wrapper gives it."""
    return Plan.from_json(platform_document())


def wide_document(modules: int, each: int) -> dict[str, Any]:
    """Return a plan of many modules: the resources of each form a chain, each module needs the one before."""
    calls, changes = {}, []
    for m in range(modules):
        resources = []
        for r in range(each):
            needs = [f"platform_gpu_pool.p{r - 1}"] if r else ["var.up"] if m else []
            resources.append({"address": f"platform_gpu_pool.p{r}", "expressions": {"x": {"references": needs}}})
            changes.append(change(f"platform_gpu_pool.p{r}", None, {"size": r}, module=f"module.team{m}"))
        outputs = {"last": {"expression": {"references": [f"platform_gpu_pool.p{each - 1}"]}}}
        up = {"up": {"references": [f"module.team{m - 1}.last", f"module.team{m - 1}"]}} if m else {}
        calls[f"team{m}"] = {"module": {"resources": resources, "outputs": outputs}, "expressions": up}
    return {"resource_changes": changes, "configuration": {"root_module": {"module_calls": calls}}}


#: Three resources: one at once, one that waits for the file ``go``, one that needs it.
SLOW = """
resource "terraform_data" "first" { input = "a" }
resource "terraform_data" "waits" {
  input = terraform_data.first.output
  provisioner "local-exec" { command = "while [ ! -e go ]; do sleep 0.1; done" }
}
resource "terraform_data" "last" { input = terraform_data.waits.output }
"""


class FileLab:
    """A lab of one step: a file must say ``done``."""

    HINTS = ("What must the file say?", "Open answer.txt.", "Write: done")

    def __init__(self, folder: Path) -> None:
        self.file = folder / "answer.txt"
        self.file.write_text("todo")
        self.judged = 0
        self.fault: Exception | None = None
        self.gate: threading.Event | None = None

    def result(self, step: str) -> CheckResult:
        self.judged += 1
        if self.gate is not None:
            self.gate.wait(30)
        if self.fault is not None:
            raise self.fault
        said = self.file.read_text()
        reason = "answer.txt says done" if said == "done" else f"answer.txt says {said!r}, not 'done'"
        return CheckResult(step, "Interface first", said == "done", reason, self.HINTS)

    def reset(self, step: str) -> str:
        self.file.write_text("todo")
        return "Starter files of interface: answer.txt."

    def solve(self, step: str) -> str:
        self.file.write_text("done")
        return "Solution of interface: answer.txt."


def report(rule: Path) -> PolicyReport:
    """Return a report with a failure and a warning of the rules in a file."""
    results = (
        PolicyResult(
            "plan.json",
            "main",
            "bucket vision-models is public",
            "failure",
            "deny_public",
            {"description": "Buckets stay private."},
            (str(rule), 3),
        ),
        PolicyResult("plan.json", "main", "no owner tag", "warning", "warn_tags", {}, (str(rule), 6)),
    )
    return PolicyReport(results, 5, ("plan.json",))


def verified() -> Verified:
    """Return a verification that passed."""
    checked = ("the signature fits the digest", "the key is the one given")
    return Verified("workspace.tar.gz", f"sha256:{'ab' * 32}", "SHA256:3f9a", checked)


def refused() -> Refused:
    """Return one that did not."""
    return Refused("workspace.tar.gz", Cause.TAMPERED, "The content is not what was signed.", "SHA256:3f9a")


def module() -> Module:
    """Return a module as the registry tells of it."""
    inputs = (
        {"name": "team", "type": "string", "description": "Team that owns the workspace.", "required": True},
        {"name": "gpus", "type": "number", "description": "Number of GPUs.", "default": 1},
    )
    return Module(
        source="registry.acme.test/platform/gpu-workspace/aws",
        version="1.2.0",
        versions=("1.2.0", "1.1.0", "1.0.0"),
        description="A GPU workspace for one team.",
        versioning="Semantic versions; a removed input is a new major version.",
        support="platform team, #platform-help",
        signature=Signature("verified", "3f9a", "platform", "2026-01-01T10:00:00Z"),
        digest="ab" * 32,
        inputs=inputs,
        outputs=({"name": "bucket", "description": "Name of the artifact bucket."},),
        page_url="",
        raw={},
    )

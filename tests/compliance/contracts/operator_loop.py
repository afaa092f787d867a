"""A tiny operator, as PROJ-304 would write it: it knows what is published and what was handed over.

Its loop is level-based: it looks at the resource, the contract and the promotion record as they are now, and says what
should be there. Nothing it was not allowed to do comes out: what the contract refuses is a condition of the resource.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import yaml


class Refused(Exception):
    """The resource, the contract or the record does not allow it."""


@dataclass
class Cluster:
    """What the operator sees and changes: resources by name, secrets, and what it had the module make."""

    jobs: dict[str, dict[str, Any]]
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    applied: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: int = 0

    def apply(self, name: str, wanted: dict[str, Any]) -> None:
        """Make it so; what is so already is left alone."""
        if self.applied.get(name) != wanted:
            self.applied[name] = copy.deepcopy(wanted)
            self.changes += 1


class Operator:
    """Reconciles TrainingJobs by a module contract and a promotion record."""

    def __init__(self, deliverables: Path, published: Path) -> None:
        self.root, self.published = deliverables, published
        crd = yaml.safe_load((published / "trainingjobs.crd.yaml").read_text())["spec"]
        self.crd = {one["name"]: one["schema"]["openAPIV3Schema"] for one in crd["versions"]}

    def _document(self, path: str, schema: str) -> dict[str, Any]:
        found = json.loads((self.root / path).read_text())
        rules = json.loads((self.published / f"{schema}.schema.json").read_text())
        jsonschema.Draft202012Validator(rules).validate(found)
        assert isinstance(found, dict)
        return found

    def reconcile(self, cluster: Cluster, name: str) -> dict[str, Any]:
        """Look at one job once; return its status."""
        job = cluster.jobs[name]
        contract = self._document("module/contract.json", "module-contract")
        try:
            admitted = self.admit(job, contract)
            inputs = self.inputs(admitted, contract, cluster.secrets)
            image = self.approved(admitted["spec"]["environment"])
        except Refused as error:
            cluster.applied.pop(name, None)
            job["status"] = {"phase": "Refused", "reason": str(error)}
            return dict(job["status"])
        wanted = {"module": contract["module"], "version": contract["version"], "inputs": inputs, "image": image}
        cluster.apply(name, wanted)
        job["status"] = {"phase": "Provisioning", "image": image}
        return dict(job["status"])

    def run(self, cluster: Cluster, rounds: int = 5) -> int:
        """Reconcile until a round changes nothing; return how many rounds that took."""
        for number in range(1, rounds + 1):
            before = cluster.changes
            for name in sorted(cluster.jobs):
                self.reconcile(cluster, name)
            if cluster.changes == before:
                return number
        raise AssertionError("the loop does not settle")

    def admit(self, job: dict[str, Any], contract: dict[str, Any]) -> dict[str, Any]:
        """Return the job as the API server keeps it, with its defaults; refuse what the definition does not allow."""
        schema = self.crd[contract["crd"]["version"]]
        filled = _with_defaults(copy.deepcopy(job), schema)
        for error in jsonschema.Draft202012Validator(schema).iter_errors(filled):
            raise Refused(f"{'.'.join(map(str, error.path))}: {error.message}")
        assert isinstance(filled, dict)
        return filled

    def inputs(
        self, job: dict[str, Any], contract: dict[str, Any], secrets: dict[str, dict[str, str]]
    ) -> dict[str, Any]:
        """Return what the module gets for a job."""
        made = {}
        for name, one in contract["inputs"].items():
            if "value" in one:
                made[name] = one["value"]
            elif "secret" in one:
                secret = secrets.get(str(_at(job, one["secret"])), {})
                if one["key"] not in secret:
                    raise Refused(f"{one['secret']}: there is no Secret with the key {one['key']}")
                made[name] = f"secret:{_at(job, one['secret'])}/{one['key']}"  # the reference, never the value
            elif (value := _at(job, one["field"])) is not None:
                for error in jsonschema.Draft202012Validator(one["accepts"]).iter_errors(value):
                    raise Refused(f"{one['field']}: {error.message}")
                made[name] = value
        required = {one["name"] for one in contract["interface"]["inputs"] if one["required"]}
        if missing := sorted(required - set(made)):
            raise Refused(f"the module needs {', '.join(missing)}")
        return made

    def approved(self, environment: str) -> str:
        """Return the digest that was approved for an environment."""
        record = self._document("promotion/record.json", "promotion-record")
        if environment not in record["current"]:
            raise Refused(f"nothing was promoted to {environment}")
        digest: str = record["current"][environment]["digest"]
        release = next(
            one for one in reversed(record["releases"]) if (one["environment"], one["digest"]) == (environment, digest)
        )
        pull = release["pull"]
        others = [one for one in pull["approvals"] if one["valid"] and one["person"] != pull["author"]]
        if not others and not pull["break_glass"]:
            raise Refused(f"nobody approved {digest[:19]} for {environment}")
        return digest


def _at(job: dict[str, Any], path: str) -> Any:
    found: Any = job
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _with_defaults(value: Any, schema: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name not in value and "default" in inner:
                value[name] = copy.deepcopy(inner["default"])
            if name in value:
                value[name] = _with_defaults(value[name], inner)
    return value

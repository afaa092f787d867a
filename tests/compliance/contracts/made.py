"""Deliverables as the course's own tools write them: forge, audit trail, OPA, cosign, the registry's interface."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helpers.clients.forge import Forge
from helpers.compliance.audit import Trail, collect
from helpers.compliance.contracts import module_contract, promotion_record
from helpers.compliance.contracts.making import RELEASE
from helpers.compliance.evidence import EvidencePack, Keys
from helpers.core import yaml_reader
from helpers.core.paths import IAC
from helpers.runtime import services
from helpers.wrappers import module_package
from helpers.wrappers.cosign import Cosign, KeyPair
from helpers.wrappers.git import Git
from helpers.wrappers.opa import Opa

PASSWORD = "a password of tests"
ENVIRONMENTS = ("dev", "staging", "prod")
ONE, TWO, THREE = (f"sha256:{letter * 64}" for letter in "123")
MODULE = IAC / "lectures" / "unit2" / "twins" / "terraform" / "modules" / "gpu-workspace"
SIGNED = ("policy/bundle.tar.gz", "promotion/record.json", "module/package.tar.gz", "module/contract.json")
GATES = """version: 1
gates: [signature, secrets]
environments:
  dev: [apps/*/overlays/dev]
  staging: [apps/*/overlays/staging]
  prod: [apps/*/overlays/prod]
pipeline:
  gates: course gates . --base "${BASE}" --head "${HEAD}"
"""
REGO = """package main

deny contains msg if {
\tinput.kind == "TrainingJob"
\tinput.spec.environment == "prod"
\tnot input.spec.owner
\tmsg := "a job in prod has an owner"
}
"""
CRD = {"group": "ml.acme.test", "version": "v1", "kind": "TrainingJob"}
INPUTS: dict[str, Any] = {
    "team": {"field": "spec.team", "accepts": {"type": "string", "pattern": "^[a-z][a-z0-9-]{1,20}$"}},
    "environment": {"field": "spec.environment", "accepts": {"type": "string", "enum": list(ENVIRONMENTS)}},
    "owner": {"field": "spec.owner", "accepts": {"type": "string", "minLength": 3}},
    "cost_centre": {"field": "spec.costCentre", "accepts": {"type": "string"}},
    "network_cidr": {"field": "spec.network.cidr", "accepts": {"type": "string"}},
    "gpu_kind": {"field": "spec.gpu.kind", "accepts": {"type": "string", "enum": ["t4", "l4", "a100"]}},
    "gpu_nodes": {"field": "spec.gpu.nodes", "accepts": {"type": "integer", "minimum": 1, "maximum": 16}},
    "registry_token": {"secret": "spec.tokenSecret", "key": "token"},
}
STATUS = {"bucket": "status.bucket", "gpus": "status.gpus"}


@dataclass(frozen=True)
class Made:
    """Deliverables, the verifier's keys, the key that signed, an evidence pack of the same trail, and a clone."""

    root: Path
    keys: Path
    signer: KeyPair
    pack: Path
    clone: Path

    def copy(self, to: Path) -> Made:
        """Return a copy to break."""
        shutil.copytree(self.root, to)
        return replace(self, root=to)

    def change(self, path: str, edit: Callable[[Any], object]) -> None:
        """Edit a JSON file and sign it again: its maker has the key, and may lie with it."""
        data = json.loads((self.root / path).read_text())
        edit(data)
        self.write(path, data)

    def write(self, path: str, data: Any) -> None:
        """Write a JSON file and sign it."""
        (self.root / path).write_text(json.dumps(data))
        self.sign(path)

    def sign(self, path: str) -> None:
        """Sign a file anew."""
        (self.root / f"{path}.sigstore.json").unlink(missing_ok=True)
        Cosign(self.root).sign_blob(path, key=self.signer, password=PASSWORD)


def deliver(home: Path) -> Made:
    """Let one team release, promote and roll back, and hand over what came of it."""
    services.ensure("git")
    services.ensure("audit")
    git = _repository(home)
    _promotions(git)
    collect.forge("platform")
    root = home / "deliverables"
    for name in ("policy", "pipeline", "promotion", "module"):
        (root / name).mkdir(parents=True)
    (root / "pipeline" / "gates.yaml").write_text(GATES)
    clone = Forge("ada").clone("platform", home / "ada")
    record = promotion_record(clone, Forge().pulls("platform"), application="trainer", repository="platform")
    (root / "promotion" / "record.json").write_text(json.dumps(record, indent=2))
    Trail().export(root / "audit")
    (home / "rules").mkdir()
    (home / "rules" / "main.rego").write_text(REGO)
    Opa(home).build("rules", output=root / "policy" / "bundle.tar.gz", revision="1.2.0")
    package = module_package.pack(MODULE)
    (root / "module" / "package.tar.gz").write_bytes(package)
    said = module_contract(
        package, module="vision/gpu-workspace/platform", version="1.2.0", crd=CRD, inputs=INPUTS, status=STATUS
    )
    (root / "module" / "contract.json").write_text(json.dumps(said, indent=2))
    cosign = Cosign(home)
    signer = cosign.generate_key_pair(password=PASSWORD, name="team")
    sealer = cosign.generate_key_pair(password=PASSWORD, name="pack")
    keys = Keys.write(home / "keys", pack=sealer, signers=(signer,)).directory
    made = Made(root, keys, signer, home / "pack", home / "ada")
    for path in SIGNED:
        made.sign(path)
    packed = root / "module" / "package.tar.gz"
    pack = EvidencePack(made.pack).add(packed, signature=root / "module" / "package.tar.gz.sigstore.json")
    pack.seal(Trail(), key=sealer, password=PASSWORD)
    return made


def _repository(home: Path) -> Git:
    """Return the learner's clone of a repository whose gates are on."""
    forge = Forge()
    forge.create("platform")
    git = forge.clone("platform", home / "learner")
    (git.workdir / "trust").mkdir()
    (git.workdir / "trust" / "allowed_signers").write_text(forge.allowed_signers())
    (git.workdir / "gates.yaml").write_text(GATES)
    git.add(all=True)
    git.commit("Begin the repository")
    git.push("origin", "main", set_upstream=True)
    return git


def _promotions(git: Git) -> None:
    _land(git, dict.fromkeys(ENVIRONMENTS, ONE), "Bring the trainer to every environment")
    _land(git, {"dev": TWO}, "Release trainer 2.0.0 to dev")
    _land(git, {"staging": TWO}, "Promote trainer 2.0.0 from dev to staging")
    _land(git, {"prod": TWO}, "Promote trainer 2.0.0 from staging to prod")
    _land(git, {"dev": THREE}, "Release trainer 3.0.0 to dev")
    _land(git, {"dev": TWO}, "Roll back trainer in dev")


def _land(git: Git, wanted: dict[str, str], title: str) -> None:
    branch = title.lower().replace(" ", "-")
    git.switch(branch, create=True)
    for environment, digest in wanted.items():
        file = git.workdir / RELEASE.format(application="trainer", environment=environment)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml_reader.dump({"images": [{"name": "trainer", "digest": digest}]}))
    git.add(all=True)
    git.commit(title)
    git.push("origin", branch)
    pull = Forge().open_pull("platform", branch, title=title)
    Forge("bela").approve("platform", pull.number)
    Forge().merge("platform", pull.number)
    git.switch("main")
    git.pull()


def break_file(path: Path, content: bytes) -> None:
    """Write a file in place of another, links not followed."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)

"""What the tests of Argo CD work on: a Git repository, and the application made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from helpers.clients.argocd import ArgoCD
from helpers.runtime import services
from helpers.runtime.services.record import Record
from helpers.wrappers.git import Git, Identity

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: inference}
spec:
  replicas: 2
  selector: {matchLabels: {app: inference}}
  template:
    metadata: {labels: {app: inference}}
    spec:
      containers:
      - {name: model, image: "registry.acme.test/inference:1"}
"""
SERVER = "https://kubernetes.default.svc"


@dataclass
class World:
    """One repository, and an application of its own namespace in project vision."""

    argo: ArgoCD
    folder: Path
    name: str
    git: Git = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.git = Git(self.folder).init()
        self.git.configure_identity(Identity("Ada", "ada@acme.test"), sign=False)
        self.commit({"app/deployment.yaml": DEPLOYMENT})

    @property
    def namespace(self) -> str:
        return f"vision-{self.name}"

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def commit(self, files: dict[str, str], **options: Any) -> str:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git.add(all=True)
        return self.git.commit("Change it", **options).sha

    def project(self, name: str = "vision", **spec: Any) -> dict[str, Any]:
        base = {
            "sourceRepos": ["file:///**"],
            "destinations": [{"server": SERVER, "namespace": "vision-*"}],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
        }
        meta = {"name": name}
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": meta, "spec": base | spec}

    def application(self, *, automated: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        policy: dict[str, Any] = {"syncOptions": ["CreateNamespace=true"]}
        if automated is not None:
            policy["automated"] = automated
        given = {"url": self.url, "path": "app", "namespace": self.namespace, "project": "vision", **changes}
        spec = {
            "project": given["project"],
            "source": {"repoURL": given["url"], "path": given["path"], "targetRevision": "main"},
            "destination": {"server": SERVER, "namespace": given["namespace"]},
            "syncPolicy": policy,
        }
        meta = {"name": given.get("name", self.name)}
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "spec": spec}

    def deploy(self, **changes: Any) -> None:
        """Make the project and the application, and have it synced."""
        self.argo.apply([self.project(), self.application(**changes)])
        if "automated" not in changes:
            self.argo.sync(self.name)
        self.argo.wait(self.name)


def kill_api_server() -> None:
    """Kill the API server of this test's Argo CD."""
    record = Record.read(services.data("gitops").parent / "service.json")
    (pid,) = [started.pid for started in record.processes if started.name == "server"]
    process = psutil.Process(pid)
    process.kill()
    process.wait(60)


def account_of(argo: ArgoCD) -> Any:
    """Return the account of *argo*, to be used where no service is to be started."""
    return argo._api.account

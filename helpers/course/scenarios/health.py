"""A kind of the platform's own in the lecture on many applications, and what Argo CD is told of its health."""

from __future__ import annotations

from helpers.clients.kubernetes import Cluster
from helpers.course import teaching
from helpers.course.scenarios.approval import ServiceScenario
from helpers.course.scenarios.waits import poll_until

#: The kind, its definition, and where Argo CD looks for a health check of it.
KIND, DEFINITION, GROUP = "ModelServer", "modelservers.acme.test", "acme.test"
SETTING = f"resource.customizations.health.{GROUP}_{KIND}"
SERVER = f"apiVersion: {GROUP}/v1\nkind: {KIND}\nmetadata:\n  name: ranking-model\nspec:\n  model: ranking-7b\n"


def define(scenario: ServiceScenario) -> None:
    """Have the API server know the kind."""
    scenario.cluster.apply(scenario.material / "model-server.yaml")
    scenario.cluster.wait("CustomResourceDefinition", DEFINITION, condition="Established")


def report(scenario: ServiceScenario, phase: str, message: str = "") -> None:
    """Report a phase, in place of the controller of the kind."""
    said = {"phase": phase, "message": message or phase}
    scenario.cluster.patch(KIND, "ranking-model", {"status": said})


def teach(scenario: ServiceScenario) -> None:
    """Give Argo CD the health check of the material."""
    _set(scenario.cluster, (scenario.material / "health.lua").read_text(encoding="utf-8"))


def shown(scenario: ServiceScenario, app: str, wanted: str) -> teaching.Shown:
    """Wait until an application has a health, and show it beside that of its model server."""

    def look() -> bool:
        return scenario.argo.application(app, refresh="normal").health == wanted

    poll_until(look, f"{app} is {wanted}")
    found = scenario.argo.application(app)
    mine = next(one for one in found.resources if one.kind == KIND)
    rows = [(app, found.health, ""), (mine.name, mine.health or "none", mine.message)]
    return teaching.table(["What", "Health", "Message"], rows)


def forget(cluster: Cluster) -> None:
    """Take the kind and its health check away."""
    _set(cluster, None)
    cluster.delete("CustomResourceDefinition", DEFINITION, missing_ok=True, wait=True)


def _set(cluster: Cluster, check: str | None) -> None:
    cluster.patch("ConfigMap", "argocd-cm", {"data": {SETTING: check}}, namespace="argocd", type="merge")

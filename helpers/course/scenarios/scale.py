"""What the lecture on many applications needs: its scenario, a fleet that grows and is measured, and its figure.

The scenario is a `ServiceScenario`; the fleet is a directory of its repository, one application for each directory in
it.
"""

from __future__ import annotations

import contextlib
import copy
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import psutil

from helpers.clients.argocd import ArgoCD, ArgoError, ArgoNotFound
from helpers.clients.forge import Forge
from helpers.clients.kubernetes import AdmissionRefused, Cluster
from helpers.core import http, yaml_reader
from helpers.course import teaching
from helpers.course.scenarios import approval, health
from helpers.course.scenarios.approval import ServiceScenario
from helpers.course.scenarios.waits import LIMIT, poll_until
from helpers.runtime import services
from helpers.runtime.services.control_plane import kubeconfig
from helpers.runtime.services.control_plane.rest import Rest
from helpers.runtime.services.record import Record
from helpers.widgets.renderers.application_tree import application_tree_html
from helpers.widgets.renderers.growth import Step, growth_html

if TYPE_CHECKING:
    from helpers.clients.argocd.types import Application, Condition

#: Placeholder in the material for the address of the repository.
ADDRESS = "set-by-the-lecture"
NAMESPACE, ROOT, FLEET = "lecture-scale", "lecture-root", "lecture-fleet"
#: One model of the fleet: a ConfigMap, so that Argo CD is measured, and not pods.
MODEL = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {0}\ndata:\n  model: {0}\n  version: "1"\n'
#: What an application makes the API server do. Leases, watches and discovery go on without any.
COUNTED = ("applications", "applicationsets", "configmaps", "events", "namespaces")
_SET = f"/applicationsets/{FLEET}"


def set_up() -> ServiceScenario:
    """Start the services, remove what a former run left, and make the scenario: a repository and one application."""
    for name in ("git", "gitops"):
        services.ensure(name)
    tear_down()
    scenario = approval.set_up("scale", app=NAMESPACE, policy={"gates": False})
    listed = scenario.git.workdir / "apps" / "kustomization.yaml"
    listed.write_text(listed.read_text().replace(ADDRESS, Forge().url(scenario.repository)))
    scenario.cluster.apply(scenario.material / "root-account.yaml")
    commit = deliver(scenario, "Say where the repository is")
    scenario.argo.wait("vision-blur", revision=commit)
    # The commit changed nothing of it; without this sync, auto-sync would revert the first drift, once per new commit.
    scenario.argo.sync("vision-blur")
    return scenario


def tear_down() -> None:
    """Remove what the lecture made, in the order that is quick; repositories stay, as history does."""
    argo, cluster = ArgoCD(timeout=120), Cluster()
    ours = [app for app in argo.applications() if app.project in (NAMESPACE, ROOT) or app.name == "escape"]
    for name in (FLEET, "lecture-rings"):
        with contextlib.suppress(ArgoNotFound):
            argo.delete_application_set(name)
    for app in sorted(ours, key=lambda app: app.project != ROOT):
        if not app.raw["metadata"].get("ownerReferences"):
            with contextlib.suppress(ArgoNotFound):
                # Of `escape` alone something lies outside the namespace.
                argo.delete(app.name, cascade=app.name == "escape")
    poll_until(
        lambda: not {app.name for app in ours} & {app.name for app in argo.applications()},
        "Argo CD has deleted the applications",
    )
    for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
        cluster.delete(kind, ROOT, missing_ok=True)
    for kind in ("RoleBinding", "Role", "ServiceAccount"):
        cluster.delete(kind, ROOT, namespace="argocd", missing_ok=True)
    for project in (ROOT, NAMESPACE):
        with contextlib.suppress(ArgoNotFound):
            argo.delete_project(project)
    cluster.delete("Namespace", NAMESPACE, missing_ok=True, wait=True)
    health.forget(cluster)


def deliver(scenario: ServiceScenario, title: str) -> str:
    """Commit every change, have it approved and merged, and return the commit's id on ``main``."""
    scenario.commit(title)
    scenario.merge_change(title)
    scenario.reset_to_main()
    return scenario.git.rev_parse()


def add_child(scenario: ServiceScenario, name: str, changes: Mapping[str, str], manifest: str = "") -> teaching.Shown:
    """Write an Application into the directory of the root: that of vision with another name, and further changes.

    Args:
        name: of the child, and of its directory below ``services``.
        changes: texts of vision's file -> what replaces them.
        manifest: what its directory holds; by default a ConfigMap.
    """
    apps, folder = scenario.git.workdir / "apps", scenario.git.workdir / "services" / name
    text = (apps / "vision-blur.yaml").read_text()
    for old, new in {"vision-blur": name, **changes}.items():
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    (folder / "settings.yaml").write_text(manifest or MODEL.format(name))
    listed = (apps / "kustomization.yaml").read_text()
    (apps / "kustomization.yaml").write_text(listed.replace("resources:\n", f"resources:\n  - {name}.yaml\n"))
    return teaching.write(apps / f"{name}.yaml", text)


def revert(scenario: ServiceScenario) -> str:
    """Revert the last commit by another one, and return that one's id."""
    scenario.git.run(["revert", "--no-edit", "HEAD"])
    scenario.merge_change("Take it back")
    scenario.reset_to_main()
    return scenario.git.rev_parse()


def read_manifest(scenario: ServiceScenario, file: str) -> Any:
    """Return a manifest of the material as data, with the repository's address wherever it belongs."""
    return yaml_reader.load((scenario.material / file).read_text().replace(ADDRESS, Forge().url(scenario.repository)))


def wait_for_conditions(scenario: ServiceScenario, name: str, timeout: float = LIMIT) -> teaching.Shown:
    """Refresh an application until Argo CD reports conditions, and show them."""
    found: list[Application] = []

    def look() -> bool:
        found[:] = [scenario.argo.application(name, refresh="normal")]
        return bool(found[0].conditions)

    poll_until(look, f"Argo CD reports conditions of {name}", timeout)
    return teaching.table(["Argo CD says", "Message"], [(one.type, one.message) for one in found[0].conditions])


def conditions_once_clear(scenario: ServiceScenario, name: str, timeout: float = LIMIT) -> tuple[Condition, ...]:
    """Refresh an application until Argo CD, which looks into a cache, has nothing more to say of it; return that."""
    said = f"Argo CD takes back the conditions of {name}"
    poll_until(lambda: not scenario.argo.application(name, refresh="normal").conditions, said, timeout)
    return scenario.argo.application(name).conditions


def pending_operation(scenario: ServiceScenario, name: str) -> str:
    """Return what the running operation of another application waits for; see `ServiceScenario.pending_operation`."""
    other = copy.copy(scenario)
    other.app = name
    return other.pending_operation()


def apply_admission_policy(scenario: ServiceScenario) -> None:
    """Apply the admission policy of the root, and wait until the API server enforces it."""
    scenario.cluster.apply(scenario.material / "fence.yaml")
    root = scenario.cluster.as_user(f"system:serviceaccount:argocd:{ROOT}", ["system:authenticated"])
    probe = read_manifest(scenario, "root.yaml")
    probe["metadata"] = {"name": "check-fence", "namespace": "argocd"}

    def refused() -> bool:
        try:
            root.apply(probe, dry_run=True)
        except AdmissionRefused:
            return True
        return False

    poll_until(refused, "the API server enforces the policy")


def preview(scenario: ServiceScenario, manifest: Mapping[str, Any]) -> teaching.Shown:
    """Show the applications that an ApplicationSet would make, and make none: ``argocd appset generate``.

    Raises:
        ArgoError: a generator or the template fails; with the message alone, without the server's log.
    """
    try:
        body = {"applicationSet": manifest}
        answer = scenario.argo.call("POST", "/applicationsets/generate", "generate", "the applications", body=body)
    except ArgoError as error:
        error.why = "\n".join(line for line in error.why.splitlines() if not line.startswith("time="))
        error.next = "Compare the name in {{ }} with what the generator gives."
        raise
    rows = [(one["metadata"]["name"], one["spec"]["source"]["path"]) for one in answer.get("applications") or ()]
    return teaching.table(["Application", "Directory"], sorted(rows))


def apply_set(scenario: ServiceScenario, manifest: Mapping[str, Any]) -> None:
    """Apply the fleet's ApplicationSet, and wait until it has created, changed and deleted its applications."""
    scenario.argo.apply(manifest)
    refresh_set(scenario)


def refresh_set(scenario: ServiceScenario, timeout: float = LIMIT) -> None:
    """Refresh the fleet's ApplicationSet from Git now, not in three minutes, and wait until it has acted.

    A reconcile that is in flight clears the annotation unread, having resolved the commit before. So it is annotated
    twice.
    """
    for _ in range(2):
        _request_refresh(scenario, timeout)
    poll_until(
        lambda: not any(app.raw["metadata"].get("deletionTimestamp") for app in fleet(scenario)),
        "Argo CD has deleted what the set dropped",
        timeout,
    )


def _request_refresh(scenario: ServiceScenario, timeout: float) -> None:
    mark = "argocd.argoproj.io/application-set-refresh"
    patch = {"metadata": {"annotations": {mark: "true"}}}
    version = scenario.cluster.patch("ApplicationSet", FLEET, patch, namespace="argocd").raw["metadata"][
        "resourceVersion"
    ]

    def done() -> bool:
        # The API server of Argo CD may still return the object as it was before the annotation.
        seen = scenario.cluster.get("ApplicationSet", FLEET, namespace="argocd").raw["metadata"]
        return seen["resourceVersion"] != version and mark not in (seen.get("annotations") or {})

    poll_until(done, "Argo CD has refreshed the set", timeout)


def error_message(scenario: ServiceScenario, expected: bool, timeout: float = LIMIT) -> str:
    """Wait until the fleet's ApplicationSet reports an error (or none, unless *expected*), and return its message."""
    found: list[str] = []

    def look() -> bool:
        conditions = (_fleet(scenario).get("status") or {}).get("conditions") or ()
        found[:] = [
            one["message"]
            for one in conditions
            if one["type"] == "ErrorOccurred" and (one["status"] == "True") == expected
        ]
        return bool(found)

    poll_until(look, f"Argo CD reports {'an' if expected else 'no'} error of the set", timeout)
    return found[0]


def uses_rolling_sync(scenario: ServiceScenario) -> bool:
    """Return whether the fleet's ApplicationSet rolls out step by step: its status then has each application's step."""
    return bool((_fleet(scenario).get("status") or {}).get("applicationStatus"))


def fleet(scenario: ServiceScenario) -> tuple[Application, ...]:
    """Return the applications of the fleet, by name."""
    return tuple(app for app in scenario.argo.applications(NAMESPACE) if app.name.startswith("model-"))


def settled_counts(scenario: ServiceScenario) -> dict[str, int]:
    """Wait until the fleet has settled; count its applications, and the models that run."""
    poll_until(lambda: all(_is_settled(app) or app.conditions for app in fleet(scenario)), "the fleet has settled")
    models = [one for one in scenario.cluster.get("ConfigMap") if one.name.startswith("model-")]
    return {"applications": len(fleet(scenario)), "models": len(models)}


def compare_fleet(
    scenario: ServiceScenario, commit: str, count: int, timeout: float = LIMIT
) -> tuple[Application, ...]:
    """Have the whole fleet compared with a commit at once; return it when *count* applications are."""
    patch = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    for app in fleet(scenario):
        scenario.cluster.patch("Application", app.name, patch, namespace="argocd")

    def done() -> bool:
        # An application that cannot be compared has no revision, but its annotation is gone.
        unread = [app for app in fleet(scenario) if "argocd.argoproj.io/refresh" in str(app.raw["metadata"])]
        return not unread and sum(app.revision == commit and _is_settled(app) for app in fleet(scenario)) >= count

    poll_until(done, "Argo CD has compared the fleet", timeout)
    return fleet(scenario)


def _is_settled(app: Application) -> bool:
    return app.sync == "Synced" and (app.operation is None or app.operation.done)


def show_fleet(scenario: ServiceScenario) -> teaching.Shown:
    """Show the fleet, one cell for each application, and how many are in each state."""
    apps = fleet(scenario)
    counts = Counter(f"{app.sync}, {app.health}" for app in apps)
    text = "\n".join(f"{count} {state}" for state, count in counts.most_common())
    return teaching.Shown(application_tree_html(apps), text)


def render_counts(scenario: ServiceScenario) -> tuple[int, int]:
    """Return how often the repo server has rendered a directory, and fetched this repository, by its own count."""
    url = Forge().url(scenario.repository)
    metrics = _metrics("repo-metrics")
    return (
        sum(v for k, v in metrics.items() if k.startswith("argocd_repo_parallelism_wait_duration_seconds_count")),
        sum(v for k, v in metrics.items() if k.startswith("argocd_git_request_total") and url in k and '"fetch"' in k),
    )


class Growth:
    """A fleet that grows by commits, and what that costs.

    Args:
        scenario: of the lecture. manifest: the fleet's ApplicationSet; it finds what is committed.
    """

    def __init__(self, scenario: ServiceScenario, manifest: Mapping[str, Any]) -> None:
        self.scenario, self.manifest = scenario, manifest
        self.steps: list[Step] = []

    def __repr__(self) -> str:
        return f"Growth({', '.join(str(step.applications) for step in self.steps) or 'not started'})"

    def grow_to(self, count: int) -> Step:
        """Commit directories until there are *count*, wait until all are synced, and return what it cost so far."""
        names = [f"model-{number:03}" for number in range(count)]
        add_folders(self.scenario, names)
        before, begun = _requests(), time.perf_counter()
        apply_set(self.scenario, self.manifest)
        while len(fleet(self.scenario)) < count and time.perf_counter() - begun < 300:
            refresh_set(self.scenario)
        self.scenario.argo.wait_all(names, timeout=300)
        took, asked = time.perf_counter() - begun, _requests() - before
        past = self.steps[-1] if self.steps else Step(0, 0, 0, 0)
        self.steps.append(Step(count, past.seconds + took, past.requests + asked, _memory()))
        return self.steps[-1]

    def costs(self) -> teaching.Shown:
        """Show what each step took, and each of its new applications."""
        rows, past = [], Step(0, 0, 0, 0)
        for step in self.steps:
            new, requests = step.applications - past.applications, step.requests - past.requests
            seconds = step.seconds - past.seconds
            row = (step.applications, f"{seconds:.1f}", requests, f"{requests / new:.0f}", f"{step.memory:.0f}")
            rows.append(row)
            past = step
        columns = ["#Applications", "#Seconds for the new", "#Requests", "#Requests for each new", "#Memory in MiB"]
        return teaching.table(columns, rows)

    def factors(self) -> teaching.Shown:
        """Show the factor by which each step multiplied applications, memory, and requests for one application."""
        rows, past, before = [], Step(0, 0, 0, 0), 0.0
        for step in self.steps:
            price = (step.requests - past.requests) / (step.applications - past.applications)
            if past.applications:
                memory = step.memory / past.memory
                rows.append(
                    (
                        f"{past.applications} → {step.applications}",
                        f"{step.applications / past.applications:.0f} times",
                        "no more" if price < 1.3 * before else f"{price / before:.1f} times",
                        "less than twice" if memory < 2 else f"{memory:.1f} times",
                    )
                )
            past, before = step, price
        return teaching.table(["Growth", "Applications", "Requests for each new", "Memory"], rows)

    def figure(self) -> teaching.Shown:
        """Draw the steps: requests, time and memory over the number of applications."""
        return teaching.Shown(growth_html(self.steps), repr(self.costs()))


def add_folders(scenario: ServiceScenario, names: list[str]) -> None:
    """Commit a directory for each model that has none yet."""
    for name in names:
        folder = scenario.git.workdir / "fleet" / name
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "settings.yaml").exists():
            (folder / "settings.yaml").write_text(MODEL.format(name))
    if not scenario.git.status().clean:
        deliver(scenario, f"Serve {len(names)} models")


def _fleet(scenario: ServiceScenario) -> dict[str, Any]:
    return scenario.argo.call("GET", _SET, "get", f"applicationset {FLEET}")


def _requests() -> int:
    """Return how many requests about applications Kubernetes' API server has answered, by its own count."""
    with Rest(kubeconfig()) as api:
        lines = api.ask("/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("apiserver_request_total{") and 'verb="WATCH"' not in line]
    return int(
        sum(float(line.rpartition(" ")[2]) for line in counted if any(f'resource="{one}"' in line for one in COUNTED))
    )


def _metrics(port: str) -> dict[str, int]:
    """Return the metrics of one part of Argo CD: name with labels -> value."""
    ports = Record.read(services.data("gitops").parent / "service.json").ports
    lines = http.request("GET", f"http://127.0.0.1:{ports[port]}/metrics").text.splitlines()
    found = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
    return {name: int(float(value)) for name, _, value in found if value != "NaN"}


def _memory() -> float:
    """Return the MiB of all processes of the cluster and of Argo CD, each page counted once."""
    records = (Record.read(services.data(name).parent / "service.json") for name in ("kubernetes", "gitops"))
    sizes = (psutil.Process(one.pid).memory_full_info() for record in records for one in record.processes)
    # Only Linux shares them out.
    return sum(getattr(size, "pss", size.uss) for size in sizes) / 2**20

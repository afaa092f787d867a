"""What the lecture on many applications needs: its world, a fleet that grows and is measured, and its figure.

The world is that of `helpers.lectures_approval`; the fleet is a folder of it, one application for each folder in there.
"""

from __future__ import annotations

import contextlib
import copy
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers import lectures_approval, services, teaching
from helpers.errors import BadInput
from helpers.forge import Forge
from helpers.lectures_approval import World

if TYPE_CHECKING:
    from helpers.argocd.types import Application

#: Stands in the material where the address of the repository belongs.
ADDRESS = "set-by-the-lecture"
NAMESPACE, ROOT, FLEET = "lecture-scale", "lecture-root", "lecture-fleet"
#: One model of the fleet: a ConfigMap, so that Argo CD is measured, and not pods.
MODEL = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {0}\ndata:\n  model: {0}\n  version: "1"\n'
#: What an application makes the API server do. Leases, watches and discovery go on without any.
COUNTED = ("applications", "applicationsets", "configmaps", "events", "namespaces")
_SET = f"/applicationsets/{FLEET}"


def begin() -> World:
    """Start the services, remove what a former run left, and make the world: a repository and one application."""
    for name in ("git", "gitops"):
        services.ensure(name)
    clear()
    world = lectures_approval.begin("scale", app=NAMESPACE, policy={"gates": False})
    listed = world.git.workdir / "apps" / "kustomization.yaml"
    listed.write_text(listed.read_text().replace(ADDRESS, Forge().url(world.repository)))
    world.cluster.apply(world.material / "root-account.yaml")
    commit = deliver(world, "Say where the repository is")
    world.argo.wait("vision-blur", revision=commit)
    # The commit changed nothing of it; left like that, the first drift would be synced away, once for each new commit.
    world.argo.sync("vision-blur")
    return world


def clear() -> None:
    """Remove what the lecture made, in the order that is quick; repositories stay, as history does."""
    from helpers.argocd import ArgoCD, NotFound
    from helpers.kubernetes import Cluster

    argo, cluster = ArgoCD(timeout=120), Cluster()
    ours = [app for app in argo.applications() if app.project in (NAMESPACE, ROOT) or app.name == "escape"]
    for name in (FLEET, "lecture-rings"):
        with contextlib.suppress(NotFound):
            argo.delete_application_set(name)
    for app in sorted(ours, key=lambda app: app.project != ROOT):
        if not app.raw["metadata"].get("ownerReferences"):
            with contextlib.suppress(NotFound):
                # Of `escape` alone something lies outside the namespace.
                argo.delete(app.name, cascade=app.name == "escape")
    _until(lambda: not {app.name for app in ours} & {app.name for app in argo.applications()}, "be deleted", 120)
    for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
        cluster.delete(kind, ROOT, missing_ok=True)
    for kind in ("RoleBinding", "Role", "ServiceAccount"):
        cluster.delete(kind, ROOT, namespace="argocd", missing_ok=True)
    for project in (ROOT, NAMESPACE):
        with contextlib.suppress(NotFound):
            argo.delete_project(project)
    cluster.delete("Namespace", NAMESPACE, missing_ok=True, wait=True)


def deliver(world: World, title: str) -> str:
    """Commit every change, have it approved and merged, and return the commit's id on ``main``."""
    world.commit(title)
    world.land(title)
    world.back()
    return world.git.rev_parse()


def child(world: World, name: str, changes: Mapping[str, str], manifest: str = "") -> teaching.Shown:
    """Write an Application into the folder of the root: that of vision with another name, and further changes.

    Args:
        name: of the child, and of its folder below ``services``. changes: texts of vision's file -> what replaces them.
        manifest: what its folder holds; by default a ConfigMap.
    """
    apps, folder = world.git.workdir / "apps", world.git.workdir / "services" / name
    text = (apps / "vision-blur.yaml").read_text()
    for old, new in {"vision-blur": name, **changes}.items():
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    (folder / "settings.yaml").write_text(manifest or MODEL.format(name))
    listed = (apps / "kustomization.yaml").read_text()
    (apps / "kustomization.yaml").write_text(listed.replace("resources:\n", f"resources:\n  - {name}.yaml\n"))
    return teaching.write(apps / f"{name}.yaml", text)


def revert(world: World) -> str:
    """Take the last commit back by a commit of its own, and return that one's id."""
    world.git._git(["revert", "--no-edit", "HEAD"])
    world.land("Take it back")
    world.back()
    return world.git.rev_parse()


def read(world: World, file: str) -> Any:
    """Return a manifest of the material as data, with the repository's address wherever it belongs."""
    import yaml

    return yaml.safe_load((world.material / file).read_text().replace(ADDRESS, Forge().url(world.repository)))


def told(world: World, name: str, timeout: float = 30) -> teaching.Shown:
    """Wait until Argo CD, asked anew, has something to say about an application, and show it."""
    found: list[Application] = []

    def look() -> bool:
        found[:] = [world.argo.application(name, refresh="normal")]
        return bool(found[0].conditions)

    _until(look, f"complain about {name}", timeout)
    return teaching.table(["Argo CD says", "Message"], [(one.type, one.message) for one in found[0].conditions])


def held(world: World, name: str) -> str:
    """Return what the running operation of an application waits for, as `World.held` does for the world's own."""
    other = copy.copy(world)
    other.app = name
    return other.held()


def fence(world: World) -> None:
    """Apply the admission policy of the root, and wait until the API server obeys it."""
    from helpers.kubernetes import AdmissionRefused

    world.cluster.apply(world.material / "fence.yaml")
    root = world.cluster.as_user(f"system:serviceaccount:argocd:{ROOT}", ["system:authenticated"])
    probe = read(world, "root.yaml")
    probe["metadata"] = {"name": "check-fence", "namespace": "argocd"}

    def refused() -> bool:
        try:
            root.apply(probe, dry_run=True)
        except AdmissionRefused:
            return True
        return False

    _until(refused, "obey the policy", 30)


def preview(world: World, manifest: Mapping[str, Any]) -> teaching.Shown:
    """Show the applications that an ApplicationSet would make, and make none: ``argocd appset generate``.

    Raises:
        ArgoError: a generator or the template fails; with the message alone, without the server's log.
    """
    from helpers.argocd import ArgoError

    try:
        body = {"applicationSet": manifest}
        answer = world.argo._call("POST", "/applicationsets/generate", "generate", "the applications", body=body)
    except ArgoError as error:
        error.why = "\n".join(line for line in error.why.splitlines() if not line.startswith("time="))
        error.next = "Compare the name in {{ }} with what the generator gives."
        raise
    rows = [(one["metadata"]["name"], one["spec"]["source"]["path"]) for one in answer.get("applications") or ()]
    return teaching.table(["Application", "Folder"], sorted(rows))


def give(world: World, manifest: Mapping[str, Any]) -> None:
    """Apply the fleet's ApplicationSet, and wait until it has done what it has to: made, changed, deleted."""
    world.argo.apply(manifest)
    look_again(world)


def look_again(world: World, timeout: float = 120) -> None:
    """Have the fleet's ApplicationSet look into Git now, and not in three minutes; wait until it has acted.

    A controller that is at work when the mark comes takes it away as well, although it has looked before, at the
    commit it remembers. So it is marked twice.
    """
    for _ in range(2):
        _mark(world, timeout)
    _until(lambda: not any(app.raw["metadata"].get("deletionTimestamp") for app in fleet(world)), "delete", timeout)


def _mark(world: World, timeout: float) -> None:
    mark = "argocd.argoproj.io/application-set-refresh"
    patch = {"metadata": {"annotations": {mark: "true"}}}
    version = world.cluster.patch("ApplicationSet", FLEET, patch, namespace="argocd").raw["metadata"]["resourceVersion"]

    def done() -> bool:
        # The API server of Argo CD may still show what was before the mark.
        seen = world.cluster.get("ApplicationSet", FLEET, namespace="argocd").raw["metadata"]
        return seen["resourceVersion"] != version and mark not in (seen.get("annotations") or {})

    _until(done, "look again", timeout)


def says(world: World, wrong: bool, timeout: float = 30) -> str:
    """Wait until the fleet's ApplicationSet reports an error, or none, and return its words."""
    found: list[str] = []

    def look() -> bool:
        conditions = (_fleet(world).get("status") or {}).get("conditions") or ()
        found[:] = [one["message"] for one in conditions
                    if one["type"] == "ErrorOccurred" and (one["status"] == "True") == wrong]  # fmt: skip
        return bool(found)

    _until(look, "say so", timeout)
    return found[0]


def follows_steps(world: World) -> bool:
    """Does the fleet's ApplicationSet roll out step by step? Then its status says at which step each application is."""
    return bool((_fleet(world).get("status") or {}).get("applicationStatus"))


def fleet(world: World) -> tuple[Application, ...]:
    """Return the applications of the fleet, by name."""
    return tuple(app for app in world.argo.applications(NAMESPACE) if app.name.startswith("model-"))


def standing(world: World) -> dict[str, int]:
    """Wait until the fleet rests; count its applications, and the models that run."""
    _until(lambda: all(_quiet(app) or app.conditions for app in fleet(world)), "come to rest", 60)
    models = [one for one in world.cluster.get("ConfigMap") if one.name.startswith("model-")]
    return {"applications": len(fleet(world)), "models": len(models)}


def compared(world: World, commit: str, count: int, timeout: float = 120) -> tuple[Application, ...]:
    """Have the whole fleet compared with a commit at once; return it when *count* applications are."""
    patch = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    for app in fleet(world):
        world.cluster.patch("Application", app.name, patch, namespace="argocd")

    def done() -> bool:
        # Who cannot be compared has no revision, but has read the mark.
        unread = [app for app in fleet(world) if "argocd.argoproj.io/refresh" in str(app.raw["metadata"])]
        return not unread and sum(app.revision == commit and _quiet(app) for app in fleet(world)) >= count

    _until(done, "compare the fleet", timeout)
    return fleet(world)


def _quiet(app: Application) -> bool:
    return app.sync == "Synced" and (app.operation is None or app.operation.done)


def picture(world: World) -> teaching.Shown:
    """Show the fleet, one cell for each application, and how many are in each state."""
    from helpers.widgets.application_tree import application_tree_html

    apps = fleet(world)
    counts = Counter(f"{app.sync}, {app.health}" for app in apps)
    text = "\n".join(f"{count} {state}" for state, count in counts.most_common())
    return teaching.Shown(application_tree_html(apps), text)


def rendered(world: World) -> tuple[int, int]:
    """Return how often the repo server has rendered a folder, and fetched this repository, by its own count."""
    url = Forge().url(world.repository)
    metrics = _metrics("repo-metrics")
    return (
        sum(v for k, v in metrics.items() if k.startswith("argocd_repo_parallelism_wait_duration_seconds_count")),
        sum(v for k, v in metrics.items() if k.startswith("argocd_git_request_total") and url in k and '"fetch"' in k),
    )


@dataclass(frozen=True)
class Step:
    """What stood and what it had cost when a number of applications was synced.

    Attributes:
        applications: how many there are.
        seconds, requests: what all of them took from nothing, each step of the growth added.
        memory: MiB of Argo CD and the control plane, shared pages counted once.
    """

    applications: int
    seconds: float
    requests: int
    memory: float


class Growth:
    """A fleet that grows by commits, and what that costs.

    Args:
        world: of the lecture. manifest: the fleet's ApplicationSet; it finds what is committed.
    """

    def __init__(self, world: World, manifest: Mapping[str, Any]) -> None:
        self.world, self.manifest = world, manifest
        self.steps: list[Step] = []

    def __repr__(self) -> str:
        return f"Growth({', '.join(str(step.applications) for step in self.steps) or 'not begun'})"

    def to(self, count: int) -> Step:
        """Commit folders until there are *count*, wait until all are synced, and return what it cost so far."""
        names = [f"model-{number:03}" for number in range(count)]
        add(self.world, names)
        before, begun = _requests(), time.perf_counter()
        give(self.world, self.manifest)
        while len(fleet(self.world)) < count and time.perf_counter() - begun < 300:
            look_again(self.world)
        self.world.argo.wait_all(names, timeout=300)
        took, asked = time.perf_counter() - begun, _requests() - before
        past = self.steps[-1] if self.steps else Step(0, 0, 0, 0)
        self.steps.append(Step(count, past.seconds + took, past.requests + asked, _memory()))
        return self.steps[-1]

    def each(self) -> teaching.Shown:
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

    def order(self) -> teaching.Shown:
        """Show by what each step multiplied applications and memory, and the requests of one application."""
        rows, past, before = [], Step(0, 0, 0, 0), 0.0
        for step in self.steps:
            price = (step.requests - past.requests) / (step.applications - past.applications)
            if past.applications:
                memory = step.memory / past.memory
                rows.append((f"{past.applications} → {step.applications}",
                             f"{step.applications / past.applications:.0f} times",
                             "no more" if price < 1.3 * before else f"{price / before:.1f} times",
                             "less than twice" if memory < 2 else f"{memory:.1f} times"))  # fmt: skip
            past, before = step, price
        return teaching.table(["Growth", "Applications", "Requests for each new", "Memory"], rows)

    def figure(self) -> teaching.Shown:
        """Draw the steps: requests, time and memory over the number of applications."""
        from helpers.widgets._growth import growth_html

        return teaching.Shown(growth_html(self.steps), repr(self.each()))


def add(world: World, names: list[str]) -> None:
    """Commit a folder for each model that has none yet."""
    for name in names:
        folder = world.git.workdir / "fleet" / name
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "settings.yaml").exists():
            (folder / "settings.yaml").write_text(MODEL.format(name))
    if not world.git.status().clean:
        deliver(world, f"Serve {len(names)} models")


def _fleet(world: World) -> dict[str, Any]:
    return world.argo._call("GET", _SET, "get", f"applicationset {FLEET}")


def _until(test: Callable[[], bool], what: str, timeout: float) -> None:
    until = time.monotonic() + timeout
    while not test():
        if time.monotonic() > until:
            raise BadInput(f"Argo CD does not {what}", why=f"Waited {timeout:g} s.", next="Restart and run all cells.")
        time.sleep(0.2)


def _requests() -> int:
    """Return how many requests about applications Kubernetes' API server has answered, by its own count."""
    from helpers.services.control_plane import kubeconfig
    from helpers.services.control_plane.rest import Rest

    with Rest(kubeconfig()) as api:
        lines = api.ask("/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("apiserver_request_total{") and 'verb="WATCH"' not in line]
    return int(sum(float(line.rpartition(" ")[2]) for line in counted
                   if any(f'resource="{one}"' in line for one in COUNTED)))  # fmt: skip


def _metrics(port: str) -> dict[str, int]:
    """Return the metrics of one part of Argo CD: name with labels -> value."""
    import requests

    from helpers.services._record import Record

    ports = Record.read(services.data("gitops").parent / "service.json").ports
    lines = requests.get(f"http://127.0.0.1:{ports[port]}/metrics", timeout=30).text.splitlines()
    found = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
    return {name: int(float(value)) for name, _, value in found if value != "NaN"}


def _memory() -> float:
    """Return the MiB of all processes of the cluster and of Argo CD, each page counted once."""
    import psutil

    from helpers.services._record import Record

    records = (Record.read(services.data(name).parent / "service.json") for name in ("kubernetes", "gitops"))
    sizes = (psutil.Process(one.pid).memory_full_info() for record in records for one in record.processes)
    # Only Linux shares them out.
    return sum(getattr(size, "pss", size.uss) for size in sizes) / 2**20

"""Applications: look at them, make them, delete them."""

from __future__ import annotations

from typing import Any, Literal

from helpers.clients.argocd._access import AccessCalls
from helpers.clients.argocd._events import Events
from helpers.clients.argocd._http import segment
from helpers.clients.argocd._manifests import Manifest, read
from helpers.clients.argocd.errors import (
    ArgoNotFound,
    Cancelled,
    ComparisonFailed,
    PermissionDenied,
    TimedOut,
    Unreachable,
    clean,
    from_application,
)
from helpers.clients.argocd.types import Application, Deployed, ResourceDiff, ResourceTree
from helpers.clients.kubernetes.types import Applied, Ref

#: Kind -> plural in the API's paths and in RBAC.
_PLURALS = {"Application": "applications", "AppProject": "projects", "ApplicationSet": "applicationsets"}

#: How a refresh is asked for: again and again, each with this share of the time. One that is slow may then still end.
ASKS = (1 / 6, 1 / 3, 1 / 2)


class ApplicationCalls(AccessCalls):
    """Calls about applications."""

    def applications(self, project: str | None = None, selector: str | None = None) -> tuple[Application, ...]:
        """Return the applications that the account may see, by name.

        Args:
            project: only of this project. selector: of labels, for example ``team=vision,env!=prod``.
        """
        query = {"projects": project, "selector": selector}
        found = self.call("GET", "/applications", "get", "applications", query=query)
        return tuple(Application.from_json(raw) for raw in found.get("items") or ())

    def application(self, name: str, refresh: Literal["normal", "hard"] | None = None) -> Application:
        """Return one application.

        Args:
            name: its name.
            refresh: ``normal`` has Argo CD look into Git and compare first; ``hard`` also forgets its cached manifests.

        Raises:
            ArgoNotFound: there is none. PermissionDenied: the account may not see it (for it, both look the same).
            TimedOut: it did not compare in time; what it knew before is in the error.
        """
        return Application.from_json(self._get(name)) if refresh is None else self._refreshed(name, refresh)

    def apply(self, manifest: Manifest, *, validate: bool = True) -> tuple[Applied, ...]:
        """Create or change Applications, AppProjects and ApplicationSets; Argo CD validates them first.

        Args:
            manifest: YAML text, a Path of a file or directory, or dictionaries. Projects are applied first.
            validate: also have the repository looked at: can manifests be made from it?

        Raises:
            Invalid, ProjectForbids, ComparisonFailed, PermissionDenied, BadInput: nothing of that object was changed.
        """
        return tuple(self._apply(item, validate) for item in read(manifest))

    def delete(self, name: str, cascade: bool = True, *, wait: bool = True, timeout: float = 120) -> None:
        """Delete an application.

        Args:
            name: its name.
            cascade: with the resources it manages; without it they stay.
            wait: until it is gone.
            timeout: seconds that may take.

        Raises:
            ArgoNotFound, PermissionDenied. TimedOut: it is not gone yet; why is in its conditions.
        """
        query = {"cascade": str(cascade).lower()}
        try:
            self.call("DELETE", f"/applications/{segment(name)}", "delete", f"application {name}", query=query)
        except PermissionDenied as error:
            raise self._hidden(name, error) from None
        if wait:
            with Events(self._api, name, timeout=timeout, known=[Application(name)]) as events:
                self._gone(name, events, timeout)

    def delete_application_set(self, name: str) -> None:
        """Delete an ApplicationSet, and the applications it made."""
        self.call("DELETE", f"/applicationsets/{segment(name)}", "delete", f"applicationset {name}")

    def diff(self, name: str, *, all: bool = False) -> tuple[ResourceDiff, ...]:
        """Return the resources whose live state differs from Git, normalised as Argo CD compares them.

        Values of Secrets are masked.

        Args:
            name: of the application. all: also those that do not differ.

        Raises:
            ComparisonFailed: Argo CD could not compare; "no difference" would be a guess.
            ProjectForbids, SyncRefused: nor may it compare this.
        """
        application = self.application(name)
        if application.sync == "Unknown":
            application = self.application(name, refresh="normal")
        if application.sync == "Unknown":
            error = from_application(application)
            raise (
                error
                if error is not None
                else ComparisonFailed(
                    f"Argo CD has not compared {name} yet", next=f"argo.application({name!r}, refresh='normal')"
                )
            )
        found = self.call("GET", f"/applications/{segment(name)}/managed-resources", "get", f"application {name}")
        diffs = (ResourceDiff.from_json(raw) for raw in found.get("items") or () if not raw.get("hook"))
        return tuple(diff for diff in diffs if all or diff.status != "same")

    def tree(self, name: str) -> ResourceTree:
        """Return the live resources of an application, with those that Kubernetes made from them."""
        self.application(name)
        path = f"/applications/{segment(name)}/resource-tree"
        return ResourceTree.from_json(self.call("GET", path, "get", f"application {name}"))

    def history(self, name: str) -> tuple[Deployed, ...]:
        """Return what was deployed, oldest first; the id is what `rollback` takes."""
        return self.application(name).history

    def events(self, name: str | None = None, *, timeout: float | None = None) -> Events:
        """Return the live changes of one application, or of all that the account may see.

        Args:
            name: of one application. timeout: seconds after which the iteration ends; ``None`` for no limit.

        Raises:
            ArgoNotFound, PermissionDenied: about the one application.
        """
        if name is not None:
            self.application(name)
        return Events(self._api, name, timeout=timeout)

    def _refreshed(self, name: str, refresh: str) -> Application:
        """Return an application after Argo CD has compared it again.

        Its controller can lose the request: it puts what it wrote last over the newer state in its cache.
        """
        for share in ASKS:
            try:
                return Application.from_json(self._get(name, refresh, share * self.timeout))
            except Unreachable as error:
                if not error.slow:
                    raise
        raise TimedOut(
            f"Argo CD did not look into Git again for {name} within {self.timeout:g} s",
            applications=(Application.from_json(self._get(name)),),
            why="Its API server answers, its application controller does not: it is stopped, or Git is slow.",
            next="course services restart gitops   # or wait, and look at: course services logs gitops",
        )

    def _get(self, name: str, refresh: str | None = None, timeout: float | None = None) -> dict[str, Any]:
        try:
            path = f"/applications/{segment(name)}"
            query = {"refresh": refresh}
            return self.call("GET", path, "get", f"application {name}", query=query, timeout=timeout)
        except PermissionDenied as error:
            raise self._hidden(name, error) from None

    def _hidden(self, name: str, error: PermissionDenied) -> Exception:
        """Return what a "permission denied" about an application means to an account that may see all of them."""
        if self.can_i("get", "applications", "*/*"):
            return ArgoNotFound(
                f"There is no application {name}", why="Argo CD knows none.", next="argo.applications()"
            )
        return error

    def _apply(self, item: dict[str, Any], validate: bool) -> Applied:
        kind, name = item["kind"], item["metadata"]["name"]
        plural, object = _PLURALS[kind], f"{kind.lower()} {name}"
        before = self._existing(plural, name, object)
        if kind == "AppProject":
            body: dict[str, Any] = {"project": item, "upsert": True}
            after = self.call("POST", "/projects", "create", object, body=body)
        else:
            query = {"upsert": "true", "validate": str(validate).lower() if kind == "Application" else None}
            after = self.call("POST", f"/{plural}", "create", object, query=query, body=item)
        ref = Ref(item["apiVersion"], kind, name, (after.get("metadata") or {}).get("namespace", ""))
        if before is None:
            return Applied(ref, "created")
        return Applied(ref, "unchanged" if _wish(before) == _wish(after) else "configured")

    def _existing(self, plural: str, name: str, object: str) -> dict[str, Any] | None:
        try:
            return self.call("GET", f"/{plural}/{segment(name)}", "get", object)
        except (ArgoNotFound, PermissionDenied):
            # The call that follows says it if this is about rights.
            return None

    def _gone(self, name: str, events: Events, timeout: float) -> None:
        last = None
        for event in events:
            last = event.application
            if event.kind == "DELETED":
                return
        if events.closed:
            raise Cancelled(f"Waiting for {name} to go was cancelled", next="argo.applications()")
        said = "\n".join(f"{c.type}: {clean(c.message)}" for c in last.conditions) if last is not None else ""
        raise TimedOut(
            f"{name} is not gone after {timeout:g} s",
            applications=[last] if last is not None else [],
            why=said or "Its resources are still being deleted.",
            next=f"argo.application({name!r}).conditions",
        )


def _wish(raw: dict[str, Any]) -> tuple[Any, ...]:
    meta = raw.get("metadata") or {}
    return raw.get("spec"), *(meta.get(key) or None for key in ("labels", "annotations", "finalizers"))

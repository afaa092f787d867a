"""Projects, repositories, keys and accounts: who may do what, with what."""

from __future__ import annotations

from dataclasses import replace

from helpers.clients.argocd._base import Connected
from helpers.clients.argocd._http import segment
from helpers.clients.argocd._projects import Project, SyncWindow
from helpers.clients.argocd._repositories import GpgKey, Repository
from helpers.core.files import write_private
from helpers.core.redact import add_secrets
from helpers.runtime import services


class AccessCalls(Connected):
    """Calls about what surrounds applications."""

    def projects(self) -> tuple[Project, ...]:
        """Return the projects that the account may see, by name."""
        found = self.call("GET", "/projects", "get", "projects").get("items") or ()
        return tuple(sorted((Project.from_json(raw) for raw in found), key=lambda project: project.name))

    def project(self, name: str) -> Project:
        """Return one project.

        Raises:
            ArgoNotFound: there is none. PermissionDenied: the account may not see it.
        """
        return Project.from_json(self.call("GET", f"/projects/{segment(name)}", "get", f"project {name}"))

    def delete_project(self, name: str) -> None:
        """Delete a project that no application uses."""
        self.call("DELETE", f"/projects/{segment(name)}", "delete", f"project {name}")

    def sync_windows(self, project: str) -> tuple[SyncWindow, ...]:
        """Return the sync windows of a project, each with whether it is active now."""
        windows = self.project(project).sync_windows
        answer = self.call("GET", f"/projects/{segment(project)}/syncwindows", "get", f"project {project}")
        active = [SyncWindow.from_json(raw) for raw in answer.get("windows") or ()]
        return tuple(replace(window, active=window in active) for window in windows)

    def can_sync(self, name: str) -> bool:
        """Do the sync windows let a person sync this application now?"""
        path = f"/applications/{segment(name)}/syncwindows"
        # The field is left out when it is false.
        return bool(self.call("GET", path, "get", f"application {name}").get("canSync"))

    def can_i(self, action: str, resource: str, object: str = "*") -> bool:
        """May this account do *action* (``get``, ``sync``, ...) on *resource* (``applications``, ...)?

        Args:
            object: in RBAC's words, ``PROJECT/APPLICATION`` for applications.
        """
        path = f"/account/can-i/{segment(resource)}/{segment(action)}/{object}"
        return self.call("GET", path, action, f"{resource} {object}").get("value") == "yes"

    def repositories(self) -> tuple[Repository, ...]:
        """Return the repositories that Argo CD has credentials for, each with whether it can be reached."""
        found = self.call("GET", "/repositories", "get", "repositories").get("items") or ()
        return tuple(Repository.from_json(raw) for raw in found)

    def add_repository(self, url: str, person: str = "", token: str = "", *, project: str | None = None) -> Repository:
        """Give Argo CD credentials for a repository; it tries them first. Known ones are replaced.

        Args:
            url: of the repository, as applications name it.
            person: whose credentials. token: the person's token or password; it never shows.
            project: only applications of this project may use them.

        Raises:
            RepositoryRefused: it cannot be reached with these. PermissionDenied.
        """
        if token:
            add_secrets(token)
        body = {"repo": url, "type": "git", "username": person, "password": token, "project": project or ""}
        query = {"upsert": "true"}
        self.call("POST", "/repositories", "create", f"repository {url}", query=query, body=body)
        # The answer says neither whose credentials these are nor that they worked; the server refuses others.
        return Repository(url, person, project or "", "Successful")

    def remove_repository(self, url: str) -> None:
        """Have Argo CD forget the credentials of a repository."""
        self.call("DELETE", f"/repositories/{segment(url)}", "delete", f"repository {url}")

    def gpg_keys(self) -> tuple[GpgKey, ...]:
        """Return the GnuPG public keys that commit signatures are verified with."""
        return tuple(GpgKey.from_json(raw) for raw in self.call("GET", "/gpgkeys", "get", "gpgkeys").get("items") or ())

    def add_gpg_key(self, armored: str) -> tuple[GpgKey, ...]:
        """Add GnuPG public keys (ASCII armored); return all that are known then.

        It takes the repo server a moment to take a new key in.

        Raises:
            Invalid: it is not a public key. PermissionDenied.
        """
        known = {key.key_id for key in self.gpg_keys()}
        self.call("POST", "/gpgkeys", "create", "gpgkey", query={"upsert": "true"}, body={"keyData": armored})
        keys = self.gpg_keys()
        if isinstance(self._account, str):
            for key in keys:
                if key.key_id not in known:
                    self._mount(key.key_id)
        return keys

    def _mount(self, key_id: str) -> None:
        """Put a key where the repo server looks; in a pod, Kubernetes does that with the ConfigMap of the keys."""
        armored = self.call("GET", f"/gpgkeys/{segment(key_id)}", "get", f"gpgkey {key_id}").get("keyData", "")
        write_private(services.data("gitops") / "gpg-keys" / key_id, str(armored).encode())

    def version(self) -> str:
        """Return the version of the API server, for example ``v3.6.1``."""
        return str(self._api.call("GET", "/version", action="get", object="version").get("Version", ""))

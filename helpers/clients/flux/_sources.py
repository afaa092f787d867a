"""Sources: a branch of a Git repository as Flux is given it."""

from __future__ import annotations

import base64
from typing import Any, Protocol

from helpers.clients.flux import source_declaration as d
from helpers.clients.flux._base import FluxBase, token
from helpers.clients.flux.types import Source, SourceNotReady, Sources, short
from helpers.clients.kubernetes import Object, ObjectNotFound, TimedOut
from helpers.core.redact import add_secrets

_SOURCE = f"{d.KIND}.{d.GROUP}"


class Account(Protocol):
    """How to log in to a Git server, for example `helpers.clients.forge.Credentials`."""

    @property
    def username(self) -> str:
        """The user."""

    @property
    def password(self) -> str:
        """The password or token."""


class SourceCommands(FluxBase):
    """Methods on sources."""

    def source(
        self,
        name: str,
        url: str,
        branch: str = "main",
        *,
        path: str = "",
        interval: str = "10s",
        credentials: Account | None = None,
    ) -> Source:
        """Declare a branch of a Git repository as a source, and return it as it is right then.

        Args:
            url: ``http://``, ``https://``, or in ``flux-system`` ``file://``.
            path: only this directory is given to Flux. interval: how often to look, a duration of Go.
            credentials: of a Git server that asks; kept in a Secret ``NAME-git``, never in the source.

        Raises:
            BadInput: address, path or interval is none.
        """
        notes = {d.URL: url, d.BRANCH: branch, d.PATH: path, d.INTERVAL: interval}
        manifests: list[dict[str, Any]] = []
        if credentials is not None:
            add_secrets(credentials.password)
            notes[d.SECRET] = f"{name}-git"
            account = {"username": credentials.username, "password": credentials.password}
            data = {key: base64.b64encode(value.encode()).decode() for key, value in account.items()}
            manifests += [{"apiVersion": "v1", "kind": "Secret", "metadata": self._meta(notes[d.SECRET]), "data": data}]
        meta = {**self._meta(name), "annotations": notes}
        d.Declaration.of({"metadata": meta})
        manifests += [{"apiVersion": f"{d.GROUP}/{d.VERSION}", "kind": d.KIND, "metadata": meta, "spec": {}}]
        self.apply(manifests)
        return self.get_source(name)

    def get_source(self, name: str) -> Source:
        """Return a source."""
        return Source.of(self.cluster.get(_SOURCE, name, namespace=self.namespace))

    def sources(self) -> Sources:
        """Return the sources of the namespace."""
        return Sources(Source.of(one) for one in self.cluster.get(_SOURCE, namespace=self.namespace))

    def delete_source(self, name: str) -> None:
        """Delete a source and its account; what was applied from it stays."""
        self.cluster.delete(_SOURCE, name, namespace=self.namespace, wait=True)
        self.cluster.delete("Secret", f"{name}-git", namespace=self.namespace, missing_ok=True)

    def reconcile_source(self, name: str, *, timeout: float = 60) -> Source:
        """Have the source look at its repository now, and return what it found.

        Raises:
            SourceNotReady: there is no such source, or the repository cannot be had. FluxDown: nobody looks.
        """
        requested = token()
        where: dict[str, Any] = {"namespace": self.namespace}
        try:
            self.cluster.patch(
                _SOURCE, name, {"metadata": {"annotations": {d.REQUESTED: requested}}}, type="merge", **where
            )

            def handled(found: Object) -> bool:
                return (found.metadata.get("annotations") or {}).get(d.HANDLED) == requested

            found = Source.of(self.cluster.wait(_SOURCE, name, condition=handled, timeout=timeout, **where))
        except ObjectNotFound as error:
            raise self._no_source(name, error) from None
        except TimedOut:
            self._check_up()
            now = self.get_source(name)
            raise SourceNotReady(
                f"The source {name} was not looked at in {timeout:g} s",
                now,
                why=now.message,
                next="course services logs flux",
            ) from None
        if not found.ready:
            raise source_fault(found)
        return found

    def _no_source(self, name: str, error: ObjectNotFound) -> SourceNotReady:
        return SourceNotReady(
            f"There is no source {name} in {self.namespace}", why=error.what, next=f"flux.source({name!r}, url)"
        )


def source_fault(found: Source) -> SourceNotReady:
    """Return the typed error of a source that cannot be fetched."""
    kept = f" Flux keeps {short(found.revision)}." if found.revision else ""
    next = {
        "GitServerDown": "course services start git",
        "AuthenticationFailed": 'flux.source(..., credentials=Forge("argocd").credentials(repository))',
        "BranchNotFound": "Push the branch, or declare the source with another one.",
        "PathNotFound": "Commit the directory, or declare the source with another path.",
    }.get(found.reason, f"Correct it, then flux.reconcile_source({found.name!r}).")
    what = f"The source {found.name} is not ready: {found.reason or 'not reconciled yet'}"
    return SourceNotReady(what, found, why=found.message + kept, next=next)

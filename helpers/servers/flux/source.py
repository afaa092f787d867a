"""``python -m helpers.servers.flux.source``: gives Flux's kustomize-controller the content of Git.

It stands in for Flux's source-controller, which cannot be built here. It is the course's own program, not Flux's: it
makes sources as Flux RFC-0012 lays down for programs of others. For each ``ExternalArtifact`` with the annotations of
`helpers.clients.flux.source_declaration` it fetches a branch, packs it, serves the archive, and reports that in the
status. It follows one branch and no more: no tags, no semver, no submodules, no ``.sourceignore``, and it verifies no
signatures (a GitRepository's ``spec.verify`` does; here the forge's change gate and Argo CD do).
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import datetime as dt
import hashlib
import logging
import os
import shutil
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import waitress

from helpers.clients.flux.source_declaration import GROUP, HANDLED, KIND, NAMESPACE, REQUESTED, Declaration
from helpers.clients.kubernetes import Cluster, KubernetesError, Object, ObjectNotFound, reveal
from helpers.core import logs
from helpers.core.errors import BadInput, CourseError
from helpers.core.process import ProcessError
from helpers.core.redact import add_secrets, redact
from helpers.servers import tls
from helpers.servers.flux.artifacts import Artifacts
from helpers.servers.flux.mirror import Mirror, PathMissing, TooLarge
from helpers.wrappers.git import AccessDenied, GitError, GitServerDown, RemoteUnreachable, UnknownRevision

log = logs.logger(__name__)
#: Who writes the status.
MANAGER = "course-flux-source"
TYPE = f"{KIND}.{GROUP}"
#: Seconds: one fetch at most, and the longest pause after one that failed.
FETCH, RETRY = 60.0, 10.0


class SecretMissing(CourseError):
    """The Secret with the account is not there."""

    code = "flux-secret-missing"


#: The Ready condition's reason for each fault; first match wins.
REASONS: tuple[tuple[type[CourseError], str], ...] = (
    (AccessDenied, "AuthenticationFailed"),
    (UnknownRevision, "BranchNotFound"),
    (GitServerDown, "GitServerDown"),
    (RemoteUnreachable, "RepositoryUnreachable"),
    (GitError, "GitOperationFailed"),
    (ProcessError, "GitOperationFailed"),
    (PathMissing, "PathNotFound"),
    (TooLarge, "ContentTooLarge"),
    (SecretMissing, "SecretNotFound"),
    (BadInput, "InvalidDeclaration"),
)


@dataclass
class Turn:
    """When a source is looked at again, and what it was looked at for."""

    asked: tuple[object, ...] = ()
    due: float = 0.0
    work: Future[None] | None = field(default=None, repr=False)


class Source:
    """Keeps the status of all declared sources right.

    Args:
        cluster: as Flux. data: directory of repositories and archives. url: where the archives are served.
    """

    def __init__(self, cluster: Cluster, data: Path, url: str) -> None:
        self.cluster, self.url = cluster, url
        self.artifacts, self.repositories = Artifacts(data / "artifacts"), data / "git"
        self._turns: dict[str, Turn] = {}
        self._wake = threading.Event()
        self._pool = ThreadPoolExecutor(4)

    def run(self) -> None:
        """Work until the process ends."""
        threading.Thread(target=self._watch, daemon=True).start()
        while True:
            self._wake.clear()
            pause = 1.0
            try:
                pause = self._round()
            except KubernetesError as error:
                log.warning("%s", error.what)
            self._wake.wait(pause)

    def _watch(self) -> None:
        """Wake the worker at each change of a source."""
        while True:
            with contextlib.suppress(KubernetesError):
                for _ in self.cluster.watch(TYPE, namespace="*"):
                    self._wake.set()
            time.sleep(1)

    def _round(self) -> float:
        """Begin the work that is due; return the seconds until the next."""
        there = {f"{one.namespace}/{one.name}": one for one in self.cluster.get(TYPE, namespace="*")}
        for gone in (set(self._turns) | self.artifacts.sources()) - set(there):
            self._forget(gone)
        now = time.monotonic()
        for key, found in there.items():
            turn = self._turns.setdefault(key, Turn())
            notes = found.metadata.get("annotations") or {}
            asked = (found.metadata.get("uid"), *sorted((k, v) for k, v in notes.items() if k != HANDLED))
            if turn.work is not None and not turn.work.done():
                continue
            if asked != turn.asked or now >= turn.due:
                turn.asked, turn.due = asked, now + RETRY
                turn.work = self._pool.submit(self._work, key, found, turn)
        idle = [turn.due for turn in self._turns.values() if turn.work is None or turn.work.done()]
        return max(0.05, min([*(due - now for due in idle), 5.0]))

    def _forget(self, key: str) -> None:
        turn = self._turns.get(key)
        if turn is not None and turn.work is not None and not turn.work.done():
            return
        self._turns.pop(key, None)
        self.artifacts.forget(key)
        shutil.rmtree(self.repositories / key, ignore_errors=True)

    def _work(self, key: str, found: Object, turn: Turn) -> None:
        """Look at one source and say how it is."""
        pause = RETRY
        try:
            declared = Declaration.of(found.raw)
            if declared is None:
                turn.due = time.monotonic() + 3600
                return
            pause = min(declared.interval, RETRY)
            artifact = self._artifact(key, found, declared)
            self._say(found, artifact, "True", "Succeeded", f"stored artifact for revision '{artifact['revision']}'")
            pause = declared.interval
        except KubernetesError as error:
            # The cluster's fault, or the source was deleted meanwhile: no word on the repository.
            log.warning("%s: %s", key, error.what)
        except CourseError as error:
            self._failed(found, error)
        except Exception:
            log.exception("%s", key)
            self._failed(found, CourseError("The source has a fault", why="course services logs flux"))
        finally:
            turn.due = time.monotonic() + pause
            self._wake.set()

    def _artifact(self, key: str, found: Object, declared: Declaration) -> dict[str, Any]:
        """Return the artifact of the branch as it is now; an archive that is still right is kept."""
        folder = self.repositories / key
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mirror = Mirror(folder, timeout=FETCH)
        commit = mirror.fetch(declared, self._account(found, declared))
        revision = f"{declared.branch}@sha1:{commit}"
        # Which directory it was made of is part of what an archive is.
        made_of = {"path": declared.path, "url": declared.url}
        old = dict(found.status.get("artifact") or {})
        if old.get("revision") == revision and old.get("metadata") == made_of and self.artifacts.has(old["path"]):
            return {**old, "url": self._url(old["path"])}
        content = mirror.pack(commit, declared.path)
        path = self.artifacts.put(key, content)
        return {
            "path": path,
            "url": self._url(path),
            "revision": revision,
            "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
            "lastUpdateTime": _now(),
            "size": len(content),
            "metadata": made_of,
        }

    def _url(self, path: str) -> str:
        return f"{self.url}/externalartifact/{path}"

    def _account(self, found: Object, declared: Declaration) -> tuple[str, str] | None:
        if not declared.secret:
            return None
        try:
            secret = self.cluster.get("Secret", declared.secret, namespace=found.namespace)
        except ObjectNotFound:
            raise SecretMissing(f"There is no Secret {declared.secret} in {found.namespace}") from None
        data = reveal(secret.raw).get("data") or {}
        try:
            user, password = (base64.b64decode(data[key]).decode() for key in ("username", "password"))
        except (KeyError, ValueError):
            raise BadInput(
                f"Secret {declared.secret} is not an account", why="It has no username and password."
            ) from None
        add_secrets(password)
        return user, password

    def _failed(self, found: Object, error: CourseError) -> None:
        """Say why the source is not ready; the last artifact stays, as with source-controller."""
        reason = next((reason for kind, reason in REASONS if isinstance(error, kind)), "Failed")
        message = redact(f"{error.what}: {' '.join(error.why.split())}" if error.why else error.what)
        artifact = found.status.get("artifact")
        if artifact and self.artifacts.has(artifact["path"]):
            artifact = {**artifact, "url": self._url(artifact["path"])}
        with contextlib.suppress(KubernetesError):
            self._say(found, artifact, "False", reason, message[:2000])

    def _say(self, found: Object, artifact: dict[str, Any] | None, status: str, reason: str, message: str) -> None:
        """Write the status when it is not that already, then say that a request was handled."""
        where = {"namespace": found.namespace, "field_manager": MANAGER, "type": "merge"}
        generation = int(found.metadata.get("generation") or 1)
        ready = {
            "type": "Ready",
            "status": status,
            "reason": reason,
            "message": message,
            "observedGeneration": generation,
        }
        before: dict[str, Any] = next((c for c in found.status.get("conditions") or () if c.get("type") == "Ready"), {})
        if any(before.get(key) != value for key, value in ready.items()) or found.status.get("artifact") != artifact:
            same = before.get("status") == status
            ready["lastTransitionTime"] = before["lastTransitionTime"] if same else _now()
            patch = {"status": {"artifact": artifact, "conditions": [ready]}}
            self.cluster.patch(TYPE, found.name, patch, subresource="status", **where)  # type: ignore[arg-type]
        notes = found.metadata.get("annotations") or {}
        token = notes.get(REQUESTED)
        if token and notes.get(HANDLED) != token:
            patch = {"metadata": {"annotations": {HANDLED: token}}}
            self.cluster.patch(TYPE, found.name, patch, **where)  # type: ignore[arg-type]


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once, with every git under way; a fetch cut short is done again at the next start."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.terminate()
    os._exit(0)


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description="Gives Flux's kustomize-controller the content of Git.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="directory of repositories and archives")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    options = parser.parse_args(argv)
    os.umask(0o077)
    logs.show(logging.WARNING)
    signal.signal(signal.SIGTERM, _leave)
    source = Source(
        Cluster(kubeconfig=options.kubeconfig, namespace=NAMESPACE), options.data, f"http://127.0.0.1:{options.port}"
    )
    threading.Thread(target=source.run, daemon=True).start()
    app = tls.OwnPages(source.artifacts.app(), options.port)
    waitress.serve(app, host="127.0.0.1", port=options.port, threads=4, ident="flux-source", max_request_body_size=0)


if __name__ == "__main__":
    main()

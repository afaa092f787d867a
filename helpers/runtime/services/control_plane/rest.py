"""The few calls a service's own set-up makes to the API server; learners' code uses `helpers.Cluster`."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from helpers.core.http import Answer, Client, NoAnswer
from helpers.core.polling import wait_until
from helpers.runtime.services.errors import NotReady


def answers(config: Path, path: str) -> bool:
    """Return whether the API server answers *path* with success."""
    with Rest(config) as api:
        try:
            return api.ask(path).ok
        except NotReady:
            return False


class Rest:
    """Raw calls with a client certificate.

    Args:
        config: a kubeconfig written by this package.

    Raises (every call):
        NotReady: the API server does not answer, or refuses.
    """

    def __init__(self, config: Path) -> None:
        data = json.loads(config.read_text())
        cluster, user = data["clusters"][0]["cluster"], data["users"][0]["user"]
        self._client = Client(
            cluster["server"],
            ca=Path(cluster["certificate-authority"]),
            certificate=(Path(user["client-certificate"]), Path(user["client-key"])),
            # The API server says "later" for a moment after its start and after a new type.
            busy_retries=8,
        )

    def __enter__(self) -> Rest:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def create(self, path: str, manifest: dict[str, Any]) -> None:
        """Create an object; one that is there already stays as it is."""
        _expect(self._request("POST", path, json=manifest), path, 201, 409)

    def apply(self, path: str, manifest: dict[str, Any]) -> None:
        """Create or change an object by server-side apply."""
        answer = self._request(
            "PATCH",
            f"{path}?fieldManager=course&force=true",
            json.dumps(manifest),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        _expect(answer, path, 200, 201)

    def ask(self, path: str) -> Answer:
        """Return the raw answer to a GET."""
        return self._request("GET", path)

    def _request(self, method: str, path: str, body: str | None = None, **options: Any) -> Answer:
        try:
            return self._client.request(method, path, body, **options)
        except NoAnswer as error:
            raise not_ready("The Kubernetes API server does not answer", str(error)) from None

    def get(self, path: str) -> dict[str, Any] | None:
        """Return an object, or nothing when there is none."""
        answer = self.ask(path)
        _expect(answer, path, 200, 404)
        if answer.status != 200:
            return None
        found: dict[str, Any] = answer.json()
        return found

    def until(self, path: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait for an object to be there and return it.

        Raises:
            NotReady: it did not appear in time.
        """

        def late() -> NotReady:
            return not_ready(f"{path} did not appear in the cluster", f"Waited {seconds:.0f} s.")

        return wait_until(f"{path} is there", lambda: self.get(path), seconds, on_timeout=late)


def not_ready(what: str, why: str) -> NotReady:
    """Return the error of a cluster that does not get ready."""
    return NotReady(what, why=why, next="course services logs kubernetes")


def _expect(answer: Answer, path: str, *fine: int) -> None:
    if answer.status not in fine:
        raise not_ready(f"The API server refused to set up {path}", f"{answer.status}: {answer.text[:500]}")

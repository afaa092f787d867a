"""The few calls a service's own set-up makes to the API server; learners' code uses `helpers.kubernetes`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from helpers.services.errors import NotReady

if TYPE_CHECKING:
    from requests import Response


def answers(config: Path, path: str) -> bool:
    """Return whether the API server answers *path* with success."""
    import requests

    with Rest(config) as api:
        try:
            return bool(api.ask(path).ok)
        except requests.RequestException:
            return False


class Rest:
    """Raw calls with a client certificate.

    Args:
        config: a kubeconfig written by this package.
    """

    def __init__(self, config: Path) -> None:
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry

        data = json.loads(config.read_text())
        cluster, user = data["clusters"][0]["cluster"], data["users"][0]["user"]
        self._server = cluster["server"]
        self._session = requests.Session()
        # A proxy of the environment is never meant for loopback.
        self._session.trust_env = False
        # The API server says "later" for a moment after its start and after a new type.
        later = Retry(total=8, connect=0, read=0, status_forcelist=(429, 503), allowed_methods=None, backoff_factor=0.1)
        self._session.mount("https://", HTTPAdapter(max_retries=later))
        self._session.verify = cluster["certificate-authority"]
        self._session.cert = (user["client-certificate"], user["client-key"])

    def __enter__(self) -> Rest:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._session.close()

    def create(self, path: str, manifest: dict[str, Any]) -> None:
        """Create an object; one that is there already stays as it is."""
        self._tell(self._session.post(self._server + path, json=manifest, timeout=30), path, 201, 409)

    def apply(self, path: str, manifest: dict[str, Any]) -> None:
        """Create or change an object by server-side apply."""
        self._tell(
            self._session.patch(
                f"{self._server}{path}?fieldManager=course&force=true",
                data=json.dumps(manifest),
                headers={"Content-Type": "application/apply-patch+yaml"},
                timeout=30,
            ),
            path,
            200,
            201,
        )

    def ask(self, path: str) -> Response:
        """Return the raw answer to a GET."""
        return self._session.get(self._server + path, timeout=30)

    def get(self, path: str) -> dict[str, Any] | None:
        """Return an object, or nothing when there is none."""
        answer = self.ask(path)
        self._tell(answer, path, 200, 404)
        if answer.status_code != 200:
            return None
        found: dict[str, Any] = answer.json()
        return found

    def until(self, path: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait for an object to be there and return it."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.get(path)
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise NotReady(
                    f"{path} did not appear in the cluster",
                    why=f"Waited {seconds:.0f} s.",
                    next="course services logs kubernetes",
                )
            time.sleep(0.1)

    @staticmethod
    def _tell(answer: Response, path: str, *fine: int) -> None:
        if answer.status_code not in fine:
            raise NotReady(
                f"The API server refused to set up {path}",
                why=f"{answer.status_code}: {answer.text[:500]}",
                next="course services logs kubernetes",
            )

"""``python -m helpers.servers.image_admission.server``: answers AdmissionReviews over TLS on loopback.

Source of the protocol: Kubernetes documentation, "Dynamic Admission Control", admission.k8s.io/v1.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from helpers.clients.image_admission.policy import Policy, Rule, images
from helpers.compliance.gates import judge_image
from helpers.core import logs
from helpers.core.errors import CourseError
from helpers.servers import tls
from helpers.servers.own_requests import OwnHandler

log = logs.logger(__name__)
#: The API server takes at most 3 MiB for an object; a review holds it twice, new and old.
_MOST = 8 * 1024 * 1024
#: Seconds for which a good answer is remembered: a Deployment is asked about again for its ReplicaSet and each pod.
_REMEMBER = 30.0


class Judge:
    """Judges objects by the policy in a directory.

    Args:
        data: directory of the service: the policy, and working files of the tools.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.scratch = data / "scratch"
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True, mode=0o700)
        self._good: dict[tuple[str, Rule], float] = {}
        self._lock = threading.Lock()

    def refusals(self, manifest: Any) -> list[str]:
        """Return why an object may not run, a sentence an image; empty when it may."""
        policy = Policy.read(self.data)
        return [f"{image}: {why}" for image in images(manifest) if (why := self._why_not(policy, image))]

    def _why_not(self, policy: Policy, image: str) -> str:
        rule = policy.rule(image)
        if rule is None:
            return "no rule covers it, so it is refused by default."
        known = (image, rule)
        with self._lock:
            if time.monotonic() - self._good.get(known, -_REMEMBER) < _REMEMBER:
                return ""
        host = image.split("/", 1)[0]
        key = rule.signer(self.scratch)
        verdict = judge_image(image, key=key, registry=host, endpoints=policy.endpoints, scratch=self.scratch)
        if verdict.rule:
            return f"{'could not tell, so it is refused. ' if verdict.unknown else ''}{verdict.words}"
        with self._lock:
            self._good[known] = time.monotonic()
        return ""


def review(judge: Judge, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to an AdmissionReview; what cannot be judged is refused."""
    request = asked.get("request") or {}
    try:
        why = judge.refusals(request.get("object"))
    except CourseError as error:
        why = [f"could not tell, so it is refused. {error.what}. {error.why}".strip()]
    answer: dict[str, Any] = {"uid": request.get("uid", ""), "allowed": not why}
    if why:
        answer["status"] = {"code": 403, "reason": "Forbidden", "message": " ".join(why)[:2000]}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}


def serve(port: int, data: Path, cert: Path, key: Path) -> None:
    """Serve until terminated."""
    judge = Judge(data)

    class Handler(OwnHandler):
        timeout = 15
        hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

        def do_GET(self) -> None:
            self._say(200 if self.path == "/healthz" else 404, {})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            # The API server adds ?timeout=15s.
            found = urlsplit(self.path).path == "/validate"
            if not found or not 0 < length <= _MOST:
                self._say(413 if found else 404, {})
                return
            try:
                asked = json.loads(self.rfile.read(length))
                if not isinstance(asked, dict):
                    raise ValueError("no object")
            except ValueError:
                self._say(400, {})
                return
            self._say(200, review(judge, asked))

        def _say(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not news."""

    tls.TlsServer(("127.0.0.1", port), Handler, tls.server_context(cert, key)).serve_forever()


def main(argv: list[str] | None = None) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    for name in ("data", "cert", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args(argv)
    os.umask(0o077)
    logs.show(logging.WARNING)
    serve(options.port, options.data, options.cert, options.key)


if __name__ == "__main__":
    main()

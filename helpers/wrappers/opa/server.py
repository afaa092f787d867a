"""OPA as a server on a socket that only its owner opens: a decision in milliseconds, as gates at run time ask for it.

OPA's own server asks nobody who they are, and takes new policies from everybody: on a port, each user of the machine
could replace the rules. So it listens on a Unix socket in a directory of mode 0700.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from helpers.core import process
from helpers.core.polling import wait_until
from helpers.runtime import tools
from helpers.wrappers.base import StrPath, paths
from helpers.wrappers.opa.opa import Opa
from helpers.wrappers.opa.results import Undefined
from helpers.wrappers.policy import BuiltinError, PolicyMissing, RegoError, RegoProblem
from helpers.wrappers.rego_capabilities import MEMORY

#: Seconds an answer may take.
_PATIENCE = 30.0


class _Connection(http.client.HTTPConnection):
    """A connection by a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("opa", timeout=_PATIENCE)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class OpaServer:
    """Serves the policies of some directories; use it as a context manager.

    Args:
        policies: policy files or directories; read once, at the start. Tests and bundles among them are left out.
        timeout: seconds it may take to start.

    Raises:
        PolicyMissing: one of them is not there. RegoError: the Rego is not valid, or reaches out of the evaluation
            (`helpers.wrappers.rego_capabilities`). TimedOut: the server does not answer.
    """

    def __init__(self, *policies: StrPath, timeout: float = 60) -> None:
        for policy in paths(policies):
            if not Path(policy).exists():
                raise PolicyMissing(f"There is no policy at {policy}", next="Name files or directories that exist.")
        given = [os.path.abspath(path) for path in policies]  # noqa: PTH100 - a link is served by the name it was given
        # The server has no option for capabilities, so it is given only what was compiled under them.
        checked = Opa(Path.cwd()).check(*given, strict=False, ignore=["*_test.rego"])
        if checked.problems:
            raise RegoError("OPA cannot serve the policies: the Rego is not valid", checked.problems)
        self._directory = Path(tempfile.mkdtemp(prefix="opa-"))
        self._lock, self._connection = threading.Lock(), _Connection(self._directory / "socket")
        address = f"--addr=unix://{self._directory / 'socket'}"
        # A bundle in one of the directories would be served too, and `opa check` does not read it.
        ignored = ["--ignore=*_test.rego", "--ignore=*.tar.gz"]
        flags = ["--server", address, "--log-level=error", "--disable-telemetry", *ignored]
        self._process = process.start(
            [tools.ensure("opa").path, "run", *flags, "--", *given], env=process.environment(), memory=MEMORY
        )
        try:
            wait_until("OPA answers", self._ready, timeout, every=0.02, next="opa check POLICY")
        except BaseException:
            self._close()
            raise

    def decide(self, rule: str, input: Any, *, strict_builtin_errors: bool = True) -> Any:
        """Return the value of a rule for one input (``POST /v1/data/...``).

        Args:
            rule: path of the rule, such as ``main/deny``.
            input: the input document.
            strict_builtin_errors: a built-in function that fails is an error; OPA's own default is that the rule is
                undefined then.

        Raises:
            Undefined: the rule has no value for this input. BuiltinError: a built-in function failed.
        """
        strict = "?strict-builtin-errors=true" if strict_builtin_errors else ""
        status, text = self._request("POST", f"/v1/data/{rule}{strict}", json.dumps({"input": input}))
        body = json.loads(text)
        if status >= 400:
            said = str(body.get("message", "")), *(str(e.get("message", "")) for e in body.get("errors") or ())
            raise BuiltinError(f"{rule} could not be evaluated", (RegoProblem("; ".join(filter(None, said))),))
        if "result" not in body:
            raise Undefined(f"{rule} has no value for this input", next="Ask for a rule with a default.")
        return body["result"]

    def decide_all(self, rule: str, inputs: Sequence[Any]) -> list[Any]:
        """Return the value of a rule for each input, in order; errors as `decide`."""
        return [self.decide(rule, one) for one in inputs]

    def _request(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        with self._lock:
            try:
                self._connection.request(method, path, body, {"Content-Type": "application/json"})
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except BaseException:
                # Half an exchange; the next request opens another connection.
                self._connection.close()
                raise

    def _ready(self) -> bool:
        try:
            return self._request("GET", "/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def _close(self) -> None:
        self._connection.close()
        self._process.cancel()
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> OpaServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

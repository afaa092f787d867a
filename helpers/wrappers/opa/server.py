"""OPA as a server on loopback (``opa run --server``): a decision in milliseconds, as gates at run time ask for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from helpers.core import http, process
from helpers.core.polling import wait_until
from helpers.runtime import tools
from helpers.wrappers.base import StrPath, paths
from helpers.wrappers.opa.results import Undefined
from helpers.wrappers.policy import BuiltinError, PolicyMissing, RegoProblem


class OpaServer:
    """Serves the policies of some directories; use it as a context manager.

    Args:
        policies: policy files or directories; read once, at the start. Tests among them are left out.
        timeout: seconds it may take to start.

    Raises:
        PolicyMissing: one of them is not there. TimedOut: it does not answer, for example as the Rego is not valid.
    """

    def __init__(self, *policies: StrPath, timeout: float = 60) -> None:
        for policy in paths(policies):
            if not Path(policy).exists():
                raise PolicyMissing(f"There is no policy at {policy}", next="Name files or directories that exist.")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        flags = ["--server", f"--addr={address}", "--log-level=error", "--disable-telemetry", "--ignore=*_test.rego"]
        given = [os.path.abspath(path) for path in policies]  # noqa: PTH100 - a link is served by the name it was given
        self._process = process.start(
            [tools.ensure("opa").path, "run", *flags, "--", *given], env=process.environment()
        )
        self._http = http.Client(f"http://{address}")
        try:
            wait_until("OPA answers", self._ready, timeout, every=0.02, next="opa check POLICY")
        except BaseException:
            self._process.cancel()
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
        answer = self._http.request("POST", f"/v1/data/{rule}{strict}", json={"input": input})
        body = answer.json()
        if not answer.ok:
            said = str(body.get("message", "")), *(str(e.get("message", "")) for e in body.get("errors") or ())
            raise BuiltinError(f"{rule} could not be evaluated", (RegoProblem("; ".join(filter(None, said))),))
        if "result" not in body:
            raise Undefined(f"{rule} has no value for this input", next="Ask for a rule with a default.")
        return body["result"]

    def decide_all(self, rule: str, inputs: Sequence[Any]) -> list[Any]:
        """Return the value of a rule for each input, in order; errors as `decide`."""
        return [self.decide(rule, one) for one in inputs]

    def _ready(self) -> bool:
        try:
            return self._http.request("GET", "/health").ok
        except OSError:
            return False

    def __enter__(self) -> OpaServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.cancel()

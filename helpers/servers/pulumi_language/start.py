"""What our launchers run: the host, or the program for dynamic providers, in the environment of the project."""

from __future__ import annotations

import os
import runpy
import sys

from helpers.servers.pulumi_language.__main__ import arguments, main
from helpers.servers.pulumi_language.environment import enter, refusal

#: What the first argument says: the language host, or the plugin for dynamic providers.
HOST, DYNAMIC = "host", "dynamic"


def start(what: str) -> None:
    """Go on as that program; without a virtual environment in this very process."""
    if what == DYNAMIC:
        # The engine hands the runtime's options to plugins as PULUMI_RUNTIME_NAME.
        enter(os.environ.get("PULUMI_RUNTIME_VIRTUALENV", ""), "", "helpers.servers.pulumi_language.dynamic")
        runpy.run_module("helpers.servers.pulumi_language.dynamic", run_name="__main__", alter_sys=True)
        return
    _, root, options = arguments(sys.argv[1:])
    if not (refused := refusal(options, root)):
        enter(options.get("virtualenv", ""), root, "helpers.servers.pulumi_language")
    main(refused)


if __name__ == "__main__":
    start(sys.argv.pop(1))

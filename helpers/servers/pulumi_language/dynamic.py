"""Pulumi's own program for dynamic providers, ended when its engine is gone; run by the engine, never imported.

``python -m pulumi.dynamic`` waits for an interrupt, which an engine that was killed never sends: it would serve nobody
for ever, and go on with what it was asked last.
"""

from __future__ import annotations

import os
import runpy
import sys

from helpers.servers.pulumi_language.apart import leave_house
from helpers.servers.pulumi_language.parent import end_with

if __name__ == "__main__":
    leave_house()
    end_with(os.getppid())
    # Providers are of the project's modules, so its directory is searched, as with Pulumi's own launcher.
    sys.path.insert(0, "")
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)

"""Hidden tests of Lab 1, notebooks 05 and 06."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from helpers.course.checks.lab1_publish import BUNDLE, PACKAGE, verified
from helpers.course.checks.support import component_package
from helpers.course.checks.support.component import in_pulumi
from helpers.course.checks.support.gpu_workspace import MODULE, SPEC
from helpers.course.labs import Lab


def docs(lab: Lab) -> None:
    """The generated reference has every agreed input, and the learner's part is not a copy of it."""
    if in_pulumi(lab):
        own, _, _ = lab.read(component_package.README).partition("\n## Inputs")
        # The step has compared the tables with the interface.
        assert "| " not in own, "the part above the tables repeats them"
        return
    own, _, reference = lab.read(f"{MODULE}/README.md").partition("<!-- BEGIN_TF_DOCS -->")
    for name in SPEC:
        assert name in reference, f"the reference does not have {name}"
    rows = "\n".join(line for line in own.splitlines() if line.lstrip().startswith("|"))
    repeated = [name for name in SPEC if re.search(rf"\b{name}\b", rows)]
    assert len(repeated) <= len(SPEC) // 2, "the part above the markers repeats the table"


def sign(lab: Lab) -> None:
    """A changed package is refused wherever the byte was changed."""
    package, bundle = (component_package.WHEEL, component_package.BUNDLE) if in_pulumi(lab) else (PACKAGE, BUNDLE)
    data = lab.path(package).read_bytes()
    for place in (0, 9, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[place] ^= 1
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "package.tar.gz"
            file.write_bytes(changed)
            assert verified(lab, file, bundle), f"a package changed at byte {place} is accepted"

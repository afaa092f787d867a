"""Hidden tests of Lab 1, notebooks 05 and 06."""

from __future__ import annotations

import tempfile
from pathlib import Path

from helpers.checks._workspace import MODULE, SPEC
from helpers.checks.lab1_publish import PACKAGE, verified
from helpers.labs import Lab


def docs(lab: Lab) -> None:
    """The generated reference has every agreed input, and the learner's part is not a copy of it."""
    own, _, reference = lab.read(f"{MODULE}/README.md").partition("<!-- BEGIN_TF_DOCS -->")
    for name in SPEC:
        assert name in reference, f"the reference does not have {name}"
    assert "| " not in own, "the part above the markers repeats the table"


def sign(lab: Lab) -> None:
    """A changed package is refused wherever the byte was changed."""
    data = lab.path(PACKAGE).read_bytes()
    for place in (0, 9, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[place] ^= 1
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "package.tar.gz"
            file.write_bytes(changed)
            assert verified(lab, file), f"a package changed at byte {place} is accepted"

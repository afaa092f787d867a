"""A pack that answers an easier list of controls than the auditor's."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.compliance.evidence.types import CONTROLS, STATEMENT
from helpers.wrappers.cosign import Bundle
from tests.compliance.forgeries.packs import Packs


def replaced(packs: Packs, old: str, new: str) -> Path:
    """Return a pack whose maker changed its list of controls."""
    copy = packs.copy()
    text = (copy / CONTROLS).read_text()
    assert old in text
    (copy / CONTROLS).write_text(text.replace(old, new, 1))
    packs.seal_again(copy, Bundle.read(copy / STATEMENT).predicate)
    return copy


@pytest.mark.parametrize(
    ("old", "new"), [("other_actor: true", "other_actor: false"), ("[in-sync, drifted]", "[in-sync, drifted, unknown]")]
)
def test_forgery(packs: Packs, old: str, new: str) -> None:
    assert "downgraded-policy" in packs.kinds(replaced(packs, old, new))


def test_honest_twin(packs: Packs) -> None:
    assert packs.kinds(replaced(packs, "version: 1", "version: 1")) == []

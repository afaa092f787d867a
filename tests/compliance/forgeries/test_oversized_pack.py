"""A pack with a file so long, or directories so deep, that whoever reads it never ends."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.compliance.forgeries.packs import ARTIFACT, Packs


@pytest.mark.parametrize(
    "name",
    [
        "SHA256SUMS",
        "pack.attestation.json",
        "controls.yaml",
        "audit/entries.jsonl",
        "audit/checkpoint",
        f"artifacts/{ARTIFACT}",
        f"signatures/{ARTIFACT}.sigstore.json",
        "planted",
    ],
)
def test_forgery(packs: Packs, name: str) -> None:
    copy, begun = packs.copy(), time.monotonic()
    (copy / name).touch()
    os.truncate(copy / name, 1 << 33)
    assert packs.kinds(copy) == ["too-large"]
    assert time.monotonic() - begun < 5, "it was read before its size was looked at"


def test_forgery_by_depth(packs: Packs) -> None:
    copy = packs.copy()
    (copy / Path(*["deep"] * 40)).mkdir(parents=True)
    assert packs.kinds(copy) == ["too-large"]


def test_honest_twin(packs: Packs) -> None:
    copy = packs.copy()
    (copy / "artifacts" / ARTIFACT).write_bytes((packs.directory / ARTIFACT).read_bytes())
    assert packs.kinds(copy) == []

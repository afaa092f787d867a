"""Coverage of controls for the tests of its display."""

from __future__ import annotations

from helpers.compliance.evidence import Control, Coverage, Evidence, Requirement


def coverage(text: str = "", pieces: int = 1) -> list[Coverage]:
    """Return a covered control and one with a gap; *text* stands wherever a value may."""
    drift = Requirement(text or "drift was looked for", action="drift", decisions=("in-sync",))
    signed = Requirement(text or "it is signed", artifact="signature", for_each="promotion")
    watched = Control(text or "CC7.2", text or "The running system is watched", (drift,))
    changed = Control(f"{text}2" if text else "CC8.1", text or "A change is approved", (drift, signed))
    found = Evidence(
        watched.id, drift.name, text or "2026-01-05T08:00:00Z", "ab" * 32, text or "key", "2027", text or "f", 3
    )
    gap = f"{signed.name}: not for promotion of {text or 'the release'} (entry 4)"
    return [Coverage(watched, (found,) * pieces, ()), Coverage(changed, (found,), (gap,))]

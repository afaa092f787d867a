"""What a module's page says of support and of a version's end."""

from __future__ import annotations

from typing import Any

from helpers.compliance.module_support import duration, duration_text

_TONES = {"experimental": "warn", "supported": "good", "deprecated": "warn", "retired": "bad"}


def shown(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the support model of a version in the words of the page; of form 1 there is nothing more to show."""
    model = meta.get("support_model") or {}
    hours = "within the support hours"
    return {
        "stage": model.get("stage", ""),
        "tone": _TONES.get(model.get("stage", ""), ""),
        "on_call": model.get("on_call"),
        "window": _said(model["window"]) if "window" in model else "",
        "unknown": meta.get("support_unknown", []),
        "levels": [
            {
                **level,
                "response": _said(level["response"]),
                "repair": _said(level["repair"]),
                "cover": "day and night" if level.get("cover") == "always" else hours,
            }
            for level in sorted(model.get("levels", ()), key=lambda level: level["severity"])
        ],
        "escalation": [
            {**level, "after": "at once" if not duration(level["after"]) else f"after {_said(level['after'])}"}
            for level in model.get("escalation", ())
        ],
    }


def end(data: dict[str, Any], version: str) -> dict[str, Any]:
    """Return the notice of a version, and every call of the module that is known."""
    exempt = data["exemptions"].get(version, {})
    calls = [
        {
            **use,
            "consumer": name,
            "seen": one["seen"],
            "here": use["version"] == version,
            "until": exempt.get(name, {}).get("until", "") if use["version"] == version else "",
        }
        for name, one in sorted(data["consumers"].items())
        for use in one["uses"]
    ]
    return {"notice": data["notices"].get(version), "consumers": calls}


def _said(text: str) -> str:
    return duration_text(duration(text))

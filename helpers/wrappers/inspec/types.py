"""What a run of controls says, whichever engine ran: the fields of InSpec's JSON reporter.

Source: ``inspec exec --reporter json`` (platform, profiles[].controls[].results[], waiver_data, statistics, version),
Chef's documentation "Reporters" and "Waivers".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, cast

from helpers.core.display import Displayed
from helpers.core.errors import BadInput, CourseError

#: Who executed the controls.
Engine = Literal["inspec", "cinc-auditor", "testinfra"]
#: What one control says. ``skipped`` and ``unknown`` are not passes; ``waived`` is a failure somebody answers for.
ControlVerdict = Literal["passed", "failed", "waived", "skipped", "unknown"]
#: What the whole run says.
Verdict = Literal["passed", "failed", "unknown"]
#: Classes that mean "the expectation was not met"; any other exception means that nobody could look.
_NOT_MET = ("RSpec::Expectations::ExpectationNotMetError", "RSpec::Expectations::MultipleExpectationsNotMetError")


class InspecError(CourseError):
    """Base of the errors of this package: there is no report at all."""

    code = "inspec-error"
    exit_code = 3


class BadProfile(BadInput):
    """The profile, its controls or an input are not valid; nothing was run."""

    code = "bad-profile"


class BadWaivers(BadInput):
    """The waiver file is not valid; nothing was run."""

    code = "bad-waivers"


class EngineMissing(InspecError):
    """The engine that was asked for is not on PATH."""

    code = "engine-missing"


class EngineFailed(InspecError):
    """The engine ended in a way that is not a result, or said two things that do not fit together."""

    code = "engine-failed"


@dataclass(frozen=True)
class ControlResult:
    """One expectation on one thing.

    Attributes:
        status: ``passed``, ``failed`` or ``skipped``.
        code_desc: what was expected, in words. message: why it failed. skip_message: why it was not asked.
        run_time: seconds. start_time: RFC 3339.
        exception: class of the error when the expectation could not be judged; empty else.
    """

    status: str
    code_desc: str
    run_time: float = 0.0
    start_time: str = ""
    message: str = ""
    skip_message: str = ""
    exception: str = ""

    @property
    def could_not_look(self) -> bool:
        """Whether an error stood in the way, so that nothing is known about the thing itself."""
        return bool(self.exception) and self.exception not in _NOT_MET

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ControlResult:
        """Return the result in the reporter's JSON; fields that we do not know are left out."""
        said = {name: str(raw[name]) for name in cls.__dataclass_fields__ if raw.get(name) is not None}
        seconds = float(raw.get("run_time") or 0.0)
        return cls(**{"status": "", "code_desc": "", **said, "run_time": seconds})  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """Return the reporter's JSON: optional fields only where there is something to say."""
        kept = ("status", "code_desc", "run_time", "start_time")
        return {name: value for name, value in asdict(self).items() if name in kept or value}


@dataclass(frozen=True)
class WaiverData:
    """The waiver of a control as it was applied.

    Attributes:
        justification: why, and who answers for it.
        run: whether the control is executed all the same.
        expiration_date: first day on which it does not count any more, ``YYYY-MM-DD``.
        skipped_due_to_waiver: it was in force and the control was not executed.
        message: InSpec's word on a waiver that expired; empty while it is in force.
    """

    justification: str
    run: bool = True
    expiration_date: str = ""
    skipped_due_to_waiver: bool = False
    message: str = ""

    @property
    def expired(self) -> bool:
        """Whether it was over when the controls ran, so that it counts no more."""
        return self.message.startswith("Waiver expired")

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> WaiverData | None:
        """Return the waiver in the reporter's JSON, None for an empty one."""
        if not raw:
            return None
        return cls(
            str(raw.get("justification") or ""),
            raw.get("run", True) not in (False, "false", "no"),
            str(raw.get("expiration_date") or "")[:10],
            raw.get("skipped_due_to_waiver") in (True, "true"),
            str(raw.get("message") or ""),
        )


@dataclass(frozen=True)
class ProfileControl:
    """One control of a profile with its results.

    Attributes:
        impact: 0.0 to 1.0. tags: names and values; ``soc2`` has ids of ``iac/compliance/controls.yaml``.
        waiver: None when nobody waived it.
    """

    id: str
    title: str
    desc: str
    impact: float
    tags: Mapping[str, Any]
    results: tuple[ControlResult, ...]
    waiver: WaiverData | None = None

    @property
    def soc2(self) -> tuple[str, ...]:
        """Ids of the controls of the framework that it is evidence for."""
        found = self.tags.get("soc2") or ()
        return tuple(found) if isinstance(found, list | tuple) else (str(found),)

    @property
    def in_force(self) -> bool:
        """Whether a waiver with a reason counts."""
        return self.waiver is not None and not self.waiver.expired and bool(self.waiver.justification.strip())

    @property
    def verdict(self) -> ControlVerdict:
        """What the control says; a control without results says nothing, so it is ``unknown``."""
        if self.in_force and self.waiver is not None and self.waiver.skipped_due_to_waiver:
            return "waived"
        statuses = {one.status for one in self.results}
        if not statuses or statuses - {"passed", "failed", "skipped"}:
            return "unknown"
        # A failure that was seen outweighs what could not be looked at.
        if any(one.status == "failed" and not one.could_not_look for one in self.results):
            return "waived" if self.in_force else "failed"
        if any(one.could_not_look for one in self.results):
            return "unknown"
        return "skipped" if "skipped" in statuses else "passed"

    @property
    def reason(self) -> str:
        """Why it is not passed, in one sentence; what was seen when it is."""
        if self.verdict == "waived" and self.waiver is not None:
            until = f" until {self.waiver.expiration_date}" if self.waiver.expiration_date else ""
            return f"waived{until}: {self.waiver.justification}"
        bad = next((one for one in self.results if one.status == "failed"), None)
        bad = bad or next((one for one in self.results if one.status not in ("passed", "failed")), None)
        if bad is not None:
            said = (bad.message or bad.skip_message or bad.code_desc).strip()
            return said.splitlines()[0] if said else "it does not say why"
        number = len(self.results)
        return f"{number} expectation{'' if number == 1 else 's'} met" if self.results else "it has no results"

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ProfileControl:
        """Return the control in the reporter's JSON."""
        return cls(
            str(raw["id"]),
            str(raw.get("title") or ""),
            str(raw.get("desc") or ""),
            float(raw.get("impact") or 0.0),
            dict(raw.get("tags") or {}),
            tuple(ControlResult.from_json(one) for one in raw.get("results") or ()),
            WaiverData.from_json(raw.get("waiver_data") or {}),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the reporter's JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "desc": self.desc,
            "impact": self.impact,
            "tags": dict(self.tags),
            "results": [one.to_dict() for one in self.results],
            "waiver_data": asdict(self.waiver) if self.waiver else {},
        }


@dataclass(frozen=True)
class ProfileReport:
    """The controls of one profile. *sha256* is the engine's digest of the profile."""

    name: str
    version: str
    title: str
    sha256: str
    controls: tuple[ProfileControl, ...]

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ProfileReport:
        """Return the profile in the reporter's JSON."""
        words = {name: str(raw.get(name) or "") for name in ("name", "version", "title", "sha256")}
        return cls(**words, controls=tuple(ProfileControl.from_json(one) for one in raw.get("controls") or ()))

    def to_dict(self) -> dict[str, Any]:
        """Return the reporter's JSON."""
        words = {name: getattr(self, name) for name in ("name", "version", "title", "sha256")}
        return {**words, "controls": [one.to_dict() for one in self.controls]}


@dataclass(frozen=True)
class InspecReport(Displayed):
    """What a run of profiles says, and which engine ran it.

    Attributes:
        engine, engine_version: who executed the controls.
        platform: ``name`` and ``release`` of the machine.
        duration: seconds. exit_code: the engine's own.
        subject: what the controls looked at, by the name that an auditor knows it by; empty when nobody named it.
    """

    engine: Engine
    engine_version: str
    platform: Mapping[str, str]
    profiles: tuple[ProfileReport, ...]
    duration: float = 0.0
    exit_code: int = field(default=0, compare=False)
    subject: str = ""

    @property
    def controls(self) -> tuple[ProfileControl, ...]:
        """The controls of all profiles."""
        return tuple(control for profile in self.profiles for control in profile.controls)

    def control(self, id: str) -> ProfileControl:
        """Return one control.

        Raises:
            BadInput: there is none of that id.
        """
        for control in self.controls:
            if control.id == id:
                return control
        raise BadInput(f"There is no control {id!r}", why=f"There are {', '.join(c.id for c in self.controls)}.")

    def of(self, verdict: ControlVerdict) -> tuple[ProfileControl, ...]:
        """Return the controls with a verdict."""
        return tuple(control for control in self.controls if control.verdict == verdict)

    @property
    def verdict(self) -> Verdict:
        """``failed`` when a control failed; ``passed`` when all passed or are waived, and one at least passed."""
        found = {control.verdict for control in self.controls}
        if "failed" in found:
            return "failed"
        return "passed" if "passed" in found and found <= {"passed", "waived"} else "unknown"

    @property
    def status(self) -> int:
        """Exit code of a command that ends with this report: 0 passed, 1 failed, 3 could not tell."""
        return {"passed": 0, "failed": 1, "unknown": 3}[self.verdict]

    def by_soc2(self) -> dict[str, Verdict]:
        """Return control id of the framework -> what its controls here say together."""
        found: dict[str, list[ProfileControl]] = {}
        for control in self.controls:
            for id in control.soc2:
                found.setdefault(id, []).append(control)
        return {id: _together(controls) for id, controls in sorted(found.items())}

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON of InSpec's reporter; ``passthrough`` says which engine ran."""
        return {
            "platform": dict(self.platform),
            "profiles": [one.to_dict() for one in self.profiles],
            "statistics": {"duration": self.duration},
            "version": self.engine_version,
            "passthrough": {"engine": self.engine} | ({"subject": self.subject} if self.subject else {}),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any], engine: str = "", exit_code: int = 0) -> InspecReport:
        """Return the report in the JSON of InSpec's reporter.

        Args:
            engine: who made it; by default as `to_dict` has noted it.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is not one.
        """
        noted = raw.get("passthrough") or {}
        platform = {name: str(raw["platform"].get(name) or "") for name in ("name", "release")}
        profiles = tuple(ProfileReport.from_json(one) for one in raw["profiles"])
        seconds = float((raw.get("statistics") or {}).get("duration") or 0.0)
        by = cast(Engine, engine or str(noted["engine"]))
        subject = "" if engine else str(noted.get("subject") or "")
        return cls(by, str(raw["version"]), platform, profiles, seconds, exit_code, subject)

    def to_json(self) -> str:
        """Return the report as text, the same for equal reports."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def digest(self) -> str:
        """SHA-256 of `to_json`, hex."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def text(self) -> str:
        """Return the report for a terminal."""
        lines = [f"{self.verdict}, executed by {self.engine} {self.engine_version}"]
        for one in self.controls:
            lines.append(f"  {one.verdict:8} {one.id:18} {one.title}")
            bad = next((r.code_desc for r in one.results if r.status == "failed"), "")
            lines += [f"{'':29}{said}" for said in (bad, one.reason) if said and one.verdict != "passed"]
        return "\n".join(lines)

    def __repr__(self) -> str:
        names: tuple[ControlVerdict, ...] = ("passed", "failed", "waived", "skipped", "unknown")
        counts = ", ".join(f"{len(self.of(name))} {name}" for name in names if self.of(name))
        return f"InspecReport({self.verdict}: {counts or 'no control'}; by {self.engine})"


def _together(controls: list[ProfileControl]) -> Verdict:
    found = {control.verdict for control in controls}
    if "failed" in found:
        return "failed"
    return "passed" if "passed" in found and found <= {"passed", "waived"} else "unknown"

"""InSpec from Python: one profile, two engines, one report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from helpers.wrappers.base import StrPath
from helpers.wrappers.inspec import native, ruby, testinfra_engine
from helpers.wrappers.inspec import waivers as waiver_files
from helpers.wrappers.inspec.profile import PLATFORM, Profile, load
from helpers.wrappers.inspec.types import BadProfile, EngineMissing, InspecReport


class Inspec:
    """The controls of a profile, ready to run on this machine.

    ``auto`` takes CINC Auditor or InSpec where one is on PATH, else pytest-testinfra; the report says which.

    Args:
        profile: directory of the profile. engine: who executes. timeout: seconds a run may take.

    Raises:
        BadProfile: the profile is not valid, or its Ruby files are not those of its ``controls.yaml``.
        EngineMissing: the engine asked for is not on PATH, or it has only Ruby and no engine that reads it is.
    """

    def __init__(
        self,
        profile: StrPath = PLATFORM,
        *,
        engine: Literal["auto", "inspec", "cinc-auditor", "testinfra"] = "auto",
        timeout: float | None = 600,
    ) -> None:
        self.profile: Profile = load(Path(profile))
        self.timeout = timeout
        if engine in ("inspec", "cinc-auditor") and native.find([engine]) is None:
            raise EngineMissing(
                f"{engine} is not on PATH",
                why="InSpec is a Ruby gem; the course cannot install it.",
                next="Install CINC Auditor (https://cinc.sh), or leave the engine to auto.",
            )
        self.engine = (native.find() or "testinfra") if engine == "auto" else engine
        if self.profile.ruby_only and self.engine == "testinfra":
            raise EngineMissing(
                f"Nothing here executes the Ruby of the profile {self.profile.name}",
                why="It has no controls.yaml, which is what pytest-testinfra executes, and no InSpec is on PATH.",
                next="Install CINC Auditor (https://cinc.sh), or begin with: course new profile NAME",
            )
        if self.engine != "testinfra":
            self._same_source()

    def exec(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        waivers: StrPath | None = None,
        now: datetime | None = None,
        subject: str = "",
    ) -> InspecReport:
        """Execute the controls. Controls that fail are a result, not an error.

        Args:
            inputs: values of the profile's inputs; the others have their defaults.
            waivers: a waiver file.
            now: local time by which waivers are judged; InSpec itself has only its own clock.
            subject: name of what is looked at; a report that is to be evidence has one.

        Raises:
            BadProfile: an input is not declared. BadWaivers: the waiver file is not valid.
            EngineFailed: there is no report.
        """
        values = self.profile.values(inputs or {})
        found = waiver_files.load(Path(waivers), self.profile.ids) if waivers is not None else ()
        if self.engine == "testinfra":
            local = now or datetime.now()
            report = testinfra_engine.execute(self.profile, values, found, local, self.timeout)
        else:
            file = Path(waivers).absolute() if waivers is not None else None
            report = native.execute(self.engine, self.profile, values, file, self.timeout)
        return replace(report, subject=subject)

    def _same_source(self) -> None:
        """Refuse Ruby that is not what ``controls.yaml`` says: the two engines would ask different things."""
        here = {path.name: path.read_text(encoding="utf-8") for path in (self.profile.directory / "controls").glob("*")}
        if not self.profile.ruby_only and here != ruby.files(self.profile):
            raise BadProfile(
                f"The Ruby files of the profile {self.profile.name} are not those of its controls.yaml",
                why="One of the two was changed without the other.",
                next=f"course controls write --profile {self.profile.directory}",
            )

    def __repr__(self) -> str:
        return f"Inspec({self.profile.name}: {len(self.profile.ids)} controls, by {self.engine})"

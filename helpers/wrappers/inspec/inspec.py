"""InSpec from Python: one profile, two engines, one report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from helpers.wrappers.base import StrPath
from helpers.wrappers.inspec import native, testinfra_engine
from helpers.wrappers.inspec import waivers as waiver_files
from helpers.wrappers.inspec.profile import PLATFORM, Profile, load
from helpers.wrappers.inspec.types import EngineMissing, InspecReport


class Inspec:
    """The controls of a profile, ready to run on this machine.

    ``auto`` takes CINC Auditor or InSpec where one is on PATH, else pytest-testinfra; the report says which.

    Args:
        profile: directory of the profile. engine: who executes. timeout: seconds a run may take.

    Raises:
        BadProfile: the profile is not valid. EngineMissing: the engine asked for is not on PATH.
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

    def exec(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        waivers: StrPath | None = None,
        now: datetime | None = None,
    ) -> InspecReport:
        """Execute the controls. Controls that fail are a result, not an error.

        Args:
            inputs: values of the profile's inputs; the others have their defaults.
            waivers: a waiver file.
            now: local time by which waivers are judged; InSpec itself has only its own clock.

        Raises:
            BadProfile: an input is not declared. BadWaivers: the waiver file is not valid.
            EngineFailed: there is no report.
        """
        values = self.profile.values(inputs or {})
        ids = [one.id for one in self.profile.controls]
        found = waiver_files.load(Path(waivers), ids) if waivers is not None else ()
        if self.engine == "testinfra":
            local = now or datetime.now()
            return testinfra_engine.execute(self.profile, values, found, local, self.timeout)
        file = Path(waivers).absolute() if waivers is not None else None
        return native.execute(self.engine, self.profile, values, file, self.timeout)

    def __repr__(self) -> str:
        return f"Inspec({self.profile.name}: {len(self.profile.controls)} controls, by {self.engine})"

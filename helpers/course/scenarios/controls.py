"""A small platform for controls: three services, a bucket that Terraform made, one made by hand, a key, an auditor."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from helpers.clients.aws import cloud
from helpers.compliance import running
from helpers.compliance.audit import Entry, Trail
from helpers.compliance.evidence import Artifact, Control, Period, coverage, load
from helpers.compliance.evidence.controls import RUNNING
from helpers.compliance.evidence.reading import sha256
from helpers.compliance.evidence.runs import Reports
from helpers.core.files import write_private
from helpers.course import teaching
from helpers.runtime import services
from helpers.wrappers.inspec import InspecReport
from helpers.wrappers.terraform import Terraform

#: Names of this lecture's buckets begin so.
PREFIX = "acme-u2-"
ACCOUNT = "platform"
BY_HAND = f"{PREFIX}site"


@dataclass(frozen=True)
class RunningPlatform:
    """What runs. *directory* has the Terraform code, *key* is the file of a private key."""

    directory: Path
    key: Path

    @property
    def terraform(self) -> Terraform:
        """Terraform in the directory, in the platform's account."""
        return Terraform(self.directory, env=cloud.environment(ACCOUNT))

    def inputs(self) -> dict[str, Any]:
        """Return what the profile is asked about: this lecture's key and buckets, and the three services."""
        found = running.inputs((ACCOUNT,))
        names = [name for name in found["buckets"] if name.startswith(PREFIX)]
        ours = {"private_keys": [str(self.key)], "buckets": names, "kubernetes_url": ""}
        return {**found, **ours, "state_buckets": [name for name in names if running.STATES in name]}


def start() -> RunningPlatform:
    """Start the services and return the platform as Terraform and its people left it."""
    for name in ("cloud", "registry", "vault"):
        services.ensure(name)
    _remove_by_hand()
    folder = teaching.material("unit2/controls", cloud.environment(ACCOUNT))
    key = folder / "release.key"
    write_private(key, "not a real key\n")
    platform = RunningPlatform(folder, key)
    platform.terraform.init()
    platform.terraform.apply(auto_approve=True)
    return platform


def create_by_hand() -> str:
    """Create a bucket by hand, as the API makes one of a single call; return its name."""
    s3 = cloud.client("s3", ACCOUNT)
    s3.create_bucket(Bucket=BY_HAND, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    return BY_HAND


def close_to_the_public(name: str) -> None:
    """Switch Block Public Access on for a bucket."""
    every = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    cloud.client("s3", ACCOUNT).put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=every)


@dataclass(frozen=True)
class Auditor:
    """Somebody who has the list of controls, reads the audit trail of the last 30 days, and never saw the machine.

    Attributes:
        trail: what is read. subject: what the list of controls is about.
    """

    trail: Trail
    subject: str

    def asks(self, id: str, entries: Sequence[Entry], *files: Path) -> tuple[str, str]:
        """Return whether these entries and reports cover a control of the framework, and why not.

        Args:
            id: of the framework's control. entries: of the trail. files: reports that are handed over with them.
        """
        controls = [_about(one, self.subject) for one in load(RUNNING) if one.id == id]
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        period = Period(today - timedelta(days=30), today + timedelta(days=1))
        with tempfile.TemporaryDirectory() as name:
            kept = Path(name, "artifacts")
            kept.mkdir()
            for file in files:
                (kept / file.name).write_bytes(file.read_bytes())
            known = [Artifact(file.name, sha256(file)) for file in files]
            (found,) = coverage(controls, entries, known, "", period, Reports.of(Path(name), known))
        return "covered" if found.covered else "not covered", _timeless("; ".join(found.gaps))

    def finds(self, id: str, happens: Callable[[], Path]) -> tuple[str, str]:
        """Return what is covered by what *happens* alone, a function that records a run and returns its report."""
        begun = self.trail.checkpoint().size
        file = happens()
        return self.asks(id, self.trail.entries(begun), file)


def _about(control: Control, subject: str) -> Control:
    return replace(control, requirements=tuple(replace(one, subject=subject) for one in control.requirements))


def _timeless(text: str) -> str:
    """Return a gap without the number of the entry and the time, which differ from run to run."""
    return re.sub(r" \(entry \d+\)| at \d{4}-\d\d-\d\dT[\d:]+Z", "", text.partition(": ")[2])


def older(report: InspecReport, days: int) -> InspecReport:
    """Return a report as it would be of a run that many days ago."""

    def back(text: str) -> str:
        return (datetime.fromisoformat(text) - timedelta(days=days)).isoformat() if text else text

    profiles = [
        replace(
            profile,
            controls=tuple(
                replace(one, results=tuple(replace(r, start_time=back(r.start_time)) for r in one.results))
                for one in profile.controls
            ),
        )
        for profile in report.profiles
    ]
    return replace(report, profiles=tuple(profiles))


def _remove_by_hand() -> None:
    s3 = cloud.client("s3", ACCOUNT)
    if BY_HAND in [one["Name"] for one in s3.list_buckets()["Buckets"]]:
        s3.delete_bucket(Bucket=BY_HAND)

"""Runs a learner's drift job on a cluster in known states: as declared, changed by hand, and one that never answers."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.clients.kubernetes import Cluster
from helpers.core import process, yaml_reader
from helpers.core.paths import ROOT as COURSE
from helpers.core.verdicts.checks import require
from helpers.course.checks.support.module_probes import scratch
from helpers.course.workspace import Workspace
from helpers.runtime.services.control_plane import kubeconfig

#: What a job says, and the exit code that goes with it.
CODES = {"in-sync": 0, "drifted": 2, "unknown": 3}
WORDS = {"in-sync": "in sync", "drifted": "drifted", "unknown": "could not tell"}
#: Who changes things by hand here, as the API server names it.
NIGHT = "on-call-night"
#: Nobody listens there.
NOWHERE = "https://127.0.0.1:9"
#: A change that the check made is not older, in seconds.
OLDEST = 900.0
#: Schedules with a name that come round every day.
_NAMED = {"@hourly", "@daily", "@midnight"}


def daily(schedule: str) -> bool:
    """Return whether a schedule of cron comes round every day at least once."""
    fields = schedule.split()
    if len(fields) == 1:
        return schedule in _NAMED
    return len(fields) == 5 and all(one in ("*", "*/1", "?") for one in fields[2:])


@dataclass(frozen=True)
class Job:
    """A learner's job in a copy of the workspace.

    Attributes:
        room: the copy. script: the job, and declared: what is declared, in it. what: the job's path, for messages.
    """

    room: Path
    script: Path
    declared: Path
    what: str

    def dead(self) -> Path:
        """Return the kubeconfig of a cluster that does not answer."""
        data = yaml_reader.load(kubeconfig("admin").read_text(encoding="utf-8"))
        for one in data["clusters"]:
            one["cluster"]["server"] = NOWHERE
        path = self.room / "dead.kubeconfig"
        path.write_text(yaml_reader.dump(data), encoding="utf-8")
        path.chmod(0o600)
        return path

    def says(
        self, verdict: str, *options: str, about: str, kubeconfig: Path | None = None, declared: Path | None = None
    ) -> list[Mapping[str, Any]]:
        """Run the job and return what it names; raise `Unmet` unless it gives this verdict and its exit code."""
        access = kubeconfig or _admin()
        argv: list[str | Path] = [
            sys.executable,
            self.script,
            declared or self.declared,
            "--kubeconfig",
            access,
            *options,
        ]
        env = process.environment({"PYTHONPATH": str(COURSE)})
        done = process.run(argv, cwd=self.room, env=env, timeout=120)
        error = (done.stderr.strip().splitlines() or [""])[-1][:200]
        crashed = "Traceback" in done.stderr or done.returncode not in CODES.values()
        require(not crashed, f"{self.what}: when {about}, it ends with exit code {done.returncode}. {error}".strip())
        report = _report(done.stdout)
        require(report is not None, f"{self.what}: when {about}, it does not print one JSON object with a verdict")
        assert report is not None
        said = str(report.get("verdict"))
        right = said == verdict
        require(right, f"{self.what}: when {about}, it says {WORDS.get(said, said)!r}, not {WORDS[verdict]!r}")
        code = done.returncode
        require(code == CODES[verdict], f"{self.what}: when {about}, its exit code is {code}, not {CODES[verdict]}")
        named = report.get("drift") or []
        require(all(isinstance(one, Mapping) for one in named), f"{self.what}: drift is not a list of objects")
        return list(named)

    def names(self, found: Sequence[Mapping[str, Any]], plants: Mapping[str, str]) -> None:
        """Raise `Unmet` unless what a job names is what was changed: each object, and by whom and since when."""
        said = {str(one.get("object")): one for one in found}
        for ref, by in plants.items():
            require(
                ref in said, f"{self.what}: {ref} was changed by hand and is not named: {', '.join(said) or 'none'}"
            )
            if not by:
                continue
            one = said[ref]
            require(one.get("by") == by, f"{self.what}: {ref}: by is {one.get('by')!r}; {by} changed it")
            age = one.get("age")
            fits = isinstance(age, int | float) and not isinstance(age, bool) and -5 <= age <= OLDEST
            require(fits, f"{self.what}: {ref}: age is {age!r}; it was changed a few seconds ago")
        more = sorted(set(said) - set(plants))
        require(not more, f"{self.what}: it names {', '.join(more)}, which nobody changed")


def _admin() -> Path:
    return kubeconfig("admin")


def _report(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@contextlib.contextmanager
def running(lab: Workspace, script: str, declared: str) -> Iterator[Job]:
    """Give a job in a copy of the workspace, with what is declared."""
    with scratch(lab, str(Path(script).parent), declared) as room:
        yield Job(room, room / script, room / declared, script)


@contextlib.contextmanager
def changed(cluster: Cluster, declared: Path) -> Iterator[dict[str, str]]:
    """Change a declared quota and take a declared network policy away, as somebody does at night.

    Gives object -> who is to be named. At the end the cluster has what the files of *declared* say.

    Raises:
        Unmet: neither is declared.
    """
    found = {one.kind: one.ref for one in cluster.diff(declared)}
    for kind in ("ResourceQuota", "NetworkPolicy"):
        require(kind in found, f"{declared.name} declares no {kind}")
    quota, policy = found["ResourceQuota"], found["NetworkPolicy"]
    hard = cluster.get("ResourceQuota", quota.name, namespace=quota.namespace).spec["hard"]
    more = {"spec": {"hard": dict.fromkeys(hard, "999")}}
    try:
        cluster.patch("ResourceQuota", quota.name, more, namespace=quota.namespace, type="merge", field_manager=NIGHT)
        cluster.delete("NetworkPolicy", policy.name, namespace=policy.namespace, wait=True)
        # Of what is gone, nobody knows who took it.
        yield {str(quota): NIGHT, str(policy): ""}
    finally:
        cluster.apply(declared)

"""Hidden tests of the project, notebook 04: other people at the door, a second rotation, and drift that was adopted."""

from __future__ import annotations

import datetime as dt

from helpers.clients.vault import Vault
from helpers.core import yaml_reader
from helpers.course.checks import project_platform as platform
from helpers.course.checks import require
from helpers.course.checks.support import drift_jobs
from helpers.course.checks.support.reach import Pod, gets_in
from helpers.course.scenarios import training
from helpers.course.workspace import Workspace


def tenancy(lab: Workspace) -> None:
    """A third team, somebody who is only logged in, and a pod with the team's own labels stay outside."""
    asked = training.brief()
    cluster, room = platform.applied(lab, platform.TENANCY, asked), asked.namespace
    third = next(team for team in training.TEAMS if team not in (asked.team, asked.neighbour))
    nobody = (("list", platform.JOBS, room, False), ("get", "configmaps", room, False))
    for group, who in ((f"team-{third}", third), ("system:authenticated", "nobody")):
        platform.allowed(cluster, group, who, nobody)
    more = (
        ("patch", platform.JOBS, room, True),
        ("update", "networkpolicies.networking.k8s.io", room, False),
        ("create", "serviceaccounts/token", room, False),
        ("create", "pods/exec", room, False),
        ("create", "clusterrolebindings.rbac.authorization.k8s.io", room, False),
        ("list", platform.JOBS, "default", False),
    )
    platform.allowed(cluster, f"team-{asked.team}", asked.team, more)
    specs = [one.spec for one in cluster.get("NetworkPolicy", namespace=room)]
    guest = Pod("kube-system", {"app": "trainer"}, cluster.get("Namespace", "kube-system").metadata.get("labels") or {})
    require(not gets_in(specs, guest, Pod(room, {"app": "trainer"})), "a pod of kube-system reaches the team's")


def secrets(lab: Workspace) -> None:
    """A rotation after the check arrives as well, and the neighbour's login opens nothing here."""
    asked = training.brief()
    cluster = platform.applied(lab, platform.SECRETS, asked)
    Vault().rotate(platform.where(asked), platform.PROPERTY)
    platform.arrived(cluster, asked, platform.refresh(lab, asked))
    platform.clean(lab, asked)


def drift(lab: Workspace) -> None:
    """Without a file nothing is proved; what is adopted is left alone until its day is over, the rest is healed."""
    asked = training.brief()
    cluster = platform.applied(lab, platform.TENANCY, asked)
    with drift_jobs.running(lab, platform.JOB, platform.TENANCY) as job:
        (job.room / "none").mkdir()
        job.says("unknown", about="nothing is declared", declared=job.room / "none")
        with drift_jobs.changed(cluster, job.declared) as plants:
            quota = next(iter(plants))
            for days, kept in ((7, True), (-1, False)):
                until = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)).isoformat()
                row = {"object": quota, "owner": f"{asked.team}@acme.test", "until": until}
                row["reason"] = "a launch needs more for a week"
                (job.script.parent / "decisions.yaml").write_text(yaml_reader.dump([row]), encoding="utf-8")
                job.says("drifted", "--heal", about=f"a change is adopted until {until}")
                left = {str(one.ref) for one in cluster.diff(job.declared) if one.status != "same"}
                wanted = {quota} if kept else set()
                require(
                    left == wanted, f"a change that is adopted until {until}: after --heal {left or 'none'} is left"
                )

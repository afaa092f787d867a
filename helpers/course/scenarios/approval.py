"""The small scenario of two lectures of Unit 3: one service of team vision, from a commit to the cluster.

A repository on the course's Git server, a clone for each person, and an application of Argo CD that reads it.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from helpers.clients.argocd import ArgoCD, ArgoNotFound
from helpers.clients.forge import Forge, PullRequest
from helpers.clients.kubernetes import Cluster, ObjectNotFound
from helpers.core import process as _process
from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.paths import IAC, workspace_dir
from helpers.core.polling import poll, wait_until
from helpers.course import teaching
from helpers.course.scenarios.waits import LIMIT
from helpers.runtime import services
from helpers.runtime.services.record import Record
from helpers.wrappers.git import Git, GitError

#: What differs from run to run in a message: ids of commits and keys, generated names of pods.
RUN_SPECIFIC = (r"(?<=inference-)[a-z0-9]{5,10}(-[a-z0-9]{5})?\b", r"SHA256:[\w+/=]+", r"\b[0-9A-Fa-f]{7,64}\b")


class ServiceScenario:
    """One service on its way from a commit to the cluster; `set_up` makes it.

    Attributes:
        repository: name of the repository on the Git server; each run of a lecture has a new one.
        app: name of the application, its project and its namespace.
        git: the learner's clone.
        material: the lecture's files (`teaching.material`).
    """

    def __init__(self, repository: str, app: str, material: Path, *, policy: Mapping[str, Any]) -> None:
        self.repository, self.app, self.material = repository, app, material
        Forge().create(repository, policy=policy)
        self.git = Forge().clone(repository, material / "clone")

    def __repr__(self) -> str:
        return f"ServiceScenario(repository {self.repository}, application {self.app})"

    @property
    def argo(self) -> ArgoCD:
        """Argo CD, as its admin."""
        return ArgoCD()

    @property
    def cluster(self) -> Cluster:
        """The cluster, as its admin."""
        return Cluster(namespace=self.app)

    def manifest(self, name: str) -> Any:
        """Return a manifest of the material as data, with the repository's address in it."""
        data = yaml_reader.load((self.material / name).read_text())
        if data.get("kind") == "Application":
            data["spec"]["source"]["repoURL"] = Forge().url(self.repository)
        return data

    def apply_project(self, **rules: Any) -> None:
        """Apply the lecture's project to Argo CD with further rules: fields of ``AppProject.spec``."""
        project = self.manifest("project.yaml")
        project["spec"] |= rules
        self.argo.apply(project)

    def edit(self, file: str, changes: Mapping[str, str]) -> teaching.Shown:
        """Edit a file of the clone, see `teaching.edit`."""
        return teaching.edit(self.git.workdir / file, changes)

    def commit(self, message: str, *, person: str = "learner", sign: bool = True) -> str:
        """Commit every change as a person, and return the commit's id."""
        self.git.configure_identity(Forge(person).identity)
        self.git.add(all=True)
        return self.git.commit(message, sign=sign, allow_empty=True).sha

    def amend_signed(self) -> str:
        """Replace the last commit by the same change, signed by the learner: ``git commit --amend``."""
        self.git.configure_identity(Forge().identity)
        done = _process.run(
            ["git", "commit", "--quiet", "--amend", "--no-edit", "--reset-author", "--gpg-sign"], cwd=self.git.workdir
        )
        if done.returncode != 0:
            raise GitError("The commit could not be signed", why=done.stderr)
        return self.git.rev_parse()

    def propose(self, title: str) -> PullRequest:
        """Push what is committed to a branch of its own and open a pull request, or renew the one that is open."""
        branch = "-".join(title.lower().split())
        self.git.push("origin", f"+HEAD:refs/heads/{branch}")
        for pull in Forge().pulls(self.repository):
            if pull.source == branch and pull.state == "open":
                return self._judged(pull)
        return Forge().open_pull(self.repository, branch, title=title)

    def _judged(self, pull: PullRequest) -> PullRequest:
        gates = Forge().repository(self.repository).policy.gates
        return Forge().run_gates(self.repository, pull.number) if gates else pull

    def merge_change(self, title: str, *, approve: str = "bela") -> PullRequest:
        """Propose, have it approved by another person, and merge it."""
        pull = self.propose(title)
        Forge(approve).approve(self.repository, pull.number)
        return Forge().merge(self.repository, pull.number)

    def reset_to_main(self) -> None:
        """Discard what is not on ``main``: ``git reset --hard origin/main``."""
        self.git.fetch()
        self.git.run(["reset", "--quiet", "--hard", "refs/remotes/origin/main"])

    def audit_log(self) -> teaching.Shown:
        """Show the audit log without times and commit ids: who requested what, and what was decided."""
        rows = [(e.actor, e.action, e.decision, f"#{e.pull}" if e.pull else "") for e in Forge().audit(self.repository)]
        return teaching.table(["Who", "What", "Decision", "Pull request"], rows)

    def wait_for_warnings(self, timeout: float = LIMIT) -> teaching.Shown:
        """Wait for a warning of the cluster in the application's namespace; show each message once, without names."""
        told = poll(lambda: [e for e in self.cluster.events() if e.type == "Warning"], timeout, every=0.3)
        rows = {
            (e.reason, _without_run_specifics(e.message.removeprefix("(combined from similar events): "))) for e in told
        }
        return teaching.table(["Reason", "Message"], sorted(rows))

    def pending_operation(self, timeout: float = LIMIT) -> str:
        """Wait until one resource is all that the running operation waits for, and return Argo CD's message about it.

        Argo CD counts the others in the message ("and 2 more resources") while they become healthy.

        Raises:
            BadInput: it does not wait for a single resource within the time.
        """

        def pending() -> str:
            running = self.argo.application(self.app).operation
            if running is None or running.phase != "Running" or "waiting for" not in running.message:
                return ""
            return "" if " more resource" in running.message else f"{running.phase}: {running.message}"

        def none() -> BadInput:
            return BadInput(
                f"{self.app} does not wait for a single resource", next="Restart the kernel and run all cells."
            )

        return wait_until(f"{self.app} waits for one resource", pending, timeout, every=0.2, on_timeout=none)

    def wait_until_accepted(self, timeout: float = LIMIT) -> None:
        """Refresh until Argo CD reports no condition: a new key takes a moment to reach it.

        Raises:
            BadInput: it still reports one.
        """
        told: list[str] = []

        def accepted() -> bool:
            told[:] = [one.message for one in self.argo.application(self.app, refresh="hard").conditions]
            return not told

        def late() -> BadInput:
            return BadInput(f"Argo CD still reports a condition of {self.app}", why=told[0])

        wait_until(f"{self.app} is accepted", accepted, timeout, every=0.3, on_timeout=late)

    def cordon(self, closed: bool) -> None:
        """Close every node to new pods, as for maintenance, or open them again."""
        for node in self.cluster.get("Node"):
            self.cluster.patch("Node", node.name, {"spec": {"unschedulable": closed}})


def _without_run_specifics(message: str) -> str:
    """Return a message without what differs from run to run."""
    return re.sub("|".join(RUN_SPECIFIC), "…", message)


def set_up(lecture: str, *, app: str, policy: Mapping[str, Any]) -> ServiceScenario:
    """Start the services, and make a fresh scenario from the material ``unit3/LECTURE``.

    What an earlier run left is removed, except its repository: the new one gets a number.

    Args:
        lecture: ``approval`` or ``fails``. app: name of application, project and namespace.
        policy: of the repository, see `helpers.clients.forge.Policy`.
    """
    for name in ("git", "gitops"):
        services.ensure(name)
    material = workspace_dir() / "lectures" / "unit3" / lecture
    shutil.rmtree(material, ignore_errors=True)
    material = teaching.material(f"unit3/{lecture}")
    taken = Forge().repositories()
    free = (lecture if n == 1 else f"{lecture}-{n}" for n in itertools.count(1))
    scenario = ServiceScenario(next(name for name in free if name not in taken), app, material, policy=policy)
    tear_down(scenario)
    _commit_initial_files(scenario)
    login = Forge("argocd").credentials(scenario.repository)
    scenario.argo.add_repository(login.url, login.username, login.password)
    scenario.argo.apply([scenario.manifest("project.yaml"), scenario.manifest("application.yaml")])
    return scenario


def _commit_initial_files(scenario: ServiceScenario) -> None:
    """Make the first commit: the material's files, the allowed signers, and the story's policy when gates need it."""
    target = scenario.git.workdir
    shutil.copytree(scenario.material / "repository", target, dirs_exist_ok=True)
    (target / "trust").mkdir()
    (target / "trust/allowed_signers").write_text(Forge().allowed_signers(), encoding="utf-8")
    if (target / "gates.yaml").exists():
        for folder in ("conftest", "data"):
            shutil.copytree(IAC / "gitops/policy" / folder, target / "policy" / folder)
    scenario.commit("Begin the service", person="ada")
    scenario.git.push("origin", "HEAD:main")


def tear_down(scenario: ServiceScenario) -> None:
    """Remove application and namespace; the repository and its audit log stay."""
    with contextlib.suppress(ArgoNotFound):
        scenario.argo.delete(scenario.app)
    with contextlib.suppress(ObjectNotFound):
        scenario.cluster.delete("Namespace", scenario.app)


class OpenPgpSigner:
    """Somebody who signs commits with OpenPGP, with a key ring of their own; the agent ends with `close`."""

    def __init__(self, name: str, email: str) -> None:
        # The agent's socket allows only a short path.
        self._home = tempfile.TemporaryDirectory(prefix="gpg-")
        self._env = _process.environment({"GNUPGHOME": self._home.name})
        self.name, self.email = name, email
        self._gpg("--quick-generate-key", f"{name} <{email}>", "ed25519", "sign", "never")
        listed = self._gpg("--list-keys", "--with-colons").splitlines()
        self.key_id = next(line.split(":")[4] for line in listed if line.startswith("pub:"))

    @property
    def public(self) -> str:
        """The public key, armored."""
        return self._gpg("--armor", "--export")

    def commit(self, git: Git, message: str) -> str:
        """Commit every change, signed with this key, and return the commit's id."""
        git.add(all=True)
        who = ["-c", f"user.name={self.name}", "-c", f"user.email={self.email}", "-c", f"user.signingkey={self.key_id}"]
        argv = ["git", *who, "-c", "gpg.format=openpgp", "commit", "-qS", "--allow-empty", "-m", message]
        self._run(argv, cwd=git.workdir)
        return git.rev_parse()

    def close(self) -> None:
        """End the agent that GnuPG started, and forget the key."""
        _process.run(["gpgconf", "--homedir", self._home.name, "--kill", "all"])
        self._home.cleanup()

    def _gpg(self, *args: str) -> str:
        return self._run(["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", "", *args])

    def _run(self, argv: list[str], cwd: Path | None = None) -> str:
        done = _process.run(argv, env=self._env, cwd=cwd)
        if done.returncode != 0:
            raise BadInput(f"{argv[0]} failed", why=done.stderr, next="Restart the kernel and run all cells.")
        return done.stdout


def kill_process(service: str, process: str) -> None:
    """Kill one process of a service, as a dying node does; ``services.ensure(service)`` starts it again.

    Raises:
        BadInput: no such process is running.
    """
    record = Record.read(services.data(service).parent / "service.json")
    for started in record.processes:
        if started.name == process and started.alive():
            victim = psutil.Process(started.pid)
            victim.kill()
            victim.wait(10)
            return
    known = ", ".join(started.name for started in record.processes) or "none"
    raise BadInput(f"{service} has no process {process!r}", why=f"Its processes: {known}.")

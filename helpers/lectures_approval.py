"""The small world of two lectures of Unit 3: one service of team vision, from a commit to the cluster.

A repository on the course's Git server, a clone for each person, and an application of Argo CD that reads it.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import _process, services, teaching
from helpers._paths import IAC, workspace_dir
from helpers.errors import BadInput
from helpers.forge import Forge, PullRequest
from helpers.git import Git, GitError

if TYPE_CHECKING:
    from helpers.argocd import ArgoCD
    from helpers.kubernetes import Cluster

#: What differs from run to run in a message: ids of commits and keys, generated names of pods.
CHANGING = (r"(?<=inference-)[a-z0-9]{5,10}(-[a-z0-9]{5})?\b", r"SHA256:[\w+/=]+", r"\b[0-9A-Fa-f]{7,64}\b")


class World:
    """One service on its way from a commit to the cluster; `begin` makes it.

    Attributes:
        repository: name of the repository on the Git server; each run of a lecture has a new one.
        app: name of the application, its project and its namespace.
        git: the learner's clone.
        material: the lecture's files (`helpers.teaching.material`).
    """

    def __init__(self, repository: str, app: str, material: Path, *, policy: Mapping[str, Any]) -> None:
        self.repository, self.app, self.material = repository, app, material
        Forge().create(repository, policy=policy)
        self.git = Forge().clone(repository, material / "clone")

    def __repr__(self) -> str:
        return f"World(repository {self.repository}, application {self.app})"

    @property
    def argo(self) -> ArgoCD:
        """Argo CD, as its admin."""
        from helpers.argocd import ArgoCD

        return ArgoCD()

    @property
    def cluster(self) -> Cluster:
        """The cluster, as its admin."""
        from helpers.kubernetes import Cluster

        return Cluster(namespace=self.app)

    def manifest(self, name: str) -> Any:
        """Return a manifest of the material as data, with the repository's address in it."""
        import yaml

        data = yaml.safe_load((self.material / name).read_text())
        if data.get("kind") == "Application":
            data["spec"]["source"]["repoURL"] = Forge().url(self.repository)
        return data

    def project(self, **rules: Any) -> None:
        """Give Argo CD the lecture's project with further rules: fields of ``AppProject.spec``."""
        project = self.manifest("project.yaml")
        project["spec"] |= rules
        self.argo.apply(project)

    def edit(self, file: str, changes: Mapping[str, str]) -> teaching.Shown:
        """Edit a file of the clone, see `helpers.teaching.edit`."""
        return teaching.edit(self.git.workdir / file, changes)

    def commit(self, message: str, *, person: str = "learner", sign: bool = True) -> str:
        """Commit every change as a person, and return the commit's id."""
        self.git.configure_identity(Forge(person).identity)
        self.git.add(all=True)
        return self.git.commit(message, sign=sign, allow_empty=True).sha

    def sign_again(self) -> str:
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

    def land(self, title: str, *, approve: str = "bela") -> PullRequest:
        """Propose, have it approved by another person, and merge."""
        pull = self.propose(title)
        Forge(approve).approve(self.repository, pull.number)
        return Forge().merge(self.repository, pull.number)

    def back(self) -> None:
        """Throw away what is not on ``main``: ``git reset --hard origin/main``."""
        self.git.fetch()
        self.git._git(["reset", "--quiet", "--hard", "refs/remotes/origin/main"])

    def trail(self) -> teaching.Shown:
        """Show the audit log without times and commit ids: who asked for what, and what was decided."""
        rows = [(e.actor, e.action, e.decision, f"#{e.pull}" if e.pull else "")
                for e in Forge().audit(self.repository)]  # fmt: skip
        return teaching.table(["Who", "What", "Decision", "Pull request"], rows)

    def warnings(self, timeout: float = 20) -> teaching.Shown:
        """Wait for a warning of the cluster in the application's namespace; show each message once, without names."""
        until = time.monotonic() + timeout
        while True:
            told = [e for e in self.cluster.events() if e.type == "Warning"]
            if told or time.monotonic() > until:
                break
            time.sleep(0.3)
        rows = {(e.reason, _same(e.message.removeprefix("(combined from similar events): "))) for e in told}
        return teaching.table(["Reason", "Message"], sorted(rows))

    def held(self, timeout: float = 30) -> str:
        """Wait until the running operation waits for something, and return what Argo CD says of it.

        Raises:
            BadInput: it did not come to that.
        """
        until = time.monotonic() + timeout
        while True:
            running = self.argo.application(self.app).operation
            if running is not None and running.phase == "Running" and "waiting for" in running.message:
                return f"{running.phase}: {running.message}"
            if time.monotonic() > until:
                raise BadInput(f"{self.app} does not wait for anything", next="Restart the kernel and run all cells.")
            time.sleep(0.2)

    def settled(self, timeout: float = 30) -> None:
        """Wait until Argo CD, asked anew, has nothing to complain about: a new key takes a moment to reach it.

        Raises:
            BadInput: it still complains.
        """
        until = time.monotonic() + timeout
        while told := self.argo.application(self.app, refresh="hard").conditions:
            if time.monotonic() > until:
                raise BadInput(f"Argo CD still complains about {self.app}", why=told[0].message)
            time.sleep(0.3)

    def cordon(self, closed: bool) -> None:
        """Close every node to new pods, as for maintenance, or open them again."""
        for node in self.cluster.get("Node"):
            self.cluster.patch("Node", node.name, {"spec": {"unschedulable": closed}})

    def condition(self) -> teaching.Shown:
        """Show what Argo CD says of the application: states and conditions."""
        app = self.argo.application(self.app)
        rows: list[tuple[str, str]] = [("sync", app.sync), ("health", app.health)]
        for one in app.conditions:
            rows.append((one.type, _same(one.message)))
        return teaching.table(["Fact", "Value"], rows)


def _same(message: str) -> str:
    """Return a message without what differs from run to run."""
    return re.sub("|".join(CHANGING), "…", message)


def begin(lecture: str, *, app: str, policy: Mapping[str, Any]) -> World:
    """Start the services, and make a fresh world from the material ``unit3/LECTURE``.

    What a former run left is removed; its repository stays, as history does, and the new one gets a number.

    Args:
        lecture: ``approval`` or ``fails``. app: name of application, project and namespace.
        policy: of the repository, see `helpers.forge.Policy`.
    """
    for name in ("git", "gitops"):
        services.ensure(name)
    material = workspace_dir() / "lectures" / "unit3" / lecture
    shutil.rmtree(material, ignore_errors=True)
    material = teaching.material(f"unit3/{lecture}")
    taken = Forge().repositories()
    free = (lecture if n == 1 else f"{lecture}-{n}" for n in itertools.count(1))
    world = World(next(name for name in free if name not in taken), app, material, policy=policy)
    clear(world)
    _found(world)
    login = Forge("argocd").credentials(world.repository)
    world.argo.add_repository(login.url, login.username, login.password)
    world.argo.apply([world.manifest("project.yaml"), world.manifest("application.yaml")])
    return world


def _found(world: World) -> None:
    """Make the first commit: the material's files, whom to trust, and the story's policy when gates ask for it."""
    target = world.git.workdir
    shutil.copytree(world.material / "repository", target, dirs_exist_ok=True)
    (target / "trust").mkdir()
    (target / "trust/allowed_signers").write_text(Forge().allowed_signers(), encoding="utf-8")
    if (target / "gates.yaml").exists():
        for folder in ("conftest", "data"):
            shutil.copytree(IAC / "gitops/policy" / folder, target / "policy" / folder)
    world.commit("Begin the service", person="ada")
    world.git.push("origin", "HEAD:main")


def clear(world: World) -> None:
    """Remove application and namespace; the repository and its audit log stay."""
    from helpers.argocd import NotFound
    from helpers.kubernetes import NotFound as NoObject

    with contextlib.suppress(NotFound):
        world.argo.delete(world.app)
    with contextlib.suppress(NoObject):
        world.cluster.delete("Namespace", world.app)


class Signer:
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


def kill(service: str, process: str) -> None:
    """Kill one process of a service, as a node that dies does; ``services.ensure(service)`` brings it back.

    Raises:
        BadInput: no such process runs.
    """
    import psutil

    from helpers.services._record import Record

    record = Record.read(services.data(service).parent / "service.json")
    for started in record.processes:
        if started.name == process and started.alive():
            victim = psutil.Process(started.pid)
            victim.kill()
            victim.wait(10)
            return
    known = ", ".join(started.name for started in record.processes) or "none"
    raise BadInput(f"{service} has no process {process!r}", why=f"Its processes: {known}.")

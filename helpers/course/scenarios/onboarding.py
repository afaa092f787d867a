"""A newcomer's way from an account to the first merged change, and to the first published module, measured.

The Git server, its gates and the module registry are the course's own and really run. The newcomer is a script: it
reads nothing, waits for nobody, and each correction is right at once. So what is measured is a lower bound: what the
machinery asks for, and how long it takes. People's time comes on top.
"""

from __future__ import annotations

import io
import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from helpers.clients.forge import Exists, Forge, PullRequest
from helpers.clients.registry import PackageProblem, PublishRefused, Registry
from helpers.compliance import gates
from helpers.core.html.elements import Html, page, tag
from helpers.course import starters
from helpers.course.teaching import Shown
from helpers.runtime import services
from helpers.wrappers.git import Git

#: The newcomer; her account is made when she comes.
NEWCOMER = "nia"


@dataclass(frozen=True)
class Step:
    """One step of the way: what it is, how long the machinery took (seconds), and what stood in the way."""

    name: str
    seconds: float
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Way:
    """The whole way; ``merged`` says whether it arrived."""

    name: str
    steps: tuple[Step, ...]
    merged: bool

    @property
    def refusals(self) -> tuple[str, ...]:
        """What stood in the way, in order."""
        return tuple(reason for step in self.steps for reason in step.refused)

    def __repr__(self) -> str:
        return f"Way({self.name}: {len(self.steps)} steps, {len(self.refusals)} refusals, merged {self.merged})"


class _Clock:
    """Takes the time of steps."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        refused: list[str] = []
        begin = time.perf_counter()
        yield refused
        self.steps.append(Step(name, time.perf_counter() - begin, tuple(refused)))


def make_repository(name: str, directory: Path, *, signers: Sequence[str]) -> str:
    """Make a repository of the template on the Git server, as ada; return its name, with a number where it is taken.

    Args:
        name: of the service. directory: an empty or missing directory for ada's clone.
        signers: people whose commits the repository takes.
    """
    services.ensure("git")
    for person in (NEWCOMER, *signers):
        Forge().enrol(person)
    repository = _create(name)
    git = Forge("ada").clone(repository, directory)
    with tempfile.TemporaryDirectory() as aside:
        made = starters.make("pipeline", name, Path(aside) / "made")
        shutil.copytree(made.path, directory, dirs_exist_ok=True)
    _trust(directory, signers)
    git.add(all=True)
    git.commit("Begin from the template")
    git.push("origin", "main", set_upstream=True)
    return repository


def _create(name: str) -> str:
    for number in itertools.count(1):
        candidate = name if number == 1 else f"{name}-{number}"
        try:
            return Forge("ada").create(candidate).name
        except Exists:
            continue
    raise AssertionError


def _trust(directory: Path, people: Sequence[str]) -> None:
    mails = {f"{person}@acme.test" for person in people}
    lines = [line for line in Forge().allowed_signers().splitlines() if line.split(" ")[0] in mails]
    (directory / "trust/allowed_signers").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def first_change(repository: str, directory: Path, *, label: str, ask_first: bool = True) -> Way:
    """Go the newcomer's way: clone, change, commit, gates, push, pull request, approval, merge.

    A gate that says no is corrected (ada adds the newcomer's key) and asked again.

    Args:
        directory: a missing directory for the newcomer's clone. label: of the way, for figures.
        ask_first: she asks the gates on her machine before she pushes; else only the server asks them.
    """
    clock, me = _Clock(), Forge(NEWCOMER)
    with clock.step("clone"):
        git = me.clone(repository, directory)
    with clock.step("change and commit"):
        git.switch("first-change", create=True)
        overlay = next(directory.glob("services/*/dev/kustomization.yaml"))
        overlay.write_text(overlay.read_text().replace("count: 1", "count: 2"))
        git.add(all=True)
        git.commit("Run two replicas in dev")
    if ask_first:
        with clock.step("gates on her machine") as refused:
            refused += _asked(git)
        if refused:
            _let_in(repository, git, clock)
    with clock.step("push"):
        git.push("origin", "first-change")
    with clock.step("pull request, with the server's gates") as refused:
        pull = me.open_pull(repository, "first-change", title="Run two replicas in dev")
        refused += _reasons(pull)
    if refused:
        _let_in(repository, git, clock)
        with clock.step("push again, and the server's gates") as refused:
            git.push("origin", "first-change", force_with_lease=True)
            pull = me.run_gates(repository, pull.number)
            refused += _reasons(pull)
    with clock.step("approval by ada"):
        Forge("ada").approve(repository, pull.number)
    with clock.step("merge"):
        merged = me.merge(repository, pull.number)
    return Way(label, tuple(clock.steps), merged.state == "merged")


def _asked(git: Git) -> list[str]:
    report = gates.run(git.workdir, base="origin/main", head="HEAD")
    return [f"{gate.name}: {gate.reason}" for gate in report.gates if not gate.passed]


def _reasons(pull: PullRequest) -> list[str]:
    report = pull.gates
    return [f"{gate.name}: {gate.reason}" for gate in report.gates if not gate.passed] if report else ["no gates ran"]


def _let_in(repository: str, git: Git, clock: _Clock) -> None:
    """Let ada add the newcomer's key, by a change of her own, and build the newcomer's change on it."""
    with clock.step("ada adds her key"), tempfile.TemporaryDirectory() as aside:
        ada = Forge("ada").clone(repository, Path(aside) / "ada")
        ada.switch("add-newcomer", create=True)
        _trust(ada.workdir, ("ada", "bela", NEWCOMER))
        ada.add(all=True)
        ada.commit("Let the newcomer sign")
        ada.push("origin", "add-newcomer")
        pull = Forge("ada").open_pull(repository, "add-newcomer", title="Let the newcomer sign")
        Forge("bela").approve(repository, pull.number)
        Forge("ada").merge(repository, pull.number)
    with clock.step("rebase"):
        git.fetch()
        git.run(["rebase", "origin/main"])


@dataclass(frozen=True)
class Attempts:
    """How a directory came to be published: the number of reasons at each refusal, and whether it ended well."""

    name: str
    reasons: tuple[int, ...]
    published: bool

    def __repr__(self) -> str:
        return f"Attempts({self.name}: {len(self.reasons)} refusals, published {self.published})"


class Publisher:
    """Publishes a directory again and again, correcting what the registry names.

    Args:
        hub: the registry. finished: a module that keeps every rule, where corrections come from.
        module: ``NAMESPACE/NAME/PROVIDER``. key, password: the publisher's.
    """

    def __init__(self, hub: Registry, finished: Path, module: str, key: Path, password: str) -> None:
        self._hub, self._finished, self._module = hub, finished, module
        self._key, self._password = key, password

    def publish(self, directory: Path, version: str, *, label: str, at_once: bool) -> Attempts:
        """Publish until the registry takes it.

        Args:
            at_once: correct all reasons of a refusal; else only the first, as with a gate that stops there.
        """
        namespace, name, provider = self._module.split("/")
        counts: list[int] = []
        signed = False
        while True:
            key, password = (self._key, self._password) if signed else (None, "")
            try:
                self._hub.publish(
                    directory, version, namespace=namespace, name=name, provider=provider, key=key, password=password
                )
            except PublishRefused as refused:
                counts.append(len(refused.problems))
                due = refused.problems if at_once else refused.problems[:1]
                signed = signed or any(problem.rule == "signature" for problem in due)
                # A list: each of them is corrected, not only the first that can be.
                done = [problem.rule == "signature" or self._correct(directory, problem) for problem in due]
                if not any(done):
                    return Attempts(label, tuple(counts), False)
            else:
                return Attempts(label, tuple(counts), True)

    def _correct(self, directory: Path, problem: PackageProblem) -> bool:
        """Take what a reason is about from the finished module; return whether anything changed."""
        place = problem.where.partition(":")[0].rstrip("/")
        parts = [place]
        if place.endswith(".tf"):
            parts = [path.name for path in self._finished.glob("*.tf")]
        before = _bytes(directory)
        for part in parts:
            source, target = self._finished / part, directory / part
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        return _bytes(directory) != before


def _bytes(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def figure(ways: Sequence[Way]) -> Shown:
    """Show where the time goes: one bar a way, one piece a step, refusals marked. Times differ from run to run."""
    drawing = Figure(figsize=(9.5, 0.9 + 0.75 * len(ways)), layout="constrained")
    FigureCanvasSVG(drawing)
    axes = drawing.add_subplot()
    names = list(dict.fromkeys(step.name for way in ways for step in way.steps))
    # Okabe and Ito's colours can be told apart by everybody; a hatch tells those that come twice.
    colours = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "#999999"]
    for row, way in enumerate(ways):
        left = 0.0
        for step in way.steps:
            number = names.index(step.name)
            hatch = "//" if number >= len(colours) else None
            first = step.name not in {text.get_label() for text in axes.containers}
            axes.barh(
                row,
                step.seconds,
                left=left,
                color=colours[number % len(colours)],
                hatch=hatch,
                edgecolor="white",
                label=step.name if first else "_",
            )
            if step.refused:
                axes.text(left + step.seconds / 2, row, "✗", ha="center", va="center", fontsize=13, fontweight="bold")
            left += step.seconds
    axes.set_yticks(range(len(ways)), [way.name for way in ways])
    axes.invert_yaxis()
    axes.set_xlabel("seconds of the machinery (✗: a refusal)")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8, frameon=False)
    out = io.StringIO()
    drawing.savefig(out, format="svg", facecolor="white", metadata={"Date": None})
    text = "; ".join(f"{w.name}: " + ", ".join(f"{s.name} {s.seconds:.1f} s" for s in w.steps) for w in ways)
    svg = out.getvalue()
    drawn = tag("div", Html(svg[svg.index("<svg") :]), role="img", aria_label=text)
    return Shown(page(drawn), text)

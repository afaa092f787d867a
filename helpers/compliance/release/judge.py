"""The gates of a release. Each answers passed, failed or could not tell; only a tag that passes all is published."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.clients.registry import Registry
from helpers.clients.registry.errors import RegistryNotFound
from helpers.compliance import module_docs
from helpers.compliance.module_rules import rules
from helpers.compliance.release.asked import asked, decisions, explained
from helpers.compliance.release.source import ModuleSource, at_tag
from helpers.core.errors import CourseError
from helpers.core.verdicts.gates import Finding, Gate, GateReport, Status
from helpers.wrappers.base import StrPath
from helpers.wrappers.git import Git
from helpers.wrappers.module_package import members
from helpers.wrappers.terraform import Terraform

#: Gates in the order in which they are asked: the cheap ones that say who and what first.
GATES = ("tag", "branch", "unpublished", "version", "changelog", "package", "readme", "tests")
_NAME = re.compile(r"^tag (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class _Release:
    """What the gates look at: the tag in its own repository, and the module as it is at the tag."""

    git: Git
    tag: str
    signers: Path
    branch: str
    module: ModuleSource
    registry: Registry | None
    env: Mapping[str, str] | None

    @property
    def message(self) -> str:
        """The tag object as git keeps it."""
        return self.git.run(["cat-file", "-p", f"refs/tags/{self.tag}"]).stdout


_Answer = tuple[Status, str, tuple[Finding, ...]]


def judge(
    repository: StrPath,
    tag: str,
    *,
    signers: StrPath,
    branch: str = "main",
    registry: Registry | None = None,
    env: Mapping[str, str] | None = None,
    gates: Sequence[str] = GATES,
) -> GateReport:
    """Ask every gate about a tag. Nothing is published or changed.

    Args:
        repository: that has the tag.
        tag: ``NAME/vX.Y.Z``, or ``vX.Y.Z`` where the repository is one module.
        signers: file of those who may release (git's allowed signers). It must not come from the tagged commit.
        branch: on which a released commit has to be.
        registry: that must not have the version yet.
        env: for Terraform.
        gates: to ask, by name; `publish` asks all.

    Raises:
        NoModule, UnknownRevision: there is nothing to judge.
    """
    with at_tag(repository, tag) as module:
        git = Git(Path(repository).absolute())
        commit = git.rev_parse(f"refs/tags/{tag}^{{commit}}")
        release = _Release(git, tag, Path(signers).absolute(), branch, module, registry, env)
        answers = tuple(_ask(name, release) for name in GATES if name in gates)
    return GateReport(answers, commit, "", "the pipeline's own list of signers")


def _ask(name: str, release: _Release) -> Gate:
    begin = time.monotonic()
    try:
        status, reason, findings = _CHECKS[name](release)
    except CourseError as error:
        # No answer is not a yes.
        status, reason, findings = "unknown", error.diagnostics().replace("\n", " "), ()
    return Gate(name, status, reason, findings, round(time.monotonic() - begin, 3))


def _tag(release: _Release) -> _Answer:
    # The signer list is the pipeline's: neither the commit nor the repository's own configuration can add to it.
    with_list = ["-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={release.signers}"]
    kind = release.git.run(["cat-file", "-t", f"refs/tags/{release.tag}"]).stdout.strip()
    if kind != "tag":
        return "failed", "it is a lightweight tag, which cannot be signed", ()
    named = _NAME.search(release.message)
    if not named or named[1] != release.tag:
        return "failed", f"the signed tag is {named[1] if named else 'without a name'}, under the name {release.tag}", ()
    if "-----BEGIN SSH SIGNATURE-----" not in release.message:
        return "failed", "the tag is not signed", ()
    done = release.git.run([*with_list, "verify-tag", "--raw", release.tag], ok=(0, 1))
    who = re.search(r'^Good "git" signature for (\S+)', done.stderr, re.MULTILINE)
    if done.returncode == 0 and who:
        return "passed", f"signed by {who[1]}", ()
    if 'Good "git" signature with' in done.stderr:
        return "failed", "it is signed by a key that may not release", ()
    return "failed", "its signature is not good", ()


def _branch(release: _Release) -> _Answer:
    commit = f"refs/tags/{release.tag}^{{commit}}"
    for ref in (f"refs/remotes/origin/{release.branch}", f"refs/heads/{release.branch}"):
        if release.git.run(["rev-parse", "--quiet", "--verify", ref], ok=(0, 1)).returncode:
            continue
        there = release.git.run(["merge-base", "--is-ancestor", commit, ref], ok=(0, 1)).returncode == 0
        if there:
            return "passed", f"its commit is on {release.branch}", ()
        return "failed", f"its commit is not on {release.branch}: nobody has reviewed and merged it", ()
    return "unknown", f"there is no branch {release.branch} to look at", ()


def _unpublished(release: _Release) -> _Answer:
    if release.registry is None:
        return "passed", "no registry was named; it refuses a version twice by itself", ()
    try:
        there = release.registry.show(release.module.address).versions
    except RegistryNotFound:
        there = ()
    if release.module.version in there:
        return "failed", f"{release.module.version} is published, and a version never changes", ()
    return "passed", f"{release.module.version} is not published yet", ()


def _version(release: _Release) -> _Answer:
    module = release.module
    found = asked(module, decided=decisions(release.message))
    if found.commits is None or not found.commits.commits:
        return "failed", f"no commit has touched the module since {found.previous or 'it was made'}", ()
    if not found.previous:
        return "passed", "it is the first release", ()
    open_ = tuple(
        Finding(module.path, None, change.kind, f"{change.text}: decide it by `Interface-Decision: {change.key}=...`")
        for change in found.diff.undecided
    )
    if found.diff.undecided:
        names = ", ".join(change.key for change in found.diff.undecided)
        reason = f"a person has to decide what no tool can judge: {names}"
        return "failed", f"{reason}; until then it would be {found.version} at least, after {found.previous}", open_
    proposed = module.version.partition("-")[0]
    if proposed != found.version:
        reason = f"it must be {found.version}, not {module.version}, after {found.previous}: {explained(found)}"
        return "failed", reason, ()
    if found.understated:
        told = _says_breaking(release) or found.diff.bump != "major"
        rest = "no message says so" + (", the changelog does" if told else ", and neither does the changelog")
        return ("passed" if told else "failed"), f"{found.version} is right: {explained(found)}; {rest}", ()
    return "passed", f"{found.version} follows {found.previous}: {explained(found)}", ()


def _entry(release: _Release) -> str:
    """Return the text of the changelog's entry for the version; empty when there is none."""
    path = release.module.folder / "CHANGELOG.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    heading = rf"^##\s+\[?v?{re.escape(release.module.version)}\]?(?![\w.+-])[^\n]*\n(.*?)(?=^##\s|\Z)"
    found = re.search(heading, text, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def _says_breaking(release: _Release) -> bool:
    return "breaking" in _entry(release).lower()


def _changelog(release: _Release) -> _Answer:
    module, entry = release.module, _entry(release)
    if not entry:
        return "failed", f"CHANGELOG.md has no entry for {module.version}", ()
    commits = module.cliff.unreleased()
    missing = [c for c in (commits.commits if commits else ()) if c.breaking and not _says_breaking(release)]
    if missing:
        said = tuple(Finding(f"commit {c.sha[:7]}", None, "breaking-unsaid", c.message) for c in missing)
        return "failed", "it does not say which change is breaking and what callers do about it", said
    return "passed", f"it has an entry for {module.version}", ()


def _package(release: _Release) -> _Answer:
    module = release.module
    files = {p.relative_to(module.folder).as_posix(): p.read_bytes() for p in members(module.folder)}
    _, problems = rules.check(files, module.address, module.version, {})
    found = tuple(Finding(f"{module.path}/{p.where}", None, p.rule, f"{p.what} {p.fix}") for p in problems)
    return ("failed" if found else "passed"), f"the registry would object to {len(found)} things", found


def _readme(release: _Release) -> _Answer:
    module = release.module
    report = module_docs.check(module.folder, version=module.version, env=release.env)
    found = tuple(Finding(f"{module.path}/README.md", f.line, f.kind, f"{f.what} {f.fix}") for f in report.findings)
    ran = sum(state != "not run" for _, state in report.examples)
    return ("failed" if found else "passed"), f"{len(found)} statements are not true; {ran} examples ran", found


def _tests(release: _Release) -> _Answer:
    terraform = Terraform(release.module.folder, env=release.env)
    terraform.init(backend=False)
    summary = terraform.test()
    if not summary.runs:
        return "failed", "there is no test", ()
    failed = tuple(
        Finding(f"{release.module.path}/{run.file}", None, "test-failed", run.name)
        for run in summary.runs
        if run.status not in ("pass", "skip")
    )
    return ("passed" if summary.passed else "failed"), repr(summary), failed


_CHECKS: Mapping[str, Callable[[_Release], _Answer]] = {
    "tag": _tag,
    "branch": _branch,
    "unpublished": _unpublished,
    "version": _version,
    "changelog": _changelog,
    "package": _package,
    "readme": _readme,
    "tests": _tests,
}

"""The gates, one function each: what it looks at, and what it answers."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from helpers.compliance.gates._change import GateAnswer, GatedChange
from helpers.compliance.gates._images import image
from helpers.compliance.gates._overlays import Overlay, locate
from helpers.core.verdicts.gates import Finding
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.kustomize import Kustomize, KustomizeError
from helpers.wrappers.kyverno import Kyverno
from helpers.wrappers.policy import NothingChecked, PolicyError, PolicyResult
from helpers.wrappers.secret_scan_apart import scan_apart

_WARNING = "Warning: "


def signature(change: GatedChange) -> GateAnswer:
    """Is every commit signed by someone who is allowed to, under his own name?"""
    signers = change.trusted / change.settings.signers
    if not signers.is_file():
        return GateAnswer("unknown", f"No signers are allowed: there is no {change.settings.signers}.")
    change.tree.trust(signers)
    checks = [change.tree.verify_commit(commit) for commit in change.commits]
    findings = []
    for check in checks:
        place = f"commit {check.subject[:10]}"
        if not check:
            words = {
                "unsigned": "It has no signature.",
                "untrusted": "It is signed by someone who is not allowed to.",
                "bad": "The signature does not match the commit.",
            }[check.status]
            findings.append(Finding(place, None, f"commit-{check.status}", f"{words} Committer: {check.committer}."))
        elif not check.by_committer:
            said = f"{check.signer} signed it, but it says that {check.committer} committed it."
            findings.append(Finding(place, None, "commit-other-signer", said))
    if findings:
        return GateAnswer("failed", f"{len(findings)} of {_count(checks, 'commit')} may not land.", tuple(findings))
    who = ", ".join(sorted({check.signer for check in checks}))
    return GateAnswer("passed", f"{_count(checks, 'commit')} signed by {who}.")


def render(change: GatedChange) -> GateAnswer:
    """Does every directory that the change touches render?"""
    tool = Kustomize(change.files)
    faults = [Finding(link, None, "link-outside", "The link leads out of the repository.") for link in change.links]
    words = "No gate covers this: gates.yaml names no environment or platform directory that holds it."
    faults += [Finding(path, None, "not-judged", words) for path in change.unjudged]
    gone = [Finding(path, None, "removed", f"{_WARNING}What it deployed will be deleted.") for path in change.removed]
    for overlay in change.overlays:
        try:
            rendered = tool.build(overlay.path)
        except KustomizeError as error:
            words = f"{error.what}. {error.next}"
            change.broken[overlay] = Finding(error.file, None, error.code, words)
            continue
        if not rendered.manifests:
            place = f"{overlay.path}/kustomization.yaml"
            change.broken[overlay] = Finding(place, None, "renders-nothing", "It renders to nothing.")
            continue
        change.rendered[overlay] = rendered
    findings = (*faults, *change.broken.values())
    if findings:
        reason = (
            f"{_count(change.broken, 'directory', 'directories')} cannot be rendered."
            if change.broken
            else faults[0].message
        )
        return GateAnswer("failed", reason, (*findings, *gone))
    if not change.overlays:
        return GateAnswer("passed", "The change touches no directory that is rendered.", tuple(gone))
    objects = sum(len(rendered.manifests) for rendered in change.rendered.values())
    return GateAnswer(
        "passed", f"{_count(change.overlays, 'directory', 'directories')} rendered to {objects} objects.", tuple(gone)
    )


def policy(change: GatedChange) -> GateAnswer:
    """Do the manifests keep the rules? The rules are those of the base; rules that change are tested as well."""
    settings = change.settings
    rules, data = change.trusted / settings.policy, change.trusted / settings.data
    findings: list[Finding] = []
    evaluated = 0
    for environment in dict.fromkeys(overlay.environment for overlay in change.rendered):
        group = [overlay for overlay in change.rendered if overlay.environment == environment]
        inputs = change.scratch / "rendered" / (environment or "platform")
        gate = _write(inputs / "gate.json", json.dumps({"gate": {"environment": environment} if environment else {}}))
        files = {f"{n}.yaml": overlay for n, overlay in enumerate(group)}
        for name, overlay in files.items():
            _write(inputs / name, change.rendered[overlay].text)
        sources = [gate, *([data] if data.exists() else [])]
        report = Conftest(inputs).test(*files, policies=[rules], data=sources, all_namespaces=True, strict=True)
        evaluated += report.evaluated
        findings += [_finding(change, files[result.file], result) for result in report.results]
    findings += _rules_tested(change)
    blocking = [finding for finding in findings if not finding.message.startswith(_WARNING)]
    if blocking:
        return GateAnswer("failed", f"{_count(blocking, 'rule')} broken.", tuple(findings))
    return _after_render(change, f"{evaluated} rules evaluated, none broken.", tuple(findings))


def _finding(change: GatedChange, overlay: Overlay, result: PolicyResult) -> Finding:
    kind, _, name = str(result.metadata.get("object", "")).partition("/")
    file, line = locate(change.files, overlay, kind, name)
    rule = str(result.metadata.get("rule") or f"{result.namespace}.{result.rule}")
    fix = f" {result.metadata['fix']}" if result.metadata.get("fix") else ""
    mark = _WARNING if result.level == "warning" else ""
    return Finding(file, line, rule, f"{mark}{result.msg} (in {overlay.path}).{fix}")


def _rules_tested(change: GatedChange) -> list[Finding]:
    """Return what is wrong with rules that the change itself brings: they will judge the next one."""
    folder = change.settings.policy
    touched = [path for path in change.changed if path.startswith(f"{folder}/")]
    if not touched:
        return []
    if not (change.files / folder).is_dir():
        return [Finding(folder, None, "policy-removed", "The change removes the rules.")]
    try:
        report = Conftest(change.files).verify(policies=[folder], strict=True)
    except NothingChecked:
        return [Finding(folder, None, "policy-untested", "The rules have no unit test.")]
    except PolicyError as error:
        return [Finding(folder, None, "policy-broken", f"{error.what}: {error.why}")]
    return [Finding(test.file, test.line, "policy-test", f"The test {test.name} fails.") for test in report.failures]


def kyverno(change: GatedChange) -> GateAnswer:
    """Do the manifests keep the rules of the second engine?"""
    rules, inputs = change.trusted / change.settings.kyverno, change.scratch / "kyverno"
    files = {f"{n}.yaml": overlay for n, overlay in enumerate(change.rendered)}
    for name, overlay in files.items():
        _write(inputs / name, change.rendered[overlay].text)
    if not files:
        return _after_render(change, "")
    # What runs no workload is looked at by no rule, and need not be.
    report = Kyverno(inputs).apply([rules], list(files), require=False)
    findings: list[Finding] = []
    for result in report.failures:
        kind, _, name = str(result.metadata.get("object", "")).partition("/")
        overlay = files[result.file]
        place, line = locate(change.files, overlay, kind, name)
        words = f"{kind}/{name}: {result.msg} (in {overlay.path})."
        findings.append(Finding(place, line, result.namespace, words))
    if findings:
        return GateAnswer("failed", f"{_count(findings, 'rule')} broken.", tuple(findings))
    return _after_render(change, f"{report.evaluated} rules evaluated, none broken.")


def secrets(change: GatedChange) -> GateAnswer:
    """Is there a secret in any file that any commit brings, or in what a commit says?"""
    base = change.base if change.base != change.head else None
    large: list[Finding] = []
    files = 0

    def texts() -> Iterator[tuple[str, str]]:
        nonlocal files
        for commit in change.commits:
            yield f"commit {commit[:10]}", change.tree.message(commit)
        for blob in change.tree.blobs(base, change.head):
            files += 1
            if blob.text is None:
                said = f"It has {blob.size:,} bytes; that is not searched."
                large.append(Finding(blob.path, None, "too-large", said))
            # Files are left out here, not by the scan: no pattern may leave out what a commit says.
            elif not any(fnmatch.fnmatchcase(blob.path, pattern) for pattern in change.settings.ignore):
                yield blob.path, blob.text

    findings = scan_apart(texts())
    if findings:
        reason = (
            f"{_count(findings, 'secret')} in the change. Deleting it is not enough: it stays in history; rotate it."
        )
        return GateAnswer("failed", reason, (*dict.fromkeys(findings), *large))
    if large:
        return GateAnswer("unknown", f"{_count(large, 'file')} too large to be searched.", tuple(large))
    return GateAnswer("passed", f"No secret in {files} files and {_count(change.commits, 'message')}.")


def _after_render(change: GatedChange, reason: str, findings: tuple[Finding, ...] = ()) -> GateAnswer:
    """Return ``passed``, unless there are directories that no gate could look at."""
    if change.broken or change.links:
        words = f"{_count(change.broken, 'directory', 'directories')} could not be rendered, so its content is unknown."
        return GateAnswer("unknown", words, findings)
    if not change.overlays:
        return GateAnswer("passed", "The change touches no manifest.", findings)
    return GateAnswer("passed", reason, findings)


def _count(items: Iterable[object], one: str, many: str = "") -> str:
    n = sum(1 for _ in items)
    return f"{n} {one if n == 1 else many or one + 's'}"


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def _image(change: GatedChange) -> GateAnswer:
    answer = image(change)
    return _after_render(change, answer.reason) if answer.status == "passed" else answer


CHECKS: Mapping[str, Callable[[GatedChange], GateAnswer]] = {
    "signature": signature,
    "render": render,
    "policy": policy,
    "kyverno": kyverno,
    "image": _image,
    "secrets": secrets,
}

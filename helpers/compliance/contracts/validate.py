"""Judge a directory of deliverables by a contract: its form by the schemas, its meaning by what the tools say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from helpers.compliance import evidence
from helpers.compliance.contracts import audit_records, making, module_contracts, policy_bundle
from helpers.compliance.contracts import promotion as promotions
from helpers.compliance.contracts.custom_resource import CustomResource
from helpers.compliance.contracts.reading import Handover
from helpers.compliance.contracts.schemas import contract as named
from helpers.compliance.contracts.types import ContractVerification, Fault, Unfit, unknown
from helpers.compliance.evidence.keys import Keys
from helpers.compliance.gates.settings import Settings
from helpers.core.errors import CourseError
from helpers.core.verdicts.gates import BadGates
from helpers.wrappers.cosign import Bundle, MalformedBundle
from helpers.wrappers.git import Git

T = TypeVar("T")


def validate(
    directory: Path | str,
    *,
    keys: Path | str | None = None,
    contract: str = "proj-304",
    repository: Path | str | None = None,
) -> ContractVerification:
    """Judge deliverables.

    Args:
        directory: of the deliverables; for ``mod-209`` a sealed evidence pack.
        keys: directory of public keys (see `helpers.compliance.evidence.Keys`), had another way than the deliverables.
            Without it signatures cannot be judged, and the answer is ``unknown`` at best.
        contract: ``proj-304`` or ``mod-209``.
        repository: the verifier's own clone of the GitOps repository. Without it nobody looks whether the commits set
            the digests that the promotion record says.

    Raises:
        UnknownContract: there is no such contract.
    """
    handover = Handover(Path(directory), named(contract), None)
    if not handover.root.is_dir():
        return _end(
            handover, [unknown(handover.root.name, "There is no such directory", next="Name the deliverables.")]
        )
    handover.keys = _trusted(handover, keys)
    if contract == "mod-209":
        _auditor(handover)
    else:
        _operator(handover, Path(repository) if repository is not None else None)
    return _end(handover, [])


def _end(handover: Handover, more: list[Fault]) -> ContractVerification:
    found = tuple(dict.fromkeys([*handover.faults, *more]))
    return ContractVerification(str(handover.contract), found, tuple(handover.checked), tuple(handover.not_checked))


def _trusted(handover: Handover, keys: Path | str | None) -> Keys | None:
    """Return the verifier's keys; none that come with the deliverables, which anybody could have put there."""
    fix = f"course contract validate DIR --contract {handover.contract.name} --keys KEYS"
    if keys is None:
        handover.faults.append(unknown("keys", "No keys were named", "Without them no signature says who signed.", fix))
        return None
    path = Path(keys)
    if not path.is_dir():
        handover.faults.append(unknown("keys", f"There is no directory {path.name} of keys", next=fix))
        return None
    if path.resolve().is_relative_to(handover.root.resolve()):
        why = "Whoever made the deliverables chose these keys, too."
        handover.faults.append(
            unknown("keys", "The keys come with the deliverables", why, "Get them from the verifier.")
        )
        return None
    return Keys(path)


def _attempt(handover: Handover, where: str, judge: Callable[[], T]) -> T | None:
    """Return what a judge says; why there is nothing goes to the faults."""
    try:
        return judge()
    except Unfit as error:
        handover.faults.append(error.fault)
    except CourseError as error:
        handover.faults.append(unknown(where, error.what, error.why, error.next))
    return None


def _operator(handover: Handover, repository: Path | None) -> None:
    listed = {one.id: one for one in handover.contract.deliverables}
    for one in listed.values():
        if one.signed:
            _attempt(handover, one.path, lambda path=one.path: handover.signed(path))  # type: ignore[misc]
    _attempt(handover, listed["policy-bundle"].path, lambda: policy_bundle.judge(handover))
    settings = _attempt(handover, listed["pipeline"].path, lambda: _gates(handover, listed["pipeline"].path))
    events = _attempt(handover, listed["audit-record"].path, lambda: audit_records.judge(handover))
    path = listed["promotion"].path
    record = _attempt(handover, path, lambda: handover.json(path))
    if record is not None and handover.fits("promotion-record", record, path):
        judge = promotions.Judge(path, record, settings, events)
        _told(handover, judge, "every release was approved; what runs was gated")
        _history(handover, path, record, repository)
    _attempt(handover, listed["pipeline"].path, lambda: _unsigned(handover, listed["pipeline"].path, repository))
    _module(handover, listed["module"].path, listed["module-contract"].path)


def _history(handover: Handover, path: str, record: Mapping[str, Any], repository: Path | None) -> None:
    """Hold the record to the commits of the GitOps repository."""
    if repository is None:
        handover.not_checked.append("that the commits set the digests of the record (name a clone: --repository)")
        return
    rows = _attempt(
        handover, path, lambda: making.history(Git(repository), record["application"], record["environments"])
    )
    if rows is None:
        return
    said = [(one["environment"], one["commit"], one["digest"]) for one in record["releases"]]
    where, fix = f"{path}: releases", "Make the record again from the newest main."
    if invented := [one for one in said if one not in rows]:
        why = "; ".join(f"{commit[:10]} did not bring {digest[:19]} to {name}" for name, commit, digest in invented[:3])
        handover.faults.append(Fault("not-in-history", where, "The repository does not say so", why, fix))
    elif said != rows:
        more = [one for one in rows if one not in said]
        why = "; ".join(f"{commit[:10]} brought {digest[:19]} to {name}" for name, commit, digest in more)
        handover.faults.append(Fault("left-out", where, "It is not the whole history, in its order", why[:300], fix))
    else:
        handover.checked.append(f"{len(rows)} releases are those of the repository")


def _unsigned(handover: Handover, path: str, repository: Path | None) -> None:
    """Hold gates.yaml, which nobody signs, to the repository that it is of."""
    if repository is None:
        handover.not_checked.append(f"that {path} is that of the repository: it is not signed (--repository)")
    elif (
        Git(repository).show("HEAD", "gates.yaml").strip() != handover.content(path).decode("utf-8", "replace").strip()
    ):
        why, fix = "Whoever handed it over could ask for fewer gates.", "Take gates.yaml of the newest main."
        handover.faults.append(Fault("other-gates", path, "The repository has another gates.yaml", why, fix))


def _told(handover: Handover, judge: Any, words: str) -> None:
    found = list(judge.faults())
    handover.faults += found
    if not found:
        handover.checked.append(words)


def _gates(handover: Handover, path: str) -> Settings | None:
    if not handover.fits("gates", handover.yaml(path), path):
        return None
    try:
        found = Settings.parse(handover.content(path).decode("utf-8"))
    except BadGates as error:
        raise Unfit(Fault("gates", path, error.what, error.why, error.next)) from None
    handover.checked.append(f"{path} asks the gates {', '.join(found.gates)}")
    return found


def _module(handover: Handover, package: str, path: str) -> None:
    content = _attempt(handover, package, lambda: handover.content(package))
    said = _attempt(handover, path, lambda: handover.json(path))
    if said is None or not handover.fits("module-contract", said, path):
        return
    resource = CustomResource.read(handover.contract.directory / handover.contract.given)
    _told(handover, module_contracts.Judge(path, said, content, resource), f"{path} maps {resource.kind} to the module")
    handover.not_checked.append("that what the contract accepts is what the module's validation blocks accept")


def _auditor(handover: Handover) -> None:
    statement = handover.contract.deliverable("pack-statement").path
    _attempt(handover, statement, lambda: _stated(handover, statement))
    # The pack's own verifier asks for the trail's signatures as well.
    _attempt(handover, "audit", lambda: audit_records.records(handover))
    keys = handover.keys
    if keys is None:
        return
    answer = _attempt(handover, handover.root.name, lambda: evidence.verify(handover.root, keys=keys.directory))
    if answer is not None:
        handover.faults += [Fault(one.kind, one.where, one.message.rstrip(".")) for one in answer.findings]
        handover.checked += answer.checked
        handover.not_checked += answer.not_checked


def _stated(handover: Handover, path: str) -> None:
    try:
        predicate = Bundle.parse(handover.content(path)).predicate
    except MalformedBundle as error:
        raise Unfit(Fault("not-a-statement", path, error.what, error.why, error.next)) from None
    if handover.fits("pack-statement", predicate, path):
        rows = sum(len(one["evidence"]) for one in predicate["controls"])
        handover.checked.append(f"{rows} evidence records keep the schema")

"""An example of each displayed type, with a given text wherever a value may stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from helpers.clients.argocd.types import (
    Application,
    Condition,
    Node,
    Operation,
    ResourceDiff,
    ResourceResult,
    ResourceStatus,
    ResourceTree,
)
from helpers.clients.aws.secrets_manager import Secret as ManagedSecret
from helpers.clients.flux.types import Kustomization, Kustomizations, Source, Sources
from helpers.clients.forge.types import Approval, Audit, AuditEntry, PullRequest
from helpers.clients.kubernetes.types import Event, Events, FieldChange, Object, ObjectDiff, ObjectDiffs, Objects, Ref
from helpers.clients.registry import Module, PackageProblem, PublishRefused, RemovalVerdict, Signature
from helpers.clients.secret_sync.platform import Sync
from helpers.clients.vault.types import Secret as VaultSecret
from helpers.compliance.advisories import AdvisoryReport, Match
from helpers.compliance.audit import AuditFinding, Checkpoint, Entries, Proof, Verification
from helpers.compliance.drift import DriftReport
from helpers.compliance.evidence.period import Period
from helpers.compliance.evidence.types import PackFinding, PackVerification
from helpers.compliance.leaks.types import Leak, LeakReport, Unread
from helpers.compliance.module_docs import Example, ReadmeReport
from helpers.compliance.module_docs import Finding as ReadmeFinding
from helpers.compliance.policy_properties import PropertyResult
from helpers.compliance.promotion import Blocker, Board, Stage
from helpers.compliance.provenance import Attested, Statement
from helpers.compliance.pyramid import PyramidReport
from helpers.compliance.release import Asked, Released
from helpers.compliance.scorecard import Row, Scorecard
from helpers.core.sensitive import Sensitive
from helpers.core.verdicts.checks import CheckResult
from helpers.core.verdicts.gates import Finding as GateFinding
from helpers.core.verdicts.gates import Gate, GateReport
from helpers.runtime.services.service import Service
from helpers.wrappers import opa
from helpers.wrappers.cosign.bundle import Bundle
from helpers.wrappers.cosign.result import Cause, Refused, Verified
from helpers.wrappers.crane import Descriptor, Manifest
from helpers.wrappers.git.types import Commit, Diff, FileChange, Log, SignatureCheck, Status, StatusEntry
from helpers.wrappers.git_cliff import Unreleased
from helpers.wrappers.inspec import ControlResult, InspecReport, ProfileControl, ProfileReport, WaiverData
from helpers.wrappers.kustomize import Rendered
from helpers.wrappers.kyverno import KyvernoTestCase, KyvernoTestResult
from helpers.wrappers.module_interface import Change as InterfaceChange
from helpers.wrappers.module_interface import Interface, InterfaceDiff, Variable
from helpers.wrappers.module_interface import Output as ModuleOutput
from helpers.wrappers.policy import PolicyReport, PolicyResult, RegoProblem, UnitTest, UnitTestReport
from helpers.wrappers.pulumi.types import Preview, UpdateResult
from helpers.wrappers.rego_mutants import RegoMutant, RegoMutationReport, RegoMutationRun
from helpers.wrappers.sbom import Component, Sbom, SbomDiff, diff
from helpers.wrappers.terraform.types import (
    ApplyResult,
    Diagnostic,
    Drift,
    Output,
    Outputs,
    Plan,
    TestRun,
    TestSummary,
    ValidateResult,
)
from helpers.wrappers.terraform_docs import DocsCheck
from helpers.wrappers.terratest.types import GoTest, Left, SuiteRun
from helpers.wrappers.tflint import LintIssue, LintReport
from tests.widgets import audits, controls
from tests.widgets.plans import change, platform_document
from tests.widgets.pyramids import pyramid
from tests.widgets.stack_drifts import stack_report

#: What no display may show: the value behind a mask.
HIDDEN = "value-behind-the-mask"
AT = datetime(2026, 1, 1, 10, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32
COMMIT = "c" * 40


def plan(text: str) -> Plan:
    document = platform_document()
    document["resource_changes"] += [
        change(f'platform_artifact_bucket.x["{text}"]', {"name": "a\nb", text: text}, {"name": text, text: None}),
        {**change("platform_secret.y", None, {"tags": {text: [text]}}), "action_reason": text, "module_address": text},
    ]
    document["output_changes"] = {text: {"actions": ["create"], "before": None, "after": text}}
    return Plan.from_json(document)


def preview(text: str) -> Preview:
    def step(op: str, name: str, **states: object) -> dict[str, object]:
        kind = "pulumi-python:dynamic/acme:Bucket"
        known = {"type": kind, "custom": True, "inputs": {"name": text, text: [text]}}
        urn = f"urn:pulumi:dev::acme::{kind}::{name}"
        return {"op": op, "urn": urn, **{state: {**known, "urn": urn} for state in states}, "diffReasons": [text]}

    steps = [step("create", "one", newState=1), step("replace", "two", oldState=1, newState=1)]
    return Preview.of({"steps": steps, "config": {text: text}, "changeSummary": {"create": 1, "replace": 1}})


def inspec_report(text: str) -> InspecReport:
    failed = ControlResult("failed", text, message=text, exception="" if text else "Timeout")
    waiver = WaiverData(text, expiration_date=text)
    controls = [
        ProfileControl(text, text, text, 0.9, {"soc2": [text]}, (failed, ControlResult("passed", text))),
        ProfileControl(text, text, text, 0.9, {"soc2": [text]}, (failed,), waiver),
        ProfileControl(text, text, text, 0.1, {}, (ControlResult(text, text, skip_message=text),)),
    ]
    profile = ProfileReport(text, text, text, text, tuple(controls))
    return InspecReport("testinfra", text, {"name": text}, (profile,))


def diagnostic(text: str) -> Diagnostic:
    return Diagnostic("error", text, text, text, text, 3, text)


def operation(text: str) -> Operation:
    result = ResourceResult("apps", "v1", "Deployment", text, text, "SyncFailed", text)
    return Operation("Failed", text, "2026-01-01T10:00:00Z", "2026-01-01T10:00:04Z", text, (result,), text)


def application(text: str) -> Application:
    status = ResourceStatus("apps", "v1", "Deployment", text, text, "OutOfSync", "Degraded", text)
    return Application(
        text,
        text,
        sync="OutOfSync",
        health="Degraded",
        revision=COMMIT,
        target_revision=text,
        repo_url=text,
        path=text,
        images=(text,),
        resources=(status,),
        conditions=(Condition("SyncError", text),),
        operation=operation(text),
        destination_namespace=text,
    )


def resource_tree(text: str) -> ResourceTree:
    pod = Node("pod", "Pod", text, text, "Progressing", ("set",), (text,), message=text)
    return ResourceTree((Node("set", "ReplicaSet", text), pod))


def kustomization(text: str) -> Kustomization:
    return Kustomization(
        name=text,
        namespace=text,
        ready=False,
        reason=text,
        message=text,
        applied_revision=f"main@sha1:{COMMIT}",
        attempted_revision=text,
        suspended=True,
        inventory=(Ref("v1", "ConfigMap", text, text),),
        source=Ref("", "ExternalArtifact", text, text),
        path=text,
        interval=text,
        prune=True,
    )


def source(text: str) -> Source:
    return Source(text, text, False, text, text, f"main@sha1:{COMMIT}", text, text, text, text, text)


def pull_request(text: str) -> PullRequest:
    approvals = (Approval(text, COMMIT, AT, False, text), Approval(text, text, AT, True))
    return PullRequest(
        7,
        text,
        text,
        text,
        text,
        COMMIT,
        "open",
        approvals,
        gate_report(text),
        (text,),
        text,
        merged_by=text,
        break_glass=text,
    )


def gate_report(text: str) -> GateReport:
    finding = GateFinding(text, 3, text, text)
    gates = (Gate("signature", "passed", text), Gate(text, "failed", text, (finding,)), Gate("image", "unknown", text))
    return GateReport(gates, COMMIT, text, text)


def audit_entry(text: str) -> AuditEntry:
    return AuditEntry(AT, text, "break-glass", "refused", text, COMMIT, text, 7, text)


def live_object(text: str) -> Object:
    condition = {"type": text, "status": "False", "reason": text}
    meta = {"name": text, "namespace": text, "labels": {text: text}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {text: text}}
    return Object.from_json({**body, "status": {"conditions": [condition]}})


def cluster_event(text: str) -> Event:
    return Event("Warning", text, text, Ref("v1", "Pod", text, text), 2, "2026-01-01T10:00:00Z", text, text)


def object_diff(text: str) -> ObjectDiff:
    live = live_object(text).raw
    return ObjectDiff.between({**live, "data": {text: f"{text}, before"}}, live)


def resource_diff(text: str) -> ResourceDiff:
    found = object_diff(text)
    changes = (FieldChange(text, text, None), *found.changes)
    return ResourceDiff("", "ConfigMap", text, text, found.live, found.desired, changes)


def publish_refused(text: str) -> PublishRefused:
    return PublishRefused(text, problems=[PackageProblem(text, text, text, text)], why=text, next=text)


def module(text: str) -> Module:
    signature = Signature("verified", "3f9a", text, "2026-01-01T10:00:00Z")
    inputs = ({"name": text, "type": text, "description": text, "required": False, "default": text},)
    outputs = ({"name": text, "description": text, "sensitive": True},)
    return Module(text, text, (text,), text, text, text, signature, text, inputs, outputs, text, {})


def interface(text: str) -> Interface:
    inputs = (Variable(text, text, text, text), Variable("key", "string", text, HIDDEN, sensitive=True))
    return Interface(text, inputs, (ModuleOutput(text, text),))


def verification(text: str) -> Verification:
    findings = (AuditFinding("flipped", 3, text, text), AuditFinding(text, None, text))
    return Verification("invalid", findings, text, 8, text, (text,), 2)


def policy_report(text: str) -> PolicyReport:
    results = (
        PolicyResult(text, text, text, "failure", text, {"title": text}, (text, 3)),
        PolicyResult(text, text, text, "warning", "", {"title": text}),
    )
    return PolicyReport(results, 1, (text,))


def service(text: str) -> Service:
    return Service(text, text, text, None, "failed", AT, Path("log"), Path("data"), text)


def sbom(text: str) -> Sbom:
    return Sbom(text, DIGEST, (Component(text, text, text, text, (text,), ((text, "ab" * 32),)),), text)


def sbom_diff(text: str) -> SbomDiff:
    return diff(sbom(text), Sbom(text, DIGEST, (Component(text, f"{text}2", text, text, (f"{text}2",)),), text))


def verified(text: str) -> Verified:
    return Verified(text, text, text, (text,), (text,), text, signed_at=AT)


def refused(text: str) -> Refused:
    return Refused(text, Cause.TAMPERED, text or "-", text, (text,), (text,))


def signature_check(text: str) -> SignatureCheck:
    return SignatureCheck("untrusted", text, text, text, text, text)


def commit(text: str) -> Commit:
    return Commit(COMMIT, (), text, text, AT, text, text, text, "untrusted", text)


def manifest(text: str) -> Manifest:
    part = Descriptor(text, text, 7, {text: text})
    return Manifest(text, text, part, (part,), (), {text: text}, {})


def rendered(text: str) -> Rendered:
    pod = {"kind": "Pod", "metadata": {"name": text, "namespace": text}, "spec": {"containers": [{"image": "a:1"}]}}
    return Rendered(text, (pod, {"kind": text}), text)


def leaks(text: str) -> LeakReport:
    return LeakReport(text, (Leak(text, text, 3, text, text, text),), (Unread(text, text),), 2)


def advisory_report(text: str) -> AdvisoryReport:
    found = Match(text, text, text, text, text, (text,), "affected", text, text)
    return AdvisoryReport(text, text, 2, (found,), (text,))


def opa_bundle(text: str) -> opa.Bundle:
    return opa.Bundle(Path("bundle.tar.gz"), text, (text,), {text: (text,)})


def cosign_bundle(text: str) -> Bundle:
    return Bundle(None, text, "attestation", text, True, 1, 1, text, None, text)


def vault_secret(text: str) -> VaultSecret:
    return VaultSecret.of(text, {text: HIDDEN}, 2)


def managed_secret(text: str) -> ManagedSecret:
    return ManagedSecret(text, text, (text,), (text,), AT, False, {text: Sensitive(HIDDEN)})


def outputs(text: str) -> Outputs:
    hidden = Output("hidden", Sensitive(HIDDEN), "string", True)
    return Outputs({text: Output(text, {text: [text]}, ["map", text]), "hidden": hidden})


def board(text: str) -> Board:
    stages = tuple(
        Stage(name, "app", f"{text}@{DIGEST}", f"{text}{name}", COMMIT, "Synced", "Healthy", (text,), text)
        for name in ("dev", "prod")
    )
    return Board(stages, (Blocker("prod", text, "app"),))


def interface_diff(text: str) -> InterfaceDiff:
    changes = (
        InterfaceChange("variable-removed", text, text, "major"),
        InterfaceChange("validation-changed", text, text, "minor", undecided=True),
        InterfaceChange("description", text, text, "patch"),
    )
    return InterfaceDiff(changes)


def readme(text: str) -> ReadmeReport:
    example = Example(text, text, 3)
    return ReadmeReport(text, (ReadmeFinding(text, 7, text, text),), ((example, "failed"), (example, "planned")))


def asked(text: str) -> Asked:
    commits = Unreleased("v1.0.0", "1.0.1", "patch", ())
    return Asked("1.0.0", commits, interface_diff(text))


def released(text: str) -> Released:
    return Released(module(text), gate_report(text), Statement(text, DIGEST, text, {}), Path(text))


def checked(text: str) -> CheckResult:
    return CheckResult(text, text, False, text or "-", (text, text, text))


#: Type -> makes one. A new displayed type needs a line here.
EXAMPLES: dict[type, Callable[[str], object]] = {
    AdvisoryReport: advisory_report,
    Application: application,
    UpdateResult: lambda text: UpdateResult(1, 0, 0, 0, ((text, text),), outputs(text), (diagnostic(text),)),
    ApplyResult: lambda text: ApplyResult(1, 0, 0, 0, ((text, text),), outputs(text), (diagnostic(text),)),
    Asked: asked,
    Attested: lambda text: Attested(refused(text), None),
    Audit: lambda text: Audit((audit_entry(text),)),
    AuditEntry: audit_entry,
    Board: board,
    Bundle: cosign_bundle,
    CheckResult: checked,
    Checkpoint: lambda text: Checkpoint(text, 8, text, text),
    Diff: lambda text: Diff((FileChange(text, "M", 1, 2),), text),
    SuiteRun: lambda text: SuiteRun(
        (GoTest(text, "fail", 1.0, text, text, text),), 1.0, Left(text, (text,), False, text)
    ),
    LintReport: lambda text: LintReport((LintIssue("terraform_typed_variables", "warning", text, "main.tf", 3),)),
    Preview: preview,
    PropertyResult: lambda text: PropertyResult("total", text, 3, {"a": text}, text),
    PyramidReport: pyramid,
    RegoMutationReport: lambda text: RegoMutationReport(
        (RegoMutationRun(RegoMutant("negate:3", "negate", 3, text, ""), "survived"),)
    ),
    DocsCheck: lambda text: DocsCheck(text, f"-{text}\n+{text}"),
    Drift: lambda text: Drift("unknown", plan(text).changes, text),
    DriftReport: stack_report,
    InspecReport: inspec_report,
    Entries: lambda text: Entries((audits.entry(0, actor=text, name=text, reason=text),)),
    type(audits.entry(0)): lambda text: audits.entry(0, actor=text, name=text, reason=text),
    Event: cluster_event,
    Events: lambda text: Events((cluster_event(text),)),
    GateReport: gate_report,
    Interface: interface,
    InterfaceDiff: interface_diff,
    Kustomization: kustomization,
    Kustomizations: lambda text: Kustomizations((kustomization(text),)),
    KyvernoTestResult: lambda text: KyvernoTestResult((KyvernoTestCase(text, text, text, "fail", text, text),)),
    LeakReport: leaks,
    Log: lambda text: Log((commit(text),)),
    ManagedSecret: managed_secret,
    Manifest: manifest,
    Module: module,
    Object: live_object,
    ObjectDiff: object_diff,
    ObjectDiffs: lambda text: ObjectDiffs((object_diff(text),)),
    Objects: lambda text: Objects((live_object(text), live_object("other"))),
    Operation: operation,
    Outputs: outputs,
    PackVerification: lambda text: PackVerification(
        "invalid",
        (PackFinding("changed-file", text, text),),
        tuple(controls.coverage(text)),
        (text,),
        (text,),
        Period.parse("2026-11-01/2026-12-01"),
        AT,
    ),
    Plan: plan,
    PolicyReport: policy_report,
    Proof: lambda text: Proof("inclusion", 3, 8, 3, text),
    PublishRefused: publish_refused,
    RemovalVerdict: lambda text: RemovalVerdict(text, AT.date(), "refused", (text,), (text,)),
    Scorecard: lambda text: Scorecard(text, text, AT.date(), (Row(text, text, "failed", text, text, text),)),
    PullRequest: pull_request,
    ReadmeReport: readme,
    Refused: refused,
    Released: released,
    Rendered: rendered,
    ResourceDiff: resource_diff,
    ResourceTree: resource_tree,
    Sbom: sbom,
    SbomDiff: sbom_diff,
    Service: service,
    SignatureCheck: signature_check,
    Source: source,
    Sources: lambda text: Sources((source(text),)),
    Status: lambda text: Status(text, COMMIT, text, 1, 0, (StatusEntry(text, "changed", "M", "."),)),
    Sync: lambda text: Sync(text, text, False, text, text, AT, text, True),
    TestSummary: lambda text: TestSummary("fail", (TestRun(text, text, "fail", None, (diagnostic(text),)),)),
    UnitTestReport: lambda text: UnitTestReport((UnitTest(text, text, "fail", text, 3, None, text),), 1),
    ValidateResult: lambda text: ValidateResult(False, (diagnostic(text),)),
    VaultSecret: vault_secret,
    Verification: verification,
    Verified: verified,
    opa.Bundle: opa_bundle,
    opa.CheckReport: lambda text: opa.CheckReport((RegoProblem(text, text, text, 3),)),
    opa.EvalResult: lambda text: opa.EvalResult(text, (({text: [text]},),)),
}

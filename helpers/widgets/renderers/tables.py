"""Static displays that are one table: small results of many tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from helpers.core.html import mark, table_html
from helpers.core.html.style import Mark
from helpers.widgets.renderers.evidence import signature_html
from helpers.widgets.renderers.gitops import resource_diff_html

if TYPE_CHECKING:
    from helpers.clients.aws.secrets_manager import Secret as ManagedSecret
    from helpers.clients.kubernetes.types import ObjectDiffs
    from helpers.clients.registry import PublishRefused
    from helpers.clients.secret_sync import Sync
    from helpers.clients.vault.types import Secret as VaultSecret
    from helpers.compliance.leaks.types import LeakReport
    from helpers.compliance.policy_properties import PropertyResult
    from helpers.compliance.provenance import Attested
    from helpers.wrappers import (
        cosign,
        crane,
        git,
        kustomize,
        kyverno,
        opa,
        policy,
        rego_mutants,
        terraform_docs,
        tflint,
    )


def vault_secret_html(secret: VaultSecret) -> str:
    """Return a secret of the vault: its keys, its values masked."""
    version = f", version {secret.version}" if secret.version else ""
    return table_html(["Key", "Value"], secret.masked().items(), caption=f"{secret.path}{version}")


def managed_secret_html(secret: ManagedSecret) -> str:
    """Return a secret of Secrets Manager: its keys, its values masked."""
    caption = f"{secret.name}, {', '.join(secret.stages) or 'out of use'}"
    return table_html(["Key", "Value"], secret.masked().items(), caption=caption)


def external_secret_html(sync: Sync) -> str:
    """Return the state of an ExternalSecret."""
    row = [f"{sync.namespace}/{sync.name}", sync.target, sync.reason or "not reconciled yet", sync.message]
    return table_html(["ExternalSecret", "Secret", "State", "Message"], [row])


def object_diffs_html(diffs: ObjectDiffs) -> str:
    """Return live objects compared with their manifests."""
    return resource_diff_html(diffs, desired="the manifest")


def problems_html(error: PublishRefused) -> str:
    """Return the rules that a module breaks."""
    rows = [[p.rule, p.where, p.what, p.fix] for p in error.problems]
    return table_html(["Rule", "Where", "What", "Fix"], rows, caption=error.what)


def leaks_html(report: LeakReport) -> str:
    """Return what leaked, and what could not be read."""
    rows = [[leak.where, leak.rule, leak.message, leak.excerpt] for leak in report.leaks]
    rows += [[item.file, "could not tell", item.why, ""] for item in report.unread]
    return table_html(["Where", "Rule", "What", "Excerpt"], rows, caption=repr(report), empty=report.text())


def attested_html(attested: Attested) -> str:
    """Return cosign's answer on an attestation."""
    return signature_html(attested.verification)


def bundle_html(bundle: cosign.Bundle) -> str:
    """Return what a Sigstore bundle holds."""
    facts = {
        "Kind": bundle.kind,
        "Media type": bundle.media_type,
        "Digest": f"sha256:{bundle.digest}",
        "Signed by": bundle.identity or bundle.hint,
        "Predicate type": bundle.predicate_type or "-",
        "Transparency log entries": bundle.tlog_entries,
        "Signed timestamps": bundle.timestamps,
    }
    return table_html(["Field", "Value"], facts.items(), caption="Bundle (read, not verified)")


def manifest_html(manifest: crane.Manifest) -> str:
    """Return the parts of an image's manifest or index."""
    parts = [*([manifest.config] if manifest.config else []), *manifest.layers, *manifest.manifests]
    rows = [[part.media_type, part.digest[:19], part.size] for part in parts]
    return table_html(["Media type", "Digest", "# Bytes"], rows, caption=manifest.reference)


def git_status_html(status: git.Status) -> str:
    """Return what is changed in a work tree."""
    rows = [[e.kind, e.index + e.worktree, e.path] for e in status.entries]
    return table_html(["Kind", "State", "Path"], rows, caption=f"On {status.branch}", empty="Nothing to commit.")


def git_diff_html(diff: git.Diff) -> str:
    """Return the files that differ between two revisions."""
    rows = [[f.status, f.path, f.added, f.removed] for f in diff.files]
    return table_html(["Status", "File", "# Added", "# Removed"], rows, empty="No difference.")


def rendered_html(rendered: kustomize.Rendered) -> str:
    """Return the objects that an overlay renders to."""
    meta = [(m.get("kind", ""), m.get("metadata") or {}) for m in rendered.manifests]
    rows = [[kind, m.get("name", ""), m.get("namespace", "")] for kind, m in meta]
    return table_html(["Kind", "Name", "Namespace"], rows, caption=repr(rendered), empty="It renders nothing.")


def kyverno_tests_html(result: kyverno.KyvernoTestResult) -> str:
    """Return Kyverno's tests of policies."""
    rows = [[c.status, c.policy, c.rule, c.resource, c.reason] for c in result.cases]
    return table_html(["Result", "Policy", "Rule", "Resource", "Reason"], rows, caption=repr(result))


def eval_html(result: opa.EvalResult) -> str:
    """Return the values of a query."""
    rows = [[json.dumps(value, indent=1, ensure_ascii=False) for value in row] for row in result.rows]
    width = max(map(len, rows), default=1)
    columns = [result.query] if width == 1 else [f"Expression {n}" for n in range(1, width + 1)]
    return table_html(columns, rows, empty="Undefined: there is no result.")


def opa_check_html(report: opa.CheckReport) -> str:
    """Return what ``opa check`` found."""
    rows = [[f"{p.file}:{p.line}", p.message, p.code] for p in report.problems]
    return table_html(["Place", "Problem", "Code"], rows, caption="opa check", empty="No problems.")


def opa_bundle_html(bundle: opa.Bundle) -> str:
    """Return what a policy bundle holds."""
    rows = [[name, ", ".join(files)] for name, files in sorted(bundle.namespaces.items())]
    return table_html(["Namespace", "Files"], rows, caption=f"Bundle {bundle.path.name}, revision {bundle.revision}")


def unit_tests_html(report: policy.UnitTestReport) -> str:
    """Return the unit tests of policies."""
    rows = []
    for t in report.tests:
        place = f"{t.file}:{t.line}" if t.line else t.file
        rows.append([t.status, f"{t.package}.{t.name}", place])
        rows += [["pass" if passed else "fail", f"{t.package}.{t.name}: {case}", place] for case, passed in t.cases]
    return table_html(["Result", "Test", "Place"], rows, caption=repr(report), empty=f"{report.passes} tests passed.")


def docs_check_html(check: terraform_docs.DocsCheck) -> str:
    """Return how a README differs from what its module's code says."""
    rows = [[line] for line in check.diff.splitlines()]
    return table_html(["From the file to the code"], rows, caption=repr(check), empty="The file is up to date.")


def lint_html(report: tflint.LintReport) -> str:
    """Return what a linter found, by place."""
    rows = [[mark(i.severity), i.rule, f"{i.file}:{i.line}", i.message] for i in report.issues]
    return table_html(["Severity", "Rule", "Where", "What"], rows, caption=repr(report), empty="No issue.")


def rego_mutation_html(report: rego_mutants.RegoMutationReport) -> str:
    """Return the mutants of a policy and what became of each."""
    marks = {"killed": Mark("✓", "killed", "good"), "survived": Mark("○", "survived", "bad")}
    rows = [
        [mark(marks.get(run.outcome, Mark("–", run.outcome, "plain"))), m.line, m.operator, m.fault]
        for run in report.runs
        for m in (run.mutant,)
    ]
    return table_html(["Outcome", "#Line", "Operator", "Fault"], rows, caption=repr(report), empty="No mutant.")


def property_html(result: PropertyResult) -> str:
    """Return what must hold of every input, and the smallest input for which it does not."""
    found = "none found" if result.holds else json.dumps(result.counterexample, sort_keys=True)
    rows = [["Claim", result.claim], ["Counterexample", found], ["The policy", result.says or "kept it each time"]]
    return table_html(["Property", result.name], rows)

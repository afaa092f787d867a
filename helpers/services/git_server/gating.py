"""The seam to `helpers.gates`: whatever keeps a gate from saying ``passed`` or ``failed`` makes it ``unknown``."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from helpers.errors import CourseError
from helpers.forge.policy import Policy
from helpers.services.git_server.problems import Refusal, printable
from helpers.services.git_server.repositories import Bare


def run(bare: Bare, base: str, head: str, policy: Policy) -> list[dict[str, Any]]:
    """Run the gates on the change from *base* (empty: from the beginning) to *head* and return one row for each.

    A gate that the policy requires and nobody asked is ``unknown``, and so is everything when there is no verdict.
    """
    if not policy.gates:
        return []
    try:
        gates = importlib.import_module("helpers.gates")
        report = gates.run(bare.workdir, base=base, head=head, env=bare.push_env or None)
        if report.commit != head:
            raise ValueError(f"the gates judged {report.commit[:10]} instead of {head[:10]}")
        if not report.gates:
            raise ValueError("the repository asks no gate")
        found = {gate.name: _row(gate) for gate in report.gates if gate.name not in policy.ignored}
    # Whatever goes wrong in a gate, the change must not pass by it.
    except Exception as error:
        return [_unknown(name, _said(error)) for name in policy.required or ("gates",)]
    found |= {name: _unknown(name, "Nobody asked this gate.") for name in policy.required if name not in found}
    return list(found.values())


def secrets(bare: Bare, base: str, head: str) -> list[Refusal]:
    """Return why a change may not enter the repository at all: somebody committed a secret by mistake."""
    try:
        gates = importlib.import_module("helpers.gates")
        scan = getattr(gates, "scan_secrets", None)
        found = scan(bare.workdir, base=base, head=head, env=bare.push_env or None) if scan else ()
    except ModuleNotFoundError as error:
        if error.name == "helpers.gates":
            return []
        return [_cannot_scan(error)]
    except Exception as error:
        return [_cannot_scan(error)]
    places = sorted({f"{printable(f.file)}:{f.line}: {f.rule}" if f.line else f"{printable(f.file)}: {f.rule}"
                     for f in found})  # fmt: skip
    if not places:
        return []
    more = [f"and {len(places) - 10} more"] if len(places) > 10 else []
    return [Refusal(
        "secret", "The push contains what looks like a secret", "\n".join([*places[:10], *more]),
        "Take it out of every commit, not only the last: git rebase -i, or git reset --soft and commit anew.\n"
        "Then make a new secret: this one may have been seen.",
    )]  # fmt: skip


def blockers(rows: Sequence[dict[str, Any]]) -> list[Refusal]:
    """Return a refusal for each gate that did not say ``passed``."""
    found = []
    for row in rows:
        if row["status"] == "passed":
            continue
        said = "said no" if row["status"] == "failed" else "could not tell"
        places = [f"{f['file']}:{f['line'] or ''} {f['rule']}: {f['message']}" for f in row["findings"][:5]]
        why = "\n".join(printable(line, 300) for line in (row["reason"], *places) if line)
        found.append(Refusal(f"gate-{row['name']}", f"The gate {row['name']} {said}", why,
                             "course gates   # the same gates, here, before you push"))  # fmt: skip
    return found


def _cannot_scan(error: Exception) -> Refusal:
    return Refusal(
        "secret-unknown", "The push could not be searched for secrets", _said(error), "course services logs git"
    )


def _row(gate: Any) -> dict[str, Any]:
    status = gate.status if gate.status in ("passed", "failed") else "unknown"
    findings = [
        {"file": str(f.file), "line": f.line, "rule": str(f.rule), "message": str(f.message)} for f in gate.findings
    ]
    return {
        "name": gate.name, "status": status, "reason": str(gate.reason), "findings": findings,
        "seconds": float(gate.seconds),
    }  # fmt: skip


def _unknown(name: str, reason: str) -> dict[str, Any]:
    return {"name": name, "status": "unknown", "reason": reason, "findings": [], "seconds": 0.0}


def _said(error: Exception) -> str:
    return printable(f"{error.what}. {error.why}" if isinstance(error, CourseError) else
                     f"{type(error).__name__}: {error}", 400)  # fmt: skip

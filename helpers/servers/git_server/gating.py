"""Runs `helpers.compliance.gates`: whatever keeps a gate from ``passed`` or ``failed`` makes it ``unknown``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from helpers.clients.forge.policy import Policy
from helpers.core.errors import CourseError
from helpers.servers.git_server.problems import Refusal, printable
from helpers.servers.git_server.repositories import Bare
from helpers.wrappers.git.types import UnknownRevision
from helpers.wrappers.secret_scan_apart import scan_apart

#: How many findings are shown.
SHOWN = 8


def run(bare: Bare, base: str, head: str, policy: Policy) -> list[dict[str, Any]]:
    """Run the gates on the change from *base* (empty: from the beginning) to *head* and return one row for each.

    A gate that the policy requires and nobody asked is ``unknown``, and so is everything when there is no verdict.
    """
    if not policy.gates:
        return []
    try:
        gates = importlib.import_module("helpers.compliance.gates")
        report = gates.run(bare.workdir, base=base, head=head, env=bare.push_env or None)
        if report.commit != head:
            raise ValueError(f"the gates judged {report.commit[:10]} instead of {head[:10]}")
        if not report.gates:
            raise ValueError("the repository requires no gate")
        found = {gate.name: _row(gate) for gate in report.gates if gate.name not in policy.ignored}
    # Whatever goes wrong in a gate, the change must not pass by it.
    except Exception as error:
        return [_unknown(name, _said(error)) for name in policy.required or ("gates",)]
    found |= {name: _unknown(name, "This gate was not run.") for name in policy.required if name not in found}
    return list(found.values())


def secrets(bare: Bare, base: str, head: str) -> list[Refusal]:
    """Return why a change may not enter the repository at all: somebody committed a secret by mistake.

    Every version of a file that a commit of the change brings is searched, also one that a later commit removes.
    """
    try:
        tree = importlib.import_module("helpers.compliance.gates._tree").Tree(bare.workdir, env=bare.push_env)
        ignore = _not_searched(bare, head)
        large: list[Refusal] = []

        def texts() -> Iterator[tuple[str, str]]:
            for blob in tree.blobs(base or None, head):
                if blob.text is None:
                    large.append(_too_large(blob.path, blob.size))
                    return
                yield blob.path, blob.text

        found = scan_apart(texts(), ignore=ignore)
        if large:
            return large
    except Exception as error:
        return [
            Refusal(
                "secret-unknown", "The push could not be searched for secrets", _said(error), "course services logs git"
            )
        ]
    places = sorted({f"{printable(f.file)}:{f.line or ''} {f.rule}: {f.message}" for f in found})
    if not places:
        return []
    more = [f"and {len(places) - SHOWN} more"] if len(places) > SHOWN else []
    return [
        Refusal(
            "secret",
            "The push contains what looks like a secret",
            "\n".join([*places[:SHOWN], *more]),
            "Take it out of every commit, not only the last: git reset --soft COMMIT-BEFORE, then commit again.\n"
            "Then replace the secret itself: it has been seen.",
        )
    ]


def _too_large(path: str, size: int) -> Refusal:
    return Refusal(
        "secret-unknown",
        f"{printable(path)} is too large to be searched for secrets",
        f"It has {size:,} bytes.",
        "Keep large data in a bucket and name it by its digest. Take the file out of every commit, then push again.",
    )


def _not_searched(bare: Bare, head: str) -> tuple[str, ...]:
    """Return the patterns of files without search, from what has landed: a change must not excuse itself."""
    settings = importlib.import_module("helpers.compliance.gates.settings")
    policy = bare.policy()
    landed = [sha for ref, sha, _ in bare.refs("refs/heads") if policy.protects(ref.removeprefix("refs/heads/"))]
    try:
        rules = bare.show(landed[0] if landed else head, settings.FILE)
    except UnknownRevision:
        return ()
    ignore: tuple[str, ...] = settings.Settings.parse(rules).ignore
    return ignore


def blockers(rows: Sequence[dict[str, Any]]) -> list[Refusal]:
    """Return a refusal for each gate that did not say ``passed``."""
    found = []
    for row in rows:
        if row["status"] == "passed":
            continue
        said = "said no" if row["status"] == "failed" else "could not tell"
        places = [f"{f['file']}:{f['line'] or ''} {f['rule']}: {f['message']}" for f in row["findings"][:5]]
        why = "\n".join(printable(line, 300) for line in (row["reason"], *places) if line)
        found.append(
            Refusal(
                f"gate-{row['name']}",
                f"The gate {row['name']} {said}",
                why,
                "course gates   # the same gates, here, before you push",
            )
        )
    return found


def _row(gate: Any) -> dict[str, Any]:
    status = gate.status if gate.status in ("passed", "failed") else "unknown"
    findings = [
        {"file": str(f.file), "line": f.line, "rule": str(f.rule), "message": str(f.message)} for f in gate.findings
    ]
    return {
        "name": gate.name,
        "status": status,
        "reason": str(gate.reason),
        "findings": findings,
        "seconds": float(gate.seconds),
    }


def _unknown(name: str, reason: str) -> dict[str, Any]:
    return {"name": name, "status": "unknown", "reason": reason, "findings": [], "seconds": 0.0}


def _said(error: Exception) -> str:
    return printable(
        f"{error.what}. {error.why}" if isinstance(error, CourseError) else f"{type(error).__name__}: {error}", 400
    )

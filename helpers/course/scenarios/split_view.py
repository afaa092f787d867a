"""The scenario of the lecture on keys: the log's keeper shows two people two histories, and witnesses are asked.

The keeper has the keys of the log and of the collectors. It does not have those of the witnesses, nor the root's.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from helpers.compliance.audit import ORIGIN, Checkpoint, Event, Subject, Trail, Verification, verify_export
from helpers.compliance.audit.roles import PAYLOAD_TYPE, Functionary
from helpers.compliance.audit.roles import read as read_roles
from helpers.core import http
from helpers.course import teaching
from helpers.course.scenarios import audit
from helpers.course.scenarios.audit import rewrite_history
from helpers.runtime import services, trust

#: What a witness's answer means (c2sp.org/tlog-witness).
ANSWERS = {
    HTTPStatus.OK: "cosigned",
    HTTPStatus.CONFLICT: "refused: it cosigned another history of this size",
    HTTPStatus.UNPROCESSABLE_ENTITY: "refused: no proof that the log only grew",
    HTTPStatus.FORBIDDEN: "refused: not signed by the log",
}

_KIND = PAYLOAD_TYPE.encode()
#: A plan that somebody makes while the log goes on.
PLAN = Subject.of("plan.json", b"{}")


@dataclass(frozen=True)
class View:
    """What somebody was shown: an export, with its checkpoint."""

    export: Path

    @property
    def checkpoint(self) -> Checkpoint:
        """The signed checkpoint in it."""
        return Checkpoint.parse((self.export / "checkpoint").read_text(encoding="utf-8"))

    @property
    def cosigners(self) -> list[str]:
        """Names beside the log's under its checkpoint, as they are written; nothing is verified."""
        lines = self.checkpoint.signed.partition("\n\n")[2].splitlines()
        return sorted(line.split()[1] for line in lines[1:])

    def judged(self, *, quorum: int | None = None, witnessed: Sequence[View] = ()) -> Verification:
        """Return what a verifier says who has the keys of log and root another way.

        Args:
            quorum: how many witnesses must have cosigned; by default what the root's list says.
            witnessed: views of others, whose checkpoints it compares.
        """
        directory = Trail().directory
        seen = [view.export / "checkpoint" for view in witnessed]
        key, root = directory.public_key, directory.root
        return verify_export(self.export, key=key, root=root, witnessed=seen, quorum=quorum)


def split(work: Path, name: str = "ada") -> tuple[View, View]:
    """Have Mallory break the glass, and return what two people are then shown: the log, and one that names *name*."""
    services.ensure("audit")
    trail = Trail()
    event = Event("break-glass", "mallory", Subject.of("inference replicas 20", b"20"), "accepted", "no time to ask")
    at = trail.record_all([event])[0].index
    export = trail.export(work / "shown-to-ada")
    return View(export), View(rewrite_history(trail, export, at, actor=name))


def ask(witness: str, view: View) -> str:
    """Ask a witness to cosign the checkpoint of a view, as the log asks it, and return its answer in words."""
    url, token = Trail().directory.address(witness)
    log_signed = "\n\n".join(_head(view.checkpoint.signed))
    body = f"old {view.checkpoint.size}\n\n{log_signed}".encode()
    with contextlib.closing(http.Client(url, timeout=60, ca=trust.ca_file())) as client:
        answer = client.request("POST", "/add-checkpoint", body=body, headers={"Authorization": f"Bearer {token}"})
    said = answer.body.decode(errors="replace").strip()
    if answer.status == HTTPStatus.CONFLICT and said.isdigit():
        return f"refused: it knows {said} entries"
    return ANSWERS.get(HTTPStatus(answer.status), f"refused: {said}")


def _head(signed: str) -> tuple[str, str]:
    """Return a checkpoint's text and the log's own signature, without those of witnesses."""
    text, _, signatures = signed.partition("\n\n")
    return text, signatures.splitlines(keepends=True)[0]


def asked(views: dict[str, View]) -> teaching.Shown:
    """Ask every witness about every view, and show the answers."""
    names = [one.name for one in Trail().directory.witnesses()]
    rows = [(name, *(ask(witness, view) for witness in names)) for name, view in views.items()]
    return teaching.table(["Shown to", *names], rows)


def work_directory() -> Path:
    """Return a fresh, empty directory of this part of the lecture."""
    return audit.work_directory("split-view")


def row(name: str, found: Verification) -> tuple[str, str, str]:
    """Return a row of a table: what was looked at, the verdict, and what was found."""
    return name, str(found.status), ", ".join(sorted({one.kind for one in found.findings})) or "–"


def functionaries() -> teaching.Shown:
    """Show who may state what in this user's trail, as the root has signed it."""
    services.ensure("audit")
    listed = read_roles(Trail().directory.collectors.read_bytes()).functionaries
    rows = sorted((one.name, ", ".join(sorted(one.may))) for one in listed)
    return teaching.table(["Functionary", "May state"], rows)


def self_enrolled(collector: str, may: Sequence[str]) -> tuple[Verification, Verification]:
    """Have a collector write a wider list of functionaries and sign it by itself; return what a verifier says.

    Returns:
        Of an export with the root's list, and of one with the collector's.
    """
    trail = Trail(collector)
    export = trail.export(work_directory() / "shown")
    honest = View(export).judged()
    wider = read_roles((export / "collectors").read_bytes())
    payload = wider.with_functionary(Functionary(trail.collector.public, tuple(may))).to_json(ORIGIN)
    signature = trail.collector.sign(b"DSSEv1 %d %s %d %s" % (len(_KIND), _KIND, len(payload), payload))
    envelope = {
        "payloadType": _KIND.decode(),
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": trail.collector.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    (export / "collectors").write_text(json.dumps(envelope, separators=(",", ":")) + "\n", encoding="utf-8")
    return honest, View(export).judged()

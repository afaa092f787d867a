"""Checks of Lab 3, notebook 05: what the intruder did, told from the evidence, and what was done about it.

Nothing says what the right answers are: the verifiers find them again in the learner's evidence room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.compliance.audit import Entry, Subject, Trail, Verification
from helpers.compliance.evidence.predicates import Unreadable, parts
from helpers.core import yaml_reader
from helpers.core.yaml_reader import InvalidYaml
from helpers.course.checks import Unmet, every, item, require, settled, step
from helpers.course.scenarios import incident
from helpers.course.workspace import Workspace
from helpers.runtime import services
from helpers.wrappers.cosign import Cosign
from helpers.wrappers.cosign.result import Verified

ROOM, FINDINGS, KEYS, RESTORED = incident.FOLDER, incident.FINDINGS, "incident/keys", "incident/restored"
KINDS = ("flipped", "deleted", "inserted", "reordered")


@dataclass(frozen=True)
class Case:
    """What the verifiers say of a room.

    Attributes:
        right: file name of each package and the digest that untouched entries name. replaced: the one that has
        another. signer: whose key signed that. owner: whose key signed the honest copy.
        log: what was done to which entries. clean: lines nobody touched.
        since: the last checkpoint that fits; next: the first that does not.
    """

    room: incident.Evidence
    right: Mapping[str, str]
    replaced: Path
    signer: str
    owner: str
    log: frozenset[tuple[str, int]]
    clean: Mapping[int, Entry]
    since: str
    next: str


def case(lab: Workspace) -> Case:
    """Judge the evidence again; raise `Unmet` when it is not what was handed over."""
    room = incident.Evidence(lab.path(ROOM))
    whole = (room.folder / "inventory.json").is_file()
    require(whole, f"{ROOM} does not exist: run the notebook's first cell")
    require(room.untouched(), f"{ROOM} is not as it was handed over: delete it, and run the notebook's first cell")
    found = room.verify()
    log = frozenset((one.kind, one.index) for one in found.findings if one.index is not None)
    clean = untouched(room, log)
    right = {subject(e).name: subject(e).digest for e in clean.values() if e.event.action == "promotion"}
    replaced = [one for one in room.artifacts if right.get(one.name) != incident.digest_of(one)]
    require(len(replaced) == 1 and log, f"{ROOM} holds no incident: delete it, and run the notebook's first cell")
    fits = [day for day in room.checkpoints if not forked(room.verify(day))]
    after = [day for day in room.checkpoints if day not in fits]
    require(fits and after, f"{ROOM}: no checkpoint parts the honest log from today's")
    signer = incident.signer_of(replaced[0], room.signers)[0]
    honest = room.folder / "copies" / f"sha256-{right[replaced[0].name]}.tar.gz"
    owner = incident.signer_of(honest, room.signers)[0]
    return Case(room, right, replaced[0], signer, owner, log, clean, fits[-1], after[0])


def subject(entry: Entry) -> Subject:
    """Return what an entry of a log is about."""
    about = entry.event.subject
    return about if isinstance(about, Subject) else Subject(about["name"], about["digest"])


def untouched(room: incident.Evidence, log: frozenset[tuple[str, int]]) -> dict[int, Entry]:
    """Return the entries no finding is about, by line."""
    lines = {index for kind, index in log if kind == "inserted"}
    places = {index for kind, index in log if kind != "inserted"}
    return {
        e.index: e for e in room.entries() if e.index not in lines and e.statement["predicate"]["index"] not in places
    }


def forked(found: Verification) -> bool:
    """Does a verifier say that the log does not begin with the checkpoint?"""
    return any(one.kind == "forked" and one.index is None for one in found.findings)


def answers(lab: Workspace) -> Mapping[str, Any]:
    """Return the learner's findings; raise `Unmet` unless they have the form."""
    require(lab.path(FINDINGS).is_file(), f"{FINDINGS} does not exist: run the cell that writes it")
    try:
        said = yaml_reader.load(lab.read(FINDINGS))
    except InvalidYaml as error:
        said, why = None, str(error).splitlines()[0]
        require(said, f"{FINDINGS} is not valid YAML: {why}")
    form = incident.blank_findings()
    require(isinstance(said, dict), f"{FINDINGS} has no answers")
    for name, asked in form.items():
        with every("Answers"):
            require(isinstance(said.get(name), type(asked)), f"{FINDINGS}: {name} is missing or has another form")
            for field in asked if isinstance(asked, dict) else ():
                require(said[name].get(field) is not None, f"{FINDINGS}: {name}.{field} is not answered")
    settled()
    return dict(said)


@step(
    "lab3",
    "find",
    unaided=True,
    hints=(
        "Which of what you read is only text, and which was signed by a key the intruder did not have? Ask the "
        "verifier, not the editor.",
        "room.verify() names the entries; an entry it does not name still tells the right digest. room.verify(DAY) "
        "says whether the log begins with that day's checkpoint. incident.signer_of(package, room.signers) says whose "
        "key fits.",
    ),
)
def find(lab: Workspace) -> str:
    """The findings name the package, the key, every edited entry and the last checkpoint that fits, with evidence."""
    said = answers(lab)
    truth = case(lab)
    with item("Findings", "artifact"):
        artifact(truth, said["artifact"])
    with every("Findings"):
        key(truth, said["key"])
    with item("Findings", "log"):
        entries(truth, said["log"])
    with item("Findings", "since"):
        since(truth, said["since"])
    edited = f"{len(truth.log)} entries edited after {truth.since}"
    return f"{truth.replaced.name}, signed with the key of {truth.signer}; {edited}"


def artifact(truth: Case, said: Mapping[str, Any]) -> None:
    """Raise `Unmet` unless the replaced package is named, with what it is and should be."""
    name = str(said["name"]).removesuffix(".tar.gz")
    right = truth.right[truth.replaced.name]
    where = f"{FINDINGS}: artifact"
    require(
        name in (truth.replaced.name.removesuffix(".tar.gz"), truth.replaced.name.rsplit("-", 1)[0]),
        f"{where}.name: {name} has the digest that untouched entries name; it was not replaced",
    )
    found = incident.digest_of(truth.replaced)
    require(_hex(said["found"]) == found, f"{where}.found is not the digest of the file in artifacts/")
    require(_hex(said["right"]) != found, f"{where}.right is the digest of the forged package")
    require(_hex(said["right"]) == right, f"{where}.right: no untouched entry names it for this version")
    line = said["evidence"]
    require(isinstance(line, int), f"{where}.evidence: give the line of an entry, a number")
    require(line in truth.clean, f"{where}.evidence: the verifier does not vouch for line {line}; it was edited")
    about = subject(truth.clean[line])
    fits = about == Subject(truth.replaced.name, right)
    require(fits, f"{where}.evidence: line {line} is about something else ({about.name})")


def _hex(digest: object) -> str:
    return str(digest).strip().removeprefix("sha256:")


def key(truth: Case, said: Mapping[str, Any]) -> None:
    """Raise `Unmet` unless the key is named, and who signed the honest copy: the log's own entry was edited."""
    where = f"{FINDINGS}: key"
    require(said["signer"] == truth.signer, f"{where}.signer: the key of {said['signer']} does not verify the package")
    require(
        said["evidence"] == truth.owner,
        f"{where}.evidence: name the one whose key signed the honest copy of {truth.replaced.name}, in copies/",
    )


def entries(truth: Case, said: list[Any]) -> None:
    """Raise `Unmet` unless every edited entry is named, and no other."""
    where = f"{FINDINGS}: log"
    told = [(one.get("kind"), one.get("index")) for one in said if isinstance(one, dict)]
    require(len(told) == len(said) and (None, None) not in told, f"{where} is not answered: a kind and an index each")
    places = {index for _, index in truth.log}
    for kind, index in told:
        require(kind in KINDS, f"{where}: {kind!r} is none of {', '.join(KINDS)}")
        require(index in places, f"{where}: the verifier finds nothing wrong with entry {index}")
        require((kind, index) in truth.log, f"{where}: entry {index} was not {kind}")
    missing = len(truth.log - set(told))
    require(not missing, f"{where}: {missing} more entries were edited")


def since(truth: Case, said: Mapping[str, Any]) -> None:
    """Raise `Unmet` unless the last checkpoint that fits is named, and what the verifier says of the next."""
    where, day = f"{FINDINGS}: since", said["checkpoint"]
    require(day in truth.room.checkpoints, f"{where}.checkpoint: checkpoint {day!r} does not exist")
    verdict = "fits, but a later one fits as well" if _order(truth, day) else "does not fit today's log"
    require(day == truth.since, f"{where}.checkpoint: that of {day} {verdict}")
    require(
        said["evidence"] == "forked",
        f"{where}.evidence: the kind of finding with the checkpoint of {truth.next} is another",
    )


def _order(truth: Case, day: str) -> bool:
    days = list(truth.room.checkpoints)
    return days.index(day) < days.index(truth.since)


@step(
    "lab3",
    "contain",
    hints=(
        "What did the stolen key sign before it was stolen? Who vouches for that once the key is revoked?",
        f"{KEYS}: the public keys without the stolen one, and your new one. {RESTORED}: four packages by digest from "
        "copies/ (incident.copy_file copies signatures too); what the stolen key had signed needs sign_blob "
        "and attest_blob with the new key. Then one break-glass event about the revoked key's file, and a verify "
        "event about each package: accepted for the restored, refused for the forged one.",
        'trail.record("break-glass", actor="learner", subject=Subject.of(SIGNER, room.signers[SIGNER]), '
        'decision="accepted", reason="the key was stolen: revoked")\n'
        'trail.record("verify", actor="learner", subject=Subject.of(forged.name, forged), decision="refused")',
    ),
)
def contain(lab: Workspace) -> str:
    """The stolen key is revoked, the right packages are back and verify, the forged one does not; all is recorded."""
    truth = case(lab)
    left = [path for path in sorted(lab.path("incident").rglob("*")) if path.is_file() and _private(path)]
    names = ", ".join(str(path.relative_to(lab.work)) for path in left)
    require(not left, f"{names} holds a private key: keep it in lab.private()")
    keys = revoked(lab, truth)
    restored(lab, truth, keys)
    name, _ = incident.signer_of(truth.replaced, keys)
    require(not name, f"the forged {truth.replaced.name} is still verified, by the key {name}")
    recorded(truth)
    return f"{len(truth.right)} packages verify without the key of {truth.signer}; the forged one is refused"


def _private(path: Path) -> bool:
    return b"PRIVATE KEY-----" in path.read_bytes()


def revoked(lab: Workspace, truth: Case) -> dict[str, Path]:
    """Return the keys that are trusted now; raise `Unmet` when the stolen one is among them, or another is gone."""
    keys = incident.read_keys(lab.path(KEYS))
    require(keys, f"{KEYS} has no keys (NAME.pub)")
    known = {_pem(path): name for name, path in keys.items()}
    for name, path in truth.room.signers.items():
        where = known.get(_pem(path))
        if name == truth.signer:
            require(where is None, f"{KEYS}/{where}.pub is the key that signed the forged package")
        else:
            require(where is not None, f"{KEYS}: the key of {name} is gone, though nothing was wrong with it")
    return keys


def _pem(path: Path) -> str:
    return "".join(path.read_text(encoding="utf-8", errors="replace").split())


def restored(lab: Workspace, truth: Case, keys: Mapping[str, Path]) -> None:
    """Raise `Unmet` unless the registry's directory is what it should be, and every package is vouched for."""
    for name, right in truth.right.items():
        with item("Packages", name):
            _vouched_for(lab, name, right, keys)
    more = [p.name for p in sorted(lab.path(RESTORED).glob("*.tar.gz")) if p.name not in truth.right]
    require(not more, f"{RESTORED}: {', '.join(more)} belongs to no release")


def _vouched_for(lab: Workspace, name: str, right: str, keys: Mapping[str, Path]) -> None:
    package = lab.path(RESTORED) / name
    require(package.is_file(), f"{RESTORED}/{name} does not exist")
    found = incident.digest_of(package)
    require(found == right, f"{RESTORED}/{name} has the digest {found[:12]}, the trail names {right[:12]}")
    who, answer = incident.signer_of(package, keys)
    require(
        who,
        f"{RESTORED}/{name}: no trusted key vouches for package and SBOM: {answer.reason.splitlines()[0]}"
        if answer.reason
        else f"{RESTORED}/{name} is not verified",
    )
    listed(package, keys[who], right)


def listed(package: Path, key: Path, digest: str) -> None:
    """Raise `Unmet` unless what is stated about a restored package is a bill of materials of these bytes."""
    found = Cosign(package.parent).verify_blob_attestation(package, key=key, type=incident.SBOM)
    try:
        parts(found.statement if isinstance(found, Verified) else {}, digest)
    except Unreadable as error:
        raise Unmet(f"{RESTORED}/{package.name}: its SBOM statement is signed, and says nothing: {error}") from None


def recorded(truth: Case) -> None:
    """Raise `Unmet` unless the lab's own trail tells what was done, and is valid."""
    services.ensure("audit")
    trail = Trail()
    told = [(str(e.event.action), subject(e).digest, str(e.event.decision)) for e in trail.entries()]
    stolen = incident.digest_of(truth.room.signers[truth.signer])
    asked = [("break-glass", stolen, "accepted", f"{truth.signer}.pub")]
    asked += [("verify", digest, "accepted", name) for name, digest in truth.right.items()]
    asked += [("verify", incident.digest_of(truth.replaced), "refused", f"the forged {truth.replaced.name}")]
    for action, digest, decision, about in asked:
        there = (action, digest, decision) in told
        require(there, f"the trail has no {action} event, {decision}, about the digest of {about}")
    # The trail only grows: what counts is what it said last.
    last = [one for one in told if one[:2] == ("verify", incident.digest_of(truth.replaced))][-1]
    require(last[2] == "refused", "the newest verify event says that the forged package was accepted")
    require(trail.verify().status == "valid", "the lab's own trail is not valid")

"""A pack whose files, names or signed statements are one thing to one reader and another thing to the next.

Its maker holds the sealer's key, so every signature is good: what is wrong is what was signed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.compliance.evidence.builders import Builder
from helpers.compliance.evidence.pack import sums
from helpers.compliance.evidence.reading import sha256
from helpers.compliance.evidence.statements import read
from helpers.compliance.evidence.types import ATTESTATIONS, FILES, STATEMENT
from helpers.wrappers.cosign import Bundle, Cosign
from tests.compliance.forgeries.packs import ARTIFACT, Packs

NOTHING = "0" * 64


def another(listed: bytes) -> bytes:
    """Return a line that gives the artifact another digest."""
    name = next(line for line in listed.splitlines() if b"artifacts/" in line).partition(b"  ")[2]
    return NOTHING.encode() + b"  " + name + b"\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda listed: another(listed) + listed,
        lambda listed: b"".join(reversed(listed.splitlines(keepends=True))),
        lambda listed: listed.replace(b"\n", b"\r\n"),
        lambda listed: listed.replace(b"\n", b"\x0b"),
        lambda listed: listed[:-1],
        lambda listed: b"\xef\xbb\xbf" + listed,
    ],
    ids=["a file twice", "another order", "carriage returns", "vertical tabs", "no last end", "a byte order mark"],
)
def test_forgery_of_the_list(packs: Packs, change: Callable[[bytes], bytes]) -> None:
    copy = packs.copy()
    said: Any = Bundle.read(copy / STATEMENT).predicate
    packs.seal_again(copy, said, listed=change(sums(copy).encode()))
    assert packs.verify(copy).status == "invalid"


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["subject"].append({"name": FILES, "digest": {"sha256": NOTHING}}),
        lambda one: one["subject"].insert(0, {"name": "another pack", "digest": {"sha256": NOTHING}}),
        lambda one: one["subject"][0].update(name="another list"),
        lambda one: one["subject"][0].update(uri="https://acme.test/another"),
        lambda one: one["subject"][0]["digest"].update(gitCommit="0" * 40),
        lambda one: one["subject"][0]["digest"].update(sha256=one["subject"][0]["digest"]["sha256"].upper()),
        lambda one: one["subject"][0]["digest"].update(sha256=one["subject"][0]["digest"]["sha256"][:40]),
        lambda one: one.update(_type="https://acme.test/statement"),
    ],
    ids=["two lists", "two packs", "another name", "an address", "two digests", "capitals", "a prefix", "another type"],
)
def test_forgery_of_what_it_is_about(packs: Packs, change: Callable[[Any], object]) -> None:
    said = json.loads(packs.payload())
    change(said)
    assert packs.verify(packs.with_payload(json.dumps(said).encode())).status == "invalid"


@pytest.mark.parametrize(
    "name",
    [
        f"{ARTIFACT} ",
        "network-\u202ezg.rat.0.0.1",
        f"\ufeff{ARTIFACT}",
        "network-1.0.0\u2028.tar.gz",
        "r\u0435lease.tar.gz",
        "-rf",
        f"{'x' * 200}.gz",
    ],
    ids=["a blank", "right to left", "a mark", "a line", "a look-alike", "an option", "too long"],
)
def test_forgery_of_a_name(packs: Packs, name: str) -> None:
    copy = packs.copy()
    said = json.loads(json.dumps(Bundle.read(copy / STATEMENT).predicate).replace(ARTIFACT, "NAME"))
    for directory, ending in (("artifacts", ""), ("signatures", ".sigstore.json")):
        (copy / directory / f"{ARTIFACT}{ending}").rename(copy / directory / f"{name}{ending}")
    said = json.loads(json.dumps(said).replace("NAME", json.dumps(name)[1:-1]))
    packs.seal_again(copy, said)
    assert "wrong-claim" in packs.kinds(copy)


def test_forgery_of_two_names_that_differ_in_capitals(packs: Packs) -> None:
    """Where capitals do not count in names of files, one overwrites the other."""
    copy = packs.copy()
    said: Any = json.loads(json.dumps(Bundle.read(copy / STATEMENT).predicate))
    (copy / "artifacts" / ARTIFACT.upper()).write_bytes(b"another")
    digest = sha256(copy / "artifacts" / ARTIFACT.upper())
    said["artifacts"].append({"name": ARTIFACT.upper(), "digest": digest, "signer": "", "attestations": []})
    packs.seal_again(copy, said)
    assert packs.kinds(copy)[0] == "wrong-claim"


PARTS = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {"component": {"type": "file", "name": "network"}},
    "components": [{"type": "library", "name": "x", "version": "1.0.0", "purl": "pkg:pypi/x@1.0.0"}],
}


def bill(digest: str) -> bytes:
    """Return an honest statement on the parts of an artifact."""
    about = {"type": "file", "name": "network", "hashes": [{"alg": "SHA-256", "content": digest}]}
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": ARTIFACT, "digest": {"sha256": digest}}],
        "predicateType": ATTESTATIONS["sbom"],
        "predicate": {**PARTS, "metadata": {"component": about}},
    }
    return json.dumps(statement).encode()


def judged(packs: Packs, payload: bytes, directory: Path) -> tuple[str, str]:
    """Return what a verifier says of a statement on parts, which the trusted signer signed."""
    bundle = directory / "sbom.json"
    bundle.write_text(packs.envelope(payload, packs.signer))
    builders: tuple[Builder, ...] = ()
    found = read(
        Cosign(packs.directory, sigstore=packs.sigstore),
        ARTIFACT,
        "sbom",
        bundle=bundle,
        digest=sha256(packs.directory / ARTIFACT),
        signer=packs.signer.public,
        builders=builders,
    )
    return found.status, found.cause


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"components": [', b'"components": [], "components": ['),
        (b'"components": [', b'"Components": [], "components": ['),
        (b'"version": "1.0.0"', b'"version": "1.0.0", "size": 18446744073709551617'),
        (b'{"alg": "SHA-256"', b'{"alg": "SHA256", "content": "' + NOTHING.encode() + b'"}, {"alg": "SHA-256"'),
        (b'"digest": {', b'"digest": {"gitCommit": "' + b"0" * 40 + b'", '),
    ],
    ids=["twice", "in capitals", "a number nobody holds", "two digests of the list", "two digests of the statement"],
)
def test_forgery_of_a_statement(packs: Packs, tmp_path: Path, old: bytes, new: bytes) -> None:
    honest = bill(sha256(packs.directory / ARTIFACT))
    assert old in honest
    # Of what is there twice cosign cannot tell, as its own reader takes neither.
    assert judged(packs, honest.replace(old, new, 1), tmp_path)[0] in ("refused", "unknown")


def test_honest_twin(packs: Packs, tmp_path: Path) -> None:
    copy = packs.copy()
    said: Any = Bundle.read(copy / STATEMENT).predicate
    packs.seal_again(copy, said, listed=sums(copy).encode())
    assert packs.kinds(copy) == []
    assert judged(packs, bill(sha256(packs.directory / ARTIFACT)), tmp_path) == ("verified", "")

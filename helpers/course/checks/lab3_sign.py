"""Checks of Lab 3, notebook 03: signatures with a key, without one, and after a key was lost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.compliance.audit import Subject
from helpers.compliance.evidence import ATTESTATIONS
from helpers.compliance.evidence.predicates import Unreadable, origin, parts
from helpers.course.checks import Unmet, require, step
from helpers.course.scenarios import build_platform
from helpers.course.workspace import Workspace
from helpers.runtime import services
from helpers.wrappers.cosign import (
    BadKeyring,
    BadSigners,
    Bundle,
    Cause,
    Cosign,
    CosignError,
    Keyless,
    Keyring,
    MalformedBundle,
    NotAllowed,
    Reason,
    SignerPolicy,
)
from helpers.wrappers.cosign.result import Verification, Verified

ROOM, KEY, ROOTS = "signing", "signing/release.pub", "signing/roots.json"
PACKAGE, POLICY, NEXT, LAPTOPS = (
    f"{name}-{version}.tar.gz"
    for name, version in (
        ("model-store", "1.0.0"),
        ("admission-policy", "1.0.0"),
        ("model-store", "1.1.0"),
        ("dataset-tools", "1.0.0"),
    )
)
SIGNERS, KEYRING = "signing/signers.yaml", "signing/keyring.yaml"
UNLOCKS, QUARANTINE = "release-key", "quarantine"
BOM = ATTESTATIONS["sbom"]
MODULES, INFERENCE = "spiffe://acme.test/pipeline/modules", "spiffe://acme.test/pipeline/inference"
ADA, GRACE, LEARNER = "ada@acme.test", "grace@acme.test", "learner@acme.test"


def cosign(lab: Workspace) -> Cosign:
    """Return cosign in the room of the notebook; raise `Unmet` when it does not exist."""
    room = lab.path(ROOM)
    for name in (PACKAGE, POLICY):
        require((room / name).is_file(), f"{ROOM}/{name} does not exist: run the cell that creates it")
    return Cosign(room)


def roots(lab: Workspace) -> Path:
    """Return the trusted root of the platform, written again: the learner's file does not decide who is trusted."""
    services.ensure("sigstore")
    return Cosign(lab.private()).trusted_root("check-roots.json")


def accepted(found: Verification, what: str) -> None:
    """Raise `Unmet` unless a verifier accepted it."""
    require(found.verified, f"{what}: the verifier says {getattr(found, 'cause', '')}: {found.reason}"[:400])


@step(
    "lab3",
    "sign",
    hints=(
        "A signature says who. What says when, and what is inside?",
        "cosign.sign_blob(FILE, key=, password=, timestamp=True) for both files; cosign.attest_blob(FILE, key=, "
        "password=, predicate=, type=ATTESTATIONS['sbom'], bundle='FILE.sbom.json', timestamp=True) for the package. "
        "The provenance is the build platform's: build again rather than sign it yourself.",
        "cosign.sign_blob(POLICY, key=release, password=password, timestamp=True)\n"
        'cosign.attest_blob(PACKAGE, key=release, password=password, predicate=sbom, type=ATTESTATIONS["sbom"], '
        'bundle=f"{PACKAGE}.sbom.json", timestamp=True)',
    ),
)
def sign(lab: Workspace) -> str:
    """Package and policy are signed with a signed time, the package's parts and origin are stated, all offline."""
    require(lab.path(KEY).is_file(), f"{KEY} does not exist: export the public key")
    run, believed = cosign(lab), roots(lab)
    leaked = [path.name for path in lab.path(ROOM).rglob("*") if path.is_file() and _private(path)]
    require(not leaked, f"{ROOM}/{', '.join(leaked)} holds a private key: keep it in lab.private()")
    for name in (PACKAGE, POLICY):
        accepted(run.verify_blob(name, key=lab.path(KEY), roots=believed), f"the signature of {name}")
    digest = Subject.of(PACKAGE, run.workdir / PACKAGE).digest
    try:
        listed = parts(stated(run, lab.path(KEY), "sbom", believed), digest)
        require(listed.subject == "model-store", f"the SBOM of {PACKAGE} is about {listed.subject!r}")
        platform = build_platform.builder()
        origin(stated(run, platform.key, "provenance", believed), digest, platform)
    except Unreadable as error:
        raise Unmet(f"a statement about {PACKAGE} is signed, and says nothing that counts: {error}") from None
    return "package, policy, SBOM and provenance verify offline, each with its signed time"


def _private(path: Path) -> bool:
    return b"PRIVATE KEY-----" in path.read_bytes()


def stated(run: Cosign, key: Path, kind: str, believed: Path) -> Mapping[str, Any]:
    """Return the statement about the package; raise `Unmet` unless it verifies with the key that may make it."""
    bundle = f"{PACKAGE}.{kind}.json"
    require((run.workdir / bundle).is_file(), f"{ROOM}/{bundle} does not exist: state the {kind} about the package")
    found = run.verify_blob_attestation(PACKAGE, key=key, type=ATTESTATIONS[kind], bundle=bundle, roots=believed)
    accepted(found, f"the {kind} of {PACKAGE}")
    assert isinstance(found, Verified)
    return found.statement


@dataclass(frozen=True)
class Case:
    """A signature that somebody made, and whether the platform's rules let it count."""

    subject: str
    signer: str
    counts: bool
    about: str
    statement: str = ""


CASES = (
    Case("modules/model-store", MODULES, True, "the modules' pipeline signs a module"),
    Case("modules/gpu-network", MODULES, True, "the modules' pipeline signs another module"),
    Case("modules/model-store", MODULES, True, "the modules' pipeline states a module's SBOM", BOM),
    Case("policies/admission", ADA, True, "ada signs a policy"),
    Case("policies/cost", GRACE, True, "grace signs a policy"),
    Case("modules/model-store", INFERENCE, False, "the pipeline of another team signs a module"),
    Case("modules/model-store", LEARNER, False, "a person signs a module on a laptop"),
    Case("modules/model-store", ADA, False, "ada signs a module by hand"),
    Case("modules/model-store", ADA, False, "ada states a module's SBOM by hand", BOM),
    Case("policies/admission", MODULES, False, "a pipeline signs a policy"),
    Case("policies/admission", LEARNER, False, "you sign a policy"),
    Case("policies/admission", ADA, False, "ada states an SBOM of a policy, which no rule asked for", BOM),
    Case("modules-old/model-store", MODULES, False, "something outside modules/ has a name that begins alike"),
    Case("scripts/deploy", ADA, False, "ada signs what no rule names"),
)


@step(
    "lab3",
    "keyless",
    hints=(
        "The certificate says who signed. What says that this one may? And that Ada's name was vouched for by the "
        "right issuer?",
        "A rule has subject (a pattern: modules/*), identities (exactly), issuer (people or workloads), and statement "
        "(the predicate type) when it is about statements. Deny by default: what no rule names is refused.",
        f'- {{subject: "modules/*", identities: [{MODULES}], issuer: workloads}}\n'
        f'- {{subject: "modules/*", identities: [{MODULES}], issuer: workloads, statement: {BOM}}}',
    ),
)
def keyless(lab: Workspace) -> str:
    """The package is signed by the pipeline's identity, and the rules accept those who may sign, and nobody else."""
    policy = rules(lab)
    cosign(lab)
    believed = roots(lab)
    asked = Keyless(lab.path(ROOM))
    bundle = f"{PACKAGE}.keyless.json"
    require((lab.path(ROOM) / bundle).is_file(), f"{ROOM}/{bundle} does not exist: sign the package as the pipeline")
    try:
        policy.require(asked, "modules/model-store", PACKAGE, bundle=bundle, roots=believed)
    except (NotAllowed, MalformedBundle) as error:
        raise Unmet(f"{bundle} does not count: {error.what}. {error.why}"[:400]) from None
    with signed() as (run, bundles):
        for case in CASES:
            judge(run, policy, case, bundles[case.signer, case.statement], believed)
    return f"{len(CASES)} signatures by {len({case.signer for case in CASES})} identities are judged as they should be"


def rules(lab: Workspace) -> SignerPolicy:
    """Return the learner's rules; raise `Unmet` when they are none."""
    require(lab.path(SIGNERS).is_file(), f"{SIGNERS} does not exist: run the cell that writes it")
    site = Keyless(lab.path(ROOM)).sigstore
    try:
        found = SignerPolicy.read(lab.path(SIGNERS), issuers={"people": site.people, "workloads": site.workloads})
    except BadSigners as error:
        raise Unmet(f"{SIGNERS}: {error.why}") from None
    require(found.rules, f"{SIGNERS} has no rule yet: all signatures are refused")
    return found


@contextmanager
def signed() -> Iterator[tuple[Keyless, Mapping[tuple[str, str], str]]]:
    """Give a file signed, and stated about, by everybody: (signer, statement) -> bundle."""
    with tempfile.TemporaryDirectory(prefix="mod208-k-") as folder:
        run, bundles = Keyless(folder), {}
        (run.workdir / "file").write_bytes(b"what is signed")
        for number, (who, kind) in enumerate(dict.fromkeys((case.signer, case.statement) for case in CASES)):
            bundles[who, kind] = name = f"{number}.json"
            if kind:
                run.attest_blob("file", identity=who, predicate={"components": []}, type=kind, bundle=name)
            else:
                run.sign_blob("file", identity=who, bundle=name)
        yield run, bundles


def judge(run: Keyless, policy: SignerPolicy, case: Case, bundle: str, believed: Path) -> None:
    """Raise `Unmet` unless the rules say of a signature what they should."""
    try:
        policy.require(run, case.subject, "file", type=case.statement, bundle=bundle, roots=believed)
    except NotAllowed as error:
        require(not case.counts, f"{SIGNERS}: {case.about} ({case.subject}), and it does not count: {error.why}"[:400])
    else:
        require(case.counts, f"{SIGNERS}: {case.about} ({case.subject}), and it counts")


@step(
    "lab3",
    "rotate",
    hints=(
        "One key was replaced in good order, the other may be in a stranger's hands. What is different about what "
        "they signed last year?",
        "Keyring().add(...) for all three keys; revoke('release', reason='superseded') keeps what was signed before, "
        "revoke('laptop', reason='key-compromise') keeps nothing: what only the laptop's key signed needs a signature "
        "of the new key.",
        "keyring = keyring.revoke('release', reason='superseded').revoke('laptop', reason='key-compromise')\n"
        "for name in (NEXT, LAPTOPS): cosign.sign_blob(name, key=second, password=password, timestamp=True)",
    ),
)
def rotate(lab: Workspace) -> str:
    """The old key counts for what it signed before, the lost one for nothing, and each package is vouched for."""
    require(lab.path(KEYRING).is_file(), f"{KEYRING} does not exist: write the keyring")
    run, believed = cosign(lab), roots(lab)
    try:
        ring = Keyring.read(lab.path(KEYRING))
    except BadKeyring as error:
        raise Unmet(f"{KEYRING}: {error.what}. {error.why}") from None
    revoked(lab, ring)
    kept = [(PACKAGE, "signed before the rotation"), (NEXT, "released after it")]
    if not quarantined(run):
        kept.append((LAPTOPS, "signed by the lost key alone"))
        unchanged(run, believed)
    for name, about in kept:
        require((run.workdir / name).is_file(), f"{ROOM}/{name} does not exist: run the cell that creates it")
        accepted(ring.verify_blob(run, name, roots=believed), f"{name}, {about}")
    first = ring.find(Bundle.read(run.workdir / f"{PACKAGE}.sigstore.json").hint)
    require(first and first.name == "release", f"{PACKAGE} is signed again: what the old key signed still counts")
    with tempfile.TemporaryDirectory(prefix="mod208-r-") as folder:
        today(lab, ring, Path(folder), believed)
    return "what release signed before counts, what laptop signed does not, and release-2 signs from now on"


def quarantined(run: Cosign) -> bool:
    """Was the package that only the lost key vouches for moved out of the way?"""
    return (run.workdir / QUARANTINE / LAPTOPS).is_file() and not (run.workdir / LAPTOPS).exists()


def unchanged(run: Cosign, believed: Path) -> None:
    """Raise `Unmet` unless the package of the lost key is still what the platform built."""
    require((run.workdir / LAPTOPS).is_file(), f"{ROOM}/{LAPTOPS} does not exist: run the cell that creates it")
    bundle, key = f"{LAPTOPS}.provenance.json", build_platform.builder().key
    require((run.workdir / bundle).is_file(), f"{ROOM}/{bundle} does not exist: nothing says what was built")
    found = run.verify_blob_attestation(
        LAPTOPS, key=key, type=ATTESTATIONS["provenance"], bundle=bundle, roots=believed
    )
    accepted(found, f"{LAPTOPS} is not what the platform built: do not sign it again")


def revoked(lab: Workspace, ring: Keyring) -> None:
    """Raise `Unmet` unless the keyring says of each key what happened to it."""
    keys = {one.name: one for one in ring.keys}
    for name, reason in (("release", Reason.SUPERSEDED), ("laptop", Reason.KEY_COMPROMISE), ("release-2", None)):
        require(name in keys, f"{KEYRING} has no key {name}: verifiers must know what it signed, and until when")
        public = (lab.private() / f"{name}.pub").read_text()
        require(keys[name].public_key.split() == public.split(), f"{KEYRING}: {name} is another key")
        said = keys[name].reason
        require(said == reason, f"{KEYRING}: {name} is {said or 'not revoked'}, not {reason or 'valid'}")


def today(lab: Workspace, ring: Keyring, folder: Path, believed: Path) -> None:
    """Raise `Unmet` unless a signature of this moment is judged by each key's state."""
    home, run = Cosign(lab.private()), Cosign(folder)
    asked = (("release", Cause.KEY_REVOKED), ("laptop", Cause.KEY_COMPROMISED), ("release-2", None))
    for name, cause in asked:
        (folder / name).write_text(f"signed by {name} today")
        try:
            run.sign_blob(name, key=home.key_pair(name=name), password=lab.secret(UNLOCKS), timestamp=True)
        except CosignError as error:
            raise Unmet(f"the key {name} in lab.private() cannot sign: {error.what}") from None
        found = ring.verify_blob(run, name, roots=believed)
        said = getattr(found, "cause", None)
        require(said == cause, f"{KEYRING}: what {name} signs today is {said or 'accepted'}, not {cause or 'accepted'}")

"""Checks of Lab 3, notebook 03: signatures with a key, without one, and after a key was lost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.checks import Unmet, require, step
from helpers.cosign import (
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
from helpers.cosign.result import Verification
from helpers.evidence import ATTESTATIONS
from helpers.labs import Lab

ROOM, KEY, ROOTS = "signing", "signing/release.pub", "signing/roots.json"
PACKAGE, POLICY, NEXT, LAPTOPS = (
    f"{name}-{version}.tar.gz"
    for name, version in (("model-store", "1.0.0"), ("admission-policy", "1.0.0"), ("model-store", "1.1.0"),
                          ("dataset-tools", "1.0.0"))
)  # fmt: skip
SIGNERS, KEYRING = "signing/signers.yaml", "signing/keyring.yaml"
UNLOCKS = "release-key"
BOM = ATTESTATIONS["sbom"]
MODULES, INFERENCE = "spiffe://acme.test/pipeline/modules", "spiffe://acme.test/pipeline/inference"
ADA, GRACE, LEARNER = "ada@acme.test", "grace@acme.test", "learner@acme.test"


def cosign(lab: Lab) -> Cosign:
    """Return cosign in the room of the notebook; raise `Unmet` when it is not there."""
    room = lab.path(ROOM)
    for name in (PACKAGE, POLICY):
        require((room / name).is_file(), f"{ROOM}/{name} is not there: run the cell that makes it")
    return Cosign(room)


def roots(lab: Lab) -> Path:
    """Return the trusted root of the platform, written anew: the learner's file does not decide whom we believe."""
    from helpers import services

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
        "password=, predicate=, type=ATTESTATIONS[kind], bundle='FILE.kind.json', timestamp=True) for the package.",
        'cosign.sign_blob(POLICY, key=release, password=password, timestamp=True)\n'
        'cosign.attest_blob(PACKAGE, key=release, password=password, predicate=sbom, type=ATTESTATIONS["sbom"], '
        'bundle=f"{PACKAGE}.sbom.json", timestamp=True)',
    ),
)  # fmt: skip
def sign(lab: Lab) -> str:
    """Package and policy are signed with a signed time, the package's parts and origin are stated, all offline."""
    require(lab.path(KEY).is_file(), f"{KEY} is not there: hand the public key over")
    run, believed = cosign(lab), roots(lab)
    leaked = [path.name for path in lab.path(ROOM).rglob("*") if path.is_file() and _private(path)]
    require(not leaked, f"{ROOM}/{', '.join(leaked)} holds a private key: keep it in lab.private()")
    for name in (PACKAGE, POLICY):
        accepted(run.verify_blob(name, key=lab.path(KEY), roots=believed), f"the signature of {name}")
    for kind in ("sbom", "provenance"):
        predicate = stated(run, lab, kind, believed)
        if kind == "sbom":
            named = (predicate.get("metadata") or {}).get("component") or {}
            require(named.get("name") == "model-store", f"the SBOM of {PACKAGE} is about {named.get('name')!r}")
        else:
            builder = ((predicate.get("runDetails") or {}).get("builder") or {}).get("id")
            require(builder, f"the provenance of {PACKAGE} names no builder (runDetails.builder.id)")
    return "package, policy, SBOM and provenance verify offline, each with its signed time"


def _private(path: Path) -> bool:
    return b"PRIVATE KEY-----" in path.read_bytes()


def stated(run: Cosign, lab: Lab, kind: str, believed: Path) -> Mapping[str, Any]:
    """Return what is stated about the package; raise `Unmet` unless the statement verifies."""
    bundle = f"{PACKAGE}.{kind}.json"
    require((run.workdir / bundle).is_file(), f"{ROOM}/{bundle} is not there: state the {kind} about the package")
    found = run.verify_blob_attestation(
        PACKAGE, key=lab.path(KEY), type=ATTESTATIONS[kind], bundle=bundle, roots=believed
    )
    accepted(found, f"the {kind} of {PACKAGE}")
    predicate = getattr(found, "predicate", None)
    require(isinstance(predicate, dict), f"the {kind} of {PACKAGE} states nothing")
    assert isinstance(predicate, dict)
    return predicate


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
        "(the predicate type) when it is about statements. What no rule names, nobody may sign.",
        f'- {{subject: "modules/*", identities: [{MODULES}], issuer: workloads}}\n'
        f'- {{subject: "modules/*", identities: [{MODULES}], issuer: workloads, statement: {BOM}}}',
    ),
)
def keyless(lab: Lab) -> str:
    """The package is signed by the pipeline's identity, and the rules let count who may sign, and nobody else."""
    policy = rules(lab)
    cosign(lab)
    believed = roots(lab)
    asked = Keyless(lab.path(ROOM))
    bundle = f"{PACKAGE}.keyless.json"
    require((lab.path(ROOM) / bundle).is_file(), f"{ROOM}/{bundle} is not there: sign the package as the pipeline")
    try:
        policy.require(asked, "modules/model-store", PACKAGE, bundle=bundle, roots=believed)
    except (NotAllowed, MalformedBundle) as error:
        raise Unmet(f"{bundle} does not count: {error.what}. {error.why}"[:400]) from None
    with signed() as (run, bundles):
        for case in CASES:
            judge(run, policy, case, bundles[case.signer, case.statement], believed)
    return f"{len(CASES)} signatures by {len({case.signer for case in CASES})} identities are judged as they should be"


def rules(lab: Lab) -> SignerPolicy:
    """Return the learner's rules; raise `Unmet` when they are none."""
    require(lab.path(SIGNERS).is_file(), f"{SIGNERS} is not there: run the cell that writes it")
    site = Keyless(lab.path(ROOM)).sigstore
    try:
        found = SignerPolicy.read(lab.path(SIGNERS), issuers={"people": site.people, "workloads": site.workloads})
    except BadSigners as error:
        raise Unmet(f"{SIGNERS}: {error.why}") from None
    require(found.rules, f"{SIGNERS} has no rule yet: nobody may sign anything")
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
def rotate(lab: Lab) -> str:
    """The old key counts for what it signed before, the lost one for nothing, and each package is vouched for."""
    require(lab.path(KEYRING).is_file(), f"{KEYRING} is not there: write the keyring")
    run, believed = cosign(lab), roots(lab)
    try:
        ring = Keyring.read(lab.path(KEYRING))
    except BadKeyring as error:
        raise Unmet(f"{KEYRING}: {error.what}. {error.why}") from None
    revoked(lab, ring)
    for name, about in ((PACKAGE, "signed before the rotation"), (NEXT, "released after it"),
                        (LAPTOPS, "signed by the lost key alone")):  # fmt: skip
        require((run.workdir / name).is_file(), f"{ROOM}/{name} is not there: run the cell that makes it")
        accepted(ring.verify_blob(run, name, roots=believed), f"{name}, {about}")
    first = ring.find(Bundle.read(run.workdir / f"{PACKAGE}.sigstore.json").hint)
    require(first and first.name == "release", f"{PACKAGE} is signed anew: what the old key signed still counts")
    with tempfile.TemporaryDirectory(prefix="mod208-r-") as folder:
        today(lab, ring, Path(folder), believed)
    return "what release signed before counts, what laptop signed does not, and release-2 signs from now on"


def revoked(lab: Lab, ring: Keyring) -> None:
    """Raise `Unmet` unless the keyring says of each key what happened to it."""
    keys = {one.name: one for one in ring.keys}
    for name, reason in (("release", Reason.SUPERSEDED), ("laptop", Reason.KEY_COMPROMISE), ("release-2", None)):
        require(name in keys, f"{KEYRING} has no key {name}: verifiers must know what it signed, and until when")
        public = (lab.private() / f"{name}.pub").read_text()
        require(keys[name].public_key.split() == public.split(), f"{KEYRING}: {name} is another key")
        said = keys[name].reason
        require(said == reason, f"{KEYRING}: {name} is {said or 'not revoked'}, not {reason or 'valid'}")


def today(lab: Lab, ring: Keyring, folder: Path, believed: Path) -> None:
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

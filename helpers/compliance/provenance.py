"""Where an artifact comes from: in-toto statements with SLSA provenance, signed by cosign, bound to digests.

Source: in-toto Statement v1, SLSA provenance v1 (https://slsa.dev/spec/v1.0/provenance). For an image cosign 3.1 puts a
predicate into a Statement v0.1, which differs from v1 by its name alone; both are read. About files we sign v1.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.core.display import Displayed
from helpers.core.errors import BadInput, CourseError
from helpers.core.paths import IAC
from helpers.wrappers.base import StrPath
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.cosign import Cosign

if TYPE_CHECKING:
    from helpers.wrappers.cosign import Bundle, Key, Refused, Verified
    from helpers.wrappers.policy import PolicyReport
    from helpers.wrappers.sbom import Sbom
    from helpers.wrappers.terraform import Terraform
    from helpers.wrappers.terraform.types import ApplyResult

__all__ = [
    "BUILDER",
    "PLANNER",
    "Attested",
    "Material",
    "NotApproved",
    "Statement",
    "apply_approved",
    "attest",
    "bind_plan",
    "build",
    "judge",
    "material",
    "sbom_statement",
    "verify",
    "verify_plan",
]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
#: What an in-toto statement may call itself; cosign writes the older one.
STATEMENT_TYPES = (STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1")
PROVENANCE = "https://slsa.dev/provenance/v1"
SBOM_TYPES = {"cyclonedx": "https://cyclonedx.org/bom", "spdx": "https://spdx.dev/Document"}
BUILDER, PLANNER = "https://acme.test/platform/pipeline", "https://acme.test/platform/terraform-plan"
MODULE_BUILD, IMAGE_BUILD = "https://acme.test/build/terraform-module/v1", "https://acme.test/build/image/v1"
PLAN_BUILD = "https://acme.test/build/terraform-plan/v1"
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE = re.compile(r".+/.+@(sha256:[0-9a-f]{64})")


class NotApproved(CourseError):
    """A plan is not the one that was approved, or nobody whose key is known approved it. Nothing was applied."""

    code = "plan-not-approved"


@dataclass(frozen=True)
class Material:
    """Something that went into a build.

    Attributes:
        uri: where it comes from. digest: algorithm -> hex; ``sha256``, or ``gitCommit`` for a commit.
    """

    uri: str
    digest: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the material as SLSA writes it (a ResourceDescriptor)."""
        return {"uri": self.uri, "digest": dict(self.digest)}


@dataclass(frozen=True)
class Statement:
    """One statement about one artifact.

    Attributes:
        name, digest: of the artifact; the digest (``sha256:...``) is what binds.
        predicate_type: URI that says what is stated. predicate: what is stated.
    """

    name: str
    digest: str
    predicate_type: str
    predicate: Mapping[str, Any] = field(repr=False)

    @property
    def builder(self) -> str:
        """Who built it, as the statement says (SLSA's ``builder.id``); empty when it is not provenance."""
        run = self.predicate.get("runDetails") or {}
        return str((run.get("builder") or {}).get("id", "")) if self.predicate_type == PROVENANCE else ""

    @property
    def materials(self) -> tuple[Material, ...]:
        """What it was built from, as the statement says."""
        found = (self.predicate.get("buildDefinition") or {}).get("resolvedDependencies") or ()
        return tuple(Material(str(m.get("uri", "")), dict(m.get("digest") or {})) for m in found)

    def to_dict(self) -> dict[str, Any]:
        """Return the in-toto Statement v1."""
        subject = {"name": self.name, "digest": {"sha256": self.digest.removeprefix("sha256:")}}
        return {
            "_type": STATEMENT_TYPE,
            "subject": [subject],
            "predicateType": self.predicate_type,
            "predicate": dict(self.predicate),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Statement:
        """Return the statement in *raw*.

        Raises:
            BadInput: it is not an in-toto statement about one artifact with a SHA-256.
        """
        try:
            (subject,) = raw["subject"]
            digest = f"sha256:{subject['digest']['sha256']}"
            if raw["_type"] not in STATEMENT_TYPES or not _SHA256.fullmatch(digest):
                raise ValueError("its type or the digest of its subject is not supported")
            return cls(str(subject["name"]), digest, str(raw["predicateType"]), dict(raw["predicate"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                "This is not an in-toto statement",
                why=f"{type(error).__name__}: {error}",
                next="cosign attest-blob --type URI",
            ) from None

    def __repr__(self) -> str:
        by = f", built by {self.builder}" if self.builder else ""
        return f"Statement({self.name}@{self.digest[:19]}..., {self.predicate_type}{by})"


def material(path: StrPath, *, uri: str = "") -> Material:
    """Return a file as a material; *uri* is by default its name.

    Raises:
        BadInput: there is no such file.
    """
    return Material(uri or Path(path).name, {"sha256": _digest(Path(path)).removeprefix("sha256:")})


def build(
    subject: StrPath,
    *,
    materials: Sequence[Material],
    build_type: str | None = None,
    builder: str = BUILDER,
    parameters: Mapping[str, Any] | None = None,
    started: str = "",
    finished: str = "",
    invocation: str = "",
) -> Statement:
    """Return SLSA provenance of a file, or of an image (``HOST/REPOSITORY@sha256:...``).

    Args:
        materials: what it was made from, each with its digest.
        build_type: URI of the kind of build, by default that of a module package, or of an image.
        builder: URI of who builds. It is a claim: the key that signs the statement must be the builder's alone.
        parameters: what the build was told; no secrets. started, finished: RFC 3339. invocation: id of the run.

    Raises:
        BadInput: there is no such file, the image has no digest, or a material has none.
    """
    name, digest = _subject(subject)
    for item in materials:
        if not any(re.fullmatch(r"[0-9a-f]{40,128}", value) for value in item.digest.values()):
            raise BadInput(
                f"The material {item.uri} has no digest",
                why="Without a digest it could be anything.",
                next="provenance.material()",
            )
    kind = build_type or (IMAGE_BUILD if _IMAGE.fullmatch(os.fspath(subject)) else MODULE_BUILD)
    definition = {
        "buildType": kind,
        "externalParameters": dict(parameters or {}),
        "resolvedDependencies": [item.to_dict() for item in materials],
    }
    pairs = {"invocationId": invocation, "startedOn": started, "finishedOn": finished}
    run = {"builder": {"id": builder}, "metadata": {key: value for key, value in pairs.items() if value}}
    return Statement(name, digest, PROVENANCE, {"buildDefinition": definition, "runDetails": run})


def sbom_statement(subject: StrPath, sbom: Sbom) -> Statement:
    """Return the statement that *sbom* is the bill of materials of a file or an image.

    Raises:
        BadInput: the SBOM is about another digest, or about none.
    """
    name, digest = _subject(subject)
    if sbom.digest != digest:
        raise BadInput(
            f"The bill of materials is not about {name}",
            why=f"It is about {sbom.digest or 'no digest'}.",
            next="List the artifact itself.",
        )
    return Statement(name, digest, SBOM_TYPES[sbom.format], sbom.raw)


@dataclass(frozen=True)
class Attested(Displayed):
    """The answer to a verification: true when cosign verified it and it is about the artifact.

    Attributes:
        verification: cosign's answer. statement: what is stated, None when it was refused.
    """

    verification: Verified | Refused
    statement: Statement | None

    def __bool__(self) -> bool:
        return self.statement is not None

    def __repr__(self) -> str:
        return f"Attested({self.statement})" if self else f"Attested(no: {self.verification!r})"


def attest(
    subject: StrPath, statement: Statement, *, key: Key, password: str, bundle: StrPath | None = None
) -> Bundle | str:
    """Sign a statement: for a file into a bundle (default ``FILE.attestation.json``), for an image beside it.

    Raises:
        BadInput: the statement is about something else. CosignError: it cannot be signed.
    """
    name, digest = _subject(subject)
    if digest != statement.digest:
        raise BadInput(
            f"The statement is not about {name}", why=f"It is about {statement.digest}.", next="Build again."
        )
    signer: dict[str, Any] = {"key": Path(key).resolve() if not hasattr(key, "private") else key, "password": password}
    stated: dict[str, Any] = {"predicate": statement.predicate, "type": statement.predicate_type}
    if _IMAGE.fullmatch(os.fspath(subject)):
        return Cosign().attest(os.fspath(subject), **signer, **stated)
    path = Path(subject).resolve()
    return Cosign(path.parent).attest_blob(path.name, **signer, **stated, bundle=_absolute(bundle))


def verify(subject: StrPath, *, key: Key, type: str = PROVENANCE, bundle: StrPath | None = None) -> Attested:
    """Verify the statement of *type* about a file or an image. Who built it and from what is for `judge` to say.

    Raises:
        CannotVerify: there is no answer: the artifact, the key or the registry is missing.
    """
    trusted: Any = key if hasattr(key, "public") else Path(key).resolve()
    if _IMAGE.fullmatch(os.fspath(subject)):
        found = Cosign().verify_attestation(os.fspath(subject), key=trusted, type=type)
    else:
        path = Path(subject).resolve()
        found = Cosign(path.parent).verify_blob_attestation(path.name, key=trusted, type=type, bundle=_absolute(bundle))
    if not found.verified:
        return Attested(found, None)
    return Attested(found, Statement(found.subject, found.digest, type, found.predicate))


def judge(statement: Statement, subject: StrPath, *, folder: StrPath = IAC / "supply-chain") -> PolicyReport:
    """Ask the rules of ``iac/supply-chain`` about provenance: this artifact, a trusted builder, pinned materials."""
    name, digest = _subject(subject)
    document = {"statement": statement.to_dict(), "artifact": {"name": name, "digest": digest}}
    return Conftest(folder).test(document=document, data=["data"], namespaces=["provenance"], strict=True)


def bind_plan(terraform: Terraform, plan: StrPath) -> Statement:
    """Return provenance of a saved plan: its digest, the configuration beside it now, and counts of what it does.

    No value of the plan is in it, as a plan holds secrets in the clear. Sign it with `attest`: that is the approval.

    Raises:
        StalePlan: there is no such plan.
    """
    path = terraform.workdir / plan
    found = terraform.show_plan(path)
    counts: dict[str, int] = {}
    for change in found.resource_changes:
        counts[change.action.value] = counts.get(change.action.value, 0) + 1
    folder = terraform.workdir
    return build(
        path,
        materials=[material(file, uri=file.relative_to(folder).as_posix()) for file in _sources(folder)],
        build_type=PLAN_BUILD,
        builder=PLANNER,
        parameters={"terraform": found.terraform_version, "actions": dict(sorted(counts.items()))},
    )


def verify_plan(plan: StrPath, *, key: Key, bundle: StrPath | None = None) -> Statement:
    """Return the approval of exactly this plan file.

    Raises:
        NotApproved: it is another plan, or the approval is missing or signed by another key.
        CannotVerify: there is no answer.
    """
    found = verify(plan, key=key, bundle=bundle)
    stated = found.statement
    kind = (stated.predicate.get("buildDefinition") or {}).get("buildType") if stated else None
    if stated is None or kind != PLAN_BUILD:
        why = found.verification.reason or f"The statement is about a build of type {kind}, no plan."
        raise NotApproved(
            f"{Path(plan).name} is not the plan that was approved", why=why, next="Plan, review and approve again."
        )
    return stated


def apply_approved(terraform: Terraform, plan: StrPath, *, key: Key, bundle: StrPath | None = None) -> ApplyResult:
    """Apply a plan only when it is the approved one; what is verified is a copy, and the copy is what is applied.

    Raises:
        NotApproved, CannotVerify: as for `verify_plan`; nothing was applied. StalePlan: the state has moved on.
    """
    source = terraform.workdir / plan
    signed = _absolute(bundle) or source.with_name(source.name + ".attestation.json").resolve()
    with tempfile.TemporaryDirectory(prefix="plan-") as aside:
        copy = Path(aside) / source.name
        try:
            shutil.copyfile(source, copy)
        except OSError as error:
            why = error.strerror or str(error)
            raise NotApproved(f"There is no plan {source.name}", why=why, next="terraform.plan(out=...)") from None
        verify_plan(copy, key=key, bundle=signed)
        return terraform.apply(copy)


def _sources(folder: Path) -> list[Path]:
    patterns = ("*.tf", "*.tf.json", "*.tfvars", "*.tfvars.json", ".terraform.lock.hcl", "modules/**/*.tf")
    return sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})


def _subject(subject: StrPath) -> tuple[str, str]:
    """Return name and digest of a file or an image."""
    text = os.fspath(subject)
    if image := _IMAGE.fullmatch(text):
        return text.partition("@")[0], image[1]
    return Path(text).name, _digest(Path(text))


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(
            f"{path.name} cannot be read",
            why=error.strerror or str(error),
            next="Name a file, or an image as HOST/REPOSITORY@sha256:...",
        ) from None


def _absolute(path: StrPath | None) -> Path | None:
    return None if path is None else Path(path).resolve()

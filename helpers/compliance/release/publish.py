"""Publishes what a tag names: packed from the tagged commit, signed, stated where it comes from, sent to the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.clients.registry import Module, Registry
from helpers.compliance import provenance
from helpers.compliance.provenance import Material, Statement
from helpers.compliance.release.judge import judge
from helpers.compliance.release.source import at_tag
from helpers.core.display import Displayed
from helpers.core.errors import CourseError
from helpers.core.verdicts.gates import GateReport
from helpers.wrappers.base import StrPath
from helpers.wrappers.module_package import pack, sign

#: The pipeline that builds module packages; the key that signs its statements must be its alone.
RELEASER = "https://acme.test/platform/release"


class ReleaseRefused(CourseError):
    """A gate is not open; nothing was published. ``report`` has every gate's answer."""

    code = "release-refused"

    def __init__(self, what: str, *, why: str = "", next: str = "", report: GateReport) -> None:
        super().__init__(what, why=why, next=next)
        self.report = report


@dataclass(frozen=True)
class Released(Displayed):
    """A published version.

    Attributes:
        module: as the registry shows it. report: of the gates. statement: SLSA provenance of the package.
        attestation: file of the signed statement.
    """

    module: Module
    report: GateReport
    statement: Statement
    attestation: Path

    def __repr__(self) -> str:
        return f"Released({self.module.source} {self.module.version} from {self.report.commit[:10]})"


def publish(
    repository: StrPath,
    tag: str,
    registry: Registry,
    *,
    signers: StrPath,
    key: StrPath,
    password: str,
    evidence: StrPath,
    branch: str = "main",
    env: Mapping[str, str] | None = None,
) -> Released:
    """Judge a tag, and publish the module that it names when every gate is open.

    Args:
        repository, tag, signers, branch, env: see `judge`.
        registry: with a token that may publish.
        key: cosign key of the pipeline, registered for the namespace. password: of the key.
        evidence: directory for the package and its signed provenance.

    Raises:
        ReleaseRefused: a gate is not open. VersionTaken, PublishRefused, NoPermission: the registry refuses.
    """
    report = judge(repository, tag, signers=signers, branch=branch, registry=registry, env=env)
    if not report.passed:
        closed = [gate for gate in report.gates if not gate.passed]
        why = "\n".join(f"- {gate.name}: {gate.reason}" for gate in closed)
        raise ReleaseRefused(f"{tag} is not released", why=why, next=f"course release check {tag}", report=report)
    out = Path(evidence)
    out.mkdir(parents=True, exist_ok=True)
    with at_tag(repository, tag) as module:
        address, version = module.address, module.version
        package = pack(module.folder)
    file = out / f"{address.replace('/', '-')}-{version}.tar.gz"
    file.write_bytes(package)
    statement = provenance.build(
        file,
        materials=[Material(f"git+refs/tags/{tag}", {"gitCommit": report.commit})],
        builder=RELEASER,
        parameters={"tag": tag, "module": address, "version": version},
    )
    attestation = out / f"{file.name}.attestation.json"
    provenance.attest(file, statement, key=Path(key), password=password, bundle=attestation)
    registry.publish_package(package, sign(package, key, password), version, address)
    return Released(registry.show(address, version), report, statement, attestation)

"""Checks of Lab 1, notebooks 05 to 07: documentation, version, signature, registry, upgrade."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.clients.registry import Registry, RegistryNotFound, members, pack
from helpers.clients.registry.errors import PackageProblem
from helpers.compliance import module_docs
from helpers.compliance.module_rules import rules
from helpers.core import process, yaml_reader
from helpers.core.errors import CourseError
from helpers.core.yaml_reader import InvalidYaml
from helpers.course.checks import Unmet, every, item, require, step
from helpers.course.checks.lab1_module import secret_variable
from helpers.course.checks.lab1_testing import beside, has_runs, passing, tested
from helpers.course.checks.support import component_package
from helpers.course.checks.support.component import READS, in_pulumi
from helpers.course.checks.support.gpu_workspace import MODULE
from helpers.course.checks.support.module_consumers import SOURCE, call, installed, takes, used
from helpers.course.checks.support.module_probes import inspect, scratch
from helpers.course.checks.support.module_releases import ADDRESS, PROJECT, release, renamed
from helpers.course.checks.support.mutants import run
from helpers.course.checks.support.terraform_runs import NOWHERE, each, each_item
from helpers.course.workspace import Workspace
from helpers.runtime import tools
from helpers.wrappers.cosign import Cosign
from helpers.wrappers.terraform_docs import TerraformDocs

__all__ = ["ADDRESS", "PROJECT", "installed", "release", "renamed"]

CONTRACT = "tests/contract.tftest.hcl"
PACKAGE, BUNDLE = "dist/gpu-workspace-1.0.0.tar.gz", "dist/gpu-workspace-1.0.0.sigstore.json"
#: Words of the learner's own that the README needs.
WORDS = 60
HEADINGS = ("When to use it", "When not to use it", "Support")


def problems(lab: Workspace, version: str) -> list[PackageProblem]:
    """Return what the registry would object to in the module, all but the signature."""
    folder = lab.path(MODULE)
    require(folder.is_dir(), f"{MODULE} does not exist")
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in members(folder)}
    return rules.check(files, ADDRESS, version, {})[1]


@step(
    "lab1",
    "docs",
    reads=(MODULE, *READS),
    hints=(
        "What would you want to know before you let this module near your budget?",
        "Your own words stand above the markers, under the three headings. Below, only the tool writes: run its cell.",
        'TerraformDocs(lab.path("modules/gpu-workspace")).inject()',
    ),
)
def docs(lab: Workspace) -> str:
    """The README says why in the learner's words, and what in the tool's."""
    pulumi = in_pulumi(lab)
    file = component_package.README if pulumi else f"{MODULE}/README.md"
    text = lab.read(file)
    require(text, f"{file} does not exist")
    own = text.partition("\n## Inputs" if pulumi else "<!-- BEGIN_TF_DOCS -->")[0]
    for heading in HEADINGS:
        with item("Headings", heading):
            found = rf"^##\s+{heading}\s*\n(.*?)(?=^##\s|\Z)"
            section = re.search(found, own, re.MULTILINE | re.DOTALL | re.IGNORECASE)
            require(section, f'{file} has no heading "## {heading}"')
            require(len(section[1].split()) >= 8 if section else 0, f'{file}: "## {heading}" says next to nothing')
    count = len(re.findall(r"[A-Za-z]{2,}", own))
    require(count >= WORDS, f"{file} has {count} words of your own, not {WORDS}")
    if pulumi:
        return f"{count} words of your own; {component_package.documented(lab)}"
    require("<!-- END_TF_DOCS -->" in text, f"{file} has lost the marker lines for the reference")
    with scratch(lab, MODULE) as room:
        answer = TerraformDocs(room / MODULE).check()
        say = f"{file}: the reference is not what the code says: run the cell with terraform-docs again"
        require(answer.up_to_date, say)
        # The step asks for no example; one that is there has to run.
        untrue = [f for f in module_docs.check(room / MODULE, version="1.0.0").findings if f.kind != "no-example"]
        with every("What the README says"):
            for f in untrue:
                require(False, f"{file}:{f.line}: {f.what} {f.fix}")
    return f"{count} words of your own, and a reference that is what the code says"


@step(
    "lab1",
    "version",
    reads=(MODULE, *READS),
    hints=(
        "Whoever is paged at two: what do they look for in module.yaml?",
        "The registry's reasons name file and key. A changelog entry is a heading with the version and text below it.",
        '## [1.0.0] - 2026-01-01\n\n### Added\n\n- ...\n\nsupport:\n  team: ...\n  contact: "#..."\n  hours: ...',
    ),
)
def version(lab: Workspace) -> str:
    """Every rule of the registry but the signature is kept."""
    if in_pulumi(lab):
        return component_package.versioned(lab)
    with every("Rules of the registry"):
        for problem in problems(lab, "1.0.0"):
            require(False, f"{MODULE}: {problem}")
    return "the registry has nothing to object to but the missing signature"


@dataclass(frozen=True)
class Break:
    """A breaking change to plant: its name, what it is in words, and one of three ways to make it."""

    name: str
    fault: str
    override: Mapping[str, Any] = field(default_factory=dict)
    rename: str = ""
    remove: str = ""


_BREAKS = (
    Break(
        "new-input",
        "a new required input",
        {"variable": {"approver": {"type": "string", "description": "New and required."}}},
    ),
    Break("default-kind", "another default for gpu_kind", {"variable": {"gpu_kind": {"default": "h100"}}}),
    Break("default-nodes", "another default for gpu_nodes", {"variable": {"gpu_nodes": {"default": 2}}}),
    Break("type", "another type for tags", {"variable": {"tags": {"type": "list(string)", "default": []}}}),
    *(Break(name, f'input "{name}" renamed', rename=name) for name in ("cost_centre", "data_retention_days")),
    *(Break(name, f'output "{name}" removed', remove=name) for name in ("bucket", "hourly_cost_usd")),
)


@step(
    "lab1",
    "breaking",
    reads=(MODULE,),
    hints=(
        "What does a caller of 1.0.0 write, and what does it read?",
        "variables at the top of the file: the required inputs only. One run asserts defaults and can(output.NAME) for "
        "every output, a second passes each optional input by its name.",
        'run "required_inputs_are_enough" {\n  command = apply\n\n  assert {\n'
        '    condition     = platform_gpu_pool.this.kind == "l4"\n    error_message = "..."\n  }\n  ...\n}',
    ),
)
def breaking(lab: Workspace) -> str:
    """The contract test passes on the module and notices each planted breaking change."""
    has_runs(lab, CONTRACT)
    with tested(lab) as folder:
        summary = passing(folder, CONTRACT, NOWHERE)
        each_item("Breaking changes", lambda planted: _must_fail(folder, planted), _BREAKS)
    return f"{len(summary.runs)} runs stand for the callers and notice {len(_BREAKS)} breaking changes"


def _must_fail(folder: Path, planted: Break) -> None:
    """Plant one breaking change in a copy of the module; the contract test has to fail."""
    copy = beside(folder, planted.name)
    if planted.override:
        # An override changes a block that is there; a new input has to be a block of its own.
        file_name = "planted.tf.json" if planted.name == "new-input" else "planted_override.tf.json"
        (copy / file_name).write_text(json.dumps(planted.override))
    for file in copy.glob("*.tf"):
        text = file.read_text(encoding="utf-8")
        if old := planted.rename:
            text = re.sub(rf'(variable\s+"|\bvar\.){old}\b', rf"\g<1>{old}_renamed", text)
        if planted.remove:
            text = re.sub(rf'(?ms)^output\s+"{planted.remove}"\s*\{{.*?^\}}\n?', "", text)
        file.write_text(text, encoding="utf-8")
    lived = run(copy, [CONTRACT], NOWHERE)
    require(not lived, f"{MODULE}/{CONTRACT} passes with a breaking change: {planted.fault}")


@step(
    "lab1",
    "keys",
    hints=(
        "Who may read the file? Who sees it when you commit?",
        "Cosign(folder).generate_key_pair(...) writes cosign.key and cosign.pub. One line in .gitignore names the key.",
        'Cosign(lab.path("keys")).generate_key_pair(".", password=password)\n\nkeys/cosign.key',
    ),
)
def keys(lab: Workspace) -> str:
    """An encrypted private key, for its owner's eyes only, that Git does not see."""
    private, public = lab.path("keys/cosign.key"), lab.path("keys/cosign.pub")
    require(private.is_file() and public.is_file(), "keys/cosign.key and keys/cosign.pub do not exist")
    require("ENCRYPTED" in lab.read("keys/cosign.key"), "keys/cosign.key is not an encrypted private key")
    mode = private.stat().st_mode & 0o077
    require(not mode, "keys/cosign.key can be read by others than you: its mode must be 0600")
    require(lab.read("keys/cosign.pub").startswith("-----BEGIN PUBLIC KEY"), "keys/cosign.pub is not a public key")
    for stray in lab.path(MODULE).rglob("*.key"):
        raise Unmet(f"{stray.relative_to(lab.work)}: a private key inside the module would be published with it")
    ignored = git_ignores(lab, "keys/cosign.key", "keys/cosign.pub")
    require("keys/cosign.key" in ignored, ".gitignore does not keep keys/cosign.key out of Git")
    require("keys/cosign.pub" not in ignored, ".gitignore hides the public key as well; everybody needs it")
    return "the private key is encrypted, yours alone, and stays out of Git"


def git_ignores(lab: Workspace, *files: str) -> set[str]:
    """Return those of the files that Git itself would leave out, by the workspace's ``.gitignore``."""
    with scratch(lab, ".gitignore") as room:
        git = tools.ensure("git").path
        process.run([git, "init", "--quiet", "."], cwd=room, timeout=60)
        return set(process.run([git, "check-ignore", "--", *files], cwd=room, timeout=60).stdout.split())


def released(lab: Workspace) -> tuple[str, str, str]:
    """Return version, package and bundle of the newest 1.0.x that the learner has packed; 1.0.0 when there is none."""
    packed = [m for p in lab.path("dist").glob("gpu-workspace-1.0.*.tar.gz") if (m := _PATCH.search(p.name))]
    version = f"1.0.{max((int(m[1]) for m in packed), default=0)}"
    return version, PACKAGE.replace("1.0.0", version), BUNDLE.replace("1.0.0", version)


_PATCH = re.compile(r"-1\.0\.(\d+)\.tar\.gz$")


def verified(lab: Workspace, package: Path, bundle: str = "") -> str:
    """Return why a package is refused with the learner's key and bundle, or nothing when it is good."""
    with learners_signature():
        signed = lab.path(bundle or released(lab)[2])
        answer = Cosign(lab.work).verify_blob(package, key=lab.path("keys/cosign.pub"), bundle=signed)
    return answer.reason if not answer.verified else ""


@contextlib.contextmanager
def learners_signature() -> Iterator[None]:
    """Turn what cosign says of missing or broken files into `Unmet`."""
    try:
        yield
    except CourseError as error:
        raise Unmet(f"{error.what}: {error.why}") from error


@step(
    "lab1",
    "sign",
    reads=(MODULE, *READS, "dist", "keys/cosign.pub"),
    hints=(
        "Which bytes do you want to answer for?",
        "package.write_bytes(pack(folder)), then sign_blob of exactly that file, with bundle=bundle.",
        'Cosign(lab.work).sign_blob(package, key=..., bundle=bundle, password=lab.secret("release-key"))',
    ),
)
def sign(lab: Workspace) -> str:
    """The bundle verifies with the public key, and the package is the module as it is now."""
    if in_pulumi(lab):
        return component_package.signed(lab, verified)
    version, package, bundle = released(lab)
    for file in (package, bundle, "keys/cosign.pub"):
        require(lab.path(file).is_file(), f"{file} does not exist")
    refused = verified(lab, lab.path(package))
    require(not refused, f"{bundle}: {refused}")
    if lab.path(package).read_bytes() != pack(lab.path(MODULE)):
        say = f"{package} is not {MODULE} as it is now: pack and sign again"
        # What was published stays right, whatever the module has become since.
        require(in_registry(lab, version, package), say)
    return "the signature holds, and the package is your module"


def in_registry(lab: Workspace, version: str, package: str) -> bool:
    """Return whether the registry serves exactly this package under a version."""
    try:
        digest = str(Registry.local().show(ADDRESS, version).digest).removeprefix("sha256:")
    except RegistryNotFound:
        return False
    return digest == hashlib.sha256(lab.path(package).read_bytes()).hexdigest()


def served(version: str) -> Any:
    """Return what the registry has under a version of the module, or raise `Unmet`."""
    try:
        return Registry.local().show(ADDRESS, version)
    except RegistryNotFound:
        raise Unmet(f"the registry has no {ADDRESS} {version}: it was not published") from None


@step(
    "lab1",
    "publish",
    hints=(
        "Which bytes did you verify? Publish those.",
        "pipeline.publish_package(package bytes, bundle bytes, version, address)",
        'pipeline.publish_package(package.read_bytes(), bundle.read_bytes(), "1.0.0", address)',
    ),
)
def publish(lab: Workspace) -> str:
    """The registry serves the signed package and names its signer."""
    if in_pulumi(lab):
        return component_package.published(lab, verified)
    served("1.0.0")
    version, package, _ = released(lab)
    require(lab.path(package).is_file(), f"{package} does not exist")
    module = served(version)
    say = f"the registry serves another package as {version} than {package}: a published version never changes"
    raised = "1.0." + str(int(version.rpartition(".")[2]) + 1)
    way = (
        "Which version may a changed module have, when its number is taken?",
        f"A changed module is a new version. Give CHANGELOG.md an entry for {raised}, and pack, sign and publish that.",
        f'package = lab.path("dist/gpu-workspace-{raised}.tar.gz"), its bundle, "{raised}" in publish_package',
    )
    require(in_registry(lab, version, package), say, way)
    require(module.signature.status == "verified", f"the registry calls the signature {module.signature.status}")
    return f"{ADDRESS} {version} is published, signed by {module.signature.key_name}"


@step(
    "lab1",
    "consume",
    hints=(
        "Which number may grow without asking you?",
        'The source is the address with the host in front; the constraint stands beside it in `version`. "~> 1.0" lets '
        "the last number given grow.",
        f'module "workspace" {{\n  source  = "{SOURCE}"\n  version = "~> 1.0"\n  ...\n}}',
    ),
)
def consume(lab: Workspace) -> str:
    """The root installs the module from the registry by a constraint that takes 1.x and nothing else."""
    where, constraint = call(lab, "consumer")
    secret_variable(inspect(lab, "consumer"), "consumer")
    require(constraint, f"{where}: the call has no version: the next major would come by itself")
    for offered, wanted in {"1.0.0": True, "1.0.9": True, "1.7.2": True, "2.0.0": False}.items():
        word = "does not take" if wanted else "takes"
        require(takes(constraint, offered) == wanted, f'{where}: the constraint "{constraint}" {word} {offered}')
    return f'Terraform installed {used(lab, "consumer")} for "{constraint}"'


@step(
    "lab1",
    "upgrade",
    hints=(
        "You need not guess: which version does Terraform write into .terraform/modules/modules.json?",
        "~> 1.0 installs the newest 1.x on offer. In consumer-next the output reads module.workspace.bucket_name.",
        'today: 1.1.0\nexact: ...\nnext: "~> 2.0"',
    ),
)
def upgrade(lab: Workspace) -> str:
    """The answers are what Terraform does, and the next root works on 2.x."""
    try:
        answers = yaml_reader.load(lab.read("consumer/versions.yaml")) or {}
    except InvalidYaml:
        raise Unmet("consumer/versions.yaml is not valid YAML") from None
    answers = answers if isinstance(answers, dict) else {}
    for key in ("today", "exact", "next"):
        require(answers.get(key), f'consumer/versions.yaml: "{key}" is not answered')
    for offered in ("1.1.0", "2.0.0"):
        served(offered)
    asked = {"today": "~> 1.0", "exact": "1.0.0"}
    for key, right in zip(asked, each(lambda c: installed(lab, "consumer", c), asked.values()), strict=True):
        say = f'consumer/versions.yaml: "{key}" is {answers[key]}; Terraform does not agree'
        require(str(answers[key]) == right, say)
    given = str(answers["next"])
    good = takes(given, "2.0.0") and takes(given, "2.9.1") and not takes(given, "3.0.0") and not takes(given, "1.1.0")
    require(good, f'consumer/versions.yaml: "next" ({given}) does not take 2.x and only 2.x')
    where, constraint = call(lab, "consumer-next")
    fits = takes(constraint, "2.0.0") and not takes(constraint, "3.0.0")
    require(fits, f'{where}: the constraint "{constraint}" does not take 2.x and only 2.x')
    require(inspect(lab, "consumer-next").output("bucket"), 'consumer-next: output "bucket" is not declared')
    version = used(lab, "consumer-next", {"bucket": "bucket_name"})
    return f"{version} is installed in consumer-next, and your own pipelines still read bucket"

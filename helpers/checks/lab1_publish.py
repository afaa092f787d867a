"""Checks of Lab 1, notebooks 05 to 07: documentation, version, signature, registry, upgrade."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.checks import Unmet, require, step
from helpers.checks._module import inspect, learners_fault, scratch
from helpers.checks._mutants import run
from helpers.checks._runs import NOWHERE, each, terraform
from helpers.checks._workspace import MODULE
from helpers.checks.lab1_testing import beside, has_runs, passing, tested
from helpers.cosign import Cosign
from helpers.errors import CourseError
from helpers.labs import Lab
from helpers.registry import HOST, LEFT_OUT, STATE, NotFound, Registry, members, pack
from helpers.services.registry_server.problems import Problem
from helpers.terraform.types import ValidateResult
from helpers.terraform_docs import TerraformDocs

ADDRESS = "acme/gpu-workspace/platform"
SOURCE = f"{HOST}/{ADDRESS}"
CONTRACT = "tests/contract.tftest.hcl"
PACKAGE, BUNDLE = "dist/gpu-workspace-1.0.0.tar.gz", "dist/gpu-workspace-1.0.0.sigstore.json"
#: Words of the learner's own that the README needs.
WORDS = 60
HEADINGS = ("When to use it", "When not to use it", "Support")


def problems(lab: Lab, version: str) -> list[Problem]:
    """Return what the registry would object to in the module, all but the signature."""
    from helpers.services.registry_server import rules

    folder = lab.path(MODULE)
    require(folder.is_dir(), f"{MODULE} is not there")
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in members(folder)}
    return rules.check(files, ADDRESS, version, {})[1]


@step(
    "lab1",
    "docs",
    reads=(MODULE,),
    hints=(
        "What would you want to know before you let this module near your budget?",
        "Your own words stand above the markers, under the three headings. Below, only the tool writes: run its cell.",
        'TerraformDocs(lab.path("modules/gpu-workspace")).inject()',
    ),
)
def docs(lab: Lab) -> str:
    """The README says why in the learner's words, and what in the tool's."""
    file = f"{MODULE}/README.md"
    text = lab.read(file)
    require(text, f"{file} is not there")
    own = text.partition("<!-- BEGIN_TF_DOCS -->")[0]
    for heading in HEADINGS:
        section = re.search(rf"^##\s+{heading}\s*\n(.*?)(?=^##\s|\Z)", own, re.MULTILINE | re.DOTALL | re.IGNORECASE)
        require(section, f'{file} has no heading "## {heading}"')
        require(len(section[1].split()) >= 8 if section else 0, f'{file}: "## {heading}" says next to nothing')
    count = len(re.findall(r"[A-Za-z]{2,}", own))
    require(count >= WORDS, f"{file} has {count} words of your own, not {WORDS}")
    require("<!-- END_TF_DOCS -->" in text, f"{file} has lost the marker lines for the reference")
    with scratch(lab, MODULE) as room:
        answer = TerraformDocs(room / MODULE).check()
    require(
        answer.up_to_date, f"{file}: the reference is not what the code says: run the cell with terraform-docs again"
    )
    return f"{count} words of your own, and a reference that is what the code says"


@step(
    "lab1",
    "version",
    reads=(MODULE,),
    hints=(
        "Whoever is paged at two: what do they look for in module.yaml?",
        "The registry's reasons name file and key. A changelog entry is a heading with the version and text below it.",
        '## [1.0.0] - 2026-01-01\n\n### Added\n\n- ...\n\nsupport:\n  team: ...\n  contact: "#..."\n  hours: ...',
    ),
)
def version(lab: Lab) -> str:
    """Every rule of the registry but the signature is kept."""
    found = problems(lab, "1.0.0")
    require(not found, "\n".join(f"{MODULE}: {p}" for p in found))
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
    Break("new-input", "a new required input",
          {"variable": {"approver": {"type": "string", "description": "New and required."}}}),
    Break("default-kind", "another default for gpu_kind", {"variable": {"gpu_kind": {"default": "h100"}}}),
    Break("default-nodes", "another default for gpu_nodes", {"variable": {"gpu_nodes": {"default": 2}}}),
    Break("type", "another type for tags", {"variable": {"tags": {"type": "list(string)", "default": []}}}),
    *(Break(name, f'input "{name}" renamed', rename=name) for name in ("cost_centre", "data_retention_days")),
    *(Break(name, f'output "{name}" removed', remove=name) for name in ("bucket", "hourly_cost_usd")),
)  # fmt: skip


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
def breaking(lab: Lab) -> str:
    """The contract test passes on the module and notices each planted breaking change."""
    has_runs(lab, CONTRACT)
    with tested(lab) as folder:
        summary = passing(folder, CONTRACT, NOWHERE)
        each(lambda planted: _must_fail(folder, planted), _BREAKS)
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
def keys(lab: Lab) -> str:
    """An encrypted private key, for its owner's eyes only, that Git does not see."""
    private, public = lab.path("keys/cosign.key"), lab.path("keys/cosign.pub")
    require(private.is_file() and public.is_file(), "keys/cosign.key and keys/cosign.pub are not there")
    require("ENCRYPTED" in lab.read("keys/cosign.key"), "keys/cosign.key is not an encrypted private key")
    mode = private.stat().st_mode & 0o077
    require(not mode, "keys/cosign.key can be read by others than you: its mode must be 0600")
    require(lab.read("keys/cosign.pub").startswith("-----BEGIN PUBLIC KEY"), "keys/cosign.pub is no public key")
    for stray in lab.path(MODULE).rglob("*.key"):
        raise Unmet(f"{stray.relative_to(lab.work)}: a private key inside the module would be published with it")
    ignored = {line.strip() for line in lab.read(".gitignore").splitlines()}
    wanted = {"keys/cosign.key", "/keys/cosign.key", "*.key", "keys/*.key", "keys/", "/keys/"}
    require(ignored & wanted, ".gitignore does not keep keys/cosign.key out of Git")
    require(not ignored & {"keys/", "/keys/"}, ".gitignore hides the public key as well; everybody needs it")
    return "the private key is encrypted, yours alone, and stays out of Git"


def verified(lab: Lab, package: Path) -> str:
    """Return why a package is refused with the learner's key and bundle, or nothing when it is good."""
    with learners_signature():
        answer = Cosign(lab.work).verify_blob(package, key=lab.path("keys/cosign.pub"), bundle=lab.path(BUNDLE))
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
    reads=(MODULE, "dist", "keys/cosign.pub"),
    hints=(
        "Which bytes do you want to answer for?",
        "package.write_bytes(pack(folder)), then sign_blob of exactly that file, with bundle=bundle.",
        'Cosign(lab.work).sign_blob(package, key=..., bundle=bundle, password=lab.secret("release-key"))',
    ),
)
def sign(lab: Lab) -> str:
    """The bundle verifies with the public key, and the package is the module as it is now."""
    for file in (PACKAGE, BUNDLE, "keys/cosign.pub"):
        require(lab.path(file).is_file(), f"{file} is not there")
    refused = verified(lab, lab.path(PACKAGE))
    require(not refused, f"{BUNDLE}: {refused}")
    same = lab.path(PACKAGE).read_bytes() == pack(lab.path(MODULE))
    require(same, f"{PACKAGE} is not {MODULE} as it is now: pack and sign again")
    return "the signature holds, and the package is your module"


def served(version: str) -> Any:
    """Return what the registry has under a version of the module, or raise `Unmet`."""
    try:
        return Registry.local().show(ADDRESS, version)
    except NotFound:
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
def publish(lab: Lab) -> str:
    """The registry serves the signed package and names its signer."""
    import hashlib

    module = served("1.0.0")
    require(lab.path(PACKAGE).is_file(), f"{PACKAGE} is not there")
    digest = hashlib.sha256(lab.path(PACKAGE).read_bytes()).hexdigest()
    same = str(module.digest).removeprefix("sha256:") == digest
    require(same, f"the registry serves another package as 1.0.0 than {PACKAGE}: a published version never changes")
    require(module.signature.status == "verified", f"the registry calls the signature {module.signature.status}")
    return f"{ADDRESS} 1.0.0 is published, signed by {module.signature.key_name}"


def installed(lab: Lab, folder: str, constraint: str = "") -> str:
    """Return the version of the module that Terraform installs for a root, which has to be valid with it."""
    # Terraform finds the registry only while it runs; it may have been stopped since the last notebook.
    Registry.local()
    with scratch(lab, folder) as room:
        root = room / folder
        if constraint:
            for file in root.glob("*.tf"):
                text = re.sub(r'(?m)^(\s*version\s*=\s*)"[^"]*"', rf'\g<1>"{constraint}"', file.read_text())
                file.write_text(text)
        with learners_fault(folder):
            terraform(root).init(backend=False)
            # With another constraint than the learner's it need not be valid.
            answer = ValidateResult(True) if constraint else terraform(root).validate()
        if not answer.valid:
            first = answer.errors[0]
            raise Unmet(f"{folder}/{first.where}: {first.summary}: {' '.join(first.detail.split())}")
        listed = json.loads((root / ".terraform" / "modules" / "modules.json").read_text())["Modules"]
    return next((str(m["Version"]) for m in listed if ADDRESS in m.get("Source", "")), "")


def call(lab: Lab, folder: str) -> tuple[str, str]:
    """Return place and constraint of the root's call of the module."""
    for block in inspect(lab, folder).module_calls:
        if block.source == SOURCE:
            return f"{folder}/{block.where}", block.version
    raise Unmet(f"{folder} does not call {SOURCE}")


def takes(constraint: str, offered: str) -> bool:
    """Return whether a Terraform constraint takes a version; Terraform's ``~>`` is PEP 440's ``~=``."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    words = [re.sub(r"^=(?!=)", "==", part.strip().replace("~>", "~=")) for part in constraint.split(",")]
    words = [w if re.match(r"[<>=~!]", w) else f"=={w}" for w in words]
    try:
        return offered in SpecifierSet(",".join(w.replace(" ", "") for w in words))
    except InvalidSpecifier:
        return False


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
def consume(lab: Lab) -> str:
    """The root installs the module from the registry by a constraint that takes 1.x and nothing else."""
    where, constraint = call(lab, "consumer")
    require(constraint, f"{where}: the call has no version: the next major would come by itself")
    for offered, wanted in {"1.0.0": True, "1.0.9": True, "1.7.2": True, "2.0.0": False}.items():
        word = "does not take" if wanted else "takes"
        require(takes(constraint, offered) == wanted, f'{where}: the constraint "{constraint}" {word} {offered}')
    return f'Terraform installed {installed(lab, "consumer")} for "{constraint}"'


@step(
    "lab1",
    "upgrade",
    hints=(
        "You need not guess: which version does Terraform write into .terraform/modules/modules.json?",
        "~> 1.0 installs the newest 1.x on offer. In consumer-next the output reads module.workspace.bucket_name.",
        'today: 1.1.0\nexact: ...\nnext: "~> 2.0"',
    ),
)
def upgrade(lab: Lab) -> str:
    """The answers are what Terraform does, and the next root works on 2.x."""
    import yaml

    try:
        answers = yaml.safe_load(lab.read("consumer/versions.yaml")) or {}
    except yaml.YAMLError:
        raise Unmet("consumer/versions.yaml is no YAML") from None
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
    return f"{installed(lab, 'consumer-next')} is installed in consumer-next, and your own pipelines still read bucket"


#: What version 1.1.0 adds: an optional input, which breaks nobody.
PROJECT = {
    "project.tf": 'variable "project" {\n  description = "Project the costs are booked on."\n  type        = string\n'
    '  default     = "none"\n}\n'
}


def renamed(lab: Lab) -> dict[str, str]:
    """Return the learner's outputs with ``bucket`` renamed to ``bucket_name``, which breaks whoever reads it."""
    text = lab.read(f"{MODULE}/outputs.tf")
    return {"outputs.tf": re.sub(r'(?m)^output\s+"bucket"', 'output "bucket_name"', text)}


def release(lab: Lab, version: str, what: str, changes: Mapping[str, str]) -> str:
    """Release the learner's module with some files changed, as the platform team would; return what was published.

    Args:
        lab: whose module and key.
        version: to publish; one that is there already is left alone.
        what: changelog entry.
        changes: path in the module -> new text.
    """
    registry = Registry.local()
    if version in registry.versions(ADDRESS):
        return f"{ADDRESS} {version} is there already"
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name) / "module"
        shutil.copytree(lab.path(MODULE), folder, ignore=shutil.ignore_patterns(*LEFT_OUT, *STATE))
        for path, text in changes.items():
            (folder / path).write_text(text)
        log = folder / "CHANGELOG.md"
        entry = f"# Changelog\n\n## [{version}]\n\n- {what}\n"
        log.write_text(log.read_text().replace("# Changelog\n", entry, 1))
        registry.publish(
            folder, version, namespace="acme", name="gpu-workspace", provider="platform",
            key=lab.path("keys/cosign.key"), password=lab.secret("release-key"),
        )  # fmt: skip
    return f"published {ADDRESS} {version}"

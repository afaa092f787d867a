"""The rules a module must keep to be published. All are checked, so that a publisher hears every reason at once."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from helpers.clients.registry.errors import PackageProblem
from helpers.compliance.module_rules import interface, manifest, versions
from helpers.compliance.module_support import SupportPolicy
from helpers.wrappers.module_interface import Interface, compare

#: Words of prose a README needs.
README_WORDS = 40
_STATE = re.compile(r"(^|/)(.*\.tfstate(\..*)?|\.terraform/.*|\.terraform\.tfstate\.lock\.info|crash\.log)$")
_SECRET_FILE = re.compile(
    r"(^|/)(id_(rsa|ed25519|ecdsa)|\.env|\.netrc|credentials|.*\.(pem|key|p12|pfx)|.*\.auto\.tfvars)$"
)
_SECRETS = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an AWS access key": re.compile(rb"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "an AWS secret key": re.compile(rb"(?i)aws_?secret_?(access_?)?key[\"']?\s*[=:]\s*[\"'][A-Za-z0-9/+=]{40}[\"']"),
    "a GitHub token": re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}"),
    "a Vault token": re.compile(rb"\bhvs\.[A-Za-z0-9_-]{24}"),
    "a registry token": re.compile(rb"\bacme_[A-Za-z0-9_-]{40}\b"),
    "a password": re.compile(rb"(?i)\b(password|passwd|token)\s*=\s*\"[^\"$\s]{8,}\""),
}


def check(
    files: dict[str, bytes],
    module: str,
    version: str,
    published: dict[str, dict[str, Any]],
    *,
    policy: SupportPolicy | None = None,
    today: dt.date | None = None,
) -> tuple[dict[str, Any], list[PackageProblem]]:
    """Return what the registry will show of a module, and every broken rule.

    Args:
        files: path -> content.
        module: ``NAMESPACE/NAME/PROVIDER``.
        version: to be published; a semantic version.
        published: version -> interface of what is there already.
        policy: what the namespace demands of support models; by default the least.
        today: the day that dates are compared with; by default this one, in UTC.
    """
    facts, problems = manifest.check(
        files, module, version, policy or SupportPolicy(), today or dt.datetime.now(dt.UTC).date()
    )
    shape, complaints = interface.read(files)
    problems += [
        PackageProblem("terraform-valid", where, what, "Run `terraform validate`.") for where, what in complaints
    ]
    if not any("/" not in n and n.endswith((".tf", ".tf.json")) for n in files):
        problems.append(PackageProblem("terraform-valid", "*.tf", "There is no .tf file.", "Put main.tf at the top."))
    problems += _interface(shape)
    problems += _readme(files)
    problems += _examples(files)
    problems += _tests(files)
    changes, changelog = _changelog(files, version)
    problems += changelog
    problems += _secrets(files)
    problems += _compatible(shape, version, published)
    shown = {
        **facts,
        "interface": interface.to_json(shape),
        "changelog": changes,
        "readme": _text(files.get("README.md", b"")),
        "examples": {n: _text(c) for n, c in sorted(files.items()) if re.fullmatch(r"examples/[^/]+/main\.tf", n)},
    }
    return shown, problems


def version_problem(version: str) -> list[PackageProblem]:
    """Return the problem of a version that is not semantic."""
    if versions.parse(version):
        return []
    what = f"{version[:40]!r} cannot be a version here: {versions.not_taken(version)}."
    return [PackageProblem("semantic-version", "version", what, "Use MAJOR.MINOR.PATCH, such as 1.2.0 or 1.3.0-rc.1.")]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\x00", "")


def _interface(shape: Interface) -> list[PackageProblem]:
    problems = []
    for item in shape.variables:
        where = f"{item.where}: variable {item.name}"
        if not item.type:
            problems.append(PackageProblem("variable-typed", where, "It has no type.", "Add `type = ...`."))
        if not item.description.strip():
            problems.append(
                PackageProblem("variable-described", where, "It has no description.", "Add `description = ...`.")
            )
    for output in shape.outputs:
        if not output.description.strip():
            where = f"{output.where}: output {output.name}"
            problems.append(
                PackageProblem("output-described", where, "It has no description.", "Add `description = ...`.")
            )
    return problems


def _readme(files: dict[str, bytes]) -> list[PackageProblem]:
    if "README.md" not in files:
        return [
            PackageProblem(
                "readme", "README.md", "The file is missing.", "Say what the module is for and how to use it."
            )
        ]
    prose = re.sub(r"```.*?```|<!--.*?-->|[#|`*_-]", " ", _text(files["README.md"]), flags=re.DOTALL)
    words = len(prose.split())
    if words >= README_WORDS:
        return []
    what = f"It is too thin: {words} words of prose, {README_WORDS} are needed."
    return [PackageProblem("readme", "README.md", what, "Say what it is for, when not to use it, and how to use it.")]


def _examples(files: dict[str, bytes]) -> list[PackageProblem]:
    if any(re.fullmatch(r"examples/[^/]+/[^/]+\.tf", n) and c.strip() for n, c in files.items()):
        return []
    return [
        PackageProblem(
            "examples", "examples/", "There is no example.", "Add examples/basic/main.tf that uses the module."
        )
    ]


def _tests(files: dict[str, bytes]) -> list[PackageProblem]:
    tests = {n: c for n, c in files.items() if re.fullmatch(r"(tests/)?[^/]+\.tftest\.(hcl|json)", n)}
    if not tests:
        fix = "Add tests/defaults.tftest.hcl with a `run` block and an `assert`."
        return [PackageProblem("tests", "tests/", "There is no *.tftest.hcl file.", fix)]
    if not any(re.search(rb"\b(assert\s*\{|expect_failures|\"assert\")", c) for c in tests.values()):
        what = "No test asserts anything, so none can fail."
        return [PackageProblem("tests", min(tests), what, "Add an `assert` block with a condition.")]
    return []


def _changelog(files: dict[str, bytes], version: str) -> tuple[str, list[PackageProblem]]:
    if "CHANGELOG.md" not in files:
        fix = f"Add CHANGELOG.md with `## [{version}]` and what changed."
        return "", [PackageProblem("changelog", "CHANGELOG.md", "The file is missing.", fix)]
    text = _text(files["CHANGELOG.md"])
    entry = re.search(rf"^##\s+\[?v?{re.escape(version)}\]?(?![\w.+-])[^\n]*\n(.*?)(?=^##\s|\Z)", text, re.M | re.S)
    if entry and entry.group(1).strip():
        return text, []
    what = f"It has no entry for {version}." if not entry else f"Its entry for {version} is empty."
    return text, [PackageProblem("changelog", "CHANGELOG.md", what, f"Add `## [{version}]` and what changed.")]


def _secrets(files: dict[str, bytes]) -> list[PackageProblem]:
    problems = []
    for name, content in sorted(files.items()):
        if _STATE.search(name) or (b'"terraform_version"' in content and b'"lineage"' in content):
            what = "It holds Terraform state, which may hold secrets."
            problems.append(
                PackageProblem("no-state", name, what, "Leave it out (.gitignore: *.tfstate*, .terraform/).")
            )
        elif _SECRET_FILE.search(name):
            problems.append(PackageProblem("no-secrets", name, "Files of this name hold secrets.", "Leave it out."))
        for kind, pattern in _SECRETS.items():
            if found := pattern.search(content):
                line = content.count(b"\n", 0, found.start()) + 1
                fix = "Take it out, and replace the secret: it has left your machine."
                problems.append(PackageProblem("no-secrets", f"{name}:{line}", f"It looks like {kind}.", fix))
    return problems


def _compatible(shape: Interface, version: str, published: dict[str, dict[str, Any]]) -> list[PackageProblem]:
    base = versions.before(version, published) if versions.parse(version) else None
    if base is None:
        return []
    diff = compare(interface.from_json(published[base]), shape)
    if not diff.breaking or diff.allows(base, version):
        return []
    what = f"Compared with {base} it breaks callers: {'; '.join(map(str, diff.breaking))}."
    fix = f"Publish it as {diff.next_version(base)}, or keep the interface."
    return [PackageProblem("breaking-change", "interface", what, fix)]

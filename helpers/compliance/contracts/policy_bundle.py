"""The bundle of policies: its manifest keeps the schema, its rules compile, and one of them can say no."""

from __future__ import annotations

import tempfile
from pathlib import Path

from helpers.compliance.contracts.reading import Handover, parsed
from helpers.compliance.contracts.types import Fault, Unfit, unknown
from helpers.compliance.module_rules import archive
from helpers.core.errors import CourseError
from helpers.wrappers.opa import Opa
from helpers.wrappers.policy import PolicyError
from helpers.wrappers.rego_rules import Rule, rules_in

MANIFEST = ".manifest"
_WHOLE = "bundle.tar.gz"


def judge(handover: Handover) -> None:
    """Judge the bundle of policies.

    Raises:
        Unfit: it cannot be read.
    """
    path = handover.contract.deliverable("policy-bundle").path
    try:
        packed = handover.content(path)
        files = archive.unpack(packed, rooted=True)
    except archive.BadArchive as error:
        raise Unfit(Fault("not-a-bundle", path, "It is not a bundle of OPA", error.problem.what, _AGAIN)) from None
    if MANIFEST not in files:
        raise Unfit(Fault("no-manifest", path, f"It has no {MANIFEST}", "Its version is not known.", _AGAIN))
    manifest = parsed(f"{path}: {MANIFEST}", files.pop(MANIFEST))
    if handover.fits("policy-manifest", manifest, f"{path}: {MANIFEST}"):
        handover.checked.append(f"{path} is version {manifest['revision']} of the policies")
    _rules(handover, path, packed, {name: content for name, content in files.items() if name.endswith(".rego")})


_AGAIN = "opa build --revision VERSION --output bundle.tar.gz DIRECTORY, and sign it again."


def _rules(handover: Handover, path: str, packed: bytes, rego: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory(prefix="bundle-") as name:
        try:
            archive.write(rego, Path(name))
        except OSError as error:
            raise Unfit(Fault("not-a-bundle", path, "A file of it cannot be written", error.strerror or "")) from None
        judging = [one for one in rules_in([Path(name)]) if one.judges and not one.file.endswith("_test.rego")]
        if not judging:
            why = "No rule of it is called deny, violation or warn."
            handover.faults.append(Fault("says-nothing", path, "Its policies refuse nothing", why, "Add the policies."))
            return
        try:
            found = Opa(name).check(".", strict=True)
            # As a whole, too: OPA loads no bundle whose roots, data or versions of Rego do not fit its policies.
            (Path(name) / _WHOLE).write_bytes(packed)
            found = Opa(name).check(_WHOLE, bundle=True, strict=True) if found.valid else found
            silent = found.valid and not any(_speaks(Opa(name), rule) for rule in judging)
        except PolicyError as error:
            handover.faults.append(Fault("rego", path, error.what, error.why, error.next))
            return
        except CourseError as error:
            handover.faults.append(unknown(path, error.what, error.why, error.next))
            return
    if silent:
        named = ", ".join(dict.fromkeys(f"{one.package}.{one.name}" for one in judging))
        why = f"No input makes {named} hold, by OPA's partial evaluation."
        handover.faults.append(
            Fault("says-nothing", path, "Its policies refuse nothing", why[:300], "Write the rules.")
        )
    elif found.valid:
        handover.checked.append(f"the policies in {path} compile; {len(judging)} rules judge")
    else:
        why = "; ".join(map(str, found.problems))[:500]
        handover.faults.append(Fault("rego", path, "Its policies do not compile", why, "opa check --strict DIRECTORY"))


def _speaks(opa: Opa, rule: Rule) -> bool:
    """Can this rule of the bundle say anything, whatever the input?"""
    name = f"data.{rule.package}.{rule.name}"
    queries = [f"{name}[_]"] if rule.gives_messages else [f"{name}[_]", name]
    return any(opa.satisfiable(query, bundles=[_WHOLE]) for query in queries)

"""Asks the tools, and writes the rows."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from helpers.clients.registry import Registry, RegistryError, RegistryNotFound
from helpers.compliance import module_support
from helpers.compliance.module_rules.versions import latest
from helpers.compliance.module_support import SupportPolicy
from helpers.compliance.scorecard.mutants import mutate
from helpers.compliance.scorecard.types import Row, Scorecard
from helpers.core.errors import BadInput, CourseError
from helpers.wrappers import module_interface
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import TerraformError
from helpers.wrappers.terraform_docs import CannotDocument, TerraformDocs

#: Share of mutants that the tests must kill.
KILLS = 0.8
#: Days after which nobody can say whether a module still fits its providers.
REST = 365


class _Unpublished(Exception):
    """There is nothing in the registry to look at."""


def measure(
    directory: str | os.PathLike[str],
    *,
    today: dt.date,
    module: str = "",
    registry: Registry | None = None,
    policy: SupportPolicy | None = None,
    env: Mapping[str, str] | None = None,
) -> Scorecard:
    """Return the scorecard of a module.

    Args:
        directory: of the module's code.
        today: the day that ages are counted to.
        module: ``NAMESPACE/NAME/PROVIDER`` in the registry. registry: where it is published; without one, or when it
            does not answer, the rows about versions and consumers are unknown.
        policy: that support models are judged by. env: variables for Terraform.
    """
    code = Path(directory)
    newest, why = _newest(module, registry)
    ask = _Asker(code, module, newest, registry, today, policy or SupportPolicy(form=2), env or {})
    rows = [ask.interface(), ask.reference(), ask.examples(), ask.tests(), ask.support()]
    for row in (ask.signed, ask.age, ask.ends, ask.consumers):
        rows.append(row() if newest else _untold(row, why))
    return Scorecard(module or code.resolve().name, newest, today, tuple(rows))


def _newest(module: str, registry: Registry | None) -> tuple[str, str]:
    if registry is None or not module:
        return "", "No registry was asked."
    try:
        return latest(registry.versions(module)) or "", "No version is offered."
    except RegistryNotFound:
        return "", "It is not published."
    except RegistryError as error:
        return "", f"{error.what}."


#: Row of the registry -> its title.
_TITLES = {
    "signed": "Every version is signed",
    "age": "A release in the last year",
    "ends": "No notice has run out",
    "consumers": "Consumers are on the newest major version",
}


def _untold(row: Callable[[], Row], why: str) -> Row:
    name = row.__name__
    return Row(name, _TITLES[name], "unknown", "unknown", why, "Publish it: Registry.local().publish(...).")


class _Asker:
    """One method a row."""

    def __init__(
        self,
        code: Path,
        module: str,
        newest: str,
        registry: Registry | None,
        today: dt.date,
        policy: SupportPolicy,
        env: Mapping[str, str],
    ) -> None:
        self.code, self.module, self.newest, self.today = code, module, newest, today
        self.policy, self.env = policy, env
        self._registry = registry

    @property
    def registry(self) -> Registry:
        if self._registry is None:
            raise _Unpublished
        return self._registry

    def interface(self) -> Row:
        title, by = "Every input and output is described and typed", "terraform-config-inspect"
        try:
            found = module_interface.read(self.code)
        except CourseError as error:
            return Row("interface", title, "unknown", "unknown", f"{by}: {error.what}.", error.next)
        bare = [f"variable {v.name}" for v in found.variables if not v.description.strip() or not v.type]
        bare += [f"output {o.name}" for o in found.outputs if not o.description.strip()]
        total = len(found.variables) + len(found.outputs)
        improve = f"Describe {', '.join(bare)}." if bare else ""
        return _row("interface", title, total - len(bare), total, f"{by} read the module.", improve)

    def reference(self) -> Row:
        title = "The README's reference fits the code"
        try:
            found = TerraformDocs(self.code).check()
        except (BadInput, CannotDocument) as error:
            return Row("reference", title, "failed", "no", f"terraform-docs: {error.what}.", error.next)
        improve = "" if found else "Run TerraformDocs(directory).inject()."
        return Row(
            "reference", title, "passed" if found else "failed", "yes" if found else "no", "terraform-docs.", improve
        )

    def examples(self) -> Row:
        title = "Every example plans"
        examples = sorted({path.parent for path in (self.code / "examples").glob("*/*.tf")})
        if not examples:
            return Row("examples", title, "failed", "none", "There is no examples/NAME/main.tf.", "Write one.")
        faults = {path.name: why for path in examples if (why := self._example(path))}
        said = "; ".join(f"{name}: {why}" for name, why in faults.items()) or "All planned."
        improve = f"Repair {', '.join(faults)}." if faults else ""
        evidence = f"terraform test, with mocked providers. {said}"
        return _row("examples", title, len(examples) - len(faults), len(examples), evidence, improve)

    def _example(self, example: Path) -> str:
        """Return why an example does not plan, empty when it does; its providers are mocked, so no cloud is asked."""
        with tempfile.TemporaryDirectory(prefix="example-") as name:
            room = Path(name).resolve() / "module"
            shutil.copytree(self.code, room, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
            inner = room / "examples" / example.name
            shutil.rmtree(inner / "tests", ignore_errors=True)
            _mock_providers(room, inner)
            terraform = Terraform(inner, env=self.env)
            try:
                terraform.init(backend=False)
                summary = terraform.test(filter=["plans.tftest.hcl"])
            except TerraformError as error:
                return error.what
            first = next((d for run in summary.runs for d in run.diagnostics if d.severity == "error"), None)
            return "" if summary.passed else (first.summary if first else "It does not plan")

    def tests(self) -> Row:
        title = f"The tests kill at least {KILLS:.0%} of the mutants"
        if not [*self.code.glob("*.tftest.hcl"), *self.code.glob("tests/*.tftest.hcl")]:
            return Row("tests", title, "failed", "no test", "There is no *.tftest.hcl file.", "Write tests.")
        try:
            found = mutate(self.code, self.env)
        except TerraformError as error:
            return Row("tests", title, "unknown", "unknown", f"terraform: {error.what}.", error.next)
        if not found.green:
            return Row(
                "tests", title, "failed", "the tests fail", "terraform test on the module itself.", "Repair them."
            )
        if not found.mutants:
            return Row("tests", title, "unknown", "no mutant", "No fault could be planted that is valid.", "")
        killed, total = len(found.mutants) - len(found.survivors), len(found.mutants)
        alive = ", ".join(mutant.where for mutant in found.survivors)
        status: Literal["passed", "failed"] = "passed" if killed >= KILLS * total else "failed"
        improve = f"No test notices a change of {alive}." if alive else ""
        evidence = f"{found.tests} test runs, each on {total} mutants that terraform validate takes."
        return Row("tests", title, status, f"{killed} of {total} killed", evidence, improve)

    def support(self) -> Row:
        title = "The support model is complete"
        file = self.code / "module.yaml"
        if not file.is_file():
            return Row("support", title, "failed", "none", "There is no module.yaml.", "course new module shows one.")
        version = self.newest or "0.1.0"
        model, found = module_support.read(file.read_bytes(), self.policy, version=version, today=self.today)
        if found:
            said = f"{len(found)} reason{'s' if len(found) > 1 else ''}"
            return Row("support", title, "failed", said, "The publish gate's own rules.", str(found[0]))
        stage = model.stage if model else ""
        if self.policy.teams is None:
            words = "There is no directory of teams, so nobody can say whether the owner exists."
            return Row("support", title, "unknown", stage, words, "registry.set_support_policy(namespace, {...}).")
        return Row("support", title, "passed", stage, "The publish gate's own rules, with the directory of teams.")

    def signed(self) -> Row:
        versions = self.registry.show(self.module).versions
        lifecycle = [self.registry.show(self.module, version) for version in versions]
        kept = [one for one in lifecycle if not one.raw.get("removed")]
        bad = [one.version for one in kept if one.signature.status != "verified"]
        improve = f"Do not use {', '.join(bad)}; publish again." if bad else ""
        evidence = "cosign, when they were published; their digests, now."
        return _row("signed", _TITLES["signed"], len(kept) - len(bad), len(kept), evidence, improve)

    def age(self) -> Row:
        published = str(self.registry.show(self.module, self.newest).raw["published_at"])[:10]
        days = (self.today - dt.date.fromisoformat(published)).days
        if days < 0:
            words = f"{self.newest} was published on {published}, after {self.today}."
            return Row("age", _TITLES["age"], "unknown", "unknown", words, "Ask for a later day.")
        improve = "" if days <= REST else "Run its tests with today's providers, and release what that shows."
        status: Literal["passed", "failed"] = "passed" if days <= REST else "failed"
        return Row("age", _TITLES["age"], status, f"{days} days", f"The registry has {self.newest}.", improve)

    def ends(self) -> Row:
        offered = set(self.registry.versions(self.module))
        notices = [notice for version, notice in self.registry.notices(self.module).items() if version in offered]
        over = [notice.version for notice in notices if notice.removal <= self.today]
        running = len(notices) - len(over)
        improve = f"Remove {', '.join(over)}, or give a new notice." if over else ""
        value = f"{running} running, {len(over)} over"
        return Row("ends", _TITLES["ends"], "failed" if over else "passed", value, "The registry's notices.", improve)

    def consumers(self) -> Row:
        title = _TITLES["consumers"]
        known = self.registry.consumers(self.module)
        if not known:
            return Row(
                "consumers", title, "unknown", "none known", "No consumer was read.", "registry.report_use(...)."
            )
        major = self.newest.partition(".")[0]
        untold = [one.name for one in known if not one.known]
        late = [one.name for one in known if one.known and any(v.partition(".")[0] != major for v in one.versions)]
        value = f"{len(known) - len(late) - len(untold)} of {len(known)}"
        evidence = "Their code and modules.json, as reported to the registry."
        if late or not untold:
            improve = f"Help {', '.join(late)} to move to {major}.x." if late else ""
            return Row("consumers", title, "failed" if late else "passed", value, evidence, improve)
        return Row("consumers", title, "unknown", value, evidence, f"Read {', '.join(untold)} again.")


def _row(id: str, title: str, good: int, total: int, evidence: str, improve: str) -> Row:
    """Return a row about so many of so many; none at all cannot be judged."""
    if not total:
        return Row(id, title, "unknown", "none", evidence, improve)
    return Row(id, title, "passed" if good == total else "failed", f"{good} of {total}", evidence, improve)


def _mock_providers(module: Path, example: Path) -> None:
    """Write a test that plans *example* with mocks of the providers that the module needs."""
    needed = [p for p in module_interface.read(module).providers if p.name != "terraform"]
    said = {p.name for p in module_interface.read(example).providers if p.source}
    # An example that does not say where a provider comes from would get a mock of another one of that name.
    sources = {p.name: {"source": p.source} for p in needed if p.source and p.name not in said}
    if sources:
        (example / "sources.tf.json").write_text(json.dumps({"terraform": {"required_providers": sources}}))
    mocks = "".join(f'mock_provider "{p.name}" {{}}\n' for p in needed)
    (example / "plans.tftest.hcl").write_text(f'{mocks}run "plans" {{\n  command = plan\n}}\n')

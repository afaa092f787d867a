"""What the checks of a learner's Rego share: OPA's messages as `Unmet`, and tests that must notice a mutated policy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks.support.module_probes import scratch
from helpers.course.checks.support.terraform_runs import each
from helpers.course.workspace import Workspace
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.policy import NothingChecked, PolicyError
from helpers.wrappers.rego_rules import Rule


@contextlib.contextmanager
def learners_rego(nothing_checked: str) -> Iterator[None]:
    """Turn what OPA reports about the learner's Rego into `Unmet`.

    Args:
        nothing_checked: the reason when no rule was evaluated; ``{why}`` in it is the tool's own explanation.
    """
    try:
        yield
    except NothingChecked as error:
        raise Unmet(nothing_checked.replace("{why}", " ".join(error.why.split()))) from error
    except PolicyError as error:
        raise Unmet(f"{error.what}: {error.why}") from error


def without_rule(rule: Rule, text: str) -> str:
    """Return a policy in which one rule never fires: its head is renamed.

    The set that it added to stays defined: a test must not fail only because the name is gone.
    """
    lines = text.splitlines()
    lines[rule.line - 1] = "removed_" + lines[rule.line - 1]
    return "\n".join([*lines, f'{rule.name} contains "nothing" if false', ""])


def without_id(rules: Sequence[Rule], text: str, id: str) -> str:
    """Return a policy in which no message with an id is ever said, however many rules there are and how they are cut.

    A single rule over a table of reasons can be removed as a whole only; its tests must hold each reason.
    """
    lines = text.splitlines()
    for rule in rules:
        lines[rule.line - 1] = lines[rule.line - 1].replace(rule.name, f"every_{rule.name}", 1)
    names = sorted({rule.name for rule in rules})
    kept = [
        f'{n} contains m if {{\n\tsome m in every_{n}\n\tnot contains(sprintf("%v", [m]), "{id}")\n}}' for n in names
    ]
    return "\n".join([*lines, *kept, ""])


def tests_notice(lab: Workspace, file: str, text: str, *, policies: Sequence[str], data: Sequence[str] = ()) -> bool:
    """Return whether the learner's own tests fail when *file* is replaced by *text*, a mutated policy.

    Args:
        lab: the workspace; it is not changed.
        file: the policy, below the workspace.
        text: what it is replaced by.
        policies: directories with policies and tests, below the workspace.
        data: directories with data for them.
    """
    with scratch(lab, *policies, *data) as room:
        (room / file).write_text(text)
        try:
            return not Conftest(room).verify(policies=list(policies), data=tuple(data)).passed
        except NothingChecked:
            return True
        except PolicyError as error:
            # A mutant that does not compile is our fault: to call it noticed would praise tests that hold nothing.
            raise RuntimeError(f"A mutant of {file} does not compile: {error.what}: {error.why}") from error


def require_noticed(
    lab: Workspace, file: str, mutants: Mapping[str, str], *, policies: Sequence[str], data: Sequence[str] = ()
) -> None:
    """Raise `Unmet` unless the learner's own tests notice each mutant of a policy.

    Args:
        lab: see `tests_notice`, also for *file*, *policies* and *data*.
        mutants: text of the mutated policy -> the reason when no test fails on it.
    """

    def noticed(text: str) -> None:
        require(tests_notice(lab, file, text, policies=policies, data=data), mutants[text])

    each(noticed, mutants)

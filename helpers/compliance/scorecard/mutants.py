"""Plants one fault at a time in a module and asks whether its own tests notice.

A mutant counts only while ``terraform validate`` takes it: a fault that Terraform itself refuses says nothing of the
tests. Files are read in canonical format (``terraform fmt``); an attribute over several lines is left alone.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from helpers.wrappers.module_package import LEFT_OUT, STATE
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import DiskFull, TerraformError, TerraformStopped

_BLOCK = re.compile(r'(?ms)^(resource "(\w+)" "(\w+)"|output "(\w+)"|variable "(\w+)") \{\n(.*?)^\}$')
_ATTRIBUTE = re.compile(r"(?m)^  (\w+)( *= )(\S[^\n]*)$")
_VALIDATION = re.compile(r"(?ms)^  validation \{\n.*?^  \}\n")
_META = {"count", "for_each", "provider", "depends_on", "description", "type", "sensitive", "ephemeral", "nullable"}
#: What an expression becomes, in the order of trying.
_VALUES = ("null", '"mutant"', "7777", "false", "true")


@dataclass(frozen=True)
class Mutant:
    """One planted fault.

    Attributes:
        where: what was changed, such as ``platform_artifact_bucket.this.owner``. change: old and new, in short.
        killed: whether a test noticed.
    """

    where: str
    change: str
    killed: bool


@dataclass(frozen=True)
class Mutation:
    """What became of the mutants of a module.

    Attributes:
        tests: number of ``run`` blocks. green: whether they pass on the module as it is; else there are no mutants.
    """

    tests: int
    green: bool
    mutants: tuple[Mutant, ...] = ()

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The mutants that no test noticed."""
        return tuple(mutant for mutant in self.mutants if not mutant.killed)

    def __repr__(self) -> str:
        killed = len(self.mutants) - len(self.survivors)
        return f"Mutation({self.tests} tests, {killed} of {len(self.mutants)} mutants killed)"


@dataclass(frozen=True)
class _Fault:
    """A text to put into a file, one of several that may be valid."""

    file: str
    where: str
    change: str
    texts: tuple[str, ...]


def mutate(directory: str | os.PathLike[str], env: Mapping[str, str] | None = None, *, workers: int = 2) -> Mutation:
    """Run a module's tests on it and on its mutants.

    Args:
        directory: of the module; nothing in it is changed.
        env: variables for Terraform. workers: how many mutants at once.

    Raises:
        TerraformError: the module cannot be initialised.
    """
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        base = Path(name).resolve() / "base"
        shutil.copytree(directory, base, ignore=shutil.ignore_patterns(*LEFT_OUT, *STATE))
        Terraform(base, env=env or {}).init(backend=False)
        summary = Terraform(base, env=env or {}).test()
        if not summary.passed or not summary.runs:
            return Mutation(len(summary.runs), False)
        faults = list(_faults(base))
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(lambda n: _try(base, faults[n], f"mutant-{n}", env or {}), range(len(faults))))
        return Mutation(len(summary.runs), True, tuple(mutant for mutant in found if mutant))


def _faults(base: Path) -> Iterator[_Fault]:
    for path in sorted(base.glob("*.tf")):
        text = path.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            name = (block[2] and f"{block[2]}.{block[3]}") or (f"output.{block[4]}" if block[4] else f"var.{block[5]}")
            start = block.start(6)
            for found in _ATTRIBUTE.finditer(block[6]):
                whole = (
                    all(found[3].count(a) == found[3].count(b) for a, b in ("()", "[]", "{}")) and "<<" not in found[3]
                )
                if not whole or found[1] in _META or (block[5] and found[1] != "default"):
                    continue
                span = (start + found.start(3), start + found.end(3))
                values = _defaults(found[3]) if block[5] else tuple(v for v in _VALUES if v != found[3].strip())
                texts = tuple(text[: span[0]] + value + text[span[1] :] for value in values)
                yield _Fault(path.name, f"{name}.{found[1]}", f"was {found[3].strip()[:60]}", texts)
            for n, found in enumerate(_VALIDATION.finditer(block[6]), 1):
                without = text[: start + found.start()] + text[start + found.end() :]
                yield _Fault(path.name, f"{name}.validation {n}", "left out", (without,))


def _defaults(value: str) -> tuple[str, ...]:
    plain = value.strip()
    if re.fullmatch(r"-?\d+", plain):
        return (str(int(plain) + 1),)
    return ("false" if plain == "true" else "true",) if plain in ("true", "false") else ('"mutant"', "7777")


def _try(base: Path, fault: _Fault, name: str, env: Mapping[str, str]) -> Mutant | None:
    """Return what became of a fault, None when Terraform takes none of its texts."""
    copy = base.with_name(name)
    shutil.copytree(base, copy, symlinks=True)
    terraform = Terraform(copy, env=env)
    for text in fault.texts:
        (copy / fault.file).write_text(text, encoding="utf-8")
        try:
            if not terraform.validate().valid:
                continue
            return Mutant(fault.where, fault.change, not terraform.test().passed)
        except (DiskFull, TerraformStopped):
            raise
        except TerraformError:
            # The tests could not be run on it, for example as an output that they name is gone: noticed.
            return Mutant(fault.where, fault.change, True)
    return None

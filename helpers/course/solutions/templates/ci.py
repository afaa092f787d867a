"""The CI of this repository: every file is what it was exported as, and every solution is accepted by its tools.

``python ci.py`` needs terraform, opa, kustomize and go on PATH. The modules use the provider acme.test/acme/platform,
which the course builds: name a CLI configuration that finds it in TF_CLI_CONFIG_FILE (``course solutions check`` does).
It uses the standard library only, and nothing of the course. Ends with 1 when a check failed, and when there was
nothing to check.
"""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: Left alone by the comparison with SHA256SUMS.
NOT_EXPORTED = {"SHA256SUMS"}
Found = tuple[Path, str, Callable[[Path], str]]


def run(*argv: str, cwd: Path = HERE) -> str:
    """Run a tool; return why it failed, or nothing."""
    try:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-500:] or "it failed"


def files(pattern: str) -> Iterator[Path]:
    """Yield the files of this repository that match, sorted."""
    yield from (path for path in sorted(HERE.rglob(pattern)) if path.is_file() and ".git" not in path.parts)


def sums(path: Path) -> str:
    """Compare every file with the list, both ways."""
    listed = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    here = {one.relative_to(HERE).as_posix(): one for one in files("*")}
    known = here.keys() - NOT_EXPORTED
    changed = [
        n for n in sorted(known & listed.keys()) if hashlib.sha256(here[n].read_bytes()).hexdigest() != listed[n]
    ]
    wrong = [*(f"{n} has changed" for n in changed), *(f"{n} is missing" for n in sorted(listed.keys() - known))]
    return "; ".join([*wrong, *(f"{n} is not listed" for n in sorted(known - listed.keys()))])


def notebook(path: Path) -> str:
    """A filled notebook: nothing left to do, no hidden test, no output, and its Python can be read."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells, 1):
        source = "".join(cell["source"])
        marks = ["BEGIN SOLUTION", "HIDDEN TESTS", "MARK SCHEME"]
        # The prose says what a learner's cell looks like.
        marks += ["YOUR CODE HERE"] if cell["cell_type"] == "code" else []
        if mark := next((one for one in marks if one in source), None):
            return f"cell {number} says {mark}"
        if cell.get("outputs"):
            return f"cell {number} has outputs"
        if cell["cell_type"] == "code" and not source.startswith("%%"):
            plain = "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n"))
            compile(plain, f"cell {number}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
    return "" if len(cells) > 3 else "it has no cells"


def python(path: Path) -> str:
    """A script can be read by Python."""
    compile(path.read_text(encoding="utf-8"), str(path), "exec", ast.PyCF_ONLY_AST)
    return ""


def text(path: Path) -> str:
    """Any other file says something."""
    return "" if path.read_text(encoding="utf-8").strip() else "it is empty"


def module(path: Path) -> str:
    """A module is valid, and passes those of its tests that need no cloud."""
    with tempfile.TemporaryDirectory() as room:
        copy = Path(shutil.copytree(path, Path(room) / path.name))
        why = run("terraform", "init", "-backend=false", "-input=false", "-no-color", cwd=copy)
        why = why or run("terraform", "validate", "-no-color", cwd=copy)
        for test in sorted((copy / "tests").glob("*.tftest.hcl")):
            if "mock_provider" in test.read_text(encoding="utf-8"):
                argv = ("terraform", "test", "-no-color", f"-filter=tests/{test.name}")
                why = why or run(*argv, cwd=copy)
        return why


def terraform_format(path: Path) -> str:
    """A file of Terraform reads as `terraform fmt` writes it."""
    return run("terraform", "fmt", "-check", "-no-color", str(path))


def policies(path: Path) -> str:
    """Policies are strict Rego, and their tests pass."""
    rego = [str(one) for one in sorted(path.glob("*.rego"))]
    data = [str(one) for one in (path / "data", path.parent / "data") if one.is_dir()]
    return run("opa", "check", "--strict", *rego) or run("opa", "test", *rego, *data[:1])


def go(path: Path) -> str:
    """A test in Go can be read by the compiler."""
    return run("gofmt", "-e", "-l", str(path))


def kustomization(path: Path) -> str:
    """A directory of manifests renders."""
    return run("kustomize", "build", str(path))


def checks() -> Iterator[Found]:
    """Yield what is to be checked: where, how it is called, and by what."""
    yield HERE / "SHA256SUMS", "listed", sums
    for path in files("*.ipynb"):
        yield path, "filled", notebook
    for path in files("*.py"):
        yield path, "python", python
    for pattern in ("*.tf", "*.tftest.hcl"):
        for path in files(pattern):
            yield path, "format", terraform_format
    for path in sorted({one.parent.parent for one in files("*.tftest.hcl")}):
        yield path, "module", module
    for path in sorted({one.parent for one in files("*_test.rego")}):
        yield path, "policies", policies
    for path in files("*.go"):
        yield path, "go", go
    for path in sorted({one.parent for one in files("kustomization.yaml") if "samples" in one.parts}):
        yield path, "kustomize", kustomization
    for pattern in ("*.yaml", "*.yml", "*.toml", "*.md", "*.policy", ".gitignore"):
        for path in files(pattern):
            yield path, "text", text


def main() -> int:
    """Check everything and say what was found."""
    said = []
    for path, name, check in checks():
        try:
            why = check(path)
        except (OSError, ValueError, SyntaxError, KeyError) as error:
            why = f"{type(error).__name__}: {error}"
        where = path.relative_to(HERE).as_posix()
        said.append({"path": where, "check": name, "status": "failed" if why else "passed", "why": why})
    failed = [one for one in said if one["status"] == "failed"]
    if "--json" in sys.argv:
        print(json.dumps({"checks": said}, indent=1))
    else:
        print("\n".join(f"failed  {one['check']:10} {one['path']}\n  {one['why']}" for one in failed))
        print(f"{len(said) - len(failed)} of {len(said)} checks passed")
    return 1 if failed or len(said) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())

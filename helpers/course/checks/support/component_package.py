"""Lab 1 in Pulumi: is the README true, and is what was signed and pushed the component?"""

from __future__ import annotations

import re
import shutil
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from email.parser import Parser
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from helpers.compliance.module_docs import readme
from helpers.core.errors import BadInput
from helpers.core.verdicts.checks import Unmet, require
from helpers.course import wheels
from helpers.course.checks.support.component import COMPONENT, PACKAGE, Bench, bench, count, hints
from helpers.course.checks.support.component_rules import NAMES, answers, without_version
from helpers.course.checks.support.gpu_workspace import INPUTS, OUTPUTS, SPEC
from helpers.course.workspace import Workspace
from helpers.runtime import services
from helpers.wrappers.crane import Crane, NotInRegistry, RegistryError

README, CHANGELOG, PROJECT = (f"{COMPONENT}/{name}" for name in ("README.md", "CHANGELOG.md", "pyproject.toml"))
WHEEL = f"dist/{PACKAGE}-1.0.0-py3-none-any.whl"
BUNDLE = f"dist/{PACKAGE}-1.0.0.sigstore.json"
#: Where the component is pushed, in the registry of the course.
REFERENCE = "platform/acme-workspace:1.0.0"
_TOKEN = "a-token-for-the-readme"  # noqa: S105 (it protects nothing)


def documented(lab: Workspace) -> str:
    """The README's tables are the interface, its links lead somewhere, and each Python example of it runs."""
    text = lab.read(README)
    with hints(
        "Would a newcomer's first copy and paste work?",
        "Two tables, below ## Inputs and ## Outputs, and a fenced block ```python that makes a GpuWorkspace.",
        "| input | type | default |\n|---|---|---|\n| `team` | str | |\n| `gpu_kind` | str | `l4` |\n...",
    ):
        rows = dict(_rows(text, "Inputs"))
        _same(set(rows), set(NAMES), "input")
        _same({name for name, _ in _rows(text, "Outputs")}, set(OUTPUTS), "output")
        for name, cells in rows.items():
            _default(name, cells)
        for finding in readme.dead(readme.read(text), lab.path(COMPONENT)):
            raise Unmet(f"{README}:{finding.line}: {finding.what}")
        version = _project(lab).get("version", "1.0.0")
        for stated in re.findall(rf"{PACKAGE.replace('_', '[-_]')}\s*(?:==|@)\s*v?(\d+\.\d+\.\d+)", text):
            require(stated == version, f"{README} names {stated}; the component is {version}")
        ran = _examples(lab, text)
    return f"the tables are the interface, and {ran} examples ran on Pulumi's engine"


def _tables(text: str, heading: str) -> Iterator[list[list[str]]]:
    """Yield the tables below a heading, as rows of cells; the first row is the header."""
    section = re.search(rf"^##\s+{heading}\s*\n(.*?)(?=^##\s|\Z)", text, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    require(section, f'{README} has no heading "## {heading}"')
    rows: list[list[str]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(section[1] if section else ""):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(token.content.strip())
        elif token.type == "table_close":
            yield rows
            rows = []


def _rows(text: str, heading: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the name in the first cell of each row, and the row by the header's words."""
    for header, *rows in _tables(text, heading):
        words = [word.lower() for word in header]
        for cells in rows:
            yield cells[0].strip("`* "), dict(zip(words, cells, strict=False))


def _same(said: set[str], real: set[str], what: str) -> None:
    missing, invented = sorted(real - said), sorted(said - real)
    require(not missing, f"{README}: its table of {what}s lacks {', '.join(missing)}")
    require(not invented, f"{README}: the component has no {what} {', '.join(invented)}")


def _default(name: str, cells: dict[str, str]) -> None:
    given = cells.get("default")
    if given is None:
        raise Unmet(f'{README}: its table of inputs has no column "default"')
    wanted = SPEC[name]
    said = given.strip("`\"' ")
    if wanted.required:
        need = said.lower() in ("", "-", "none", "required", "n/a")
        require(need, f"{README}: {name} has no default, and the table says {said!r}")
    else:
        require(said == str(wanted.default), f"{README}: the default of {name} is {wanted.default!r}, not {said!r}")


def _examples(lab: Workspace, text: str) -> int:
    fences = [t for t in MarkdownIt("commonmark").parse(text) if t.type == "fence"]
    found = [t for t in fences if t.info.split()[:1] in (["python"], ["py"]) and "GpuWorkspace(" in t.content]
    require(found, f"{README} has no ```python example that makes a GpuWorkspace")
    with bench(lab, made_up=True) as copy:
        for number, fence in enumerate(found):
            project = copy.program(f"readme-{number}", fence.content)
            line = f"{README}:{fence.map[0] + 1 if fence.map else 1}"
            _runs(copy, project, line)
    return len(found)


def _runs(copy: Bench, project: Path, where: str) -> None:
    pulumi = copy.pulumi(project, "dev")
    pulumi.config_set("registry_token", _TOKEN, secret=True)
    try:
        with copy.judged(project):
            pulumi.up()
    except Unmet as unmet:
        raise Unmet(f"{where}: the example does not run: {unmet.reason}") from unmet
    require(count(pulumi.export()) >= 4, f"{where}: the example runs, but makes no workspace")


def _project(lab: Workspace) -> dict[str, Any]:
    try:
        found = tomllib.loads(lab.read(PROJECT)).get("project")
    except tomllib.TOMLDecodeError as error:
        raise Unmet(f"{PROJECT} is not valid TOML: {error}") from None
    return found if isinstance(found, dict) else {}


def versioned(lab: Workspace) -> str:
    """The component says what it is, in which version, who answers for it, and what changed."""
    with hints(
        "Whoever is paged at two: what do they look for?",
        "pyproject.toml says name, version, requires-python, dependencies and maintainers. A changelog entry is a "
        "heading with the version and text below it.",
        '[project]\nname = "acme-workspace"\nversion = "1.0.0"\nmaintainers = [{ name = "...", email = "..." }]\n...',
    ):
        facts = _project(lab)
        require(facts, f"{PROJECT} has no [project]: its manifest is missing")
        name = re.sub(r"[-_.]+", "-", str(facts.get("name", ""))).lower()
        require(name == PACKAGE.replace("_", "-"), f"{PROJECT}: the name is {facts.get('name')!r}, not acme-workspace")
        require(facts.get("version") == "1.0.0", f"{PROJECT}: the version is {facts.get('version')!r}, not 1.0.0")
        for key in ("requires-python", "dependencies", "maintainers"):
            require(facts.get(key), f"{PROJECT}: {key} is not said")
        needs = [re.split(r"[^A-Za-z0-9-]", str(need))[0].lower() for need in facts["dependencies"]]
        require("pulumi" in needs, f"{PROJECT}: dependencies do not name pulumi")
        answer = [m for m in facts["maintainers"] if isinstance(m, dict) and "@" in str(m.get("email", ""))]
        require(answer, f"{PROJECT}: maintainers name nobody with an e-mail address: there is no support")
        entry = re.search(r"^## \[?1\.0\.0\]?[^\n]*\n(.*?)(?=^## |\Z)", lab.read(CHANGELOG), re.MULTILINE | re.DOTALL)
        require(entry and entry[1].strip(), f"{CHANGELOG}: It has no entry for 1.0.0")
    return "the package says what it is, who answers for it, and what changed"


def signed(lab: Workspace, verified: Callable[[Workspace, Path, str], str]) -> str:
    """The bundle verifies with the public key, and the wheel is the component as it is now."""
    with hints(
        "Which bytes do you want to answer for?",
        "Build the wheel, then sign_blob of exactly that file, with bundle=bundle.",
        'Cosign(lab.work).sign_blob(wheel, key=..., bundle=bundle, password=lab.secret("release-key"))',
    ):
        for file in (WHEEL, BUNDLE, "keys/cosign.pub"):
            require(lab.path(file).is_file(), f"{file} does not exist")
        refused = verified(lab, lab.path(WHEEL), BUNDLE)
        require(not refused, f"{BUNDLE}: {refused}")
        _is_component(lab, lab.path(WHEEL))
    return "the signature holds, and the wheel is your component"


def _is_component(lab: Workspace, wheel: Path) -> None:
    source = lab.path(f"{COMPONENT}/{PACKAGE}")
    mine = {
        path.relative_to(source.parent).as_posix(): path.read_bytes()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    try:
        with zipfile.ZipFile(wheel) as archive:
            packed = {n: archive.read(n) for n in archive.namelist() if not n.endswith("/")}
    except zipfile.BadZipFile:
        raise Unmet(f"{WHEEL} is not a wheel: it cannot be unpacked") from None
    inside = {name: data for name, data in packed.items() if name.startswith(f"{PACKAGE}/")}
    lacks = sorted(set(mine) - set(inside))
    require(not lacks, f"{WHEEL} lacks {', '.join(lacks)}: build and sign again")
    other = sorted(name for name in inside if inside[name] != mine.get(name))
    require(not other, f"{WHEEL} is not {COMPONENT} as it is now ({', '.join(other)}): build and sign again")
    metadata = next((data for name, data in packed.items() if name.endswith(".dist-info/METADATA")), b"")
    version = Parser().parsestr(metadata.decode("utf-8", "replace")).get("Version")
    require(version == "1.0.0", f"{WHEEL}: its metadata says version {version}, not 1.0.0")


def published(lab: Workspace, verified: Callable[[Workspace, Path, str], str]) -> str:
    """The registry serves the signed wheel; installed from there alone, it makes a workspace."""
    require(lab.path(WHEEL).is_file(), f"{WHEEL} does not exist")
    reference = f"{services.ensure('oci').address}/{REFERENCE}"
    with (
        hints(
            "Which bytes did you verify? Push those.",
            "The wheel goes into the registry as the one layer of an artifact, under the name that the page says.",
            "checks.lab1_pulumi.push(lab)",
        ),
        tempfile.TemporaryDirectory(prefix="mod208-pull-") as aside,
    ):
        try:
            pulled = wheels.pull(Crane(aside), reference, Path(aside) / "wheels")
        except NotInRegistry:
            raise Unmet(f"the registry has no {REFERENCE}: it was not published") from None
        except BadInput as error:
            raise Unmet(f"{REFERENCE}: {error.what}: {error.why}") from None
        except RegistryError:
            raise
        same = pulled.read_bytes() == lab.path(WHEEL).read_bytes()
        require(same, f"the registry serves another wheel as {REFERENCE} than {WHEEL}")
        require(pulled.name == Path(WHEEL).name, f"{REFERENCE} holds {pulled.name}, not {Path(WHEEL).name}")
        refused = verified(lab, pulled, BUNDLE)
        require(not refused, f"{REFERENCE}: {refused}")
        _works(lab, pulled)
    return f"{REFERENCE} is published, signed, and makes a workspace where only it is installed"


def _works(lab: Workspace, wheel: Path) -> None:
    """Run the installed package in place of the learner's files."""
    with bench(lab, made_up=True) as copy:
        shutil.rmtree(copy.package)
        try:
            wheels.install(wheel, copy.package)
        except BadInput as error:
            raise Unmet(f"{WHEEL} cannot be installed: {error.why[-300:]}") from None
        answers(copy, [], without_version({"installed": INPUTS}))

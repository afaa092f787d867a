"""Makes a directory from a template, whole or not at all."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.compliance import decisions
from helpers.core.errors import BadInput
from helpers.core.files import new_directory, write_atomic
from helpers.wrappers import inspec
from helpers.wrappers.terraform_docs import TerraformDocs

_TEMPLATES = Path(__file__).parent / "templates"
_TOKEN = re.compile(r"@@([A-Z]+)@@")
#: A name that is one in Terraform's registry protocol, in Rego, in Kubernetes and in InSpec alike.
_NAME = re.compile(r"[a-z](?:-?[a-z0-9]){1,39}")
#: Words that end a package name in Rego: they cannot be part of a reference.
_RESERVED = {
    "as",
    "contains",
    "default",
    "else",
    "every",
    "false",
    "if",
    "import",
    "in",
    "input",
    "data",
    "not",
    "null",
}
_RESERVED |= {"package", "set", "some", "true", "with"}


class AlreadyThere(BadInput):
    """Something of that name is there; nothing was written."""

    code = "already-there"


@dataclass(frozen=True)
class Made:
    """What was made.

    Attributes:
        kind: ``module``, ``policy``, ``pipeline``, ``adr`` or ``profile``. path: the directory, of a record the file.
        files: relative to *path*'s directory. next: commands to type.
    """

    kind: str
    path: Path
    files: tuple[str, ...]
    next: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Made({self.kind} {self.path.name}: {len(self.files)} file{'' if len(self.files) == 1 else 's'})"


#: Kind -> what one types next.
KINDS: Mapping[str, tuple[str, ...]] = {
    "module": ("terraform init", "terraform test"),
    "policy": ("opa test --coverage policy", "conftest verify"),
    "pipeline": ("git init && git add --all && git commit -S -m 'Begin'", "course gates ."),
    "adr": ("course adrs",),
    "profile": ("course controls run --profile .",),
}


def make(
    kind: str,
    name: str,
    directory: Path | None = None,
    *,
    team: str = "platform",
    today: dt.date | None = None,
    supersedes: int | None = None,
) -> Made:
    """Make a module, policy, pipeline, decision record or profile.

    Args:
        kind: see `KINDS`.
        name: lower-case letters, digits and single hyphens, 2 to 40 of them, a letter first.
        directory: where; by default a new directory NAME here, and for a record ``docs/adr``.
        team: that owns it; for a module also its namespace in the registry.
        today: the day that records bear; by default this one.
        supersedes: number of the record that this one takes the place of.

    Raises:
        BadInput: no such kind, a name that cannot be one. AlreadyThere: there is something; nothing was written.
    """
    if kind not in KINDS:
        raise BadInput(f"There is no template {kind!r}", why=f"There are {', '.join(KINDS)}.", next="course new --help")
    for what, text in (("name", name), ("team", team)):
        if not _NAME.fullmatch(text) or text in _RESERVED:
            why = (
                "It has 2 to 40 lower-case letters, digits and single hyphens, a letter first. Words of Rego are taken."
            )
            raise BadInput(f"{text!r} cannot be a {what}", why=why, next=f"course new {kind} {_suggest(text)}")
    title = name.replace("-", " ").capitalize()
    words = {
        "NAME": name,
        "TEAM": team,
        "TITLE": title,
        "LABEL": name.replace("-", "_"),
        "PACKAGE": name.replace("-", "_"),
        "DATE": (today or dt.datetime.now(dt.UTC).date()).isoformat(),
    }
    if kind == "adr":
        return _record(directory or Path("docs/adr"), name, words, supersedes)
    if supersedes is not None:
        raise BadInput("Only a decision record supersedes another one", next="course new adr NAME --supersedes NUMBER")
    return _directory(kind, directory or Path(name), words)


def _suggest(text: str) -> str:
    near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-").lstrip("0123456789-")[:40]
    return near if _NAME.fullmatch(near) and near not in _RESERVED else "NAME"


def _directory(kind: str, target: Path, words: Mapping[str, str]) -> Made:
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        why = "It is not an empty directory, and nothing is written over."
        raise AlreadyThere(f"{target} is there already", why=why, next=f"course new {kind} {words['NAME']} --dir OTHER")
    with new_directory(target.absolute(), mode=0o755) as new:
        for source in sorted((_TEMPLATES / kind).rglob("*")):
            # pip compiles what it installs, beside the templates.
            if source.is_file() and source.suffix != ".pyc":
                _write(source, new / _filled(_path(source, kind), words), words)
        finish = _FINISH.get(kind)
        if finish:
            finish(new)
        files = tuple(sorted(path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()))
    where = f"cd {target}"
    return Made(kind, target.absolute(), files, (where, *KINDS[kind]))


def _path(source: Path, kind: str) -> str:
    # Files that begin with a dot would be left out of the Python package.
    parts = source.relative_to(_TEMPLATES / kind).parts
    return "/".join(re.sub("^dot-", ".", part) for part in parts)


def _write(source: Path, target: Path, words: Mapping[str, str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, _filled(source.read_text(encoding="utf-8"), words))


def _filled(text: str, words: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda found: words[found[1]], text)


def _document(module: Path) -> None:
    """Write the reference into the README by the tool that a gate will ask."""
    TerraformDocs(module).inject()


def _ruby(profile: Path) -> None:
    """Write the Ruby that InSpec executes from the profile's controls."""
    inspec.write_ruby(inspec.load(profile))


_FINISH: Mapping[str, Callable[[Path], None]] = {"module": _document, "profile": _ruby}


def _record(folder: Path, name: str, words: Mapping[str, str], supersedes: int | None) -> Made:
    folder.mkdir(parents=True, exist_ok=True)
    known = decisions.read(folder)
    if found := next((record for record in known.records if record.slug == name), None):
        why = f"{found.file} has that name; two would be mistaken for each other."
        raise AlreadyThere(f"{folder} has a record {name!r} already", why=why, next="Choose another name.")
    number = known.next_number
    target = folder / f"{number:04d}-{name}.md"
    text = _filled(
        (_TEMPLATES / "adr/@@NUMBER@@-@@NAME@@.md").read_text(encoding="utf-8"), {**words, "ORDINAL": str(number)}
    )
    changed: dict[Path, str] = {}
    if supersedes is not None:
        changed, link = decisions.superseded(known, supersedes, target.name, words["TITLE"])
        # Out of force is the old one at once; with the new one only proposed, nothing would be decided.
        text = text.replace("- Status: proposed", "- Status: accepted", 1)
        text = re.sub(r"(?m)^- Deciders:.*$", lambda found: f"{found[0]}\n- Supersedes: {link}", text, count=1)
    # The new record first: a crash between the two leaves a record too many, never a link that leads nowhere.
    write_atomic(target, text)
    for path, content in changed.items():
        write_atomic(path, content)
    return Made("adr", target.absolute(), (target.name, *(path.name for path in changed)), KINDS["adr"])

"""Searches a folder for leaked secrets, with the rules of the gates; what is found is never repeated."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers import _redact
from helpers._wrapper import StrPath
from helpers.errors import BadInput
from helpers.gates.secrets import scan_secrets
from helpers.leaks._pieces import CannotRead, Piece, history, pieces
from helpers.leaks.types import Leak, LeakReport, Unread

#: Folders that are not the learner's work: what a package manager or Terraform fetched, and Git's own files, which
#: the history is read from.
LEFT_OUT = (".git", ".venv", "node_modules", "__pycache__", ".terraform/providers")
#: What goes into Terraform; a secret may have to be there, so `terraform_clean` does not look.
_INPUTS = ("*.tf", "*.tf.json", "*.tfvars", "*.tfvars.json", "*.tfmock.hcl", "*.tftest.hcl")
_NAME = re.compile(
    r"[\s{,\"']*(?:export\s+)?[\"']?(?P<name>[A-Za-z_]*(?:passw(?:or)?d|passphrase|secret|token|key|credential)[a-z_]{0,20})"
    r"[\"']?\s*(?P<sign>=>|:=|[:=])",
    re.IGNORECASE,
)
Rules = Callable[[Piece], Iterator[Leak]]


def scan(path: StrPath, *, secrets: Sequence[str] = (), ignore: Iterable[str] = (), history: bool = True) -> LeakReport:
    """Search a folder: files, notebooks with their outputs, Terraform's state and plans, packages, Git history.

    In a state, whatever Terraform itself marks as sensitive is a leak: the mark hides it on the screen only.
    Links are not followed: what they point to is searched where it is, or does not belong to the folder.

    Args:
        secrets: values to look for as well, in every spelling that tools print (JSON, URL, base64).
        ignore: patterns (``fnmatch``) of paths below the folder to leave out.
        history: look at all commits too, of the folder and of every repository in it.

    Raises:
        BadInput: there is no such folder, or a secret is too short to look for.
    """
    forms = _forms(secrets)
    return _search(path, lambda piece: _leaks(piece, forms), tuple(ignore), with_history=history)


def terraform_clean(folder: StrPath, secrets: Sequence[str]) -> LeakReport:
    """Say whether these secrets are in anything that Terraform wrote: state, backups, plans, logs, other outputs.

    Configuration and variable files are not searched. Without a state and without a plan the answer is "could not
    tell", as nothing was applied that could have leaked.

    Raises:
        BadInput: there is no such folder, or no secret to look for.
    """
    if not secrets:
        raise BadInput("There is nothing to look for", why="No secret was given.", next="terraform_clean(dir, [value])")
    forms = _forms(secrets)
    found = _search(folder, lambda piece: _known(piece, forms), _INPUTS, with_history=False)
    root = Path(folder)
    if not any(_wrote(path) for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        missing = Unread(".", "There is neither a state nor a plan.")
        return LeakReport(found.folder, found.leaks, (*found.unread, missing), found.files)
    return found


def _wrote(path: Path) -> bool:
    if "tfstate" in path.name:
        return True
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def _forms(secrets: Sequence[str]) -> tuple[str, ...]:
    if any(len(secret) < _redact.MIN_LENGTH for secret in secrets):
        raise BadInput(
            "A secret is too short to look for",
            why=f"It needs {_redact.MIN_LENGTH} characters.",
            next="Use a longer one.",
        )
    _redact.add_secrets(*secrets)
    return _redact.forms(secrets)


def _search(folder: StrPath, rules: Rules, ignore: Sequence[str], *, with_history: bool) -> LeakReport:
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise BadInput(f"There is no folder {os.fspath(folder)}", why="Nothing was searched.", next="Name a folder.")
    leaks: set[Leak] = set()
    unread: set[Unread] = set()
    files = 0
    for name, path in _files(root, ignore, unread):
        files += 1
        try:
            for piece in pieces(name, path.read_bytes()):
                if isinstance(piece, Unread):
                    unread.add(piece)
                else:
                    leaks.update(rules(piece))
        except CannotRead as error:
            unread.add(Unread(name, str(error)))
        except OSError as error:
            unread.add(Unread(name, error.strerror or type(error).__name__))
    commits = None
    for name in _repositories(root) if with_history else ():
        try:
            found, count = history(root / name)
        except CannotRead as error:
            unread.add(Unread(f"{name}/.git" if name else ".git", str(error)))
            continue
        commits = (commits or 0) + count
        for piece in found:
            if not _ignored(piece.name, ignore):
                leaks.update(rules(replace(piece, file=f"{name} {piece.file}".strip())))
    return LeakReport(root.name, tuple(sorted(leaks)), tuple(sorted(unread)), files, commits)


def _repositories(root: Path) -> Iterator[str]:
    """Yield the repositories in a folder, itself and bare ones included, as paths below it."""
    for folder, folders, names in os.walk(root):
        here = Path(folder).relative_to(root)
        if ".git" in folders or ".git" in names or ("HEAD" in names and {"objects", "refs"} <= set(folders)):
            yield "" if here == Path() else here.as_posix()
        folders[:] = sorted(name for name in folders if not _left_out((here / name).as_posix()))


def _files(root: Path, ignore: Sequence[str], unread: set[Unread]) -> Iterator[tuple[str, Path]]:
    def cannot_list(error: OSError) -> None:
        unread.add(Unread(os.path.relpath(error.filename or root, root), error.strerror or "It cannot be listed."))

    for folder, folders, names in os.walk(root, onerror=cannot_list):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(name for name in folders if not _left_out((here / name).as_posix()))
        for name in sorted(names):
            path, shown = Path(folder, name), (here / name).as_posix()
            if path.is_symlink() or _ignored(shown, ignore):
                continue
            if path.is_file():
                yield shown, path


def _left_out(path: str) -> bool:
    return any(path == name or path.endswith(f"/{name}") for name in LEFT_OUT)


def _ignored(path: str, ignore: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in ignore)


def _leaks(piece: Piece, forms: tuple[str, ...]) -> Iterator[Leak]:
    yield from _known(piece, forms)
    if piece.state is not None:
        try:
            yield from _in_state(piece)
        except (AttributeError, TypeError):
            raise CannotRead("It is no state in format 4; only its lines were searched.") from None
    lines = piece.text.split("\n")
    for finding in scan_secrets({piece.name or "text": piece.text}):
        at = finding.line or 0
        line = lines[at - 1] if 0 < at <= len(lines) else ""
        number = 0 if piece.part == "binary" or not at else piece.start + at - 1
        yield Leak(piece.file, _part(piece), number, finding.rule, finding.message, _excerpt(line))


def _known(piece: Piece, forms: tuple[str, ...]) -> Iterator[Leak]:
    for number, line in enumerate(piece.text.split("\n")):
        if any(form in line for form in forms):
            at = 0 if piece.part == "binary" else piece.start + number
            yield Leak(piece.file, _part(piece), at, "known-secret", "A secret that was named is here.", _excerpt(line))


def _part(piece: Piece) -> str:
    return "" if piece.part == "binary" else piece.part


def _excerpt(line: str) -> str:
    """Return the name that a line gives to its secret, and nothing of the rest; also the name must look like one."""
    found = _NAME.match(line[:200])
    shown = f"{found['name']} {found['sign']} ..." if found else ""
    return "" if scan_secrets({"x": shown}) else _redact.redact(shown)


def _in_state(piece: Piece) -> Iterator[Leak]:
    """Yield every value in a state (format 4) that is marked as sensitive and is there in the clear."""
    state = piece.state if isinstance(piece.state, dict) else {}
    said = "Terraform hides this value on the screen only: here it is in the clear."
    for name, output in (state.get("outputs") or {}).items():
        if isinstance(output, dict) and output.get("sensitive") and output.get("value") not in (None, ""):
            yield Leak(piece.file, f"output.{name}", 0, "secret-in-state", said)
    for resource in state.get("resources") or ():
        for instance in resource.get("instances") or ():
            for path in instance.get("sensitive_attributes") or ():
                steps = [step.get("value") for step in path if isinstance(step, dict)]
                if _at(instance.get("attributes"), steps) not in (None, "", [], {}):
                    address = f"{resource.get('type')}.{resource.get('name')}.{'.'.join(map(str, steps))}"
                    yield Leak(piece.file, address, 0, "secret-in-state", said)


def _at(value: Any, steps: Sequence[Any]) -> Any:
    for step in steps:
        key = step.get("value") if isinstance(step, dict) else step
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value

"""Searches a directory for leaked secrets, with the rules of the gates; what is found is never repeated."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import resource as limits
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from helpers.compliance.leaks._pieces import CannotRead, Piece, content_of, history, pieces
from helpers.compliance.leaks.spellings import Spellings
from helpers.compliance.leaks.types import Leak, LeakReport, Unread
from helpers.core import process, redact
from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath
from helpers.wrappers.secret_scan import scan_secrets

#: Directories that are not the learner's work: what a package manager or Terraform fetched, and Git's own files, which
#: the history is read from.
NOT_SEARCHED = (".git", ".venv", "node_modules", "__pycache__", ".terraform/providers")
#: What goes into Terraform; a secret may have to be there, so `terraform_clean` does not look.
_INPUTS = ("*.tf", "*.tf.json", "*.tfvars", "*.tfvars.json", "*.tfmock.hcl", "*.tftest.hcl")
_NAME = re.compile(
    r"[\s{,\"']*(?:export\s+)?[\"']?(?P<name>[A-Za-z_]*(?:passw(?:or)?d|passphrase|secret|token|key|credential)[a-z_]{0,20})"
    r"[\"']?\s*(?P<sign>=>|:=|[:=])",
    re.IGNORECASE,
)
#: Seconds of processor time of a whole search, and seconds that it may take by the clock.
SECONDS, PATIENCE = 600, 3600
#: Bytes of memory that a search may use.
MEMORY = 6_000_000_000
Rules = Callable[[Piece], Iterator[Leak]]


def scan(
    path: StrPath,
    *,
    secrets: Sequence[str] = (),
    ignore: Iterable[str] = (),
    history: bool = True,
    seconds: int = SECONDS,
) -> LeakReport:
    """Search a directory: files, notebooks with their outputs, Terraform's state and plans, packages, Git history.

    In a state, whatever Terraform itself marks as sensitive is a leak: the mark hides it on the screen only.
    Links are not followed: what they point to is searched where it is, or does not belong to the directory.

    Args:
        secrets: values to look for as well, in every spelling of `spellings`: as tools print them (JSON, URL, base64),
            in hex, base32 and percent-encoding, in pieces, and in a gzip in base64. `NOT_LOOKED_FOR` names the others.
        ignore: patterns (``fnmatch``) of paths below the directory to leave out.
        history: look at all commits too, of the directory and of every repository in it.
        seconds: of processor time, after which the search is stopped and nobody can tell; it is a process of its own.

    Raises:
        BadInput: there is no such directory, or a secret is too short to look for.
    """
    root = _directory(path)
    _forms(secrets)
    asked = {"root": str(root), "secrets": tuple(secrets), "ignore": tuple(ignore), "history": history}
    argv = [sys.executable, "-P", "-m", __name__, str(seconds)]
    try:
        done = process.run(argv, input=json.dumps(asked), timeout=PATIENCE, env=process.environment())
        answer = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None
    except process.ProcessError as error:
        return _no_answer(root, error.what)
    except (ValueError, IndexError):
        answer = None
    if answer is None:
        return _no_answer(root, f"it ended with {done.returncode} after at most {seconds} s of processor time")
    leaks = tuple(Leak(**leak) for leak in answer["leaks"])
    return LeakReport(root.name, leaks, tuple(Unread(**one) for one in answer["unread"]), **answer["counts"])


def _no_answer(root: Path, why: str) -> LeakReport:
    return LeakReport(root.name, (), (Unread(".", f"The search gave no answer: {why}."),), 0)


def main() -> None:
    """Search what is asked for on standard input. Who may lie: whoever made the directory, in every byte of it."""
    seconds = int(sys.argv[1])
    limits.setrlimit(limits.RLIMIT_CPU, (seconds, seconds))
    limits.setrlimit(limits.RLIMIT_AS, (MEMORY, MEMORY))
    limits.setrlimit(limits.RLIMIT_CORE, (0, 0))
    asked = json.load(sys.stdin)
    forms = _forms(asked["secrets"])
    found = _search(asked["root"], lambda piece: _leaks(piece, forms), asked["ignore"], with_history=asked["history"])
    counts = {"files": found.files, "commits": found.commits}
    leaks, unread = [asdict(leak) for leak in found.leaks], [asdict(one) for one in found.unread]
    print(json.dumps({"leaks": leaks, "unread": unread, "counts": counts}))


def terraform_clean(directory: StrPath, secrets: Sequence[str]) -> LeakReport:
    """Say whether these secrets are in anything that Terraform wrote: state, backups, plans, logs, other outputs.

    Configuration and variable files are not searched. Without a state and without a plan the answer is "could not
    tell", as nothing was applied that could have leaked.

    Raises:
        BadInput: there is no such directory, or no secret to look for.
    """
    if not secrets:
        raise BadInput("There is nothing to look for", why="No secret was given.", next="terraform_clean(dir, [value])")
    forms = _forms(secrets)
    found = _search(directory, lambda piece: _known(piece, forms), _INPUTS, with_history=False)
    root = Path(directory)
    if not any(_wrote(path) for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        missing = Unread(".", "There is neither a state nor a plan.")
        return LeakReport(found.directory, found.leaks, (*found.unread, missing), found.files)
    return found


def _wrote(path: Path) -> bool:
    if "tfstate" in path.name:
        return True
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def _forms(secrets: Sequence[str]) -> Spellings:
    if any(len(secret) < redact.MIN_LENGTH for secret in secrets):
        raise BadInput(
            "A secret is too short to look for",
            why=f"It needs {redact.MIN_LENGTH} characters.",
            next="Use a longer one.",
        )
    redact.add_secrets(*secrets)
    return Spellings.of(secrets)


def _directory(given: StrPath) -> Path:
    root = Path(given).expanduser()
    if not root.is_dir():
        raise BadInput(
            f"There is no directory {os.fspath(given)}", why="Nothing was searched.", next="Name a directory."
        )
    return root.absolute()


def _search(directory: StrPath, rules: Rules, ignore: Sequence[str], *, with_history: bool) -> LeakReport:
    root = _directory(directory)
    leaks: set[Leak] = set()
    unread: set[Unread] = set()
    files = 0
    for name, path in _files(root, ignore, unread):
        files += 1
        try:
            for piece in pieces(name, content_of(path)):
                if isinstance(piece, Unread):
                    unread.add(piece)
                else:
                    leaks.update(rules(piece))
        except CannotRead as error:
            unread.add(Unread(name, str(error)))
        except OSError as error:
            unread.add(Unread(name, error.strerror or type(error).__name__))
        except MemoryError:
            unread.add(Unread(name, "It takes too much memory to search."))
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
    """Yield the repositories in a directory, itself and bare ones included, as paths below it."""
    for directory, directories, names in os.walk(root):
        here = Path(directory).relative_to(root)
        if ".git" in directories or ".git" in names or ("HEAD" in names and {"objects", "refs"} <= set(directories)):
            yield "" if here == Path() else here.as_posix()
        directories[:] = sorted(name for name in directories if not _left_out((here / name).as_posix()))


def _files(root: Path, ignore: Sequence[str], unread: set[Unread]) -> Iterator[tuple[str, Path]]:
    def cannot_list(error: OSError) -> None:
        unread.add(Unread(os.path.relpath(error.filename or root, root), error.strerror or "It cannot be listed."))

    for directory, directories, names in os.walk(root, onerror=cannot_list):
        here = Path(directory).relative_to(root)
        directories[:] = sorted(name for name in directories if not _left_out((here / name).as_posix()))
        for name in sorted(names):
            path, shown = Path(directory, name), (here / name).as_posix()
            if path.is_symlink() or _ignored(shown, ignore):
                continue
            if path.is_file():
                yield shown, path


def _left_out(path: str) -> bool:
    return any(path == name or path.endswith(f"/{name}") for name in NOT_SEARCHED)


def _ignored(path: str, ignore: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in ignore)


def _leaks(piece: Piece, forms: Spellings) -> Iterator[Leak]:
    yield from _known(piece, forms)
    if piece.state is not None:
        try:
            yield from _in_state(piece)
        except (AttributeError, TypeError):
            raise CannotRead("It is not state in format 4; only its lines were searched.") from None
    lines = piece.text.split("\n")
    for finding in scan_secrets({piece.name or "text": piece.text}):
        at = finding.line or 0
        line = lines[at - 1] if 0 < at <= len(lines) else ""
        number = 0 if piece.part == "binary" or not at else piece.start + at - 1
        yield Leak(piece.file, _part(piece), number, finding.rule, finding.message, _excerpt(line))


def _known(piece: Piece, forms: Spellings) -> Iterator[Leak]:
    lines = piece.text.split("\n")
    for number in forms.lines(piece.text):
        at, shown = 0 if piece.part == "binary" else piece.start + number, _excerpt(lines[number])
        yield Leak(piece.file, _part(piece), at, "known-secret", "A secret that was named is here.", shown)


def _part(piece: Piece) -> str:
    return "" if piece.part == "binary" else piece.part


def _excerpt(line: str) -> str:
    """Return the name that a line gives to its secret, and nothing of the rest; also the name must look like one."""
    found = _NAME.match(line[:200])
    shown = f"{found['name']} {found['sign']} ..." if found else ""
    return "" if scan_secrets({"x": shown}) else redact.redact(shown)


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


if __name__ == "__main__":
    main()

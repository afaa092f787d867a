"""Two objects side by side as YAML, with the lines that differ marked; the values of Secrets never shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import yaml

from helpers.clients.kubernetes.types import mask_secret
from helpers.core import yaml_reader
from helpers.core.html.elements import Html, details, dim, join, rows_html, tag, text, value_text
from helpers.core.redact import redact
from helpers.core.sensitive import Sensitive

#: Unchanged lines shown around a change.
CONTEXT = 3
#: A longer difference is cut, with a note.
MAX_LINES = 240
_LONGEST = 400
#: What a server writes, and what is not in Git.
_NOISE = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")


class Line(NamedTuple):
    """One row: what each side has, and whether they differ. ``None``: this side has no such line."""

    live: str | None
    desired: str | None
    same: bool


def side_by_side_diff(
    live: Mapping[str, Any] | None, desired: Mapping[str, Any] | None, *, names: tuple[str, str]
) -> Html:
    """Return a table with both objects; *names* head the columns."""
    rows = list(_folded(diff_lines(live, desired)))
    body = [_row(row) if isinstance(row, Line) else _gap(row) for row in rows[:MAX_LINES]]
    if len(rows) > MAX_LINES:
        body.append(_gap(f"{len(rows) - MAX_LINES} more lines are not shown"))
    heads = [
        tag("th", tag("span", "differs", class_="m-sr"), scope="col", class_="m-sign"),
        *(tag("th", name, scope="col") for name in names),
    ]
    return tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="m-diff")


def diff_lines(live: Mapping[str, Any] | None, desired: Mapping[str, Any] | None) -> list[Line]:
    """Return both objects line by line, changed lines next to each other."""
    old, new = (_desired_state(side) for side in (live, desired))
    left, right = yaml_lines(_shown(old, new, "live")), yaml_lines(_shown(new, old, "desired"))
    found: list[Line] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [Line(a, a, True) for a in left[i1:i2]]
            continue
        for k in range(max(i2 - i1, j2 - j1)):
            a, b = (left[i1 + k] if i1 + k < i2 else None), (right[j1 + k] if j1 + k < j2 else None)
            found.append(Line(a, b, False))
    return found


def yaml_lines(value: Any) -> list[str]:
    """Return *value* as the lines of a YAML document; secrets masked."""
    if value is None:
        return []
    try:
        document = yaml_reader.dump(value, using=_dumper(), width=10**6)
    except ValueError:
        document = str(value)
    # Before the lines are cut apart, so that a secret of many lines is seen whole.
    return redact(document).splitlines()


def _dumper() -> Any:
    class Plain(yaml.SafeDumper):
        """Writes whatever it is given: what YAML does not know becomes text."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    Plain.add_multi_representer(object, lambda dumper, data: dumper.represent_str(str(data)))
    return Plain


def _desired_state(raw: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an object without its status and what the server writes, values of Secrets masked."""
    if raw is None:
        return None
    masked = mask_secret(raw)
    meta = masked.get("metadata")
    if isinstance(meta, Mapping):
        masked["metadata"] = {k: v for k, v in meta.items() if k not in _NOISE}
    masked.pop("status", None)
    return masked


def _shown(value: Any, other: Any, side: str) -> Any:
    """Return *value* for printing; a masked value that differs says so, or the lines would look the same."""
    if isinstance(value, Sensitive):
        differs = isinstance(other, Sensitive) and other != value
        return f"{str(value).rstrip(')')}, the {side} one)" if differs else str(value)
    if isinstance(value, Mapping):
        mine = other if isinstance(other, Mapping) else {}
        return {str(k): _shown(v, mine.get(k), side) for k, v in value.items()}
    if isinstance(value, list | tuple):
        rest = other if isinstance(other, list | tuple) else ()
        return [_shown(v, rest[i] if i < len(rest) else None, side) for i, v in enumerate(value)]
    return value


def _folded(lines: list[Line]) -> Iterator[Line | str]:
    """Yield the lines near a change; others only as their number."""
    near = {j for i, line in enumerate(lines) if not line.same for j in range(i - CONTEXT, i + CONTEXT + 1)}
    skipped = 0
    for i, line in enumerate(lines):
        if i not in near:
            skipped += 1
            continue
        if skipped:
            yield _same(skipped)
            skipped = 0
        yield line
    if skipped:
        yield _same(skipped)


def _same(count: int) -> str:
    return f"{count} line{'' if count == 1 else 's'} the same"


def _gap(words: str) -> Html:
    return tag("tr", tag("td", dim(f"⋯ {words}"), colspan=3, class_="m-gap"))


def _row(line: Line) -> Html:
    sign, word = (
        (" ", "")
        if line.same
        else ("~", "changed")
        if None not in line[:2]
        else (("−", "only live") if line.desired is None else ("+", "only desired"))
    )
    cells = [tag("td", tag("span", sign, aria_hidden="true"), tag("span", word, class_="m-sr"), class_="m-sign")]
    for value, name in ((line.live, "del"), (line.desired, "ins")):
        shown = text(_cut(value)) if value is not None else Html("")
        full = line.same or value is None
        cells.append(tag("td", shown if full else tag(name, shown), class_="m-none" if value is None else None))
    return tag("tr", *cells, class_=None if line.same else "m-changed")


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} … ({len(line):,} characters)"


def changes_table(changes: Any, names: tuple[str, str]) -> Html:
    """Return the changed places as a list: path, live, desired."""
    rows = []
    for path, live, desired in changes:
        pair = ((live, desired, "live"), (desired, live, "desired"))
        rows.append([tag("code", path), *(_field(*side) for side in pair)])
    return rows_html(["Field", *names], rows)


def _field(value: Any, other: Any, side: str) -> Html:
    if value is None:
        return dim("not there")

    shown = _shown(value, other, side)
    return tag("code", shown if isinstance(value, Sensitive) else value_text(shown))


def yaml_part(raw: Mapping[str, Any], title: str = "As YAML", *, open: bool = False) -> Html:
    """Return an object as YAML, to open."""
    masked = _desired_state(raw)
    lines = yaml_lines(_shown(masked, None, "live"))
    kept = lines[: MAX_LINES * 2]
    more = [dim(f"{len(lines) - len(kept)} more lines")] if len(lines) > len(kept) else []
    return details(title, tag("pre", "\n".join(map(_cut, kept))), *more, open=open)


def status_part(raw: Mapping[str, Any]) -> Html:
    """Return the status of an object as YAML, to open; nothing when it has none."""
    status = raw.get("status")
    lines = yaml_lines(status) if status else []
    return details("Status", tag("pre", "\n".join(map(_cut, lines[:MAX_LINES])))) if lines else join(())

"""YAML in and out: safe, by the C parser where PyYAML was built with it (six times faster), of limited depth.

PyYAML is loaded at the first use: it costs an import about 11 ms, which most programs of the course can save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

#: Levels of nesting: deeper text would exhaust the stack, and the C parser with it the whole process.
MAX_DEPTH = 100
#: Values that a text with aliases may stand for: aliases of aliases make a million of 280 bytes, and every reader that
#: walks through the data would walk through them all.
MAX_ALIASED = 50_000


class InvalidYaml(ValueError):
    """The text is not YAML, or not such as can be read safely; the message says why, and where.

    Attributes:
        problem: the fault in a few words, without the place.
        line: of the fault, counted from 1; 0 when it is not known.
    """

    def __init__(self, message: str, line: int = 0, problem: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.problem = problem or " ".join(message.split())


@cache
def loader() -> Any:
    """Return PyYAML's safe loader class, the fast one where there is one; for those who derive their own from it."""
    import yaml  # 11 ms

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str | bytes, *, using: Any = None) -> Any:
    """Return the content of one document: only plain data; nothing (``None``) for an empty text.

    Args:
        using: a loader class derived from `loader`.

    Raises:
        InvalidYaml: it is not YAML, has more than one document, or is nested too deeply.
    """

    def read(yaml: Any) -> Any:
        return yaml.load(text, Loader=using or loader())

    return _checked(text, read)


def load_all(text: str | bytes, *, using: Any = None) -> list[Any]:
    """Return the content of each document, ``None`` for an empty one.

    Raises:
        InvalidYaml: see `load`.
    """

    def read(yaml: Any) -> list[Any]:
        return list(yaml.load_all(text, Loader=using or loader()))

    return _checked(text, read)


def nodes(text: str | bytes, *, using: Any = None) -> list[Any]:
    """Return the root node of each document, which knows the lines; ``None`` for an empty one.

    Raises:
        InvalidYaml: see `load`.
    """

    def read(yaml: Any) -> list[Any]:
        return list(yaml.compose_all(text, Loader=using or loader()))

    return _checked(text, read)


def dump(value: Any, *, width: int = 110, using: Any = None) -> str:
    """Return plain data as one document, in its own order, the same text on every machine (by PyYAML's own writer).

    Args:
        width: columns after which a long text is folded.
        using: a dumper class derived from ``yaml.SafeDumper``.

    Raises:
        ValueError: something in it is not plain data, or nested too deeply.
    """
    return dump_all([value], width=width, using=using)


def dump_all(values: Iterable[Any], *, width: int = 110, using: Any = None) -> str:
    """Return one document for each of *values*, see `dump`."""
    import yaml  # 11 ms

    dumper = using or yaml.SafeDumper
    try:
        return str(yaml.dump_all(values, Dumper=dumper, sort_keys=False, allow_unicode=True, width=width))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"It has no form in YAML: {error}") from None


def _checked(text: str | bytes, read: Callable[[Any], T]) -> T:
    import yaml  # 11 ms

    try:
        for depth, event in _levels(yaml, text):
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1
                raise InvalidYaml(f"More than {MAX_DEPTH} levels of nesting in line {line}", line)
        _check_aliases(yaml, text)
        return read(yaml)
    except InvalidYaml:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # The C parser places the end of a text that lacks something on the line after the last.
        line = min(mark.line + 1, max(1, len(text.splitlines()))) if mark else 0
        raise InvalidYaml(str(error), line, error.problem or "") from None
    # A tag can ask for what a value is not (`!!int x`, `2024-99-99`): PyYAML lets Python's own errors through.
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise InvalidYaml(str(error) or type(error).__name__) from None


def _levels(yaml: Any, text: str | bytes) -> Iterator[tuple[int, Any]]:
    """Yield how deep each collection stands; events come without recursion, at a third of the price of a load."""
    depth = 0
    for event in yaml.parse(text, Loader=loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            yield depth, event
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_aliases(yaml: Any, text: str | bytes) -> None:
    """Refuse a text whose aliases stand for too many values; counted without building them."""
    if (b"*" not in text) if isinstance(text, bytes) else ("*" not in text):
        return
    weights: dict[str, int] = {}
    aliased = False
    # For each open collection its anchor and how many values it stands for so far; the outermost is the text.
    open_: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, Loader=loader()):
        anchor, weight = getattr(event, "anchor", None), 1
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append((anchor, 1))
            continue
        if isinstance(event, yaml.AliasEvent):
            aliased, weight = True, weights.get(anchor or "", 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, weight = open_.pop()
            weights[anchor or ""] = weight
        elif isinstance(event, yaml.ScalarEvent):
            weights[anchor or ""] = 1
        else:
            continue
        above, so_far = open_[-1]
        open_[-1] = (above, so_far + weight)
        if aliased and so_far + weight > MAX_ALIASED:
            line = event.start_mark.line + 1
            raise InvalidYaml(f"By its aliases it stands for more than {MAX_ALIASED:,} values (line {line})", line)

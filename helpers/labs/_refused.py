"""For cells that are meant to fail: shows the error and goes on, and complains when nothing failed."""

from __future__ import annotations

from types import TracebackType

from helpers.errors import CourseError


class NotRefused(CourseError):
    """A cell that demonstrates a refusal met none."""

    code = "not-refused"


class refused:
    """``with refused(): ...`` prints the expected fault of its block; ``.error`` has it afterwards.

    Args:
        kind: the fault expected; any other one is raised as it is.
        maybe: also content when the block succeeds.

    Raises:
        NotRefused: the block succeeded, so what it was to show is no longer so.
    """

    def __init__(self, kind: type[CourseError] = CourseError, *, maybe: bool = False) -> None:
        self.kind, self.maybe = kind, maybe
        self.error: CourseError | None = None

    def __enter__(self) -> refused:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, self.kind):
            self.error = error
            print(f"{type(error).__name__}: {error.diagnostics()}")
            return True
        if error is None and not self.maybe:
            raise NotRefused(
                "This was meant to be refused, and was not",
                why="The block of `with refused():` ended without a fault.",
                next="Compare your files with the text above the cell.",
            )
        return False

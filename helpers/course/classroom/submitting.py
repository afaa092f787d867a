"""nbgrader's own way to hand in, for JupyterLab's assignment list and ``course submit`` alike."""

from __future__ import annotations

from pathlib import Path

from nbgrader.exchange.default.submit import ExchangeSubmit

from helpers.course.classroom.carrying import carry


class Submit(ExchangeSubmit):  # type: ignore[misc]
    """nbgrader's submit with `carry` before it."""

    def copy_files(self) -> None:
        """Add what travels with the work, then hand in."""
        carry(Path(self.src_path))
        super().copy_files()


__all__ = ["Submit"]
